"""A picture of state: SVG text with a title, a description and a text twin that says the same."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True, slots=True)
class Picture:
    """One drawing. Shown by a notebook as an image with alternative text, so it needs no trust and no kernel.

    Attributes:
        title: what it is, in a few words.
        desc: what it shows, in a sentence or two: the alternative text.
        svg: the drawing, whole, as text.
        twin: the same facts as plain text.
    """

    title: str
    desc: str
    svg: str
    twin: str

    def text(self) -> str:
        """Give the same facts as plain text."""
        return self.twin

    @property
    def alt(self) -> str:
        """The alternative text."""
        return f"{self.title}. {self.desc}"

    @property
    def html(self) -> str:
        """A `<figure>` that shows the drawing anywhere HTML is shown, scripts or none."""
        data = base64.b64encode(self.svg.encode()).decode()
        return f'<figure><img alt="{escape(self.alt)}" src="data:image/svg+xml;base64,{data}"></figure>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<{self.alt}>"

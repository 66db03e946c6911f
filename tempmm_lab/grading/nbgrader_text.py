"""Students' prose, so that nbgrader's pages show it and do nothing else with it.

nbgrader's formgrader and its feedback turn Markdown into HTML as it is: a `<script>` in an answer would run in the
teacher's browser, where marks can be changed. And some texts take minutes to be shown, or cannot be shown at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LONGEST, LONGEST_OF_ALL = 10_000, 100_000
"""How many characters of a cell, and of all cells together, are shown."""
CUT = "\n… cut here. The whole text is in the file that was handed in."
BEGINS = re.compile(r"<(?=[A-Za-z/!?])|\](?=[(:])|\\(?=href|mmlToken)")
"""How HTML and links begin: `<b`, `](`, `]:`, and in a formula `\\href` and `\\mmlToken`."""
NAME = r"[A-Za-z0-9_.-]+"  # what a page does not write in another way
PICTURE_LINK = re.compile(rf"\(attachment:({NAME})\)")
KIND, BASE64 = re.compile(r"image/(png|jpeg|gif|webp)"), re.compile(r"[A-Za-z0-9+/=\s]*")
Pictures = Mapping[str, Mapping[str, str]]


def harmless(text: str, pictures: Pictures) -> str:
    """Give Markdown in which no HTML and no link is left, but pictures that were pasted: a space keeps them apart."""

    def apart(found: re.Match[str]) -> str:
        picture = PICTURE_LINK.match(text, found.end())
        return found[0] if picture and picture[1] in pictures else f"{found[0]} "

    return BEGINS.sub(apart, text)


def pictures_of(attachments: Any) -> dict[str, dict[str, str]]:
    """Give the pictures among what was pasted into a cell, by name."""
    if type(attachments) is not dict:
        return {}
    return {name: bundle for name, bundle in attachments.items() if re.fullmatch(NAME, name) and _is_one(bundle)}


def _is_one(bundle: Any) -> bool:
    return (
        type(bundle) is dict
        and bool(bundle)
        and all(KIND.fullmatch(kind) and type(one) is str and BASE64.fullmatch(one) for kind, one in bundle.items())
    )


class Cutter:
    """Cuts what is too long, cell by cell and all cells together."""

    def __init__(self) -> None:
        self._left = LONGEST_OF_ALL

    def cut(self, text: str) -> str:
        """Give the text, or its beginning and a word about the rest."""
        most = min(LONGEST, self._left)
        self._left -= min(len(text), most)
        return text if len(text) <= most else text[:most] + CUT

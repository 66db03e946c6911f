"""Charts of numbers, with matplotlib where it is installed. Without it a chart is its own table, and says so."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers by name, shown as horizontal bars.

    Attributes:
        title: what is counted.
        unit: of the numbers.
        values: name -> number, in the order shown.
        png: the picture, or None where matplotlib is not installed.
    """

    title: str
    unit: str
    values: dict[str, float]
    png: bytes | None

    def text(self) -> str:
        """Give the numbers as a table."""
        width = max(map(len, self.values), default=0)
        rows = [f"  {name:<{width}}  {number:>8,g}" for name, number in self.values.items()]
        note = [] if self.png else ["  (the picture needs matplotlib: pip install 'tempmm-lab[lab]')"]
        return "\n".join([f"{self.title} ({self.unit})", *rows, *note])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if self.png is None:
            return {"text/plain": self.text()}
        numbers = ", ".join(f"{name}: {number:g}" for name, number in self.values.items())
        alt = escape(f"{self.title}, {self.unit}. {numbers}.")
        data = base64.b64encode(self.png).decode()
        html = f'<figure><img alt="{alt}" src="data:image/png;base64,{data}"></figure>'
        return {"text/html": html, "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"<Chart: {self.title}, {len(self.values)} bars, {sum(self.values.values()):,g} {self.unit} in all>"


def chart(values: Mapping[str, float], title: str, unit: str = "cases") -> Chart:
    """Draw numbers as horizontal bars, largest first."""
    ordered = dict(sorted(values.items(), key=lambda item: (-item[1], item[0])))
    try:
        png = _bars(ordered, title, unit)
    except ImportError:
        png = None
    return Chart(title, unit, ordered, png)


def _bars(values: dict[str, float], title: str, unit: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 0.6 + 0.27 * len(values)), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    bars = axes.barh(list(values)[::-1], list(values.values())[::-1], color="#0067a3", height=0.7)
    axes.bar_label(bars, fmt="{:,.0f}", padding=4, fontsize=9)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel(unit)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.08)
    FigureCanvasAgg(figure)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()

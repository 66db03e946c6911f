"""A chart of how the number of states grows, one panel for each knob, and its text twin."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from tempmm_lab.scaling import ENGINE, EVERY_STATE, PROOF, Growth, growths
from tempmm_lab.views.style import LIGHT

TITLE = "How the number of states grows"
LOOKS = {EVERY_STATE: ("o", "user"), ENGINE: ("^", "efi"), PROOF: ("D", "other")}
"""The mark and the colour of each way to decide."""
COLUMNS = {"states": "{:,}", "transitions": "{:,}", "seconds": "{:.2f}", "bytes_per_state": "{:,.0f}"}


@dataclass(frozen=True, slots=True)
class ScaleChart:
    """States against one knob at a time, with the law through them and the room in 1 GiB.

    Attributes:
        growths: one for each panel.
        png: the picture, or None where matplotlib is not installed.
    """

    growths: tuple[Growth, ...]
    png: bytes | None

    def text(self) -> str:
        """Give the numbers as tables, each with its law and how far 1 GiB reaches."""
        lines = [TITLE]
        for growth in self.growths:
            lines += _table(growth)
        note = [] if self.png else ["(the picture needs matplotlib: pip install 'tempmm-lab[lab]')"]
        return "\n".join([*lines, *note])

    @property
    def alt(self) -> str:
        """The alternative text: every number of the picture."""
        return f"{TITLE}. " + " ".join(_sentence(growth) for growth in self.growths)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if self.png is None:
            return {"text/plain": self.text()}
        data = base64.b64encode(self.png).decode()
        html = f'<figure><img alt="{escape(self.alt)}" src="data:image/png;base64,{data}"></figure>'
        return {"text/html": html, "text/plain": self.text()}

    def __repr__(self) -> str:
        largest = max(row["states"] for growth in self.growths for row in growth.rows)
        return f"<{TITLE}: {', '.join(growth.label for growth in self.growths)}; up to {largest:,} states>"


def chart_scale(rows: Iterable[Mapping[str, Any]]) -> ScaleChart:
    """Draw how the number of states grows with each knob, on a logarithmic scale. An engine's states are its views.

    Args:
        rows: measured rows, such as `benchmarks.scale.run()["rows"]`: dicts with `axis` (a knob), `at` (its value, or
            "any" for a proof), `states`, `bytes_per_state`, and if they have them `how`, `transitions` and `seconds`.

    Without matplotlib it is its tables, and says so.

    Raises:
        ModelError: the rows are none.
    """
    found = growths(rows)
    try:
        png = _drawn(found)
    except ImportError:
        png = None
    return ScaleChart(found, png)


def _table(growth: Growth) -> list[str]:
    heads = [name for name in COLUMNS if all(name in row for row in growth.rows)]
    table = [[growth.label, "decided by", *(name.replace("_", " ") for name in heads)]]
    table += [
        [str(row["at"]), row.get("how", EVERY_STATE), *(COLUMNS[name].format(row[name]) for name in heads)]
        for row in growth.rows
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)) for line in table]
    return ["", *lines, f"  {_law(growth)}"]


def _law(growth: Growth) -> str:
    room = f"1 GiB holds {growth.room:,} states of {growth.bytes_per_state:,.0f} bytes"
    if growth.law is None:
        return f"{room}."
    reach = "over a million" if growth.reach is None else str(growth.reach)
    return f"states = {growth.law.text(growth.label)}. {room}: {growth.label} up to {reach}."


def _sentence(growth: Growth) -> str:
    parts = []
    for how in LOOKS:
        numbers = ", ".join(f"{row['at']}: {row['states']:,}" for row in growth.decided(how))
        parts += [f"{numbers} states by {how}"] if numbers else []
    return f"{growth.label}: {'; '.join([*parts, _law(growth)])}"


def _drawn(found: tuple[Growth, ...]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(rect=(0.01, 0.02, 0.98, 0.95))
    figure = Figure(figsize=(max(3.4, 2.7 * len(found)), 3.4), dpi=100, layout=layout, facecolor=LIGHT["bg"])
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for panel, growth in zip(panels, found, strict=True):
        _panel(panel, growth)
    marks = {name: mark for panel in panels for mark, name in zip(*panel.get_legend_handles_labels(), strict=True)}
    panels[0].set_ylabel("states or views" if len(marks) > 1 else "states")
    if len(marks) > 1:
        figure.legend(
            marks.values(), marks.keys(), loc="outside lower center", ncols=len(marks), frameon=False, fontsize=9
        )
    figure.suptitle(TITLE, x=0.02, ha="left", fontsize=11, fontweight="bold", color=LIGHT["fg"])
    FigureCanvasAgg(figure)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _panel(panel: Any, growth: Growth) -> None:
    """Draw one panel: what was measured as marks, the law as a line, the room in 1 GiB as another."""
    values = sorted({row["at"] for row in growth.rows if row["at"] != "any"})
    after = max(values, default=0) + 1
    proofs = any(row["at"] == "any" for row in growth.rows)
    panel.set_yscale("log")
    panel.axhline(growth.room, color=LIGHT["temp"], linestyle=":", linewidth=1.5)
    panel.annotate("1 GiB", (0.02, growth.room), xycoords=("axes fraction", "data"), xytext=(0, 3),
                   textcoords="offset points", color=LIGHT["temp"], fontsize=8)  # fmt: skip
    if growth.law is not None:
        steps = [values[0] + (values[-1] - values[0]) * step / 40 for step in range(41)]
        drawn = [(x, growth.law.at(x)) for x in steps if growth.law.at(x) > 0]
        panel.plot(*zip(*drawn, strict=True), color=LIGHT["muted"], linestyle="--", linewidth=1.2)
    for how, (mark, colour) in LOOKS.items():
        _marks(panel, growth, how, mark, LIGHT[colour], after)
    panel.set_xticks([*values, *([after] if proofs else [])], [*map(str, values), *(["any"] if proofs else [])])
    panel.set_xlabel(growth.label)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(which="minor", length=0)
    panel.set_xlim(min(values, default=0) - 0.9, max(values, default=0) + (1.5 if proofs else 0.5))
    panel.margins(y=0.14)


def _marks(panel: Any, growth: Growth, how: str, mark: str, colour: str, after: int) -> None:
    rows = growth.decided(how)
    if not rows:
        return
    places = [after if row["at"] == "any" else row["at"] for row in rows]
    panel.plot(places, [row["states"] for row in rows], mark, color=colour, markersize=6, label=how)
    # Above and left of a rising line, or below what lies under it.
    offset, side = ((-4, 5), "right") if how == EVERY_STATE else ((0, -13), "center")
    for place, row in zip(places, rows, strict=True):
        panel.annotate(f"{row['states']:,}", (place, row["states"]), xytext=offset, textcoords="offset points",
                       ha=side, fontsize=8, color=colour)  # fmt: skip

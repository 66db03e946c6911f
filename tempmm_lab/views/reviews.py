"""Draw the patches of chapter 15 as a list: what each is called and touches, and what was decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tempmm_lab.reviews import CHANGES, review
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

WIDTH, TOP, ROW = 760, 62, 30
YOU, FOUND = 400, 500
_MARKS = {"agrees": "✓", "differs": "✗", "open": "·"}


@dataclass(frozen=True, slots=True)
class Line:
    """What stands in a patch's row behind its name.

    Attributes:
        decided: what was decided, in a word.
        found: what the explorer found, in few words.
        mark: "agrees", "differs" or "open".
    """

    decided: str
    found: str
    mark: str


def draw_reviews(lines: Sequence[Line] = (), summary: str = "", twin: str = "") -> Picture:
    """Draw the twelve patches in order: with `lines`, one for each, also what was decided and found.

    Without lines it shows which function each patch changes, and nothing that would give an answer away.
    """
    drawing = Svg(WIDTH, TOP + ROW * len(CHANGES) + 34)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(14, 26, "Twelve patches, your decisions" if lines else "Twelve patches", "h")
    heads = ((14, "patch"), (YOU, "you"), (FOUND, "the explorer")) if lines else ((14, "patch"), (YOU, "changes"))
    for x, head in heads:
        drawing.text(x, TOP - 14, head, "m")
    drawing.line(14, TOP - 6, WIDTH - 14, TOP - 6)
    for number in CHANGES:
        _draw_row(drawing, number, lines[number - 1] if lines else None)
    drawing.text(14, drawing.height - 13, summary or "undecided, all of them", "s m")
    name = "The reviewer's score" if lines else "The patches to review"
    desc = " ".join(_told(number, lines) for number in CHANGES) + (f" {summary}" if summary else "")
    return Picture(name, desc, drawing.finish(name, desc), twin or desc.replace(". ", ".\n"))


def _draw_row(drawing: Svg, number: int, line: Line | None) -> None:
    y = TOP + ROW * (number - 1)
    if line and line.mark == "differs":
        drawing.rect(8, y - 1, WIDTH - 16, ROW - 4, "wrong")
    drawing.chip(14, y + 3, str(number), on=bool(line and line.mark != "open"), width=28)
    drawing.text(52, y + 17, review(number).subject.partition(": ")[2])
    if line is None:
        drawing.text(YOU, y + 17, ", ".join(CHANGES[number]), "s m")
        return
    drawing.text(YOU, y + 17, line.decided, "m" if line.mark == "open" else "")
    drawing.text(FOUND, y + 17, line.found, "s m")
    drawing.text(
        WIDTH - 22, y + 17, _MARKS[line.mark], "mid b" + {"agrees": " ok", "differs": " bad"}.get(line.mark, "")
    )


def _told(number: int, lines: Sequence[Line]) -> str:
    name = f"{number}: {review(number).subject.partition(': ')[2]}"
    if not lines:
        return f"{name}, in {', '.join(CHANGES[number])}."
    line = lines[number - 1]
    return f"{name}: {line.decided}{f', the explorer: {line.found}' if line.found else ''}."

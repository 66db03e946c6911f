"""Draw the line of kernel source at which a CPU stands, with the lines around it."""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from pathlib import PurePath

from tempmm_lab.kernel.system import LinuxCpu
from tempmm_lab.points import ProgramPoint
from tempmm_lab.views.mms import CSS
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

WIDTH, LEFT, ROW, TOP, ROWS = 400, 14, 16, 50, 13
AROUND, ROOM = 5, 55
"""How many lines are shown before and after, and how many characters fit."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where code stands: the calls that lead there, and the lines around, (number, text) each.

    The numbers are not shown: what a notebook keeps must not change when something above is edited.
    """

    calls: tuple[str, ...]
    where: str
    file: str
    line: int
    lines: tuple[tuple[int, str], ...]
    below: str = ""


def place_of(cpu: LinuxCpu) -> Place | None:
    """Give where a CPU stands; None if it has finished."""
    if not cpu.running or cpu.running[-1].point.line is None:
        return None
    point = cpu.running[-1].point
    name, line = point.line or ("", 0)
    calls = point.inside if point.inside and name.startswith(point.inside[-1]) else (*point.inside, name)
    below = [frame.point for frame in cpu.running[:-1]]
    interrupted = f"{cpu.running[-1].kind} interrupted {_at(below[-1])}" if below else ""
    file = PurePath(point.file).name if "ipykernel" not in point.file and point.file.endswith(".py") else "notebook"
    return Place(calls[-3:], f"{name}()", file, line, _around(point.file, name, line), interrupted)


def _at(point: ProgramPoint) -> str:
    return f"{point.line[0]}()" if point.line else point.call[0]


def _around(file: str, name: str, line: int) -> tuple[tuple[int, str], ...]:
    """Give the lines around one, beginning no earlier than the function."""
    every = linecache.getlines(file)
    starts = (number for number in range(line, 0, -1) if f"def {name}(" in _line(every, number))
    first = max(line - AROUND, next(starts, 1))
    last = min(first + 2 * AROUND, len(every))
    beyond = (n for n in range(line + 1, last + 1) if _line(every, n)[:1].strip() and _line(every, n)[0] != ")")
    end = next(beyond, last + 1)
    while end > line + 1 and not _line(every, end - 1).strip():
        end -= 1
    return tuple((number, _line(every, number).partition("  # noqa")[0].rstrip()) for number in range(first, end))


def _line(every: list[str], number: int) -> str:
    return every[number - 1] if 0 < number <= len(every) else ""


def draw_source(cpu: LinuxCpu, number: int = 0) -> Picture:
    """Draw the source line that a CPU executes next, marked, with up to five lines before and after."""
    place = place_of(cpu)
    title = f"Source, CPU {number}"
    desc = describe(place, number)
    return Picture(title, desc, sketch(place, number).finish(title, desc, CSS), "\n".join(twin(place, number)))


def sketch(place: Place | None, number: int, *, over: bool = False) -> Svg:
    """Give the drawing, unfinished. It is of one height whatever it shows."""
    drawing = Svg(WIDTH, TOP + ROW * ROWS + 24)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    if place is None:
        drawing.text(LEFT, 24, f"CPU {number} has finished", "b")
        return drawing
    drawing.text(LEFT, 22, _cut(f"{_head(number, over=over)} {place.where}", 50), "b c")
    drawing.text(LEFT, 40, _end(f"{place.file}: {' > '.join(place.calls)}", 60), "t m")
    drawing.text(LEFT, drawing.height - 9, _end(place.below, 60), "t m")
    for row, (line, words) in enumerate(_fitted(place)):
        y = TOP + ROW * row
        here = line == place.line
        if here:
            drawing.rect(LEFT - 8, y + 1, WIDTH - 2 * LEFT + 16, ROW, "hl", 2)
            drawing.rect(LEFT - 8, y + 1, 3, ROW, "set", 0)
        drawing.text(LEFT + 2, y + 12.5, words, "s b" if here else "s")
    return drawing


def _head(number: int, *, over: bool) -> str:
    return f"CPU {number} has finished:" if over else f"CPU {number} is at"


def _end(words: str, most: int) -> str:
    return words if len(words) <= most else "…" + words[1 - most :]


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def _fitted(place: Place) -> list[tuple[int, str]]:
    """Give the lines folded to the width, as many as there is room for around the one that matters."""
    rows = [(number, part) for number, text in place.lines for part in _folded(text)]
    here = next((at for at, (number, _) in enumerate(rows) if number == place.line), 0)
    first = max(0, min(here - ROWS // 2, len(rows) - ROWS))
    return rows[first : first + ROWS]


def _folded(text: str) -> list[str]:
    """Give a line as at most three that fit, broken between words where there are any."""
    indent = " " * (len(text) - len(text.lstrip()) + 8)
    parts: list[str] = []
    rest = text
    while len(rest) > ROOM and len(parts) < 2:
        at = rest.rfind(" ", len(indent) + 8, ROOM)
        at = at if at > 0 else ROOM
        parts.append(rest[:at])
        rest = indent + rest[at:].lstrip()
    return [*parts, rest if len(rest) <= ROOM else rest[: ROOM - 1] + "…"]


def describe(place: Place | None, number: int, *, over: bool = False) -> str:
    """Say where a CPU stands, in a sentence."""
    if place is None:
        return f"CPU {number} has finished."
    words = next((text.strip() for line, text in place.lines if line == place.line), "source not at hand")
    return f"{_head(number, over=over)} {place.where}, in {place.file}: {words}"


def twin(place: Place | None, number: int, *, over: bool = False) -> list[str]:
    """Give the lines as text, the one that is next with an arrow."""
    if place is None:
        return [f"CPU {number} has finished."]
    head = f"{_head(number, over=over)} {place.where}, {place.file}: {' > '.join(place.calls)}" + (
        f"; {place.below}" if place.below else ""
    )
    return [head, *(f"{'->' if line == place.line else '  '} {text}".rstrip() for line, text in place.lines)]

"""Put the changes that several runs make beside each other: what each does, and in which of its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from tempmm_lab.changes import Event
from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.kernel.layout import TEXT_FRAMES
from tempmm_lab.kernel.system import System
from tempmm_lab.telling import functions
from tempmm_lab.trace import Trace, events
from tempmm_lab.views.mms import CSS
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

WIDTH, LEFT, ROW, TOP, COLUMN, ROOM = 760, 14, 20, 58, 64, 62
MOST, LONGEST = 5, 90
BOOKKEEPING = ("poked",)
"""What only the rules note, and no kernel."""


@dataclass(frozen=True, slots=True)
class Row:
    """One change, and the step in which each run makes it, None if it does not."""

    change: str
    steps: tuple[int | None, ...]

    @property
    def everywhere(self) -> bool:
        """Whether all runs make it."""
        return None not in self.steps


@dataclass(frozen=True, slots=True)
class Beside:
    """Runs beside each other: their names, and the rows in an order that suits them all."""

    names: tuple[str, ...]
    rows: tuple[Row, ...]

    def text(self) -> str:
        """Give the table as lines: a mark where not all runs make the change, and the step numbers."""
        head = f"  {'change':<{ROOM}} " + " ".join(f"{name:>7}" for name in self.names)
        return "\n".join([head, *map(self._line, self.rows)])

    def _line(self, row: Row) -> str:
        numbers = " ".join(f"{'-' if step is None else step:>7}" for step in row.steps)
        return f"{' ' if row.everywhere else '*'} {row.change[:ROOM]:<{ROOM}} {numbers}"


def beside(traces: Sequence[Trace], cpu: int = 0, inside: str = "") -> Beside:
    """Give what one CPU changes in each of two to five runs, aligned; with `inside`, only in calls of that function.

    Two changes stand in one row if they read the same and come in the same order; what one run does earlier than
    another has two rows.

    Raises:
        ModelError: these are not two to five traces.
    """
    advice = (
        "beside() takes a list of two to five traces, such as [play(text_poke(build=b), in_order) for b in BUILDS]."
    )
    every = [a_thing(trace, Trace, advice) for trace in a_thing(traces, list | tuple, advice)]
    if not 2 <= len(every) <= MOST:
        raise ModelError(advice)
    rows: list[tuple[str, dict[int, int]]] = []
    for column, trace in enumerate(every):
        rows = _merged(rows, list(_changes(trace, cpu, inside)), column)
    names = tuple(trace.scenario.build.name for trace in every)
    columns = range(len(every))
    return Beside(names, tuple(Row(change, tuple(steps.get(column) for column in columns)) for change, steps in rows))


def _changes(trace: Trace, cpu: int, inside: str) -> Iterator[tuple[str, int]]:
    for step, moment in enumerate(trace, 1):
        if moment.action.cpu == cpu and (not inside or inside in functions(moment)):
            told = (event for event in events(moment) if event.kind not in BOOKKEEPING)
            yield from ((_words(event, moment.after), step) for event in told)
            yield from ((f"prints {text}", step) for text in moment.reports)


def _words(event: Event, system: System) -> str:
    """Give an event in words; an address of memory that matters here by what is there."""
    words = str(event)
    if event.kind == "memory":
        names = dict.fromkeys(system.world.alias_ptes.values(), "the alias's entry")
        names |= {int(frame): f"code in frame {int(frame):#x}" for frame in TEXT_FRAMES}
        place, _, change = words.removeprefix("memory at ").partition(": ")
        words = f"{names[int(place, 16)]}: {change}" if int(place, 16) in names else words
    return words


def _merged(
    rows: list[tuple[str, dict[int, int]]], changes: list[tuple[str, int]], column: int
) -> list[tuple[str, dict[int, int]]]:
    """Give the rows with one more run: equal changes in equal order share a row."""
    match = SequenceMatcher(None, [name for name, _ in rows], [name for name, _ in changes], autojunk=False)
    merged: list[tuple[str, dict[int, int]]] = []
    for kind, first, last, begin, end in match.get_opcodes():
        if kind == "equal":
            pairs = zip(rows[first:last], changes[begin:end], strict=True)
            merged += [(name, steps | {column: step}) for (name, steps), (_, step) in pairs]
        else:
            merged += rows[first:last]
            merged += [(name, {column: step}) for name, step in changes[begin:end]]
    return merged


def draw_beside(traces: Sequence[Trace], cpu: int = 0, inside: str = "") -> Picture:
    """Draw what one CPU changes in each of two to five runs, row by row. What not all of them do is marked.

    With `inside`, only what happens in calls of that kernel function is drawn.

    Raises:
        ModelError: these are not two to five traces.
    """
    table = beside(traces, cpu, inside)
    drawing = Svg(WIDTH, TOP + ROW * len(table.rows) + 14)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(LEFT, 24, f"{traces[0].scenario.name}: what CPU {cpu} changes, and in which step", "h")
    for column, name in enumerate(table.names):
        drawing.text(_x(table, column), TOP - 12, name, "b s end")
    for place, row in enumerate(table.rows):
        _draw_row(drawing, TOP + ROW * place, row, table)
    title = f"{' beside '.join(table.names)}: {traces[0].scenario.name}"
    desc = _describe(table)
    return Picture(title, desc, drawing.finish(title, desc, CSS), table.text())


def _x(table: Beside, column: int) -> float:
    return WIDTH - LEFT - 6 - COLUMN * (len(table.names) - 1 - column)


def _draw_row(drawing: Svg, y: float, row: Row, table: Beside) -> None:
    room = int((_x(table, 0) - COLUMN - LEFT) / 6.7) + 4
    if row.everywhere:
        drawing.line(LEFT, y, WIDTH - LEFT, y)
    else:
        drawing.rect(LEFT - 6, y, WIDTH - 2 * LEFT + 12, ROW, "hl", 2)
        drawing.rect(LEFT - 6, y, 3, ROW, "set", 0)
    words = row.change if len(row.change) <= room else row.change[: room - 1] + "…"
    drawing.text(LEFT + 4, y + 14, words, "s" if row.everywhere else "s b")
    for column, step in enumerate(row.steps):
        drawing.text(_x(table, column), y + 14, "-" if step is None else step, "s m end" if step is None else "s end")


def _describe(table: Beside) -> str:
    """Say what differs; what all runs do is counted only."""
    told = []
    for row in table.rows:
        if not row.everywhere:
            who = " and ".join(name for name, step in zip(table.names, row.steps, strict=True) if step is not None)
            told.append(f"only {who}: {row.change[:LONGEST]}")
    alike = sum(row.everywhere for row in table.rows)
    return ". ".join([f"{len(table.rows)} changes, {alike} of them made by all", *told]) + "."

"""Draw what a firmware call costs everybody else on its CPU: with interrupts on, and with interrupts off."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.durations import Duration, a_duration, in_words
from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.views.mms import CSS, bar
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, number

WIDTH, LEFT, RIGHT = 760, 150, 736
MOST_MARKS = 40


@dataclass(frozen=True, slots=True)
class Wait:
    """What comes of a call: its length and the tick's period in microseconds, and when ticks come due in it."""

    call: Duration
    length: float
    period: float
    due: tuple[float, ...]


def wait_of(duration: str | float, hz: int) -> Wait:
    """Work it out. The first tick comes due half a period into the call: where it falls is an assumption."""
    call = a_duration(duration)
    if not 1 <= whole_number(hz, "hz") <= 10_000:
        raise ModelError(f"hz is the number of ticks a second, from 1 to 10000, not {hz}. Kernels use 100, 250, 1000.")
    length, period = float(call.high or 0), 1e6 / hz
    count = int(length / period) + 1
    due = tuple(period * (place + 0.5) for place in range(count) if period * (place + 0.5) < length)
    return Wait(call, length, period, due)


def draw_latency(duration: str | float, hz: int = 1000) -> Picture:
    """Draw a firmware call as two lanes on one time axis: ticks served when due, and ticks that wait for its end.

    `duration` is a figure's name ("GetTime") or a number of milliseconds that you assume; its worth is written on it.

    Raises:
        ModelError: there is no such figure, or it makes no sense.
    """
    wait = wait_of(duration, hz)
    notes = notes_of(wait, hz)
    drawing = Svg(WIDTH, 196 + 17 * len(notes))
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(12, 24, f"{wait.call.name}: {wait.call.figure} ({wait.call.kind})", "h")
    scale = (RIGHT - LEFT) / (wait.length * 1.24)
    _lane(drawing, 54, "interrupts on", wait, scale, waits=False)
    _lane(drawing, 118, "interrupts off", wait, scale, waits=True)
    for place, note in enumerate(notes):
        drawing.text(12, 190 + 17 * place, note, "s")
    name = f"Latency of {wait.call.name}, {wait.call.figure} ({wait.call.kind}), at {hz} ticks a second"
    desc = " ".join(notes)
    return Picture(name, desc, drawing.finish(name, desc, CSS), "\n".join([name, *(f"  {note}" for note in notes)]))


def notes_of(wait: Wait, hz: int) -> list[str]:
    """Say in sentences what the picture shows, and what each length in it is worth."""
    due = len(wait.due)
    ticks = f"{due:,} tick{'s come' if due != 1 else ' comes'} due during the call" if due else "No tick comes due"
    longest = wait.length - wait.due[0] if due else 0
    drawn = f" A mark stands for {_every(wait)} of them." if _every(wait) > 1 else ""
    waiting = f"the first waits {in_words(round(longest, 1))}" if due else "nothing waits here"
    return [
        f"The call, {wait.call.figure}: {wait.call.kind}; {wait.call.where}.",
        f"The tick, every {in_words(wait.period)}: HZ={hz}, a kernel's setting; where the first falls is assumed.",
        f"{ticks}. With interrupts on none waits for the call; off, {waiting}.{drawn}",
        "The handlers' own time and the two switches of CR3 are too short to be drawn here (assumed).",
    ]


def _every(wait: Wait) -> int:
    """Give how many ticks each mark stands for."""
    return max(1, -(-len(wait.due) // MOST_MARKS))


def _lane(drawing: Svg, y: float, name: str, wait: Wait, scale: float, *, waits: bool) -> None:
    end = LEFT + wait.length * scale
    drawing.text(12, y + 12, name, "b s")
    drawing.text(12, y + 27, "during the call", "t m")
    drawing.line(LEFT, y + 24, RIGHT, y + 24)
    bar(drawing, LEFT, y, end - LEFT, 20, "efi_mm")
    if waits:
        drawing.rect(LEFT, y + 28, end - LEFT, 6, "irqoff", 2)
    drawing.text(end + 6, y + 14, "call ends", "t m")
    for place in wait.due[:: _every(wait)]:
        _tick(drawing, LEFT + place * scale, y, end if waits else None)
    if waits and wait.due:
        drawing.text(end + 6, y + 51, "served from here", "t b")


def _tick(drawing: Svg, x: float, y: float, until: float | None) -> None:
    """Draw a tick where it comes due: filled if it is served there, hollow with a line to where it is served."""
    if until is None:
        drawing.path(f"M{number(x - 3)} {number(y + 24)}h6l-3 7z", "mark")
        return
    drawing.path(f"M{number(x - 3)} {number(y + 37)}h6l-3 7z", "clear")
    drawing.line(x, y + 48, until, y + 48)
    drawing.path(f"M{number(until - 4)} {number(y + 45)}l4 3l-4 3", "arrow")

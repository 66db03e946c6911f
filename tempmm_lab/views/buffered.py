"""Draw a store that waits: a per-CPU variable as its own CPU sees it, and as the others do."""

from __future__ import annotations

from collections.abc import Iterator

from tempmm_lab.errors import ModelError, a_thing, whole_number
from tempmm_lab.trace import Moment, Trace
from tempmm_lab.views.mms import CSS, bar, short, swatch
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg
from tempmm_lab.views.timeline import LEFT, WIDTH, Axis

TOLD = {
    "inc_mm_tlb_gen": "raises the generation", "atomic64_read_tlb_gen": "reads the generation",
    "send_ipi": "looks whom to tell", "load_new_mm_cr3": "writes CR3", "free_page": "frees the page",
    "user_load": "reads the page", "full_barrier": "full barrier",
}  # fmt: skip
"""The ops that are named in the picture, and what they do there."""
Span = tuple[int, int, str]


def draw_buffered(trace: Trace, cpu: int = 1) -> Picture:
    """Draw `loaded_mm` of a CPU through a run, twice: as that CPU reads it, and as every other CPU does.

    Where the two differ, a store waits in the CPU's store buffer. Below stand the steps that the lost flush is made of.

    Raises:
        ModelError: this is no run, or the machine has no such CPU.
    """
    run = a_thing(trace, Trace, 'draw_buffered() draws a run, such as one of shootdown(memory="tso").')
    own, others = _spans(run, whole_number(cpu, "cpu"))
    steps = list(_steps(run, cpu))
    name = f"What a store buffer hides: loaded_mm of CPU {cpu} in {run.scenario.name} on {run.scenario.build.name}"
    lines = [f"as CPU {cpu} sees it  {_told(own)}", f"as others see it   {_told(others)}"]
    lines += [f"step {step:>3}  CPU {who} {words}" for step, who, words in steps]
    lines += [f"breaks {rule} in step {step}" for rule, step in run.broken.items()]
    desc = "; ".join(" ".join(line.split()) for line in lines) + "."
    return Picture(name, desc, _sketch(run, cpu, own, others, steps).finish(name, desc, CSS), "\n".join([name, *lines]))


def _spans(run: Trace, cpu: int) -> tuple[list[Span], list[Span]]:
    """Give the stretches of both views; column k is the machine after k steps."""
    systems = [run.first or run.scenario.system(), *(moment.after for moment in run)]
    if cpu >= len(systems[0].cpus):
        raise ModelError(f"There is no CPU {cpu}: this machine has {len(systems[0].cpus)}.")
    views = [(system.cpus[cpu].loaded_mm, str(system.cpus[cpu].visible("loaded_mm"))) for system in systems]
    return _joined([own for own, _ in views]), _joined([seen for _, seen in views])


def _joined(values: list[str]) -> list[Span]:
    found: list[Span] = []
    for column, value in enumerate(values):
        first = found.pop()[0] if found and found[-1][2] == value else column
        found.append((first, column, value))
    return found


def _steps(run: Trace, cpu: int) -> Iterator[tuple[int, int, str]]:
    """Give (step, CPU, what it does) for what the picture names: of loads, this CPU's and the one that is stale."""
    for step, moment in enumerate(run, 1):
        op = _op(moment)
        mine = op != "atomic64_read_tlb_gen" or moment.action.cpu == cpu
        if op in TOLD and mine and (op != "user_load" or moment.broken):
            yield step, moment.action.cpu, TOLD[op] + (": nobody" if op == "send_ipi" and _nobody(moment) else "")


def _op(moment: Moment) -> str:
    return moment.what.partition("(")[0] if moment.action.kind == "s" else ""


def _nobody(moment: Moment) -> bool:
    return not any(cpu.pending for cpu in moment.after.cpus)


def _told(spans: list[Span]) -> str:
    return ", ".join(f"{short(value)} {first}-{last}" for first, last, value in spans)


def _sketch(run: Trace, cpu: int, own: list[Span], others: list[Span], steps: list[tuple[int, int, str]]) -> Svg:
    axis = Axis(len(run))
    drawing = Svg(WIDTH, 170 + 18 * len(steps))
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(12, 24, f"loaded_mm of CPU {cpu}: {run.scenario}", "h")
    bottom = 118 + 18 * len(steps)
    for y, name, spans in ((44, f"on CPU {cpu}", own), (72, "on the others", others)):
        drawing.text(LEFT - 8, y + 14, name, "t m end")
        for first, last, value in spans:
            x, wide = axis.x(first), axis.x(last + 1) - axis.x(first)
            bar(drawing, x, y, wide, 20, value)
            if 6.7 * len(short(value)) + 14 <= wide:
                drawing.rect(x + 4, y + 2, 6.7 * len(short(value)) + 8, 16, "tag", 2)
                drawing.text(x + 8, y + 13, short(value), "s")
    for place, (step, _, _) in enumerate(steps):
        drawing.line(axis.x(step), 42, axis.x(step), 114 + 18 * place, "tick")
    for place, (step, who, words) in enumerate(steps):
        _write(drawing, axis.x(step), 112 + 18 * place, f"{step} CPU {who} {words}", bad="nobody" in words)
    axis.draw(drawing, bottom + 4)
    for rule, step in run.broken.items():
        drawing.line(axis.x(step), 40, axis.x(step), bottom - 10, "badline")
        drawing.text(WIDTH - 12, 24, f"✗ step {step} breaks {rule}", "s b end bad")
    x = 12.0
    for mm in dict.fromkeys(value for _, _, value in [*own, *others]):
        swatch(drawing, x, drawing.height - 24, mm)
        drawing.text(x + 21, drawing.height - 14, short(mm), "t")
        x += 34 + 6.1 * len(short(mm))
    return drawing


def _write(drawing: Svg, x: float, y: float, words: str, *, bad: bool) -> None:
    """Write beside a line, on whichever side there is room."""
    wide = 6.7 * len(words) + 4
    left = x + wide + 6 > WIDTH - 12
    drawing.rect(x - 5 - wide if left else x + 3, y - 8, wide + 2, 15, "tag", 2)
    drawing.text(x - 5 if left else x + 5, y + 3, words, ("s b bad" if bad else "s") + (" end" if left else ""))

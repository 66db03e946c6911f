"""What happens after the questions of chapter 0, Two lines of a patch."""

from __future__ import annotations

from tempmm_lab.assess.question import Outcome
from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.threekernels import KernelRun, kernel_runs, story
from tempmm_lab.trace import replay
from tempmm_lab.views.cpu import draw_cpu
from tempmm_lab.views.picture import Picture


def _posted() -> KernelRun:
    return next(run for run in kernel_runs() if run.build == "posted")


def _three() -> str:
    return "\n".join(map(str, kernel_runs()))


def _quiet() -> str:
    report = explore(story("posted", flush=False))
    lines = [f"posted, without the flush: {'every order tried' if report.complete else report.why}"]
    lines += [f"broken after {len(path)} steps: {name}" for name, path in report.counterexamples.items()]
    return "\n".join([*lines, *(f"the kernel prints: {text}" for text in report.reports)])


def _taken() -> Picture:
    trace = _posted().trace
    arrives = next(place for place, moment in enumerate(trace) if moment.action.kind == "p")
    return draw_cpu(trace[arrives].before, 0)


def _elsewhere() -> str:
    path = _posted().trace.path
    lines = []
    for build in ("posted", "v5.10", "v6.16"):
        run = replay(path, build=build)
        lines.append(f"{build:8} {run.stopped or f'{len(run)} steps; breaks {list(run.broken)[-1]}'}")
    return "\n".join(lines)


def _typo() -> str:
    path = str(_posted().trace.path)
    try:
        Path.parse(path.replace("s0+44", "s0+43"))
    except ModelError as error:
        return f"ModelError: {error}"
    raise AssertionError(path)


OUTCOMES: dict[str, Outcome] = {
    "ch00-three": _three,
    "ch00-quiet": _quiet,
    "ch00-taken": _taken,
    "ch00-elsewhere": _elsewhere,
    "ch00-typo": _typo,
}
"""Question id -> what is run and shown after an answer."""

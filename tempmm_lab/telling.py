"""Telling a part of a run in few lines, and finding a run that leads somewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tempmm_lab.asks import asking
from tempmm_lab.errors import ModelError, a_thing, whole_number
from tempmm_lab.explore import explore
from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.scenarios import Scenario
from tempmm_lab.trace import Moment, Trace, events, follow, play

Condition = Callable[[LinuxCpu], bool]


def tell(trace: Trace, first: int = 1, last: int | None = None, *, inside: str = "", quiet: bool = False) -> str:
    """Give steps `first` to `last` of a run as lines: number, CPU, function, what it did, and what changed.

    With `inside`, only steps of that kernel function and of what it calls. Steps that change nothing are left out
    unless `quiet` asks for them.

    Raises:
        ModelError: this is no trace, or a step is no number.
    """
    run = a_thing(trace, Trace, "tell() takes a Trace, such as play(text_poke(), in_order).")
    end = len(run) if last is None else whole_number(last, "last")
    chosen = [
        (number, moment)
        for number, moment in enumerate(run, 1)
        if whole_number(first, "first") <= number <= end and (not inside or inside in functions(moment))
    ]
    return "\n".join(line for number, moment in chosen for line in _lines(number, moment, quiet))


def functions(moment: Moment) -> tuple[str, ...]:
    """Give the kernel functions that a step was taken in, outermost first; none for what arrives from outside."""
    if moment.action.kind != "s":
        return ()
    return moment.before.cpus[moment.action.cpu].running[-1].point.inside


def _lines(number: int, moment: Moment, quiet: bool) -> Iterator[str]:
    changes = "; ".join(map(str, events(moment)))
    if changes or quiet or moment.broken or moment.reports:
        where = _function(moment) if moment.action.kind == "s" else "(arrives)"
        what = moment.what.partition("(")[0] if len(moment.what) > 44 else moment.what
        yield f"{number:4} CPU{moment.action.cpu} {where:28} {what:46} {changes}".rstrip()
    yield from (f"     prints: {text}" for text in moment.reports)
    yield from (f"     BREAKS {name}" for name in moment.broken)


def _function(moment: Moment) -> str:
    """Give the function that a step is taken in; one version of a kernel function goes by the function's own name."""
    written = moment.where.partition(":")[0]
    inside = functions(moment)
    return inside[-1] if inside and written.startswith(f"{inside[-1]}_") else written


def part(trace: Trace, first: int, last: int) -> Trace:
    """Give steps `first` to `last` of a run as a run of their own, to be drawn.

    Raises:
        ModelError: this is no trace, or it has no such steps.
    """
    run = a_thing(trace, Trace, "part() takes a Trace, such as play(text_poke(), in_order).")
    begin, end = whole_number(first, "first"), min(whole_number(last, "last"), len(run))
    moments = run.moments[max(begin - 1, 0) : end]
    return Trace(run.scenario, moments, "", moments[0].before if moments else run.first)


def seek(scenario: Scenario, condition: Condition, cpu: int | None = None) -> Trace | None:
    """Give a shortest run after which `condition(cpu)` holds of some CPU (or of CPU `cpu`); None if there is none.

    Every interleaving is tried, so None means: never.

    Raises:
        ModelError: this is no scenario, or no condition.
    """
    asked = a_thing(scenario, Scenario, "seek() takes a scenario, such as text_poke().")
    holds = a_thing(condition, Callable, "seek() takes a question about a CPU: lambda cpu: cpu.is_lazy.")

    def happens(system: System) -> bool:
        cpus = system.cpus if cpu is None else (system.cpu(cpu),)
        return any(holds(each) for each in cpus)

    found = explore(asking(asked, {"sought": happens}))
    path = found.examples.get("sought")
    if path is None and not found.complete:
        raise ModelError(f"Not all was tried: {found.why}. Give the scenario smaller knobs.")
    return None if path is None else play(asked, follow(path))

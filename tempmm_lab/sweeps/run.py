"""Running a sweep, here or on any executor: the same rows in the same order."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any

from tempmm_lab.errors import ModelError, a_thing, one_of
from tempmm_lab.explore import Model, explore
from tempmm_lab.scenarios import Scenario
from tempmm_lab.scenarios.scenario import knob_text
from tempmm_lab.sweeps.items import ASKERS, STOPPED, Item, Outcome, as_error, check_travel, pack, work
from tempmm_lab.sweeps.pool import stop
from tempmm_lab.sweeps.table import Row, Sweep

Told = Callable[[int, int], None]
NOT_DONE: Outcome = (None, "")
_numbers = itertools.count(1)
"""Sweeps are numbered, so that a worker can tell one that was stopped from the next."""


def sweep(
    scenarios: Iterable[Scenario],
    *,
    executor: Executor | None = None,
    ask: str = "explore",
    progress: Told | None = None,
    **limits: Any,
) -> Sweep:
    """Ask the same of many scenarios, and give one row for each, in their order.

    Args:
        scenarios: such as `grid("efi_call", "all", irqs=(0, 1))`, or a list of scenarios.
        executor: what runs them: any `concurrent.futures.Executor`, such as `processes()`, or the `get_executor()` of
            a Dask client. Without one they run here, one after another. The rows are the same.
        ask: "explore" or "prove".
        progress: called with (rows done, rows in all) whenever one is done.
        limits: what else `explore` is to be given: `max_states`, `deadline`.

    What goes wrong with one scenario is told in its row. Ctrl-C cancels what is waiting and gives the rows so far. What
    is running then is stopped in this process and in those of `processes`; elsewhere it ends in its own time.

    Raises:
        ModelError: the arguments make no sense, or a function that a build was patched with cannot be sent to other
            processes; the message says what to do.
    """
    listed = _listed(scenarios)
    _check(executor, ask, progress, limits)
    number = next(_numbers)
    items = [pack(scenario, ask, limits, number) for scenario in listed]
    for item in items:
        check_travel(item, executor)
    told = progress or (lambda _done, _total: None)
    outcomes = _here(items, told) if executor is None else _there(items, executor, told)
    names = dict.fromkeys(name for item in items for name, _ in item.knobs)
    rows = tuple(_row(scenario, names, outcome) for scenario, outcome in zip(listed, outcomes, strict=True))
    return Sweep(rows, tuple(getattr(scenarios, "left_out", ())), ask)


def _row(scenario: Scenario, names: Iterable[str], outcome: Outcome) -> Row:
    """Give a row; `names` are the knobs that differ from their defaults somewhere in the sweep."""
    knobs = tuple((name, knob_text(scenario.knobs[name])) for name in names if name in scenario.knobs)
    return Row(scenario.name, scenario.build.name, knobs, *outcome)


def _listed(scenarios: Any) -> list[Scenario]:
    advice = "sweep() takes scenarios: grid('text_poke', 'all'), or a list such as [text_poke(), efi_call()]."
    listed = list(a_thing(scenarios, Iterable, advice))
    for scenario in listed:
        a_thing(scenario, Scenario, advice)
    if not listed:
        why = "".join(f" {row.error}" for row in getattr(scenarios, "left_out", ())[:1])
        raise ModelError(f"There is no scenario to sweep.{why}")
    return listed


def _check(executor: Any, ask: str, progress: Any, limits: dict[str, Any]) -> None:
    """Find misuse before any work starts."""
    if executor is not None:
        advice = "executor is a concurrent.futures.Executor: processes(), or a Dask client's get_executor()."
        a_thing(executor, Executor, advice)
    if progress is not None and not callable(progress):
        raise ModelError(f"progress is called with (done, in all): give a function, not {progress!r}.")
    one_of(ask, tuple(ASKERS), "ask")
    known = set(inspect.signature(ASKERS[ask]).parameters) - {"scenario", "progress"}
    strangers = sorted(set(limits) - known)
    if strangers:
        raise ModelError(f"{ask}() takes no {', '.join(strangers)}. It takes {', '.join(sorted(known)) or 'nothing'}.")
    explore(Model((), lambda _: (), lambda state, _: state), **limits)  # of nothing: only the limits are judged


def _here(items: list[Item], told: Told) -> list[Outcome]:
    outcomes: list[Outcome] = []
    try:
        for item in items:
            report, error = work(item)
            if error == STOPPED:
                break
            outcomes.append((report, error))
            told(len(outcomes), len(items))
            if report is not None and report.why == STOPPED:
                break
    except KeyboardInterrupt:
        pass
    return [*outcomes, *[NOT_DONE] * (len(items) - len(outcomes))]


def _there(items: list[Item], executor: Executor, told: Told) -> list[Outcome]:
    futures: list[Future[Outcome]] = []
    try:
        for item in items:
            futures.append(_submitted(item, executor))  # noqa: PERF401  (what was submitted must be known at Ctrl-C)
        waiting = set(futures)
        while waiting:
            # A limit, because on some systems a wait without one does not hear Ctrl-C.
            done, waiting = wait(waiting, timeout=1, return_when=FIRST_COMPLETED)
            if done:
                told(len(futures) - len(waiting), len(futures))
    except KeyboardInterrupt:
        stop(items[0].sweep, executor)
    finally:
        for future in reversed(futures):
            future.cancel()
    return [_outcome(future) for future in futures] + [NOT_DONE] * (len(items) - len(futures))


def _submitted(item: Item, executor: Executor) -> Future[Outcome]:
    """Give the future of an item. One that could not even be submitted has failed."""
    try:
        return executor.submit(work, item)
    except Exception as error:  # noqa: BLE001  (an executor that is shut down or broken, or cannot send the item)
        failed: Future[Outcome] = Future()
        failed.set_exception(error)
        return failed


def _outcome(future: Future[Outcome]) -> Outcome:
    if future.cancelled() or not future.done():
        return NOT_DONE
    failure = future.exception()
    if failure is not None:  # a worker that died, or what could not be sent to it
        return None, as_error(failure)
    report, error = future.result()
    return report, "" if error == STOPPED else error

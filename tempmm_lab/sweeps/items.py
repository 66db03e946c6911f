"""What travels to a worker and back: names, knobs as text, and a report. Never a machine, never running code."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore, prove
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.report import Report
from tempmm_lab.scenarios import STORIES, Scenario
from tempmm_lab.sweeps.pool import was_stopped

Outcome = tuple[Report | None, str]
"""A report, or why there is none."""
STOPPED = "stopped by Ctrl-C"
WAY_OUT = (
    "Sweep it without an executor, or with a Dask client's get_executor(), which can; or put the function into a "
    "module and import it from there."
)


@dataclass(frozen=True)
class Item:
    """One scenario and what is asked of it, as plain data.

    Attributes:
        scenario: the story's name.
        build: the name of one of BUILDS.
        functions: those that the build was patched with, by name. Only these may be hard to pickle.
        knobs: the knobs that differ from the defaults, as text.
        ask: explore or prove.
        limits: what else it is given, by name.
        sweep: the number of the sweep it is part of.
    """

    scenario: str
    build: str
    functions: tuple[tuple[str, Callable[..., Any]], ...]
    knobs: tuple[tuple[str, str], ...]
    ask: str
    limits: tuple[tuple[str, Any], ...]
    sweep: int

    def unpacked(self) -> Scenario:
        """Make the scenario again."""
        build: Build = BUILDS[self.build]
        if self.functions:
            build = build.patched(**dict(self.functions))
        if self.scenario not in STORIES:
            raise ModelError(
                f"There is no scenario {self.scenario!r} in this process. Import the module that tells it."
            )
        return STORIES[self.scenario](**dict(self.knobs), build=build)


def pack(scenario: Scenario, ask: str, limits: dict[str, Any], sweep: int) -> Item:
    """Give a scenario as an item.

    Raises:
        ModelError: it cannot be made again from its name, build and knobs.
    """
    build = scenario.build
    functions = tuple((name, build.functions[name]) for name in build.patches)
    base = build.name.split("+")[0]
    item = Item(scenario.name, base, functions, scenario.path(()).knobs, ask, tuple(limits.items()), sweep)
    if base not in BUILDS or item.unpacked() != scenario:
        raise ModelError(
            f"{scenario} cannot be told by its names alone: a sweep takes stories of this package on BUILDS, or on "
            "builds made of them by patched()."
        )
    return item


def check_travel(item: Item, executor: Executor | None) -> None:
    """See that worker processes can be given an item's functions.

    Raises:
        ModelError: they cannot; the message names the ways out.
    """
    if not isinstance(executor, ProcessPoolExecutor):
        return
    for name, function in item.functions:
        # Fresh interpreters run the main script again, and so find its functions; a notebook has no script.
        homeless = function.__module__ == "__main__" and not hasattr(sys.modules["__main__"], "__file__")
        if homeless or not _pickles(function):
            raise ModelError(f"Your {name} cannot be sent to other processes by the standard pickle. {WAY_OUT}")


def _pickles(function: Callable[..., Any]) -> bool:
    try:
        pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


ASKERS: dict[str, Callable[..., Report]] = {"explore": explore, "prove": prove}
"""What can be asked of a scenario."""


def work(item: Item) -> Outcome:
    """Do what an item asks. Whatever goes wrong in it is its outcome."""

    def go_on(*_: Any) -> None:
        if was_stopped(item.sweep):
            raise KeyboardInterrupt

    try:
        go_on()
        return ASKERS[item.ask](item.unpacked(), **dict(item.limits), progress=go_on), ""
    except KeyboardInterrupt:
        return None, STOPPED
    except Exception as error:  # noqa: BLE001  (one failed item is a row, not the end of the sweep)
        return None, as_error(error)


def as_error(error: BaseException) -> str:
    """Give an error as one line."""
    told = " ".join(str(error).split()) or "no message"
    if isinstance(error, pickle.PicklingError) or "pickle" in told:
        return f"{type(error).__name__}: {told}. {WAY_OUT}"
    return f"{type(error).__name__}: {told}"

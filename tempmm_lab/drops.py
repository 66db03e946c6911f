"""A real shootdown on the reader's own machine: what dropping a page costs, alone and while others share the mm.

The timing itself is `tenlines.py`, a program that imports nothing of this package. Here it is started, six times, and
its numbers are gathered. Nothing is changed on the machine: a page of the program's own is dropped, many times.
"""

from __future__ import annotations

import ast
import inspect
import json
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tempmm_lab import tenlines
from tempmm_lab.errors import ModelError, whole_number

INTERRUPTS = "/proc/interrupts"
COMPANY = {
    "alone": "alone",
    "thread": "a thread busy on another CPU",
    "process": "a process busy on another CPU",
}
"""Who else is at work, by the word that the program takes."""
MOST = 200_000
PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Drop:
    """One line of the measurement.

    Attributes:
        company: who else was at work, a key of COMPANY.
        touched: whether the page was touched, and so mapped, before each drop.
        us: microseconds for one drop, with the touch before it and Python's own time.
        sent: interrupts of the TLB row for one drop, on the whole machine.
    """

    company: str
    touched: bool
    us: float
    sent: float

    @property
    def name(self) -> str:
        """The line's name in tables and pictures."""
        return f"{'touched' if self.touched else 'not mapped'}, {COMPANY[self.company]}"


@dataclass(frozen=True)
class DropTiming:
    """What was timed, or why nothing was.

    Attributes:
        why_not: why nothing was timed; "" if something was.
        where: the machine.
        times: how many drops each line is the mean of.
        drops: the lines.
    """

    why_not: str = ""
    where: str = ""
    times: int = 0
    drops: tuple[Drop, ...] = ()

    def text(self) -> str:
        """Give the result in a few lines."""
        if self.why_not:
            return f"Nothing was timed: {self.why_not}"
        rows = [f"  {each.name:<42} {each.us:>6.2f} µs  {each.sent:>5.2f} interrupts" for each in self.drops]
        return "\n".join([f"One drop of a page, the mean of {self.times:,}: {self.where}", *rows])

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("DropTiming(...)" if cycle else self.text())  # type: ignore[attr-defined]


def ten_lines() -> str:
    """Give the two functions that do the timing, without the words at their tops: ten lines, and two names."""
    tree = ast.parse(inspect.getsource(tenlines))
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return "\n\n\n".join(_plain(found[name]) for name in ("interrupts", "drop"))


def _plain(function: ast.FunctionDef) -> str:
    """Give a function's lines as they stand, but for its docstring and for what is said to the linter."""
    lines = inspect.getsource(tenlines).splitlines()
    kept = [function.lineno, *range(function.body[1].lineno, (function.end_lineno or 0) + 1)]
    return "\n".join(lines[number - 1].partition("  # noqa")[0] for number in kept)


def stored_drops() -> DropTiming:
    """Give a run that was made for this book, with the machine it was made on."""
    raw = json.loads(resources.files("tempmm_lab").joinpath("data", "drops.json").read_text(encoding="utf-8"))
    drops = tuple(Drop(row["company"], row["touched"], row["us"], row["sent"]) for row in raw["drops"])
    return DropTiming("", raw["where"], raw["times"], drops)


def time_drops(times: int = 20_000, *, table: str | Path = INTERRUPTS) -> DropTiming:
    """Drop a page of this machine's memory many times, alone, beside a busy thread, beside a busy process.

    Where there is no Linux on x86, no second CPU or no /proc/interrupts, nothing is done, and the result says why.
    When predictions are answered by themselves, as for the book's own pages, nothing is timed either.

    Raises:
        ModelError: `times` is not from 1 to 200,000.
    """
    if not 1 <= whole_number(times, "times") <= MOST:
        raise ModelError(f"times is from 1 to {MOST:,}. Got {times}.")
    if os.environ.get("TEMPMM_LAB_ANSWERS") and str(table) == INTERRUPTS:
        return DropTiming("this page was made by the book's own run, which uses no clock. Run the cell yourself.")
    why_not = obstacle(table)
    if why_not:
        return DropTiming(why_not)
    where = f"this machine, {usable_cpus()} CPUs{at_work()}"
    try:
        drops = tuple(_timed(company, touched, times) for touched in (True, False) for company in COMPANY)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return DropTiming(f"the program did not come to its end ({type(error).__name__}: {error}).")
    return DropTiming("", where, times, drops)


def obstacle(table: str | Path = INTERRUPTS, *, platform: str = sys.platform, cpus: int | None = None) -> str:
    """Say what is missing for the measurement on this machine; "" if nothing is."""
    if platform != "linux" or not hasattr(mmap, "MADV_DONTNEED"):
        return f"this Python runs on {platform}, not on Linux."
    if (usable_cpus() if cpus is None else cpus) < 2:
        return "there is no second CPU that this Python may use, and so nobody to interrupt."
    try:
        rows = Path(table).read_text(encoding="ascii").splitlines()
    except OSError:
        return f"there is no {table} that may be read. A container may hide it."
    if not any(row.split()[:1] == ["TLB:"] for row in rows):
        return f"{table} has no row TLB: this is no x86 kernel, or one for a single CPU."
    return ""


def usable_cpus() -> int:
    """Give how many CPUs this Python may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def at_work(load: str | Path = "/proc/loadavg") -> str:
    """Say how many other tasks want a CPU now; "" if none does, or if that cannot be read."""
    try:
        others = int(Path(load).read_text(encoding="ascii").split()[3].partition("/")[0]) - 1  # one is this program
    except (OSError, ValueError, IndexError):
        return ""
    return f", {others} other task{'s' * (others > 1)} at work when it began" if others > 0 else ""


def _timed(company: str, touched: bool, times: int) -> Drop:
    """Run the program once, with its company."""
    neighbour = _started("busy") if company == "process" else None
    child = None
    try:
        if neighbour is not None:
            time.sleep(0.3)  # until it hashes
        child = _started("thread" if company == "thread" else "alone", str(times), str(int(touched)))
        said, _ = child.communicate(timeout=PATIENCE)
    finally:
        for each in filter(None, (neighbour, child)):
            each.kill()
            each.communicate()
    seconds, interrupts = _numbers(said.split())
    return Drop(company, touched, 1e6 * seconds / times, interrupts / times)


def _numbers(words: Sequence[str]) -> tuple[float, int]:
    seconds, interrupts = words
    return float(seconds), int(interrupts)


def _started(*arguments: str) -> subprocess.Popen[str]:
    """Start the program, on its own: -I keeps this folder's names from hiding the standard library's."""
    command = [sys.executable, "-I", tenlines.__file__, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

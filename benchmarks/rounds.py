"""Running tools in turn, and what comes of the seconds: medians, spread, and the ratio of each round."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 7


@dataclass(frozen=True)
class Ran:
    """One command from start to end: wall and CPU seconds, peak resident KiB, what it printed, its exit status."""

    seconds: float
    cpu: float
    peak: int
    text: str
    status: int


def as_installed() -> dict[str, str]:
    """Give this environment, but let Python keep the bytecode of what it imports, as where the package is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def ran(words: Sequence[str], folder: Path = ROOT) -> Ran:
    """Run a command in a folder."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        start = time.perf_counter()
        how = {"cwd": folder, "stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "env": as_installed()}
        child = subprocess.Popen(words, stdout=out, **how)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return Ran(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss, out.read(), child.returncode)


def python(code: str) -> Ran:
    """Run a few lines of Python in a fresh process.

    Raises:
        RuntimeError: they failed.
    """
    done = ran([sys.executable, "-c", code])
    if done.status:
        raise RuntimeError(f"{code}\nfailed:\n{done.text}")
    return done


def in_turn(tools: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Give each tool's seconds, by round. One round more goes before, to warm up. Every other round is backwards."""
    found: dict[str, list[float]] = {name: [] for name in tools}
    for number in range(rounds + 1):
        for name in list(tools)[:: 1 if number % 2 else -1]:
            seconds = tools[name]()
            if number:
                found[name].append(seconds)
    return found


def figures(values: Sequence[float]) -> dict[str, float]:
    """Give median, least and greatest."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def row(
    what: str, ours: Sequence[float], peer: Sequence[float], *, name: str, goal: float | None = None, unit: str = "s"
) -> dict[str, object]:
    """Give a row of the table. The ratio is the median of the rounds' ratios, ours to the peer's; less is better."""
    ratios = [mine / theirs for mine, theirs in zip(ours, peer, strict=True)]
    return {
        "what": what,
        "peer_name": name,
        "unit": unit,
        "ours": figures(ours),
        "peer": figures(peer),
        "ratio": figures(ratios),
        "rounds": len(ratios),
        "goal": goal,
    }

"""SPIN: from a model's text to its answer, as `spin -a`, gcc and pan."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.rounds import Ran, ran

PACKAGES = ("apt-get", "install", "-y", "spin", "gcc", "libc6-dev")


@dataclass(frozen=True)
class Setting:
    """How SPIN is run: flags of spin, of gcc, and of pan."""

    spin: tuple[str, ...] = ()
    gcc: tuple[str, ...] = ("-O0",)
    pan: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(("spin -a", *self.spin, "; gcc -w -DSAFETY", *self.gcc, "; ./pan", *self.pan)).replace(
            " ;", ";"
        )


POR = Setting(pan=("-m1000000",))
PROOF = (POR, replace(POR, pan=("-m1000000", "-w20")), replace(POR, gcc=("-O2",)))
"""Settings tried for a proof. Partial-order reduction is on by default, as is merging of statements."""
EXACT = Setting(("-o2", "-o3"), ("-O0", "-DNOREDUCE"), ("-m1000000", "-w22"))
"""Every state once, every step one transition: what the plain search counts."""
BFS = Setting((), ("-O0", "-DBFS"), ("-E",))
SHORTEST = (
    BFS, replace(BFS, gcc=("-O0", "-DBFS", "-DNOREDUCE")), replace(BFS, gcc=("-O2", "-DBFS")),
    replace(BFS, gcc=("-O2", "-DBFS", "-DNOREDUCE")),
)  # fmt: skip
"""Settings tried for a shortest schedule. -E: ends of processes are not asked about."""
REDUCED = (SHORTEST[0], SHORTEST[2])
"""Settings tried where there are too many states without reduction. The schedule need not be shortest then."""


@dataclass(frozen=True)
class Spun:
    """One run: seconds by stage, states stored, and the length of the schedule that breaks a rule, if one was found.

    `complete` says whether pan came to its end.
    """

    stages: dict[str, float]
    states: int
    length: int | None
    complete: bool
    peak: int

    @property
    def seconds(self) -> float:
        """From the question to the answer."""
        return sum(self.stages.values())


def missing() -> str:
    """Install SPIN and gcc if they are not here and may be; else give one line that says what to type."""
    if shutil.which("spin") and shutil.which("gcc"):
        return ""
    may = shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0
    if may and not any(ran(words).status for words in (("apt-get", "update", "-q"), PACKAGES)):
        return ""
    return f"SPIN or gcc is missing, and could not be installed from here. Type: {' '.join(PACKAGES)}"


def spin(text: str, folder: Path, setting: Setting) -> Spun:
    """Answer a model's question.

    Raises:
        RuntimeError: SPIN or gcc refused.
    """
    for file in folder.glob("*"):
        file.unlink()
    (folder / "model.pml").write_text(text, encoding="utf-8")
    words = {
        "spin": ["spin", "-a", *setting.spin, "model.pml"],
        "gcc": ["gcc", "-w", "-DSAFETY", *setting.gcc, "-o", "pan", "pan.c"],
        "pan": ["./pan", *setting.pan],
    }
    done = {stage: ran(command, folder) for stage, command in words.items()}
    return _read(done)


def _read(done: dict[str, Ran]) -> Spun:
    said = done["pan"].text
    stored = re.search(r"([\d.e+]+) states, stored", said)
    if stored is None or done["spin"].status or done["gcc"].status:
        raise RuntimeError("\n".join(each.text[-2000:] for each in done.values()))
    broken = re.search(r"assertion violated .*\(at depth (\d+)\)", said)
    stuck = re.search(r"invalid end state \(at depth (\d+)\)", said)
    stages = {stage: each.seconds for stage, each in done.items()}
    depth = int(broken[1]) + 1 if broken else int(stuck[1]) if stuck else None
    complete = "Search not completed" not in said or depth is not None
    return Spun(stages, int(float(stored[1])), depth, complete, done["pan"].peak)

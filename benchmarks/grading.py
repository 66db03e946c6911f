"""Grading: what the sandbox costs, what nbgrader needs for the same notebook, and a class of 300.

Usage:
    python -m benchmarks.grading      print what `make bench` puts into its table
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from benchmarks.rounds import ROOT, ROUNDS, in_turn, ran, row
from tempmm_lab.grading.limits import LIMITS
from tempmm_lab.grading.marking import Job, grade
from tempmm_lab.grading.sandbox import Sandbox, find_sandbox

STUDENTS, PROCESSES = 300, 2
PEER_ROUNDS, PEER_STUDENTS = 3, 3
NAME = "01-from-cr3-to-a-byte.ipynb"
SECRET = b"a secret for a benchmark"
Notebook = dict[str, Any]
ABOUT = (
    "One submission is the solved notebook of chapter 1: 34 points, which our tools must give. The other of the first "
    "two rows is our own worker without its sandbox."
)


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Give the rows."""
    boxed, bare = find_sandbox(), find_sandbox(unsafe=True)
    return {
        "title": "Grading",
        "about": [ABOUT],
        "rows": [*_one(boxed, bare, rounds), _nbgrader(boxed)],
        "notes": _class(),
        "gaps": [],
    }


def _one(boxed: Sandbox, bare: Sandbox, rounds: int) -> list[dict[str, Any]]:
    up = in_turn({name: lambda box=box: _timed(lambda: _up(box)) for name, box in _named(boxed, bare)}, rounds)
    whole = in_turn({name: lambda box=box: _timed(lambda: _graded(box)) for name, box in _named(boxed, bare)}, rounds)
    return [
        row("a worker comes up and ends", up["boxed"], up["bare"], name="without a sandbox"),
        row("one submission graded", whole["boxed"], whole["bare"], name="without a sandbox"),
    ]


def _named(boxed: Sandbox, bare: Sandbox) -> tuple[tuple[str, Sandbox], ...]:
    return ("boxed", boxed), ("bare", bare)


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _up(box: Sandbox) -> None:
    box.start({}, LIMITS, time.monotonic() + LIMITS.wall).close()


def _graded(box: Sandbox) -> None:
    content = (ROOT / "solutions" / NAME).read_bytes()
    result = grade(Job("anna", NAME, content, SECRET, course=True, sandbox=box))
    assert result["points"] == result["of"] == 34, result


def _nbgrader(boxed: Sandbox) -> dict[str, Any]:
    """Compare with nbgrader's own autograde, three submissions at a time; the seconds are those of one."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        (course / "source" / "ps").mkdir(parents=True)
        shutil.copy(ROOT / "solutions" / NAME, course / "source" / "ps")
        (course / "nbgrader_config.py").write_text(f"c.CourseDirectory.root = {folder!r}\n", encoding="utf-8")
        _nb("generate_assignment", course)
        for number in range(PEER_STUDENTS):
            place = course / "submitted" / f"s{number}" / "ps"
            place.mkdir(parents=True)
            shutil.copy(ROOT / "solutions" / NAME, place)
        peer = lambda: _timed(lambda: _nb("autograde", course)) / PEER_STUDENTS  # noqa: E731
        times = in_turn({"ours": lambda: _timed(lambda: _graded(boxed)), "nbgrader": peer}, PEER_ROUNDS)
    return row("one submission graded", times["ours"], times["nbgrader"], name="nbgrader autograde", goal=0.2)


def _nb(command: str, course: Path) -> None:
    path = f"PATH={Path(sys.executable).parent}:{os.environ['PATH']}"  # it starts alembic by that name
    words = [
        "env",
        path,
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "nbgrader",
        command,
        "ps",
        "--force",
        "--log-level=ERROR",
    ]
    done = ran(words, course)
    if done.status:
        raise RuntimeError(f"nbgrader {command} failed: {done.text[-500:]}")


def _class() -> list[str]:
    """Grade a class, and say how quick that was and how much memory it took."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        kinds = _hand_in(place / "in")
        (place / "secret").write_bytes(SECRET)
        words = [sys.executable, "-m", "tempmm_lab", "grade", str(place / "in"), "--out", str(place / "out")]
        with _Memory() as memory:
            done = ran([*words, "--secret", str(place / "secret"), "--jobs", str(PROCESSES)])
        said = json.loads((place / "out" / "results.json").read_text(encoding="utf-8"))
        again = ran([*words, "--secret", str(place / "secret"), "--jobs", str(PROCESSES)])
    graded = sum(one["status"] == "graded" for student in said["students"] for one in student["notebooks"])
    assert len(said["students"]) == STUDENTS
    assert STUDENTS - graded == kinds["no notebook at all"]
    mixed = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return [
        (
            f"A class of {STUDENTS} on {PROCESSES} processes: {60 * STUDENTS / done.seconds:,.0f} submissions a minute "
            f"({done.seconds:.0f} s). They are {mixed}."
        ),
        (
            f"Its memory at most: {memory.most >> 10:,} MiB over all processes, students' own among them (shared pages "
            f"counted once); the largest process {done.peak >> 10:,} MiB."
        ),
        f"The same command again, with everything in its journal: {again.seconds:.1f} s.",
    ]


class _Memory(threading.Thread):
    """Looks a few times a second at what all processes below this one hold. `most` is in KiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self._over = 0, threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        """Look until it is over."""
        while not self._over.wait(0.3):
            self.most = max(self.most, sum(_pss(pid) for pid in _children("self")))


def _children(pid: str) -> list[str]:
    try:
        files = list(Path(f"/proc/{pid}/task").glob("*/children"))
        below = [child for file in files for child in file.read_text(encoding="ascii").split()]
    except OSError:
        return []
    return [*below, *(one for child in below for one in _children(child))]


def _pss(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _hand_in(folder: Path) -> dict[str, int]:
    """Make the class's submissions, of the book's first five notebooks of exercises; give how many of each kind."""
    choose = random.Random(20)
    kinds: dict[str, int] = dict.fromkeys(_KINDS, 0)
    names = sorted(path.name for path in (ROOT / "solutions").glob("*.ipynb"))[:5]
    for number in range(STUDENTS):
        name = choose.choice(names)
        kind = choose.choices(list(_KINDS), [shares for shares, _ in _KINDS.values()])[0]
        notebook = json.loads((ROOT / "solutions" / name).read_text(encoding="utf-8"))
        made = _KINDS[kind][1](notebook, choose)
        kinds[kind] += 1
        place = folder / f"student-{number:03}"
        place.mkdir(parents=True)
        (place / name).write_text(made if isinstance(made, str) else json.dumps(made), encoding="utf-8")
    return kinds


def _answers(notebook: Notebook) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and "-answer" in cell["id"]]


def _wrong(notebook: Notebook, choose: random.Random, text: str = "answer = None") -> Notebook:
    for cell in choose.sample(_answers(notebook), 2):
        cell["source"] = text
    return notebook


def _missing(notebook: Notebook, choose: random.Random) -> Notebook:
    notebook["cells"] = [cell for cell in notebook["cells"] if choose.random() > 0.2]
    return notebook


def _looping(notebook: Notebook, choose: random.Random) -> Notebook:
    choose.choice(_answers(notebook))["source"] = "while True: pass"
    return notebook


_KINDS: dict[str, tuple[int, Callable[[Notebook, random.Random], Notebook | str]]] = {
    "right": (40, lambda notebook, _: notebook),
    "with two answers missing": (26, _wrong),
    "with two errors": (16, lambda notebook, choose: _wrong(notebook, choose, "raise ValueError('?')")),
    "with a fifth of the cells gone": (12, _missing),
    "no notebook at all": (4, lambda _, __: "this is my homework"),
    "with an endless loop": (2, _looping),
}
"""Kind -> out of a hundred, and how it is made of a solved notebook."""


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))

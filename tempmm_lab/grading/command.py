"""The command `tempmm-lab grade`: a folder of submissions in, results and feedback out.

Exit status: 0 all graded, 1 some could not be graded, 2 misuse, 3 stopped before the end.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tempmm_lab.errors import ModelError
from tempmm_lab.progress import counter

if TYPE_CHECKING:
    from tempmm_lab.grading.journal import Journal
    from tempmm_lab.grading.limits import Limits
    from tempmm_lab.grading.marking import Job
    from tempmm_lab.grading.sandbox import Sandbox
    from tempmm_lab.grading.submissions import Found

GRADED, SOME_NOT, STOPPED = 0, 1, 3
UNSAFE = (
    "--unsafe: no sandbox. What students handed in can read and change whatever you can, these results among it. "
    "Do this only where nothing is to be lost."
)


def add_grading(command: Any) -> None:
    """Add the command to the parser of `tempmm-lab`; `command` makes one."""
    graded = command(grade_command, "grade", "grade a folder of submissions, each in a sandbox")
    graded.add_argument("folder", type=Path, metavar="DIR", help="holds one folder per student, with notebooks in it")
    graded.add_argument("--out", type=Path, help="where results go (default: DIR-grades, beside DIR)")
    graded.add_argument("--secret", type=Path, metavar="FILE", help="the course's secret, which the variants come from")
    graded.add_argument("--jobs", type=int, default=0, metavar="N", help="how many at a time (default: one per CPU)")
    graded.add_argument("--fresh", action="store_true", help="grade everything again, whatever was graded before")
    graded.add_argument("--unsafe", action="store_true", help="without a sandbox: only for what you trust")


def grade_command(chosen: argparse.Namespace) -> int:
    """Grade, and say where the results are."""
    if chosen.jobs < 0 or chosen.jobs > 61:
        raise ModelError("--jobs is a number from 1 to 61.")
    if chosen.unsafe:
        print(UNSAFE, file=sys.stderr)  # noqa: T201
    hide = [] if chosen.secret is None else [chosen.secret.absolute()]
    status, said = grade_folder(
        chosen.folder, chosen.out, secret=_secret(chosen.secret), count=chosen.jobs or os.cpu_count() or 1,
        fresh=chosen.fresh, unsafe=chosen.unsafe, told=counter("graded"), hide=hide,
    )  # fmt: skip
    print(said)  # noqa: T201
    return status


def _secret(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror}.") from None


def grade_folder(
    folder: Path, out: Path | None = None, *, secret: bytes | None = None, executor: Executor | None = None,
    count: int = 1, fresh: bool = False, unsafe: bool = False, limits: Limits | None = None,
    told: Callable[[int, int], None] = lambda _done, _total: None, hide: Sequence[Path] = (),
) -> tuple[int, str]:  # fmt: skip
    """Grade a folder of submissions and write the results; give the exit status and a few lines about it.

    Args:
        folder: holds a folder for each student, with the student's notebooks anywhere in it.
        out: where results go: `results.csv`, `results.json`, `index.html`, and a page for each student in `feedback`.
        secret: the course's secret; without it everybody has variant 0.
        executor: any `concurrent.futures.Executor`; without one, processes of this machine.
        count: how many of them.
        fresh: forget what was graded before. Otherwise only what is new or changed is graded.
        unsafe: run students' code without a sandbox.
        limits: what a submission may use, if not the usual.
        told: called with (done, in all).
        hide: what students' code must not be able to read, besides all that was handed in.

    Raises:
        ModelError: there is nothing to grade, no sandbox, or the folder holds results of another kind.
    """
    from tempmm_lab.grading.journal import Journal, judging_secret
    from tempmm_lab.grading.limits import LIMITS
    from tempmm_lab.grading.marking import fingerprint
    from tempmm_lab.grading.sandbox import find_sandbox
    from tempmm_lab.grading.submissions import submissions

    found, others = submissions(folder)
    place = _place(folder, out)
    sandbox = find_sandbox(unsafe=unsafe, hide=[*hide, *(one.file.absolute() for one in found)][:50])
    _prepare(place, fresh=fresh)
    known = judging_secret(place) if secret is None else secret
    with Journal(place, fingerprint(known, course=secret is not None, sandbox=sandbox.name)) as journal:
        jobs = _jobs(found, known, course=secret is not None, sandbox=sandbox, limits=limits or LIMITS)
        complete = _run(jobs, journal, lambda done: told(done, len(found)), executor, count)
        status = _written(place, found, others, journal, sandbox.name, complete=complete)
    return status, _summary(place, found, journal, status)


def _place(folder: Path, out: Path | None) -> Path:
    from tempmm_lab.assess.exercises.exercise import has_keys

    if not has_keys():
        raise ModelError("This copy of the book has no keys, so nothing can be graded with it.")
    here = folder.resolve()
    place = (out or here.with_name(f"{here.name}-grades")).resolve()
    if place == here or here in place.parents:
        raise ModelError(f"{place} is among the submissions. Give another --out.")
    return place


def _prepare(place: Path, *, fresh: bool) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
        if fresh:
            (place / "journal.jsonl").unlink(missing_ok=True)
            shutil.rmtree(place / "feedback", ignore_errors=True)
        (place / "feedback").mkdir(exist_ok=True)
    except OSError as error:
        raise ModelError(f"Cannot write in {place}: {error.strerror}.") from None


def _jobs(found: Sequence[Found], secret: bytes, *, course: bool, sandbox: Sandbox, limits: Limits) -> Iterator[Job]:
    from tempmm_lab.grading.marking import Job
    from tempmm_lab.grading.reading import Unreadable, read_bytes

    for one in found:
        content, why = None, one.why
        if not why:
            try:
                content = read_bytes(one.file, limits)
            except Unreadable as error:
                why = str(error)
        yield Job(one.student, one.path, content, secret, course, sandbox, limits, why)


def _run(
    jobs: Iterator[Job], journal: Journal, told: Callable[[int], None], executor: Executor | None, count: int
) -> bool:
    """Grade; give False if that was stopped."""
    from tempmm_lab.grading.batch import grade_all

    try:
        grade_all(jobs, journal, told, executor=executor, count=count)
    except KeyboardInterrupt:
        return False
    return True


def _written(
    place: Path, found: Sequence[Found], others: Sequence[str], journal: Journal, sandbox: str, *, complete: bool
) -> int:
    """Write all results that are known, and give the exit status."""
    import json

    from tempmm_lab.grading.journal import write_whole
    from tempmm_lab.grading.pages import overview, student_page
    from tempmm_lab.grading.results import all_graded, as_csv, as_json, by_student, student_data

    known = [journal.known[one.student, one.path] for one in found if (one.student, one.path) in journal.known]
    students = by_student(known)
    for student in students:
        write_whole(place / "feedback" / f"{student.file}.html", student_page(student))
        write_whole(place / "feedback" / f"{student.file}.json", json.dumps(student_data(student), indent=1) + "\n")
    write_whole(place / "results.json", as_json(students, complete=complete, others=others))
    write_whole(place / "results.csv", as_csv(students))
    write_whole(place / "index.html", overview(students, complete=complete, sandbox=sandbox, others=others))
    return STOPPED if not complete else GRADED if all_graded(students) else SOME_NOT


def _summary(place: Path, found: Sequence[Found], journal: Journal, status: int) -> str:
    known = [journal.known.get((one.student, one.path)) for one in found]
    done = sum(one is not None and one["status"] == "graded" for one in known)
    lines = [f"{one['student']}/{one['path']}: {one['why']}" for one in known if one and one["status"] != "graded"]
    from tempmm_lab.grading.strict import shown

    told = [f"  {shown(line)}" for line in lines[:20]] + ([f"  and {len(lines) - 20} more"] if len(lines) > 20 else [])
    end = " Stopped before the end: the same command goes on." if status == STOPPED else ""
    return "\n".join([*told, f"{done} of {len(known)} graded.{end} Results: {place}"])

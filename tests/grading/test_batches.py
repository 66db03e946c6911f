"""Batches: any executor gives the same results, and one that was stopped or killed goes on where it was."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tempmm_lab import ModelError
from tempmm_lab.assess.exercises.draws import seed_of
from tempmm_lab.cli import main
from tempmm_lab.grading import batch
from tempmm_lab.grading.command import grade_folder
from tempmm_lab.grading.journal import Journal
from tempmm_lab.grading.limits import Limits
from tempmm_lab.grading.marking import Job, grade
from tempmm_lab.grading.sandbox import Bubblewrap
from tests.grading.notebooks import NAME, dumped, hand_in, solved, with_cells

SECRET = b"a secret of at least 16 bytes"


class AtOnce(Executor):
    """Runs everything when it is handed in."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _six(folder: Path) -> Path:
    for number in range(6):
        source = f"answer_indices = {number}" if number % 2 else "raise ValueError"
        hand_in(folder, f"s{number}", with_cells(ch01_indices_answer=source))
    return folder


def _texts(place: Path) -> dict[str, str]:
    files = sorted(path for path in place.rglob("*") if path.is_file() and "journal" not in path.name)
    return {path.relative_to(place).as_posix(): path.read_text(encoding="utf-8") for path in files}


@pytest.mark.parametrize("made", [AtOnce, lambda: ThreadPoolExecutor(2), lambda: ProcessPoolExecutor(2)],
                         ids=["here", "threads", "processes"])  # fmt: skip
@pytest.mark.usefixtures("sandbox")
def test_any_executor_gives_the_same(made: Callable[[], Executor], tmp_path: Path) -> None:
    """Every file of the results is the same, to the letter, whoever graded."""
    folder = _six(tmp_path / "in")
    grade_folder(folder, tmp_path / "own", secret=SECRET, count=2)
    with made() as executor:
        status, _ = grade_folder(folder, tmp_path / "given", secret=SECRET, executor=executor)
    assert status == 0
    assert _texts(tmp_path / "given") == _texts(tmp_path / "own")


COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may have it ignored
from tempmm_lab.cli import main
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


def _started(folder: Path, out: Path, secret: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", COMMAND, "grade", str(folder), "--out", str(out), "--secret", str(secret)]
    return subprocess.Popen([*command, "--jobs", "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def _lines(out: Path) -> int:
    journal = out / "journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def _running(student: str) -> bool:
    """Say whether a process of a student's is there: the seeds stand in its arguments."""
    seed = str(seed_of(SECRET, student, "ch01-order")).encode()
    lines = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            lines.append(process.read_bytes())
    return any(seed in line for line in lines)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
@pytest.mark.usefixtures("sandbox")
def test_what_was_stopped_goes_on(how: signal.Signals, tmp_path: Path) -> None:
    """After kill -9 or Ctrl-C in the middle, the same command grades the rest, and the end is the same."""
    folder, secret, out = _six(tmp_path / "in"), tmp_path / "secret", tmp_path / "out"
    secret.write_bytes(SECRET)
    hand_in(folder, "s3", with_cells(ch01_indices_answer="import time\ntime.sleep(8)"))  # something is always running
    process = _started(folder, out, secret)
    _until(lambda: _lines(out) >= 3)
    process.send_signal(how)
    said, _ = process.communicate(timeout=60)
    before = (out / "journal.jsonl").read_bytes()
    assert 3 <= before.count(b"\n") < 7
    _until(lambda: not _running("s3"))
    if how is signal.SIGINT:
        assert process.returncode == 3
        assert b"the same command goes on" in said
        assert not json.loads((out / "results.json").read_text(encoding="utf-8"))["complete"]
    assert main(["grade", str(folder), "--out", str(out), "--secret", str(secret), "--jobs", "2"]) == 0
    assert (out / "journal.jsonl").read_bytes().startswith(before)
    assert _lines(out) == 7
    grade_folder(folder, tmp_path / "whole", secret=SECRET, count=2)
    assert _texts(out) == _texts(tmp_path / "whole")


@pytest.mark.usefixtures("sandbox")
def test_only_what_changed_is_graded_again(tmp_path: Path) -> None:
    """A second run grades nothing; a changed notebook is graded again, and no other."""
    folder = _six(tmp_path / "in")
    grade_folder(folder, secret=SECRET, count=2)
    grade_folder(folder, secret=SECRET, count=2)
    assert _lines(tmp_path / "in-grades") == 7
    hand_in(folder, "s2", dumped(solved()))
    grade_folder(folder, secret=SECRET, count=2)
    assert _lines(tmp_path / "in-grades") == 8


@pytest.mark.usefixtures("sandbox")
def test_another_secret_needs_a_fresh_start(tmp_path: Path) -> None:
    """Marks of two ways of grading are never mixed: with another secret the command refuses until told `--fresh`."""
    folder = tmp_path / "in"
    hand_in(folder, "anna", dumped(solved()))
    (tmp_path / "secret").write_bytes(SECRET)
    assert main(["grade", str(folder), "--jobs", "1"]) == 0
    assert main(["grade", str(folder), "--jobs", "1", "--secret", str(tmp_path / "secret")]) == 2
    assert main(["grade", str(folder), "--jobs", "1", "--secret", str(tmp_path / "secret"), "--fresh"]) == 0


@pytest.mark.usefixtures("sandbox")
def test_an_exercise_that_cannot_be_judged_in_time_costs_nobody_else(sandbox: Bubblewrap) -> None:
    """Where our own judging takes too long it is stopped, that exercise gets nothing, and the others are judged."""
    job = Job("anna", NAME, dumped(solved()), SECRET, course=True, sandbox=sandbox, limits=Limits(judging=0.002))
    marks = {mark["name"]: mark for mark in grade(job)["exercises"]}
    assert marks["ch01-build"]["state"] == "lost"
    assert "could not be judged within" in marks["ch01-build"]["messages"][-1]
    assert marks["ch01-corrupt"]["points"] == 8


def _kills_the_grader(job: Any) -> Any:
    """Stand in for `grade` where a submission brings our own process down."""
    if job.student == "s1":
        os.kill(os.getpid(), signal.SIGKILL)
    return {
        "student": job.student,
        "path": job.path,
        "digest": job.digest,
        "again": False,
        "status": "graded",
        "why": "",
    }


def test_a_grader_that_dies_loses_nobody_else(
    sandbox: Bubblewrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a submission ends our own process, it is tried alone, told as not graded, and all the others are graded."""
    monkeypatch.setattr(batch, "grade", _kills_the_grader)
    jobs = [Job(f"s{number}", NAME, b"", SECRET, course=True, sandbox=sandbox) for number in range(6)]
    with Journal(tmp_path, "x") as journal:
        batch.grade_all(jobs, journal, lambda _: None, count=2)
    told = {student: result["status"] for (student, _), result in journal.known.items()}
    assert told == {f"s{number}": "not graded" if number == 1 else "graded" for number in range(6)}


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    """A journal that ends in half a line, or in rubbish, keeps all that is whole before it."""
    with Journal(tmp_path, "x") as journal:
        journal.add({"student": "a", "path": "p", "digest": "d"})
        journal.add({"student": "b", "path": "p", "digest": "d"})
    whole = journal.path.read_bytes()
    for rest in (b'{"student": "c", "pa', b"\xff\xfe\n", b'{"student": 1}\n', b"\n\n"):
        journal.path.write_bytes(whole + rest)
        with Journal(tmp_path, "x") as again:
            assert sorted(again.known) == [("a", "p"), ("b", "p")]
        assert journal.path.read_bytes() == whole


def test_two_graders_do_not_share_a_folder(tmp_path: Path) -> None:
    """While one is at work a second is refused, and so is one with another secret afterwards."""
    with Journal(tmp_path, "x"), pytest.raises(ModelError, match="Another grader is at work"):
        Journal(tmp_path, "x")
    with pytest.raises(ModelError, match="graded in another way"):
        Journal(tmp_path, "y")


@pytest.mark.slow
@pytest.mark.usefixtures("sandbox")
def test_dask_gives_the_same(tmp_path: Path) -> None:
    """A Dask client's executor gives the same files."""
    distributed = pytest.importorskip("distributed")
    folder = _six(tmp_path / "in")
    grade_folder(folder, tmp_path / "own", secret=SECRET, count=2)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        grade_folder(folder, tmp_path / "given", secret=SECRET, executor=client.get_executor())
    assert _texts(tmp_path / "given") == _texts(tmp_path / "own")

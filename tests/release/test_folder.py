"""The command `tempmm-lab release`: the same again, late joiners, another secret, a run that was stopped."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tempmm_lab import progress
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.draws import seed_of
from tempmm_lab.cli import main
from tempmm_lab.release.archive import BOOK
from tempmm_lab.release.command import add_release
from tempmm_lab.release.secret import fingerprint

SECRET = b"a secret of this test only, 32 b"
Release = Callable[..., int]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a list of two students and a secret, which is the current one."""
    (tmp_path / "students.csv").write_text("student\nanna\nben\n", encoding="utf-8")
    (tmp_path / "secret").write_bytes(SECRET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _release(*more: str, file: str = "secret") -> int:
    return main(["release", "--students", "students.csv", "--secret", file, "--out", "out", *more])


def _there(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_late_joiners_get_theirs(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same command with a longer list makes what is new, and leaves every other byte as it was."""
    assert _release() == 0
    before = _there(course / "out")
    (course / "students.csv").write_text("student\nanna\nben\ncleo\n", encoding="utf-8")
    capsys.readouterr()
    assert _release() == 0
    after = _there(course / "out")
    assert "1 archives made, 2 there already" in capsys.readouterr().out
    assert set(after) - set(before) == {"cleo.zip"}
    assert all(after[name] == before[name] for name in before if name != "release.json")
    assert json.loads(after["release.json"])["students"] == {name: f"{name}.zip" for name in ("anna", "ben", "cleo")}


def test_a_damaged_archive_is_made_again(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An archive that is not what it should be is replaced and named; one of nobody in the list is left, and named."""
    assert _release() == 0
    whole = (course / "out" / "anna.zip").read_bytes()
    (course / "out" / "anna.zip").write_bytes(whole[:1000])
    (course / "students.csv").write_text("student\nanna\n", encoding="utf-8")
    assert _release() == 0
    said = capsys.readouterr().out
    assert (course / "out" / "anna.zip").read_bytes() == whole
    assert "Made again, because they were not as they should be: anna." in said
    assert "Of nobody in the list, and left alone: ben.zip." in said


def test_another_secret_is_refused(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Archives of another secret are not mixed with these, unless everything is made again; then none of them stays."""
    assert _release() == 0
    before = _there(course / "out")
    (course / "other").write_bytes(SECRET[::-1])
    assert _release(file="other") == 2
    assert "another secret" in capsys.readouterr().err
    assert _there(course / "out") == before
    (course / "students.csv").write_text("student\nanna\n", encoding="utf-8")
    (course / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    assert _release("--fresh", file="other") == 0
    assert sorted(_there(course / "out")) == ["anna.zip", "notes.txt", "release.json"]
    assert (course / "out" / "anna.zip").read_bytes() != before["anna.zip"]


@pytest.mark.parametrize("more", [["--only", "3"], ["--hand-in", "In Moodle, under Week 3."], ["--seeds-only"]])
def test_another_release_is_refused(course: Path, more: list[str]) -> None:
    """Into a folder of archives goes nothing that was made in another way; elsewhere it does."""
    assert _release() == 0
    before = _there(course / "out")
    assert _release(*more) == 2
    assert _there(course / "out") == before
    assert main(["release", "--students", "students.csv", "--secret", "secret", "--out", "more", *more]) == 0


def test_a_folder_that_nobody_wrote_down_is_refused(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Archives without what says which secret they are of are not added to; a spoiled one counts as none."""
    assert _release() == 0
    for text in ("{", "[]", '{"students": 3}'):
        (course / "out" / "release.json").write_text(text, encoding="utf-8")
        assert _release() == 2
    (course / "out" / "release.json").unlink()
    assert _release() == 2
    assert "without a release.json" in capsys.readouterr().err


def test_a_forged_record_deletes_nothing_elsewhere(course: Path) -> None:
    """`--fresh` deletes what was made for students, and a name that leads out of the folder is none of theirs."""
    (course / "precious").mkdir()
    (course / "out").mkdir()
    said = {"students": {"../precious": "x", "..": "x", ".": "x", "": "x", str(course / "precious"): "x"}}
    (course / "out" / "release.json").write_text(json.dumps(said), encoding="utf-8")
    assert _release("--fresh") == 0
    assert (course / "precious").is_dir()
    assert (course / "students.csv").is_file()


def test_a_new_secret(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new secret has 32 bytes that only its owner can read; it is never overwritten, and nothing tells it."""
    words = ["release", "--students", "students.csv", "--new-secret", "made", "--out", "out"]
    assert main(words) == 0
    made = (course / "made").read_bytes()
    assert len(made) == 32
    assert os.name == "nt" or stat.S_IMODE((course / "made").stat().st_mode) == 0o600
    assert main(words) == 2
    assert "stays as it is" in capsys.readouterr().err
    assert (course / "made").read_bytes() == made
    assert _release(file="made") == 0
    record = (course / "out" / "release.json").read_bytes()
    assert made not in record
    assert made.hex().encode() not in record
    assert json.loads(record)["secret"] == fingerprint(made)
    assert main([*words[:4], "third", *words[5:]]) == 2  # archives of another secret are there
    assert not (course / "third").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--secret", "none"], "There is no file"),
        (["--secret", "students.csv", "--only", "77"], "No notebook of exercises is called '77'"),
        (["--secret", "short"], "has 5 bytes; it needs 16"),
        (["--secret", "out/secret"], "must not lie in"),
        (["--new-secret", "out/secret"], "must not lie in"),
        (["--new-secret", "nowhere/secret"], "Cannot write"),
        (["--secret", "secret", "--seeds-only", "--only", "3"], "leave out --only"),
        (["--secret", "secret", "--out", "students.csv"], "Cannot write"),
    ],
)
def test_misuse_is_told(course: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is asked for wrongly ends with 2 and a sentence, and nothing is made."""
    (course / "short").write_bytes(b"short")
    assert main(["release", "--students", "students.csv", "--out", "out", *words]) == 2
    assert says in capsys.readouterr().err
    assert not (course / "out").exists()


def test_a_secret_is_needed(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a secret, or with two, nothing is made."""
    assert course
    for words in ([], ["--secret", "secret", "--new-secret", "new"]):
        with pytest.raises(SystemExit):
            main(["release", "--students", "students.csv", *words])
    assert "--new-secret" in capsys.readouterr().err
    assert add_release


def test_seeds_only(course: Path) -> None:
    """`--seeds-only` writes a folder for each student with the seeds in it, the same as in an archive, and no more."""
    assert _release("--seeds-only") == 0
    assert sorted(_there(course / "out")) == ["anna/tempmm-seeds.json", "ben/tempmm-seeds.json", "release.json"]
    assert main(["release", "--students", "students.csv", "--secret", "secret", "--out", "archives"]) == 0
    inside = zipfile.ZipFile(course / "archives" / "anna.zip").read(f"{BOOK}/tempmm-seeds.json")
    assert (course / "out" / "anna" / "tempmm-seeds.json").read_bytes() == inside
    assert json.loads(inside)["seeds"] == {name: seed_of(SECRET, "anna", name) for name in EXERCISES}


def test_fresh_seeds_leave_a_students_work(course: Path) -> None:
    """`--fresh` deletes seeds, and nothing that a student may have put beside them."""
    assert _release("--seeds-only") == 0
    (course / "out" / "anna" / "mine.ipynb").write_text("{}", encoding="utf-8")
    (course / "students.csv").write_text("student\ncleo\n", encoding="utf-8")
    assert _release("--seeds-only", "--fresh") == 0
    assert sorted(_there(course / "out")) == ["anna/mine.ipynb", "cleo/tempmm-seeds.json", "release.json"]
    assert not (course / "out" / "ben").exists()


def test_progress_is_told_after_a_second(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What takes longer than a second says on stderr how far it is."""
    clock = iter(range(100))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    assert course
    assert _release("--seeds-only") == 0
    assert capsys.readouterr().err == "2 of 2 made\n"


@pytest.mark.skipif(os.name == "nt", reason="no such signal there")
@pytest.mark.parametrize("how", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_run_that_is_stopped_leaves_no_half_archive(course: Path, how: signal.Signals) -> None:
    """However it is stopped, each archive is whole or not there, and the same command makes the others."""
    (course / "students.csv").write_text("\n".join(f"s{number}" for number in range(60)), encoding="utf-8")
    words = [sys.executable, "-m", "tempmm_lab", "release", "--students", "students.csv", "--secret", "secret"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    running = subprocess.Popen([*words, "--out", "out"], env=environment, stderr=subprocess.DEVNULL)
    while running.poll() is None and len(list((course / "out").glob("*.zip"))) < 3:
        time.sleep(0.001)
    running.send_signal(how)
    assert running.wait() in (3, -how, 0)
    made = list((course / "out").glob("*.zip"))
    assert made
    assert all(zipfile.ZipFile(path).testzip() is None for path in made[:20])
    assert _release() == 0
    assert len(list((course / "out").glob("*.zip"))) == 60
    assert not list((course / "out").glob(".*"))

"""The command line: its exit statuses, its answers, and its words for misuse."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tempmm_lab import SNAPSHOTS, book, cli, load_snapshot

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = re.compile(r"  (\d\d|[A-Z]) +\S")


def _command(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the command as a reader does, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    words = [sys.executable, "-m", "tempmm_lab", *arguments]
    return subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_list_names_every_chapter_and_guest(capsys: pytest.CaptureFixture[str]) -> None:
    """`list` prints one line for each chapter and for each recorded guest."""
    assert cli.main(["list"]) == cli.HOLDS
    lines = capsys.readouterr().out.splitlines()
    listed = [line.split() for line in lines if CHAPTER.match(line)]
    assert listed == [str(chapter).split() for chapter in book.chapters()]
    assert set(SNAPSHOTS) <= {line.split()[0] for line in lines}


def test_walk_of_a_mapped_address_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """`walk` of a mapped address prints the picture's text twin and gives 0."""
    assert cli.main(["walk", "user", "0x401000"]) == cli.HOLDS
    walk = load_snapshot("user").walk(0x401000)
    assert walk.pa is not None
    assert f"{int(walk.pa):#x}" in capsys.readouterr().out


def test_walk_reads_an_address_without_0x(capsys: pytest.CaptureFixture[str]) -> None:
    """An address is hexadecimal with and without 0x."""
    cli.main(["walk", "user", "401000"])
    without = capsys.readouterr().out
    cli.main(["walk", "user", "0x401000"])
    assert capsys.readouterr().out == without


def test_walk_reads_a_symbol(capsys: pytest.CaptureFixture[str]) -> None:
    """A name of the snapshot stands for its address."""
    symbol, va = next(iter(load_snapshot("user").symbols.items()))
    cli.main(["walk", "user", symbol, "--cpl", "0"])
    by_name = capsys.readouterr().out
    cli.main(["walk", "user", f"{int(va):x}", "--cpl", "0"])
    assert capsys.readouterr().out == by_name


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["user", "0x401000", "--access", "execute"], cli.HOLDS),
        (["user", "0x401000", "--access", "write"], cli.BROKEN),  # the program's code is read-only
        (["user", "_text"], cli.BROKEN),  # kernel text, from user mode
        (["user", "_text", "--cpl", "0"], cli.HOLDS),
        (["user", "_text", "--cpl", "0", "--access", "execute"], cli.HOLDS),
        (["user", "_text", "--cpl", "0", "--access", "write"], cli.BROKEN),
        (["user", "0x8000000000000000"], cli.BROKEN),  # not canonical
    ],
)
def test_walk_gives_1_for_a_fault(arguments: list[str], status: int) -> None:
    """Access and privilege level decide between 0, mapped, and 1, a fault."""
    if "_text" in arguments and "_text" not in load_snapshot("user").symbols:
        arguments = ["_stext" if word == "_text" else word for word in arguments]
    assert cli.main(["walk", *arguments]) == status


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["walk", "user"],
        ["walk", "nobody", "0x1000"],
        ["walk", "user", "no-such-name"],
        ["walk", "user", "1" + "0" * 16],
        ["walk", "user", "--", "-1"],
        ["walk", "user", "0x1000", "--cpl", "4"],
        ["walk", "user", "0x1000", "--access", "jump"],
        ["open", "no-such-chapter"],
        ["copy"],
        ["copy", "README.md"],
        ["copy", "chapters"],
        ["check"],
        ["check", "no-such-file.ipynb"],
        ["release", "--students", "README.md"],
        ["release", "--students", "no-such-file", "--secret", "README.md"],
    ],
    ids=" ".join,
)
def test_misuse_gives_2_and_a_sentence(arguments: list[str]) -> None:
    """Whatever is typed wrong gives 2, a message on stderr, nothing on stdout, and no traceback."""
    done = _command(*arguments)
    assert done.returncode == cli.MISUSE
    assert done.stdout == ""
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_copy_says_what_it_did(tmp_path: Path) -> None:
    """`copy` prints one line per chapter and notebook of exercises, and the files are there."""
    done = _command("copy", "mine", cwd=tmp_path)
    assert done.returncode == cli.HOLDS, done.stderr
    assert len(done.stdout.splitlines()) == len(book.chapters()) + len(book.exercise_notebooks())
    assert len(list((tmp_path / "mine").glob("*.ipynb"))) == len(book.chapters())


def test_forget_deletes_the_predictions(tmp_path: Path) -> None:
    """`forget` deletes the working folder's predictions, and says so also when there are none."""
    kept = tmp_path / "predictions.json"
    kept.write_text('{"format": 1, "answers": {}}', encoding="utf-8")
    for _ in range(2):
        done = _command("forget", "--dir", str(tmp_path))
        assert (done.returncode, kept.exists()) == (cli.HOLDS, False), done.stderr
        assert done.stdout.strip()


def test_ctrl_c_is_undecided(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C gives 3 and one line, no traceback."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(book, "chapters", interrupted)
    assert cli.main(["list"]) == cli.UNDECIDED
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="pipes end differently on Windows")
def test_a_closed_pipe_is_no_error() -> None:
    """`tempmm-lab list | head -0` ends without a traceback."""
    read, write = os.pipe()
    os.close(read)
    words = [sys.executable, "-m", "tempmm_lab", "list"]
    done = subprocess.run(words, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (cli.HOLDS, "")

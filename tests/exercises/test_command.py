"""`tempmm-lab exercise`: any variant, its key on demand, and a course's key only with the course's secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.draws import seed_of
from tempmm_lab.cli import main

SECRET = b"a secret of this test only, 32 b"


@pytest.mark.parametrize("name", EXERCISES)
def test_a_task_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The task is printed without its key, and with it on demand."""
    assert main(["exercise", name, "--seed", "3"]) == 0
    task = capsys.readouterr().out
    assert EXERCISES[name].variant(3).text in task
    assert main(["exercise", name, "--seed", "3", "--key"]) == 0
    with_key = capsys.readouterr().out
    assert with_key.startswith(task)
    assert len(with_key) > len(task) + 20


def test_json_is_the_variant(capsys: pytest.CaptureFixture[str]) -> None:
    """--json gives facts, text and key as plain data."""
    assert main(["exercise", "ch01-walk", "--seed", "0x11", "--key", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    one = EXERCISES["ch01-walk"]
    assert (said["seed"], said["facts"], said["key"]) == (17, one.variant(17).facts, one.key(17))


def test_a_courses_key_needs_its_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The key to a student's seed is printed to who has the secret it was made from, and names the student."""
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "other").write_bytes(SECRET[::-1])
    seed = str(seed_of(SECRET, "ada", "ch01-walk"))
    asked = ["exercise", "ch01-walk", "--seed", seed]
    assert main(asked) == 0
    assert main([*asked, "--key"]) == 2
    assert main([*asked, "--key", "--secret", str(tmp_path / "other"), "--student", "ada"]) == 2
    assert main([*asked, "--key", "--secret", str(tmp_path / "secret"), "--student", "bob"]) == 2
    assert main([*asked, "--key", "--secret", str(tmp_path / "none"), "--student", "ada"]) == 2
    assert "A right answer" not in capsys.readouterr().out
    assert main([*asked, "--key", "--secret", str(tmp_path / "secret"), "--student", "ada"]) == 0
    assert "A right answer" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["ch01-wlak"], ["ch01-walk", "--seed", "x"], ["ch01-walk", "--seed", "-1"]])
def test_misuse_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong name or seed ends with status 2 and one line on stderr."""
    assert main(["exercise", *words]) == 2
    assert capsys.readouterr().err.startswith("tempmm-lab: ")


def test_the_list_names_them(capsys: pytest.CaptureFixture[str]) -> None:
    """`tempmm-lab list` names every exercise with its kind and points."""
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert all(f"  {name}" in printed and str(one) in printed for name, one in EXERCISES.items())

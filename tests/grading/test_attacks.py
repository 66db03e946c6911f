"""Every attack earns what it must and no more, is told why, and changes nothing for anybody else."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tempmm_lab.assess.exercises.draws import seed_of
from tempmm_lab.grading.command import grade_folder
from tempmm_lab.grading.limits import Limits
from tests.grading import attack_files, attack_kernel, attack_processes, attack_reading, attack_tricks  # noqa: F401  (note attacks)
from tests.grading.attacks import ATTACKS, Attack
from tests.grading.notebooks import FULL, hand_in, with_cells

SECRET = b"planted-in-the-secret, 32 bytes or more"
QUICK = Limits(wall=60, exercise=5, judging=6, cell=3, call=2, cpu=6, memory=160 << 20)
HONEST = ("anna", "zoe")
pytestmark = pytest.mark.usefixtures("sandbox")


@dataclass
class Graded:
    """One batch with all attacks in it, between two students who did nothing wrong."""

    status: int
    students: dict[str, dict[str, Any]]
    alone: dict[str, dict[str, Any]]
    out: Path


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    """Changes that are taken back when the tests of this file are over."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch) -> Graded:
    """Grade the honest alone, and then everybody at once."""
    monkeypatch_module.setenv("PLANTED", "planted-in-the-environment")
    folder = tmp_path_factory.mktemp("attacks")
    honest = with_cells(x01_028="planted-in-anna")
    for place in ("alone", "all"):
        for name in HONEST:
            hand_in(folder / place, name, honest)
    for number, attack in enumerate(ATTACKS):
        hand_in(folder / "all", f"m{number:03}", attack.content, attack.file)
    with socket.socket(socket.AF_UNIX) as listening:  # the network attack tries to reach it
        with contextlib.suppress(OSError):  # another run of this test has it
            listening.bind("\0planted-by-the-test")
            listening.listen()
        alone, _ = _results(folder, "alone")
        students, status = _results(folder, "all")
    return Graded(status, students, alone, folder / "all-grades")


def _results(folder: Path, place: str) -> tuple[dict[str, dict[str, Any]], int]:
    status, _ = grade_folder(folder / place, secret=SECRET, count=2, limits=QUICK)
    said = json.loads((folder / f"{place}-grades" / "results.json").read_text(encoding="utf-8"))
    return {student["student"]: student for student in said["students"]}, status


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_earns_nothing(attack: Attack, graded: Graded) -> None:
    """An attack is worth what it must be worth, part by part, and its student is told what was wrong."""
    (result,) = graded.students[f"m{ATTACKS.index(attack):03}"]["notebooks"]
    told = json.dumps(result, ensure_ascii=False)
    assert result["status"] == ("not graded" if attack.points is None else "graded"), told
    assert result["points"] == (attack.points or 0), told
    assert attack.says in told, told
    if attack.points is not None and result["of"] == sum(FULL.values()):
        assert all(mark["points"] in (0, FULL[mark["name"]]) for mark in result["exercises"])


@pytest.mark.parametrize("name", HONEST)
def test_nobody_elses_mark_changes(name: str, graded: Graded) -> None:
    """Who is graded beside all the attacks gets, to the letter, what they get alone: everything."""
    assert graded.students[name] == graded.alone[name]
    assert graded.students[name]["points"] == sum(FULL.values())


def test_nothing_leaks(graded: Graded) -> None:
    """Neither the secret, nor another's text, nor a key is in anything that was written for the attackers."""
    for path in (graded.out / "feedback").glob("m*"):
        text = path.read_text(encoding="utf-8")
        assert "planted-in-the-secret" not in text
        assert "planted-in-anna" not in text
        assert SECRET.hex() not in text


def test_pages_hold_no_markup_of_students(graded: Graded) -> None:
    """What students wrote stands in the pages as text."""
    for path in (graded.out / "feedback").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "\u202e" not in text
        assert "\x1b" not in text


def test_nothing_is_left_running(graded: Graded) -> None:
    """When a batch is over, no process of any student is."""
    assert graded.status == 1
    seeds = [str(seed_of(SECRET, name, "ch01-order")).encode() for name in graded.students]
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
        except OSError:
            continue
        left += [line for seed in seeds if seed in line]  # it stands in a worker's arguments, and in its children's
    assert left == []


def test_there_are_enough() -> None:
    """At least 40 attacks, each with a name of its own."""
    names = [attack.name for attack in ATTACKS]
    assert len(names) == len(set(names)) >= 40

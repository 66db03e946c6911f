"""The whole book, all attacks, and what goes wrong, through the real nbgrader. Slow."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tempmm_lab.grading.command import grade_folder
from tempmm_lab.grading.limits import Limits
from tests.grading import attack_files, attack_kernel, attack_processes, attack_reading, attack_tricks  # noqa: F401  (note attacks)
from tests.grading.attacks import ATTACKS
from tests.grading.nbgrader.course import CONFIG, hand_in, marks, shell
from tests.grading.notebooks import FULL, NAME, ROOT, dumped, solved

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("sandbox")]
PS = "ps1"
SECRET = b"planted-in-the-secret, 32 bytes or more"
QUICK = Limits(wall=60, exercise=5, judging=6, cell=3, call=2, cpu=6, memory=160 << 20)
SAYS = """
from tempmm_lab.grading.limits import Limits
from tempmm_lab.grading.nbgrader import configure
c = get_config()
configure(c, secret="../secret", limits={limits!r})
"""


def _course(base: Path, names: list[str], limits: Limits | None = None) -> Path:
    """Make a course with these solved notebooks as one assignment, up to what is handed out."""
    course = base / "course"
    (course / "source" / PS).mkdir(parents=True)
    (base / "secret").write_bytes(SECRET)
    (course / CONFIG).write_text(SAYS.format(limits=limits), encoding="utf-8")
    for name in names:
        shutil.copy(ROOT / "solutions" / name, course / "source" / PS)
    shell(f"nbgrader generate_assignment {PS}", course)
    return course


def _points(result: dict[str, Any]) -> dict[str, int]:
    return {one["name"]: one["points"] for one in result["exercises"]}


def test_every_chapter(tmp_path: Path) -> None:
    """Solved, all 15 notebooks get every point in nbgrader's gradebook; as they are handed out, none."""
    names = sorted(path.name for path in (ROOT / "solutions").glob("*.ipynb"))
    course = _course(tmp_path, names)
    for name in names:
        made = (course / "release" / PS / name).read_bytes()
        assert made.rstrip(b"\n") == (ROOT / "exercises" / name).read_bytes().rstrip(b"\n")
        hand_in(course, PS, "anna", name, (ROOT / "solutions" / name).read_bytes())
        hand_in(course, PS, "ben", name, made)
    shell(f"nbgrader autograde {PS} && nbgrader generate_feedback {PS}", course)
    found = marks(course, PS)
    for name in names:
        cells = json.loads((ROOT / "exercises" / name).read_bytes())["cells"]
        told = [one["metadata"]["nbgrader"] for one in cells if "nbgrader" in one["metadata"]]
        worth = {one["grade_id"]: one["points"] for one in told if one["grade"] and one["locked"]}
        words = [one["grade_id"] for one in told if one["grade"] and not one["locked"]]
        assert found["anna"][name[:-6]] == worth | dict.fromkeys(words)
        assert found["ben"][name[:-6]] == dict.fromkeys([*worth, *words], 0)
        for student in ("anna", "ben"):
            assert (course / "feedback" / student / PS / f"{name[:-6]}.html").stat().st_size > 10_000


def test_all_attacks(tmp_path: Path) -> None:
    """One run marks every attack, ends with 0, and gives what `tempmm-lab grade` gives; then everybody has feedback."""
    course = _course(tmp_path, [NAME], QUICK)
    attacks = {f"m{number:03}": attack for number, attack in enumerate(ATTACKS) if attack.file == NAME}
    for student, attack in attacks.items():
        hand_in(course, PS, student, NAME, attack.content)
    hand_in(course, PS, "anna", NAME, dumped(solved()))
    shell(f"nbgrader autograde {PS} && nbgrader generate_feedback {PS}", course)
    grade_folder(course / "submitted", tmp_path / "ours", secret=SECRET, count=2, limits=QUICK)
    said = json.loads((tmp_path / "ours" / "results.json").read_text(encoding="utf-8"))
    ours = {one["student"]: _points(one["notebooks"][0]) for one in said["students"]}
    found = marks(course, PS)
    assert found.keys() == ours.keys() == {"anna", *attacks}
    for student, points in ours.items():
        got = {name: found[student][NAME[:-6]][name] for name in FULL}
        assert got == (points or dict.fromkeys(FULL, 0)), student
        assert sum(got.values()) == ((attacks[student].points or 0) if student in attacks else sum(FULL.values()))
        page = (course / "feedback" / student / PS / f"{NAME[:-6]}.html").read_text(encoding="utf-8")
        assert not [sign for sign in ("<script>alert", "\x1b", "\u202e", SECRET.decode(), SECRET.hex()) if sign in page]


def test_what_goes_wrong(tmp_path: Path) -> None:
    """What the document says under *What goes wrong*: who is refused and why, and how the others go on."""
    course = _course(tmp_path, [NAME])
    content = dumped(solved())
    hand_in(course, PS, "anna", NAME, content)
    hand_in(course, PS, "ben", "my homework.ipynb", content)
    hand_in(course, PS, "cleo", NAME, content)
    hand_in(course, PS, "cleo", "timestamp.txt", b"yesterday")
    hand_in(course, PS, "dora", NAME, content)
    hand_in(course, PS, "emil", "notes.txt", b"")
    (course / "submitted" / "emil" / PS / NAME).symlink_to(course / "submitted" / "dora" / PS / NAME)
    (tmp_path / "secret").rename(tmp_path / "elsewhere")
    said = shell(f"nbgrader autograde {PS}", course, status=1)
    assert f"Cannot read {tmp_path}/course/../secret" in said
    assert marks(course, PS)["anna"] == {NAME[:-6]: dict.fromkeys([*FULL, "ch01-corrupt-words"])}
    (tmp_path / "elsewhere").rename(tmp_path / "secret")
    said = shell(f"nbgrader autograde {PS}", course, status=1)
    assert "No notebooks found, did you forget to run" in said
    assert "'CourseDirectory' object has no attribute 'fail'" in said
    found = marks(course, PS)
    assert (
        {name: found["anna"][NAME[:-6]][name] for name in FULL}
        == FULL
        == {name: found["dora"][NAME[:-6]][name] for name in FULL}
    )
    assert {name: found["emil"][NAME[:-6]][name] for name in FULL} == dict.fromkeys(FULL, 0)
    hand_in(course, PS, "anna", NAME, (ROOT / "exercises" / NAME).read_bytes())
    assert "Skipping existing assignment" in shell(f"nbgrader autograde {PS} --student anna", course)
    assert marks(course, PS)["anna"] == found["anna"]
    shell(f"nbgrader autograde {PS} --student anna --force --no-execute", course)
    assert {name: marks(course, PS)["anna"][NAME[:-6]][name] for name in FULL} == dict.fromkeys(FULL, 0)

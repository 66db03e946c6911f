"""A course by the commands of docs/nbgrader.md: seven students, from what is handed out to the feedback they read."""

from __future__ import annotations

import csv
import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tempmm_lab.grading.command import grade_folder
from tempmm_lab.grading.limits import Limits
from tests.grading.nbgrader.course import CONFIG, blocks, hand_in, marks, shell
from tests.grading.nbgrader.handed_in import HALF, NAME, WORTH, handed_in
from tests.grading.notebooks import ROOT

PS, ALL = "ps1", sum(WORTH.values())
QUICK = Limits(cell=2)
STEM = NAME.removesuffix(".ipynb")
EARNED = {"anna": ALL, "ben": 0, "cleo": ALL - 4 - 7 + HALF, "dora": ALL - 8, "eve": ALL - 8, "fritz": ALL, "gina": 0}


@dataclass
class Course:
    """The course's folder, what nbgrader said while it marked, and our own results for the same files."""

    folder: Path
    log: str
    ours: dict[str, dict[str, Any]]

    def page(self, student: str) -> str:
        """Give a student's feedback."""
        return (self.folder / "feedback" / student / PS / f"{STEM}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Type what the document says; students hand in before the last of its blocks."""
    base = tmp_path_factory.mktemp("course")
    (base / "students.txt").write_text("\n".join(EARNED), encoding="utf-8")
    first, generate, mark = blocks("sh")
    (config,) = blocks("python")
    shell(first, base)
    folder = base / "osm"
    # An endless loop has ten seconds by default, which is long for a test.
    config = f"from tempmm_lab.grading.limits import Limits\n{config}".replace(
        'osm-secret"', 'osm-secret", limits=Limits(cell=2)'
    )
    (folder / CONFIG).write_text(config, encoding="utf-8")
    shell(generate, folder)
    for student, content in handed_in(str(base / "marker")).items():
        hand_in(folder, PS, student, NAME, content)
    (folder / "submitted" / "anna" / PS / "notes.txt").symlink_to(base / "osm-secret")
    log = shell(mark, folder)
    secret = (base / "osm-secret").read_bytes()
    grade_folder(folder / "submitted", base / "ours", secret=secret, limits=QUICK, hide=[folder / "source"])
    said = json.loads((base / "ours" / "results.json").read_text(encoding="utf-8"))
    return Course(folder, log, {one["student"]: one["notebooks"][0] for one in said["students"]})


pytestmark = pytest.mark.usefixtures("sandbox")


def test_what_is_handed_out(course: Course) -> None:
    """The document's configuration makes, byte for byte, the notebook that this repository hands out."""
    made = (course.folder / "release" / PS / NAME).read_bytes()
    assert made.rstrip(b"\n") == (ROOT / "exercises" / NAME).read_bytes().rstrip(b"\n")


@pytest.mark.parametrize("student", EARNED)
def test_marks_are_ours(student: str, course: Course) -> None:
    """In the gradebook each exercise has the points that `tempmm-lab grade` gives for the same file."""
    found = marks(course.folder, PS)[student][STEM]
    ours = {one["name"]: one["points"] for one in course.ours[student]["exercises"]} or dict.fromkeys(WORTH, 0)
    assert {name: found[name] for name in WORTH} == ours
    assert sum(ours.values()) == EARNED[student]


def test_written_answers_wait_for_a_person(course: Course) -> None:
    """What was written, or is missing, waits in the formgrader; what was not touched has 0."""
    found = {student: one[STEM]["ch07-guard-words"] for student, one in marks(course.folder, PS).items()}
    assert found == dict.fromkeys(EARNED, None) | {"ben": 0}


def test_nobodys_file_ends_the_run(course: Course) -> None:
    """Everybody is marked in one run that ends with 0, and nothing of eve's ran outside of the sandbox."""
    assert set(marks(course.folder, PS)) == set(EARNED)
    assert "error" not in course.log.lower()
    assert not (course.folder.parent / "marker").exists()


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("student", EARNED)
def test_feedback_has_points_and_reasons(student: str, course: Course) -> None:
    """A student's page has the points of each exercise, every reason, and the replay string."""
    page, ours = _on_one_line(html.unescape(course.page(student))), course.ours[student]
    words = [message for one in ours["exercises"] for message in one["messages"]]
    words += [one["replay"] for one in ours["exercises"] if one["replay"]]
    words += [f"{one['points']} of {one['of']} points" for one in ours["exercises"]]
    words += [*ours["notes"], ours["why"]]
    assert [word for word in words if _on_one_line(word) not in page] == []
    assert f"(Score: {EARNED[student]}.0 / {ALL + 4}.0)" in page


def test_what_a_link_leads_to_does_not_come_back(course: Course) -> None:
    """Of a link that nbgrader followed when it copied, neither its copy nor the feedback has the teacher's file."""
    found = [path.relative_to(course.folder).parts[0] for path in course.folder.glob("*/anna/**/notes.txt")]
    assert found == ["submitted"]


def test_feedback_says_what_it_must(course: Course) -> None:
    """The half right answer comes with a replay string, the loop and the object with their reasons in words."""
    assert any(one["replay"] for one in course.ours["cleo"]["exercises"])
    assert "came to no end" in course.page("dora")
    assert "Yes" in course.page("eve")
    assert "is not JSON" in course.page("gina")
    assert "<script>alert" not in course.page("fritz")
    assert 'href="javascript' not in course.page("fritz")


def test_the_export_has_the_sums(course: Course) -> None:
    """`nbgrader export` writes each student's sum into grades.csv."""
    with (course.folder / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    assert rows == EARNED

"""The self-test of chapter 0 and its plan of the book: where to start, and what there is."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from tempmm_lab import where_to_start
from tempmm_lab.assess import answers
from tempmm_lab.assess.questions import QUESTIONS
from tempmm_lab.assess.selftest import GROUND, NEXT, OPEN
from tests.notebooks.plan import LINK, ROW, by_number, plan, planned

CHAPTERS = Path(__file__).resolve().parents[2] / "chapters"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Answer in an empty folder, as a reader does, and not automatically."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEMPMM_LAB_ANSWERS", raising=False)
    return tmp_path


def _answer(rights: tuple[bool, ...]) -> None:
    for name, right in zip(GROUND, rights, strict=True):
        question = QUESTIONS[name]
        answers.keep(name, question.right if right else (question.right + 1) % len(question.choices))


def test_there_are_five_questions_about_six_chapters() -> None:
    """Together the five questions are about chapters 1 to 6, each chapter once, in the book's order."""
    assert len(GROUND) == 5
    about = [chapter for _, chapters in GROUND.values() for chapter in chapters]
    assert [chapter[:2] for chapter in about] == ["01", "02", "03", "04", "05", "06"]


def test_unanswered_it_waits() -> None:
    """Before the questions are answered nothing is advised."""
    start = where_to_start()
    assert not start.complete
    assert {row.answered for row in start.rows} == {OPEN}
    assert start.text().endswith("5 of 5 not answered yet. Answer or skip each, and run this cell again.")


@pytest.mark.parametrize("rights", list(product((True, False), repeat=5)))
def test_each_missed_question_names_its_chapters(rights: tuple[bool, ...]) -> None:
    """The chapters to read are those of the questions missed; the first is where to start; with none, chapter 7."""
    _answer(rights)
    start = where_to_start()
    missed = [chapters for (_, chapters), right in zip(GROUND.values(), rights, strict=True) if not right]
    assert start.read == tuple(chapter for chapters in missed for chapter in chapters)
    assert start.first == (start.read[0] if start.read else NEXT)
    for row, right in zip(start.rows, rights, strict=True):
        line = next(line for line in start.text().splitlines() if line.startswith(row.about))
        assert all((f"chapter {int(chapter[:2])}" in line) is not right for chapter in row.chapters)


def test_skipped_counts_as_not_known() -> None:
    """Who skips a question is sent to its chapter, and told so."""
    _answer((True,) * 5)
    answers.keep("ch00-self-stale", answers.SKIPPED)
    start = where_to_start()
    assert [row.answered for row in start.rows] == ["right", "right", "skipped", "right", "right"]
    assert start.read == ("03-the-cache-that-lies",)


@pytest.mark.parametrize("wrong", [7, -2, 3])
def test_a_choice_that_is_none_counts_as_open(wrong: int) -> None:
    """An answer kept by another version of the book, to a choice that is not there, is no answer."""
    _answer((True,) * 5)
    answers.keep("ch00-self-walk", wrong)
    assert where_to_start().rows[0].answered == OPEN


def test_answers_of_another_folder(tmp_path: Path) -> None:
    """The answers of a folder are read without changing them."""
    there = tmp_path / "there"
    there.mkdir()
    answers.keep("ch00-self-walk", 1, there)
    before = (there / answers.FILE).read_bytes()
    assert where_to_start(there).rows[0].answered == "right"
    assert where_to_start().rows[0].answered == OPEN
    assert (there / answers.FILE).read_bytes() == before


@pytest.mark.parametrize(("mode", "first"), [("right", NEXT), ("wrong", "01-from-cr3-to-a-byte")])
def test_answered_automatically(mode: str, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """TEMPMM_LAB_ANSWERS answers the self-test too, and nothing is written."""
    monkeypatch.setenv("TEMPMM_LAB_ANSWERS", mode)
    assert where_to_start().first == first
    assert not Path(answers.FILE).exists()


def test_what_is_shown_says_what_the_text_says() -> None:
    """The Markdown that a notebook shows has the same rows and the same advice, with links to files that are there."""
    _answer((False,) * 5)
    start = where_to_start()
    shown = start._repr_mimebundle_()
    assert shown["text/plain"] == start.text()
    plain = LINK.sub(r"\1", shown["text/markdown"]).replace("**", "")
    assert plain.splitlines()[-1] == start.text().splitlines()[-1]
    assert all(row.about in plain and row.answered in plain for row in start.rows)
    linked = {target for _, target in LINK.findall(shown["text/markdown"])}
    assert linked
    assert all((CHAPTERS / target).is_file() for target in linked)


def _chapter_0() -> str:
    (path,) = CHAPTERS.glob("00-*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def test_every_link_of_chapter_0_leads_somewhere() -> None:
    """Chapter 0 links to notebooks that are there."""
    assert [target for _, target in LINK.findall(_chapter_0()) if not (CHAPTERS / target).is_file()] == []


def test_the_plan_names_the_whole_book() -> None:
    """The plan has a row for chapters 0 to 15 and appendices A to D, in order, each with a question."""
    assert [row[0] for row in ROW.findall(plan())] == [*map(str, range(16)), *"ABCD"]


def test_the_plan_agrees_with_the_chapters() -> None:
    """Every chapter that is there is linked in the plan under its own title, with the time that its opening states."""
    assert planned(plan(), by_number()) == plan(), "python -m tests.notebooks.plan"


def test_a_plan_that_is_out_of_date_is_seen() -> None:
    """Another title, a missing link and another time are each put right, and nothing else changes."""
    text = "| 1 | [Old](01-old.ipynb) | Q? | 5 |\n| 2 | Plain | R? |  |\n| 99 | Not yet | S? | 40 |\n"
    one, two = by_number()["1"], by_number()["2"]
    assert planned(text, by_number()) == (
        f"| 1 | [{one.title}]({one.path.name}) | Q? | {one.minutes} |\n"
        f"| 2 | [{two.title}]({two.path.name}) | R? | {two.minutes} |\n| 99 | Not yet | S? | 40 |\n"
    )

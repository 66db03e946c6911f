"""The book's questions: every feedback is reachable, nothing is told before an answer, answers are kept and safe."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tempmm_lab.assess import answers
from tempmm_lab.assess.predict import Prediction, automatic_choice, predict
from tempmm_lab.assess.question import Question
from tempmm_lab.assess.questions import CHAPTERS, QUESTIONS
from tempmm_lab.errors import ModelError
from tempmm_lab.views.picture import Picture

ROOT = Path(__file__).resolve().parents[2]
EVERY = pytest.mark.parametrize("question", QUESTIONS.values(), ids=lambda question: question.id)
WITH_OUTCOME = [question for question in QUESTIONS.values() if question.outcome]


@cache
def once(name: str) -> Any:
    """Give a question's outcome, which was run once: some explore for seconds."""
    outcome = QUESTIONS[name].outcome
    assert outcome is not None
    return outcome()


def answered_quickly(question: Question) -> Prediction:
    """Give the question, unanswered, with its outcome as it came the first time."""
    return Prediction(replace(question, outcome=(lambda: once(question.id)) if question.outcome else None))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Answer in an empty folder, as a reader does, and not automatically."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEMPMM_LAB_ANSWERS", raising=False)
    return tmp_path


@EVERY
def test_every_feedback_is_seen(question: Question) -> None:
    """Each choice leads to its own feedback, in the text twin and in the HTML."""
    for number, choice in enumerate(question.choices):
        prediction = answered_quickly(question)
        prediction.choose(number)
        assert choice.feedback.rstrip(".") in prediction.text()
        assert prediction.answered is not None
        assert prediction.answered.is_right is (number == question.right)


@EVERY
def test_nothing_is_told_before_an_answer(question: Question) -> None:
    """Unanswered, the page holds no feedback and no outcome."""
    prediction = Prediction(question)
    page = prediction.text() + prediction.html
    assert not any(choice.feedback in page for choice in question.choices)
    assert "<img" not in page
    assert "<pre" not in page


@EVERY
def test_a_question_is_well_made(question: Question) -> None:
    """Two to five different choices, one of them right, each with feedback of its own."""
    says = [choice.says for choice in question.choices]
    assert 2 <= len(set(says)) == len(says) <= 5
    assert 0 <= question.right < len(says)
    assert len({choice.feedback for choice in question.choices}) == len(says)


@EVERY
def test_skip_shows_the_answer_and_the_outcome(question: Question) -> None:
    """Skipping tells the right answer, and what then happens."""
    prediction = answered_quickly(question)
    prediction.choose(None)
    assert question.choices[question.right].says in prediction.text().split("Skipped.", 1)[1]


@pytest.mark.parametrize("question", WITH_OUTCOME, ids=lambda question: question.id)
def test_an_outcome_is_the_same_each_time(question: Question) -> None:
    """What happens after an answer is deterministic."""
    assert question.outcome is not None
    first, second = once(question.id), question.outcome()
    assert first == second
    shown = first if isinstance(first, tuple) else (first,)
    assert all(isinstance(one, Picture | str) and one for one in shown)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_question_is_asked_once_in_its_chapter(chapter: str) -> None:
    """A chapter asks exactly the questions of its file, each once."""
    (path,) = (ROOT / "chapters").glob(f"{chapter[2:]}-*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    asked = re.findall(r'predict\("([^"]+)"\)', code)
    assert sorted(asked) == sorted(name for name in QUESTIONS if name.startswith(chapter))


def test_every_outcome_belongs_to_a_question() -> None:
    """No outcome is left over after a question was renamed."""
    assert {name for outcomes in CHAPTERS.values() for name in outcomes} <= set(QUESTIONS)


def test_the_first_answer_is_kept_and_taken_up_again(folder: Path) -> None:
    """The prediction is the first answer; a later choice only shows its feedback."""
    Prediction(QUESTIONS["ch03-moved"]).choose(0)
    again = predict("ch03-moved")
    assert again.answered is not None
    assert again.answered.choice == 0
    again.choose(2)
    assert json.loads((folder / answers.FILE).read_text())["answers"] == {"ch03-moved": 0}


def test_a_file_that_is_not_ours_is_left_alone(folder: Path) -> None:
    """A damaged file of predictions is neither overwritten nor a traceback: the box says what to do."""
    (folder / answers.FILE).write_text("not json")
    note = predict("ch03-moved").choose(1)
    assert "Rename or delete" in note
    assert (folder / answers.FILE).read_text() == "not json"


def test_forget_deletes_what_was_kept(folder: Path) -> None:
    """`forget` removes the file and says whether there was one."""
    predict("ch03-moved").choose(1)
    assert (answers.forget(folder), answers.forget(folder)) == (True, False)


@pytest.mark.parametrize(("mode", "kept"), [("right", 2), ("wrong", 0), ("skip", None)])
def test_automatic_answers(mode: str, kept: int | None, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TEMPMM_LAB_ANSWERS answers by itself and keeps nothing."""
    monkeypatch.setenv("TEMPMM_LAB_ANSWERS", mode)
    answered = predict("ch03-moved").answered
    assert answered is not None
    assert answered.choice == kept == automatic_choice(QUESTIONS["ch03-moved"], mode)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("call", [("nothing",), (5,), ("ch03-moved", ["other", "choices"])])
def test_a_wrong_call_says_what_to_do(call: tuple[object, ...]) -> None:
    """An unknown question or other choices are one clear error that names the right ones."""
    with pytest.raises(ModelError, match=r"ch03-moved|There are"):
        predict(*call)  # type: ignore[arg-type]

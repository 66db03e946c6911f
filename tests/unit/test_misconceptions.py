"""The table of wrong choices for teachers: it has them all, no right one, and says the same in every form."""

from __future__ import annotations

import csv
import io
from html import escape

import pytest

from tempmm_lab import ModelError, misconceptions
from tempmm_lab.assess.questions import QUESTIONS

WHOLE = misconceptions()


def test_every_wrong_choice_is_there_and_no_right_one() -> None:
    """Each choice that is not right has one row, with its own feedback."""
    expected = [
        (name, choice.says, choice.feedback)
        for name, question in QUESTIONS.items()
        for number, choice in enumerate(question.choices)
        if number != question.right
    ]
    assert [(row.question, row.says, row.feedback) for row in WHOLE.rows] == expected


@pytest.mark.parametrize(
    ("which", "questions"),
    [
        (("03",), {name for name in QUESTIONS if name.startswith("ch03-")}),
        (("A", "ch03-moved"), {name for name in QUESTIONS if name.startswith("chA-")} | {"ch03-moved"}),
        (("ch03-moved", "ch03-moved"), {"ch03-moved"}),
    ],
)
def test_a_part_of_it(which: tuple[str, ...], questions: set[str]) -> None:
    """Chapters and single questions can be asked for, in any mixture, and nothing is there twice."""
    rows = misconceptions(*which).rows
    assert {row.question for row in rows} == questions
    assert len(rows) == len(set(rows)) == sum(len(QUESTIONS[name].choices) - 1 for name in questions)


def test_all_forms_say_the_same() -> None:
    """Text, HTML and CSV each hold every wrong choice and its feedback; the CSV can be read back."""
    text, html = WHOLE.text(), WHOLE.html
    assert all(row.says in text and row.feedback in text for row in WHOLE.rows)
    assert all(escape(row.says) in html and escape(row.feedback) in html for row in WHOLE.rows)
    back = list(csv.reader(io.StringIO(WHOLE.csv())))
    assert [tuple(line) for line in back[1:]] == [
        (row.chapter, row.question, row.asks, row.says, row.feedback) for row in WHOLE.rows
    ]
    assert html.count("<tr>") == len(back)


def test_the_counts_add_up() -> None:
    """The numbers by chapter are those of the rows."""
    counts = WHOLE.by_chapter()
    assert sum(wrong for _, wrong in counts.values()) == len(WHOLE.rows)
    assert sum(questions for questions, _ in counts.values()) == len(QUESTIONS)


def test_what_does_not_exist_is_told() -> None:
    """A number that no chapter has is one clear error."""
    with pytest.raises(ModelError, match="is no chapter"):
        misconceptions("99")

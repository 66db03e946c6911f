"""What the book expects readers to get wrong: every wrong choice of every question, with what to say to it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from html import escape
from itertools import groupby

from tempmm_lab.assess.questions import QUESTIONS
from tempmm_lab.errors import ModelError

LEFT = 'style="text-align:left"'
COLUMNS = ("chapter", "question", "asks", "wrong choice", "what it comes from")


@dataclass(frozen=True, slots=True)
class Misconception:
    """One wrong choice.

    Attributes:
        chapter: the chapter's number, or an appendix's letter.
        question: the question's id, such as "ch03-moved".
        asks: the question.
        says: the wrong choice.
        feedback: what the book answers to it: the misconception it comes from, and what to look at.
    """

    chapter: str
    question: str
    asks: str
    says: str
    feedback: str


@dataclass(frozen=True, slots=True)
class Misconceptions:
    """A table of them. A notebook shows it as a table; `text()` and `csv()` give the same facts."""

    rows: tuple[Misconception, ...]

    def by_chapter(self) -> dict[str, tuple[int, int]]:
        """Give for each chapter how many questions and how many wrong choices the table has."""
        questions = Counter(chapter for chapter, _ in {(row.chapter, row.question) for row in self.rows})
        return {
            chapter: (questions[chapter], wrong) for chapter, wrong in Counter(r.chapter for r in self.rows).items()
        }

    def text(self) -> str:
        """Give the table as plain text, a question with its wrong choices after the other."""
        lines: list[str] = []
        last = ""
        for row in self.rows:
            lines += [f"{row.question}: {row.asks}"] if row.question != last else []
            lines.append(f"  - {row.says}\n    {row.feedback}")
            last = row.question
        return "\n".join(lines)

    def csv(self) -> str:
        """Give the table as comma-separated values, with a line of headings."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((row.chapter, row.question, row.asks, row.says, row.feedback) for row in self.rows)
        return out.getvalue()

    @property
    def html(self) -> str:
        """The table for a notebook: a question stands once, with a row for each of its wrong choices."""
        head = "".join(f'<th scope="col" {LEFT}>{name}</th>' for name in COLUMNS[1:])
        body = "".join(_group(list(rows)) for _, rows in groupby(self.rows, key=lambda row: (row.question, row.asks)))
        return f"<table><caption>{self!r}</caption><thead><tr>{head}</tr></thead>{body}</table>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text()}

    def __repr__(self) -> str:
        questions = len({row.question for row in self.rows})
        return f"{len(self.rows)} wrong choices of {questions} question{'s' * (questions != 1)}"


def misconceptions(*which: str) -> Misconceptions:
    """Give the wrong choices of whole chapters ("03", "A"), of single questions ("ch03-moved"), or of the whole book.

    Raises:
        ModelError: no chapter has that number, and no question that name.
    """
    every = {name: _chapter(name) for name in QUESTIONS}
    for one in which:
        if one not in every and one not in every.values():
            chapters = ", ".join(dict.fromkeys(every.values()))
            raise ModelError(f"{one!r} is no chapter with questions ({chapters}) and no question, such as ch03-moved.")
    wanted = [name for one in which for name in every if one in (name, every[name])] if which else list(every)
    return Misconceptions(
        tuple(
            Misconception(every[name], name, question.asks, choice.says, choice.feedback)
            for name in dict.fromkeys(wanted)
            for question in [QUESTIONS[name]]
            for number, choice in enumerate(question.choices)
            if number != question.right
        )
    )


def _group(rows: list[Misconception]) -> str:
    """Give the rows of one question: its id and its words span them all."""
    first, span = rows[0], f'rowspan="{len(rows)}" {LEFT}'
    asked = f'<th scope="rowgroup" {span}>{escape(first.question)}</th><td {span}>{escape(first.asks)}</td>'
    said = (f"<td {LEFT}>{escape(row.says)}</td><td {LEFT}>{escape(row.feedback)}</td></tr>" for row in rows)
    return f"<tbody><tr>{asked}" + "<tr>".join(said) + "</tbody>"


def _chapter(question: str) -> str:
    return question.partition("-")[0].removeprefix("ch")

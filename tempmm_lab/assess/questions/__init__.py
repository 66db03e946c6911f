"""Every question of the book, by id: its words in a chapter's TOML file, and beside it what is run after an answer."""

from __future__ import annotations

import tomllib
from importlib import resources

from tempmm_lab.assess.question import Choice, Outcome, Question
from tempmm_lab.assess.questions import (
    appendix_a,
    ch00,
    ch01,
    ch02,
    ch03,
    ch04,
    ch05,
    ch06,
    ch07,
    ch08,
    ch09,
    ch10,
    ch11,
    ch12,
    ch13,
    ch14,
    ch15,
)

CHAPTERS = {
    "ch00": ch00.OUTCOMES,
    "ch01": ch01.OUTCOMES,
    "ch02": ch02.OUTCOMES,
    "ch03": ch03.OUTCOMES,
    "ch04": ch04.OUTCOMES,
    "ch05": ch05.OUTCOMES,
    "ch06": ch06.OUTCOMES,
    "ch07": ch07.OUTCOMES,
    "ch08": ch08.OUTCOMES,
    "ch09": ch09.OUTCOMES,
    "ch10": ch10.OUTCOMES,
    "ch11": ch11.OUTCOMES,
    "ch12": ch12.OUTCOMES,
    "ch13": ch13.OUTCOMES,
    "ch14": ch14.OUTCOMES,
    "ch15": ch15.OUTCOMES,
    "chA": appendix_a.OUTCOMES,
}


def _read(chapter: str, outcomes: dict[str, Outcome]) -> dict[str, Question]:
    text = resources.files("tempmm_lab.assess.questions").joinpath(f"{chapter}.toml").read_text(encoding="utf-8")
    return {row["id"]: _question(row, outcomes.get(row["id"])) for row in tomllib.loads(text)["question"]}


def _question(row: dict[str, object], outcome: Outcome | None) -> Question:
    choices = tuple(Choice(**choice) for choice in row["choice"])  # type: ignore[attr-defined]
    return Question(str(row["id"]), str(row["asks"]), choices, int(str(row["right"])), outcome)


QUESTIONS = {name: one for chapter, outcomes in CHAPTERS.items() for name, one in _read(chapter, outcomes).items()}

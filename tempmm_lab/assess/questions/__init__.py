"""Every question of the book, by id. One file a chapter."""

from __future__ import annotations

from tempmm_lab.assess.question import Question

QUESTIONS: dict[str, Question] = {}

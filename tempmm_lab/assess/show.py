"""A question as a page without a kernel shows it: plain HTML and plain text."""

from __future__ import annotations

from html import escape

from tempmm_lab.assess.question import Answered, Question
from tempmm_lab.views.picture import Picture


def question_html(question: Question) -> str:
    """Give the question and its choices."""
    items = "".join(f"<li>{escape(choice.says)}</li>" for choice in question.choices)
    return f"<p><strong>Predict.</strong> {escape(question.asks)}</p><ol>{items}</ol>"


def answered_html(answered: Answered, *, live: bool = False) -> str:
    """Give the verdict and the outcome; `live` puts drawings in whole, so that they follow the page's theme."""
    mark = "✓" if answered.is_right else "→"
    shown = "".join(_shown(one, live=live) for one in answered.outcome)
    return f"<p>{mark} {escape(answered.verdict)}</p>{shown}"


def _shown(one: Picture | str, *, live: bool) -> str:
    if isinstance(one, Picture):
        return one.svg if live else one.html
    return f'<pre style="font-family:monospace">{escape(one)}</pre>'


def question_text(question: Question, answered: Answered | None) -> str:
    """Give the question, and the verdict and outcome if there is an answer, as plain text."""
    lines = [f"Predict ({question.id}): {question.asks}"]
    lines += [f"  {number}. {choice.says}" for number, choice in enumerate(question.choices, 1)]
    if answered is None:
        return "\n".join([*lines, "  (not answered yet)"])
    outcome = [one.text() if isinstance(one, Picture) else one for one in answered.outcome]
    return "\n".join([*lines, answered.verdict, *outcome])

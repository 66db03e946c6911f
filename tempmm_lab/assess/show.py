"""A question as a page without a kernel shows it: plain HTML and plain text."""

from __future__ import annotations

from html import escape

from tempmm_lab.assess.question import Answered, Question
from tempmm_lab.views.picture import Picture


def question_html(question: Question) -> str:
    """Give the question and its choices."""
    items = "".join(f"<li>{escape(choice.says)}</li>" for choice in question.choices)
    return f"<p><strong>Predict.</strong> {escape(question.asks)}</p><ol>{items}</ol>"


def answered_html(answered: Answered) -> str:
    """Give the verdict and the outcome."""
    mark = "✓" if answered.is_right else "→"
    html = f"<p>{mark} {escape(answered.verdict)}</p>"
    if isinstance(answered.outcome, Picture):
        return html + answered.outcome.html
    return html + (f"<pre>{escape(answered.outcome)}</pre>" if answered.outcome else "")


def question_text(question: Question, answered: Answered | None) -> str:
    """Give the question, and the verdict and outcome if there is an answer, as plain text."""
    lines = [f"Predict ({question.id}): {question.asks}"]
    lines += [f"  {number}. {choice.says}" for number, choice in enumerate(question.choices, 1)]
    if answered is None:
        return "\n".join([*lines, "  (not answered yet)"])
    lines.append(answered.verdict)
    outcome = answered.outcome.text() if isinstance(answered.outcome, Picture) else answered.outcome
    return "\n".join([*lines, *([outcome] if outcome else [])])

"""Feedback as pages that need nothing else: one for each student, and one over all of them for the teacher."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from tempmm_lab.grading.marking import GRADED, Result
from tempmm_lab.grading.results import Student
from tempmm_lab.grading.strict import shown

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #999; padding: .2rem .6rem; text-align: left; vertical-align: top; }}
li {{ white-space: pre-wrap; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; background: #f3f3f3; color: #111; padding: .5rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
"""


def text(value: Any, most: int = 1000) -> str:
    """Give somebody's text as text of a page."""
    return html.escape(shown(value, most))


def _page(title: str, parts: Sequence[str]) -> str:
    return HEAD.format(title=text(title)) + "\n".join(parts) + "\n</body>\n</html>\n"


def student_page(student: Student) -> str:
    """Give a student's feedback."""
    parts = [f"<p><strong>{student.points} of {student.of} points</strong>, without what is marked by a person.</p>"]
    for one in student.results:
        parts += _notebook(one, counts=any(one is counted for counted in student.counted))
    return _page(f"Feedback for {shown(student.name, 80)}", parts)


def _notebook(one: Result, *, counts: bool) -> list[str]:
    parts = [f"<h2>{text(one['path'] or 'No notebook')}</h2>"]
    if one["status"] != GRADED:
        parts.append(f"<p><strong>Not graded.</strong> {text(one['why'])}</p>")
    elif not counts:
        parts.append("<p>This file does not count: another one is for the same exercises.</p>")
    if one["notes"]:
        parts.append(_list(one["notes"]))
    for mark in one["exercises"]:
        parts += _exercise(mark)
    for words in one["by_hand"]:
        parts.append(f"<h3>{text(words['name'])}: up to {words['of']} points, given by a person</h3>")
        parts.append(f"<pre>{text(words['text'], 5000)}</pre>" if words["text"] else "<p>Nothing was written.</p>")
    return parts


def _exercise(mark: dict[str, Any]) -> list[str]:
    parts = [f"<h3>{text(mark['title'])} ({text(mark['name'])}): {mark['points']} of {mark['of']}</h3>"]
    rows = [f"<tr><td>{text(name)}</td><td>{got} of {of}</td></tr>" for name, (got, of) in mark["parts"].items()]
    parts.append(f"<table><tr><th>part</th><th>points</th></tr>{''.join(rows)}</table>")
    if mark["messages"]:
        parts.append(_list(mark["messages"]))
    if mark["replay"]:
        parts.append(f"<p>A schedule that fails, for the bench:</p><pre>{text(mark['replay'], 2000)}</pre>")
    return parts


def _list(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{text(item, 5000)}</li>' for item in items)}</ul>"


def overview(students: Sequence[Student], *, complete: bool, sandbox: str, others: Sequence[str]) -> str:
    """Give the teacher's page."""
    parts = [] if complete else ["<p><strong>Stopped before the end.</strong> The same command goes on from here.</p>"]
    if sandbox == "none":
        parts.append("<p><strong>Graded without a sandbox.</strong> Students' code could read and change anything.</p>")
    if others:
        parts.append(f"<p>Not in a student's folder, and not looked at: {text(', '.join(map(shown, others)))}</p>")
    rows = [
        f'<tr><td><a href="feedback/{student.file}.html">{text(student.name)}</a></td>'
        f"<td>{student.points} of {student.of}</td><td>{_troubles(student)}</td></tr>"
        for student in students
    ]
    parts.append(f"<table><tr><th>student</th><th>points</th><th>not graded</th></tr>{''.join(rows)}</table>")
    return _page("Results", parts)


def _troubles(student: Student) -> str:
    told = [f"{one['path']}: {one['why']}" for one in student.results if one["status"] != GRADED]
    return "<br>".join(text(line) for line in told)

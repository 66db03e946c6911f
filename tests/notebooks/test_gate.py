"""The gate lets every notebook of the book through, and stops each fault that it exists for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks import toy
from tests.notebooks.execute import notebooks
from tests.notebooks.gate import WIDGET_VIEW, problems

Notebook = dict[str, Any]


def test_there_are_notebooks() -> None:
    """The checks below look at something."""
    assert notebooks()


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.name)
def test_gate_passes(path: Path) -> None:
    """A notebook of the book has none of the faults."""
    assert problems(json.loads(path.read_text(encoding="utf-8"))) == []


def test_gate_passes_the_toy() -> None:
    """The notebook in which faults are planted has none before."""
    assert problems(toy.executed()) == []


def _first_code(notebook: Notebook) -> dict[str, Any]:
    return notebook["cells"][toy.TEXT]


def _append_markdown(text: str) -> Callable[[Notebook], None]:
    return lambda notebook: notebook["cells"].append(nbformat.v4.new_markdown_cell(text, id="planted"))


def _append_output(kind: str, **fields: Any) -> Callable[[Notebook], None]:
    return lambda notebook: _first_code(notebook)["outputs"].append(nbformat.v4.new_output(kind, **fields))


def _with_html(html: str) -> Callable[[Notebook], None]:
    return _append_output("display_data", data={"text/html": html})


def _sourced(source: str) -> Callable[[Notebook], None]:
    return lambda notebook: _first_code(notebook).update(source=source)


FAULTS: dict[str, tuple[Callable[[Notebook], Any], str]] = {
    "a cell never executed": (lambda nb: _first_code(nb).update(execution_count=None, outputs=[]), "not executed"),
    "outputs without a run": (lambda nb: _first_code(nb).update(execution_count=None), "not executed"),
    "cells run out of order": (lambda nb: _first_code(nb).update(execution_count=9), "top to bottom"),
    "one number twice": (lambda nb: _first_code(nb).update(execution_count=2), "top to bottom"),
    "timings": (lambda nb: _first_code(nb)["metadata"].update(execution={"shell.execute_reply": "1"}), "volatile"),
    "trusted": (lambda nb: _first_code(nb)["metadata"].update(trusted=True), "volatile"),
    "scrolled": (lambda nb: _first_code(nb)["metadata"].update(scrolled=True), "volatile"),
    "the Python version": (lambda nb: nb["metadata"]["language_info"].update(version="3.11.7"), "volatile"),
    "an author's tool": (lambda nb: nb["metadata"].update(vscode={}), "volatile"),
    "a missing id": (lambda nb: _first_code(nb).pop("id"), "no id"),
    "an empty id": (lambda nb: _first_code(nb).update(id=""), "no id"),
    "a duplicate id": (lambda nb: _first_code(nb).update(id=nb["cells"][0]["id"]), "duplicate cell id"),
    "an old format": (lambda nb: nb.update(nbformat_minor=4), "format"),
    "Markdown image without alt": (_append_markdown("![](a.png)"), "alt text"),
    "Markdown image with a blank alt": (_append_markdown("![ ][reference]"), "alt text"),
    "img without alt in Markdown": (_append_markdown("<p><img src='a.png'></p>"), "alt text"),
    "img without alt in an output": (_with_html("<figure><img src='a.png'></figure>"), "alt text"),
    "img with an empty alt": (_with_html("<IMG ALT='' src='a.png'/>"), "alt text"),
    "an image output": (_append_output("display_data", data={"image/png": "iVBORw0KGgo="}), "alt text"),
    "thirteen lines of code": (_sourced("x = 1\n" * 13), "13 lines"),
    "thirteen lines of a solution": (
        _sourced("### BEGIN SOLUTION\n" + "x = 1\n\n" * 13 + "### END SOLUTION"),
        "13 lines",
    ),
    "thirteen calls in a solution": (
        _sourced("### BEGIN SOLUTION\nx = [\n" + '    "a".upper(),\n' * 11 + "]\n### END SOLUTION"),
        "13 lines",
    ),
    "a second title": (_append_markdown("# Another"), "2 first-level"),
    "no title": (lambda nb: nb["cells"][0].update(source="words"), "0 first-level"),
    "a skipped level": (_append_markdown("#### Deep"), "level 4 follows level 2"),
    "an error": (_append_output("error", ename="ValueError", evalue="", traceback=[]), "error output"),
    "a warning": (_append_output("stream", name="stderr", text="careful"), "stderr"),
    "another kernel": (lambda nb: nb["metadata"]["kernelspec"].update(name="venv"), "kernelspec"),
    "no kernel": (lambda nb: nb["metadata"].pop("kernelspec"), "kernelspec"),
    "saved widget state": (lambda nb: nb["metadata"].update(widgets={}), "metadata.widgets"),
    "a widget view": (_append_output("display_data", data={WIDGET_VIEW: {"model_id": "1"}}), "widget view"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_gate_stops(fault: str) -> None:
    """One planted fault gives a problem that names it, and no other kind of problem."""
    plant, named = FAULTS[fault]
    notebook = toy.executed()
    plant(notebook)
    found = problems(notebook)
    assert found
    assert all(named in problem for problem in found)


@pytest.mark.parametrize(
    "allowed",
    [
        _append_markdown("```\n# a comment\n![](a.png)\n```\nand `<img>` in a sentence"),
        _append_markdown("## Another part\n\n### Below it\n\n## And up again"),
        _sourced("x = 1\n" * 12),
        _sourced("### BEGIN SOLUTION\n\n" + "x = 1\n" * 12 + "\n### END SOLUTION"),
        _sourced(
            "### BEGIN SOLUTION\nx = {\n" + '    "a": {\n        "b": "c",\n    },\n' * 13 + "}\n### END SOLUTION"
        ),
    ],
    ids=["code in Markdown", "headings going up", "twelve lines", "twelve lines of a solution", "a table of text"],
)
def test_gate_lets_through(allowed: Callable[[Notebook], None]) -> None:
    """What only looks like a fault is none."""
    notebook = toy.executed()
    allowed(notebook)
    assert problems(notebook) == []


def test_an_expected_error_may_stand() -> None:
    """A cell tagged as raising on purpose may show its error."""
    notebook = toy.executed()
    _append_output("error", ename="ModelError", evalue="", traceback=[])(notebook)
    _first_code(notebook)["metadata"]["tags"] = ["raises-exception"]
    assert problems(notebook) == []

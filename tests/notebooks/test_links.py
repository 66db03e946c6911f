"""Links lead somewhere: to a file of the book that is there, and to a heading that is in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.notebooks.pages import CHAPTERS, Page, pages, pieces, read, source

OUTSIDE = re.compile(r"https://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[^\s<>()\[\]]*)?")
PAGES = pages()


def targets(page: Page) -> Iterator[str]:
    """Give where each link goes: in Markdown, in tags, and in what the cells show."""
    for _, markdown in page.markdown():
        for kind, text in pieces(markdown):
            if kind == "link":
                yield text[text.rindex("](") + 2 : -1] if "](" in text else text
            if kind in {"plain", "tag"}:
                yield from re.findall(r"(?:href|src)=[\"']([^\"']+)", text)
                yield from re.findall(r"https?://[^\s<>()\[\],;]+", re.sub(r"(?:href|src)=\S+", "", text))
    for cell in page.cells:
        for output in cell.get("outputs", []):
            yield from re.findall(r"<a [^>]*href=\"([^\"]+)\"", "".join(output.get("data", {}).get("text/html", "")))


def problems(page: Page, folder: Path = CHAPTERS) -> Iterator[str]:
    """Say which links of a page lead nowhere, or outside in a form that is not a plain address."""
    for target in targets(page):
        if "://" in target or target.startswith(("mailto:", "//")):
            if not OUTSIDE.fullmatch(target):
                yield f"{target}: an address outside is https://host/path"
            continue
        file, _, anchor = target.partition("#")
        path = folder / unquote(file) if file else page.path
        if not path.is_file():
            yield f"{target}: there is no such file"
        elif anchor and path.suffix == ".ipynb":
            yield from anchor_problems(target, anchor, page if path == page.path else read(path))


def anchor_problems(target: str, anchor: str, there: Page) -> Iterator[str]:
    """Say what is wrong with the anchor of a link: it has to be a cell that is there."""
    kind, _, cell = anchor.partition("=")
    if kind != "cell-id":
        yield f"{target}: JupyterLab follows #cell-id=… alone into a notebook that is not open yet"
    elif cell not in {each["id"] for each in there.cells}:
        yield f"{target}: {there.path.name} has no such cell"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.name)
def test_every_link_leads_somewhere(page: Page) -> None:
    """Each relative link of a page is to a file that is there, and to a heading in it."""
    assert sorted(set(problems(page))) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.name)
def test_a_reader_has_what_is_linked(page: Page) -> None:
    """A link that leaves the folder of chapters would lead nowhere in a reader's copy."""
    files = {target.partition("#")[0] for target in targets(page) if "://" not in target}
    assert sorted(file for file in files if "/" in file and not file.startswith("../exercises/")) == []


@pytest.mark.parametrize(
    ("link", "complaint"),
    [
        ("[a](02-b.ipynb)", "no such file"),
        ("[a](#cell-id=b)", "no such cell"),
        ("[a](01-a.ipynb#cell-id=b)", "no such cell"),
        ("[a](01-a.ipynb#Once)", "alone"),
        ("![alt](gone.png)", "no such file"),
        ('<a href="gone.html">a</a>', "no such file"),
        ("[a](http://example.org)", "an address outside"),
        ("see http://example.org/x.", "an address outside"),
        ("[a](https://)", "an address outside"),
        ("[a](https://example.org/b)", ""),
        ("[a](01-a.ipynb#cell-id=a)", ""),
        ("[a](#cell-id=a)", ""),
        ("`[a](gone.ipynb)`", ""),
    ],
)
def test_a_planted_link_is_seen(tmp_path: Path, link: str, complaint: str) -> None:
    """Each way to lead nowhere is noticed, and what leads somewhere is not."""
    text = f"# 1 · A\n\n## Once\n\n{link}\n"
    page = planted(tmp_path, text)
    found = " ".join(problems(page, tmp_path))
    assert complaint in found
    assert bool(found) is bool(complaint)


def planted(folder: Path, text: str) -> Page:
    """Write a page of one cell, and read it."""
    path = folder / "01-a.ipynb"
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": [text]}
    path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    return read(path)


def test_a_link_in_an_output_is_looked_at() -> None:
    """What a cell shows may hold links too."""
    shown = {"output_type": "display_data", "data": {"text/html": '<a href="gone.html">a</a>'}}
    cell = {"cell_type": "code", "id": "a", "source": "", "outputs": [shown]}
    page = Page(CHAPTERS / "01-x.ipynb", "01", [cell])
    assert list(targets(page)) == ["gone.html"]
    assert source(cell) == ""

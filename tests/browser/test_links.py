"""Links between the book's notebooks, followed as a reader would: by a click, in JupyterLab as it is set at first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tempmm_lab.book import copy_book
from tests.browser import lab
from tests.browser.driver import Browser
from tests.browser.lab import LabServer
from tests.browser.notebook import NotebookPage
from tests.notebooks import glossary, provenance, rows
from tests.notebooks.execute import METADATA
from tests.notebooks.pages import place

NOTEBOOK = "links.ipynb"
TARGETS = {
    "P-2801": place(provenance.FILE.name, provenance.cells_of(rows.load())["P-2801"]),
    "walk": place(glossary.FILE.name, glossary.cells(glossary.load())["walk"]),
}
CLICK = """text => {
  const links = [...jupyterapp.shell.currentWidget.content.node.querySelectorAll('a')];
  links.find(link => link.textContent === text).click();
}"""
# How many windows below the top of the shown notebook a heading stands, if it is the right notebook.
BELOW = """([file, heading]) => {
  const panel = jupyterapp.shell.currentWidget, box = panel.content.node.getBoundingClientRect();
  const found = [...panel.content.node.querySelectorAll('h3')].find(h => h.textContent.replace('¶', '') === heading);
  return found && panel.context.path === file ? (found.getBoundingClientRect().top - box.top) / box.height : null;
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[LabServer]:  # noqa: ARG001  (first)
    """JupyterLab over a reader's copy, without the settings that other tests need: links depend on them."""
    folder = tmp_path_factory.mktemp("links")
    copy_book(folder)
    texts = [nbformat.v4.new_markdown_cell(f"[{text}]({target})", id=text) for text, target in TARGETS.items()]
    nbformat.write(nbformat.v4.new_notebook(cells=texts, metadata=METADATA), folder / NOTEBOOK)
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(lab.SETTINGS, "@jupyterlab/notebook-extension/tracker")
        with LabServer(folder) as running:
            yield running


def follow(page: NotebookPage, text: str, *, within: float) -> None:
    """Click on a link, and wait until its heading is at most so many windows below the top."""
    file = TARGETS[text].partition("#")[0]
    page.run("path => void jupyterapp.commands.execute('docmanager:open', { path })", NOTEBOOK)
    page.page.wait_for_function("path => jupyterapp.shell.currentWidget?.context?.path === path", arg=NOTEBOOK)
    page.run(CLICK, text)
    near = f"place => {{ const at = ({BELOW})(place); return at !== null && at >= 0 && at < {within}; }}"
    page.page.wait_for_function(near, arg=[file, text])


@pytest.mark.parametrize("text", TARGETS)
def test_a_link_leads_to_its_place(server: LabServer, browser: Browser, text: str) -> None:
    """A click opens the appendix near the row, or the word; a click when it is open already shows it."""
    with browser.open_notebook(server, NOTEBOOK) as page:
        follow(page, text, within=2)  # JupyterLab does not know yet how high the cells above are
        follow(page, text, within=1)
        assert page.console == []


def test_a_page_has_the_anchors_of_its_links(tmp_path: Path) -> None:
    """As a page made by nbconvert, a notebook has an element for each address that the book uses."""
    from nbconvert import HTMLExporter

    path = Path(provenance.FILE)
    html, _ = HTMLExporter().from_filename(str(path))
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    assert f'id="{TARGETS["P-2801"].partition("#")[2]}"' in html
    linked = set(re.findall(r'href="#(cell-id=[^"]+)"', html))
    assert linked
    assert linked <= set(re.findall(r'id="(cell-id=[^"]+)"', html))

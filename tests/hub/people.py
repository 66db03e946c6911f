"""Somebody at a browser of their own, logged in to the hub: a student at a notebook, a teacher in the formgrader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.driver import Browser
from tests.browser.notebook import NotebookPage
from tests.browser.page import Page
from tests.hub.checks import CHAPTER, expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

PATIENCE = 120_000  # ms; a server comes up on a computer that does other things, too
LISTED = "#nbgrader-assignment-list"
CELL_OF = """id => jupyterapp.shell.currentWidget.content.model.sharedModel.cells
  .findIndex(cell => cell.metadata.nbgrader?.grade_id === id)"""
OUTPUT_OF = """index => (jupyterapp.shell.currentWidget.content.model.sharedModel.cells[index].toJSON().outputs ?? [])
  .map(output => output.text ?? output.data?.['text/plain'] ?? output.ename ?? '').flat().join('')"""
RUN_CODE = """async code => {
  const kernel = await jupyterapp.serviceManager.kernels.startNew({name: 'python3'});
  const connection = jupyterapp.serviceManager.kernels.connectTo({model: kernel.model});
  let said = '';
  const future = connection.requestExecute({code});
  future.onIOPub = message => { said += message.content.text ?? (message.content.ename ? message.content.ename + ': '
    + message.content.evalue : ''); };
  await future.done;
  await connection.shutdown();
  return said;
}"""


class Person:
    """Somebody with a profile of their own in the browser."""

    def __init__(self, browser: Browser, address: str, name: str) -> None:
        self.name, self.address = name, address
        self.server = f"{address}user/{name}/"
        self._context = browser._chromium.new_context(service_workers="block", no_viewport=True)
        self._context.set_default_timeout(PATIENCE)
        self._context.set_default_navigation_timeout(PATIENCE)
        self._context.add_init_script(path=Path(__file__).parents[1] / "browser" / "in_page.js")
        self.pages: list[Page] = []

    def open(self, address: str) -> Page:
        """Open an address in a new tab."""
        page = self._keep(Page(self._context.new_page()))
        page.goto(address)
        return page

    def _keep(self, page: Any) -> Any:
        page.page.set_default_timeout(PATIENCE)
        self.pages.append(page)
        return page

    def log_in(self, password: str) -> Page:
        """Log in, and wait for JupyterLab."""
        page = self._try(password)
        page.page.wait_for_selector("#jp-main-dock-panel .jp-Launcher")
        return page

    def _try(self, password: str) -> Page:
        page = self.open(self.address)
        page.page.fill("input[name=username]", self.name)
        page.page.fill("input[name=password]", password)
        page.page.click("#login_submit")
        return page

    def log_in_fails(self, password: str) -> bool:
        """Try another password, and say whether the hub refuses it."""
        page = self._try(password)
        page.page.wait_for_load_state()
        refused = page.page.locator("#login_submit").count() == 1
        page.close()
        self.pages.remove(page)
        return refused

    def menu(self, page: Page, entry: str) -> None:
        """Choose an entry of JupyterLab's menu Nbgrader."""
        page.page.locator("#jp-MainMenu").get_by_text("Nbgrader", exact=True).click()
        page.page.locator(".lm-Menu-item").get_by_text(entry, exact=True).click()

    def menu_entries(self, page: Page) -> list[str]:
        """Give the entries of that menu."""
        page.page.locator("#jp-MainMenu").get_by_text("Nbgrader", exact=True).click()
        page.page.wait_for_selector(".lm-Menu-itemLabel")
        entries = [text for text in page.page.locator(".lm-Menu-itemLabel").all_inner_texts() if text]
        page.page.keyboard.press("Escape")
        return entries

    def listed(self, page: Page, part: str) -> Locator:
        """Give a part of the assignment list: "released", "fetched" or "submitted"."""
        return page.page.locator(f"{LISTED} #{part}_assignments_list")

    def notebook(self, path: str) -> NotebookPage:
        """Open a notebook of one's own in a workspace of its own."""
        page = self._context.new_page()
        page.set_default_timeout(PATIENCE)
        return self._keep(NotebookPage(page, f"{self.server}lab/workspaces/{path[:4]}/tree/{path}?reset", path))

    def run_code(self, page: Page, code: str) -> str:
        """Run code in a new kernel of one's own, and give what it printed or raised."""
        return str(page.run(RUN_CODE, code))

    def close(self) -> None:
        """Close every tab."""
        self._context.close()


def type_into(notebook: NotebookPage, grade_id: str, text: str) -> None:
    """Click into a cell and type a text in place of what is there."""
    editor = notebook.cell(notebook.run(CELL_OF, grade_id)).locator(".cm-content")
    editor.click()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.insert_text(text)
    notebook.settle()


def write_into(notebook: NotebookPage, grade_id: str, text: str) -> None:
    """Write prose into a text cell, which is opened by two clicks."""
    notebook.cell(notebook.run(CELL_OF, grade_id)).dblclick()
    type_into(notebook, grade_id, text)


def said(notebook: NotebookPage, grade_id: str) -> str:
    """Give the text below a cell."""
    return str(notebook.run(OUTPUT_OF, notebook.run(CELL_OF, grade_id)))


def save(notebook: NotebookPage) -> None:
    """Save the notebook."""
    notebook.run("() => jupyterapp.commands.execute('docmanager:save')")


def without_marks(source: Sequence[str] | str) -> str:
    """Give the text of a solved cell without the lines that tell nbgrader what to take away."""
    lines = "".join(source).splitlines()
    return "\n".join(line for line in lines if " SOLUTION" not in line)


def solution(path: Path, grade_id: str) -> str:
    """Give the solved text of a cell of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return next(without_marks(cell["source"]) for cell in cells
                if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)  # fmt: skip


def fetch(person: Person, lab: Page) -> None:
    """Open the assignment list and press Fetch."""
    person.menu(lab, "Assignment List")
    person.listed(lab, "released").get_by_text("Fetch", exact=True).click()
    person.listed(lab, "fetched").get_by_text("Submit", exact=True).wait_for()


def submit(person: Person, lab: Page) -> None:
    """Press Submit and wait until it is listed."""
    person.listed(lab, "fetched").get_by_text("Submit", exact=True).click()
    person.listed(lab, "submitted").get_by_text(CHAPTER, exact=True).wait_for()


def row(page: Page, name: str) -> Locator:
    """Give the row of an assignment or a student in a table of the formgrader's."""
    return page.page.locator("tbody tr").filter(has=page.page.get_by_text(name, exact=True))


def press(page: Page, name: str, button: str) -> None:
    """Press a button in a row, and read the log that comes up: an error there is one here."""
    row(page, name).locator(f"{button} a").click()
    modal = page.page.locator(".modal.in, .modal.show").last
    modal.wait_for()
    expect("Success" in modal.locator(".modal-title").inner_text(), modal.inner_text())
    modal.locator("[data-dismiss=modal]").first.click()
    modal.wait_for(state="hidden")
    page.page.wait_for_load_state("networkidle")


def keep(page: Page, field: str, text: str) -> None:
    """Write into a field of a submission in the formgrader, and wait until it is kept."""
    with page.page.expect_response(lambda response: response.request.method == "PUT") as kept:
        page.page.fill(field, text)
        page.page.dispatch_event(field, "change")
    expect(kept.value.ok, f"the formgrader answered {kept.value.status}")

"""The bench in a real page: every control, playing, running its cell again, and room for it in every window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser import catalogue, toys
from tests.browser.driver import Browser
from tests.browser.lab import LabServer
from tests.browser.notebook import NotebookPage
from tests.browser.widgets import Control, Sweep, Widget

NOTEBOOK = "benches.ipynb"
BROKEN = "efi_call:posted::s1+2.s0+43.s1+15.p0.s0+4.s1+3.s0+18~af7c"
CELLS = [
    "from tempmm_lab import bench, shootdown, text_poke",
    "bench(text_poke())",
    f'bench("{BROKEN}", compare="v6.16")',
    'bench(shootdown(cpus=3, memory="tso"), show=("machine", "timeline"))',
]
LOOKS = {
    "1280-light": (1280, "light"),
    "1280-dark": (1280, "dark"),
    "820-light": (820, "light"),
    "820-dark": (820, "dark"),
}


@pytest.fixture(scope="module")
def page(lab: LabServer, browser: Browser) -> Iterator[NotebookPage]:
    """A notebook of benches."""
    toys.write_notebook(lab.folder / NOTEBOOK, CELLS)
    with browser.open_notebook(lab, NOTEBOOK) as opened:
        opened.run_all()
        yield opened


def benches(page: NotebookPage) -> list[Widget]:
    """The benches on the page, from the top."""
    return [Widget(page, root) for root in page.widgets().all()]


def named(widget: Widget, name: str) -> Control:
    """The control whose name ends like this."""
    return next(one for one in widget.controls() if one.name.endswith(name))


def click(widget: Widget, *names: str) -> None:
    """Click controls in turn."""
    for name in names:
        widget.by_mouse(named(widget, name))


def says(widget: Widget) -> str:
    """What the status line says."""
    return widget.root.locator(".tmm-status").inner_text()


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
@pytest.mark.parametrize("place", range(3))
def test_every_control_works(page: NotebookPage, place: int, by: str) -> None:
    """Each control is reached and does something, nonsense is answered, no error is shown, the keyboard is not lost."""
    page.run_all(restart=True)
    widget = benches(page)[place]
    sweep: Sweep = widget.sweep_by_mouse() if by == "mouse" else widget.sweep_by_keyboard()
    assert sweep.problems(catalogue.SILENT["bench"], catalogue.ANSWERED["bench"]) == []
    assert "button More knobs" in sweep.operated
    assert page.callback_errors() + page.console + page.outside == []


def test_the_state_survives_running_the_cell_again(page: NotebookPage) -> None:
    """Stepped twice, interrupted, and the cell run again: the same place, and the same replay string."""
    page.run_all(restart=True)
    widget = benches(page)[0]
    click(widget, "step ▶", "step ▶", "IRQ on CPU 0")
    before = says(widget), widget.root.locator("input[type=text]").last.input_value()
    page.run_all()
    again = benches(page)[0]
    assert (says(again), again.root.locator("input[type=text]").last.input_value()) == before
    assert before[0].startswith("Step 3 of 3")


def test_a_counterexample_is_one_click_away(page: NotebookPage) -> None:
    """Explore, then show: the bench stands at the end of the shortest way, and says what it breaks."""
    page.run_all(restart=True)
    widget = benches(page)[1]
    click(widget, "|◀ start", "Explore every interleaving")
    widget.root.locator("button", has_text="show mask-bit-set").wait_for()
    click(widget, "show mask-bit-set: 65 steps")
    assert says(widget).startswith("Step 65 of 65")
    assert "Breaks mask-bit-set" in says(widget)


def test_it_plays_by_itself_until_it_is_paused(page: NotebookPage) -> None:
    """The clock is in the page; each tick is a step; pause holds it."""
    page.run_all(restart=True)
    widget = benches(page)[0]
    click(widget, "play")
    widget.root.locator(".tmm-status", has_text="Step 3 of").wait_for()
    click(widget, "pause")
    held = says(widget)
    page.page.wait_for_timeout(1200)
    assert says(widget) == held


@pytest.mark.parametrize("look", [*LOOKS, "zoom200"])
def test_it_has_room(page: NotebookPage, look: str) -> None:
    """Nothing is wider than the cell: at 1280 and 820 pixels, in both themes, and at 200 %; kept as pictures."""
    page.run_all(restart=True)
    width, theme = LOOKS.get(look, (1280, "light"))
    page.theme(theme)
    page.zoom200() if look == "zoom200" else page.viewport(width)
    try:
        click(benches(page)[1], "More knobs", "Explore every interleaving")
        page.page.wait_for_timeout(1500)
        page.settle()
        page.screenshots(f"bench-{look}")
        for widget in benches(page):
            wide = widget.root.evaluate(
                "root => { const end = root.getBoundingClientRect().right + 1;"
                " return [...root.querySelectorAll('*')].filter(e => e.checkVisibility() && !e.closest('svg svg')"
                " && e.getBoundingClientRect().right > end && e.getBoundingClientRect().width > 0)"
                ".map(e => e.outerHTML.slice(0, 90)); }"
            )
            assert wide == []
    finally:
        page.viewport()
        page.theme("light")

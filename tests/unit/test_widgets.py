"""Widgets: every control draws, no error is invisible, nothing one can click ends in a traceback."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import ipywidgets as w
import pytest

from tempmm_lab import load, one_page, outcomes, predict, rights_grid, run, three_kernels, tlb_bench, walk_explorer
from tempmm_lab.errors import ModelError
from tempmm_lab.flushrule import check_flush_rule, needs_flush
from tempmm_lab.hw.paging import Entry
from tempmm_lab.tlbplay import ACTIONS, PAGES, act, begin
from tempmm_lab.widgets.live import VIEW, Live
from tempmm_lab.widgets.predict_box import PredictBox

MAKE = {
    "walk_explorer": lambda: walk_explorer("text_poke", "text_poke_mm_addr"),
    "rights_grid": rights_grid,
    "tlb_bench": tlb_bench,
    "three_kernels": three_kernels,
}
EVERY = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)


def controls(root: w.Widget) -> Iterator[w.Widget]:
    """Give every control below a widget."""
    for child in getattr(root, "children", ()):
        yield from controls(child)
        if isinstance(child, w.Button | w.Checkbox | w.Dropdown | w.ToggleButtons | w.ToggleButton | w.Text):
            yield child


def operate(control: w.Widget, chance: random.Random) -> None:
    """Do to a control what a reader may do."""
    if isinstance(control, w.Button):
        control.click()
    elif isinstance(control, w.Checkbox | w.ToggleButton):
        control.value = not control.value
    elif isinstance(control, w.Text):
        control.value = chance.choice(
            ["0x401000", "", "zzz", "-1", "ffffffff82156560", "0x800000000000", "9" * 40, "heap"]
        )
    else:
        values = [option[1] if isinstance(option, tuple) else option for option in control.options]
        control.value = chance.choice(values)


@EVERY
def test_two_thousand_random_events_end_in_no_mistake_of_ours(make: object) -> None:
    """Whatever is clicked and typed, the widget shows a picture or says what to do; it never blames itself."""
    chance, widget = random.Random(1), make()  # type: ignore[operator]
    every = list(controls(widget.root))
    for _ in range(2000):
        operate(chance.choice(every), chance)
        assert "mistake in tempmm_lab" not in widget.alert.value
        assert widget.shown.value


@EVERY
def test_each_control_by_itself_draws(make: object) -> None:
    """One use of each control leaves a picture, or a message on what to do."""
    for place in range(len(list(controls(make().root)))):  # type: ignore[operator]
        widget = make()  # type: ignore[operator]
        operate(list(controls(widget.root))[place], random.Random(2))
        assert "<svg" in widget.shown.value or "<pre" in widget.shown.value or widget.alert.value


@EVERY
def test_the_text_twin_is_that_of_the_picture(make: object) -> None:
    """The text shown is exactly the twin of the picture it replaces."""
    widget = make()  # type: ignore[operator]
    widget.as_text.value = True
    assert widget.text().splitlines()[0] in widget.shown.value.replace("&#x27;", "'")
    widget.as_text.value = False
    assert widget.shown.value == widget.draw().svg


@EVERY
def test_a_display_has_a_picture_a_text_and_a_live_part(make: object) -> None:
    """A notebook without a kernel still shows the picture, with its alternative text."""
    bundle = make()._repr_mimebundle_()  # type: ignore[operator]
    assert set(bundle) == {"text/html", "text/plain", VIEW}
    assert "<img alt=" in bundle["text/html"]


def test_an_error_in_a_callback_is_shown() -> None:
    """JupyterLab shows nothing of it, so the widget does."""

    class Broken(Live):
        def controls(self) -> list[w.Widget]:
            return [self.button("break", lambda: 1 / 0)]  # type: ignore[arg-type, return-value]

        def draw(self):
            return rights_grid().draw()

    broken = Broken()
    next(control for control in controls(broken.root) if isinstance(control, w.Button)).click()
    assert 'role="alert"' in broken.alert.value
    assert "ZeroDivisionError" in broken.alert.value


def test_a_flip_changes_the_walk_and_can_be_taken_back() -> None:
    """Setting US in the alias's leaf lets a user in; "As recorded" keeps him out again."""
    widget = walk_explorer("text_poke", "text_poke_mm_addr", cpl=3)
    before = widget.text()
    buttons = {control.description: control for control in controls(widget.root) if isinstance(control, w.Button)}
    buttons["Flip the bit"].click()
    assert "RW- user" in widget.text()
    buttons["As recorded"].click()
    assert widget.text() == before


def test_a_prediction_box_commits_before_it_reveals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check is off until a choice is made; only then does the answer appear."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEMPMM_LAB_ANSWERS", raising=False)
    prediction = predict("ch03-moved")
    prediction._repr_mimebundle_()
    box = prediction._box
    assert isinstance(box, PredictBox)
    assert (box.check.disabled, box.after.value) == (True, "")
    box.choices.value = 1
    assert (box.check.disabled, box.after.value) == (False, "")
    box.check.click()
    assert "Not quite" in box.after.value
    assert "<svg" in box.after.value


def test_two_thousand_random_events_on_a_prediction_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often one chooses, checks and skips, the box shows an answer or none, and the first choice is kept."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEMPMM_LAB_ANSWERS", raising=False)
    prediction, chance = predict("ch03-moved"), random.Random(3)
    prediction._repr_mimebundle_()
    box = prediction._box
    assert isinstance(box, PredictBox)
    for _ in range(2000):
        kind = chance.choice(("choose", "check", "skip"))
        if kind == "choose":
            box.choices.value = chance.choice((None, 0, 1, 2))
        elif kind == "check" and not box.check.disabled:
            box.check.click()
        elif kind == "skip":
            box.skip.click()
        assert "mistake in tempmm_lab" not in box.alert.value
        assert box.check.disabled == (box.choices.value is None)
    assert "<svg" in box.after.value
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("va", PAGES.values())
def test_every_action_of_the_bench_can_be_done_at_the_start(action: str, va: int) -> None:
    """Each action is possible at once, and is written into the log."""
    assert len(act(begin(), action, va).log) == 1


def test_an_unknown_action_names_the_known_ones() -> None:
    """A wrong word is one clear error."""
    with pytest.raises(ModelError, match="INVLPG"):
        act(begin(), "flush", 0x7000)


def test_a_safe_and_exact_flush_rule_exists() -> None:
    """The rule of table 8.10, with SMEP's exception, is judged neither dangerous nor needless."""

    def rule(before: Entry, after: Entry, *, smep: bool = False) -> bool:
        if not before.present:
            return False
        if not after.present or before.address != after.address:
            return True
        less = (before.rw and not after.rw) or (before.user and not after.user) or (after.nx and not before.nx)
        return bool(less or (smep and not before.user and after.user and not before.nx))

    report = check_flush_rule(rule)
    assert (report.pairs, report.dangerous, report.needless) == (648, (), ())


def test_never_flushing_is_dangerous() -> None:
    """The judge is not asleep: moving a page needs a flush, and the machine shows why."""
    assert needs_flush(Entry.of(0xA3000), Entry.of(0xB7000))
    assert check_flush_rule(lambda *_, **__: False).dangerous
    machine, _ = run(one_page(), 0, load, 0x7000)
    assert outcomes(machine, load, 0x7000) == (0xA3,)

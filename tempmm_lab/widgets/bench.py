"""The book's bench: a scenario to step through, interrupt, go back in, explore, replay and compare."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from html import escape
from typing import Any

import ipywidgets as w

from tempmm_lab import benchplay
from tempmm_lab.benchplay import Bench
from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.following import empty
from tempmm_lab.kernel.builds import Build
from tempmm_lab.scenarios import Scenario
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.trace import Trace, replay
from tempmm_lab.views.bench import PANES, checked, draw_bench, panes, text
from tempmm_lab.views.picture import Picture
from tempmm_lab.widgets.bench_explore import Exploring
from tempmm_lab.widgets.bench_knobs import Knobs
from tempmm_lab.widgets.bench_schedule import Schedule
from tempmm_lab.widgets.bench_session import Session, session_of
from tempmm_lab.widgets.live import Live

STYLE = (
    "<style>.tmm-widget.tmm-bench{max-width:1090px}.tmm-bench h3{margin:0 12px 0 0;font-size:16px}"
    ".tmm-bench p.tmm-status{min-height:3em;margin:4px 0}.tmm-bench .tmm-note{font-style:italic;margin:4px 0}"
    ".tmm-bench .widget-hbox{align-items:center;gap:2px 4px}.tmm-bench .widget-checkbox{width:auto}"
    ".tmm-bench .tmm-why{opacity:.8;font-size:12px;flex:1 1 160px;min-width:0;height:28px}"
    ".tmm-bench .tmm-why .widget-html-content{overflow:hidden}.tmm-bench .tmm-why span{display:block;"
    "overflow:hidden;white-space:nowrap;text-overflow:ellipsis}</style>"
)


class BenchWidget(Live):
    """A scenario on the bench."""

    name = "bench"

    def __init__(self, session: Session, show: tuple[str, ...]) -> None:
        """Show a session, in these panes."""
        self.session, self.show = session, show
        self.syncing = False
        self.knobs, self.schedule, self.exploring = Knobs(self), Schedule(self), Exploring(self)
        super().__init__()

    @property
    def bench(self) -> Bench:
        """The bench now."""
        return self.session.bench

    def controls(self) -> list[w.Widget]:
        """The scenario and its knobs; going through the run; what may happen on each CPU."""
        title = w.HTML(f"{STYLE}<h3>{escape(self.bench.scenario.name)}</h3>")
        return [w.HBox([title, *self.knobs.first]), self.knobs.more, *self.schedule.rows]

    def below(self) -> list[w.Widget]:
        """Exploring, and the replay string."""
        self.replay = w.Text(
            description="Replay string", continuous_update=False, layout=w.Layout(width="620px", max_width="100%"),
            tooltip="This schedule as text. Put another one in, and press Enter.",
        )  # fmt: skip
        self.hear(self.replay, lambda typed: self.put(benchplay.load(self.bench, typed)))
        reset = self.button("Reset", self._reset, "Take back everything: the schedule, the knobs and what was explored")
        return [*self.exploring.rows, w.HBox([self.replay, reset])]

    def hear(self, control: w.Widget, act: Any, trait: str = "value", *, plays: bool = False) -> w.Widget:
        """Let a control act with its new value, unless it was the bench that set it.

        Whatever is done pauses the clock, but for the clock's own ticks: `plays`.
        """

        def changed(change: Any) -> None:
            with self.session.lock:  # else what the reader does while another thread syncs would be taken for its doing
                if not self.syncing:
                    self._do(lambda: act(change["new"]), plays=plays)

        control.observe(changed, trait)
        return control

    def put(self, bench: Bench) -> None:
        """Take over what was done."""
        self.session.bench = bench

    def _reset(self) -> None:
        self.session.reset()

    def _do(self, act: Any, *, plays: bool = False) -> None:
        """Act; whether that worked or not, let every control show what is the case."""
        with self.session.lock:
            if not plays:
                self.schedule.pause()
            if self._guarded(act):
                self._redraw()
            else:
                with suppress(Exception):  # what is wrong has been told already
                    self.sync(typed=False)

    def arrive(self, act: Any) -> None:
        """Take over what came in the background: a message that is being read stays, and so does what was typed."""
        with self.session.lock, suppress(Exception):
            try:
                act()
            except ModelError as error:
                self.tell(str(error))
            self._draw_panes()
            self.sync(typed=not self.alert.value)

    def _show(self) -> None:
        self._draw_panes()
        self.sync()

    def _draw_panes(self) -> None:
        text = f"<pre>{escape(self.text())}</pre>" if self.as_text.value else ""
        self.shown.value = text or panes(self.bench, self.session.report, self.show)

    def sync(self, *, typed: bool = True) -> None:
        """Let every control show the state; what was typed stays, with `typed=False`, to be corrected."""
        self.syncing = True
        try:
            self.knobs.sync(typed=typed)
            self.schedule.sync()
            self.exploring.sync()
            path = str(self.bench.trace.path)
            if typed and self.replay.value != path:
                self.replay.value = path
        finally:
            self.syncing = False

    def draw(self) -> Picture:
        """Give the bench as one picture."""
        return draw_bench(self.bench, self.session.report, self.show)

    def text(self) -> str:
        """Give the same facts as text."""
        return text(self.bench, self.session.report, self.show)


def bench(
    scenario: Scenario | Trace | Path | str,
    *,
    name: str | None = None,
    compare: Build | str | None = None,
    show: Sequence[str] = PANES,
) -> BenchWidget:
    """Give the bench: a widget on which a scenario is stepped, interrupted, taken back, explored and compared.

    Args:
        scenario: a scenario, such as `efi_call(build="posted")`; or a trace, a path or a replay string: then the bench
            begins with that schedule, at its end.
        name: benches keep their state when their cell is run again. A bench is known by what it was given; two
            benches of the same scenario need a name each, or they share one state.
        compare: a second build that follows the same schedule, beside the first.
        show: which panes: some of "source", "machine", "timeline", "rules".

    Raises:
        ModelError: this is nothing that can be put on a bench, or there is no such build or pane.
    """
    advice = 'bench() takes a scenario, such as efi_call(build="posted"), a trace, a path or a replay string.'
    given = a_thing(scenario, Scenario | Trace | Path | str, advice)
    if name is not None:
        a_thing(name, str, "name is a word that tells this bench from another.")
    if isinstance(given, Path | str):
        given = replay(given)
    trace = empty(given) if isinstance(given, Scenario) else given
    return BenchWidget(session_of(trace, compare, name), checked(show))

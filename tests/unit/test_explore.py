"""The explorer, on models whose counts others have published, and on small ones that show its manners."""

import time

import pytest

from tempmm_lab import Model, ModelError, explore

WORKING, PREPARED, COMMITTED, ABORTED = range(4)


def two_phase_commit(managers):  # noqa: C901  # one small function per part of the model
    """Give the two-phase commit of Gray and Lamport as Stateright's examples have it, with so many managers."""
    everyone = range(managers)

    def actions(state):
        rms, tm, prepared, messages = state
        if tm == WORKING and all(prepared):
            yield "commit", None
        if tm == WORKING:
            yield "abort", None
        for rm in everyone:
            if tm == WORKING and ("prepared", rm) in messages:
                yield "received", rm
            if rms[rm] == WORKING:
                yield "prepare", rm
                yield "choose to abort", rm
            if "commit" in messages:
                yield "told to commit", rm
            if "abort" in messages:
                yield "told to abort", rm

    def step(state, action):
        rms, tm, prepared, messages = state
        kind, rm = action
        if kind in ("commit", "abort"):
            return rms, COMMITTED if kind == "commit" else ABORTED, prepared, messages | {kind}
        if kind == "received":
            return rms, tm, replaced(prepared, rm, True), messages
        new = {"prepare": PREPARED, "choose to abort": ABORTED, "told to commit": COMMITTED, "told to abort": ABORTED}
        sent = messages | {("prepared", rm)} if kind == "prepare" else messages
        return replaced(rms, rm, new[kind]), tm, prepared, sent

    start = ((WORKING,) * managers, WORKING, (False,) * managers, frozenset())
    return Model(
        [start],
        actions,
        step,
        always={"consistent": lambda state: not {COMMITTED, ABORTED} <= set(state[0])},
        sometimes={
            "all abort": lambda state: set(state[0]) == {ABORTED},
            "all commit": lambda state: set(state[0]) == {COMMITTED},
        },
    )


def replaced(values, place, value):
    """Give a tuple that differs in one place."""
    return (*values[:place], value, *values[place + 1 :])


def increment(threads, *, locked=False):
    """Give threads that each add one to a shared number in two steps: Stateright's increment example."""

    def actions(state):
        _, holder, each = state
        for number, (_, at) in enumerate(each):
            if at < 2 and (not locked or holder in (None, number)):
                yield number

    def step(state, number):
        shared, holder, each = state
        seen, at = each[number]
        if at == 0:
            return shared, number if locked else holder, replaced(each, number, (shared, 1))
        return seen + 1, None, replaced(each, number, (seen, 2))

    def right(state):
        return state[0] == sum(at == 2 for _, at in state[2])

    return Model([(0, None, ((0, 0),) * threads)], actions, step, always={"fin": right})


def test_increment_has_the_published_thirteen_states():
    """Two threads that increment without a lock reach 13 states, and lose an increment in four steps."""
    report = explore(increment(2))
    assert (report.states, report.complete, report.holds) == (13, True, False)
    assert len(report.counterexamples["fin"]) == 4


def test_a_lock_saves_the_increment():
    """With a lock no increment is lost."""
    assert explore(increment(2, locked=True)).holds


@pytest.mark.parametrize(("managers", "states"), [(3, 288), (5, 8_832)])
def test_two_phase_commit_has_the_published_counts(managers, states):
    """Two-phase commit with 3 and 5 managers reaches the number of states that Stateright's own tests pin."""
    report = explore(two_phase_commit(managers))
    assert (report.states, report.holds) == (states, True)
    assert set(report.examples) == {"all abort", "all commit"}


def test_counterexamples_are_shortest():
    """Breadth first: no shorter way to the broken state exists than the one that is given."""
    counter = Model([0], lambda state: (1, 2) if state < 20 else (), lambda state, add: state + add,
                    always={"below 7": lambda state: state < 7})  # fmt: skip
    assert explore(counter).counterexamples == {"below 7": (1, 2, 2, 2)}


def test_a_limit_gives_a_report_that_says_so():
    """Stopped by a limit on states, the report is partial, says why, and never says that anything holds."""
    report = explore(two_phase_commit(5), max_states=100)
    assert not report.complete
    assert not report.holds
    assert "100 states" in report.why
    assert "NOT ALL" in report.text()
    assert "holds" not in report.text()


def test_a_deadline_gives_a_report_that_says_so():
    """Stopped by a deadline, the report is partial and says why."""
    report = explore(two_phase_commit(7), deadline=0)
    assert (report.complete, "deadline" in report.why) == (False, True)


def test_ctrl_c_gives_what_there_is():
    """Ctrl-C stops the exploration, and the report so far comes back."""

    def actions(state):
        if state == 50:
            raise KeyboardInterrupt
        return (1,)

    report = explore(Model([0], actions, lambda state, add: state + add))
    assert (report.states, report.complete, "Ctrl-C" in report.why) == (51, False, True)


def test_progress_is_told_after_a_second(monkeypatch):
    """Once a second has passed, the progress function hears of states so far and states waiting."""
    times = iter(range(1_000_000))
    monkeypatch.setattr(time, "monotonic", lambda: next(times))
    heard = []
    explore(two_phase_commit(3), progress=lambda states, waiting: heard.append((states, waiting)))
    assert heard
    assert all(states > 0 and waiting >= 0 for states, waiting in heard)


def test_a_cycle_is_found():
    """A run that never ends is given as the way into a cycle and once around it."""
    lasso = Model([0], lambda _: ("go",), lambda state, _: state + 1 if state < 4 else 2)
    assert explore(lasso, cycles=True).cycle == ("go",) * 5
    assert explore(Model([0], lambda s: ("go",) if s < 4 else (), lambda s, _: s + 1), cycles=True).cycle is None


@pytest.mark.parametrize("wrong", [{"max_states": -1}, {"max_states": "many"}, {"deadline": "soon"}, {"reduce": 1}])
def test_wrong_arguments_are_named(wrong):
    """An argument that makes no sense is a ModelError that names it."""
    with pytest.raises(ModelError, match=next(iter(wrong))):
        explore(increment(2), **wrong)


def test_what_is_no_scenario_is_refused():
    """explore(5) says what it takes."""
    with pytest.raises(ModelError, match="takes a scenario"):
        explore(5)


@pytest.mark.parametrize("reduce", [True, False])
def test_a_model_of_ones_own_may_say_where_it_is_wrong_to_be_stuck(reduce):
    """A deadlock is reported for a model without a list of rules, too."""

    class Ends(Model):
        def stuck(self, state, actions):
            return state == 3 and not actions

    report = explore(Ends([0], lambda s: ("go",) if s < 3 else (), lambda s, _: s + 1), reduce=reduce)
    assert report.counterexamples == {"no-deadlock": ("go",) * 3}
    assert "no-deadlock" in report.rules

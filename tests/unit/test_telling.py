"""Telling a part of a run, and finding a run that leads somewhere."""

from __future__ import annotations

import pytest

from tempmm_lab import ModelError, context_switch, in_order, play, shootdown, text_poke
from tempmm_lab.judge import Search
from tempmm_lab.telling import part, seek, tell

RUN = play(context_switch(irqs=0), in_order)


def test_a_run_is_told_whole_if_quiet_steps_are_wanted() -> None:
    """With quiet steps there is one line for each step, and no source line's number in any."""
    lines = tell(RUN, quiet=True).splitlines()
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(RUN) + 1))
    assert not any(":" in line.split()[2] for line in lines)


def test_only_what_changes_is_told() -> None:
    """Without quiet steps every line says a change."""
    assert all(len(line) > 80 for line in tell(RUN).splitlines())


def test_one_function_can_be_told_alone() -> None:
    """What is told of a switch is all of it, from the first read on, and nothing of its caller."""
    lines = tell(RUN, inside="switch_mm_irqs_off", quiet=True).splitlines()
    assert "this_cpu_read(loaded_mm)" in lines[0]
    assert not any("finish_task_switch" in line for line in lines)


def test_a_part_is_a_run() -> None:
    """A part begins where the run was, and its steps are the run's."""
    middle = part(RUN, 5, 9)
    assert middle.first is RUN[4].before
    assert [moment.action for moment in middle] == [moment.action for moment in RUN[4:9]]


@pytest.mark.parametrize("scenario", [text_poke(irqs=0), shootdown(irqs=0)], ids=["text_poke", "shootdown"])
def test_a_shortest_run_is_found(scenario) -> None:
    """The run ends where the condition first holds, and none of the plain search is shorter."""
    trace = seek(scenario, lambda cpu: cpu.loaded_mm not in ("user_mm", "other_mm"))
    assert trace is not None
    holds = [any(cpu.loaded_mm not in ("user_mm", "other_mm") for cpu in each.after.cpus) for each in trace]
    assert holds == [False] * (len(trace) - 1) + [True]
    search = Search(scenario, 2_000_000, None, None)
    search.run()
    met = [
        state for state in search.parents
        if any(cpu.loaded_mm not in ("user_mm", "other_mm") for cpu in state.cpus)
    ]  # fmt: skip
    assert min(len(search.way(state)) for state in met) == len(trace)


def test_what_never_happens_is_not_found() -> None:
    """None stands for: in no interleaving."""
    assert seek(text_poke(irqs=0), lambda cpu: cpu.loaded_mm == "efi_mm") is None


@pytest.mark.parametrize(
    "call", [lambda: tell(3), lambda: part(RUN, "a", 2), lambda: seek(RUN, print), lambda: seek(text_poke(), 1)]
)
def test_misuse_is_one_clear_error(call) -> None:
    """A wrong argument says what to give."""
    with pytest.raises(ModelError):
        call()

"""What happens after the questions of appendix A, An explorer in thirty lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tempmm_lab.assess.question import Outcome
from tempmm_lab.explore import explore
from tempmm_lab.judge import Explorable
from tempmm_lab.scenarios import text_poke
from tempmm_lab.smallmodels import in_lines, increments, loose_increments, two_locks, two_phase_commit
from tempmm_lab.thirty import Parents, shown, try_all, way
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.states import draw_states


def _states() -> tuple[Picture, str]:
    return draw_states(increments(), label=in_lines), f"{try_all(increments())[0]} states"


def _newest_first(model: Explorable) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Give what a search finds that takes up the newest state first, with the way by which it came there."""
    parents: Parents = dict.fromkeys(model.first())
    stack = list(parents)
    while stack:
        state = stack.pop()
        steps = list(model.successors(state))
        for action, after, *_ in steps:
            if after not in parents:
                parents[after] = state, action
                stack.append(after)
        yield from ((name, way(parents, state) + last) for name, last in shown(model, state, steps))
    yield "states", tuple(parents)


def _stack() -> str:
    model = text_poke(build="v5.1")
    count, oldest = try_all(model)
    newest: dict[str, tuple[Any, ...]] = {}
    for name, found in _newest_first(model):
        newest.setdefault(name, found)
    lines = [f"{'text_poke on v5.1':<24}{'oldest first':>14}{'newest first':>14}"]
    lines += [f"{'states':<24}{count:>14,}{len(newest['states']):>14,}"]
    lines += [f"{name:<24}{len(found):>8} steps{len(newest[name]):>8} steps" for name, found in oldest.items()]
    return "\n".join(lines)


def _told(model: Explorable) -> str:
    count, found = try_all(model)
    said = [f"{name} after {len(actions)} steps" for name, actions in found.items()]
    return f"{count} states; found: {', '.join(said) or 'nothing'}"


def _locks() -> tuple[Picture, str]:
    model = two_locks("AB", "BA")
    return draw_states(model, label=lambda state: f"t0 {state[0]}\nt1 {state[1]}", rule="no-deadlock"), _told(model)


def _poke() -> str:
    model = text_poke(build="v5.1")
    count, found = try_all(model)
    judge = explore(model, reduce=False)
    lines = [
        f"{'text_poke on v5.1':<24}{'thirty lines':>14}{'explore()':>14}",
        f"{'states':<24}{count:>14}{judge.states:>14}",
    ]
    return "\n".join(
        [
            *lines,
            *(f"{rule:<24}{len(found[rule]):>8} steps{len(judge.counterexamples[rule]):>8} steps" for rule in found),
        ]
    )


def _grow() -> str:
    counts = [explore(text_poke(cpus=cpus), reduce=False).states for cpus in (1, 2, 3)]
    return "\n".join(f"{cpus} CPU{'s' * (cpus > 1)}: {count:6,} states" for cpus, count in enumerate(counts, 1))


OUTCOMES: dict[str, Outcome] = {
    "chA-states": _states,
    "chA-lost": lambda: draw_states(increments(), label=in_lines, rule="adds up"),
    "chA-stack": _stack,
    "chA-loose": lambda: f"all compared:    {_told(increments())}\nplaces compared: {_told(loose_increments())}",
    "chA-locks": _locks,
    "chA-deaf": lambda: (
        f"as it should be: {_told(two_phase_commit())}\nmisspelt:        {_told(two_phase_commit(hears=False))}"
    ),
    "chA-poke": _poke,
    "chA-grow": _grow,
}
"""Question id -> what is run and shown after an answer."""

"""The engine agrees with the plain search on every mutant of the kernel floor: code written with nothing in mind."""

import pytest

from tempmm_lab import STORIES, Config
from tests.engine.agreement import ANSWERS, few_views, outcome, plainly, unlike
from tests.mutants.tool import all_mutants, planted

LARGEST = 20_000
"""States that the plain search may visit; a mutant that has more in a scenario is not compared there."""
CHUNK = 12
POKES = [("text_poke", {}), ("text_poke", {"config": Config(pti=True)}), ("nested", {"lifo": False})]
SWITCHES = [("context_switch", {"cpus": 1, "ticks": 1}), ("context_switch", {"cpus": 1, "kthread": True}),
            ("lazy_tlb", {}), ("schedule_inside", {"cpus": 1})]  # fmt: skip
FLUSHES = [("shootdown", {}), ("shootdown", {"trim": True}), ("shootdown", {"irqs_off": True, "senders": 2}),
           ("lazy_tlb", {"exit": True})]  # fmt: skip
CALLS = [("efi_call", {"cpus": 1}), ("efi_call", {"caller": "boot"}), ("efi_call", {"caller": "mixed", "cpus": 1}),
         ("efi_call", {"caller": "worker", "firmware": "faults"}),
         ("efi_call", {"firmware": "flips_if", "cpus": 1})]  # fmt: skip
ENTRIES = [("text_poke", {"irqs": 1, "cpus": 1}), ("nmi_in_window", {"cpus": 1}),
           ("schedule_inside", {"to": "tick", "ticks": 1, "cpus": 1})]  # fmt: skip
CHECKS = [("text_poke", {"config": Config(debug_vm=True)}), ("nested", {}), ("efi_call", {"cpus": 1}),
          ("shootdown", {"irqs_off": True, "senders": 2}),
          ("schedule_inside", {"to": "nobody", "ticks": 1, "cpus": 1})]  # fmt: skip
RELEVANT = {
    "tlb": [*POKES, *SWITCHES, *FLUSHES[2:3]],
    "tlbstate": [*POKES, *SWITCHES, *FLUSHES[2:3]],
    "tlbflush": [*FLUSHES, *SWITCHES[2:3]],
    "smp": FLUSHES,
    "alternative": [("text_poke", {"pokes": 2}), ("text_poke", {"lazy": True}), ("stale_alias", {}),
                    ("text_poke", {"handler": "stray_write", "irqs": 1, "cpus": 1}), ("hw_breakpoints", {})],
    "efi": CALLS,
    "efi_quirks": [CALLS[3], ("schedule_inside", {"access": True, "cpus": 1})],
    "fault": [CALLS[3], ("schedule_inside", {"access": True, "cpus": 1})],
    "core": [*SWITCHES, *ENTRIES[2:]],
    "entry": [*ENTRIES, *FLUSHES[2:3], *SWITCHES[:1], *POKES[1:2]],
    "hw_breakpoint": [("hw_breakpoints", {}), *POKES[:1]],
}  # fmt: skip
"""Scenarios, by the module that a mutant is of; for all other modules, CHECKS."""
MUTANTS = all_mutants()
SELECTED = MUTANTS[::6]


@pytest.fixture(autouse=True)
def _few_views(monkeypatch):
    few_views(monkeypatch, 20_000)


def comparisons(mutant):
    """Give (scenario, the plain search's answer, by answerer what is unlike) for the scenarios of a mutant."""
    with planted(mutant):
        for name, knobs in RELEVANT.get(mutant.module, CHECKS):
            scenario = STORIES[name](**{"irqs": 0, **knobs})
            plain = plainly(LARGEST, scenario)
            if isinstance(plain, str) or plain.complete:
                yield scenario, plain, {who: unlike(plain, outcome(said, scenario)) for who, said in ANSWERS.items()}


def compared(mutants):
    """Give how many comparisons were made, how many broke something, and all mismatches."""
    made, broken, wrong = 0, 0, []
    for mutant in mutants:
        for scenario, plain, each in comparisons(mutant):
            made += 1
            broken += isinstance(plain, str) or bool(plain.counterexamples or plain.reports)
            wrong += [(mutant.name, str(scenario), who, what) for who, what in each.items() if what]
    return made, broken, wrong


def test_the_engine_agrees_on_a_selection_of_mutants():
    """On every sixth mutant, verdicts and lengths are the plain search's; a fair part of the mutants does harm."""
    assert len(SELECTED) >= 59
    made, broken, wrong = compared(SELECTED)
    assert wrong == []
    assert made > 4 * len(SELECTED)
    assert broken > made // 5


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, len(MUTANTS), CHUNK))
def test_the_engine_agrees_on_every_mutant(first):
    """The same for all of them."""
    made, _, wrong = compared(MUTANTS[first : first + CHUNK])
    assert wrong == []
    assert made >= CHUNK

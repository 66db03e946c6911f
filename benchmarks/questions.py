"""What is asked of every explorer: scenarios of the package with their usual knobs, and what is wanted of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.harmony import harmony
from benchmarks.model import Net, net_of
from benchmarks.promela import promela
from benchmarks.rounds import Ran, python
from benchmarks.writer import Style
from tempmm_lab.scenarios import STORIES

EXPLORE = "from tempmm_lab import STORIES, explore\nprint(explore(STORIES[{0!r}](**{1!r})))"
PROVE = "from tempmm_lab import STORIES, prove\nprint(prove(STORIES[{0!r}](**{1!r})))"


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        story, knobs: the scenario.
        rule: the rule of which a shortest schedule is wanted; "" for a proof of all rules.
        goal: what the ratio to SPIN at its best shall be at most.
        exact: whether SPIN can visit every state, to compare their number.
        with_harmony: whether Harmony is asked too.
        shortest: whether SPIN can find a shortest schedule, for which it must visit every state up to there.
    """

    story: str
    knobs: tuple[tuple[str, Any], ...]
    rule: str
    goal: float
    exact: bool = True
    with_harmony: bool = False
    shortest: bool = True

    @property
    def scenario(self) -> Any:
        """The scenario."""
        return STORIES[self.story](**dict(self.knobs))

    @property
    def name(self) -> str:
        """What is asked, in words."""
        wanted = f"shortest schedule that breaks {self.rule}" if self.rule else "proof"
        cpus = self.scenario.cpus
        return f"{wanted}: {self.scenario}" + ("" if cpus != 2 else ", 2 CPUs")

    def net(self) -> Net:
        """Give it as guarded commands."""
        return net_of(self.scenario)

    def promela(self, net: Net) -> str:
        """Give SPIN's model."""
        return promela(net, self._style())

    def every_state(self, net: Net) -> str:
        """Give SPIN's model with nothing left out, and no rule asked."""
        return promela(net, Style(frozenset(), every_cell=True))

    def harmony(self, net: Net) -> str:
        """Give Harmony's model."""
        return harmony(net, self._style())

    def _style(self) -> Style:
        return Style(frozenset([self.rule])) if self.rule else Style()

    def ask(self) -> Ran:
        """Ask the package in a fresh process: for a shortest schedule, or for the proof, which is for any number."""
        asked = EXPLORE if self.rule else PROVE
        return python(asked.format(self.story, dict(self.knobs)))

    def ask_any(self) -> Ran:
        """Ask the package for any number of CPUs, in a fresh process."""
        return python(PROVE.format(self.story, dict(self.knobs)))


def _question(
    story: str,
    rule: str,
    goal: float,
    *,
    exact: bool = True,
    with_harmony: bool = False,
    shortest: bool = True,
    **knobs: Any,
) -> Question:
    return Question(story, tuple(knobs.items()), rule, goal, exact, with_harmony, shortest)


PROOFS = (
    _question("efi_call", "", 0.25, build="v6.16", with_harmony=True),
    _question("shootdown", "", 0.25, build="v6.16", with_harmony=True),
    _question("context_switch", "", 0.25, build="v6.16"),
    _question("context_switch", "", 0.10, build="v6.16", cpus=3, exact=False),
    _question("lazy_tlb", "", 0.10, build="v6.16", cpus=3, exact=False),
    _question("shootdown", "", 0.10, build="v6.16", cpus=3, senders=2, exact=False),
)
SCHEDULES = (
    _question("efi_call", "mask-bit-set", 0.35, build="posted"),
    _question("efi_call", "no-stale-use", 0.35, build="posted", with_harmony=True),
    _question("shootdown", "no-stale-use", 0.35, build="v6.14", with_harmony=True),
    _question("context_switch", "no-stale-use", 0.35, build="v6.14"),
    _question("context_switch", "no-stale-use", 0.15, build="v6.14", cpus=3, exact=False),
    _question("context_switch", "no-stale-use", 0.15, build="v6.14", cpus=4, exact=False, shortest=False),
)
ANY_NUMBER = (
    "efi_call", "shootdown", "context_switch", "lazy_tlb", "text_poke", "stale_alias", "nmi_in_window",
    "hw_breakpoints", "nested", "schedule_inside",
)  # fmt: skip
"""Scenarios with a proof for any number of CPUs; schedule_inside has one up to v6.14."""

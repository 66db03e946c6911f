"""What happens after the questions of chapter 14, Against the real machine."""

from __future__ import annotations

from itertools import pairwise

from tempmm_lab.assess.question import Outcome
from tempmm_lab.explore import explore
from tempmm_lab.litmustests import STORE_BUFFERING, litmus
from tempmm_lab.matched import match_window, tampered
from tempmm_lab.matching import conform
from tempmm_lab.noticing import noticed
from tempmm_lab.scenarios import shootdown
from tempmm_lab.shipped import SHIPPED
from tempmm_lab.views.matched import draw_matched
from tempmm_lab.views.picture import Picture
from tempmm_lab.wrongwalkers import WRONG_WALKERS, caught

POKE, AFTER, BEFORE = "text_poke-6.16.12", "efi-6.16.12", "efi-6.12.107"
FENCED = "x = 1; fence; a = y"


def _between() -> str:
    rows = match_window(POKE).rows
    steps = [row.step or 0 for row in rows]
    gaps = [later - earlier for earlier, later in pairwise(steps)]
    return (
        f"compared after steps {', '.join(map(str, steps))}; between two stops the model takes up to {max(gaps)} steps"
    )


def _efi() -> tuple[Picture, Picture]:
    return draw_matched(match_window(BEFORE, 1)), draw_matched(match_window(AFTER, 2))


def _follows() -> str:
    found = [conform(name) for name in SHIPPED]
    rows = [(result.recording.name.removesuffix(".jsonl.gz"), result) for result in found]
    lines = [f"{name:<26} {result.build.name:<6} matched {result.matched} of {result.rows}" for name, result in rows]
    return "\n".join([*lines, f"in all {sum(result.matched for result in found):,} rows"])


def _one_value() -> tuple[Picture, str]:
    changed = tampered(POKE, 4, IF=1)
    result = conform(changed)
    return draw_matched(match_window(changed)), f"in all: matched {result.matched} of {result.rows}"


def _first_row() -> str:
    result = conform(tampered(POKE, 0, preempt_count="0x1"))
    return "\n".join([f"matched {result.matched} of {result.rows}", *map(str, result.differences[:3]), "..."])


def _cookie() -> str:
    changed = conform(tampered(AFTER, 9, returned_prev_mm="efi_mm"))
    return f"with the changed cookie: matched {changed.matched} of {changed.rows}"


def _litmus(*programs: tuple[str, ...]) -> str:
    lines = []
    for program in programs:
        for memory in ("sc", "tso"):
            says = "can" if litmus(program, memory).allows(a=0, b=0) else "cannot"
            lines.append(f"memory={memory:<4} {' | '.join(program):<46} both {says} read 0")
    return "\n".join(lines)


def _flushes(build: str) -> str:
    lines = []
    for memory in ("sc", "tso"):
        report = explore(shootdown(build=build, memory=memory))
        found = [f"{rule} in {len(path)} steps" for rule, path in report.counterexamples.items()]
        lines.append(f"{build}, memory={memory}: {report.states:,} states, breaks {', '.join(found) or 'nothing'}")
    return "\n".join(lines)


OUTCOMES: dict[str, Outcome] = {
    "ch14-between": _between,
    "ch14-efi-differ": _efi,
    "ch14-follows": _follows,
    "ch14-one-value": _one_value,
    "ch14-first-row": _first_row,
    "ch14-cookie": _cookie,
    "ch14-posted": lambda: draw_matched(match_window(AFTER, 1, build="posted")),
    "ch14-unnoticed": lambda: noticed().text(),
    "ch14-both-zero": lambda: _litmus(STORE_BUFFERING),
    "ch14-one-fence": lambda: _litmus(
        ("x = 1; fence; a = y", "y = 1; b = x"), ("x = 1; fence; a = y", "y = 1; fence; b = x")
    ),
    "ch14-which-side": lambda: _flushes("v6.16"),
    "ch14-older": lambda: _flushes("v5.10"),
    "ch14-smep": lambda: caught({"SMEP is ignored": WRONG_WALKERS["SMEP is ignored"]}).text(),
}
"""Question id -> what is run and shown after an answer."""

"""What kills a mutant: a statement, a recording, or a rule. The cheap ones are asked first."""

from __future__ import annotations

from pathlib import Path

from tempmm_lab import Config, conform, explore
from tempmm_lab.scenarios import STORIES
from tests.mutants.tool import Mutant, planted
from tests.statements.orders import ORDERS
from tests.statements.table import STATEMENTS

DATA = Path(__file__).resolve().parents[2] / "tempmm_lab" / "data" / "recordings"
BUILD = "v6.16"
RECORDINGS = ("text_poke-6.16.12.jsonl.gz", "efi-6.16.12.jsonl.gz")
CLEAN = (
    ("text_poke", {"irqs": 0}), ("text_poke", {"lazy": True, "pokes": 2}), ("text_poke", {"handler": "stray_write"}),
    ("nmi_in_window", {}), ("hw_breakpoints", {"irqs": 0}), ("nested", {"irqs": 0}), ("shootdown", {"irqs": 0}),
    ("lazy_tlb", {"irqs": 0}), ("lazy_tlb", {"irqs": 0, "memory": "tso"}), ("lazy_tlb", {"exit": True, "irqs": 0}),
    ("context_switch", {"irqs": 0}),
    ("context_switch", {"irqs": 0, "kthread": True}), ("shootdown", {"irqs": 0, "senders": 2}),
    ("efi_call", {"irqs": 0}), ("efi_call", {"caller": "worker", "irqs": 0}),
    ("efi_call", {"caller": "boot", "irqs": 0}),
    ("text_poke", {"config": Config(debug_vm=True), "irqs": 0}), ("text_poke", {"config": Config(pti=True), "irqs": 0}),
    ("context_switch", {"config": Config(pti=True), "irqs": 0}),
    ("schedule_inside", {"to": "nobody", "ticks": 1, "irqs": 0, "cpus": 1}),
)  # fmt: skip
"""Scenarios that are clean on v6.16, small enough to be explored again and again."""


def _broken_rules(story, knobs):
    report = explore(STORIES[story](build=BUILD, **knobs), max_states=80_000, deadline=30)
    strange = [text for text in report.reports if "stray_write" not in str(knobs)]
    return [*report.counterexamples, *strange]


def killed_by(mutant: Mutant) -> str:
    """Say what kills a mutant; an empty answer if nothing does."""
    with planted(mutant):
        for name, each in STATEMENTS.items():
            for build in reversed(each.builds):
                if not _still(lambda each=each, build=build: each.holds(build)):
                    return f"statement {name}" + (f" on {build}" if build != BUILD else "")
        for name, check in ORDERS.items():
            if not _still(lambda check=check: check(BUILD)):
                return f"order {name}"
        for name in RECORDINGS:
            if not _still(lambda name=name: conform(DATA / name).holds):
                return f"recording {name.partition('.jsonl')[0]}"
        for story, knobs in CLEAN:
            said: list[str] = []
            if not _still(lambda s=story, k=knobs, said=said: not said.extend(_broken_rules(s, k)) and not said):
                what = f"rule {said[0]}" if said else "an error"
                return f"{what} in {story}"
    return ""


def _still(check) -> bool:
    """Say whether a check still passes; an error is a no."""
    try:
        return bool(check())
    except Exception:  # noqa: BLE001  # whatever a mutant does wrong kills it
        return False

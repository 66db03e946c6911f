"""What a patch is put to. It goes by the functions that the patch touches, never by whether the patch is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tempmm_lab.kernel.builds import Build
from tempmm_lab.scenarios import (
    Scenario,
    context_switch,
    efi_call,
    hw_breakpoints,
    lazy_tlb,
    nmi_in_window,
    shootdown,
    text_poke,
)

Asked = tuple[Any, dict[str, Any]]

POKES: tuple[Asked, ...] = (
    (text_poke, {}),
    (text_poke, {"pokes": 2}),
    (text_poke, {"pokers": 2, "irqs": 0}),
    (text_poke, {"lazy": True}),
    (text_poke, {"handler": "stray_write"}),
    (nmi_in_window, {}),
    (hw_breakpoints, {}),
)
CALLS: tuple[Asked, ...] = (
    (efi_call, {}),
    (efi_call, {"caller": "worker"}),
    (efi_call, {"caller": "boot"}),
    (efi_call, {"caller": "mixed"}),
    (efi_call, {"ticks": 1}),
)
HELPERS: tuple[Asked, ...] = (*POKES, (lazy_tlb, {"poke": True, "exit": True, "irqs": 0}), *CALLS[:2])
SWITCHES: tuple[Asked, ...] = (
    (context_switch, {}),
    (shootdown, {}),
    (lazy_tlb, {}),
    (text_poke, {"pokes": 2}),
    (nmi_in_window, {}),
    (efi_call, {}),
    (context_switch, {"memory": "tso", "irqs": 0}),
    (shootdown, {"memory": "tso", "irqs": 0}),
    (lazy_tlb, {"memory": "tso", "irqs": 0}),
)
_OF = {"__text_poke": POKES, "use_temporary_mm": HELPERS, "unuse_temporary_mm": HELPERS, "switch": SWITCHES}


def battery(build: Build) -> Iterator[Scenario]:
    """Give the scenarios that a patched build is put to: those of every function that it replaces, each once."""
    asked = [pair for name in build.patches for pair in _of(name)]
    for place, (story, knobs) in enumerate(asked):
        if (story, knobs) not in asked[:place]:
            yield story(build=build, **knobs)


def provable(scenario: Scenario) -> bool:
    """Say whether to try a proof for any number of CPUs. Where several CPUs may poke, a generation grows with them."""
    return scenario.knobs.get("pokers", 1) == 1 and not scenario.knobs.get("poke", False)


def _of(function: str) -> tuple[Asked, ...]:
    if "switch_mm" in function or function in ("leave_mm", "enter_lazy_tlb"):
        return SWITCHES
    return _OF.get(function, CALLS if "efi" in function else SWITCHES)

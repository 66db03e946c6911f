"""What happens after the questions of chapter 11, Calling the firmware."""

from __future__ import annotations

from tempmm_lab.assess.question import Outcome
from tempmm_lab.calltree import call_tree
from tempmm_lab.durations import firmware_durations
from tempmm_lab.firmwarecalls import (
    after_a_lazy_call,
    breakpoint_in_firmware,
    second_caller,
    switched_in,
    tick_in_firmware,
)
from tempmm_lab.inwindow import in_window
from tempmm_lab.scenarios import efi_call
from tempmm_lab.snapshots import load_snapshot
from tempmm_lab.trace import in_order, play
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.timeline import draw_timeline

FIRMWARE = ("the same function, 1:1", "the firmware function about to be called")


def _setup() -> str:
    return call_tree(play(efi_call(caller="worker", cpus=1), in_order), inside="arch_efi_call_virt_setup").text()


def _kernel_data() -> str:
    efi = load_snapshot("efi")
    return f"{efi.walk('init_task', 'write')}\n{efi.walk('_stext', 'write')}  (kernel text, for comparison)"


def _reverse() -> str:
    user, efi = load_snapshot("user"), load_snapshot("efi")
    lines = []
    for label in FIRMWARE:
        place = efi.find(label)
        lines.append(f"in efi_mm:         {efi.walk(place, 'execute', cpl=0)}")
        lines.append(f"in a process's mm: {user.walk(place, 'execute', cpl=0)}")
    return "\n".join(lines)


def _tick() -> tuple[Picture, str]:
    run = tick_in_firmware()
    return draw_timeline(run), switched_in(run)


def _fault() -> str:
    lines = []
    for build in ("v6.14", "v6.16"):
        run = play(efi_call(caller="worker", cpus=1, firmware="faults", build=build), in_order)
        lines += [f"{build}: {text}" for text in run.reports]
        lines += [f"{build}: calls are disabled from now on"] * (not run.last.cells["efi_flags", None])
    return "\n".join(lines)


OUTCOMES: dict[str, Outcome] = {
    "ch11-count": _setup,
    "ch11-busy": lambda: second_caller("v6.16"),
    "ch11-kernel-data": _kernel_data,
    "ch11-reverse": _reverse,
    "ch11-irqs": lambda: in_window("efi-6.12.107").text(),
    "ch11-new": lambda: in_window("efi-6.12.107", "efi-6.16.12").text(),
    "ch11-lazy": lambda: "\n".join(after_a_lazy_call(build) for build in ("v6.14", "v6.16")),
    "ch11-breakpoint": lambda: "\n".join(breakpoint_in_firmware(build) for build in ("v6.14", "v6.16")),
    "ch11-published": lambda: firmware_durations().text(),
    "ch11-tick": _tick,
    "ch11-fault": _fault,
}
"""Question id -> what is run and shown after an answer."""

"""The keys of chapter 11: right answers, and what each misconception gives instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from tempmm_lab.assess.exercises.ch11 import PLACES, STEPS
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.ch11_enter import ENTER
from tempmm_lab.assess.exercises.keys.judging import Belief, ByParts, InOrder, Truths, statement_answers, statement_hint
from tempmm_lab.kernel.system import LinuxCpu
from tempmm_lab.scenarios import efi_call
from tempmm_lab.trace import in_order, play

ORDER = InOrder(
    steps=STEPS,
    parts={
        "lock": (("lock", "queue"), ("status", "up")),
        "worker": (("queue", "off"),),
        "off": (("off", "borrow"), ("back", "on")),
        "firmware": (("borrow", "call"), ("call", "back")),
        "status": (("on", "status"),),
    },
    says={
        "lock": "The semaphore is held around everything: one firmware, one caller. The task takes it, and it gives "
        "it back when it has the status.",
        "worker": "The task leaves its request first, and sleeps. What changes the CPU's state is done by the worker.",
        "off": "The temporary mm lies inside the stretch with preemption off, on the way in and on the way out.",
        "firmware": "Firmware's mappings are in efi_mm alone: it is loaded before the call and given back after it.",
        "status": "The worker takes back all that set-up did before it hands over the status.",
    },
    right=("lock", "queue", "off", "borrow", "call", "back", "on", "status", "up"),
)

Opinion = list[str]


def _said(cpu: LinuxCpu) -> Opinion:
    return [str(cpu.loaded_mm), str(cpu.active_mm), "set" if "efi_mm" in cpu.cpumask else "clear"]


def _around(build: str, caller: str) -> Iterator[tuple[bool, LinuxCpu]]:
    """Give CPU 0 at each moment of a call, and whether it is giving the mm back."""
    for moment in play(efi_call(cpus=1, irqs=0, build=build, caller=caller), in_order):
        cpu = moment.before.cpus[0]
        yield any("efi_leave_mm" in frame.point.inside for frame in cpu.running), cpu


@cache
def by_machine(build: str, caller: str, moment: str) -> tuple[str, ...]:
    """Give what is said at a moment, as the machine has it."""
    cpus = list(_around(build, caller))
    last = max(place for place, (leaving, _) in enumerate(cpus) if leaving)
    first = min(place for place, (leaving, _) in enumerate(cpus) if leaving)
    return tuple(_said(cpus[first if moment == "in" else last + 1][1]))


def _each(how: Callable[[str, str, str], Any]) -> Callable[[Facts], dict[str, Opinion]]:
    return lambda facts: {
        place: list(how(one["build"], one["caller"], one["moment"]))
        for place, one in zip(PLACES, facts["situations"], strict=True)
    }


def _new_everywhere(_: str, caller: str, moment: str) -> tuple[str, ...]:
    return by_machine("v6.16", caller, moment)


def _old_everywhere(_: str, caller: str, moment: str) -> tuple[str, ...]:
    return by_machine("v6.14", caller, moment)


def _follows(build: str, caller: str, moment: str) -> tuple[str, ...]:
    loaded, _, bit = by_machine(build, caller, moment)
    return loaded, loaded, bit


def _to_user(build: str, caller: str, moment: str) -> tuple[str, ...]:
    loaded, active, bit = by_machine(build, caller, moment)
    return ("user_mm" if caller == "worker" and loaded == "init_mm" else loaded), active, bit


def _bit_goes(build: str, caller: str, moment: str) -> tuple[str, ...]:
    loaded, active, _ = by_machine(build, caller, moment)
    return loaded, active, "set" if moment == "in" else "clear"


def _bit_stays(build: str, caller: str, moment: str) -> tuple[str, ...]:
    loaded, active, _ = by_machine(build, caller, moment)
    return loaded, active, "set"


OPINIONS = ByParts(
    right=_each(by_machine),
    beliefs=(
        Belief(
            "active_mm is what is loaded",
            "Since v6.16 active_mm is left alone. It is the scheduler's opinion, and may differ from what is loaded.",
            _each(_follows),
        ),
        Belief(
            "the worker returns to user_mm",
            "Since v6.16 lazy mode is left on the way in, so what is loaded then, and comes back, is init_mm.",
            _each(_to_user),
        ),
        Belief(
            "every kernel clears the bit",
            "v6.14 leaves the bit behind when it leaves an mm: EFI's old way had nobody to clear it.",
            _each(_bit_goes),
        ),
        Belief(
            "no kernel clears the bit",
            "Up to v6.13 the switch itself clears it, and since v6.16 the helper.",
            _each(_bit_stays),
        ),
        Belief(
            "always the new way",
            "That is v6.16's way. Before it EFI's own code wrote active_mm.",
            _each(_new_everywhere),
        ),
        Belief(
            "always the old way",
            "That is v6.14's way: active_mm is made to say efi_mm. Look at the build.",
            _each(_old_everywhere),
        ),
    ),
    hint=lambda _, __: "Not yet. Who loads efi_mm on this build, and does that code write active_mm, or the mask?",
)

TRUTHS: Truths = {
    "At boot, and": (True, "Those two mask interrupts around the firmware, whatever the version."),
    "Before the patch EFI": (False, "Before the patch EFI did not call that helper at all: it had a way of its own."),
    "Interrupts are off": (True, "The switch needs it; firmware in between does not."),
    "On v6.14, in": (
        True,
        "It was recorded: three timer interrupts with efi_mm loaded, on a kernel before the patch.",
    ),
    "Preemption is on": (False, "It is off, before and after. It is what the new assertion asks for."),
    "The assertion of": (True, "That is the order of things: 5/7 permits, 6/7 uses."),
    "The change of": (True, "It is fe3244945c47, in v4.6."),
    "The patch turned": (False, "They were on before: the patch changed no IF in EFI's calls."),
    "What was new": (True, "The shared helper loads it now, and what it does besides comes free."),
    "With interrupts on": (False, "The call takes as long as it takes. It is the others that need not wait."),
}

JUDGES: dict[str, Any] = {
    "ch11-order": ORDER,
    "ch11-opinions": OPINIONS,
    "ch11-enter": ENTER,
    "ch11-irqs": ByParts(statement_answers(TRUTHS), (), statement_hint(TRUTHS)),
}
"""Exercise -> its judge."""

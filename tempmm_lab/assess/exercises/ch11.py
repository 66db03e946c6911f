"""The exercises of chapter 11: what is shown. Keys and judges are in `keys/ch11.py`."""

from __future__ import annotations

from itertools import product

from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.kernelcode import steps_of
from tempmm_lab.assess.exercises.shapes import Many, Word
from tempmm_lab.assess.exercises.telling import LETTERS, lettered, rules, statement_parts, statements, statements_shown

STEPS = {
    "back": "the mm that the cookie names is loaded",
    "borrow": "efi_mm is loaded",
    "call": "the firmware runs",
    "lock": "the task takes efi_runtime_lock",
    "off": "preemption is turned off",
    "on": "preemption is turned on again",
    "queue": "the task leaves its request for the worker, and sleeps",
    "status": "the worker hands over the status",
    "up": "the task gives efi_runtime_lock back",
}
"""An ordinary call of firmware, by name, in the order of the names."""


def _order(draw: Draw) -> Facts:
    return {"items": list(draw.shuffled(tuple(STEPS.values())))}


def _show_order(facts: Facts) -> str:
    return f"""v6.16, an ordinary call: a task wants to read a variable of the firmware's.
Put the steps into their order.

{lettered(facts["items"])}

Answer with a list of letters, the first step first: ["C", "A", ...]."""


PLACES = ("first", "second", "third", "fourth")
BUILDS = ("v5.10", "v6.14", "v6.16")
CALLERS = {
    "direct": "a task calls directly",
    "worker": "the worker makes the call; it was lazy on user_mm",
    "boot": "start_kernel() makes the one call at boot",
}
MOMENTS = {"in": "while firmware runs", "after": "right after the mm was given back"}
SITUATIONS = tuple(product(BUILDS, CALLERS, MOMENTS))


def _opinions(draw: Draw) -> Facts:
    chosen = draw.shuffled(draw.some(SITUATIONS, 4))
    return {"situations": [dict(zip(("build", "caller", "moment"), one, strict=True)) for one in chosen]}


def _show_opinions(facts: Facts) -> str:
    told = "\n".join(
        f"  {place:7}{one['build']}: {CALLERS[one['caller']]}; {MOMENTS[one['moment']]}"
        for place, one in zip(PLACES, facts["situations"], strict=True)
    )
    return f"""A CPU calls firmware, undisturbed. A task's own mm is user_mm. At boot init_mm is loaded,
and active_mm says so.

{told}

Say of each moment what loaded_mm and active_mm say, and whether the bit of efi_mm is set in its mask for this CPU:
a list of three, such as ['user_mm', 'user_mm', 'set'] or ['efi_mm', 'init_mm', 'clear']."""


OPINION = Many(Word(("user_mm", "efi_mm", "init_mm", "set", "clear")), 3)

ENTER = """Write efi_enter_mm() for v6.16: it borrows efi_mm for a call of firmware. The kernel's own efi_leave_mm()
gives back what read_once("efi_prev_mm", None) then says.

It is kernel code: async, with no arguments. It may await the steps and functions that the kernel has for this:
  use_temporary_mm(mm), leave_mm(), switch_mm(None, mm, "current"), switch_mm_irqs_off(None, mm, "current")
  this_cpu_read(name), this_cpu_write(name, value), read_once(name, None), write_once(name, None, value)
  local_irq_save(), local_irq_restore(flags), local_irq_disable(), local_irq_enable(), irqs_disabled()
  hw_breakpoint_active(), hw_breakpoint_disable(), lockdep_assert_preemption_disabled()
Preemption is off when it is called, and interrupts are on; so they are when firmware runs.
Every schedule is tried of a task that calls directly while another CPU takes a page away, of the worker,
and of boot."""

IRQS_STATEMENTS = (
    "At boot, and with 32-bit firmware, the call is made with interrupts off, before the patch and after it.",
    "Before the patch EFI called use_temporary_mm() with interrupts off, and since then with interrupts on.",
    "Interrupts are off around each of the two switches, and on in between.",
    "On v6.14, in an ordinary call of 64-bit firmware after boot, a timer interrupt can be taken.",
    "Preemption is on in firmware since then, too: that is why the assertion was changed.",
    "The assertion of the shared helper was changed so that EFI, which had interrupts on already, could use it.",
    "The change of 2016 took the masking out of EFI's calls, nine years before this patch.",
    "The patch turned interrupts on in EFI's calls, so a page flush may now arrive in firmware.",
    "What was new for EFI in v6.16 is how efi_mm is loaded, and that active_mm is left alone.",
    "With interrupts on an EFI call takes less time.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _irqs(draw: Draw) -> Facts:
    return {"statements": statements(draw, IRQS_STATEMENTS)}


def _show_irqs(facts: Facts) -> str:
    return f"""A colleague writes: "Since v6.16 Linux calls firmware with interrupts enabled."

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


EXERCISES = (
    Exercise(
        name="ch11-order",
        chapter=11,
        kind="order",
        title="One call of firmware",
        answer="answer_order",
        parts=rules("lock", "worker", "off", "firmware", "status"),
        variants=362_880,
        facts=_order,
        show=_show_order,
        whole=Many(Word(tuple(LETTERS[: len(STEPS)])), len(STEPS)),
    ),
    Exercise(
        name="ch11-opinions",
        chapter=11,
        kind="trace",
        title="Who says what in firmware",
        answer="answer_opinions",
        parts={place: Part(2, f"all three of the {place} moment", OPINION) for place in PLACES},
        variants=3060 * 24,
        facts=_opinions,
        show=_show_opinions,
    ),
    Exercise(
        name="ch11-enter",
        chapter=11,
        kind="build",
        title="Into efi_mm",
        answer="efi_enter_mm",
        parts=_parts(
            firmware=(2, "firmware runs on efi_mm, with interrupts on"),
            active=(1, "active_mm is left alone"),
            breakpoints=(2, "no breakpoint of the user's is armed in firmware"),
            direct=(2, "a direct call breaks no rule, on any schedule"),
            lazy=(2, "a lazy worker's call breaks no rule, on any schedule"),
            quiet=(1, "nothing is printed, whoever calls"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: ENTER,
        adapt=steps_of("efi_enter_mm"),
    ),
    Exercise(
        name="ch11-irqs",
        chapter=11,
        kind="explain",
        title="Since v6.16, with interrupts enabled?",
        answer="answer_irqs",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_irqs,
        show=_show_irqs,
        by_hand=3,
    ),
)
"""The exercises, in the order of the chapter."""

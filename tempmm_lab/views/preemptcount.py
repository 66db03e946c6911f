"""Draw preempt_count bit by bit: one number with a field for each reason not to be scheduled away."""

from __future__ import annotations

from tempmm_lab.errors import a_thing, whole_number
from tempmm_lab.kernel.preempt import preempt_fields
from tempmm_lab.views.bits import Field, bit_picture
from tempmm_lab.views.picture import Picture

FIELDS = (("NMI", 23, 20), ("hardirq", 19, 16), ("softirq", 15, 8), ("preempt", 7, 0))
NOT_NEEDED = 1 << 31
"""x86 keeps need-resched inverted in the top bit: 1 means that no reschedule is needed."""


def draw_preempt_count(count: int, *, need_resched: bool = False) -> Picture:
    """Draw the 32 bits that x86 keeps per CPU: a preempt_count of `count`, and need-resched, inverted, in bit 31.

    Raises:
        ModelError: the count has bits outside the four fields, or need_resched is neither True nor False.
    """
    whole_number(count, "the count", bits=24)
    wanted = a_thing(need_resched, bool, "need_resched is True or False.")
    fields = preempt_fields(count)
    inverted = "0: a reschedule is needed (inverted)" if wanted else "1: no reschedule is needed (inverted)"
    shown = [Field(31, 31, "NEED", inverted)]
    shown += [Field(high, low, name, _meaning(name, fields[name.lower()])) for name, high, low in FIELDS]
    title = f"preempt_count {count:#x}"
    may = "may not be preempted" if count else "may be preempted, if IF is 1"
    desc = f"{', '.join(f'{name} {value}' for name, value in fields.items())}. Code with this count {may}."
    return bit_picture(title, desc, count | (0 if wanted else NOT_NEEDED), shown, rows=(31,))


def _meaning(name: str, value: int) -> str:
    if name == "softirq":
        parts = [f"disabled {value >> 1} time" + "s" * (value >> 1 != 1)] * bool(value >> 1)
        parts += ["serving one"] * (value & 1)
        return f"{value}: {', '.join(parts)}" if value else "0"
    if name == "preempt":
        return f"{value}: preempt_disable() and spinlocks" if value else "0"
    return f"{value}: in " + {"NMI": "an NMI", "hardirq": "an interrupt handler"}[name] if value else "0"

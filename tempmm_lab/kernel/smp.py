"""Asking other CPUs to run a function, and waiting until they have.

The condition is evaluated on all CPUs at once, where Linux looks at one after the other.
Linux: kernel/smp.c (smp_call_function_many_cond), v6.16.
"""

from __future__ import annotations

from typing import Any

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access, Clause
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.lockdep import lockdep_assert_irqs_enabled
from tempmm_lab.points import versioned

ONLINE: tuple[Clause, ...] = ((("online", True),),)


@op
def send_ipi(cpu: Access, payload: Any, to: tuple[Clause, ...]) -> bool:
    """Make the call pending on every other CPU that satisfies a clause; say whether there is one."""
    there = not cpu.none_other(*to)
    if there:
        cpu.send_ipi(payload, to)
    return there


@op
def wait_for_acks(cpu: Access, payload: Any) -> None:
    """Wait until every other CPU has run it."""
    cpu.wait_acks(payload)


@op
def ack(cpu: Access, payload: Any) -> None:
    """Tell the sender that this CPU has run it."""
    cpu.ack(payload)


@op
def satisfies_here(cpu: Access, to: tuple[Clause, ...]) -> bool:
    """Say whether this CPU itself satisfies a clause."""
    return any(all(_own(cpu, name) == wanted for name, wanted in clause) for clause in to)


def _own(cpu: Access, name: Any) -> bool:
    kind, what = name if isinstance(name, tuple) else (name, None)
    if kind == "cpumask":
        return what in cpu.get("cpumask")
    if kind == "loaded":
        return bool(cpu.get("loaded_mm") == what)
    return True if kind == "online" else bool(cpu.get(kind))


@versioned
async def smp_call_function_many_cond(payload: Any, to: tuple[Clause, ...], run_local: bool) -> None:
    """Run `payload` on every other CPU that satisfies a clause, on this one too if wanted, and wait for all."""
    from tempmm_lab.kernel.entry import call_function

    await lockdep_assert_irqs_enabled()
    sent = await send_ipi(payload, to)
    if run_local and await satisfies_here(to):
        async with irqsave():
            await call_function(payload)
    if sent:
        await wait_for_acks(payload)

"""Per-CPU variables, shared ones, and the machine's registers as kernel code reads them: the smallest ops.

Linux: include/linux/percpu-defs.h (this_cpu_read, this_cpu_write), v6.16.
"""

from __future__ import annotations

from typing import Any

from tempmm_lab.awaiting import op
from tempmm_lab.hw.registers import Registers
from tempmm_lab.kernel.access import Access
from tempmm_lab.points import constant

Cpu = Access

current = "current"
"""The task that runs on this CPU, as an argument."""


def IS_ENABLED(option: str) -> bool:  # noqa: N802
    """Say whether the kernel was configured with an option. Settled when the kernel was built, so it is no step."""
    return bool(getattr(constant("CONFIG"), option))


@op
def this_cpu_read(cpu: Cpu, name: str) -> Any:
    """Read a per-CPU variable of this CPU."""
    return cpu.get(name)


@op
def this_cpu_write(cpu: Cpu, name: str, value: Any) -> None:
    """Write a per-CPU variable of this CPU."""
    cpu.set(name, value)


@op
def read_once(cpu: Cpu, kind: str, what: Any) -> Any:
    """Read a shared variable."""
    return cpu.read((kind, what))


@op
def write_once(cpu: Cpu, kind: str, what: Any, value: Any) -> None:
    """Write a shared variable."""
    cpu.write((kind, what), value)


@op
def write_locked(cpu: Cpu, kind: str, what: Any, value: Any) -> None:
    """Write a shared variable with a locked operation, as clear_bit() and queue_work() do."""
    cpu.write_locked((kind, what), value)


def with_if(cpu: Cpu, on: bool) -> None:
    """Set RFLAGS.IF, as CLI and STI do."""
    registers: Registers = cpu.get("registers")
    if bool(int(registers.rflags) >> 9 & 1) != on:
        cpu.set("registers", changed_registers(registers, "IF", on))


_changed: dict[tuple[Registers, str, Any], Registers] = {}


def changed_registers(registers: Registers, name: str, value: Any) -> Registers:
    """Give registers in which one register or bit differs. The few that occur are kept."""
    key = (registers, name, value)
    if key not in _changed:
        if len(_changed) > 10_000:
            _changed.clear()
        _changed[key] = registers.but(**{name: value})
    return _changed[key]

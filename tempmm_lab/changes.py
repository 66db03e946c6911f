"""What happened in one step, read off the difference of two systems. Nothing is recorded while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tempmm_lab.hw.tlb import TlbEntry
from tempmm_lab.kernel.layout import USER_PGD_BIT
from tempmm_lab.kernel.storebuffer import Store, drained
from tempmm_lab.kernel.system import System
from tempmm_lab.kernel.uaccess import PGD_BITS


@dataclass(frozen=True, slots=True)
class Event:
    """One change that an action made.

    Attributes:
        kind: what kind of change, such as "cr3" or "tlb filled".
        cpu: on which CPU, or None for memory and shared variables.
        text: the change in words.
    """

    kind: str
    cpu: int | None
    text: str

    def __str__(self) -> str:
        return self.text


def mm_of_cr3(system: System, cr3: int) -> str:
    """Give the name of the mm whose top table is in CR3."""
    pgd = cr3 & PGD_BITS
    for mm in system.world.mms.values():
        if pgd == mm.pgd:
            return mm.name
        if pgd == mm.pgd | USER_PGD_BIT:
            return f"{mm.name} (user half)"
    return f"{pgd:#x}"


def differences(before: System, after: System) -> tuple[Event, ...]:
    """Give every event between two systems: each CPU's, then memory's, then those of shared variables."""
    events: list[Event] = []
    for number, (old, new) in enumerate(zip(before.cpus, after.cpus, strict=True)):
        if old is not new:
            for name, was, now in old.differences(new):
                events += _field(number, name, was, now, after)
    events += _memory(before, after)
    events += _cells(before, after)
    return tuple(events)


def _field(cpu: int, name: str, was: Any, now: Any, system: System) -> Iterator[Event]:
    if name in _SPECIAL:
        yield from (Event(kind, cpu, text) for kind, text in _SPECIAL[name](was, now, system))
    elif name not in _SILENT:
        yield Event(name, cpu, f"{name} {_shown(was)} -> {_shown(now)}")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:#x}" if isinstance(value, int) else str(value)


def _registers(was: Any, now: Any, system: System) -> Iterator[tuple[str, str]]:
    if was.cr3 != now.cr3:
        old, new = mm_of_cr3(system, int(was.cr3)), mm_of_cr3(system, int(now.cr3))
        yield "cr3", f"CR3 {old} -> {new}" + (f", PCID {now.pcid}" if now.bit("PCIDE") else "")
    if was.bit("IF") != now.bit("IF"):
        yield "if", f"IF {int(was.bit('IF'))} -> {int(now.bit('IF'))}"
    if was.cpl != now.cpl:
        yield "cpl", f"CPL {was.cpl} -> {now.cpl}"


def _entry(entry: TlbEntry) -> str:
    tag = "global" if entry.global_ else f"PCID {entry.pcid}"
    return f"{entry.va} -> {entry.pa} ({tag}, {'writable' if entry.rights.write else 'read-only'})"


def _tlb(was: Any, now: Any, _: System) -> Iterator[tuple[str, str]]:
    for entry in now.entries:
        if entry not in was.entries:
            yield "tlb filled", f"TLB: {_entry(entry)}"
    for entry in was.entries:
        if entry not in now.entries:
            yield "tlb dropped", f"TLB drops {_entry(entry)}"


def _mask(was: Any, now: Any, _: System) -> Iterator[tuple[str, str]]:
    yield from (("mask", f"bit set in mm_cpumask({mm})") for mm in sorted(now - was))
    yield from (("mask", f"bit cleared in mm_cpumask({mm})") for mm in sorted(was - now))


def _held(was: Any, now: Any, _: System) -> Iterator[tuple[str, str]]:
    yield from (("lock", f"takes {name}") for name in sorted(now - was))
    yield from (("lock", f"gives back {name}") for name in sorted(was - now))


def _pending(was: Any, now: Any, _: System) -> Iterator[tuple[str, str]]:
    if len(now) > len(was):
        yield "ipi", f"IPI pending: {now[-1][0]}"


def _serving(was: Any, now: Any, _: System) -> Iterator[tuple[str, str]]:
    yield "ipi", f"IPI taken: {now[-1][0]}" if len(now) > len(was) else f"IPI acknowledged: {was[-1][0]}"


def _running(was: Any, now: Any, _: System) -> Iterator[tuple[str, str]]:
    if len(now) > len(was) and now[-1].kind == "fault":
        error_code, address, _fixup = now[-1].point.call[1]
        yield "fault", f"#PF at {address:#x}, error code {error_code:#x}"
    elif len(now) > len(was):
        yield now[-1].kind, {"irq": "IRQ", "tick": "timer tick", "nmi": "NMI", "ipi": "IPI"}.get(now[-1].kind, "")
    elif len(now) < len(was) and now and was[-1].kind != "task":
        yield "iret", f"returns from {was[-1].kind}"


def _ctxs(was: Any, now: Any, _: System) -> Iterator[tuple[str, str]]:
    for asid, (old, new) in enumerate(zip(was, now, strict=True)):
        if old != new:
            yield "asid", f"ASID {asid}: ctx {new[0]}, generation {new[1]}"


def _buffer(was: Any, now: Any, _: System) -> Iterator[tuple[str, str]]:
    count = drained(was, now)
    yield from (("store drained", f"drains {store_text(store)}") for store in was[:count])
    yield from (("store buffered", f"buffers {store_text(store)}") for store in now[len(was) - count :])


def store_text(store: Store) -> str:
    """Say what a store that waits in a store buffer will write."""
    if isinstance(store.target, int):
        return f"memory at {store.target:#x} := {_shown(store.value)}"
    kind, what = store.target if isinstance(store.target, tuple) else (store.target, None)
    if kind == "ipi":
        return f"the acknowledgement of {what[0]}"
    name = what if kind == "percpu" else kind if what is None else f"{kind}({_shown(what)})"
    return f"{name} := {_shown(store.value)}"


_SPECIAL: dict[str, Callable[[Any, Any, System], Iterator[tuple[str, str]]]] = {
    "registers": _registers, "tlb": _tlb, "cpumask": _mask, "held": _held, "pending": _pending, "serving": _serving,
    "running": _running, "ctxs": _ctxs, "store_buffer": _buffer,
}  # fmt: skip
_SILENT = {"cr2", "fault", "sleeping", "irqs", "nmis", "ticks", "hardirqs_enabled", "next_asid"}


def _memory(before: System, after: System) -> Iterator[Event]:
    if before.memory is after.memory or before.memory == after.memory:
        return
    old, new = before.memory.words(), after.memory.words()
    for pa in sorted({*old, *new}):
        was, now = int(old.get(pa, 0)), int(new.get(pa, 0))
        if was != now:
            yield Event("memory", None, f"memory at {int(pa):#x}: {was:#x} -> {now:#x}")


def _cells(before: System, after: System) -> Iterator[Event]:
    old, new = before.cells.items(), after.cells.items()
    for name in sorted({*old, *new}, key=repr):
        was, now = before.cells[name], after.cells[name]
        kind, what = name if isinstance(name, tuple) else (str(name), None)
        if was != now and kind not in ("lock", "warned"):
            shown = f"{kind}({what})" if what is not None and not isinstance(what, int) else str(kind)
            yield Event(str(kind), None, f"{shown} {_shown(was)} -> {_shown(now)}")

"""What may happen next, and what comes of it: the steps of CPUs, interrupts, and the hardware's own freedom.

A CPU's step is one op of the program on top of its stack. An op that faults does not end: the processor pushes a
frame for the handler, and tries again when the handler says so. Everything is a function from a `System` to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tempmm_lab.errors import CodeFailed, ModelError, MustWait, NotPossible, TooManySteps
from tempmm_lab.failing import failure
from tempmm_lab.hw.rights import GeneralProtection, PageFault
from tempmm_lab.hw.translation import fill_from_tables
from tempmm_lab.kernel import entry, fault
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.actions import ARRIVALS, BUDGETS, Action, Outcome, action, refusal
from tempmm_lab.kernel.cookies import judge_unuse
from tempmm_lab.kernel.percpu import changed_registers, with_if
from tempmm_lab.kernel.system import Frame, LinuxCpu, Saved, System, Task, World
from tempmm_lab.kernel.uaccess import FIXUP, NO_STALE_USE, PGD_BITS
from tempmm_lab.points import ProgramPoint

LONGEST_CALL = 2_000
"""Steps of one call after which it is taken to loop for ever. The longest of the book has about 150."""


def attempts(cpu: LinuxCpu, world: World) -> Iterator[tuple[str, int | None]]:
    """Give what may be tried on a CPU, as (kind, address), in one fixed order. A step may still have to wait."""
    if cpu.running:
        yield "s", None
    for kind in "intp":
        if refusal(cpu, kind) is None:
            yield kind, None
    if cpu.running:
        for va in world.fills:
            yield "f", va
            yield "e", va
    if world.tso and cpu.store_buffer:
        yield "d", None


def act(access: Access, kind: str, va: int | None = None) -> None:
    """Do one action of a CPU, through its door.

    Raises:
        MustWait: the step has to wait.
        NotPossible: there is nothing to fill, to evict or to drain.
    """
    if kind == "s":
        _step(access)
    elif kind in ARRIVALS:
        _arrive(access, kind)
    elif kind == "d":
        access.drain()
    else:
        _freedom(access, kind, va or 0)


def successors(system: System) -> Iterator[tuple[Action, Outcome]]:
    """Give every action that may happen next and what comes of it, in one fixed order."""
    if system.cells["panic", None]:
        return
    for number, cpu in enumerate(system.cpus):
        for kind, va in attempts(cpu, system.world):
            access = Access(system, number)
            try:
                act(access, kind, va)
            except (MustWait, NotPossible):
                continue
            yield action(kind, number, va), _outcome(access)


def take(system: System, chosen: Action) -> Outcome:
    """Give what comes of one action.

    Raises:
        NotPossible: it cannot happen here; the message says why.
    """
    cpu = system.cpu(chosen.cpu)
    if system.cells["panic", None]:
        raise NotPossible(f"{chosen} cannot happen: the kernel has panicked.")
    why = refusal(cpu, chosen.kind)
    if why:
        raise NotPossible(f"{chosen} cannot happen here: {why}.")
    access = Access(system, chosen.cpu)
    try:
        act(access, chosen.kind, chosen.va)
    except (MustWait, NotPossible) as reason:
        raise NotPossible(f"{chosen} cannot happen here: {reason}") from None
    return _outcome(access)


def _arrive(access: Access, kind: str) -> None:
    """The processor's part of an interrupt: push a frame, CPL 0, IF 0, and start the handler."""
    if kind == "p":
        payload, *rest = access.get("pending")
        access.set("pending", tuple(rest))
        access.set("serving", (*access.get("serving"), payload))
        point = access.world.start(entry.sysvec_call_function, payload)
    else:
        access.set(BUDGETS[kind], access.get(BUDGETS[kind]) - 1)
        handler = {"i": entry.common_interrupt, "n": entry.exc_nmi, "t": entry.sysvec_apic_timer_interrupt}[kind]
        point = access.world.start(handler)
    _push(access, ARRIVALS[kind], point)


def _push(access: Access, kind: str, point: ProgramPoint, *, ac: bool = False) -> None:
    access.fence()
    registers = access.get("registers")
    flags = int(registers.rflags)
    saved = Saved(bool(flags >> 9 & 1), registers.cpl, ac or bool(flags >> 18 & 1))
    access.set("running", (*access.get("running"), Frame(kind, point, saved)))
    with_if(access, False)
    registers = changed_registers(access.get("registers"), "cpl", 0)
    access.set("registers", changed_registers(registers, "AC", False) if flags >> 18 & 1 else registers)


def _outcome(access: Access) -> Outcome:
    return Outcome(access.machine, tuple(access.violations), tuple(access.reports))


def _step(access: Access) -> None:
    """One op of the program on top of a CPU's stack."""
    point = access.get("running")[-1].point
    op = point.op
    if op is None:
        raise ModelError("A call that has ended stands on a stack.")
    access.where = point.inside[-1] if point.inside else point.call[0]
    try:
        answer = op.do(access, *op.args)
    except ModelError:
        raise
    except Exception as error:
        raise CodeFailed(f"{access.where}: {op} failed: {type(error).__name__}: {error}.") from error
    if access.dies:
        _kill(access)
    elif type(answer) is PageFault:
        handler = access.world.start(
            fault.exc_page_fault, answer.error_code, int(access.get("cr2")), op.do.__name__ in FIXUP
        )
        _push(access, "fault", handler, ac=op.do.__name__ in FIXUP)
    elif type(answer) is GeneralProtection:
        access.fence()
        access.report(f"BUG: general protection fault in {access.where}")
        _kill(access)
    else:
        _advance(access, answer)
        if access.next_task is not None:
            _switch_stack(access)


def _kill(access: Access) -> None:
    """The task ends where it is, with its locks held. Its CPU runs nothing more; unless in a panic, it lets IRQs in."""
    access.set("running", ())
    if access.read(("panic", None)):
        return
    access.set("preempt_count", 0)
    access.set("hardirqs_enabled", True)
    with_if(access, True)


def _advance(access: Access, answer: Any) -> None:
    """Answer the op on top of the stack; what ends by that is popped, and what it interrupted goes on."""
    running = access.get("running")
    top = running[-1]
    try:
        point = top.point.after(answer)
    except ModelError:
        raise
    except Exception as error:
        raise failure(error, top.point.call[0]) from error
    if point.depth > LONGEST_CALL and point.line:
        name, line = point.line
        raise TooManySteps(
            f"{name}, line {line}, is in a call of more than {LONGEST_CALL:,} steps. Does it loop for ever?"
        )
    if point.marks:
        judge_unuse(access, point)
    if not point.done:
        access.set("running", (*running[:-1], Frame(top.kind, point, top.saved)))
        return
    access.set("running", running[:-1])
    if top.saved is not None:
        _iret(access, top.saved)
    if top.kind == "fault" and point.value == "fixup":
        error_code, address, _ = point.call[1]
        _advance(access, PageFault(error_code, address))


def _iret(access: Access, saved: Saved) -> None:
    access.fence()  # IRET is serialising
    with_if(access, saved.rflags_if)
    registers = changed_registers(access.get("registers"), "cpl", saved.cpl)
    access.set("registers", registers)


def _switch_stack(access: Access) -> None:
    """The machine's part of switch_to(): this stack waits, the other goes on."""
    name = access.next_task
    mine = access.get("running")
    new = next(task for task in access.before.sleeping if task.name == name)
    tasks: tuple[Task, ...] = access.get("sleeping")
    me = tasks[-1]
    kept = Task(me.name, me.mm, me.active_mm, mine, me.waits, me.dead)
    access.set("sleeping", tasks[:-1] if me.dead else (*tasks[:-1], kept))
    access.set("running", new.stack)


def _freedom(access: Access, kind: str, va: int) -> None:
    """Fill or evict a translation, where the manual lets the hardware do so (S103)."""
    tlb, pcid = access.get("tlb"), access.get("registers").pcid
    there = bool(tlb.hits(va, pcid))
    if kind == "e":
        if not there:
            raise NotPossible("nothing is cached for that address.")
        access.set("tlb", tlb.page_fault(va, pcid))
        return
    if there or not fill_from_tables(access, va):
        raise NotPossible("it is cached already." if there else "no table maps that address.")
    if any(isinstance(pa, int) and access.read(("freed", pa & PGD_BITS)) for pa in sorted(_words(access))):
        access.fail(NO_STALE_USE)


def _words(access: Access) -> set[int]:
    return {cell for cell in access.footprint.reads if isinstance(cell, int)}


__all__ = ["ARRIVALS", "BUDGETS", "Action", "Outcome", "act", "action", "attempts", "successors", "take"]

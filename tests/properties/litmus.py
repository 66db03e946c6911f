"""Litmus tests: tiny programs over shared cells, run on the machine, and the same judged by axioms.

A program is a tuple of threads, a thread a tuple of instructions: `("W", cell, value)` a plain store,
`("R", cell, register)` a load, `("X", cell, value, register)` an XCHG, `("F",)` an MFENCE. An outcome is what the
registers and the cells hold when every thread has ended and every store has drained.
"""

from __future__ import annotations

from itertools import permutations, product

from tempmm_lab import BUILDS, Config, op
from tempmm_lab.kernel.barrier import full_barrier
from tempmm_lab.kernel.layout import USER_MM
from tempmm_lab.kernel.step import successors
from tempmm_lab.scenarios.stage import Stage


@op
def plain_store(cpu, cell, value):
    """MOV to memory."""
    cpu.write(("litmus", cell), value)


@op
def plain_load(cpu, cell, register):
    """MOV from memory. Registers are cells that nothing orders, so that they can be read at the end."""
    cpu.note(("register", register), cpu.read(("litmus", cell)))


@op
def xchg(cpu, cell, value, register):
    """XCHG with memory: a locked read and write."""
    cpu.note(("register", register), cpu.read(("litmus", cell)))
    cpu.write_locked(("litmus", cell), value)


STEPS = {"W": plain_store, "R": plain_load, "X": xchg, "F": full_barrier}


async def thread(code):
    """Run a thread's instructions."""
    for name, *args in code:
        await STEPS[name](*args)


def names(program):
    """Give every cell and every register of a program, sorted."""
    steps = [step for code in program for step in code]
    cells = {step[1] for step in steps if step[0] != "F"}
    registers = {step[-1] for step in steps if step[0] in "RX"}
    return sorted(cells), sorted(registers)


def on_machine(program, memory):
    """Give every outcome that the machine can reach, as a set of dicts in the form of sorted tuples."""
    cells, registers = names(program)
    stage = Stage(BUILDS["v6.16"], Config(), tso=memory == "tso")
    stage.cells |= {("litmus", cell): 0 for cell in cells} | {("register", each): 0 for each in registers}
    for code in program:
        stage.cpu(thread, code, name="thread", mm=USER_MM)
    return {
        tuple((name, system.cells[kind, name]) for kind, each in (("litmus", cells), ("register", registers))
              for name in each)
        for system in ends(stage.system())
    }  # fmt: skip


def ends(first):
    """Give every reachable system in which nothing more can happen."""
    seen, waiting = {first}, [first]
    while waiting:
        system = waiting.pop()
        after = [outcome.system for _, outcome in successors(system)]
        if not after:
            assert not any(cpu.running or cpu.store_buffer for cpu in system.cpus)
            yield system
        new = [each for each in after if each not in seen]
        seen.update(new)
        waiting += new


def by_axioms(program, memory):
    """Give every outcome that the axioms allow: Lamport's for SC; for TSO those of Owens, Sarkar and Sewell.

    In the form of Alglave, Maranget and Tautschnig (Herding cats, 2014): per location everything is in order; nothing
    comes between the halves of an XCHG; and the global order has no cycle.
    """
    events, registers = _events(program)
    reads, writes = [e for e in events if e["reads"]], [e for e in events if e["writes"]]
    cells = sorted({event["cell"] for event in events if event["cell"]})
    found = set()
    orders = [list(permutations([w for w in writes if w["cell"] == cell])) for cell in cells]
    sources = [[None, *(w for w in writes if w["cell"] == read["cell"] and w is not read)] for read in reads]
    for chosen in product(*orders):
        order = dict(zip(cells, chosen, strict=True))
        for source in product(*sources):
            if _allowed(events, reads, order, source, memory):
                last = [(cell, order[cell][-1]["value"] if order[cell] else 0) for cell in cells]
                got = {
                    read["register"]: write["value"] if write else 0 for read, write in zip(reads, source, strict=True)
                }
                found.add((*last, *((register, got[register]) for register in registers)))
    return found


def _events(program):
    events = []
    for number, code in enumerate(program):
        for place, (kind, *rest) in enumerate(code):
            events.append({
                "id": (number, place), "kind": kind, "cell": rest[0] if rest else None, "reads": kind in "RX",
                "writes": kind in "WX", "value": rest[1] if kind in "WX" else None,
                "register": rest[-1] if kind in "RX" else None,
            })  # fmt: skip
    return events, names(program)[1]


def _allowed(events, reads, order, source, memory):
    """Judge one candidate. An XCHG is one event here: both of its halves, with nothing between them."""
    com, outer = [], []
    for writes in order.values():
        com += [(a["id"], b["id"]) for place, a in enumerate(writes) for b in writes[place + 1 :]]
    outer += com
    for read, write in zip(reads, source, strict=True):
        same = order[read["cell"]]
        later = same[same.index(write) + 1 :] if write else same
        edges = [(read["id"], each["id"]) for each in later if each is not read]
        com += edges
        outer += edges
        if write:
            com.append((write["id"], read["id"]))
            if write["id"][0] != read["id"][0]:
                outer.append((write["id"], read["id"]))
        if read["kind"] == "X":
            place = same.index(read)
            if (same[place - 1] if place else None) is not write:
                return False
    pairs = [(a, b) for a in events for b in events if a["id"][0] == b["id"][0] and a["id"] < b["id"]]
    if memory == "sc":
        return _acyclic([*com, *((a["id"], b["id"]) for a, b in pairs)])
    kept = [(a["id"], b["id"]) for a, b in pairs if not (a["kind"] == "W" and b["kind"] == "R")]
    local = [(a["id"], b["id"]) for a, b in pairs if a["cell"] == b["cell"] and a["cell"]]
    return _acyclic([*com, *local]) and _acyclic([*outer, *kept])


def _acyclic(edges):
    after = {}
    for a, b in edges:
        after.setdefault(a, set()).add(b)
    while True:
        ends_here = {b for targets in after.values() for b in targets} - set(after)
        kept = {a: targets - ends_here for a, targets in after.items()}
        kept = {a: targets for a, targets in kept.items() if targets}
        if kept == after:
            return not after
        after = kept

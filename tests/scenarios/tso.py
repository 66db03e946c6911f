"""Write docs/tso.md: what store buffers change, and the two lost flushes in full: `python -m tests.scenarios.tso`."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from tempmm_lab import BUILDS, explore, replay, shootdown
from tempmm_lab.errors import MustWait
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.history_switch import switch_mm_irqs_off_83b0177a6c48
from tempmm_lab.kernel.step import successors
from tempmm_lab.kernel.storebuffer import Store
from tempmm_lab.scenarios import STORIES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tso.md"
FIXED = BUILDS["v6.16"].patched(switch_mm_irqs_off=switch_mm_irqs_off_83b0177a6c48)
SURE = ("v5.1", "v5.10", "v6.14")
"""Builds of which store buffers show nothing new. (v6.14 loses flushes without them.)"""
KNOBS = ({"build": "v5.1"}, {"build": "v6.14"}, {}, {"build": FIXED})
MORE = {"efi_call": ({"caller": "worker"}, {"caller": "worker", "firmware": "faults"}), "lazy_tlb": ({"exit": True},),
        "schedule_inside": ({"migrate": True}, {"touch": True}), "shootdown": ({"trim": True},),
        "nmi_in_window": ({"handler": "stray_write"},)}  # fmt: skip

PLAIN = {
    "this_cpu_write": "MOV; only `loaded_mm` and `is_lazy` are read by other CPUs, the others are not followed",
    "write_once": "MOV",
    "set_pte_at": "MOV", "pte_clear": "MOV", "free_pgtables": "MOV to the top entry",
    "text_poke_memcpy": "MOV",
    "publish_sites": "MOV: an atomic set with release order",
    "should_trim_cpumask": "MOV to the time of the next clean-up",
    "release": "a spinlock: MOV",
    "ack": "MOV: the flag that the sender polls",
    "stray_store": "MOV", "probe_store": "MOV", "kernel_store": "MOV",
}  # fmt: skip
"""Ops that put a store into the buffer, and how Linux does it on x86."""
DRAINS = {
    "inc_mm_tlb_gen": "LOCK XADD",
    "cpumask_set_cpu": "LOCK BTS", "cpumask_clear_cpu": "LOCK BTR",
    "acquire": "a locked compare-and-exchange", "try_acquire": "the same, or the semaphore's own spinlock",
    "rq_lock": "the runqueue's spinlock, with a full barrier after it",
    "release": "a mutex: a locked exchange; a semaphore: its own spinlock, before the store",
    "write_locked": "clear_bit() of the EFI flag; queue_work()",
    "complete": "complete()'s spinlock",
    "withdraw_sites": "a locked decrement of the references",
    "zap_pte": "XCHG: ptep_get_and_clear()", "free_page": "a locked decrement of the page's references",
    "detach_task": "the runqueue's spinlock", "attach_task": "the same",
    "send_ipi": "queueing the call is a locked operation; x2APIC's MSR is preceded by a fence",
    "full_barrier": "smp_mb(): LOCK ADD on the stack",
    "load_new_mm_cr3": "MOV to CR3 serialises", "flush_tlb_local": "the same",
    "flush_tlb_one_user": "INVLPG serialises", "flush_tlb_one_kernel": "the same", "local_flush_tlb": "the same",
    "set_fixmap": "it ends in INVLPG", "flush_tlb_all": "MOV to CR4 or INVPCID",
    "hw_breakpoint_disable": "MOV to DR7 serialises", "hw_breakpoint_restore": "the same",
    "sync_core": "IRET or SERIALIZE", "debug_locks_off": "XCHG",
}  # fmt: skip
"""Ops that drain the buffer first, in the same step, and by what."""
SOMETIMES = {
    "WARN_ON_ONCE", "BUG_ON", "lockdep_assert_irqs_disabled", "lockdep_assert_irqs_enabled",
    "lockdep_assert_preemption_disabled", "lockdep_assert_held", "cr4_update_pce_mm", "vm_check_loaded_mm",
    "vm_check_cpumask", "vm_check_outgoing", "flush_warnings", "efi_call_virt_check_flags",
}  # fmt: skip
"""Checks: a WARN or BUG is UD2, an exception."""
OWN_FAULTS = {"probe_store", "inatomic_read"}
"""Ops that have their fault handled in the same step."""
CR3_UNDER_PTI = {"irq_enter", "nmi_enter", "nmi_exit", "fault_enter", "syscall_enter", "sysret", "exit_to_user"}


def touches(name):
    """Give what the table says that an op does to the buffer: a set of "buffers" and "drains"."""
    return {word for word, ops in (("buffers", PLAIN), ("drains", DRAINS)) if name in ops}


def met(limit=2_500):
    """Give what each op that is met in the scenarios does to a buffer in which a store waits already."""
    seen: dict[str, set[str]] = {}
    for story in sorted(STORIES):
        for knobs in (*KNOBS, *MORE.get(story, ())):
            if not (STORIES[story].temporary_mms and knobs.get("build") == "v5.1"):
                _meet(STORIES[story](**{"memory": "tso", "irqs": 0, **knobs}).system(), seen, limit)
    return {name: kinds for name, kinds in seen.items() if name not in SOMETIMES}


def _meet(first, seen, limit):
    known, waiting = {first}, [first]
    while waiting and len(known) < limit:
        system = waiting.pop(0)
        for number, cpu in enumerate(system.cpus):
            if cpu.running:
                _note(system, number, cpu.running[-1].point.op, seen)
        new = [outcome.system for _, outcome in successors(system) if outcome.system not in known]
        known.update(new)
        waiting += new


def _note(system, number, step, seen):
    old = Store(("trim_due", "a store that waits"), True)
    access = Access(system.with_cpu(number, store_buffer=(old,)), number)
    try:
        answer = step.do(access, *step.args)
    except MustWait:
        return
    after = access.get("store_buffer")
    kinds = seen.setdefault(step.do.__name__, set())
    if step.do.__name__ in OWN_FAULTS and access.footprint.gets >= {"cr2", "fault"} and answer is False:
        return
    if old not in after and "Fault" not in type(answer).__name__ and not access.reports:
        kinds.add("drains")
    if [store for store in after if store != old]:
        kinds.add("buffers")


def counts():
    """Give a row for each scenario that can lose a flush: states without store buffers, with them, and patched."""
    for name in ("shootdown", "context_switch", "efi_call", "lazy_tlb"):
        cells = []
        for build, memory in (("v6.16", "sc"), ("v6.16", "tso"), (FIXED, "tso")):
            report = explore(STORIES[name](build=build, memory=memory, irqs=0), reduce=False)
            assert report.complete
            broken = ", ".join(f"{rule} ({len(path)})" for rule, path in report.counterexamples.items()) or "none"
            cells.append(f"{report.states:,}; {broken}")
        yield f"| {name} | {' | '.join(cells)} |"


def schedule(scenario):
    """Give a shortest schedule that breaks the one rule that is broken, as its run prints it, without line numbers."""
    ((_, path),) = explore(scenario, reduce=False).counterexamples.items()
    lines = (re.sub(r"^(.{10}\w+):\d+ *", lambda m: f"{m[1]:40} ", line) for line in replay(path).text().splitlines())
    return "```\n" + "\n".join([str(path), *lines]) + "\n```"


def rows(table):
    """Give a table of ops as lines."""
    return "\n".join(f"| `{name}` | {how} |" for name, how in table.items())


def sometimes():
    """Give what is said of ops that drain in some cases only."""
    checks, pti = (", ".join(f"`{name}`" for name in sorted(names)) for names in (SOMETIMES, CR3_UNDER_PTI))
    return (
        "An access that faults drains, as any exception does. Checks drain only when they fail, for a WARN or BUG is "
        f"an exception (UD2): {checks}. "
        f"Under PTI the steps into the kernel and out of it write CR3, which drains: {pti}."
    )


def page():
    """Give the page."""
    return TEXT.format(
        plain=rows(PLAIN), drains=rows(DRAINS), checks=textwrap.fill(sometimes(), 118, break_long_words=False),
        counts="\n".join(counts()),
        lost=schedule(shootdown(build="v6.14", irqs=0)), barrier=schedule(shootdown(memory="tso", irqs=0)),
    )  # fmt: skip


TEXT = """# Store buffers

This page is written by `make scenarios`. By default the machine is sequentially consistent. With `memory="tso"` each
CPU's plain stores pass a store buffer, as in x86-TSO (Sewell, Sarkar, Owens, Zappa Nardelli and Myreen, CACM 53(7),
2010; Owens, Sarkar and Sewell, TPHOLs 2009).

- A plain store goes to the end of its CPU's buffer. The hardware may drain the oldest one at any step: the action `d0`,
  for CPU 0. It can happen with interrupts off, and when the CPU's program has ended.
- A CPU's own loads see the newest of its own stores that wait, and memory if none does.
- Locked operations, serialising instructions, barriers, interrupts, exceptions and IRET drain the buffer in the same
  step, before they do anything else (Intel SDM vol. 3, "Store Buffer"). In x86-TSO such an operation waits until the
  buffer is empty. Here it empties the buffer at once. What can be reached is the same: a wait that ends is so many
  drains and then the operation, and these are actions here too; draining at once is those actions with nothing in
  between.
- A per-CPU variable that other CPUs read (`loaded_mm`, `is_lazy`) reads new on its own CPU and old elsewhere until the
  store drains. An IPI is acknowledged, for its sender, when the acknowledgement drains.
- The buffer has no limit. The programs here put a few stores into it at most before something drains it.

`tests/properties/test_litmus.py` holds this machine to the published litmus tests and to the examples of the manual
(SB, MP, LB, R, S, 2+2W, WRC, IRIW, n4b, n5, n6, with fences and XCHGs), and compares all outcomes, of those and of
random small programs, with the axioms of x86-TSO.

## What is plain and what drains

What an op does is checked in runs against these tables. Every other op neither stores to anything that other CPUs read
nor drains. How Linux does it is v6.16 on x86, as far as we know it; the runs check only that the ops do what the tables
say.

| puts a store into the buffer | how |
|---|---|
{plain}

| drains the buffer first | by what |
|---|---|
{drains}

{checks}

What only rules read (`poke_begins`, `poke_returned`) is no store of the program. It is known at once.

## What the page walker sees

In our model the page walker reads memory and does not look into its CPU's store buffer, and its writes of A and D go
straight to memory. The manual says that page-table accesses may pass even locked instructions (Intel SDM vol. 3, "Bus
Locking"), so a program cannot rely on more. A walk may then still find the entry that its own CPU has just replaced,
and a kernel must be safe from that. What this leaves out is a walker that finds a new entry while other CPUs still see
the old one.

## The two lost flushes

| scenario, irqs=0 | v6.16, sequentially consistent | v6.16, store buffers | with the barrier, store buffers |
|---|---|---|---|
{counts}

Each cell: states, then the rules that are broken, with the length of a shortest schedule.
The barrier is 83b0177a6c48. No build here has it; it is a patch:

```python
from tempmm_lab import BUILDS, explore, shootdown
from tempmm_lab.kernel.history_switch import switch_mm_irqs_off_83b0177a6c48

fixed = BUILDS["v6.16"].patched(switch_mm_irqs_off=switch_mm_irqs_off_83b0177a6c48)
explore(shootdown(build=fixed, memory="tso"))
```

### v6.14: the CPU that switches is not told (CVE-2025-37964)

No store buffer is needed. CPU 1 reads the generation. CPU 0 raises it and asks who must be told; CPU 1 still has the
other mm loaded, so it is not. CPU 1 then loads the mm without a flush. Line numbers are left out.

{lost}

### v6.16: the store of SWITCHING waits while the generation is read (CVE-2025-40174)

v6.16 stores SWITCHING first, and a flusher tells every CPU that shows it. CPU 1's bit is set already, so no locked
operation stands between that store and the load of the generation. The store waits in CPU 1's buffer; CPU 0 raises the
generation, sees the old `loaded_mm`, and sends nothing. The store drains when CR3 is written: too late. Without the
buffer, either CPU 0 sees SWITCHING or CPU 1 sees the new generation.

{barrier}

## What is simplified

- Only what the scenarios' CPUs share is followed: cells, words of memory, `loaded_mm`, `is_lazy` and acknowledgements.
  Stores to variables that no other CPU reads here never wait. The memory of user programs and of firmware holds no
  values, so their stores are none.
- All stores are write-back. There is no write combining, no non-temporal store and no CLFLUSH; loads and stores move
  whole words.
- An op is one step. What it stores before a locked operation of its own drains with it (`complete`).
- switch_ldt() and IBPBs do not drain here, although LLDT serialises: most processes have no LDT.
- Instruction fetches see what loads of the same CPU see.
"""

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name} written")

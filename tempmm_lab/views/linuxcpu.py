"""Draw a CPU that runs Linux: the three opinions on its mm, the two switches, what waits for it, and its TLB."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.changes import store_text
from tempmm_lab.hw.rights import Access
from tempmm_lab.hw.tlb import TlbEntry
from tempmm_lab.hw.walk import walk
from tempmm_lab.kernel.layout import BASES, CTX_IDS
from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.scenarios.rules import cr3_is_loaded_mm, mask_bit_set
from tempmm_lab.views.mms import CSS, mm_in, short, swatch
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg
from tempmm_lab.views.tlb import difference

WIDTH, LEFT, ROW = 352, 14, 19
PAGE, FRAME, RIGHTS = LEFT + 68, LEFT + 192, LEFT + 252
COUNTS = (("preempt", 0xFF), ("softirq", 0xFF00), ("hardirq", 0xF0000), ("NMI", 0xF00000))
"""The fields of preempt_count (include/linux/preempt.h)."""
_OWNER = {ctx_id: name for name, ctx_id in CTX_IDS.items()}


@dataclass(frozen=True, slots=True)
class Row:
    """A cached translation: whose it is, as far as the kernel knows, and what the tables say where they differ."""

    entry: TlbEntry
    owner: str | None
    now: str


def tlb_rows(cpu: LinuxCpu, system: System | None) -> list[Row]:
    """Give the TLB's rows. With a system each is compared with the tables of the mm that its PCID belongs to."""
    return [_row(entry, cpu, system) for entry in cpu.tlb.entries]


def _row(entry: TlbEntry, cpu: LinuxCpu, system: System | None) -> Row:
    owner = _owner(entry, cpu)
    if system is None or (owner is None and not entry.global_):
        return Row(entry, owner, "")
    cr3 = int(cpu.registers.cr3) if owner is None else BASES[owner] | int(entry.pcid)
    registers = cpu.registers.but(cpl=0, SMAP=0, LASS=0, cr3=cr3)
    found = walk(system.memory.read64, registers, int(entry.va), Access.READ, system.world.processor)
    return Row(entry, owner, difference(entry, found))


def _owner(entry: TlbEntry, cpu: LinuxCpu) -> str | None:
    """Give the mm whose translations have this entry's PCID: that of CR3, else what the kernel noted for the ASID."""
    if entry.global_:
        return None
    current = mm_in(cpu.registers.cr3).split(",")[0]
    if entry.pcid == cpu.registers.pcid and current in BASES:
        return current
    asid = (int(entry.pcid) & 0x7FF) - 1
    return _OWNER.get(cpu.ctxs[asid][0]) if 0 <= asid < len(cpu.ctxs) else None


def opinions(cpu: LinuxCpu) -> tuple[tuple[str, str | None], ...]:
    """Give what CR3, the mm code and the scheduler hold to be this CPU's mm."""
    return (("CR3", mm_in(cpu.registers.cr3)), ("loaded_mm", cpu.loaded_mm), ("current->mm", cpu.current_mm))


def preempt_fields(count: int) -> tuple[tuple[str, int], ...]:
    """Give preempt_count's fields, each as its own number."""
    return tuple((name, (count & mask) // (mask & -mask)) for name, mask in COUNTS)


def faults(cpu: LinuxCpu, system: System | None) -> list[str]:
    """Give the rules about one CPU's mm that do not hold on it now."""
    if system is None:
        return []
    rules = (("cr3-is-loaded-mm", cr3_is_loaded_mm), ("mask-bit-set", mask_bit_set))
    return [name for name, rule in rules if not rule(cpu, system.world, system.read_cell)]


def next_step(cpu: LinuxCpu) -> str:
    """Say what the CPU is about to do."""
    if not cpu.running:
        return "finished"
    point = cpu.running[-1].point
    name = point.line[0] if point.line else point.call[0]
    return f"{point.op.do.__name__}() in {name}()" if point.op else name


def lines_about(cpu: LinuxCpu) -> list[tuple[str, str]]:
    """Give the rest of a CPU's state as (name, value), leaving out what is empty."""
    fields = " ".join(f"{name} {value}" for name, value in preempt_fields(cpu.preempt_count) if value)
    found = [
        ("preempt_count", f"{cpu.preempt_count:#x}" + (f" = {fields}" if fields else "")),
        ("mm_cpumask", " ".join(sorted(cpu.cpumask)) or "no bit set"),
    ]
    stack = " > ".join(frame.kind for frame in cpu.running)
    optional = [
        ("lazy", "is_lazy = 1" if cpu.is_lazy else ""),
        ("resched", "need_resched = 1" if cpu.need_resched else ""),
        ("stack", stack if len(cpu.running) > 1 else ""),
        ("IPIs waiting", " ".join(str(payload[0]) for payload in cpu.pending)),
        ("IPI served", " ".join(str(payload[0]) for payload in cpu.serving)),
        ("holds", " ".join(sorted(cpu.held))),
        *(("buffered", store_text(store)) for store in cpu.store_buffer),
    ]
    return [*found, *((name, value) for name, value in optional if value)]


def draw_linux_cpu(cpu: LinuxCpu, number: int | None = None, system: System | None = None) -> Picture:
    """Draw a Linux CPU as a card; with its system, what breaks a rule now and what is stale are marked too."""
    title = f"CPU {number}" if number is not None else "CPU"
    drawn = card(cpu, title, system)
    return Picture(title, drawn.desc, drawn.drawing.finish(title, drawn.desc, CSS), "\n".join(drawn.twin))


@dataclass(frozen=True, slots=True)
class Card:
    """A card that is not finished yet: its words and its drawing."""

    desc: str
    twin: tuple[str, ...]
    drawing: Svg


def card(cpu: LinuxCpu, title: str, system: System | None, tag: str = "") -> Card:
    """Give the card of a CPU, unfinished. `tag` stands beside the title in place of the task's name."""
    rows, wrong = tlb_rows(cpu, system), faults(cpu, system)
    words = f"{title}, {cpu.current}" + (f", on {tag}" if tag else "")
    drawing = sketch(cpu, title, tag or cpu.current, rows, wrong)
    return Card(_describe(cpu, rows, wrong, judged=system is not None), tuple(_twin(cpu, words, rows, wrong)), drawing)


def sketch(cpu: LinuxCpu, title: str, tag: str, rows: list[Row], wrong: list[str]) -> Svg:
    """Give the drawing of a card, unfinished."""
    about = lines_about(cpu)
    tall = 166 + ROW * (len(about) + max(1, len(rows)) + len(wrong))
    drawing = Svg(WIDTH, tall)
    drawing.rect(0.5, 0.5, WIDTH - 1, tall - 1, "card", 6)
    _draw_head(drawing, cpu, title, tag)
    _draw_opinions(drawing, cpu, broken="cr3-is-loaded-mm" in wrong)
    y = 122.0
    for name in wrong:
        drawing.text(LEFT, y, f"✗ now breaks {name}", "b c bad")
        y += ROW
    for name, value in about:
        drawing.text(LEFT, y, name, "m c")
        drawing.text(WIDTH - LEFT, y, _cut(value if len(value) < 30 else value.split(" = ")[-1], 30), "c end")
        y += ROW
    _draw_tlb(drawing, y - 6, rows)
    drawing.text(LEFT, tall - 10, _cut(f"next: {next_step(cpu)}", 53), "t m")
    return drawing


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def _draw_head(drawing: Svg, cpu: LinuxCpu, title: str, tag: str) -> None:
    drawing.text(LEFT, 24, title, "h")
    drawing.text(LEFT + 9 * len(title) + 4, 24, _cut(tag, 14), "m c")
    lockdep = cpu.hardirqs_enabled
    drawing.chip(WIDTH - LEFT - 160, 10, f"IF={int(cpu.rflags_if)}", on=cpu.rflags_if, width=44)
    drawing.chip(WIDTH - LEFT - 112, 10, f"lockdep={int(lockdep)}", on=lockdep, width=72)
    if lockdep != cpu.rflags_if:
        drawing.rect(WIDTH - LEFT - 163, 7, 126, 24, "cursor", 4)
    drawing.chip(WIDTH - LEFT - 36, 10, f"CPL{int(cpu.registers.cpl)}", on=cpu.user_mode, width=36)


def _draw_opinions(drawing: Svg, cpu: LinuxCpu, *, broken: bool) -> None:
    every = opinions(cpu)
    names = {(mm or "none").split(",")[0] for _, mm in every}
    if len(names) > 1:
        drawing.rect(LEFT - 6, 40, 3, 3 * ROW + 2, "badbar" if broken else "set", 1)
    for place, (name, mm) in enumerate(every):
        y = 54 + ROW * place
        drawing.text(LEFT + 4, y, name, "m c")
        swatch(drawing, LEFT + 110, y - 10, mm)
        words = short(mm) + (f", active {short(cpu.active_mm)}" if place == 2 and mm is None else "")
        drawing.text(LEFT + 132, y, words, "b c" if name != "CR3" or not broken else "b c bad")
    tag = f"PCID {int(cpu.registers.pcid)}" if cpu.registers.bit("PCIDE") else "no PCID"
    drawing.text(WIDTH - LEFT, 54, tag, "m c end")
    drawing.text(WIDTH - LEFT, 54 + ROW, f"ASID {cpu.loaded_mm_asid}", "m c end")
    drawing.line(LEFT, 104, WIDTH - LEFT, 104)


def _draw_tlb(drawing: Svg, y: float, rows: list[Row]) -> None:
    drawing.line(LEFT, y - 4, WIDTH - LEFT, y - 4)
    for x, name in ((LEFT, "TLB PCID"), (PAGE, "page"), (FRAME, "frame"), (RIGHTS, "rights")):
        drawing.text(x, y + 10, name, "t m")
    if not rows:
        drawing.text(LEFT + 20, y + 28, "empty", "m c")
    for place, row in enumerate(rows):
        _draw_row(drawing, y + 16 + ROW * place, row)


def _draw_row(drawing: Svg, y: float, row: Row) -> None:
    entry = row.entry
    if row.now:
        drawing.rect(LEFT - 4, y - 1, WIDTH - 2 * LEFT + 8, ROW - 2, "wrong")
        drawing.line(PAGE, y + 15.5, RIGHTS - 10, y + 15.5, "dots")
    if row.owner:
        swatch(drawing, LEFT, y + 2, row.owner)
    drawing.text(LEFT + 24, y + 12, "global" if entry.global_ else int(entry.pcid), "s")
    drawing.text(PAGE, y + 12, f"{entry.va:#x}", "s")
    drawing.text(FRAME, y + 12, f"{entry.pa:#x}", "s")
    rights = str(entry.rights).split()[0]
    drawing.text(RIGHTS, y + 12, rights if not row.now else f"{rights} ✗ stale", "s bad b" if row.now else "s")


def _describe(cpu: LinuxCpu, rows: list[Row], wrong: list[str], *, judged: bool) -> str:
    parts = [f"{name} {short(mm)}" for name, mm in opinions(cpu)]
    parts += [f"IF {int(cpu.rflags_if)}, lockdep's flag {int(cpu.hardirqs_enabled)}"]
    parts += [f"{name} {value}" for name, value in lines_about(cpu)]
    stale = f", {sum(bool(row.now) for row in rows)} stale" if judged else ""
    parts += [f"{len(rows) or 'no'} translation{'' if len(rows) == 1 else 's'}{stale}"]
    return ". ".join([*parts, *(f"breaks {name}" for name in wrong), f"next: {next_step(cpu)}"]) + "."


def _twin(cpu: LinuxCpu, words: str, rows: list[Row], wrong: list[str]) -> list[str]:
    flags = f"IF={int(cpu.rflags_if)} lockdep={int(cpu.hardirqs_enabled)} CPL={int(cpu.registers.cpl)}"
    lines = [f"{words}: {flags} PCID={int(cpu.registers.pcid)} ASID={cpu.loaded_mm_asid}"]
    lines += [f"  {name:<14} {short(mm)}" for name, mm in opinions(cpu)]
    lines += [f"  active_mm      {short(cpu.active_mm)}"] if cpu.current_mm is None else []
    lines += [f"  {name:<14} {value}" for name, value in lines_about(cpu)]
    for row in rows:
        tag = "global" if row.entry.global_ else f"PCID {int(row.entry.pcid)}" + (f" ({row.owner})" * bool(row.owner))
        stale = f"  STALE: the tables now say {row.now}" if row.now else ""
        lines.append(f"  TLB            {tag}  {row.entry.va} -> {row.entry.pa}  {row.entry.rights}{stale}")
    lines += [] if rows else ["  TLB            empty"]
    return [*lines, f"  next           {next_step(cpu)}", *(f"  BREAKS {name}" for name in wrong)]


__all__ = ["draw_linux_cpu", "faults", "lines_about", "opinions", "tlb_rows"]

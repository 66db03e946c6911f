"""Draw a TLB: one row per cached translation, and beside it, when memory is given, what the tables say now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tempmm_lab.errors import ModelError
from tempmm_lab.hw.machine import Cpu, Machine
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.rights import Access
from tempmm_lab.hw.tlb import StructureEntry, TlbEntry
from tempmm_lab.hw.walk import Walk, walk
from tempmm_lab.views.entry import SIZE_NAMES
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, space_of

WIDTH, LEFT, ROW, TOP = 760, 14, 26, 62
COLUMNS = (
    ("PCID", 34),
    ("page", 84),
    ("size", 224),
    ("frame", 280),
    ("rights", 386),
    ("D", 524),
    ("G", 548),
    ("now", 574),
)


def draw_tlb(
    cpu: Cpu | Machine,
    memory: PhysicalMemory | None = None,
    *,
    names: Mapping[int, str] | None = None,
    notes: Sequence[str] = (),
) -> Picture:
    """Draw what a CPU has cached of its page tables. Give a `Machine` (CPU 0), or a CPU and perhaps the memory.

    With memory, an entry that the tables no longer agree with is marked stale. That can be said only of the current
    PCID and of global entries: nobody knows which tables another PCID's entries came from.
    `names` names PCIDs; `notes` are lines to write below.
    """
    chosen, memory, processor = _unpack(cpu, memory)
    rows = [(entry, _now(entry, chosen, memory, processor)) for entry in chosen.tlb.entries]
    structures = chosen.tlb.structures
    below = TOP + ROW * max(1, len(rows)) + (30 + ROW * len(structures) if structures else 0)
    drawing = Svg(WIDTH, below + 8 + (20 * len(notes) + 10 if notes else 0))
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(LEFT, 24, "TLB", "h")
    drawing.text(WIDTH - LEFT, 24, f"current PCID {int(chosen.pcid)}", "m end")
    _draw_head(drawing)
    for place, (entry, now) in enumerate(rows):
        _draw_row(drawing, TOP + ROW * place, entry, now)
    if not rows:
        drawing.text(LEFT + 20, TOP + 14, "empty: the next access walks the tables", "m")
    _draw_structures(drawing, TOP + ROW * max(1, len(rows)), structures)
    for place, note in enumerate(notes):
        drawing.text(LEFT, below + 22 + 20 * place, note[:92], "b" if place == 0 else "m")
    stale = sum(bool(now) for _, now in rows)
    desc = f"{_count(len(rows), 'translation')}, {stale} stale" + (
        f"; {_count(len(structures), 'cached table pointer')}." if structures else "."
    )
    desc = f"{desc} {'. '.join(notes)}." if notes else desc
    twin = "\n".join([_twin(chosen, rows, structures, names or {}), *(f"  {note}" for note in notes)])
    return Picture("TLB", desc, drawing.finish("TLB", desc), twin)


def _unpack(cpu: Cpu | Machine, memory: PhysicalMemory | None) -> tuple[Cpu, PhysicalMemory | None, Processor]:
    if isinstance(cpu, Machine):
        return cpu.cpus[0], cpu.memory, cpu.processor
    if not isinstance(cpu, Cpu):
        msg = f"draw_tlb() draws a Cpu, such as machine.cpus[0], or a Machine, not {type(cpu).__name__}."
        raise ModelError(msg)
    return cpu, memory, Processor()


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def _now(entry: TlbEntry, cpu: Cpu, memory: PhysicalMemory | None, processor: Processor) -> str:
    """Say what the tables have now where it differs from the entry; "" if it is the same, or nobody can tell."""
    if memory is None or not (entry.global_ or entry.pcid == cpu.pcid):
        return ""
    supervisor = cpu.registers.but(cpl=0, SMAP=0, LASS=0)
    found = walk(memory.read64, supervisor, int(entry.va), Access.READ, processor)
    return difference(entry, found)


def difference(entry: TlbEntry, found: Walk) -> str:
    """Say what a walk found where it differs from a cached translation; "" if it is the same."""
    if found.rights is None:
        return "not present"
    if found.pa != entry.pa:
        return f"frame {found.pa:#x}"
    if found.rights != entry.rights:
        return f"{found.rights}"
    return "" if found.page_size == entry.page_size else SIZE_NAMES[found.page_size or 0]


def _draw_head(drawing: Svg) -> None:
    for name, x in COLUMNS[:-1]:
        drawing.text(x, 46, name, "s m")
    drawing.text(COLUMNS[-1][1], 46, "the tables now", "s m")
    drawing.line(LEFT, 52, WIDTH - LEFT, 52)


def _draw_row(drawing: Svg, y: float, entry: TlbEntry, now: str) -> None:
    if now:
        drawing.rect(LEFT - 4, y - 4, WIDTH - 2 * LEFT + 8, ROW - 3, "wrong")
        drawing.line(84, y + 17.5, 370, y + 17.5, "dots")
    drawing.swatch(LEFT, y + 3, space_of(entry.pcid))
    for (_, x), words in zip(COLUMNS, _cells(entry), strict=False):
        drawing.text(x, y + 13.5, words)
    if now:
        drawing.text(COLUMNS[-1][1], y + 13.5, f"✗ stale: {now}"[:22], "bad b")


def _cells(entry: TlbEntry) -> tuple[str, ...]:
    return (
        f"{int(entry.pcid)}",
        f"{entry.va:#x}",
        SIZE_NAMES[entry.page_size],
        f"{entry.pa:#x}",
        f"{entry.rights}",
        "D" if entry.dirty else "-",
        "G" if entry.global_ else "-",
    )


def _draw_structures(drawing: Svg, y: float, structures: tuple[StructureEntry, ...]) -> None:
    if not structures:
        return
    drawing.line(LEFT, y + 6, WIDTH - LEFT, y + 6)
    drawing.text(LEFT + 20, y + 22, "paging-structure caches", "s m")
    for place, entry in enumerate(structures):
        row = y + 30 + ROW * place
        drawing.swatch(LEFT, row + 3, space_of(entry.pcid))
        drawing.text(34, row + 13.5, f"{int(entry.pcid)}")
        drawing.text(84, row + 13.5, f"{entry.level.entry_name} for {entry.va:#x}")
        drawing.text(386, row + 13.5, f"{entry.rights}")
        drawing.text(574, row + 13.5, f"table {entry.table:#x}")


def _twin(
    cpu: Cpu, rows: list[tuple[TlbEntry, str]], structures: tuple[StructureEntry, ...], names: Mapping[int, str]
) -> str:
    lines = [f"TLB, current PCID {int(cpu.pcid)}: {_count(len(rows), 'translation')}"]
    for entry, now in rows:
        pcid, va, size, pa, rights, dirty, glob = _cells(entry)
        who = f" ({names[entry.pcid]})" if entry.pcid in names else ""
        stale = f"  STALE: the tables now say {now}" if now else ""
        lines.append(f"  PCID {pcid}{who}  {va} -> {pa}  {size}  {rights}  {dirty}{glob}{stale}")
    lines += [
        f"  PCID {int(entry.pcid)}  {entry.level.entry_name} for {entry.va} -> table {entry.table}  {entry.rights}"
        for entry in structures
    ]
    return "\n".join(lines)

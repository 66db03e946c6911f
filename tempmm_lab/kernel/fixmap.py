"""Before v5.2: the alias in the fixmap, in the half of the address space that every CPU shares.

Linux: arch/x86/kernel/alternative.c text_poke() and arch/x86/mm/pgtable.c, v5.1.
"""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.hw.address import KIB4
from tempmm_lab.hw.registers import Registers
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.alternative import compare, frame_of, text_poke_func
from tempmm_lab.kernel.bug import BUG_ON
from tempmm_lab.kernel.entry import sync_core
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import FIXMAP, PAGE_KERNEL


@op
def set_fixmap(cpu: Access, alias: int, entry: int) -> None:
    """Write the entry of a fixmap page. It ends in an INVLPG, which serialises; nothing is cached of it here."""
    cpu.write_locked(cpu.world.alias_ptes[alias], entry)


@op
def local_flush_tlb(cpu: Access) -> None:
    """Drop what this CPU has cached of the fixmap pages, global entries too. No other CPU is told.

    Which instruction does it (INVLPG per page, or all at once) is left open: no other entry matters to a poke.
    """
    cpu.fence()
    registers: Registers = cpu.get("registers")
    tlb = cpu.get("tlb")
    for page in FIXMAP:
        tlb = tlb.invlpg(page, registers.pcid)
    cpu.set("tlb", tlb)


async def text_poke_v5_1(addr: int, opcode: int, size: int) -> None:
    """Write through FIX_TEXT_POKE0 and 1: the alias is for all to use, and only this CPU forgets it afterwards.

    Linux: alternative.c text_poke(), v5.1 (until b3fd8e83ada0). It always mapped two pages; here the second one only
    when there is another page of text.
    """
    flags = await local_irq_save()
    await set_fixmap(FIXMAP[0], frame_of(addr) | PAGE_KERNEL)
    crosses = (addr & (KIB4 - 1)) + size > KIB4
    if crosses:
        await set_fixmap(FIXMAP[1], frame_of(addr + KIB4) | PAGE_KERNEL)
    await text_poke_func(FIXMAP[0] + (addr & (KIB4 - 1)), opcode, size)
    await set_fixmap(FIXMAP[0], 0)
    if crosses:
        await set_fixmap(FIXMAP[1], 0)
    await local_flush_tlb()
    await sync_core()
    await BUG_ON(await compare(addr, opcode, size), "the bytes are not what was written")
    await local_irq_restore(flags)

"""One access at a time, answered by Unicorn's own MMU (QEMU's), as guest code meets it.

Guest code at CPL 0 or 3 does a load, a store or a jump under the page tables in question. Its own code lies behind
one further slot of the top table, which the address asked for never uses. Unicorn stops at an exception instead of
delivering it. It tells the vector, CR2 can be read, and the error code is found in a saved context: its place there
is not documented, so it is looked for with faults whose codes are known beforehand.

The physical address of a load or store is what Unicorn's memory hook reports. A fetch runs a signed word: it moves
the word's own number into RBX, and then stops at INT3.

Not to be had here, because Unicorn 2.1.4 does not do it or has no way to see it: PCID tags, INVPCID, global entries
across CR3 writes, paging-structure caches, protection keys, LASS, LAM, #GP on refused CR writes, AMD's reserved bit 8,
a CPU without 1 GiB pages, another MAXPHYADDR than 40, and CR2 at a #GP (an emulator's habit says nothing there).
"""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass
from typing import Any

import unicorn
from unicorn import x86_const as x86

from tempmm_lab import Access, GeneralProtection, Hex, PageFault, PhysicalMemory, Registers
from tempmm_lab.hw.rights import Fault
from tempmm_lab.oracles import Case

MAXPHYADDR = 40
TABLE_POOLS = (0x10_0000, 0x54_3200_0000, 0xAA_AAA0_0000)
"""Where page tables may lie: 1 MiB of RAM from each, with high and low address bits set."""
POOL_SIZE = 1 << 20
WINDOW_SIZE = 2 << 20
WINDOWS = (0x0060_0000, 0x5540_0000, 0x2_AAA0_0000, 0x3F_C000_0000, 0x80_0020_0000, 0xFF_FFE0_0000)
"""Where a fetch may end: signed words from each."""

_CHAIN, _GDT, _CODE = 0x1000, 0x6000, 0x7000  # what the driver itself keeps in low RAM
_EFER = 0xC000_0080
_SUPERVISOR_CODE, _USER_CODE = 5, 6  # the code page is mapped twice, at these page numbers
_BEGIN = {Access.READ: 0x00, Access.WRITE: 0x10, Access.EXECUTE: 0x20}
_IRET, _END = 0x30, 0x40
_PROGRAM = {0x00: "488b18", 0x10: "488918", 0x20: "ffe0", _IRET: "48cf"}  # mov rbx,[rax]; mov [rax],rbx; jmp rax; iretq
_GDT_WORDS = (0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF, 0x00CF_F300_0000_FFFF, 0x00AF_FB00_0000_FFFF)
_IRET_FRAME = (_USER_CODE << 12 | _END, 0x23, 0x2, 0, 0x1B)
_INT3, _GP, _PF = 3, 13, 14


@dataclass(frozen=True, slots=True)
class Question:
    """One access under one set of page tables."""

    words: dict[int, int]
    registers: Registers
    va: int
    access: Access


class UnicornMmu:
    """A CPU in Unicorn that makes single accesses."""

    def __init__(self) -> None:
        uc: Any = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)  # type: ignore[attr-defined, no-untyped-call]
        self._uc = uc
        uc.ctl_set_cpu_model(x86.UC_CPU_X86_ICELAKE_SERVER)
        uc.ctl_set_tlb_mode(unicorn.UC_TLB_CPU)
        self._vector: int | None = None
        self._touched: int | None = None
        self._overwritten: dict[int, int] = {}
        self._map_memory()
        self._hook()
        self._modes = {cpl: self._enter(cpl) for cpl in (0, 3)}
        self._scratch = uc.context_save()
        self._code_at = self._find_error_code()

    def answer(self, asked: Question) -> Case:
        """Give Unicorn's answer in the form of a recorded case."""
        for at, word in asked.words.items():
            self._put(at, word)
        vector = self._access(asked)
        pa: Hex | None = None
        fault: Fault | None = None
        changed: dict[Hex, Hex] = {}
        if vector == _PF:
            fault = PageFault(Hex(self._error_code()), Hex(self._uc.reg_read(x86.UC_X86_REG_CR2)))
        elif vector == _GP:
            fault = GeneralProtection(self._error_code())
        else:
            pa = Hex(self._fetched() if vector == _INT3 else self._seen(vector))
            changed = {Hex(at): Hex(now) for at, old in asked.words.items() if (now := self._get(at)) != old}
        self._tidy(asked)
        memory = PhysicalMemory.from_words(asked.words)
        va = Hex(asked.va)
        return Case("unicorn", memory, asked.registers, va, asked.access, MAXPHYADDR, True, pa, fault, changed)

    def _tidy(self, asked: Question) -> None:
        for at in asked.words:
            self._put(at, 0)
        for at, word in self._overwritten.items():
            self._put(at, word)
        self._overwritten.clear()

    def _access(self, asked: Question) -> int | None:
        """Run the one instruction, and give the exception's vector, if one came."""
        uc, registers = self._uc, asked.registers
        uc.context_restore(self._modes[registers.cpl])
        uc.reg_write(x86.UC_X86_REG_MSR, (_EFER, int(registers.efer)))
        uc.reg_write(x86.UC_X86_REG_CR0, int(registers.cr0))
        uc.reg_write(x86.UC_X86_REG_CR4, int(registers.cr4))
        uc.reg_write(x86.UC_X86_REG_CR3, int(registers.cr3))  # this also empties Unicorn's TLB
        uc.reg_write(x86.UC_X86_REG_EFLAGS, int(registers.rflags))
        uc.reg_write(x86.UC_X86_REG_RAX, int(asked.va))
        slot = (int(registers.cr3) & 0xFF_FFFF_F000) + 8 * code_slot(asked.va, registers.levels)
        self._put(slot, _CHAIN + 0x1000 * (5 - registers.levels) | 0x67)
        begin = self._code_va(asked.va, registers) + _BEGIN[asked.access]
        if asked.access is Access.EXECUTE:
            uc.ctl_flush_tb()  # or Unicorn would go by an address's earlier code, wherever that was
        self._run(begin, begin + 3)
        self._put(slot, 0)
        return self._vector

    def _run(self, begin: int, end: int) -> None:
        self._vector = self._touched = None
        try:
            self._uc.emu_start(begin, end)
        except unicorn.UcError as error:  # type: ignore[attr-defined]  # there is no RAM at the address
            if error.errno not in (unicorn.UC_ERR_READ_UNMAPPED, unicorn.UC_ERR_WRITE_UNMAPPED):
                raise

    @staticmethod
    def _code_va(va: int, registers: Registers) -> int:
        page = _USER_CODE if registers.cpl else _SUPERVISOR_CODE
        return code_slot(va, registers.levels) << (3 + 9 * registers.levels) | page << 12

    def _seen(self, vector: int | None) -> int:
        if vector is not None or self._touched is None:
            msg = f"Unicorn gave no answer: vector {vector}, address {self._touched}"
            raise AssertionError(msg)
        return self._touched

    def _fetched(self) -> int:
        number = int(self._uc.reg_read(x86.UC_X86_REG_RBX))
        return WINDOWS[number >> 18] + (number & 0x3FFFF) * 8

    def _map_memory(self) -> None:
        self._uc.mem_map(0, 0x10_0000)
        for pool in TABLE_POOLS:
            self._uc.mem_map(pool, POOL_SIZE)
        for number, window in enumerate(WINDOWS):
            self._uc.mem_map(window, WINDOW_SIZE)
            signed = (struct.pack("<BIBH", 0xBB, number << 18 | word, 0xCC, 0x9090) for word in range(WINDOW_SIZE // 8))
            self._uc.mem_write(window, b"".join(signed))
        for at, code in _PROGRAM.items():
            self._uc.mem_write(_CODE + at, bytes.fromhex(code))
        for level in range(3):  # PML4, PDPT and PD: slot 0 of each leads on
            self._put(_CHAIN + 0x1000 * level, _CHAIN + 0x1000 * (level + 1) | 0x67)
        table = _CHAIN + 0x3000
        self._put(table, _GDT | 0x63)
        self._put(table + 8 * _SUPERVISOR_CODE, _CODE | 0x63)
        self._put(table + 8 * _USER_CODE, _CODE | 0x67)
        for place, word in enumerate((*_GDT_WORDS, *_IRET_FRAME)):
            self._put(_GDT + 8 * place, word)

    def _hook(self) -> None:
        def stop(uc: Any, vector: int, _data: object) -> None:
            self._vector = vector
            uc.emu_stop()

        def touch(_uc: Any, kind: int, pa: int, _size: int, _value: int, _data: object) -> bool:
            self._touched = pa
            if kind == unicorn.UC_MEM_WRITE and any(window <= pa < window + WINDOW_SIZE for window in WINDOWS):
                self._overwritten[pa] = self._get(pa)
            return False

        self._uc.hook_add(unicorn.UC_HOOK_INTR, stop)
        self._uc.hook_add(unicorn.UC_HOOK_MEM_READ | unicorn.UC_HOOK_MEM_WRITE, touch)
        self._uc.hook_add(unicorn.UC_HOOK_MEM_READ_UNMAPPED | unicorn.UC_HOOK_MEM_WRITE_UNMAPPED, touch)

    def _enter(self, cpl: int) -> Any:
        """Give a context at this CPL in long mode; CPL 3 is entered as a kernel would, by IRET."""
        uc = self._uc
        uc.reg_write(x86.UC_X86_REG_CR3, _CHAIN)
        uc.reg_write(x86.UC_X86_REG_CR4, 0x20)
        uc.reg_write(x86.UC_X86_REG_MSR, (_EFER, 0xD00))
        uc.reg_write(x86.UC_X86_REG_CR0, 0x8001_0001)
        uc.reg_write(x86.UC_X86_REG_GDTR, (0, 0, 8 * len(_GDT_WORDS) - 1, 0))
        uc.reg_write(x86.UC_X86_REG_RSP, 8 * len(_GDT_WORDS))
        if cpl:
            self._run(_SUPERVISOR_CODE << 12 | _IRET, _USER_CODE << 12 | _END)
            if self._vector is not None or uc.reg_read(x86.UC_X86_REG_CS) & 3 != cpl:
                msg = "Unicorn did not reach CPL 3"
                raise AssertionError(msg)
        return uc.context_save()

    def _find_error_code(self) -> int:
        """Find the error code in a saved context by faults on pages that are not present, whose codes are known."""
        found: set[int] | None = None
        for cpl in (0, 3):
            for access, bit in ((Access.READ, 0), (Access.WRITE, 2), (Access.EXECUTE, 16)):
                registers = Registers(0x8001_0001, TABLE_POOLS[0], 0x20, 0xD00, 0x2, cpl)
                self._access(Question({}, registers, 0x7000, access))
                words = struct.unpack(f"<{self._scratch.size // 4}i", self._context())
                places = {place for place, word in enumerate(words) if word == bit | (4 if cpl else 0)}
                found = places if found is None else found & places
        if not found or len(found) != 1:
            msg = f"The error code was not found in Unicorn's context: {found}"
            raise AssertionError(msg)
        return 4 * found.pop()

    def _context(self) -> bytes:
        self._uc.context_update(self._scratch)
        return ctypes.string_at(self._scratch.context, self._scratch.size)

    def _error_code(self) -> int:
        self._uc.context_update(self._scratch)
        return ctypes.c_int32.from_address(self._scratch.context.value + self._code_at).value

    def _put(self, pa: int, word: int) -> None:
        self._uc.mem_write(pa, word.to_bytes(8, "little"))

    def _get(self, pa: int) -> int:
        return int.from_bytes(self._uc.mem_read(pa, 8), "little")


def code_slot(va: int, levels: int) -> int:
    """Give the slot of the top table that leads to the driver's own code, which is not the one of `va`."""
    return 5 if va >> (3 + 9 * levels) & 0x1FF != 5 else 6

"""Unicorn's own MMU under a guest loop: loads and stores through the same tables. Usage: peer_unicorn.py FILE ROUNDS.

FILE is what `translation.py` wrote for `limit.c`, but with loads and stores that succeed only; a store's address has
bit 3 set. Every word at 16n holds its own physical address, so the XOR of what is loaded is that of where it was.
Prints JSON: seconds of each round, the XOR, and the sum of the words of the tables afterwards.
"""

from __future__ import annotations

import json
import struct
import sys
import time
from pathlib import Path

import unicorn
from unicorn import x86_const as x86

# mov rax,[rsi]; add rsi,8; test al,8; jnz store; xor rbx,[rax]; dec rcx; jnz 0; jmp end; store: mov [rax],rax; dec rcx;
# jnz 0; end: nop
LOOP = bytes.fromhex("488b06 4883c608 a808 750a 483318 48ffc9 75ed eb08 488900 48ffc9 75e3 90")
END = len(LOOP) - 1
SLOT, LIST_PA, CODE_PA, TABLES_PA = 2, 0x4000_0000, 0x5000_0000, 0x60_0000
LIST_VA, CODE_VA = SLOT << 39, SLOT << 39 | 0x4000_0000
FRAMES, FRAME_BYTES = 0x1000_0000, 0x120_0000


def main() -> None:
    """Run the guest loop, and print how long it took and what came of it."""
    data = Path(sys.argv[1]).read_bytes()
    count, words, root, _, _ = struct.unpack_from("<5Q", data)
    tables, list_ = data[40 : 40 + 8 * words], data[40 + 8 * words : 40 + 8 * (words + count)]
    uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
    uc.ctl_set_tlb_mode(unicorn.UC_TLB_CPU)
    prepare(uc, list_)
    seconds = []
    for _ in range(int(sys.argv[2])):
        uc.mem_write(0, tables)
        uc.mem_write(root + 8 * SLOT, struct.pack("<Q", TABLES_PA | 0x67))
        uc.reg_write(x86.UC_X86_REG_CR3, root)
        for register, value in ((x86.UC_X86_REG_RSI, LIST_VA), (x86.UC_X86_REG_RCX, count), (x86.UC_X86_REG_RBX, 0)):
            uc.reg_write(register, value)
        begin = time.process_time()
        uc.emu_start(CODE_VA, CODE_VA + END)
        seconds.append(time.process_time() - begin)
    uc.mem_write(root + 8 * SLOT, bytes(8))
    after = struct.unpack(f"<{words}Q", uc.mem_read(0, 8 * words))
    xor = uc.reg_read(x86.UC_X86_REG_RBX)
    print(json.dumps({"seconds": seconds, "xor": xor, "sum": sum(after) & (1 << 64) - 1}))


def prepare(uc: unicorn.Uc, list_: bytes) -> None:
    """Lay out memory: the signed frames, the list of addresses, the code, and tables that lead to these two."""
    for at, size in ((0, 0x80_0000), (FRAMES, FRAME_BYTES), (LIST_PA, 0x400_0000), (CODE_PA, 0x1000)):
        uc.mem_map(at, size)
    signed = (struct.pack("<2Q", at, 0) for at in range(FRAMES, FRAMES + FRAME_BYTES, 16))
    uc.mem_write(FRAMES, b"".join(signed))
    uc.mem_write(LIST_PA, list_)
    uc.mem_write(CODE_PA, LOOP)
    put(uc, TABLES_PA, [TABLES_PA + 0x1000 | 0x67, TABLES_PA + 0x2000 | 0x67])
    put(uc, TABLES_PA + 0x1000, [LIST_PA + (at << 21) | 0xE7 for at in range(32)])
    put(uc, TABLES_PA + 0x2000, [TABLES_PA + 0x3000 | 0x67])
    put(uc, TABLES_PA + 0x3000, [CODE_PA | 0x67])
    uc.reg_write(x86.UC_X86_REG_CR3, TABLES_PA)
    uc.reg_write(x86.UC_X86_REG_CR4, 0x20)
    uc.reg_write(x86.UC_X86_REG_MSR, (0xC000_0080, 0xD00))
    uc.reg_write(x86.UC_X86_REG_CR0, 0x8001_0001)


def put(uc: unicorn.Uc, at: int, words: list[int]) -> None:
    """Write 64-bit words."""
    uc.mem_write(at, struct.pack(f"<{len(words)}Q", *words))


if __name__ == "__main__":
    main()

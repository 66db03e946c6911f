"""Page tables and accesses made to be interesting: mostly valid, with one thing wrong now and then."""

from __future__ import annotations

import random
from collections.abc import Iterable

from tempmm_lab import Access, Level, Registers, sign_extend
from tests.oracle.unicorn_mmu import MAXPHYADDR, POOL_SIZE, TABLE_POOLS, WINDOW_SIZE, WINDOWS, Question

PAGE_SIZES = {Level.PT: 1 << 12, Level.PD: 1 << 21, Level.PDPT: 1 << 30}
TABLES = [pool + offset for pool in TABLE_POOLS for offset in range(0, POOL_SIZE, 1 << 12)]
SOFTWARE = (*range(9, 12), *range(52, 63))
BIT = [1 << number for number in range(64)]
P, RW, US, PWT, PCD, A, D, PS, G = BIT[:9]
PAT_LARGE, NX = BIT[12], BIT[63]
UPPER = ((RW, 0.85), (US, 0.8), (PWT, 0.1), (PCD, 0.1), (A, 0.5), (D, 0.2), (G, 0.2), (NX, 0.06))
LEAF = ((RW, 0.65), (US, 0.65), (PWT, 0.1), (PCD, 0.1), (A, 0.5), (D, 0.4), (G, 0.3), (NX, 0.25))


class Questions:
    """A stream of accesses with their page tables, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._free: list[int] = []

    def next(self) -> Question:
        """Give the next access."""
        self._free = self._random.sample(TABLES, 5)
        registers = self._registers()
        access = self._random.choice(tuple(Access))
        leaf = self._random.choices(tuple(PAGE_SIZES), (5, 3, 2))[0]
        pa = self._target(access)
        va = self._address(registers.levels, PAGE_SIZES[leaf], pa)
        words = self._tables(registers, va, leaf, pa)
        if self._chance(0.05):  # not canonical any more
            va ^= 1 << self._random.randrange(11 + 9 * registers.levels, 64)
        return Question(words, registers, va, access)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _some(self, bits_and_shares: Iterable[tuple[int, float]]) -> int:
        return sum(bit for bit, share in bits_and_shares if self._chance(share))

    def _registers(self) -> Registers:
        cr0 = 0x8000_0001 | self._some([(1 << 16, 0.6)])
        cr4 = 0x20 | self._some([(1 << 7, 0.3), (1 << 12, 0.35), (1 << 20, 0.4), (1 << 21, 0.5)])
        efer = 0x500 | self._some([(1 << 11, 0.8)])
        cr3 = self._free.pop() | self._some((1 << bit, 0.2) for bit in range(12))
        rflags = 0x2 | self._some([(1 << 18, 0.4)])
        return Registers(cr0, cr3, cr4, efer, rflags, self._random.choice((0, 3)))

    def _target(self, access: Access) -> int:
        """Give the physical address to reach. A fetch needs something there that can be run."""
        if access is Access.EXECUTE:
            return self._random.choice(WINDOWS) + 8 * self._random.randrange(WINDOW_SIZE // 8)
        return 8 * self._random.randrange(1 << 21, 1 << (MAXPHYADDR - 3))

    def _address(self, levels: int, size: int, pa: int) -> int:
        width = 12 + 9 * levels
        number = self._random.getrandbits(width)
        if self._chance(0.1):  # the first and last pages of a half
            number = self._random.choice((0, (1 << width - 1) - 1, 1 << width - 1, (1 << width) - 1))
        return int(sign_extend(number & -size | pa & (size - 1), levels))

    def _tables(self, registers: Registers, va: int, leaf: Level, pa: int) -> dict[int, int]:
        """Give the entries on the way, sound but for a defect in one or, rarely, in two of them."""
        nx = registers.bit("NXE")
        levels = [Level(number) for number in range(registers.levels, leaf - 1, -1)]
        spoilt = self._random.choices(levels, k=self._random.choices((0, 1, 2), (72, 25, 3))[0])
        words: dict[int, int] = {}
        table = int(registers.cr3) & -0x1000
        for level in levels:
            following = self._free.pop() if level > leaf else pa & -PAGE_SIZES[leaf]
            word = P | following | self._flags(level, leaf) & ~(0 if nx else NX)
            words[table | level.index(va) << 3] = self._spoil(level, leaf, word) if level in spoilt else word
            table = following
        return words

    def _flags(self, level: Level, leaf: Level) -> int:
        software = self._some((BIT[number], 0.2) for number in SOFTWARE)
        if level > leaf:
            return self._some(UPPER) | software
        if leaf > Level.PT:
            return self._some(LEAF) | software | self._some([(PAT_LARGE, 0.3)]) | PS
        return self._some(LEAF) | software | self._some([(PS, 0.3)])  # bit 7 of a PTE is PAT

    def _spoil(self, level: Level, leaf: Level, word: int) -> int:
        """Give an entry with something wrong: not present, or a bit that is (or may be) reserved."""
        kinds = ["absent", "junk", "zero", "high", "high", "NX"]
        kinds += ["PS"] * 2 * (level >= Level.PML4) + ["low"] * 2 * (level == leaf > Level.PT)
        kind = self._random.choice(kinds)
        if kind == "low":
            return word | 1 << self._random.randrange(13, level.shift)
        if kind == "junk":
            return self._random.getrandbits(64) & ~P
        high = 1 << self._random.randrange(MAXPHYADDR, 52)
        return {"absent": word & ~P, "zero": 0, "high": word | high, "NX": word | NX, "PS": word | PS}[kind]

"""The workload of the translation benchmark: the same accesses and tables for every tool."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tempmm_lab import AddressTrace, Page, PhysicalMemory, Registers, build_tables
from tempmm_lab.hw.build import KERNEL

ACCESSES, PAGES = 1_000_000, 4096
BASE = 0x5555_5540_0000
FRAMES = 0x1000_0000
BAD = 64  # pages of each kind that never succeed, so that a cache simulator without rights sees the same hits


@dataclass(frozen=True)
class Work:
    """A trace, and the tables under which 3 % of it faults."""

    trace: AddressTrace
    memory: PhysicalMemory
    registers: Registers


def work(accesses: int = ACCESSES, seed: int = 1) -> Work:
    """Give Zipf-distributed pages mixed with streams, 20 % writes, 10 % fetches, 3 % faults; 4 levels, CPL 3.

    Reads and fetches go to words at 16n, writes to words at 16n + 8.
    """
    chance = random.Random(seed)
    places = list(range(PAGES))
    chance.shuffle(places)
    weights = [1 / (rank + 1) ** 0.9 for rank in range(PAGES)]
    drawn = iter(chance.choices(places, weights, k=accesses))
    va, kind, stream = [], [], 0
    while len(va) < accesses:
        if chance.random() < 0.02:  # a stream: 64 accesses of 64 bytes each, one page
            stream = (stream + 1) % PAGES
            run = [stream] * 64
        else:
            run = [next(drawn)]
        for page in run:
            what = 1 if (one := chance.random()) < 0.2 else 2 if one < 0.3 else 0
            at, what = (page, what) if chance.random() >= 0.03 else _bad(chance)
            va.append(BASE + 0x1000 * at + 16 * chance.randrange(256) + 8 * (what == 1))
            kind.append(what)
    return Work(AddressTrace.of(va[:accesses], kind[:accesses]), _tables(chance), KERNEL.but(cpl=3))


def _bad(chance: random.Random) -> tuple[int, int]:
    """Give a page and an access that faults: not mapped, read-only, not executable, or the supervisor's."""
    sort = chance.randrange(4)
    return PAGES + sort * BAD + chance.randrange(BAD), (chance.randrange(3), 1, 2, 0)[sort]


def _tables(chance: random.Random) -> PhysicalMemory:
    frames = list(range(PAGES + 3 * BAD))
    chance.shuffle(frames)
    pages = [Page(BASE + 0x1000 * at, FRAMES + 0x1000 * frames[at], "P RW US") for at in range(PAGES)]
    for sort, flags in enumerate(("P US", "P RW US NX", "P RW")):
        for at in range(BAD):
            number = PAGES + (sort + 1) * BAD + at
            pages.append(Page(BASE + 0x1000 * number, FRAMES + 0x1000 * frames[PAGES + sort * BAD + at], flags))
    return PhysicalMemory.from_words(build_tables(pages, 0x1000))

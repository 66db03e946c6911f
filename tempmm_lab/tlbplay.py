"""A little stage for TLBs: one CPU, two address spaces, three actors. What the TLB bench plays on.

The CPU loads and stores; the kernel rewrites an entry, flushes, or switches spaces; the hardware fills or evicts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tempmm_lab.errors import ModelError
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.build import KERNEL, Page, build_tables, with_entry
from tempmm_lab.hw.machine import Cpu, Machine
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.ops import evict, fill, invlpg, invpcid, load, store, write_cr3, write_cr4
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import NOFLUSH, WHERE
from tempmm_lab.hw.rights import Access, GeneralProtection, PageFault
from tempmm_lab.steps import outcomes, run

ROOTS = {1: 0x1000, 2: 0x11000}
"""PCID -> top table of the address space that uses it."""
PAGES = {"user page 0x7000": 0x7000, "global kernel page": 0xFFFF_8880_0000_7000}
OTHER_PAGE = 0x9000
FRAMES = {0xA3: 0xB7, 0xB7: 0xA3, 0xC5: 0xD9, 0xD9: 0xC5, 0x6B: 0x6C, 0x6C: 0x6B, 0xE1: 0xE1}
"""Frame -> the frame that "move the page" moves a page to. Each holds its own number as its first word."""
FLUSHES = ("INVLPG", "MOV CR3", "INVPCID all", "toggle PGE")


@dataclass(frozen=True, slots=True)
class Play:
    """The stage now, and what was done so far."""

    machine: Machine
    log: tuple[str, ...] = ()

    @property
    def pcid(self) -> int:
        """The current PCID: 1 or 2."""
        return int(self.machine.cpus[0].pcid)

    def may_read(self, va: int) -> tuple[str, ...]:
        """Give every answer that a load of `va` may get now."""
        return tuple(_answer(value) for value in outcomes(self.machine, load, va))


def begin(*, invalidation: str = "minimal") -> Play:
    """Give the stage at the start: space 1 current, 0x7000 mapped to another frame in each, the TLB empty."""
    words: dict[int, int] = {frame << 12: frame for frame in FRAMES}
    for root, frame in zip(ROOTS.values(), (0xA3, 0xC5), strict=True):
        user, kernel = PAGES.values()
        pages = [Page(user, frame << 12), Page(OTHER_PAGE, 0xE1 << 12), Page(kernel, 0x6B << 12, "P RW A D G NX")]
        words |= build_tables(pages, root)
    cpu = Cpu(KERNEL.but(cr3=ROOTS[1] | 1, PCIDE=1))
    return Play(Machine((cpu,), PhysicalMemory.from_words(words), Processor(invalidation=invalidation)))


def _answer(value: object) -> str:
    if isinstance(value, PageFault | GeneralProtection):
        return str(value).split(" (", maxsplit=1)[0]
    return "done" if value is None else str(value)


def _cr3(machine: Machine) -> int:
    return int(machine.cpus[0].registers.cr3)


def _other(machine: Machine) -> int:
    pcid = 3 - int(machine.cpus[0].pcid)
    return ROOTS[pcid] | pcid


def _moved(machine: Machine, va: int) -> Machine:
    frame = machine.walk(va).levels[-1].entry.address >> 12
    return with_entry(machine, va, frame=FRAMES[frame])


def _unmapped(machine: Machine, va: int) -> Machine:
    return with_entry(machine, va, flags="")


def _mapped(machine: Machine, va: int) -> Machine:
    return with_entry(machine, va, flags="P RW A D G NX" if va >> 63 else "P RW US A D")


def _read_only(machine: Machine, va: int) -> Machine:
    return with_entry(machine, va, flags="P A D G NX" if va >> 63 else "P US A D")


SOFTWARE: dict[str, Callable[[Machine, int], Machine]] = {
    "move the page": _moved,
    "unmap it": _unmapped,
    "map it again": _mapped,
    "make it read-only": _read_only,
}
"""What the kernel may write into the leaf entry. It only writes to memory: no CPU is told."""


def _steps(machine: Machine, va: int) -> dict[str, tuple[Callable[..., object], tuple[int, ...]]]:
    cr4 = int(machine.cpus[0].registers.cr4)
    return {
        "load": (load, (va,)),
        "store": (store, (va, 0x5A)),
        "INVLPG": (invlpg, (va,)),
        "MOV CR3": (write_cr3, (_cr3(machine),)),
        "MOV CR3, keep": (write_cr3, (_cr3(machine) | NOFLUSH,)),
        "INVPCID all": (invpcid, (2,)),
        "toggle PGE": (write_cr4, (cr4 ^ WHERE["PGE"][1],)),
        "other space": (write_cr3, (_other(machine),)),
        "other space, keep": (write_cr3, (_other(machine) | NOFLUSH,)),
        "fill": (fill, (va,)),
        "evict": (evict, (va,)),
    }


ACTIONS = ("load", "store", *SOFTWARE, *FLUSHES, "MOV CR3, keep", "other space", "other space, keep", "fill", "evict")


def act(play: Play, action: str, va: int) -> Play:
    """Do one thing on the stage.

    Raises:
        ModelError: there is no such action.
    """
    if action in SOFTWARE:
        return Play(SOFTWARE[action](play.machine, va), (*play.log, f"kernel: {action}"))
    steps = _steps(play.machine, va)
    if action not in steps:
        msg = f"There is no action {action!r}. There are: {', '.join(ACTIONS)}."
        raise ModelError(msg)
    fn, args = steps[action]
    machine, value = run(play.machine, 0, fn, *args)
    said = {True: "done", False: "nothing to do"}.get(value) if isinstance(value, bool) else _answer(value)
    return replace(play, machine=machine, log=(*play.log, f"{action}: {said}"))


def tables_say(play: Play, va: int) -> str:
    """Give what the page tables alone have for a read of `va` now."""
    found = play.machine.walk(va, Access.READ)
    return f"frame {Hex(found.pa >> 12)}" if found.pa is not None else "not present"


def full(*, invalidation: str = "minimal") -> Play:
    """Give the stage with one of everything cached: two pages of PCID 1, one of PCID 2, one global; PCID 1 current."""
    user, kernel = PAGES.values()
    play = act(act(begin(invalidation=invalidation), "other space, keep", user), "load", user)
    play = act(play, "other space, keep", user)
    for page in (user, OTHER_PAGE, kernel):
        play = act(play, "load", page)
    return Play(play.machine)


def survivors(play: Play, action: str) -> dict[str, bool]:
    """Say which of the four kinds of translation are still cached after one flush of the user page."""
    user, kernel = PAGES.values()
    entries = act(play, action, user).machine.cpus[0].tlb.entries
    there = {(int(entry.pcid), int(entry.va)) for entry in entries}
    return {
        "this page": (1, user) in there,
        "another page": (1, OTHER_PAGE) in there,
        "PCID 2's": (2, user) in there,
        "a global page": (1, kernel) in there,
    }


def flush_table(actions: tuple[str, ...] = (*FLUSHES, "MOV CR3, keep"), *, invalidation: str = "minimal") -> str:
    """Give what survives each flush of one page, as a table."""
    play = full(invalidation=invalidation)
    names = list(survivors(play, actions[0]))
    lines = [f"{'':<14}" + "".join(f"{name:<14}" for name in names)]
    for action in actions:
        kept = survivors(play, action).values()
        lines.append(f"{action:<14}" + "".join(f"{'stays' if stays else 'gone':<14}" for stays in kept))
    return "\n".join(line.rstrip() for line in lines)

"""Page tables of real Linux guests, recorded once and shipped with the package.

Each was saved from a Debian 6.16.12 guest under QEMU, with QEMU's own translation of 60 to 80 addresses beside it.
Nothing in them was computed by this package.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from tempmm_lab.errors import ModelError, a_thing, whole_number
from tempmm_lab.hw.address import KIB4, Hex
from tempmm_lab.hw.machine import Cpu, Machine
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.processor import Processor
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, as_access
from tempmm_lab.hw.walk import Walk, translate

SNAPSHOTS = {
    "user": "a user process; its own mm",
    "text_poke": "text_poke_mm, in the middle of a poke",
    "efi": "efi_mm, about to call the firmware",
    "user-kaslr": "as user, with the kernel's addresses randomised",
    "user-pti": "as user, with page-table isolation: the user copy of the tables",
    "user-la57": "as user, with five-level paging",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One address of a recording, and what QEMU's own walker said of it (rights play no part there).

    Attributes:
        va: the address.
        label: what it is, such as "linux_banner".
        region: the part of the address space it lies in.
        pa: the physical address, or None if QEMU found nothing mapped.
        page_size: bytes of the page, or None.
        flags: QEMU's letters for the leaf's bits: X (NX) G P (large) D A C (PCD) T (PWT) U W; "" if not mapped.
        word: the 8 bytes that the guest read there, or None if they were not saved.
    """

    va: Hex
    label: str
    region: str
    pa: Hex | None
    page_size: int | None
    flags: str
    word: Hex | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The page tables and registers of one moment of a real guest.

    Attributes:
        name: its short name, such as "user".
        about: one line on the moment.
        memory: every table on the recorded paths, and the saved words of data. Anything else is unknown.
        registers: of the CPU concerned.
        addresses: the recorded addresses with QEMU's answers.
        symbols: kernel symbols and their addresses.
        raw: everything that the recording's file holds.
    """

    name: str
    about: str
    memory: PhysicalMemory
    registers: Registers
    processor: Processor
    addresses: tuple[Recorded, ...]
    symbols: dict[str, Hex]
    raw: dict[str, Any]

    @property
    def vendor(self) -> str:
        """The vendor that the guest's CPU named: QEMU's emulated CPU calls itself an AMD."""
        return self.processor.vendor

    @property
    def maxphyaddr(self) -> int:
        """Bits of a physical address in the guest."""
        return self.processor.maxphyaddr

    def find(self, name: str) -> Hex:
        """Give a recorded address by its label, or a kernel symbol's, or read a number in hexadecimal.

        Raises:
            ModelError: nothing of that name was recorded.
        """
        a_thing(name, str, "Give a label, a symbol or a number in hexadecimal as a string.")
        for recorded in self.addresses:
            if recorded.label in (name, f"spin: {name}"):
                return recorded.va
        if name in self.symbols:
            return self.symbols[name]
        try:
            return Hex(whole_number(int(name, 16), "an address"))
        except ModelError:
            raise
        except ValueError:
            labels = ", ".join(sorted(recorded.label for recorded in self.addresses)[:6])
            msg = (
                f"The snapshot {self.name!r} has no address called {name!r}. "
                f"Give a number, a symbol or a label, for example: {labels}."
            )
            raise ModelError(msg) from None

    def walk(self, va: int | str, access: Access | str = Access.READ, **changes: int) -> Walk:
        """Walk these tables for an address, a symbol or a label; `changes` as in `Registers.but`, e.g. `cpl=0`."""
        address = self.find(va) if isinstance(va, str) else va
        return translate(
            self.memory,
            self.registers.but(**changes),
            address,
            as_access(access),
            vendor=self.vendor,
            maxphyaddr=self.maxphyaddr,
            gb_pages=self.processor.gb_pages,
        )

    def with_word(self, pa: int, value: int) -> Snapshot:
        """Give the same moment with one word of memory changed."""
        return replace(self, memory=self.memory.with_word(pa, value))

    def machine(self, **changes: int) -> Machine:
        """Give a machine of one CPU standing in this moment, its TLB empty."""
        return Machine((Cpu(self.registers.but(**changes)),), self.memory, self.processor)

    def __repr__(self) -> str:
        return f"Snapshot({self.name!r}: {self.about}; {len(self.addresses)} addresses, CR3 = {self.registers.cr3:#x})"


def load_snapshot(name: str | Path) -> Snapshot:
    """Give a recorded guest by its short name (`SNAPSHOTS` lists them), or read one from a file.

    Raises:
        ModelError: there is no such recording, or the file is none.
    """
    if isinstance(name, str) and name in SNAPSHOTS:
        file = resources.files("tempmm_lab").joinpath("data", f"pagetables-6.16.12-{name}.json.gz")
        return _read(name, SNAPSHOTS[name], json.loads(gzip.decompress(file.read_bytes())))
    path = Path(a_thing(name, str | Path, "Give the name of a recording, or a file."))
    if not path.is_file():
        msg = f"There is no snapshot {str(name)!r}. The recorded ones are {', '.join(SNAPSHOTS)}."
        raise ModelError(msg)
    try:
        data = path.read_bytes()
        raw = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
        return _read(path.stem, str(raw["moment"]), raw)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, ModelError):
            raise
        msg = f"{path} is not a page-table snapshot: {type(error).__name__}: {error}."
        raise ModelError(msg) from None


def _read(name: str, about: str, raw: dict[str, Any]) -> Snapshot:
    words = {int(pa, 16): int(word, 16) for pa, word in raw["entries"].items()}
    addresses = tuple(_recorded(row) for row in raw["addresses"])
    words |= _data_words(addresses, {pa & -KIB4 for pa in words})
    complete = [int(pa, 16) for pa, page in raw["pages"].items() if page["complete"]]
    names = ("cr0", "cr3", "cr4", "efer", "rflags", "cpl")
    return Snapshot(
        name=name,
        about=about,
        memory=PhysicalMemory.from_words(words, complete_pages=complete),
        registers=Registers(**{key: int(raw["registers"][key], 16) for key in names}),
        processor=Processor("amd" if "AMD" in raw["cpu_model"] else "intel", raw["maxphyaddr"]),
        addresses=addresses,
        symbols={key: Hex(int(value, 16)) for key, value in raw["symbols"].items()},
        raw=raw,
    )


def _recorded(row: dict[str, Any]) -> Recorded:
    sizes = {"4K": 1 << 12, "2M": 1 << 21, "1G": 1 << 30}
    tlb = row.get("info_tlb") or {}
    return Recorded(
        va=Hex(int(row["va"], 16)),
        label=row["label"],
        region=row["region"],
        pa=Hex(int(row["gpa"], 16)) if row["gpa"] else None,
        page_size=sizes.get(tlb.get("size", "")),
        flags=tlb.get("flags", ""),
        word=Hex(int(row["word"], 16)) if row.get("word") else None,
    )


def _data_words(addresses: tuple[Recorded, ...], tables: set[int]) -> dict[int, int]:
    """Give the saved words of data by physical address, except in page tables, whose entries are saved anyway."""
    return {
        int(row.pa): int(row.word)
        for row in addresses
        if row.pa is not None and row.word is not None and not row.pa & 7 and row.pa & -KIB4 not in tables
    }

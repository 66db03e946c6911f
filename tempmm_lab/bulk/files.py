"""The two forms of a trace in a file: a common tracer's, and a simple one to write by hand."""

from __future__ import annotations

import gzip
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.hw.address import KIB4

LACKEY = re.compile(r"(I |\s[LSM]) ([0-9a-fA-F]{1,16}),(\d{1,6})\s*$")
SIMPLE = re.compile(r"([rwx])\s+(?:0x)?([0-9a-fA-F]{1,16})$")
SPACE = re.compile(r"space\s+(\d{1,4})$")
FLUSH = re.compile(r"flush(?:\s+(?:0x)?([0-9a-fA-F]{1,16})\s+(\d{1,9}))?$")
LETTERS = {"I ": (2,), " L": (0,), " S": (1,), " M": (0, 1)}

Parsed = tuple["array[int]", bytearray, "array[int]", list["Flush"]]


@dataclass(frozen=True, slots=True)
class Flush:
    """Software takes pages away, in the address space that is current then, and tells the TLB.

    The tables do not change here: it is as if the pages were mapped again at once. What is counted is what the
    flush costs.

    Attributes:
        before: the number of the access it comes before, counted from 0.
        va: where the range begins.
        pages: how many pages of 4 KiB; None for the whole space.
    """

    before: int
    va: int = 0
    pages: int | None = None

    def __post_init__(self) -> None:
        """Refuse a range that is none."""
        whole_number(self.before, "the place of a flush")
        whole_number(self.va, "an address")
        if self.pages is not None:
            whole_number(self.va + KIB4 * whole_number(self.pages, "the number of pages", bits=20), "the range's end")

    def __str__(self) -> str:
        return "flush" if self.pages is None else f"flush {self.va:x} {self.pages}"


def read_lines(path: Path) -> Iterator[str]:
    """Give the lines of a file, compressed or not."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("ascii")
    except (OSError, ValueError, EOFError, zlib.error) as error:
        raise ModelError(f"{path.name} cannot be read as a trace of addresses: {error}.") from None
    yield from text.splitlines()


def parse(lines: Iterable[str], name: str) -> Parsed:
    """Give addresses, kinds, spaces and flushes of a trace in either form.

    Raises:
        ModelError: a line is neither, or nothing was accessed.
    """
    va, kind, space, flushes, now = array("Q"), bytearray(), array("H"), [], 0
    for number, line in enumerate(lines, 1):
        for at, what in _accesses(line):
            va.append(at)
            kind.append(what)
            space.append(now)
        if LACKEY.match(line):
            continue
        bare = line.partition("#")[0].strip()
        if found := SPACE.match(bare):
            now = whole_number(int(found[1]), f"the space in line {number}", bits=12)
        elif found := FLUSH.match(bare):
            flushes.append(Flush(len(va), int(found[1] or "0", 16), int(found[2]) if found[2] else None))
        elif bare and not SIMPLE.match(bare) and not line.startswith(("==", "--")):
            raise ModelError(f"Line {number} of {name} is no line of a trace: {bare[:40]!r}.")
    if not va:
        raise ModelError(f"{name} holds no access. See AddressTrace.read for the forms that are read.")
    return va, kind, space, flushes


def _accesses(line: str) -> Iterator[tuple[int, int]]:
    """Give the accesses of one line: one, two for a modify, and one more each where a page ends on the way."""
    if found := LACKEY.match(line):
        at, size = int(found[2], 16), int(found[3])
        pieces = [at, *range((at | KIB4 - 1) + 1, at + size, KIB4)]
        yield from ((piece, what) for what in LETTERS[found[1]] for piece in pieces)
    elif found := SIMPLE.match(line.partition("#")[0].strip()):
        yield int(found[2], 16), "rwx".index(found[1])

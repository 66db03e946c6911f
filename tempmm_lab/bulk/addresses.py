"""A trace of addresses: what a program touched, in order, and where software switched spaces or took pages away."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from tempmm_lab.bulk.files import Flush, parse, read_lines
from tempmm_lab.bulk.walker import KINDS
from tempmm_lab.errors import ModelError, a_thing, one_of, whole_number
from tempmm_lab.hw.rights import as_access

RECORDED = {"true": "true-coreutils-9.1.lackey.gz"}
"""Traces of real programs that ship with the package: see docs/traces.md."""


@dataclass(frozen=True, slots=True, repr=False)
class AddressTrace:
    """Accesses in order, as arrays of one length.

    Attributes:
        va: 64-bit addresses, an `array("Q")`.
        kind: 0 read, 1 write, 2 execute, one byte each.
        space: the address space that each access was made in, 0 to 4095, an `array("H")`. Where it changes, the CPU
            switched.
        flushes: pages taken away on the way, in order.
        name: what was traced.
    """

    va: array[int]
    kind: bytes
    space: array[int]
    flushes: tuple[Flush, ...] = ()
    name: str = "trace"

    @classmethod
    def of(
        cls,
        va: Iterable[int],
        kind: Iterable[Any] | None = None,
        space: Iterable[int] | int = 0,
        flushes: Iterable[Flush] = (),
        name: str = "trace",
    ) -> AddressTrace:
        """Make a trace of addresses.

        Args:
            va: addresses: any iterable of whole numbers, or a buffer of 64-bit ones such as a NumPy array.
            kind: for each address an `Access`, or its word, or 0, 1 or 2; reads if left out.
            space: for each address the number of its address space, or one number for all.
            flushes: where pages are taken away.
            name: what it is a trace of.

        Raises:
            ModelError: lengths differ, or something is no address, kind, space or `Flush`.
        """
        addresses = _numbers(va, "Q", "an address", 64)
        kinds = bytes(len(addresses)) if kind is None else _kinds(kind)
        if isinstance(space, int) and not isinstance(space, bool):
            spaces = array("H", [whole_number(space, "an address space", bits=12)]) * len(addresses)
        else:
            spaces = _numbers(space, "H", "an address space", 12)
        if not len(addresses) == len(kinds) == len(spaces):
            raise ModelError(
                f"A trace has a kind and a space for each address: got {len(addresses)} addresses, {len(kinds)} kinds "
                f"and {len(spaces)} spaces."
            )
        return cls(addresses, kinds, spaces, _flushes(flushes), str(name))

    @classmethod
    def read(cls, path: str | Path) -> AddressTrace:
        """Read a trace from a file: what Valgrind's lackey writes with --trace-mem=yes, or the simple form.

        The file may be compressed (.gz). The simple form has one access a line, `r`, `w` or `x` and an address in
        hexadecimal; `space 1` goes to another address space; `flush 7000 4` takes four pages away from 0x7000 on,
        `flush` alone the whole space; what follows a # is a comment. A lackey line with a size that reaches into
        the next page is two accesses, and a modify (M) is a read and a write.

        Raises:
            ModelError: there is no such file, or a line is neither.
        """
        file = Path(a_thing(path, str | Path, "Give the name of a file."))
        return cls._parsed(read_lines(file), file.name)

    @classmethod
    def recorded(cls, name: str = "true") -> AddressTrace:
        """Give a trace that ships with the package: "true" is /bin/true of Debian 12, from start to end."""
        one_of(name, tuple(RECORDED), "the name of a recorded trace")
        with resources.as_file(resources.files("tempmm_lab").joinpath("data", "traces", RECORDED[name])) as file:
            return cls._parsed(read_lines(file), name)

    @classmethod
    def _parsed(cls, lines: Iterable[str], name: str) -> AddressTrace:
        va, kind, space, flushes = parse(lines, name)
        return cls(va, bytes(kind), space, tuple(flushes), name)

    def text(self) -> str:
        """Give the trace in the simple form that `read` takes."""
        lines, space, flushes = [], 0, list(self.flushes)[::-1]
        for number, (va, kind, now) in enumerate(zip(self.va, self.kind, self.space, strict=True)):
            if now != space:
                lines.append(f"space {now}")
                space = now
            while flushes and flushes[-1].before <= number:
                lines.append(str(flushes.pop()))
            lines.append(f"{'rwx'[kind]} {va:x}")
        return "\n".join([*lines, *map(str, reversed(flushes))]) + "\n"

    def shared_by(self, spaces: int, turn: int) -> AddressTrace:
        """Give a trace in which this program runs in several address spaces, each `turn` accesses at a time.

        The spaces are numbered from 0. Flushes are left out.
        """
        many, step = whole_number(spaces, "the number of spaces", bits=12), whole_number(turn, "a turn")
        if not many or not step:
            raise ModelError("At least one space takes turns, and a turn is at least one access.")
        va, kind, space = array("Q"), bytearray(), array("H")
        for at in range(0, len(self.va), step):
            for number in range(many):
                part = self.va[at : at + step]
                va += part
                kind += self.kind[at : at + step]
                space += array("H", [number]) * len(part)
        return AddressTrace(va, bytes(kind), space, (), f"{self.name} in {many} spaces, {step} accesses a turn")

    def with_flushes(self, every: int, va: int, pages: int | None) -> AddressTrace:
        """Give a trace in which a range of pages is taken away, and mapped again, before every so many accesses."""
        step = whole_number(every, "the accesses between two flushes")
        if not step:
            raise ModelError("There is at least one access between two flushes.")
        one = Flush(step, va, pages)
        flushes = tuple(replace(one, before=at) for at in range(step, len(self.va), step))
        return AddressTrace(self.va, self.kind, self.space, flushes, self.name)

    def __len__(self) -> int:
        return len(self.va)

    def __repr__(self) -> str:
        pages = len({va >> 12 for va in self.va})
        return f"AddressTrace({self.name!r}: {len(self):,} accesses to {pages:,} pages, {len(self.flushes)} flushes)"


def _numbers(values: Any, code: str, what: str, bits: int) -> array[int]:
    """Give whole numbers as an array; a buffer of 64-bit numbers is copied as it is."""
    found = array(code)
    try:
        view = memoryview(values)
    except TypeError:
        try:
            found.extend(whole_number(value, what, bits=bits) for value in values)
        except TypeError:
            raise ModelError(f"Give {what} for each access, in a list or an array.") from None
        return found
    if view.ndim != 1 or view.format not in ("Q", "L", "H") or view.itemsize != found.itemsize:
        raise ModelError(f"An array of {what} each must hold unsigned {8 * found.itemsize}-bit numbers in a row.")
    found.frombytes(view.tobytes())
    if bits < 16 and len(found) and max(found) >> bits:
        raise ModelError(f"{what} must fit in {bits} bits: {max(found):#x} does not.")
    return found


def _kinds(values: Iterable[Any]) -> bytes:
    if isinstance(values, bytes | bytearray) and not values.strip(b"\0\1\2"):
        return bytes(values)
    try:
        return bytes(map(_kind, values))
    except TypeError:
        raise ModelError("Give a kind for each access, such as Access.READ, in a list.") from None


def _kind(value: Any) -> int:
    if type(value) is int and value in (0, 1, 2):
        return value
    return KINDS.index(as_access(value))


def _flushes(values: Iterable[Flush]) -> tuple[Flush, ...]:
    advice = "Give flushes as a list such as [Flush(before=100, va=0x7000, pages=4)]."
    found: Sequence[Flush] = [a_thing(value, Flush, advice) for value in a_thing(values, Iterable, advice)]
    return tuple(sorted(found, key=lambda flush: flush.before))

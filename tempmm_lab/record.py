"""Frozen values that are cheap to change, to hash and to compare: what a machine that is explored is made of.

A hash here is the XOR of the hashes of its parts. So a value that differs in one part costs one part, whatever its
size. This file knows nothing of x86.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, ClassVar, Self

from tempmm_lab.errors import ModelError


class Record:
    """A frozen set of named fields. Subclasses list theirs as annotations, each with its default."""

    __slots__ = ("_hash", "_values")
    index: ClassVar[dict[str, int]] = {}
    defaults: ClassVar[tuple[Any, ...]] = ()

    def __init_subclass__(cls) -> None:
        names = [name for name in cls.__annotations__ if not name.startswith("_")]
        cls.index = {name: place for place, name in enumerate(names)}
        cls.defaults = tuple(cls.__dict__[name] for name in names)
        for name, place in cls.index.items():
            setattr(cls, name, property(_getter(place)))

    def __init__(self, **fields: Any) -> None:
        self._values = tuple(fields.pop(name, default) for name, default in zip(self.index, self.defaults, strict=True))
        if fields:
            raise ModelError(f"{type(self).__name__} has no field {', '.join(fields)}. It has {', '.join(self.index)}.")
        self._hash = 0
        for item in enumerate(self._values):
            self._hash ^= hash(item)

    def but(self, **fields: Any) -> Self:
        """Give a copy in which some fields differ."""
        return self.changed(fields)

    def changed(self, fields: Mapping[str, Any]) -> Self:
        """Give a copy in which some fields differ, from a dict."""
        values, digest = list(self._values), self._hash
        for name, value in fields.items():
            try:
                place = self.index[name]
            except KeyError:
                raise ModelError(f"{type(self).__name__} has no field {name!r}.") from None
            digest ^= hash((place, values[place])) ^ hash((place, value))
            values[place] = value
        made = object.__new__(type(self))
        made._values, made._hash = tuple(values), digest
        return made

    def field(self, name: str) -> Any:
        """Give a field by its name."""
        try:
            return self._values[self.index[name]]
        except KeyError:
            raise ModelError(f"{type(self).__name__} has no field {name!r}: it has {', '.join(self.index)}.") from None

    def differences(self, other: Self) -> Iterator[tuple[str, Any, Any]]:
        """Give (field, value here, value there) for each field in which two records differ."""
        for name, mine, theirs in zip(self.index, self._values, other._values, strict=True):
            if mine is not theirs and mine != theirs:
                yield name, mine, theirs

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._hash == other._hash and self._values == other._values

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        shown = (
            f"{name}={value!r}"
            for name, value, default in zip(self.index, self._values, self.defaults, strict=True)
            if value != default
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def _getter(place: int) -> Callable[[Record], Any]:
    def get(record: Record) -> Any:
        return record._values[place]  # noqa: SLF001

    return get


class Cells:
    """Named shared variables, as a frozen value: `{name: value}`.

    A name is a tuple whose first part is its kind, such as `("tlb_gen", "user_mm")`. A cell of a kind in `defaults`
    need not be listed. Any other cell that was not listed is a misuse, and never a made-up value.
    """

    __slots__ = ("_defaults", "_hash", "_values")

    def __init__(self, values: Mapping[Hashable, Any], defaults: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self._defaults = defaults
        self._hash = 0
        for item in self._values.items():
            self._hash ^= hash(item)

    def __getitem__(self, name: Hashable) -> Any:
        try:
            return self._values[name]
        except KeyError:
            kind = str(name[0] if isinstance(name, tuple) else name)
            if kind in self._defaults:
                return self._defaults[kind]
            raise ModelError(f"There is no shared variable {name!r} here. List it where the scenario begins.") from None

    def changed(self, changes: Mapping[Hashable, Any]) -> Cells:
        """Give cells that differ in some. A cell at its default takes no room."""
        made = object.__new__(Cells)
        made._values, made._defaults, made._hash = dict(self._values), self._defaults, self._hash
        for name, value in changes.items():
            if name in made._values:
                made._hash ^= hash((name, made._values.pop(name)))
            else:
                self[name]  # refuses what does not exist
            kind = str(name[0] if isinstance(name, tuple) else name)
            if kind not in self._defaults or self._defaults[kind] != value:
                made._values[name] = value
                made._hash ^= hash((name, value))
        return made

    def kept(self, name: Hashable, value: Any) -> Any:
        """Give what is read of a cell once `value` was written: of what equals its default, the default itself."""
        default = self._defaults.get(str(name[0] if isinstance(name, tuple) else name), value)
        return default if default == value else value

    def items(self) -> dict[Hashable, Any]:
        """Give every cell that is listed or differs from its default, in a fixed order."""
        return {name: self._values[name] for name in sorted(self._values, key=repr)}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cells):
            return NotImplemented
        return self._hash == other._hash and self._values == other._values

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Cells({self.items()!r})"

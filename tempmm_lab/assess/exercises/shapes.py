"""The forms that an answer may have, as plain data with exact types, and what to say of one that has another form.

`plain` runs where the student's answer is; what it gives crosses as JSON. `problem` runs where the answer is judged.
Nothing here calls a method of what a student made: only exact types are looked into.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tempmm_lab.errors import ModelError
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.paging import Entry
from tempmm_lab.hw.rights import Access

MOST_TEXT = 20_000
"""The longest answer, in characters of its JSON."""
DEEPEST = 12
PLURAL = {
    ", and is text": ", and are text",
    ", and is a whole number": ", and are whole numbers",
    ", and is a list": ", and are lists",
    ", and is a dictionary": ", and are dictionaries",
    ", and is ": ", and are ",
    ", and has ": ", and have ",
    "has a problem": "have a problem",
}
"""What is said of one part -> the same of several."""
KIND = {bool: "True or False", int: "a whole number", str: "text", list: "a list", dict: "a dictionary"}


def plain(value: Any) -> Any:
    """Give an answer as plain data: numbers, text, True, False, None, lists, dictionaries. Our own types become those.

    Raises:
        ModelError: it holds something else, or is far too long.
    """
    text = json.dumps(_plain(value, 0))
    if len(text) > MOST_TEXT:
        raise ModelError(f"This answer has {len(text):,} characters; no answer needs more than {MOST_TEXT:,}.")
    return json.loads(text)


def _plain(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise ModelError("This answer holds lists in lists in lists; no answer goes that deep.")
    if value is None or type(value) in (bool, str):
        return value
    if type(value) in (int, Hex, Entry):
        return _number(int(value))
    if type(value) is Access:
        return value.value
    if type(value) in (list, tuple):
        return [_plain(one, depth + 1) for one in value]
    if type(value) is dict and all(type(name) is str for name in value):
        return {name: _plain(one, depth + 1) for name, one in value.items()}
    raise ModelError(
        f"An answer is made of whole numbers, text, True, False, lists and dictionaries with names as keys. "
        f"This one holds a {type(value).__name__}."
    )


def _number(value: int) -> int:
    if abs(value) >> 64:
        raise ModelError("A number in an answer has at most 64 bits.")
    return value


def same(one: Any, other: Any) -> bool:
    """Say whether two pieces of plain data are equal in value and type: True is not 1."""
    if type(one) is not type(other):
        return False
    if type(one) is list:
        return len(one) == len(other) and all(map(same, one, other))
    if type(one) is dict:
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return bool(one == other)


class Shape(Protocol):
    """A form of plain data."""

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with the form, as the rest of a sentence that begins with a name; None if nothing."""
        ...


def _other_kind(value: Any, wanted: str) -> str:
    if type(value) is str and value[:2].lower() == "0x" and "number" in wanted:
        return f"should be {wanted}: write {value[:20]} without the quotes"
    given = "nothing yet (None)" if value is None else KIND.get(type(value), type(value).__name__)
    return f"should be {wanted}, and is {given}"


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from 0 up to, and without, `below`."""

    below: int = 1 << 64

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with the form, if anything."""
        if type(value) is not int:
            return _other_kind(value, "a whole number")
        return None if 0 <= value < self.below else f"should be at least 0 and below {self.below:#x}"


@dataclass(frozen=True, slots=True)
class Truth:
    """True or False."""

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with the form, if anything."""
        return None if type(value) is bool else _other_kind(value, "True or False")


@dataclass(frozen=True, slots=True)
class Word:
    """One of some words."""

    words: tuple[str, ...]

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with the form, if anything."""
        if type(value) is str and value in self.words:
            return None
        return f"should be one of {', '.join(map(repr, self.words))}"


@dataclass(frozen=True, slots=True)
class Either:
    """A whole number, or one of some words."""

    number: Whole
    word: Word

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with the form, if anything."""
        if type(value) is int:
            return self.number.problem(value)
        if self.word.problem(value) is None:
            return None
        said = _other_kind(value, "a whole number") if type(value) is not str or value[:2].lower() == "0x" else ""
        words = ", ".join(map(repr, self.word.words))
        return f"{said or 'should be a whole number'}, or {'one of ' * (len(self.word.words) > 1)}{words}"


@dataclass(frozen=True, slots=True)
class Many:
    """A list of things of one form."""

    item: Shape
    most: int = 64

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with the form, if anything."""
        if type(value) is not list:
            return _other_kind(value, "a list")
        if len(value) > self.most:
            return f"should have at most {self.most} items, and has {len(value)}"
        found = ((place, self.item.problem(one)) for place, one in enumerate(value, 1))
        return next((f"has a problem: item {place} {said}" for place, said in found if said), None)


def problems(parts: Mapping[str, Shape], answer: Any) -> dict[str, str]:
    """Give what is wrong with the form of each part of an answer, `{part: problem}`; `""` stands for the whole."""
    if answer is None:
        return {"": "There is no answer yet."}
    if type(answer) is not dict:
        return {"": f"The answer {_other_kind(answer, 'a dictionary')}, with {', '.join(map(repr, parts))}."}
    found = {name: (shape.problem(answer[name]) if name in answer else "missing") for name, shape in parts.items()}
    return {name: said for name, said in found.items() if said}


def told(found: Mapping[str, str], answer: Any, parts: Iterable[str] = ()) -> list[str]:
    """Give problems of form as sentences, those that are alike in one. `parts`: the names that an answer has."""
    if "" in found:
        return [found[""]]
    alike: dict[str, list[str]] = {}
    for name, said in found.items():
        alike.setdefault(said, []).append(repr(name))
    lines = [f"{', '.join(names)} {_of(names, said)}." for said, names in alike.items() if said != "missing"]
    lines += [f"Missing in your answer: {', '.join(names)}." for said, names in alike.items() if said == "missing"]
    if "missing" in alike:
        unknown = [repr(name[:40]) for name in answer if name not in {*found, *parts}][:5]
        lines += [f"It has {', '.join(unknown)} instead."] if unknown else []
    return lines


def _of(names: list[str], said: str) -> str:
    """Give what is said of one part as it is said of these."""
    one = next((one for one in PLURAL if one in said), "") if len(names) > 1 else ""
    return said.replace(one, PLURAL[one], 1) if one else said

"""A schedule as a short string: which scenario, on which build, and who moves when.

`efi_call:posted:irqs=0:s0+8.i0.s0+2~3f9a`: the scenario, the build, the knobs that differ from the defaults, the
actions (`s0+8` is eight steps of CPU 0), and four hexadecimal digits over all of that. It names actions, never places
in a list, so it can be followed on another build.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.kernel.step import Action, action

_ACTION = re.compile(r"([sintpfed])(\d+)(?:@(0x[0-9a-f]+))?(?:\+(\d+))?")
LONGEST = 100_000


@dataclass(frozen=True)
class Path(Sequence[Action]):
    """A schedule. It is a sequence of actions; `str` gives it as text, and `Path.parse` reads that again.

    Attributes:
        scenario, build: their names.
        knobs: the knobs that differ from the scenario's defaults, as text, in a fixed order.
        actions: who does what, in order.
    """

    scenario: str
    build: str
    knobs: tuple[tuple[str, str], ...]
    actions: tuple[Action, ...]

    def __len__(self) -> int:
        return len(self.actions)

    def __getitem__(self, place: Any) -> Any:
        """Give an action, or with a slice the path's part."""
        return replace(self, actions=self.actions[place]) if isinstance(place, slice) else self.actions[place]

    def __iter__(self) -> Iterator[Action]:
        return iter(self.actions)

    def __str__(self) -> str:
        knobs = ",".join(f"{name}={value}" for name, value in self.knobs)
        text = f"{self.scenario}:{self.build}:{knobs}:{run_lengths(self.actions)}"
        return f"{text}~{check(text)}"

    def __repr__(self) -> str:
        return f"Path({str(self)!r})"

    @classmethod
    def parse(cls, text: str) -> Path:
        """Read a path from what `str` gave.

        Raises:
            ModelError: it is no path, or a character of it was changed.
        """
        a_thing(text, str, "A path is text, such as str(report.counterexamples[...]).")
        body, mark, digits = text.strip().rpartition("~")
        parts = body.split(":")
        if not mark or len(parts) != 4:
            raise ModelError(f"{text!r} is no path. One looks like text_poke:v6.16:irqs=0:s0+8.s1~3f9a.")
        if check(body) != digits:
            raise ModelError(f"This path was changed or cut on the way: its check is {digits!r}, not {check(body)!r}.")
        scenario, build, knobs, actions = parts
        pairs = tuple(_pair(knob) for knob in knobs.split(",")) if knobs else ()
        return cls(scenario, build, pairs, parse_actions(actions))


def check(text: str) -> str:
    """Give four hexadecimal digits over a text."""
    return f"{zlib.crc32(text.encode('ascii', 'replace')) & 0xFFFF:04x}"


def _pair(knob: str) -> tuple[str, str]:
    name, equals, value = knob.partition("=")
    if not equals:
        raise ModelError(f"{knob!r} is no knob: write name=value.")
    return name, value


def run_lengths(actions: Sequence[Action]) -> str:
    """Give actions as text: `s0+8.i0.s0+2`."""
    words = []
    for one, group in groupby(actions):
        count = len(list(group))
        words.append(f"{one}" if count == 1 else f"{one}+{count}")
    return ".".join(words)


def parse_actions(text: str) -> tuple[Action, ...]:
    """Read actions from text.

    Raises:
        ModelError: a word is no action.
    """
    actions: list[Action] = []
    for word in text.split(".") if text else []:
        found = _ACTION.fullmatch(word)
        if not found or (found[3] is not None) != (found[1] in "fe"):
            raise ModelError(
                f"{word!r} is no action. There are s0, i0, n0, t0, p0, d0, f0@0x1000, e0@0x1000, and s0+8."
            )
        count = int(found[4] or 1)
        if len(actions) + count > LONGEST:
            raise ModelError(f"A path has at most {LONGEST:,} actions.")
        actions += [action(found[1], int(found[2]), int(found[3], 16) if found[3] else None)] * count
    return tuple(actions)

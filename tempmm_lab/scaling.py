"""How a cost grows: a law through a few measured points, how far it is off, and how far a budget reaches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tempmm_lab.errors import ModelError, a_thing, whole_number

GIB = 1 << 30
EVERY_STATE, ENGINE, PROOF = "every state", "engine", "proof"
"""How a row was decided: by visiting every state, by the fast engine, or by a proof for any number of CPUs."""
LABELS = {"cpus": "CPUs", "irqs": "interrupts per CPU", "pokes": "pages patched"}
"""How an axis is named to a reader."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A law y(x) with two numbers in it.

    Attributes:
        form: linear (a + b x), exponential (a b^x) or power (a (x + shift)^b).
        a, b: its two numbers.
        shift: 1 for a power law through x = 0, else 0.
        off: how far it is off at worst, as a share of the measured value (0.1 is 10 %).
    """

    form: str
    a: float
    b: float
    shift: int = 0
    off: float = 0.0

    def at(self, x: float) -> float:
        """Give the law's value."""
        if self.form == "linear":
            return self.a + self.b * x
        return self.a * math.pow(*((self.b, x) if self.form == "exponential" else (x + self.shift, self.b)))

    def text(self, what: str = "x") -> str:
        """Give the law as a formula, and its residual."""
        x = f"({what} + 1)" if self.shift else what
        law = {
            "linear": f"{self.a:,.4g} + {self.b:,.4g} · {what}",
            "exponential": f"{self.a:,.4g} · {self.b:.3g}^{what}",
            "power": f"{self.a:,.4g} · {x}^{self.b:.3g}",
        }[self.form]
        return f"{law}, off by {self.off:.1%} at most"

    def reach(self, most: float) -> int | None:
        """Give the largest whole x, from 0 up, with y(x) not over `most`, or None if that is over a million."""
        if self.b <= (1 if self.form == "exponential" else 0):
            return None
        if self.form == "linear":
            x = (most - self.a) / self.b
        elif self.form == "exponential":
            x = math.log(most / self.a, self.b)
        else:
            x = math.exp(min(math.log(most / self.a) / self.b, 99)) - self.shift
        return max(int(x + 1e-9), 0) if x <= 1_000_000 else None


def fit(points: Sequence[tuple[float, float]]) -> Fit:
    """Give the law that is least off: linear, exponential or power, each fitted by least squares.

    Args:
        points: pairs (x, y) with y over 0, at least two of them, x from 0 up.

    Raises:
        ModelError: there are too few points, or a y is not over 0.
    """
    if len({x for x, _ in points}) < 2 or any(y <= 0 for _, y in points):
        raise ModelError(f"A law needs two different points or more, each with y over 0, not {list(points)!r}.")
    shift = int(min(x for x, _ in points) <= 0)
    logs = [(x, math.log(y)) for x, y in points]
    a, b = _line(points)
    start, rate = _line(logs)
    scale, power = _line([(math.log(x + shift), y) for x, y in logs])
    laws = [
        Fit("exponential", math.exp(start), math.exp(rate)),
        Fit("power", math.exp(scale), power, shift),
        Fit("linear", a, b),
    ]
    judged = [Fit(law.form, law.a, law.b, law.shift, _off(law, points)) for law in laws]
    return min(judged, key=lambda law: round(law.off, 9))  # of equals the first


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Give a and b of the line a + b x with the least squares."""
    middle_x, middle_y = (sum(numbers) / len(points) for numbers in zip(*points, strict=True))
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    b = sum((x - middle_x) * (y - middle_y) for x, y in points) / spread
    return middle_y - b * middle_x, b


def _off(law: Fit, points: Sequence[tuple[float, float]]) -> float:
    return max(abs(law.at(x) / y - 1) for x, y in points)


@dataclass(frozen=True)
class Growth:
    """How the number of states grows along one axis.

    Attributes:
        axis: the knob that is turned.
        rows: what was measured, in order; `how` a row was decided is one of EVERY_STATE, ENGINE and PROOF.
        law: the law through the rows for which every state was visited, or None if there are too few.
        bytes_per_state: in the largest of these.
        room: how many states fit into 1 GiB at that.
    """

    axis: str
    rows: tuple[Mapping[str, Any], ...]
    law: Fit | None
    bytes_per_state: float
    room: int

    @property
    def label(self) -> str:
        """The axis, to a reader."""
        return LABELS.get(self.axis, self.axis)

    @property
    def reach(self) -> int | None:
        """How far 1 GiB reaches by the law: the largest value on the axis, or None for any."""
        return None if self.law is None else self.law.reach(self.room)

    def decided(self, how: str) -> tuple[Mapping[str, Any], ...]:
        """Give the rows that were decided in one way."""
        return tuple(row for row in self.rows if row.get("how", EVERY_STATE) == how)


def growths(rows: Iterable[Mapping[str, Any]]) -> tuple[Growth, ...]:
    """Give the growth along each axis of measured rows, such as `benchmarks.scale.run()["rows"]`.

    Args:
        rows: each with `axis` (a knob), `at` (its value, or "any"), `states`, `bytes_per_state`, and `how` if not
            every state was visited.

    Raises:
        ModelError: that is not what the rows are.
    """
    advice = "Rows of a measurement are dicts with axis, at, states and bytes_per_state."
    listed = [a_thing(row, Mapping, advice) for row in a_thing(rows, Iterable, advice)]
    for row in listed:
        numbers = (row.get("states"), row.get("bytes_per_state"))
        if not {"axis", "at"} <= set(row) or not all(isinstance(each, int | float) and each > 0 for each in numbers):
            raise ModelError(f"{advice} Got {dict(row)!r}.")
        if row["at"] != "any":
            whole_number(row["at"], "at, the value of a knob,")
    if not listed:
        raise ModelError(f"There is no row to show. {advice}")
    return tuple(_growth(axis, listed) for axis in dict.fromkeys(str(row["axis"]) for row in listed))


def _growth(axis: str, listed: list[Mapping[str, Any]]) -> Growth:
    rows = tuple(row for row in listed if row["axis"] == axis)
    counted = [row for row in rows if row.get("how", EVERY_STATE) == EVERY_STATE and row["at"] != "any"]
    points = [(float(row["at"]), float(row["states"])) for row in counted]
    law = fit(points) if len({x for x, _ in points}) > 1 else None
    size = float(max(counted or rows, key=lambda row: row["states"])["bytes_per_state"])
    return Growth(axis, rows, law, size, int(GIB / size))

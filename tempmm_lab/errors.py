"""Every error this package raises, in one tree.

    TempmmLabError
    └── ModelError               the model was asked something that has no answer; the message says what to do
        ├── UnknownWord          a recording does not hold this word of memory
        ├── NotOnMachine         an op was awaited outside a machine
        ├── UnrepeatableCode     code on the machine took different steps when run again
        ├── CodeFailed           code on the machine raised an error of Python's; the message says in which line
        ├── TooManySteps         code on the machine did not come to an end
        ├── MustWait             a step waits for something that nobody does in an undisturbed run
        ├── NotPossible          an action that a schedule asks for cannot happen here
        └── NotApart             one CPU of a model can't be looked at by itself; every state is visited then

What the *machine* does wrong is never a Python exception: a page fault is a value (`PageFault`), and so is
a general-protection fault. The machine goes on, and so does the reader.
"""

from __future__ import annotations

import operator
from collections.abc import Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class TempmmLabError(Exception):
    """Anything that this package raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """Give Jupyter the message alone: the way through our own files helps no reader."""
        return [f"{type(self).__name__}: {self}"]


class ModelError(TempmmLabError, ValueError):
    """The model was asked something that has no answer. The message says what was wrong and what to do."""


class UnknownWord(ModelError):
    """A walk needs a word that the recording of a real guest does not hold."""


class NotOnMachine(ModelError):
    """An op was awaited outside a machine. Use `run(machine, cpu, op, ...)`."""


class UnrepeatableCode(ModelError):
    """Code on the machine took different steps when it was run again with the same answers."""


class CodeFailed(ModelError):
    """Code on the machine raised an error of Python's own, such as a NameError. The message says where."""


class TooManySteps(ModelError):
    """Code on the machine did not come to an end within the limit on steps."""


class MustWait(ModelError):
    """A step has to wait: for a lock, an acknowledgement or a task. While others run, its turn has just not come.

    Attributes:
        on: what it waits for: `("lock", name)`, `("ipi", payload)`, or the name of a shared variable.
    """

    def __init__(self, message: str, on: Hashable = None) -> None:
        super().__init__(message)
        self.on = on


class NotPossible(ModelError):
    """An action of a schedule cannot happen at this place: the message says which, and why."""


class NotApart(ModelError):
    """One CPU of a model can't be looked at by itself. Every state is visited then, one by one."""


def whole_number(value: object, what: str, *, bits: int = 64) -> int:
    """Give `value` as an `int` of at most `bits` bits, or say clearly why it is none.

    Raises:
        ModelError: for a negative number, one that is too wide, a bool, or anything that is no whole number.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        kind = type(value).__name__
        msg = f"{what} must be a whole number such as 0x7000, not {value!r} ({kind})."
        raise ModelError(msg) from None
    if number < 0:
        msg = f"{what} must not be negative: got {number:#x}. Addresses and words are unsigned."
        raise ModelError(msg)
    if number >> bits:
        msg = f"{what} must fit in {bits} bits: {number:#x} needs {number.bit_length()}."
        raise ModelError(msg)
    return number


def a_thing(value: T, kind: Any, advice: str) -> T:
    """Give `value` if it is of the kind wanted, else a `ModelError` that says what to give instead."""
    if isinstance(value, kind):
        return value
    msg = f"{advice} Got {value!r} ({type(value).__name__})."
    raise ModelError(msg)


def one_of(value: object, allowed: tuple[str, ...], what: str) -> str:
    """Give `value` if it is one of the allowed words, else a `ModelError` that names them."""
    if isinstance(value, str) and value in allowed:
        return value
    msg = f"{what} must be one of {', '.join(allowed)}: got {value!r}."
    raise ModelError(msg)

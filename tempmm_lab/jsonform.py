"""Ops, their arguments and their answers as JSON, exactly: what comes back is equal and of the same type.

So a program can run in one process and the machine in another, with nothing but JSON between them.
"""

from __future__ import annotations

from typing import Any

from tempmm_lab.awaiting import OPS, Op
from tempmm_lab.errors import ModelError
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.rights import GeneralProtection, PageFault
from tempmm_lab.kernel.locks import Lock
from tempmm_lab.kernel.tlbflush import flush_tlb_info


def to_json(value: Any) -> Any:
    """Give a value as plain data: an op, an argument or an answer.

    Raises:
        ModelError: the value is of a type that no op takes or gives.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    for name, kind, taken_apart, _ in _KINDS:
        if type(value) is kind:
            return {name: taken_apart(value)}
    raise ModelError(f"{value!r} ({type(value).__name__}) has no JSON form: ops take and give ids and numbers.")


def from_json(data: Any) -> Any:
    """Give the value that `to_json` made this of.

    Raises:
        ModelError: it is none, or names an op that does not exist.
    """
    if data is None or type(data) in (bool, int, str):
        return data
    if isinstance(data, dict) and len(data) == 1:
        ((found, parts),) = data.items()
        for name, _, _, put_together in _KINDS:
            if name == found:
                return put_together(parts)
    raise ModelError(f"{data!r} is no JSON form of an op, an argument or an answer.")


def _many(values: Any) -> list[Any]:
    return [to_json(value) for value in values]


def _back(parts: Any) -> tuple[Any, ...]:
    if not isinstance(parts, list):
        raise ModelError(f"{parts!r} should be a list.")
    return tuple(from_json(part) for part in parts)


def _op(parts: Any) -> Op[Any]:
    name, *args = _back(parts)
    if name not in OPS:
        raise ModelError(f"There is no op {name!r}.")
    made: Op[Any] = OPS[name](*args)
    return made


_KINDS: tuple[tuple[str, type, Any, Any], ...] = (
    ("tuple", tuple, _many, _back),
    ("hex", Hex, lambda value: hex(int(value)), lambda text: Hex(int(text, 16))),
    ("page_fault", PageFault, lambda f: _many((f.error_code, f.cr2)), lambda parts: PageFault(*_back(parts))),
    ("general_protection", GeneralProtection, lambda f: f.error_code, GeneralProtection),
    ("lock", Lock, lambda lock: [lock.name, lock.kind], lambda parts: Lock(*parts)),
    ("flush_tlb_info", flush_tlb_info, _many, lambda parts: flush_tlb_info(*_back(parts))),
    ("op", Op, lambda step: [step.do.__name__, *_many(step.args)], _op),
)
"""Name -> type, how it is taken apart, how it is put together."""

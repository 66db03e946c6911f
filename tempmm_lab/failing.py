"""What to say when code on the machine raises an error of Python's own: where, what, and what to do about it.

This file knows nothing of x86.
"""

from __future__ import annotations

import traceback

from tempmm_lab.errors import CodeFailed

_HINTS = {
    "context manager protocol": "A guard is entered with `async with name():`, brackets included.",
    "'await' expression": "Code on the machine awaits ops and kernel functions, and nothing else.",
    "of type Op": "Is an `await` missing?",
    "'Op' object": "Is an `await` missing?",
    "'coroutine' object": "Is an `await` missing?",
}
"""A part of Python's message -> what probably helps."""
_MACHINERY = ("tempmm_lab.points", "tempmm_lab.awaiting", "tempmm_lab.kernel.step")


def failure(error: Exception, name: str) -> CodeFailed:
    """Give the error to raise instead: with the innermost line of code on the machine, or `name` if there is none."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_globals.get("__name__") not in _MACHINERY:
            name = f"{frame.f_code.co_name}, line {line}"
    hint = next((f" {text}" for part, text in _HINTS.items() if part in str(error)), "")
    return CodeFailed(f"{name}: {type(error).__name__}: {error}.{hint}")

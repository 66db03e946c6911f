"""The rule prev-mm-back: it goes by what a call has returned so far, which its `ProgramPoint` knows."""

from __future__ import annotations

from typing import Any

from tempmm_lab.kernel.access import Access
from tempmm_lab.points import ProgramPoint

PREV_MM_BACK = "prev-mm-back"


def judge_unuse(access: Access, point: ProgramPoint) -> None:
    """The rule prev-mm-back, at the moment unuse_temporary_mm() returns: what its use() gave is loaded."""
    if not any(mark.kind == "return" and mark.name == "unuse_temporary_mm" for mark in point.marks):
        return
    cookies: list[Any] = []
    expected = None
    for mark in (mark for earlier in point.history() for mark in earlier.marks if mark.kind == "return"):
        if mark.name == "use_temporary_mm":
            cookies.append(mark.value)
        elif mark.name == "unuse_temporary_mm":
            expected = cookies.pop() if cookies else None
    if expected is not None and access.get("loaded_mm") != expected:
        access.fail(PREV_MM_BACK)

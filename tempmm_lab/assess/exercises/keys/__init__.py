"""The keys: right answers, known wrong ones, judges. A student's archive and a student's process lack this folder."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.keys import ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch08
from tempmm_lab.assess.exercises.keys.later import JUDGES as LATER

JUDGES: dict[str, Any] = {
    name: judge for one in (ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch08) for name, judge in one.JUDGES.items()
} | LATER
"""Exercise -> its judge."""

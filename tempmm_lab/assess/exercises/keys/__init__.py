"""The keys: right answers, known wrong ones, judges. A student's archive and a student's process lack this folder."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.keys import ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch08, ch09, ch10
from tempmm_lab.assess.exercises.keys.later import JUDGES as LATER

FIRST = (ch01, ch02, ch03, ch04, ch05, ch06, ch07, ch08, ch09, ch10)
JUDGES: dict[str, Any] = {name: judge for one in FIRST for name, judge in one.JUDGES.items()} | LATER
"""Exercise -> its judge."""

"""The keys: right answers, known wrong ones, judges. A student's archive and a student's process lack this folder."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.keys import ch01, ch02, ch03, ch04, ch05

JUDGES: dict[str, Any] = {**ch01.JUDGES, **ch02.JUDGES, **ch03.JUDGES, **ch04.JUDGES, **ch05.JUDGES}
"""Exercise -> its judge."""

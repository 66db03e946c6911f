"""The keys: right answers, known wrong ones, and judges. A student's archive and a student's process lack this folder."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.keys import ch01

JUDGES: dict[str, Any] = {**ch01.JUDGES}
"""Exercise -> its judge."""

"""The keys to the later chapters."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.keys import ch11, ch12, ch13, ch14, ch15

LATER = (ch11, ch12, ch13, ch14, ch15)
JUDGES: dict[str, Any] = {name: judge for one in LATER for name, judge in one.JUDGES.items()}
"""Exercise -> its judge."""

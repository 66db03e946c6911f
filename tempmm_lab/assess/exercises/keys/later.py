"""The keys to the later chapters."""

from __future__ import annotations

from types import ModuleType
from typing import Any

LATER: tuple[ModuleType, ...] = ()
JUDGES: dict[str, Any] = {name: judge for one in LATER for name, judge in one.JUDGES.items()}
"""Exercise -> its judge."""

"""The exercises of the later chapters, as modules, in the order of the book."""

from __future__ import annotations

from types import ModuleType

LATER: tuple[ModuleType, ...] = ()

"""The answers to the exercises of the later chapters, and what pins their variants."""

from __future__ import annotations

RECORDED: dict[str, str] = {}
"""Exercise -> what `test_variants` records of it."""

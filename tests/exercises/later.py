"""The answers to the exercises of the later chapters, and what pins their variants."""

from __future__ import annotations

from tests.exercises import ch11  # noqa: F401  (notes its answers)

RECORDED: dict[str, str] = {
    "ch11-order": "e7699a4f92cc9fa4",
    "ch11-opinions": "8098465c6583b8ba",
    "ch11-enter": "d5e7c96614ddab02",
    "ch11-irqs": "de89681540a73cbc",
}
"""Exercise -> what `test_variants` records of it."""

"""The answers to the exercises of the later chapters, and what pins their variants."""

from __future__ import annotations

from tests.exercises import breaks, ch11, ch12, ch13, ch14, ch15  # noqa: F401  (notes its answers)

RECORDED: dict[str, str] = {
    "ch11-order": "e7699a4f92cc9fa4",
    "ch11-opinions": "8098465c6583b8ba",
    "ch11-enter": "d5e7c96614ddab02",
    "ch11-irqs": "f5f0d4e3084a9842",
    "ch12-complains": "2a1a392eb932a3ec",
    "ch12-order": "dc868ab1c44fc7d6",
    "ch12-poke": "d3d9e3856036d5f0",
    "ch12-allows": "87310f27850a4a8d",
    "ch13-order": "bf212142c64dec9b",
    "ch13-fix": "071ad03ed78c763a",
    "ch13-changelog": "8cb9a559bae32bf4",
    "ch14-litmus": "97d7a4b9734454e8",
    "ch14-barrier": "6238faa43e722144",
    "ch14-validated": "1e108e2ef151bb71",
    "ch15-order": "9b12c68d50ab2cd4",
    "ch15-guard": "967fa6857359caa0",
    "ch15-answer": "b403ebfa0e135974",
    "ch05-legal": "d5e53aaf0199b82a",
    "ch08-hole": "a4d7aceeb5ffb1c6",
    "ch09-nmi": "696d9b2217578d6b",
    "ch10-sleep": "8514a9403007de03",
    "ch13-gap": "af7c208783e7d65c",
    "ch14-buffer": "075a2e04c71a5a80",
}
"""Exercise -> what `test_variants` records of it."""

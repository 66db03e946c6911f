"""The answers to the exercises of the later chapters, and what pins their variants."""

from __future__ import annotations

from tests.exercises import breaks, ch11, ch12, ch13, ch14, ch15  # noqa: F401  (notes its answers)

RECORDED: dict[str, str] = {
    "ch11-order": "e7699a4f92cc9fa4",
    "ch11-opinions": "8098465c6583b8ba",
    "ch11-enter": "d5e7c96614ddab02",
    "ch11-irqs": "de89681540a73cbc",
    "ch12-complains": "2a1a392eb932a3ec",
    "ch12-order": "7c4994fd2edcaefb",
    "ch12-poke": "d3d9e3856036d5f0",
    "ch12-allows": "b821f056f28e0ead",
    "ch13-order": "bf212142c64dec9b",
    "ch13-fix": "1341514fcd735c5f",
    "ch13-changelog": "91186a75ba09bf55",
    "ch14-litmus": "97d7a4b9734454e8",
    "ch14-barrier": "d44406ff5d9b373f",
    "ch14-validated": "1e108e2ef151bb71",
    "ch15-order": "9b12c68d50ab2cd4",
    "ch15-guard": "63f7f50f94bb51bb",
    "ch15-answer": "f6bbd4a09e474641",
    "ch05-legal": "d5e53aaf0199b82a",
    "ch08-hole": "a4d7aceeb5ffb1c6",
    "ch09-nmi": "696d9b2217578d6b",
    "ch10-sleep": "8514a9403007de03",
    "ch13-gap": "af7c208783e7d65c",
    "ch14-buffer": "075a2e04c71a5a80",
}
"""Exercise -> what `test_variants` records of it."""

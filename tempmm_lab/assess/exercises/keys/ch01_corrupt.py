"""The key to the entry that a colleague calls corrupt, in chapter 1."""

from __future__ import annotations

from typing import Any

from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys.judging import Belief, ByParts, Truths, statement_answers, statement_hint
from tempmm_lab.hw.address import ADDRESS_BITS, KIB4

TRUTHS: Truths = {
    "A read through": (True, "It is right: bit 0 says that every entry was present, and this one is not."),
    "An entry that": (False, "It is wrong: an entry with P=0 need not be 0. Linux keeps frames and swap places there."),
    "Bits above the": (False, "It is wrong: P is looked at first, and with P=0 no bit can be a reserved one."),
    "Linux keeps the": (True, "It is right: an inverted address points where no memory is, which is safe (L1TF)."),
    "PROT_NONE would be": (False, "It is wrong: that would keep out the program and not the kernel. PROT_NONE is P=0."),
    "The data is": (False, "It is wrong: Linux stored the bits inverted. As they stand they name no memory."),
    "The kernel can": (False, "It is wrong: P=0 stops everybody, whatever the privilege level."),
    "What the program": (True, "It is right: the frame was not given back. The entry only keeps everybody out."),
    "While P is": (True, "It is right: P=0 leaves 63 bits to the kernel, to remember what it likes."),
}


def _corrupt(facts: Facts) -> dict[str, Any]:
    frame = ~facts["pte"] & (1 << facts["maxphyaddr"]) - KIB4
    return {"frame": frame, **statement_answers(TRUTHS)(facts)}


CORRUPT = ByParts(
    right=_corrupt,
    beliefs=(
        Belief(
            "as it stands",
            "Those are the bits as they stand. Linux stores the frame of a PROT_NONE page with every bit inverted.",
            lambda facts: {"frame": facts["pte"] & ADDRESS_BITS},
        ),
        Belief(
            "as it stands, cut",
            "Those are the bits as they stand, cut to 40. Invert them: Linux stored the frame inverted.",
            lambda facts: {"frame": facts["pte"] & (1 << 40) - KIB4},
        ),
        Belief(
            "flags inverted too",
            "The flags below bit 12 are no part of the frame: mask them away after inverting.",
            lambda facts: {"frame": ~facts["pte"] & (1 << 40) - 1},
        ),
        Belief(
            "a page number",
            "That is the number of the frame. Its physical address is 4,096 times that.",
            lambda facts: {"frame": (~facts["pte"] & (1 << 40) - 1) // KIB4},
        ),
    ),
    hint=lambda facts, part: (
        "Invert the entry, and keep bits 39 to 12." if part == "frame" else statement_hint(TRUTHS)(facts, part)
    ),
)

"""What the other parts measure, put into the rows of the one table."""

from __future__ import annotations

from typing import Any

TRANSLATION = {
    "singly / OSTEP": ("singly", "OSTEP translate, prints stubbed", {"ratio_least": 1.5}),
    "bulk / Unicorn": ("bulk", "Unicorn's MMU, warm", {"ratio_least": 0.25}),
    "bulk / pycachesim, batched": ("bulk", "pycachesim, batched", {"ratio_least": 6}),
    "bulk / pycachesim, loadstore": ("bulk", "pycachesim, loadstore", {}),
    "bulk / pycachesim, one by one": ("bulk", "pycachesim, one by one", {}),
    "C / bulk": ("bulk", "C -O2", {}),  # the limit
}
"""Ratio: which of ours, which peer, and the goal."""
WORDS = {"singly": "translations one by one", "bulk": "translations of a whole trace"}


def translation(found: dict[str, Any]) -> dict[str, Any]:
    """Give the part about translations. Its ratios are those of medians."""
    rows = []
    for ours, name, goal in TRANSLATION.values():
        if name in found and ours in found:
            ratio = found[ours]["median"] / found[name]["median"]
            rows.append(
                {
                    "what": WORDS[ours],
                    "peer_name": name,
                    "unit": "M/s",
                    "ours": _low_high(found[ours]),
                    "peer": _low_high(found[name]),
                    "ratio": {"median": ratio, "low": ratio, "high": ratio},
                    "rounds": found["turns"],
                    **goal,
                }
            )
    return {
        "title": "Translations",
        "about": [f"Millions a second of CPU time; more is better. The work: {found['workload']}."],
        "rows": rows,
        "notes": ["Here a ratio is that of the two medians."],
        "gaps": [f"{name}: {why}" for name, why in found["missing"].items()],
        "measured": found,
    }


def _low_high(figures: dict[str, float]) -> dict[str, float]:
    return {"median": figures["median"], "low": figures["min"], "high": figures["max"]}


def scale(found: dict[str, Any]) -> dict[str, Any]:
    """Give the part about growth: there is no peer, only how the numbers grow."""
    notes = [f"By `{axis}`: {law['text']}." for axis, law in found["laws"].items()]
    gaps = [f"left out: {each['axis']} by {each['how']}: {each['why']}" for each in found["left_out"]]
    about = ["How the number of states grows as one knob is turned; no other tool takes part."]
    return {"title": "Growth", "about": about, "rows": [], "notes": notes, "gaps": gaps, "measured": found}

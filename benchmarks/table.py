"""RESULTS.md, written from RESULTS.json: one table for each part, for a reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEAD = """# Measured against others, in one run

This page is written by `make bench`; nobody edits it. The tools of a row ran in turn, {rounds} times unless a row says
otherwise. Each number is a median, with the least and the greatest of the rounds in brackets. A ratio is taken in each
round, ours to the other's, and the median of those ratios is shown. **The ratios are the finding.** The seconds belong
to this machine, which other work shares: {machine}.
"""
COLUMNS = ("what", "ours", "the other", "ratio", "goal", "met?")


def number(value: float) -> str:
    """Give three digits that count."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def spread(figures: Mapping[str, float], unit: str = "") -> str:
    """Give a median with its spread."""
    return f"{number(figures['median'])}{unit} ({number(figures['low'])} to {number(figures['high'])})"


def wanted(row: Mapping[str, Any]) -> tuple[str, str]:
    """Give a row's goal and whether it is met, in words."""
    ours, ratio = row["ours"]["median"], row["ratio"]["median"]
    kinds = (
        ("goal", ratio, "ratio at most", False), ("ratio_least", ratio, "ratio at least", True),
        ("limit", ours, "at most", False), ("least", ours, "at least", True),
    )  # fmt: skip
    for key, value, words, more in kinds:
        goal = row.get(key)
        if goal is not None:
            unit = f" {row['unit']}" if key in {"limit", "least"} else ""
            short = goal / value if more else value / goal
            return f"{words} {number(goal)}{unit}", "met" if short <= 1 else missed(short)
    return "none set", "-"


def missed(short: float) -> str:
    """Say by how much a goal is missed."""
    return f"missed by a factor of {short:.3g}" if short >= 1.1 else f"missed by {100 * (short - 1):.1f} %"


def line(row: Mapping[str, Any]) -> str:
    """Give a row of the table."""
    unit = f" {row['unit']}"
    peer = f"{row['peer_name']}: {spread(row['peer'], unit)}"
    return _cells((row["what"], spread(row["ours"], unit), peer, spread(row["ratio"]), *wanted(row)))


def _cells(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def part(found: Mapping[str, Any]) -> list[str]:
    """Give a part's section."""
    lines = [f"## {found['title']}", "", *(f"{text}\n" for text in found.get("about", ()))]
    if found.get("rows"):
        lines += [_cells(COLUMNS), _cells(("---",) * len(COLUMNS)), *map(line, found["rows"]), ""]
    if found.get("four"):
        lines += [four(found["four"]), ""]
    lines += [f"- Gap: {text}" for text in found.get("gaps", ())]
    lines += [f"- {text}" for text in found.get("notes", ())]
    lines += [f"- Compared before anything was timed: {text}." for text in found.get("checks", ())]
    if found.get("settings"):
        lines += ["", *settings(found["settings"])]
    return [*lines, ""]


def four(kept: Mapping[str, Any]) -> str:
    """Say what came of four CPUs."""
    met = "met" if kept["peak_kib"] <= kept["goal_kib"] else "missed"
    peak, goal, theirs = (kept[key] / 1024 for key in ("peak_kib", "goal_kib", "spin_peak_kib"))
    return (
        f"**Four CPUs**, {kept['what']}: ours answers in {spread(kept['seconds'], ' s')} within {peak:.0f} MiB "
        f"(goal: {goal:.0f} MiB, {met}). It does so by views, an argument about every interleaving and no list of "
        f"states. SPIN, run once and not again, as `{kept['spin']}`: {kept['spin_outcome']}, after "
        f"{kept['spin_states'] / 1e6:,.0f} million states, {kept['spin_seconds']} s and {theirs / 1024:.1f} GiB."
    )


def settings(tried: list[Mapping[str, Any]]) -> list[str]:
    """Give how SPIN was run: every setting that was tried, once each. The best right one was then timed in turn."""
    lines = [
        "How SPIN was run. Each setting was tried once; the quickest that gave the right answer then took its turns.",
        "",
        "| question | setting | seconds: spin + gcc + pan | states stored | steps |",
        "|---|---|---|---|---|",
    ]
    for each in tried:
        stages = " + ".join(number(seconds) for seconds in each["stages"].values())
        steps = "-" if each["length"] is None else str(each["length"])
        lines.append(_cells((each["question"], f"`{each['setting']}`", stages, f"{each['states']:,}", steps)))
    return lines


def page(results: Mapping[str, Any]) -> str:
    """Give RESULTS.md."""
    lines = [HEAD.format(rounds=results["rounds"], machine=results["machine"])]
    for found in results["parts"].values():
        lines += part(found)
    return "\n".join(lines).rstrip() + "\n"

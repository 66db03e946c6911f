"""Proofs for any number of CPUs: nobody else here can state them, so they stand beside a bare interpreter."""

from __future__ import annotations

from typing import Any

from benchmarks.questions import ANY_NUMBER, PROVE
from benchmarks.rounds import ROUNDS, in_turn, python, row

LIMIT = 0.3


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Give a row for each scenario. The goal is a number of seconds, so CPU time is taken: load changes it least."""
    found: dict[str, Any] = {
        "title": "Proofs for any number of CPUs",
        "about": ["CPU seconds of whole processes, from the start of Python to the printed report of `prove()`."],
        "rows": [],
        "gaps": [],
    }
    for story in ANY_NUMBER:
        code = PROVE.format(story, {"build": "v6.14" if story == "schedule_inside" else "v6.16"})
        text = python(code).text
        if "any number" not in text:
            found["gaps"].append(f"no proof for any number of CPUs: {text.splitlines()[0]}")
            continue
        tools = {"ours": lambda code=code: python(code).cpu, "bare": lambda: python("pass").cpu}
        times = in_turn(tools, rounds)
        made = row(text.partition(":")[0], times["ours"], times["bare"], name="a bare interpreter")
        found["rows"].append(made | {"limit": LIMIT})
    return found

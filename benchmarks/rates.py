"""How many states a second the exact searches visit, with nothing left out, beside SPIN's pan without reduction."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.questions import Question
from benchmarks.rounds import ROUNDS, figures, in_turn, python
from benchmarks.spin import EXACT, missing, spin

CODE = """
import time
from tempmm_lab import STORIES
from tempmm_lab.engine.joint import Joint
from tempmm_lab.engine.roles import roles_of
from tempmm_lab.engine.tables import Tables
from {module} import {search}
scenario = STORIES[{story!r}](**{knobs!r})
begin = time.perf_counter()
tables = Tables(scenario.apart())
joint = Joint(tables, roles_of(tables.start), symmetry=False)
search = {search}(joint, {arguments})
search.run()
print(search.states, time.perf_counter() - begin)
"""
FAST = replace(EXACT, gcc=("-O2", "-DNOREDUCE"))
LATE = "lambda done, waiting: None"
LARGE = Question("shootdown", (("build", "v6.16"), ("cpus", 3)), "", 0)
SMALL = Question("context_switch", (("build", "v6.16"),), "", 0)
TOOLS = (
    ("exact search with NumPy", "tempmm_lab.engine.vector", "VectorSearch", LATE, LARGE, 1.0),
    ("exact search, standard library only", "tempmm_lab.engine.exhaust", "Exhaust", f"{{}}, {LATE}", SMALL, 0.1),
)


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Give the rows: million states a second, tables made on the way, imports not counted."""
    about = [
        "Million states a second with nothing left out; more is better. The numbers of states agree in every round.",
        "Ours: tables are made on the way, imports are not counted. SPIN: pan alone, spin and gcc are not counted.",
    ]
    found: dict[str, Any] = {"title": "Raw rate of the exact search", "about": about, "rows": [], "gaps": []}
    lacking = missing()
    if lacking:
        return found | {"gaps": [lacking]}
    with tempfile.TemporaryDirectory() as name:
        for what, module, search, arguments, question, goal in TOOLS:
            code = CODE.format(
                module=module, search=search, arguments=arguments, story=question.story, knobs=dict(question.knobs)
            )
            try:
                python(code)
            except RuntimeError as error:
                found["gaps"].append(f"{what}: not measured: {str(error).splitlines()[-1]}")
                continue
            found["rows"].append(_row(what, code, question, Path(name), rounds) | {"least": goal})
    return found


def _row(what: str, code: str, question: Question, folder: Path, rounds: int) -> dict[str, Any]:
    model, counts = question.every_state(question.net()), set()

    def ours() -> float:
        states, seconds = python(code).text.split()
        counts.add(int(states))
        return int(states) / float(seconds) / 1e6

    def theirs() -> float:
        spun = spin(model, folder, FAST)
        counts.add(spun.states)
        return spun.states / spun.stages["pan"] / 1e6

    times = in_turn({"ours": ours, "pan": theirs}, rounds)
    if len(counts) > 1:
        raise AssertionError(f"{what}: the numbers of states differ: {sorted(counts)}")
    return {
        "what": f"{what}: {question.scenario}, {counts.pop():,} states",
        "peer_name": "SPIN's pan -O2, no reduction",
        "unit": "M states/s",
        "ours": figures(times["ours"]),
        "peer": figures(times["pan"]),
        "ratio": figures([mine / peer for mine, peer in zip(times["ours"], times["pan"], strict=True)]),
        "rounds": rounds,
        "goal": None,
    }

"""Find a shortest schedule for every variant of the break exercises, and write them down.

Usage:
    python -m tests.exercises.break_keys      writes keys/break_strings.py; takes a few minutes
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.breaking import Row
from tempmm_lab.assess.exercises.breaks import HOLE_ROWS, LEGAL_ROWS, NMI_ROWS
from tempmm_lab.assess.exercises.breaks_late import BUFFER_ROWS, GAP_ROWS, SLEEP_ROWS
from tempmm_lab.assess.exercises.exercise import Facts
from tempmm_lab.assess.exercises.keys import breaking
from tempmm_lab.assess.exercises.keys.break_goals import GOALS, STATES
from tempmm_lab.assess.exercises.keys.break_search import shortest
from tempmm_lab.scenarios.paths import run_lengths

ROWS: dict[str, tuple[Row, ...]] = {
    "ch05-legal": tuple(LEGAL_ROWS),
    "ch08-hole": tuple(HOLE_ROWS),
    "ch09-nmi": tuple(NMI_ROWS),
    "ch10-sleep": tuple(SLEEP_ROWS),
    "ch13-gap": tuple(GAP_ROWS),
    "ch14-buffer": tuple(BUFFER_ROWS),
}
"""Exercise -> its variants, without the order of the two conditions."""
HEAD = '''"""A shortest schedule for every variant of the break exercises: exercise, stage, goal with its conditions.

Written by `python -m tests.exercises.break_keys`, by plain search over all interleavings; a test finds them again.
"""

from __future__ import annotations

ACTIONS: dict[str, dict[str, dict[str, str]]] = {
'''


def facts_of(row: Row) -> Facts:
    """Give a variant's facts."""
    stage, goal, *conditions = row
    return {"stage": stage, "goal": goal, "conditions": conditions}


def found(exercise: str, row: Row) -> str:
    """Search for a shortest schedule of a variant, and give its actions as text; nothing if there is none."""
    facts = facts_of(row)
    conditions = breaking.conditions_of(exercise, facts)
    goal = facts["goal"]
    path = shortest(breaking.stage(facts["stage"]), GOALS[goal], conditions, again=goal in STATES)
    return "" if path is None else run_lengths(tuple(path))


def _lines(exercise: str) -> Iterator[str]:
    yield f'    "{exercise}": {{'
    for stage in dict.fromkeys(row[0] for row in ROWS[exercise]):
        yield f'        "{stage}": {{'
        for row in ROWS[exercise]:
            if row[0] == stage:
                actions = found(exercise, row)
                name = " ".join((row[1], *sorted(row[2:])))
                print(f"{exercise} {stage} {name}: {actions or 'THERE IS NONE'}", flush=True)
                yield f'            "{name}": "{actions}",'
        yield "        },"
    yield "    },"


def main() -> int:
    """Write the module."""
    text = HEAD + "\n".join(line for name in ROWS for line in _lines(name)) + "\n}\n"
    Path(str(breaking.__file__)).with_name("break_strings.py").write_text(text, encoding="utf-8", newline="\n")
    return 0 if set(ROWS) <= set(EXERCISES) else 1


if __name__ == "__main__":
    sys.exit(main())

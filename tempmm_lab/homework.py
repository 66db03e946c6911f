"""The commands for exercises: `exercise` prints a task in any variant, `check` looks a notebook over before it goes.

Exit status: 0 done (for `check`: nothing is wrong), 1 something is, 2 misuse.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

from tempmm_lab.errors import ModelError

DONE, WRONG = 0, 1
TEACHING = {
    "grade": ("tempmm_lab.grading.command", "add_grading"),
    "release": ("tempmm_lab.release.command", "add_release"),
}
"""The commands for teachers, which a student's copy does without: the module of each, and what adds it."""


def add_homework(command: Any) -> None:
    """Add the command to the parser of `tempmm-lab`; `command` makes one."""
    asked = command(exercise_command, "exercise", "print an exercise in any variant, and its key on demand")
    asked.add_argument("name", help="a name from `tempmm-lab list`")
    asked.add_argument("--seed", default="0", help="a whole number that chooses the variant (default: 0)")
    asked.add_argument("--key", action="store_true", help="print a right answer too")
    asked.add_argument("--json", action="store_true", help="print JSON instead of text")
    asked.add_argument(
        "--secret", type=Path, metavar="FILE", help="for the key to a course's seed: the course's secret"
    )
    asked.add_argument("--student", help="for the key to a course's seed: whose it is")
    checked = command(check_command, "check", "look a notebook of exercises over before it is handed in")
    checked.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    checked.add_argument("--json", action="store_true", help="print JSON instead of text")


def add_teaching(command: Any) -> None:
    """Add the commands for teachers, or what says that this copy has none."""
    for name, (module, adds) in TEACHING.items():
        try:
            getattr(importlib.import_module(module), adds)(command)
        except ModuleNotFoundError as error:
            if not module.startswith(error.name or "?"):
                raise
            missing = command(_not_here, name, "for teachers; not in this copy")
            missing.prefix_chars = "\0"  # whatever follows is a word, and no option that is not known
            missing.add_argument("words", nargs="*")


def _not_here(_: argparse.Namespace) -> int:
    raise ModelError("This is a student's copy of the book: it has no keys and no grader.")


def check_command(chosen: argparse.Namespace) -> int:
    """Say what is wrong with a notebook, before it is handed in."""
    from tempmm_lab.grading.checking import check_notebook

    found = check_notebook(chosen.notebook)
    print(json.dumps(found.data()) if chosen.json else found.text())
    return WRONG if found.wrong else DONE


def exercise_command(chosen: argparse.Namespace) -> int:
    """Print one variant of an exercise."""
    from tempmm_lab.assess.exercises.task import exercise

    task = exercise(chosen.name, _number(chosen.seed))
    key = _key(chosen, task) if chosen.key else None
    if chosen.json:
        said = {"exercise": chosen.name, "seed": task.variant.seed, "facts": task.facts, "text": task.variant.text}
        print(json.dumps(said | ({"key": key} if chosen.key else {})))
        return DONE
    print(task.text())
    if chosen.key:
        print(f"\nA right answer:\n{key if isinstance(key, str) else _as_lines(key)}")
    return DONE


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise ModelError(f"A seed is a whole number, such as 17, not {text!r}.") from None


def _key(chosen: argparse.Namespace, task: Any) -> Any:
    """Give the key. That to a student's variant asks for the secret first, so that nobody prints it by mistake.

    It is no lock: who has the task can also work it out with the library.
    """
    from tempmm_lab.assess.exercises.draws import COURSE, seed_of
    from tempmm_lab.assess.exercises.exercise import has_keys

    if has_keys() and task.variant.seed >= COURSE:
        if chosen.secret is None or chosen.student is None:
            raise ModelError("This is a course's seed. For its key give --secret FILE and --student NAME.")
        try:
            secret = chosen.secret.read_bytes()
        except OSError as error:
            raise ModelError(f"Cannot read {chosen.secret}: {error.strerror}.") from None
        if seed_of(secret, chosen.student, chosen.name) != task.variant.seed:
            raise ModelError("This seed is not the one that this secret gives to this student for this exercise.")
    return task.exercise.key(task.variant.seed)


def _as_lines(key: Any) -> str:
    if isinstance(key, dict):
        return "\n".join(f"  {name}: {_as_word(value)}" for name, value in key.items())
    return f"  {_as_word(key)}"


def _as_word(value: Any) -> str:
    return hex(value) if type(value) is int else str(value)

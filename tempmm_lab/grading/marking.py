"""Grading one submission: from the bytes of a file to points and words, whatever is in the file."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tempmm_lab.assess import exercises
from tempmm_lab.assess.exercises.draws import PURPOSES, seed_of
from tempmm_lab.assess.exercises.exercise import Exercise, Verdict
from tempmm_lab.assess.exercises.task import FIRST_SEED
from tempmm_lab.grading.assignment import Assignment, which
from tempmm_lab.grading.limits import LIMITS, Limits
from tempmm_lab.grading.plan import Plan, make_plan
from tempmm_lab.grading.reading import Cell, Unreadable, cells_of
from tempmm_lab.grading.running import Running, safe
from tempmm_lab.grading.sandbox import Sandbox
from tempmm_lab.grading.session import NoSandbox, Session
from tempmm_lab.grading.strict import shown
from tempmm_lab.grading.timing import TooLong, no_longer_than

GRADED, NOT_GRADED = "graded", "not graded"
Result = dict[str, Any]
MOST_WORDS = 5_000


@dataclass(frozen=True, slots=True)
class Job:
    """A submission to be graded, with all that is needed for it. It can be sent to another process.

    Attributes:
        student: the name of the student's folder.
        path: the file, from that folder on.
        content: its bytes; None if it could not be read, and then `why` says so.
        secret: what the seeds are made from.
        course: whether it is the course's, so that every student has a variant; else all have that of seed 0.
    """

    student: str
    path: str
    content: bytes | None
    secret: bytes = field(repr=False)
    course: bool
    sandbox: Sandbox
    limits: Limits = LIMITS
    why: str = ""

    @property
    def digest(self) -> str:
        """What tells this file from another."""
        return hashlib.sha256(self.content if self.content is not None else self.why.encode()).hexdigest()

    def seed(self, exercise: str, purpose: str) -> int:
        """Give the seed of this student for an exercise."""
        if purpose == "variant" and not self.course:
            return FIRST_SEED
        return seed_of(self.secret, self.student, exercise, purpose)


def grade(job: Job) -> Result:
    """Give the result of a submission as plain data. Nothing that is in a submission makes this raise an error."""
    try:
        return _graded(job)
    except Unreadable as error:
        return refused(job, str(error))
    except NoSandbox as error:
        return refused(job, f"The sandbox failed. {shown(error)}", again=True)
    except Exception as error:  # noqa: BLE001  (a fault of ours must not stop the batch; it is told to the teacher)
        return refused(job, f"The grader failed: {type(error).__name__}: {shown(error, 200)}", again=True)


def refused(job: Job, why: str, *, again: bool = False) -> Result:
    """Give the result of a submission that could not be graded; `again` if that is no fault of the submission."""
    return {**_head(job), "status": NOT_GRADED, "why": why, "again": again, "points": 0, "of": 0, "notes": [],
            "exercises": [], "by_hand": []}  # fmt: skip


def _head(job: Job) -> Result:
    return {"student": job.student, "path": job.path, "digest": job.digest, "assignment": "",
            "sandbox": job.sandbox.name}  # fmt: skip


def _graded(job: Job) -> Result:
    if job.content is None:
        raise Unreadable(job.why)
    cells, notes = cells_of(job.content, job.limits)
    stem = job.path.rsplit("/", 1)[-1].removesuffix(".ipynb")
    assignment = which(stem, cells)
    if assignment is None:
        raise Unreadable(
            "This is none of the notebooks that were handed out: neither its name nor its cells are known."
        )
    plan = make_plan(assignment, cells)
    marks = _Marking(job, assignment, plan).results()
    failed = [one["name"] for one in marks if one["state"] == "failed"]
    return {
        **_head(job),
        "assignment": assignment.name,
        "status": NOT_GRADED if failed else GRADED,
        "why": f"The grader failed at {', '.join(failed)}; the rest is graded." if failed else "",
        "again": bool(failed),
        "points": sum(one["points"] for one in marks),
        "of": sum(one["of"] for one in marks),
        "notes": notes + plan.notes,
        "exercises": marks,
        "by_hand": _by_hand(assignment, plan, cells),
    }


def _by_hand(assignment: Assignment, plan: Plan, _: list[Cell]) -> list[Result]:
    """Give what a person marks: the cell, its points, and what is written there if it was touched."""
    found = []
    for handed in assignment.cells:
        if handed.role == "words":
            text = plan.words.get(handed.name, "")
            written = "" if text.strip() == handed.source.strip() else shown(text, MOST_WORDS)
            found.append({"name": handed.name, "of": handed.points, "text": written})
    return found


class _Marking(Running):
    """One submission on its way to its marks."""

    def __init__(self, job: Job, assignment: Assignment, plan: Plan) -> None:
        exercises = {one.name: one for one in assignment.exercises}
        seeds = {name: job.seed(name, PURPOSES[0]) for name in exercises}
        super().__init__(plan, exercises, Session(job.sandbox, seeds, job.limits))
        self.job = job
        self.variants = {name: one.variant(seeds[name]) for name, one in exercises.items()}

    def look(self, exercise: Exercise, value: Any) -> Result:
        """Judge an answer."""
        seconds, name = self.job.limits.judging, exercise.name
        try:
            with no_longer_than(seconds):
                verdict = exercise.judge(self.variants[name], value, seed=self.job.seed(name, PURPOSES[1]))
        except TooLong:
            self.session.close()  # it may have been in the middle of a sentence
            return _mark(
                exercise, "lost", [f"{exercise.answer} could not be judged within {seconds:g} seconds. Does it loop?"]
            )
        except NoSandbox:
            raise
        except Exception as error:  # noqa: BLE001  (a judge of ours that fails must not take the others with it)
            return _mark(exercise, "failed", [f"The judge failed: {type(error).__name__}: {shown(error, 200)}"])
        return _mark(exercise, "judged", verdict.messages, verdict)

    def nothing(self, exercise: Exercise, state: str, why: str) -> Result:
        """Give no points."""
        return _mark(exercise, state, [why])


def _mark(exercise: Exercise, state: str, messages: Any, verdict: Verdict | None = None) -> Result:
    parts = dict(verdict.parts) if verdict else dict.fromkeys(exercise.parts, 0)
    return {
        "name": exercise.name,
        "title": exercise.title,
        "state": state,
        "points": verdict.points if verdict else 0,
        "of": exercise.points,
        "parts": {part: [points, exercise.parts[part].points] for part, points in parts.items()},
        "messages": safe(messages),
        "replay": shown(verdict.replay, 2000) if verdict and verdict.replay else None,
    }


def fingerprint(secret: bytes, *, course: bool, sandbox: str) -> str:
    """Give what tells one way of grading from another, without telling the secret: our own text is part of it."""
    said = hashlib.sha256(f"{course}:{sandbox}".encode())
    for folder in (Path(exercises.__file__).parent, Path(__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            said.update(path.read_bytes())
    return hmac.digest(secret, said.digest(), "sha256").hex()[:16]

"""Running a notebook in order, and looking at each answer where it stands, for marks or before it is handed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tempmm_lab.assess.exercises.exercise import Exercise
from tempmm_lab.grading.plan import Plan, Step
from tempmm_lab.grading.session import Given, Session
from tempmm_lab.grading.strict import shown

Looked = dict[str, Any]
"""What was made of one answer, as plain data: at least its `state` and `messages`."""


class Running:
    """One notebook on its way; what is made of an answer is for `look` to say."""

    def __init__(self, plan: Plan, exercises: Mapping[str, Exercise], session: Session) -> None:
        self.plan, self.exercises, self.session = plan, exercises, session
        self.done: dict[str, Looked] = {}
        self.troubles: dict[str, list[str]] = {}

    def look(self, exercise: Exercise, value: Any) -> Looked:
        """Give what is made of an answer: plain data or, for a function, a `Callee`."""
        raise NotImplementedError

    def nothing(self, exercise: Exercise, state: str, why: str) -> Looked:
        """Give what is made of an answer that is not there, or cannot be looked at."""
        raise NotImplementedError

    def results(self) -> list[Looked]:
        """Run everything, and give what was made of each answer, in the order of the book."""
        try:
            for step in self.plan.steps:
                self._step(step)
            for name in self.exercises:
                if name not in self.done:
                    self.done[name] = self._looked_at(name)
        finally:
            self.session.close()
        return [self._with_troubles(name) for name in self.exercises]

    def _step(self, step: Step) -> None:
        if step.source is not None and not self.session.lost:
            trouble = self.session.run(step.number, step.source)
            if trouble and not step.quiet:
                where = f"Cell {step.number}" if step.number else "A cell as it was handed out"
                self._note(step.exercise, f"{where} {trouble}.")
        if step.judges:
            found = self._looked_at(step.judges)
            if found["state"] != "missing":  # else it may come further down
                self.done[step.judges] = found

    def _note(self, exercise: str, text: str) -> None:
        told = self.troubles.setdefault(exercise, []) if exercise in self.exercises else self.plan.notes
        if len(told) < 10 or told is self.plan.notes:
            told.append(text)

    def _looked_at(self, name: str) -> Looked:
        exercise = self.exercises[name]
        given = self._given(exercise)
        if given.state == "missing":
            why = f"There is no {exercise.answer} in the notebook, or it is None."
            return self.nothing(exercise, "missing", why)
        if given.state != "given":
            return self.nothing(exercise, given.state, given.why)
        return self.look(exercise, given.value)

    def _given(self, exercise: Exercise) -> Given:
        if self.session.lost:
            return Given("lost", why=f"Not judged: {self.session.lost}.")
        if exercise.adapt is not None:
            return self.session.function(exercise.name, exercise.answer)
        given = self.session.answer(exercise.answer)
        return Given("missing") if given.state == "given" and given.value is None else given

    def _with_troubles(self, name: str) -> Looked:
        mark = self.done[name]
        return {**mark, "messages": [*self.troubles.get(name, []), *mark["messages"]]}


def safe(messages: Sequence[str]) -> list[str]:
    """Give messages, which may quote what a student wrote, as text that can be shown."""
    return [shown(message, 4000) for message in messages]

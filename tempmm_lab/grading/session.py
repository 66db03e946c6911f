"""One student's worker over one notebook: cells are run in it, answers asked for, functions called.

When a cell hangs or ends the worker, another one is started and runs the cells before it again, without that cell.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.grading.limits import Limits
from tempmm_lab.grading.sandbox import Sandbox
from tempmm_lab.grading.strict import shown
from tempmm_lab.grading.wire import Gone, Line


class NoSandbox(Exception):
    """A worker did not come up: that is the machine's fault and not the student's."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a name stands for in the student's notebook.

    Attributes:
        state: "given"; "missing" if there is no such name; "unfit" if it is no plain data, and `why` says what it is;
            "lost" if the worker could not be asked.
    """

    state: str
    value: Any = None
    why: str = ""


@dataclass
class Session:
    """A worker that is started when it is needed, and again when it was lost.

    Attributes:
        lost: why nothing more can be run, once that is so.
    """

    sandbox: Sandbox
    seeds: Mapping[str, int]
    limits: Limits
    lost: str = ""
    _line: Line | None = None
    _done: list[tuple[int, str]] = field(default_factory=list)
    _starts: int = 0
    _deadline: float = 0.0

    def __post_init__(self) -> None:
        """Start the clock."""
        self._deadline = time.monotonic() + self.limits.wall

    def close(self) -> None:
        """End the worker."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def run(self, number: int, source: str) -> str:
        """Run a cell, and give what went wrong in words, or nothing."""
        try:
            said = self._ask({"do": "cell", "number": number, "source": source}, self.limits.cell)
        except Gone as gone:
            return gone.why
        self._done.append((number, source))
        return f"raised {shown(said['error'])}" if said["error"] is not None else ""

    def answer(self, name: str) -> Given:
        """Give the plain data that a name stands for."""
        try:
            said = self._ask({"do": "answer", "name": name}, self.limits.call)
        except Gone as gone:
            return Given("lost", why=f"To look at {name} failed: it {gone.why}.")
        if said["state"] not in ("given", "missing", "unfit"):
            return Given("lost", why=f"{name} was not told properly.")
        return Given(said["state"], said["value"], shown(said["why"]))

    def function(self, exercise: str, name: str) -> Given:
        """Take hold of a function by its name; the value is what to call it with."""
        try:
            said = self._ask({"do": "function", "exercise": exercise, "name": name}, self.limits.call)
        except Gone as gone:
            return Given("lost", why=f"To look at {name} failed: it {gone.why}.")
        if said["state"] in ("missing", "none"):
            return Given("missing")
        if said["state"] != "given":
            return Given("unfit", why=f"{name} should be a function, such as `def {name}(...)` makes.")
        return Given("given", Remote(self, exercise, name, time.monotonic() + self.limits.exercise))

    def ask_call(self, exercise: str, args: list[Any], seconds: float) -> dict[str, Any]:
        """Call a function that was taken hold of. One second more than it has, so that it can say itself that it hangs.

        Raises:
            Gone: the worker was lost over it.
        """
        if self._line is None:  # another worker has other functions
            raise Gone("cannot be called any more")
        request = {"do": "call", "exercise": exercise, "args": args, "seconds": seconds}
        return self._ask(request, seconds + 1)

    def _ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        line = self._line or self._started()
        try:
            return line.ask(request, seconds)
        except Gone:
            self._line = None
            raise

    def _started(self) -> Line:
        """Give a worker in which all cells that were run have been run again."""
        while True:
            self._may_start()
            try:
                line = self._line = self.sandbox.start(self.seeds, self.limits, self._deadline)
            except Gone as gone:
                if time.monotonic() >= self._deadline:
                    self.lost = "the submission's time was used up"
                    raise Gone(self.lost) from None
                raise NoSandbox(f"The worker {gone.why}") from None
            self._starts += 1
            if self._again(line):
                return line

    def _may_start(self) -> None:
        if time.monotonic() >= self._deadline:
            self.lost = self.lost or "the submission's time was used up"
        elif self._starts > self.limits.restarts:
            self.lost = self.lost or f"Python was lost {self._starts} times"
        if self.lost:
            raise Gone(f"was not run: {self.lost}")

    def _again(self, line: Line) -> bool:
        """Run the cells that were run; one that now ends the worker is dropped, and that takes another worker."""
        for place, (number, source) in enumerate(self._done):
            try:
                line.ask({"do": "cell", "number": number, "source": source}, self.limits.cell)
            except Gone:
                self._line = None
                del self._done[place]
                return False
        return True


@dataclass
class Remote:
    """A student's function in the student's process: a `Callee`, as the judges want it."""

    session: Session
    exercise: str
    name: str
    until: float
    lost: str = ""

    def call(self, args: list[Any]) -> Any:
        """Give what the function returns for these arguments, all of it plain data.

        Raises:
            NoAnswer: it raised an error, gave something else, came to no end, or took the process with it.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            self.lost = self.lost or f"{self.name} took too long over all its calls together."
        if self.lost:
            raise NoAnswer(self.lost, ended=False)
        try:
            said = self.session.ask_call(self.exercise, args, min(self.session.limits.call, left))
        except Gone as gone:
            self.lost = f"{self.name} {gone.why}."
            raise NoAnswer(self.lost, ended=False) from None
        if "error" in said:
            raise NoAnswer(shown(said["error"]), ended=said["ended"])
        return said["value"]

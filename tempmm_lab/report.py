"""What an exploration found, as a value that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Report:
    """What an exploration found.

    Attributes:
        states, transitions: how many different states were visited, and how many steps lead from one to another.
            Where the argument is by views, these are views: one CPU's own state with what all CPUs share.
        complete: whether that speaks of all states. If not, `why` says what stopped it, and nothing is proved.
        cpus: for how many CPUs this speaks: a number (0 if the model has none), or "any".
        counterexamples: for each rule that can be broken, a shortest way to break it.
        examples: for each `sometimes` that can happen, a shortest way.
        reports: for each WARN or BUG that can be printed, a shortest way to it. The kernel goes on after one, so these
            are no counterexamples by themselves.
        rules: every rule that was judged.
        name: what was explored.
        cycle: a way into a cycle of steps, if one was asked for and there is one.
        argument: how the answer was found: every state, or views.
        covered: how many whole states the answer speaks of, at most; None if there is no telling, or no end to them.
        assumed: for a proof for any number of CPUs, what it is about and what it assumes, in sentences.
    """

    states: int
    transitions: int
    complete: bool
    cpus: int | str
    counterexamples: dict[str, Any]
    examples: dict[str, Any]
    reports: dict[str, Any]
    rules: tuple[str, ...] = ()
    why: str = ""
    name: str = ""
    cycle: Any = None
    argument: str = "every state"
    covered: int | None = None
    assumed: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every rule holds in every interleaving. An incomplete exploration never says so."""
        return self.complete and not self.counterexamples

    @property
    def visited(self) -> int:
        """How many states or views were looked at."""
        return self.states

    def text(self) -> str:
        """Give the report as lines to read."""
        extent = self._extent() if self.complete else f"NOT ALL: {self.why}"
        kind = "views" if self.argument.startswith("views") else "states"
        lines = [f"{self.name}: {self.states:,} {kind}, {self.transitions:,} transitions, {extent}"]
        lines += [f"  {each}" for each in self._by()]
        for rule in self.rules:
            path = self.counterexamples.get(rule)
            if path is None:
                lines.append(f"  {'holds ' if self.complete else 'not broken so far'} {rule}")
            else:
                lines.append(f"  BROKEN {rule} after {_steps(path)}\n         {path}")
        lines += [f"  can print  {what} (after {_steps(path)})\n         {path}" for what, path in self.reports.items()]
        lines += [
            f"  can happen {what} (after {_steps(path)})\n         {path}" for what, path in self.examples.items()
        ]
        if self.cycle is not None:
            lines.append(f"  can go on for ever after {_steps(self.cycle)}\n         {self.cycle}")
        return "\n".join(lines)

    def _extent(self) -> str:
        return "any number of CPUs, every interleaving" if self.cpus == "any" else "every interleaving"

    def _by(self) -> list[str]:
        """Give what the answer rests on."""
        lines = []
        if self.argument != "every state":
            most = f", for at most {self.covered:,} states" if self.covered else ""
            lines.append(f"by {self.argument}{most}")
        if self.complete and self.why:
            lines.append(self.why)
        return [*lines, *(f"assumed: {each}" for each in self.assumed)]

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("Report(...)" if cycle else self.text())


def _steps(path: Any) -> str:
    count = len(path)
    return f"{count} step" + ("s" if count != 1 else "")

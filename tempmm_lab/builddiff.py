"""What a kernel function of the model looks like on two builds, as a diff: the patch, in the model's own code."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import textwrap
from dataclasses import dataclass

from tempmm_lab.kernel.builds import Build, a_build


@dataclass(frozen=True, slots=True)
class BuildDiff:
    """One function on two builds.

    Attributes:
        function, before, after: its name, and the builds' names.
        lines: the lines of both, each marked: blank for the same, "-" for gone, "+" for new.
    """

    function: str
    before: str
    after: str
    lines: tuple[str, ...]

    @property
    def changed(self) -> tuple[str, ...]:
        """The lines that are gone or new."""
        return tuple(line for line in self.lines if line[0] in "-+")

    def text(self) -> str:
        """Give the diff, whole."""
        return "\n".join([f"{self.function}(), {self.before} -> {self.after}", *self.lines])

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("BuildDiff(...)" if cycle else self.text())  # type: ignore[attr-defined]


def build_diff(function: str, before: str | Build, after: str | Build) -> BuildDiff:
    """Give what a kernel function of the model does on one build and on another, line by line, without docstrings.

    Raises:
        ModelError: there is no such function or build.
    """
    builds = a_build(before), a_build(after)
    one, two = (source_of(function, build) for build in builds)
    lines = [line for line in difflib.ndiff(one, two) if not line.startswith("?")]
    return BuildDiff(function, builds[0].name, builds[1].name, tuple(line.rstrip() for line in lines))


def source_of(function: str, build: Build) -> list[str]:
    """Give the lines of a function as a build has it, under the kernel's name for it and without its docstring."""
    text = textwrap.dedent(inspect.getsource(build.function(function)))
    found = ast.parse(text).body[0]
    assert isinstance(found, ast.AsyncFunctionDef)
    lines = text.splitlines()
    first = found.body[0]
    told = ast.get_docstring(found) is not None
    gone = range(first.lineno - 1, first.end_lineno or first.lineno) if told else range(0)
    kept = [line for place, line in enumerate(lines) if place >= found.lineno - 1 and place not in gone]
    kept = [re.sub(r"  # (noqa|type: ignore).*$", "", line) for line in kept]  # for linters, not for readers
    return [kept[0].replace(f"def {found.name}(", f"def {function}("), *kept[1:]]

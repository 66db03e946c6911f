"""The two steps of ours in `nbgrader autograde`: one reads what was handed in, one judges it.

nbgrader makes them itself, from their names in its configuration (`configure` puts them there).
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode, from_dict
from traitlets import Any as AnyThing
from traitlets import Bool, Unicode

from tempmm_lab.assess.exercises.exercise import has_keys
from tempmm_lab.errors import ModelError
from tempmm_lab.grading.assignment import assignments, which
from tempmm_lab.grading.journal import judging_secret
from tempmm_lab.grading.limits import LIMITS, Limits
from tempmm_lab.grading.marking import Job, Result, grade
from tempmm_lab.grading.nbgrader_cells import Noted, mark, rebuilt
from tempmm_lab.grading.reading import Cell, Unreadable, read_bytes
from tempmm_lab.grading.sandbox import Sandbox, find_sandbox


class TempmmReader(NotebookExporter):
    """Reads a file that a student handed in, whatever it is, as a notebook that nbgrader does not refuse."""

    limits = AnyThing(LIMITS, help="What a submission may use, as tempmm_lab.grading.limits.Limits.").tag(config=True)

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **rest: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Give the text of the clean notebook; of a file of nbgrader's own, that file's.

        Nothing that is in a file makes this raise an error.
        """
        path, about = Path(filename), (resources or {}).get("nbgrader")
        course = _course(self)
        if about is None or path.parent != _submitted(course, about):
            return super().from_filename(filename, resources, **rest)
        content, _ = _content(path, self.limits)
        notebook = from_dict(rebuilt(content or b"", _noted(about), self.limits))  # type: ignore[no-untyped-call]
        made: tuple[NotebookNode, dict[str, Any]] = self.from_notebook_node(notebook, resources, **rest)  # type: ignore[no-untyped-call]
        return made


class TempmmJudge(Preprocessor):
    """Hands the file that was handed in to our runner, and writes the marks into the notebook.

    Whether steps are `enabled` does not matter: without this one, nbgrader would give full marks to everybody.
    """

    secret = Unicode("", help="The file that holds the course's secret.").tag(config=True)
    unsafe = Bool(False, help="Run students' code without a sandbox.").tag(config=True)
    limits = AnyThing(LIMITS, help="What a submission may use, as tempmm_lab.grading.limits.Limits.").tag(config=True)

    def __call__(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Judge, always.

        Raises:
            ModelError: it cannot be judged here, and that is no fault of the student's; nothing is written then.
        """
        mark(nb, self._result(resources["nbgrader"]))
        return from_dict(nb), resources  # type: ignore[no-untyped-call]

    def _result(self, about: dict[str, str]) -> Result:
        if not has_keys():
            raise ModelError("This copy of the book has no keys, so nothing can be graded with it.")
        course = _course(self.parent)
        root, path = Path(course.root), _submitted(course, about) / f"{about['notebook']}.ipynb"
        file = root / self.secret if self.secret else None
        folders = (course.source_directory, course.submitted_directory, course.autograded_directory, "gradebook.db")
        sandbox = _sandbox(self.unsafe, (*(root / name for name in folders), *([file] if file else [])))
        content, why = _content(path, self.limits)
        _drop_links(path.parent, Path(course.format_path(course.autograded_directory, *_whose(about))))
        secret = _secret(file) if file else judging_secret(root)
        name = f"{_stem(about)}.ipynb"
        result = grade(Job(about["student"], name, content, secret, bool(file), sandbox, self.limits, why))
        if result["again"]:
            raise ModelError(f"{about['student']}/{about['notebook']} could not be judged. {result['why']}")
        return result


def _course(exporter: Any) -> Any:
    """Give nbgrader's `CourseDirectory`: of the converter that an exporter works for."""
    return exporter.parent.coursedir


@functools.lru_cache(maxsize=8)
def _sandbox(unsafe: bool, hide: tuple[Path, ...]) -> Sandbox:
    return find_sandbox(unsafe=unsafe, hide=hide)


def _submitted(course: Any, about: dict[str, str]) -> Path:
    return Path(course.format_path(course.submitted_directory, *_whose(about)))


def _whose(about: dict[str, str]) -> tuple[str, str]:
    return about["student"], about["assignment"]


def _drop_links(submitted: Path, copied: Path) -> None:
    """Delete what nbgrader copied by following a student's link: feedback would carry it back to the student."""
    for path in submitted.rglob("*"):
        if path.is_symlink():
            (copied / path.relative_to(submitted)).unlink(missing_ok=True)


def _content(path: Path, limits: Limits) -> tuple[bytes | None, str]:
    """Give a file's bytes, or why there are none."""
    try:
        return read_bytes(path, limits), ""
    except Unreadable as error:
        return None, str(error)


def _secret(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror}.") from None


def _stem(about: dict[str, str]) -> str:
    """Give the name of the book's notebook that this is, by the gradebook and not by what was handed in."""
    if any(one.name == about["notebook"] for one in assignments()):
        return about["notebook"]
    found = which("", [Cell(1, one.kind, (one.name,), "") for one in _noted(about)])
    if found is None:
        raise ModelError(
            f"{about['notebook']} is none of the book's notebooks, so our runner has no key for it. "
            "Keep your own in a course whose configuration does not call configure()."
        )
    return found.name


def _noted(about: dict[str, str]) -> list[Noted]:
    """Give the cells of a notebook as they stand in nbgrader's gradebook."""
    from nbgrader.api import Gradebook  # type: ignore[import-untyped]

    with Gradebook(about["db_url"]) as book:
        notebook = book.find_notebook(about["notebook"], about["assignment"])
        worth = {one.name: float(one.max_score) for one in notebook.grade_cells}
        tasks = {one.name: float(one.max_score) for one in notebook.task_cells}
        solved = {one.name for one in notebook.solution_cells}
        return [_one(cell, worth, tasks, cell.name in solved) for cell in notebook.source_cells]


def _one(cell: Any, worth: dict[str, float], tasks: dict[str, float], solved: bool) -> Noted:
    metadata = {
        "cell_type": cell.cell_type,
        "checksum": cell.checksum,
        "grade": cell.name in worth,
        "grade_id": cell.name,
        "locked": cell.locked,
        "schema_version": 3,
        "solution": solved,
        "task": cell.name in tasks,
    }
    points = worth.get(cell.name, tasks.get(cell.name))
    return Noted(cell.name, cell.cell_type, cell.source, metadata | ({} if points is None else {"points": points}))

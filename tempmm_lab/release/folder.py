"""The folder of a release: which secret and which files it was made with, and what is written to it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tempmm_lab.assess.exercises.task import SEEDS
from tempmm_lab.errors import ModelError
from tempmm_lab.grading.journal import write_whole
from tempmm_lab.release.students import unfit

RECORD = "release.json"
"""Says what lies in the folder and for whom. There is nothing secret in it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was done, student by student: made, made again because it was not what it should be, or kept."""

    made: tuple[str, ...]
    again: tuple[str, ...]
    kept: tuple[str, ...]
    others: tuple[str, ...]


class Folder:
    """A folder with one file for each student, all of one release.

    Attributes:
        kind: "archives" or "seeds".
    """

    def __init__(self, path: Path, kind: str, about: Mapping[str, Any]) -> None:
        self.path, self.kind, self.about = path, kind, {"format": 1, "kind": kind, **about}

    def file(self, student: str) -> str:
        """Give the name of a student's file in the folder."""
        return f"{student}.zip" if self.kind == "archives" else f"{student}/{SEEDS}"

    def open(self, students: Iterable[str], *, fresh: bool) -> dict[str, str]:
        """Make the folder, or take the one there is, and write down what will be in it; give {student: file}.

        Raises:
            ModelError: what lies there was made with another secret or of other files, and not `fresh`.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for half in (*self.path.glob(".writing-*"), *self.path.glob("*/.writing-*")):
                half.unlink()  # of a run that was killed
            before = self._before()
            if before is not None and fresh:
                self._clear(before)
            elif before is not None:
                self._same(before)
            known = {} if before is None or fresh else dict(before.get("students", {}))
            known |= {student: self.file(student) for student in students}
            said = json.dumps({**self.about, "students": known}, indent=1, ensure_ascii=False) + "\n"
            write_whole(self.path / RECORD, said)
        except OSError as error:
            raise ModelError(f"Cannot write in {self.path}: {error.strerror}.") from None
        return known

    def _before(self) -> dict[str, Any] | None:
        """Give what was written down; nothing for a folder in which nothing lies that could be a student's."""
        try:
            said = json.loads((self.path / RECORD).read_text(encoding="utf-8"))
        except FileNotFoundError:
            there = any(self.path.glob("*.zip")) or any(self.path.glob(f"*/{SEEDS}"))
            return {} if there else None
        except ValueError:
            return {}
        return said if isinstance(said, dict) and isinstance(said.get("students"), dict) else {}

    def _same(self, before: Mapping[str, Any]) -> None:
        differs = [name for name, value in self.about.items() if before.get(name) != value]
        if not differs:
            return
        if not before:
            what = f"without a {RECORD} that says which"
        elif "secret" in differs:
            what = "with another secret, so everybody would get other tasks"
        elif "kind" in differs:
            what = "for the other kind of release (archives, or --seeds-only)"
        else:
            what = "from another version of this package, or with other notebooks or words"
        raise ModelError(
            f"What lies in {self.path} was made {what}. Give another --out; or --fresh, to make everything there again."
        )

    def _clear(self, before: Mapping[str, Any]) -> None:
        """Delete what was written down for students, and nothing else: their folders may hold work of theirs."""
        for student in before.get("students", {}):
            if not unfit(student):
                (self.path / f"{student}.zip").unlink(missing_ok=True)
                (self.path / student / SEEDS).unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    (self.path / student).rmdir()  # if it is empty

    def fill(self, students: Iterable[str], content: Callable[[str], bytes], told: Callable[[int, int], None]) -> Made:
        """Write every student's file that is not there, or not as it should be: each whole, or not at all."""
        every, done = tuple(students), {"made": list[str](), "again": list[str](), "kept": list[str]()}
        try:
            for number, student in enumerate(every, 1):
                done[self._put(self.path / self.file(student), content(student))].append(student)
                told(number, len(every))
            others = sorted(path.name for path in self.path.glob("*.zip") if path.stem not in every)
        except OSError as error:
            raise ModelError(f"Cannot write in {self.path}: {error.strerror}.") from None
        return Made(tuple(done["made"]), tuple(done["again"]), tuple(done["kept"]), tuple(others))

    def _put(self, path: Path, content: bytes) -> str:
        there = path.is_file()
        if there and path.read_bytes() == content:
            return "kept"
        path.parent.mkdir(exist_ok=True)
        write_whole(path, content)
        path.chmod(0o644)
        return "again" if there else "made"

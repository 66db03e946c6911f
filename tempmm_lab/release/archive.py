"""What a student gets: the book, exercises, seeds, a wheel without keys, and a page that says what to do with them."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.draws import seed_of
from tempmm_lab.assess.exercises.task import SEEDS
from tempmm_lab.book import MANIFEST, chapters, digest, exercise_notebooks, manifest, reader_files
from tempmm_lab.errors import ModelError
from tempmm_lab.release.handed import look
from tempmm_lab.release.page import PAGE
from tempmm_lab.release.wheel import student_wheel
from tempmm_lab.release.zipped import zipped

TOP = "tempmm-lab"
"""The folder that an archive unpacks to, the same for everybody."""
BOOK = f"{TOP}/tempmm-book"
"""The working folder in it: where `tempmm-lab open` looks for it."""
WHERE = "Where to hand them in is for your course to say."


def seeds_file(secret: bytes, student: str) -> bytes:
    """Give the text of a student's file of seeds, one for each exercise of the book.

    Raises:
        ModelError: the secret has fewer than 16 bytes.
    """
    seeds = {name: seed_of(secret, student, name) for name in EXERCISES}
    return (json.dumps({"format": 1, "seeds": seeds}, indent=1) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Archives:
    """Archives of one release. They differ in two files: the seeds, and the page, which has the student's id.

    Attributes:
        only: the notebooks of exercises that are handed out; None for all.
        where: where to hand in, as a sentence.
        notebooks: those that are in it, by name.
        version: the wheel's version.
        content: what tells this from a release with other files.
    """

    only: Collection[str] | None = None
    where: str = WHERE
    notebooks: tuple[str, ...] = field(init=False)
    version: str = field(init=False)
    content: str = field(init=False)
    _page: str = field(init=False, repr=False)
    _base: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make what all of them have in common, once."""
        look(exercise_notebooks(), [chapter.path.name for chapter in chapters()])
        wheel, files = student_wheel(), reader_files(self.only)
        handed = {name: digest(content) for name, content in files.items()}
        shared = {f"{BOOK}/{name}": content for name, content in files.items()}
        shared[f"{BOOK}/{MANIFEST}"] = manifest(handed, self.only)
        notebooks = tuple(path.stem for path in exercise_notebooks() if self.only is None or path.stem in self.only)
        page = PAGE.replace("WHEEL", wheel.name).replace("NOTEBOOK", notebooks[0]).replace("WHERE", self.where)
        told = "".join(f"{name}:{digest(content)}\n" for name, content in sorted(shared.items()))
        made = {
            "notebooks": notebooks,
            "version": wheel.version,
            "content": digest((told + wheel.version + page).encode())[:16],
            "_page": page,
            "_base": zipped(shared | {f"{TOP}/{wheel.name}": wheel.content}),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def of(self, secret: bytes, student: str) -> bytes:
        """Give a student's archive."""
        own = {f"{TOP}/README.txt": self._page.replace("STUDENT", student).encode()}
        return zipped({**own, f"{BOOK}/{SEEDS}": seeds_file(secret, student)}, onto=self._base)


def chosen_notebooks(names: Collection[str]) -> list[str]:
    """Give the notebooks of exercises that are meant: by number (`3`, `03`), by name, or by its beginning.

    Raises:
        ModelError: there is none, or more than one, of that name.
    """
    every = [path.stem for path in exercise_notebooks()]
    return sorted({_notebook(name.removesuffix(".ipynb"), every) for name in names})


def _notebook(name: str, every: list[str]) -> str:
    wanted = f"{int(name):02}-" if name.isdecimal() and name.isascii() else name
    found = [one for one in every if wanted and one.startswith(wanted)]
    if len(found) != 1:
        problem = "More than one notebook of exercises is" if found else "No notebook of exercises is"
        raise ModelError(f"{problem} called {name!r}. There are: {', '.join(every)}.")
    return found[0]

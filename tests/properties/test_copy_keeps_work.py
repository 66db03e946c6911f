"""Whatever a reader and the book do in whatever order, a copy never costs the reader a word."""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tempmm_lab import book

NAMES = ("00-start.ipynb", "01-first.ipynb")
WORDS = st.sampled_from(["apple", "pear", "plum"])
"""Few words, so that the reader and the book come to the same text by accident too."""


def _notebook(word: str) -> str:
    cells = [
        nbformat.v4.new_markdown_cell(f"# {word}", id="top"),
        nbformat.v4.new_code_cell("predict('x')", id="asked", execution_count=1),
    ]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


class ReaderAndBook(RuleBasedStateMachine):
    """A reader works on files and deletes some; the book changes; now and then it is copied."""

    @initialize()
    def begin(self) -> None:
        """Ship a book, to a reader who has no copy yet."""
        self.place = tempfile.TemporaryDirectory()
        self.shipped, self.mine = Path(self.place.name) / "chapters", Path(self.place.name) / "mine"
        self.shipped.mkdir()
        for name in NAMES:
            (self.shipped / name).write_text(_notebook("apple"), encoding="utf-8")
        self.work: dict[Path, bytes] = {}
        self.real = book.chapters_folder
        book.chapters_folder = lambda: self.shipped

    @rule(name=st.sampled_from(NAMES), word=WORDS)
    def the_book_changes(self, name: str, word: str) -> None:
        """A new version of a chapter is shipped."""
        (self.shipped / name).write_text(_notebook(word), encoding="utf-8")

    @rule(number=st.integers(0, 9), word=WORDS)
    def the_reader_works(self, number: int, word: str) -> None:
        """The reader changes one of the files there are, to a text that may be anything but what we gave."""
        there = sorted(self.mine.glob("*.ipynb"))
        if there:
            path = there[number % len(there)]
            path.write_text(_notebook(f"my {word}"), encoding="utf-8")
            self.work[path] = path.read_bytes()

    @rule(number=st.integers(0, 9))
    def the_reader_deletes(self, number: int) -> None:
        """The reader deletes one of the files there are."""
        there = sorted(self.mine.glob("*.ipynb"))
        if there:
            path = there[number % len(there)]
            path.unlink()
            self.work.pop(path, None)

    @rule()
    def the_manifest_is_lost(self) -> None:
        """The file that remembers what was copied disappears."""
        (self.mine / book.MANIFEST).unlink(missing_ok=True)

    @rule()
    def the_book_is_copied(self) -> None:
        """The book is copied; every chapter is there afterwards, and a second copy writes nothing."""
        book.copy_book(self.mine)
        assert {path.name for path in self.mine.glob("*.ipynb")} >= set(NAMES)
        before = {path: path.stat().st_mtime_ns for path in self.mine.glob("*.ipynb")}
        book.copy_book(self.mine)
        assert before == {path: path.stat().st_mtime_ns for path in self.mine.glob("*.ipynb")}

    @invariant()
    def work_is_kept(self) -> None:
        """Every file that the reader changed last is as the reader left it."""
        for path, content in getattr(self, "work", {}).items():
            assert path.read_bytes() == content

    def teardown(self) -> None:
        """Put the real book back."""
        if hasattr(self, "real"):
            book.chapters_folder = self.real
            self.place.cleanup()


TestReaderAndBook = ReaderAndBook.TestCase

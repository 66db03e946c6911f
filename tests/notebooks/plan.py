"""The plan of the book in chapter 0: links to the chapters that are there, their titles, and their times.

Usage:
    python -m tests.notebooks.plan      bring chapter 0 up to date

The questions in the plan are written by hand; a chapter that is not there yet keeps the title and the time it has.
"""

from __future__ import annotations

import json
import re
import sys

from tempmm_lab.book import Chapter, chapters, find_chapter
from tests.notebooks.execute import as_text

CELL = "00-plan"
ROW = re.compile(r"^\| (\d+|[A-D]) \| (.+?) \| (.+?) \| (\d*) \|$", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\(([^)#]+\.ipynb)[^)]*\)")


def planned(text: str, known: dict[str, Chapter]) -> str:
    """Give the plan with each row as the chapter itself has it."""

    def row(match: re.Match[str]) -> str:
        number, title, question, minutes = match.groups()
        chapter = known.get(number)
        if chapter is not None:
            name = f"[{chapter.title}]({chapter.path.name})" if number != "0" else f"{chapter.title} (you are here)"
            title, minutes = name, str(chapter.minutes or "")
        return f"| {number} | {title} | {question} | {minutes} |"

    return ROW.sub(row, text)


def by_number() -> dict[str, Chapter]:
    """Give the chapters by their numbers as the plan writes them: without a zero in front."""
    return {chapter.number.removeprefix("0") or "0": chapter for chapter in chapters()}


def plan() -> str:
    """Give the plan as it stands in chapter 0."""
    cells = json.loads(find_chapter("00").path.read_text(encoding="utf-8"))["cells"]
    return "".join(next(cell["source"] for cell in cells if cell["id"] == CELL))


def main() -> None:
    """Write the plan into chapter 0, and say whether that changed anything."""
    path, new = find_chapter("00").path, planned(plan(), by_number())
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = new if cell["id"] == CELL else "".join(cell["source"])
    text = as_text(notebook)
    changed = text != path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(f"{path.name}: {'written' if changed else 'the same'}\n")


if __name__ == "__main__":
    main()

"""The list of students: one id a line, or a table whose first line names a column of ids."""

from __future__ import annotations

import csv
import io
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tempmm_lab.errors import ModelError

COLUMNS = (
    "student_id", "student id", "sis login id", "login", "username", "user name", "id", "id number",
    "idnumber", "student",
)  # fmt: skip
"""What a column of ids is called in the lists of nbgrader and of learning platforms; the first one found is taken."""
FORBIDDEN = '<>:"/\\|?*'
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{name}{number}" for name in ("COM", "LPT") for number in range(1, 10))}
LONGEST = 200  # bytes; with an ending it must fit into the 255 of a file's name
OURS = {"release.json"}
"""Files of ours that lie beside the students' folders."""
Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class Students:
    """The ids, in the order of the list, and the column that they come from ("" where there is one id a line)."""

    ids: tuple[str, ...]
    column: str = ""


def read_students(path: Path, column: str | None = None) -> Students:
    """Give the students of a list.

    Args:
        path: one id a line; or a table in CSV (with commas, semicolons or tabs), as UTF-8.
        column: the column's name, if it is none of those that are known.

    Raises:
        ModelError: the file cannot be read, is empty, or names no column; or an id is missing, cannot be a folder's
            name, or is there twice. The message names the line.
    """
    rows = _rows(path)
    if not rows:
        raise ModelError(f"There is no student in {path}. Write one id a line.")
    place, name = _column(path, rows, column)
    listed = rows if place is None else rows[1:]
    if not listed:
        raise ModelError(f"There is no student in {path}: it has a first line, and nothing below it.")
    ids = [(line, _cell(row, place or 0)) for line, row in listed]
    _check(path, ids)
    return Students(tuple(one for _, one in ids), name)


def _rows(path: Path) -> Rows:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ModelError(f"{path} is not in UTF-8. Save the list as CSV in UTF-8.") from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    between = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=between)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise ModelError(f"{path}, line {reader.line_num}: {error}.") from None
    return [(line, row) for line, row in rows if any(row)]


def _column(path: Path, rows: Rows, wanted: str | None) -> tuple[int | None, str]:
    """Give the place of the column of ids and its name; None where the first line is a student like the others."""
    first = rows[0][1]
    names = [cell.casefold() for cell in first]
    for name in COLUMNS if wanted is None else (wanted.strip().casefold(),):
        if name in names:
            return names.index(name), first[names.index(name)]
    if wanted is not None:
        raise ModelError(f"{path} has no column {wanted!r}. It has: {', '.join(filter(None, first))}.")
    if any(len(row) > 1 for _, row in rows):
        raise ModelError(
            f"The first line of {path} should name its columns, and one of them {', '.join(COLUMNS)}. "
            "Or say which column has the ids: --column NAME."
        )
    return None, ""


def _cell(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""


def _check(path: Path, ids: Sequence[tuple[int, str]]) -> None:
    seen: dict[str, tuple[int, str]] = {}
    for line, one in ids:
        wrong = unfit(one)
        if wrong:
            raise ModelError(f"{path}, line {line}: {wrong}.")
        alike = unicodedata.normalize("NFC", one).casefold()  # many file systems take such names for one
        if alike in seen:
            before, other = seen[alike]
            and_so = "" if other == one else f", as {other!r}: the names of folders must differ in more than case"
            raise ModelError(f"{path}, line {line}: the student {one!r} is in line {before} too{and_so}.")
        seen[alike] = (line, one)


def unfit(one: str) -> str:
    """Say why an id cannot be the name of a student's folder, on any system; nothing if it can."""
    if not one:
        return "there is no id in this line"
    bad = next((letter for letter in one if letter in FORBIDDEN or not letter.isprintable()), "")
    if bad:
        return f"the id {one!r} cannot be a folder's name: it has {bad!r} in it"
    if one.startswith((".", " ")) or one.endswith((".", " ")):
        return f"the id {one!r} cannot be a folder's name: no dot or blank may be at its ends"
    if one.partition(".")[0].upper() in RESERVED or one.casefold() in OURS:
        return f"the id {one!r} cannot be a folder's name: it is taken"
    if len(os.fsencode(one)) > LONGEST:
        return f"the id {one[:20]!r}… cannot be a folder's name: it has more than {LONGEST} bytes"
    return ""

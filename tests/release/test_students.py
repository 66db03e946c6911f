"""The list of students: what is taken for one, and what is refused with the number of its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import ModelError
from tempmm_lab.release.students import FORBIDDEN, read_students, unfit

NBGRADER = 'id,last_name,first_name,email,lms_user_id\nada,Lovelace,Ada,ada@x.example,7\nalan,"Turing, A.",Alan,,\n'
CANVAS = 'Student,ID,SIS User ID,SIS Login ID,Section\n"Lovelace, Ada",17,s17,ada,A\n"Turing, Alan",18,s18,alan,A\n'
MOODLE = "\ufeffVorname;Nachname;ID number;E-Mail\r\nAda;Lovelace;ada;a@x.example\r\nAlan;Turing;alan;\r\n"


def _listed(tmp_path: Path, text: str | bytes, column: str | None = None) -> tuple[tuple[str, ...], str]:
    path = tmp_path / "students.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = read_students(path, column)
    return found.ids, found.column


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("ada\nalan\n", ""),
        ("ada\r\n\r\n  alan  \r\n", ""),
        ("ada\nalan", ""),
        ("\ufeffstudent\nada\nalan\n", "student"),
        ("ID\nada\nalan\n", "ID"),
        ("student\tgroup\nada\t1\nalan\t2\n", "student"),
        (NBGRADER, "id"),
        (CANVAS, "SIS Login ID"),
        (MOODLE, "ID number"),
    ],
    ids=["lines", "blank lines", "no end", "mark and header", "case", "tabs", "nbgrader", "Canvas", "Moodle"],
)
def test_lists_are_read(tmp_path: Path, text: str, column: str) -> None:
    """One id a line, or a table with a known column: nbgrader's, Canvas's and Moodle's lists among them."""
    assert _listed(tmp_path, text) == (("ada", "alan"), column)


def test_a_column_can_be_named(tmp_path: Path) -> None:
    """Any column can be said to be that of the ids; one that is not there is refused with those that are."""
    assert _listed(tmp_path, NBGRADER, "First_Name") == (("Ada", "Alan"), "first_name")
    with pytest.raises(ModelError, match=r"no column 'nick'. It has: id, last_name"):
        _listed(tmp_path, NBGRADER, "nick")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "There is no student"),
        ("\n \n", "There is no student"),
        ("student\n", "nothing below it"),
        ("ada\nalan\nada\n", "line 3: the student 'ada' is in line 1 too"),
        ("student\nada\nAda\n", "line 3: the student 'Ada' is in line 2 too, as 'ada'"),
        ("jos\u00e9\njose\u0301\n", "line 2"),
        ("ada\n../alan\n", "line 2: the id '../alan' cannot be a folder's name"),
        ("ada\n..\n", "line 2"),
        ("ada\n.hidden\n", "line 2"),
        ("ada\ncon\n", "line 2: .*it is taken"),
        ("ada\nnul.txt\n", "line 2"),
        ("ada\nrelease.json\n", "line 2"),
        ("ada\na:b\n", "it has ':' in it"),
        ("ada\n" + "x" * 201 + "\n", "more than 200 bytes"),
        ("ada\na\u202eb\n", "line 2"),
        ("ada\na\0b\n", "line 2"),
        ("id,name\nada,A\n,B\n", "line 3: there is no id"),
        ("name,group\nada,1\n", "should name its columns"),
        (b"\xff\xfea\0d\0a\0", "not in UTF-8"),
        ('id,name\nada,"A\n', "ada"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused(tmp_path: Path, text: str | bytes, says: str) -> None:
    """An empty list, an id that cannot be a folder, or one that is there twice: the message names the line."""
    if says == "ada":  # an open quote takes the rest of the file into one cell, and the id is there all the same
        assert _listed(tmp_path, text)[0] == ("ada",)
        return
    with pytest.raises(ModelError, match=says):
        _listed(tmp_path, text)


def test_no_file_is_misuse(tmp_path: Path) -> None:
    """A list that is not there is one sentence."""
    with pytest.raises(ModelError, match="Cannot read"):
        read_students(tmp_path / "none")


@given(st.text(max_size=30))
def test_what_fits_is_a_name_of_its_own(one: str) -> None:
    """Whatever is taken for an id is one name in a folder, without a way out of it, and a single line."""
    if not unfit(one):
        assert one.strip() == one
        assert not re.search(f"[{re.escape(FORBIDDEN)}]", one)
        assert one.isprintable()
        assert Path(one).name == one

"""docs/provenance.toml: every fact has a source, and every chapter cites facts that are there and may be printed."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.pages import GENERATED
from tests.notebooks.rows import TAGS

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "provenance.toml"
Row = dict[str, Any]

TEXTS = ("id", "fact", "source", "tag", "statement")
LISTS = ("chapters", "tests")
STATEMENTS = {f"S{number}" for number in range(1, 107)} | {"S66b", "S68b", "S73b", "S92b"}
SNAPSHOTS = {
    f"recorded guest: pagetables-6.16.12-{name}"
    for name in ("user", "text_poke", "efi", "user-kaslr", "user-pti", "user-la57")
} | {f"recording: {name}" for name in ("text_poke-6.12.107", "text_poke-6.16.12", "efi-6.12.107", "efi-6.16.12")}


def load() -> list[Row]:
    """Give the rows of the table."""
    rows: list[Row] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["row"]
    return rows


def shape_problems(row: Row) -> Iterator[str]:
    """Say which keys a row lacks, has too many, or has with a wrong type."""
    name = row.get("id", "a row without id")
    for key in TEXTS:
        if not isinstance(row.get(key), str):
            yield f"{name}: {key} must be a text"
    for key in LISTS:
        value = row.get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            yield f"{name}: {key} must be a list of texts"
    if unknown := set(row) - {*TEXTS, *LISTS, "seen"}:
        yield f"{name}: unknown keys {sorted(unknown)}"


def content_problems(row: Row) -> Iterator[str]:
    """Say which values of a well-shaped row cannot be right."""
    name = row["id"]
    if not re.fullmatch(r"P-\d{4}", name):
        yield f"{name}: an id is P- and four digits"
    if not row["fact"].endswith(".") or not row["source"]:
        yield f"{name}: a fact is whole sentences, and has a source"
    if row["tag"] not in TAGS:
        yield f"{name}: no such tag: {row['tag']}"
    if row["statement"] and row["statement"] not in STATEMENTS:
        yield f"{name}: no such statement: {row['statement']}"
    if not all(re.fullmatch(r"\d\d|[A-D]", chapter) for chapter in row["chapters"]):
        yield f"{name}: a chapter is two digits, an appendix a letter"
    if row["chapters"] != sorted(set(row["chapters"])):
        yield f"{name}: chapters are named once, in order"
    if row["chapters"] and row["tag"] == "memory":
        yield f"{name}: no chapter may use what nobody has read again"
    if (row["tag"] == "recorded") != bool(row.get("seen")):
        yield f"{name}: `seen` belongs to recorded rows, and each of them has it"
    if row["tag"] == "recorded" and row["source"] not in SNAPSHOTS:
        yield f"{name}: no such recording: {row['source']}"


def source_row_problems(rows: list[Row]) -> Iterator[str]:
    """Say which rows are derived from a row that is not there, is themselves, or may not be printed."""
    tags = {row["id"]: row["tag"] for row in rows}
    for row in rows:
        for name in re.findall(r"P-\d{4}", row["source"]):
            if name == row["id"] or tags.get(name, "memory") == "memory":
                yield f"{row['id']}: cannot rest on {name}"


def check_exists(check: str, root: Path) -> bool:
    """Say whether a check is there: a function of a test file, or a cell of a notebook by its id."""
    file, _, name = check.partition("::")
    path = root / file
    if not name or not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return any(cell.get("id") == name for cell in json.loads(text)["cells"])
    return re.search(rf"^\s*(?:async )?def {re.escape(name)}\(", text, re.MULTILINE) is not None


def citations(folder: Path, pattern: str = r"\bP-\d{4}\b") -> list[tuple[str, str]]:
    """Give (notebook name, cited id) for everything that the notebooks which people write in a folder cite."""
    return [
        (path.name, name)
        for path in sorted(folder.glob("*.ipynb"))
        if path.name[0] not in GENERATED
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        for name in re.findall(pattern, "".join(cell["source"]))
    ]


def citation_problems(rows: list[Row], cited: list[tuple[str, str]]) -> Iterator[str]:
    """Say which citations have no row, cite a row from memory, or come from a chapter that the row does not name."""
    by_id = {row["id"]: row for row in rows}
    for chapter, name in cited:
        row = by_id.get(name)
        if row is None:
            yield f"{chapter} cites {name}, which is not in docs/provenance.toml"
        elif row["tag"] == "memory":
            yield f"{chapter} cites {name}, which nobody has read again"
        elif (number := chapter.partition("-")[0]) not in row["chapters"]:
            yield f'{chapter} cites {name}: add "{number}" to its chapters'


def good_row(**changes: Any) -> Row:
    """Give a row with nothing wrong, but for the changes."""
    row = {"id": "P-9999", "fact": "A fact.", "source": "a source", "tag": "verified", "statement": "S95"}
    return {**row, "chapters": ["01"], "tests": []} | changes


def notebook(folder: Path, name: str, text: str) -> None:
    """Write a notebook of one cell."""
    cell = {"cell_type": "markdown", "id": "a-cell", "metadata": {}, "source": [text]}
    (folder / name).write_text(json.dumps({"cells": [cell]}), encoding="utf-8")


def test_every_row_has_every_key_and_no_other() -> None:
    """Each row has id, fact, source, tag, statement, chapters and tests, of the right type."""
    assert [problem for row in load() for problem in shape_problems(row)] == []


def test_ids_are_unique_and_in_order() -> None:
    """No two rows share an id, and a reader finds a row by its number."""
    ids = [row["id"] for row in load()]
    assert ids == sorted(set(ids))


def test_tags_statements_chapters_and_recordings_are_known() -> None:
    """Tags are from the list, statements exist, recorded rows name their recording and where it was seen."""
    assert [problem for row in load() for problem in content_problems(row)] == []


def test_every_hardware_statement_has_a_row() -> None:
    """S95 to S106, which chapters 01 to 03 rest on, are all in the table."""
    missing = {f"S{number}" for number in range(95, 107)} - {row["statement"] for row in load()}
    assert sorted(missing) == []


def test_derived_rows_rest_on_rows_that_may_be_printed() -> None:
    """A row that names other rows as its source names existing ones, and none from memory."""
    assert list(source_row_problems(load())) == []


def test_every_named_check_exists() -> None:
    """What the table calls a test of a fact is a test function or a notebook cell that is there."""
    missing = [(row["id"], check) for row in load() for check in row["tests"] if not check_exists(check, ROOT)]
    assert missing == []


def test_chapters_cite_rows_that_exist_and_may_be_printed() -> None:
    """Every P-number in a chapter has a row, that row is not from memory, and it names the chapter."""
    assert list(citation_problems(load(), citations(ROOT / "chapters"))) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"tests": "tests/x.py::test_x"}, "tests must be a list"),
        ({"chapters": [1]}, "chapters must be a list"),
        ({"fact": None}, "fact must be a text"),
        ({"page": "4-42"}, "unknown keys"),
    ],
)
def test_a_misshapen_row_is_noticed(changes: Row, complaint: str) -> None:
    """The shape check fails on a planted mistake."""
    assert complaint in " ".join(shape_problems(good_row(**changes)))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"id": "P-1"}, "four digits"),
        ({"source": ""}, "has a source"),
        ({"tag": "checked"}, "no such tag"),
        ({"statement": "S107"}, "no such statement"),
        ({"statement": "S95b"}, "no such statement"),
        ({"chapters": ["1"]}, "two digits"),
        ({"chapters": ["a"]}, "a letter"),
        ({"chapters": ["02", "01"]}, "in order"),
        ({"tag": "memory"}, "read again"),
        ({"tag": "recorded"}, "`seen` belongs"),
        ({"seen": "a guest"}, "`seen` belongs"),
        ({"tag": "recorded", "seen": "a guest", "source": "recorded guest: pagetables-5"}, "no such recording"),
    ],
)
def test_a_wrong_value_is_noticed(changes: Row, complaint: str) -> None:
    """The content check fails on a planted mistake, and not on a good row."""
    assert list(content_problems(good_row())) == []
    assert complaint in " ".join(content_problems(good_row(**changes)))


@pytest.mark.parametrize("tag", ["memory", "verified"])
def test_a_row_that_rests_on_nothing_is_noticed(tag: str) -> None:
    """A derived row may not rest on a row from memory, nor on one that is missing."""
    base = [good_row(id="P-9998", tag="memory")] if tag == "memory" else []
    rows = [*base, good_row(source="row P-9998")]
    assert list(source_row_problems(rows)) == ["P-9999: cannot rest on P-9998"]


@pytest.mark.parametrize(
    ("text", "row", "complaint"),
    [
        ("see P-1234", good_row(), "not in docs/provenance.toml"),
        ("see P-9999", good_row(tag="memory"), "nobody has read again"),
        ("see P-9999", good_row(chapters=["02"]), 'add "01"'),
    ],
)
def test_a_wrong_citation_is_noticed(tmp_path: Path, text: str, row: Row, complaint: str) -> None:
    """A planted citation of a missing row, of one from memory, and from an unnamed chapter each fail."""
    notebook(tmp_path, "01-walk.ipynb", text)
    assert complaint in " ".join(citation_problems([row], citations(tmp_path)))


@pytest.mark.parametrize(
    ("check", "there"),
    [
        ("test_it.py::test_yes", True),
        ("01-walk.ipynb::a-cell", True),
        ("test_it.py::test_y", False),
        ("test_it.py", False),
        ("gone.py::test_yes", False),
        ("01-walk.ipynb::b-cell", False),
    ],
)
def test_a_named_check_must_really_exist(tmp_path: Path, check: str, there: bool) -> None:
    """Half a name, a missing file and a missing cell are not taken for a test."""
    (tmp_path / "test_it.py").write_text("def test_yes() -> None: ...\n", encoding="utf-8")
    notebook(tmp_path, "01-walk.ipynb", "text")
    assert check_exists(check, tmp_path) is there

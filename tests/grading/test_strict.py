"""What crosses the line is plain data with exact types, and nothing else, whatever bytes come."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab.grading.limits import LIMITS
from tempmm_lab.grading.reading import Unreadable, cells_of
from tempmm_lab.grading.strict import fits, plain_json, shown
from tests.grading.notebooks import dumped, solved

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), 1 << 63) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=10,
)


@given(PLAIN)
def test_plain_data_crosses_unchanged(value: Any) -> None:
    """What is plain comes out as it went in, with the same types."""
    assert repr(plain_json(json.dumps(value).encode())) == repr(value)


@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_other_bytes_are_refused_or_plain(line: bytes) -> None:
    """Any bytes at all give plain data or a ValueError."""
    try:
        value = plain_json(line)
    except ValueError:
        return
    assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize(
    "line",
    [b"1.5", b"NaN", b"Infinity", b"1e9", b"9" * 21, b'{"a": 1, "a": 2}', b'"\\ud800"', b"[" * 50 + b"]" * 50,
     b"[" * 60_000, b"", b"\xff", b"{'a': 1}", b"1 2", b'{"a": 1}{"b": 2}', b"-" + b"1" * 30],
)  # fmt: skip
def test_what_is_refused(line: bytes) -> None:
    """Fractions, numbers too long, a name twice, half a character, what goes too deep, and what is no JSON."""
    with pytest.raises(ValueError, match=r"\w"):
        plain_json(line)


def test_shapes_are_exact() -> None:
    """Every name, no other, and the very type: True is no whole number."""
    shape = {"id": (int,), "value": ()}
    assert fits({"id": 1, "value": None}, shape)
    for other in (
        {"id": True, "value": 1},
        {"id": 1},
        {"id": 1, "value": 1, "x": 1},
        [1],
        None,
        {"id": "1", "value": 1},
    ):
        assert not fits(other, shape)


@given(st.text(), st.integers(1, 50))
def test_shown_text_is_short_and_valid(text: str, most: int) -> None:
    """Whatever is shown is no longer than asked, valid UTF-8, and free of control characters."""
    safe = shown(text, most)
    safe.encode("utf-8")
    assert len(safe) <= most + 1
    assert not any(ord(one) < 32 and one not in "\n\t" for one in safe)
    assert "\u202e" not in safe


@given(st.data())
def test_any_notebook_is_read_or_refused(data: st.DataObject) -> None:
    """A notebook with any piece of it replaced by any other JSON gives cells or one clear sentence."""
    notebook = solved()
    place: Any = notebook
    while isinstance(place, dict | list) and place:
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        if data.draw(st.booleans()) or not isinstance(place[key], dict | list):
            place[key] = data.draw(PLAIN)
            break
        place = place[key]
    try:
        cells, notes = cells_of(dumped(notebook), LIMITS)
    except Unreadable as error:
        notes, cells = [str(error)], []
    assert all(note.endswith(".") for note in notes)
    assert all(type(cell.source) is str and type(cell.kind) is str for cell in cells)

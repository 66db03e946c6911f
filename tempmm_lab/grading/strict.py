"""Reading what somebody else wrote: JSON with exact types and known keys, and text that is safe to show."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

LONGEST_NUMBER = 20  # digits: 64 bits and a sign
DEEPEST = 20
NOT_SHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Control characters, and those that turn the direction of what follows."""


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return int(digits)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text[:20]} is no whole number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is there twice")
    return made


def plain_json(line: bytes) -> Any:
    """Give the value of a line of JSON: whole numbers, text, True, False, None, lists, dictionaries.

    Raises:
        ValueError: it is none; or a name is there twice, a number is too long or no whole one, it goes too deep, or a
            text cannot be written as UTF-8.
    """
    try:
        text = line.decode("utf-8")
        value = json.loads(text, parse_int=_whole, parse_float=_refuse, parse_constant=_refuse, object_pairs_hook=_once)
        _at_most(value, DEEPEST)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # half of a pair of surrogates is no text
    except UnicodeError:
        raise ValueError("a text is no text") from None
    except RecursionError:
        raise ValueError("it goes too deep") from None
    return value


def _at_most(value: Any, depth: int) -> None:
    if type(value) in (list, dict):
        if depth == 0:
            raise ValueError("it goes too deep")
        for one in value.values() if type(value) is dict else value:
            _at_most(one, depth - 1)


def fits(value: Any, shape: Mapping[str, tuple[type, ...]]) -> bool:
    """Say whether a value is a dictionary with exactly these names and, at each, one of these exact types."""
    return (
        type(value) is dict
        and value.keys() == shape.keys()
        and all(not kinds or type(value[name]) in kinds for name, kinds in shape.items())
    )


def shown(text: Any, most: int = 400) -> str:
    """Give somebody else's text as text that can be shown: no control characters, not too long, valid UTF-8."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    safe = str(text)[: 4 * most].encode("utf-8", "backslashreplace").decode("utf-8")
    safe = unicodedata.normalize("NFC", NOT_SHOWN.sub("·", safe))
    return safe if len(safe) <= most else safe[:most] + "…"

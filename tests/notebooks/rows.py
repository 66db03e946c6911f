"""The rows of docs/provenance.toml, and the forms that a source may have."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "provenance.toml"
ROW = r"P-\d{4}"

TAGS = {
    "verified": "the source itself was read (the Intel manual through public copies of its pages)",
    "verified from a mail": "read in a patch or a review mail, not in the final tree",
    "secondary": "somebody else says that the source says so",
    "recorded": "seen on a running system; the row says which",
    "derived (in our model)": "follows from rows that are verified, or was found by exploring; nobody states it",
    "memory": "not read again yet; no chapter may cite it",
}

_TITLES = r'"[^"]+"(?:(?:,| and) "[^"]+")*'
_FILE = r"[\w.][\w./-]*\.(?:[chS]|cc|rst|txt|py)\b"
_MAIL = (
    r"(?:patch(?:es)?|cover letter|(?:review|patch)? ?mails?|review|pull request|posting|report|proposals?|comment"
    r"|series|'[^']+')"
)
FORMS = {
    "a manual's section": rf"(?:SDM|APM) vol\. [1-4], {_TITLES}|UEFI specification,? .+",
    "a recording": r"recorded guest: [\w.-]+|recording: [\w.-]+"
    r"|(?:the (?:\w+ )?)?recordings? .*\(?docs/recordings\.md\)?",
    "recorded cases of an independent MMU": r"(?:the \d+ )?recorded (?:Unicorn |KVM |Unicorn and KVM )?cases\b.*",
    "other rows": rf"rows? {ROW}(?:(?:,| and) {ROW})*",
    "a file of a program's source": rf"(?:(?:Linux|QEMU|Bochs|kvm-unit-tests|EDK2|arm64) )?{_FILE}.*",
    "a commit": r".*\b[0-9a-f]{12}\b.*",
    "a mail or a patch": rf"(?:the )?(?:\w+ )?{_MAIL}(?!\w).*\b(?:19|20)\d\d\b.*|the \d{{4}} series, in mail.*",
    "a result of this project": r"exploring .+|measured .+|our own .+",
    "a public text": rf"[\w.-]+\.(?:org|com|net), {_TITLES}.*|systemd issue \d+|articles on .+|.+, as quoted by others"
    r"|EDK2 documentation.*",
}
"""What the parts of a source, between semicolons, may look like. The first form that fits counts."""


@dataclass(frozen=True)
class Row:
    """A fact of the book, with its source. The fields are those of the table."""

    id: str
    fact: str
    source: str
    tag: str
    statement: str = ""
    chapters: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    seen: str = ""


def load(table: Path = TABLE) -> list[Row]:
    """Give the rows, in the table's order."""
    return [Row(**row) for row in tomllib.loads(table.read_text(encoding="utf-8"))["row"]]


def parts(source: str) -> list[str]:
    """Cut a source at its semicolons, but for those in brackets or quotes."""
    return [part.strip() for part in re.findall(r"""(?:"[^"]*"|'[^']*'(?!\w)|\([^)]*\)|[^;])+""", source)]


def form(part: str) -> str | None:
    """Give the name of the form that a part of a source has, or None."""
    return next((name for name, pattern in FORMS.items() if re.fullmatch(pattern, part)), None)


def source_problems(rows: list[Row]) -> Iterator[str]:
    """Say which parts of sources have a form that nobody knows."""
    for row in rows:
        for part in parts(row.source) or [""]:
            if form(part) is None:
                yield f"{row.id}: what kind of source is {part!r}? The forms are in tests/notebooks/rows.py"

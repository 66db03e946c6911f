"""What a sweep found, as a value: rows in the order they were asked for, a table to read, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from html import escape
from typing import Any

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.report import Report
from tempmm_lab.sweeps.reportjson import report_as_json, report_from_json

HEADS = ("scenario", "build", "knobs", "verdict", "states", "transitions", "CPUs", "broken rules (steps), or why")
IN_COLUMNS = frozenset(
    ("states", "transitions", "complete", "cpus", "counterexamples", "examples", "reports", "rules", "why", "name",
     "cycle")
)  # fmt: skip
"""What of a report the columns show, or leave to the report. Whatever else it has is shown as name=value."""


@dataclass(frozen=True)
class Row:
    """One scenario of a sweep and what came of it.

    Attributes:
        scenario, build: their names.
        knobs: as text, the knobs that differ from their defaults somewhere in the sweep.
        report: what the exploration found, or None if there is no report.
        error: why there is none, if something went wrong. Without report and error, it was not done.
    """

    scenario: str
    build: str
    knobs: tuple[tuple[str, str], ...]
    report: Report | None = None
    error: str = ""

    @property
    def verdict(self) -> str:
        """One of: holds, BROKEN, not decided, error, not done."""
        if self.report is None:
            return "error" if self.error else "not done"
        if self.report.counterexamples:
            return "BROKEN"
        return "holds" if self.report.holds else "not decided"

    @property
    def knob_text(self) -> str:
        """The knobs as one word: `irqs=0,pokes=2`."""
        return ",".join(f"{name}={value}" for name, value in self.knobs)

    def cells(self) -> tuple[str, ...]:
        """Give what stands in each column of the table."""
        named = (self.scenario, self.build, self.knob_text, self.verdict)
        report = self.report
        if report is None:
            return (*named, "", "", "", self.error)
        broken = [f"{rule} ({len(path)})" for rule, path in report.counterexamples.items()]
        others = {field.name: getattr(report, field.name) for field in fields(report) if field.name not in IN_COLUMNS}
        more = [f"{name}={_word(value)}" for name, value in others.items() if value]
        last = "; ".join([*([", ".join(broken)] if broken else []), *([report.why] if report.why else []), *more])
        return (*named, f"{report.states:,}", f"{report.transitions:,}", str(report.cpus), last)


@dataclass(frozen=True)
class Sweep(Sequence[Row]):
    """The rows of a sweep, in the order of its scenarios. It is a sequence of them.

    Attributes:
        rows: one for each scenario.
        left_out: the combinations that their build lacks; `error` says why.
        ask: what was asked of each: explore or prove.
    """

    rows: tuple[Row, ...]
    left_out: tuple[Row, ...] = ()
    ask: str = "explore"

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: Any) -> Any:
        """Give a row, or with a slice the rows there."""
        return self.rows[place]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @property
    def holds(self) -> bool:
        """Whether every rule holds in every row. A row that is not decided, or not done, never says so."""
        return bool(self.rows) and all(row.verdict == "holds" for row in self.rows)

    @property
    def broken(self) -> tuple[Row, ...]:
        """The rows in which a rule can be broken."""
        return tuple(row for row in self.rows if row.verdict == "BROKEN")

    def summary(self) -> str:
        """Give one line: how many rows of which verdict."""
        verdicts = [row.verdict for row in self.rows]
        words = {"holds": "hold", "BROKEN": "broken", "not decided": "not decided", "error": "failed",
                 "not done": "not done"}  # fmt: skip
        parts = [f"{verdicts.count(verdict)} {word}" for verdict, word in words.items() if verdict in verdicts]
        out = [f"{len(self.left_out)} left out, which their build lacks"] if self.left_out else []
        return f"{len(self.rows)} scenarios: {', '.join([*parts, *out])}"

    def text(self) -> str:
        """Give the sweep as a table to read."""
        table = [HEADS, *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(map(_padded, cells, widths, HEADS)).rstrip() for cells in table]
        left = [f"left out: {_named(row)}: {row.error}" for row in self.left_out]
        return "\n".join([self.summary(), *(f"  {line}" for line in [*lines, *left])])

    def html(self) -> str:
        """Give the same table as HTML, which needs no script and no trust."""
        head = "".join(f'<th scope="col">{escape(word)}</th>' for word in HEADS)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row.cells()) + "</tr>" for row in self.rows
        )
        left = "".join(f"<li>left out: {escape(_named(row))}: {escape(row.error)}</li>" for row in self.left_out)
        table = f"<table><caption>{escape(self.summary())}</caption><thead><tr>{head}</tr></thead>"
        return f"{table}<tbody>{body}</tbody></table>" + (f"<ul>{left}</ul>" if left else "")

    def to_json(self) -> str:
        """Give everything as JSON text. `Sweep.from_json` gives an equal sweep of it."""
        return json.dumps(
            {
                "format": 1,
                "ask": self.ask,
                "holds": self.holds,
                "rows": [_row_as_json(row) for row in self.rows],
                "left_out": [_row_as_json(row) for row in self.left_out],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Sweep:
        """Read a sweep from what `to_json` gave.

        Raises:
            ModelError: it is none.
        """
        a_thing(text, str, "A sweep is read from text, such as sweep(...).to_json().")
        try:
            data = json.loads(text)
            rows, left_out = (tuple(_row_from_json(each) for each in data[key]) for key in ("rows", "left_out"))
            return cls(rows, left_out, str(data["ask"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"This is no sweep as to_json() writes it: {error}.") from None

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Sweep: {self.summary()}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": self.text()}


def _word(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def _padded(cell: str, width: int, head: str) -> str:
    return f"{cell:>{width}}" if head in {"states", "transitions"} else f"{cell:<{width}}"


def _named(row: Row) -> str:
    return f"{row.scenario} on {row.build}" + (f" ({row.knob_text})" if row.knobs else "")


def _row_as_json(row: Row) -> dict[str, Any]:
    return {
        "scenario": row.scenario,
        "build": row.build,
        "knobs": dict(row.knobs),
        "verdict": row.verdict,
        "error": row.error,
        "report": None if row.report is None else report_as_json(row.report),
    }


def _row_from_json(data: dict[str, Any]) -> Row:
    report = None if data["report"] is None else report_from_json(data["report"])
    return Row(data["scenario"], data["build"], tuple(data["knobs"].items()), report, data["error"])

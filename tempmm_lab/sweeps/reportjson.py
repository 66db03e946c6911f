"""A report as plain data, whatever fields it has, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from tempmm_lab.report import Report
from tempmm_lab.scenarios.paths import Path


def report_as_json(report: Report) -> dict[str, Any]:
    """Give a report as plain data: each of its fields, and whether it holds. A path is its length and its text."""
    return {**{field.name: _plain(getattr(report, field.name)) for field in fields(report)}, "holds": report.holds}


def report_from_json(data: dict[str, Any]) -> Report:
    """Give the report that `report_as_json` made this of.

    Raises:
        TypeError, KeyError, ModelError: it is none.
    """
    return Report(**{field.name: _back(data[field.name]) for field in fields(Report) if field.name in data})


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return {"steps": len(value), "path": str(value)}
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _back(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"steps", "path"}:
            return Path.parse(value["path"])
        return {name: _back(each) for name, each in value.items()}
    return tuple(_back(each) for each in value) if isinstance(value, list) else value

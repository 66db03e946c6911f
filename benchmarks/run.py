"""Measure everything and write benchmarks/RESULTS.md and RESULTS.json.

Usage:
    python -m benchmarks.run                     what `make bench` runs
    python -m benchmarks.run --only explorer     some parts; the others stay as they were
    python -m benchmarks.run --table             write RESULTS.md again from RESULTS.json
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import adapters
from benchmarks.rounds import ROUNDS
from benchmarks.table import page

HERE = Path(__file__).resolve().parent
JSON, MARKDOWN = HERE / "RESULTS.json", HERE / "RESULTS.md"
PARTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]] | None] = {
    "explorer": None,
    "proofs": None,
    "rates": None,
    "translation": adapters.translation,
    "scale": adapters.scale,
    "widgets": None,
    "grading": None,
    "startup": None,
}
"""Each part's module, and how what it measures is put into rows, if it does not say so itself."""


def measured(name: str) -> dict[str, Any]:
    """Give one part; a part that is not there or fails is a gap."""
    adapt = PARTS[name]
    try:
        found = importlib.import_module(f"benchmarks.{name}").run()
        return adapt(found) if adapt else found
    except (Exception, SystemExit) as error:  # noqa: BLE001  # one part must not take the others with it
        return {"title": name.capitalize(), "rows": [], "gaps": [f"not measured: {type(error).__name__}: {error}"]}


def machine() -> str:
    """Say what machine this is, in a few words."""
    processor = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    return f"{os.cpu_count()} cores of {processor}, Python {platform.python_version()}"


def main() -> int:
    """Measure what is asked for, and write both files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[], help="measure these parts only")
    parser.add_argument("--table", action="store_true", help="measure nothing; write RESULTS.md from RESULTS.json")
    chosen = parser.parse_args()
    before = json.loads(JSON.read_text(encoding="utf-8"))["parts"] if JSON.exists() else {}
    names = [] if chosen.table else chosen.only or list(PARTS)
    parts = {name: before[name] for name in PARTS if name in before}
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        parts[name] = measured(name)
        write(parts)  # after each part: what was measured in a quarter of an hour is not lost with the last one
    write(parts)
    return 0


def write(parts: dict[str, Any]) -> None:
    """Write what is known as RESULTS.json and as the page."""
    ordered = {name: parts[name] for name in PARTS if name in parts}
    results = {"rounds": ROUNDS, "machine": machine(), "parts": ordered}
    JSON.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    MARKDOWN.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

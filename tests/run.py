"""Run every check of the project, go on after a failure, and end with one table.

Usage:
    python tests/run.py                  what `make test` runs
    python tests/run.py --all            and everything slow: `make test-all`
    python tests/run.py --only unit      one part, or several
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tempmm_lab.doctor import find_chromium  # noqa: E402

INSTALL_CHROMIUM = "apt-get install -y chromium fonts-dejavu-core"
INSTALL = {"browser": INSTALL_CHROMIUM, "grading": "apt-get install -y bubblewrap"}
LIMIT, LONG_LIMIT = 600, 3600  # seconds for one part
NBVAL = "-n 2 --dist loadfile --nbval --nbval-current-env --nbval-cell-timeout 60 -p no:cacheprovider"


@dataclass(frozen=True)
class Part:
    """One row of the table: a tool that passes or fails, or a pytest run that counts its tests."""

    name: str
    command: str
    counts: bool = False
    long: bool = False


@dataclass(frozen=True)
class Result:
    """What came of one part."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    not_run: int = 0
    seconds: float = 0.0


def parts() -> list[Part]:
    """Give the parts in the order they run: the quick ones first."""
    books = " ".join(folder for folder in ("chapters", "solutions") if any((ROOT / folder).glob("*.ipynb")))
    return [
        Part("lint", "ruff check ."),
        Part("format", "ruff format --check ."),
        Part("spelling", "codespell_lib"),
        Part("types", "mypy --strict tempmm_lab"),
        Part("unit", "pytest -n 2 --dist loadfile tests/unit -m 'not slow'", counts=True),
        Part("properties", "pytest -n 2 --dist loadfile tests/properties", counts=True),
        Part("oracle", "pytest -n 2 --dist loadfile tests/oracle", counts=True),
        Part("statements", "pytest -n 2 tests/statements", counts=True),
        Part("scenarios", "pytest -n 2 tests/scenarios", counts=True),
        Part("engine", "pytest -n 2 tests/engine -m 'not slow'", counts=True),
        Part("recordings", "pytest -n 2 tests/conformance", counts=True),
        Part("mutants", "pytest -n 2 tests/mutants", counts=True),
        Part("nbval", f"pytest {NBVAL} {books or 'chapters'}", counts=True),
        Part("exercises", "pytest -n 2 --dist worksteal tests/exercises", counts=True),
        Part("grading", "pytest -n 2 --dist loadfile tests/grading tests/release tests/hub", counts=True),
        Part("notebooks", "pytest -n 2 --dist worksteal tests/notebooks", counts=True),
        Part("browser", "pytest -n 2 --dist loadscope tests/browser", counts=True),
        Part("unit-all", "pytest -n 2 --dist worksteal tests/unit -m slow", counts=True, long=True),
        Part("oracle-long", "tests.oracle.long", long=True),
        Part("mutants-all", "tests.mutants.table --check", long=True),
        Part("engine-all", "pytest -n 2 --dist worksteal tests/engine -m slow", counts=True, long=True),
    ]


def main() -> int:
    """Run the chosen parts, print the table, and give 0 only when nothing failed."""
    chosen = _arguments()
    wanted = [part for part in parts() if (part.name in chosen.only if chosen.only else chosen.all or not part.long)]
    results = [run(part, slow=chosen.all) for part in wanted]
    print("\n".join(table(results)))
    return 1 if any(result.failed for result in results) else 0


def run(part: Part, *, slow: bool) -> Result:
    """Run one part, or say why it cannot be run here."""
    chooses = slow or not part.counts or " -m " in part.command
    command = part.command + ("" if chooses else " -m 'not slow'")
    print(f"\n── {part.name}: python -m {command}", flush=True)
    start = time.monotonic()
    part = replace(part, long=part.long or slow)
    if part.name == "browser" and find_chromium() is None:
        result = _without_chromium(command)
    else:
        result = _run_counted(part, command) if part.counts else _run_tool(part, command)
    if part.name == "grading" and shutil.which("bwrap") is None:  # what needs it was skipped, or failed in CI
        passed, failed, skipped = result[:3]
        result = (passed, failed, 0, skipped)
    return Result(part.name, *result, seconds=time.monotonic() - start)


def table(results: Iterable[Result]) -> list[str]:
    """Give the closing lines: one row per part, what was not run, and the totals alone on the last line."""
    rows = list(results)
    head = f"{'part':12} {'passed':>8} {'failed':>8} {'skipped':>8} {'not run':>8} {'seconds':>8}"
    lines = ["", head, "─" * len(head)]
    for row in rows:
        counts = (row.passed, row.failed, row.skipped, row.not_run)
        lines.append(f"{row.name:12} " + " ".join(f"{count:8}" for count in counts) + f" {row.seconds:8.1f}")
    lines.append(f"{'all':12} {'':>35} {sum(row.seconds for row in rows):8.1f}")
    lines += [f"not run: {row.not_run} {row.name} tests. Type: {INSTALL[row.name]}" for row in rows if row.not_run]
    return [*lines, f"{sum(row.passed for row in rows)} passed, {sum(row.failed for row in rows)} failed"]


def _run_tool(part: Part, command: str) -> tuple[int, int]:
    ok = _python_m(command, part) == 0
    return (1, 0) if ok else (0, 1)


def _run_counted(part: Part, command: str) -> tuple[int, int, int]:
    """Run pytest and count in its own report. A run without a report, or without a test, is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        status = _python_m(f"{command} --junit-xml={report.as_posix()}", part)
        cases = list(ET.parse(report).iter("testcase")) if report.exists() else []
    failed = sum(any(case.find(tag) is not None for tag in ("failure", "error")) for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    return len(cases) - failed - skipped, failed or int(status != 0 or not cases), skipped


def _without_chromium(command: str) -> tuple[int, int, int, int]:
    """Count the tests that need Chromium instead of running them. In CI that is a failure."""
    print(f"Chromium is not installed (or TEMPMM_LAB_CHROMIUM names none). On Debian, type:\n  {INSTALL_CHROMIUM}")
    collect = [sys.executable, "-m", *shlex.split(command), "--collect-only", "-q"]
    listed = subprocess.run(collect, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    tests = sum("::" in line for line in listed.splitlines())
    return (0, 1 if os.environ.get("CI") == "true" or not tests else 0, 0, tests)


def _python_m(command: str, part: Part) -> int:
    """Run `python -m command` in the project's folder, with a limit; what it started is stopped with it."""
    limit = LONG_LIMIT if part.long else LIMIT
    words = [sys.executable, "-m", *shlex.split(command)]
    process = subprocess.Popen(words, cwd=ROOT, start_new_session=os.name != "nt")
    try:
        return process.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        print(f"{part.name}: stopped after {limit} s")
        return 1
    finally:
        if process.poll() is None:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if os.name == "nt":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="run the slow tests and the long oracle run too")
    parser.add_argument("--only", nargs="+", metavar="PART", choices=[part.name for part in parts()], default=[])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

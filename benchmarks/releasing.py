"""What archives for a course cost: seconds, memory, and the size of one.

Usage:
    python -m benchmarks.releasing [STUDENTS]     prints a table (default: 300 students); not on Windows
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Measure, and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        (course / "students.txt").write_text("\n".join(f"s{number}" for number in range(count)), encoding="utf-8")
        (course / "secret").write_bytes(bytes(range(32)))
        print(f"{count} students{'':<32}wall s   CPU s  peak MiB")
        _row("archives", course, "archives")
        _row("the same again, nothing to make", course, "archives")
        _row("files of seeds alone", course, "seeds", "--seeds-only")
        one = (course / "archives" / "s0.zip").stat().st_size
        print(f"one archive: {one / 1e6:.2f} MB; all: {sum(_sizes(course / 'archives')) / 2**20:.0f} MiB")


def _sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.glob("*.zip")]


def _row(what: str, course: Path, out: str, *more: str) -> None:
    words = ["-m", "tempmm_lab", "release", "--students", "students.txt", "--secret", "secret", "--out", out, *more]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *words], cwd=course, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    peak = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    print(f"{what:<40}{seconds:8.1f}{used.ru_utime + used.ru_stime:8.1f}{peak:10.0f}", flush=True)


if __name__ == "__main__":
    main()

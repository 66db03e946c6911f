"""Timing a real firmware call from Python: reading a variable's file under efivarfs. It reads, and never writes.

One `read()` of such a file makes the kernel call GetVariable twice: for the size, then for the data (Linux:
fs/efivarfs/file.c efivarfs_file_read()). Users other than root get a hundred reads a second; after that the kernel
makes them sleep. So what is timed is an upper bound: two calls, their way through the worker, and the system call.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from tempmm_lab.durations import in_words
from tempmm_lab.errors import ModelError, whole_number

EFIVARS = "/sys/firmware/efi/efivars"
FIRST_CHOICE = ("SecureBoot-", "BootOrder-", "OsIndications-")
MOST_READS = 50
_NAME = re.compile(r".+-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class FirmwareTiming:
    """What was timed, or why nothing was.

    Attributes:
        why_not: why nothing was timed; "" if something was.
        variable: the file that was read.
        times: how long each read took, in microseconds.
    """

    why_not: str = ""
    variable: str = ""
    times: tuple[float, ...] = ()

    def text(self) -> str:
        """Give the result in a few lines."""
        if self.why_not:
            return f"Nothing was timed: {self.why_not}"
        ordered = sorted(self.times)
        middle, (least, most) = ordered[len(ordered) // 2], (ordered[0], ordered[-1])
        return "\n".join([
            f"{self.variable}: {len(ordered)} reads, two GetVariable calls in each",
            f"  fastest {_short(least)}, median {_short(middle)}, slowest {_short(most)}",
            f"  so one call takes at most about {_short(middle / 2)} here, system call and worker included",
        ])  # fmt: skip

    def __str__(self) -> str:
        return self.text()

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text("FirmwareTiming(...)" if cycle else self.text())  # type: ignore[attr-defined]


def time_get_variable(folder: str | Path = EFIVARS, reads: int = MOST_READS) -> FirmwareTiming:
    """Read one firmware variable of this machine a few times and say how long it took. It never writes.

    Where there is no such folder, nothing is done, and the result says why. When predictions are answered by
    themselves, as for the book's own pages, nothing is timed either, so that the pages are the same everywhere.

    Raises:
        ModelError: `reads` is not from 1 to 50 (above a hundred a second the kernel makes a user wait).
    """
    if not 1 <= whole_number(reads, "reads") <= MOST_READS:
        raise ModelError(f"reads is from 1 to {MOST_READS}: more, and the kernel would slow you down. Got {reads}.")
    if os.environ.get("TEMPMM_LAB_ANSWERS") and str(folder) == EFIVARS:
        return FirmwareTiming("this page was made by the book's own run, which uses no clock. Run the cell yourself.")
    place = Path(folder)
    if not place.is_dir():
        return FirmwareTiming(_no_folder(place))
    file = _variable(place)
    if file is None:
        return FirmwareTiming(f"{place} holds no variable that may be read here: efivarfs may not be mounted.")
    return _timed(file, reads)


def _no_folder(place: Path) -> str:
    return (
        f"there is no folder {place}. This is no Linux that was booted by UEFI firmware, or a container or virtual "
        "machine hides it."
    )


def _variable(place: Path) -> Path | None:
    """Give a well-known variable's file, else the first one that may be read."""
    try:
        names = sorted(entry.name for entry in place.iterdir() if _NAME.fullmatch(entry.name))
    except OSError:
        return None
    known = [name for start in FIRST_CHOICE for name in names if name.startswith(start)]
    return next((place / name for name in [*known, *names] if os.access(place / name, os.R_OK)), None)


def _timed(file: Path, reads: int) -> FirmwareTiming:
    times = []
    for _ in range(reads):
        try:
            descriptor = os.open(file, os.O_RDONLY)
            try:
                before = time.perf_counter_ns()
                os.read(descriptor, 1 << 16)
                times.append((time.perf_counter_ns() - before) / 1000)
            finally:
                os.close(descriptor)
        except OSError as error:
            return FirmwareTiming(f"{file.name} cannot be read: {error.strerror}.")
    return FirmwareTiming("", file.name, tuple(times))


def _short(us: float) -> str:
    return in_words(float(f"{us:.3g}"))

"""A real shootdown, timed in plain Python: a program of its own, which imports nothing of this package.

Usage: python tenlines.py alone|thread TIMES TOUCH, or python tenlines.py busy. The first prints the time of all drops
in seconds and how many interrupts of the TLB row came meanwhile; the second keeps a CPU busy until it is stopped.
"""

import hashlib
import mmap
import sys
import threading
import time


def busy() -> None:
    """Hash 128 MiB again and again: code in C, which needs no GIL meanwhile."""
    data = bytes(1 << 27)
    while True:
        hashlib.sha256(data)


def interrupts() -> int:
    """Give the sum of the TLB row of /proc/interrupts."""
    with open("/proc/interrupts", encoding="ascii") as table:  # noqa: PTH123
        row = next(line for line in table if line.split()[0] == "TLB:")
    return sum(int(word) for word in row.split() if word.isdigit())


def drop(times: int, touch: int) -> tuple[float, int]:
    """Map one page, touch it, drop it, and again; give seconds and interrupts."""
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    before, begin = interrupts(), time.perf_counter()
    for _ in range(times):
        if touch:
            page[0] = 1
        page.madvise(mmap.MADV_DONTNEED)
    return time.perf_counter() - begin, interrupts() - before


if __name__ == "__main__":
    if sys.argv[1] == "busy":
        print("busy", flush=True)  # noqa: T201
        busy()
    if sys.argv[1] == "thread":
        threading.Thread(target=busy, daemon=True).start()
        time.sleep(0.3)
    print(*drop(int(sys.argv[2]), int(sys.argv[3])))  # noqa: T201

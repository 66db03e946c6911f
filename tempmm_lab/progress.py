"""How far a command has come, on stderr, for what takes longer than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def counter(done_what: str) -> Callable[[int, int], None]:
    """Give a progress for (done, in all) that prints about twice a second, once a second has passed."""
    next_word = time.monotonic() + 1

    def told(done: int, total: int) -> None:
        nonlocal next_word
        now = time.monotonic()
        if now > next_word:
            next_word = now + 0.5
            print(f"{done} of {total} {done_what}", file=sys.stderr, flush=True)  # noqa: T201

    return told

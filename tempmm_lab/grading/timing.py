"""A limit on the time of our own work, where the system can interrupt it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TooLong(BaseException):
    """Our own work took too long. No handler of ordinary errors takes it for one of its own."""


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """Raise `TooLong` in what runs here, after some seconds. Only a process's main thread can be interrupted so.

    Raises:
        TooLong: the time is over.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

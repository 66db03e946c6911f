"""Processes on this machine that grade, and that are gone at once when this one stops or is killed."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor

PR_SET_PDEATHSIG = 1


class Graders(ProcessPoolExecutor):
    """Worker processes of our own code. What runs a student's code is a process below them, and ends with them."""

    def __init__(self, count: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        super().__init__(count, mp_context=spawn, initializer=_begin, initargs=(os.getpid(),))

    def stop(self) -> None:
        """End all of them now. What was finished is with the parent already."""
        running = list((getattr(self, "_processes", None) or {}).values())
        self.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.terminate()
        for process in running:
            process.join(5)


def _begin(parent: int) -> None:
    """Leave Ctrl-C to the parent, and end when it ends, however it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.name != "nt" and os.getppid() != parent:
        os._exit(1)

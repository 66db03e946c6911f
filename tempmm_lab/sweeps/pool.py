"""Worker processes for a sweep, on this machine, and how a sweep is stopped in them."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, TypeVar

from tempmm_lab.errors import ModelError, whole_number

T = TypeVar("T")
MOST = 61  # more is refused by Windows


class _Here:
    """What this process knows of the sweeps that were stopped: the number of the last one."""

    own = 0
    shared: Any = None  # in a worker of `processes`, the parent's word


class _Pool(ProcessPoolExecutor):
    """Worker processes that leave Ctrl-C to their parent, and are told by it which sweep to stop."""

    def __init__(self, count: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.stopped = spawn.Value("q", 0)
        super().__init__(count, mp_context=spawn, initializer=_begin, initargs=(self.stopped,))

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Hand over one call. Workers are started here: with Ctrl-C held back, until they know what to do with it."""
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def processes(count: int | None = None) -> ProcessPoolExecutor:
    """Give worker processes for `sweep(..., executor=...)`: as many as there are CPUs, or `count`.

    Use it in a `with` statement. The workers start as fresh interpreters ("spawn"), so that it works in a notebook,
    beside threads, and the same on every system. Ctrl-C stops what they explore within about a second and leaves them
    alive; the workers of a plain `ProcessPoolExecutor` die of it with a traceback.

    Raises:
        ModelError: `count` is no number from 1 to 61.
    """
    number = min(os.cpu_count() or 1, MOST) if count is None else whole_number(count, "The number of processes")
    if not 1 <= number <= MOST:
        raise ModelError(f"The number of processes must be from 1 to {MOST}, not {number}.")
    return _Pool(number)


def _begin(shared: Any) -> None:
    _Here.shared = shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def stop(sweep: int, executor: Executor) -> None:
    """Stop a sweep wherever this process can: in itself and in the workers of `processes`."""
    _Here.own = max(_Here.own, sweep)
    if isinstance(executor, _Pool):
        executor.stopped.value = sweep


def was_stopped(sweep: int) -> bool:
    """Say whether a sweep was stopped, as far as this process knows."""
    return sweep <= _Here.own or (_Here.shared is not None and sweep <= _Here.shared.value)

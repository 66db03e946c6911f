"""Grading many submissions, on any executor: every one once, with the same results whoever grades them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait

from tempmm_lab.grading.journal import Journal
from tempmm_lab.grading.marking import Job, Result, grade, refused
from tempmm_lab.grading.pool import Graders
from tempmm_lab.grading.strict import shown

AT_ONCE = 32
"""How many submissions are with an executor at a time; each carries the bytes of its notebook."""
Told = Callable[[int], None]
Keep = Callable[[Result], None]


def grade_all(
    jobs: Iterable[Job], journal: Journal, told: Told, *, executor: Executor | None = None, count: int = 1
) -> None:
    """Grade what the journal does not hold yet, and put each result there as soon as it is known.

    Args:
        jobs: the submissions. They are taken one by one, when there is room for one more.
        journal: what is known already, and where results go.
        told: called with how many are done, each time that one more is.
        executor: any `concurrent.futures.Executor`, such as the `get_executor()` of a Dask client. Without one,
            processes of this machine grade. If one of them dies, what was with it is graded again, one at a time; the
            submission with which a process dies twice is told as not graded.
        count: how many processes, where there is no executor.

    Ctrl-C ends what is running and is raised again; the journal then holds all that was finished.
    """
    done = 0

    def keep(result: Result | None) -> None:
        nonlocal done
        if result is not None:
            journal.add(result)
        done += 1
        told(done)

    def left() -> Iterator[Job]:
        for job in jobs:
            if _is_known(job, journal):
                keep(None)
            else:
                yield job

    if executor is None:
        _locally(left(), keep, count)
        return
    for job in _on(executor, left(), keep):
        keep(refused(job, "The grader's process ended.", again=True))


def _is_known(job: Job, journal: Journal) -> bool:
    known = journal.known.get((job.student, job.path))
    return known is not None and known["digest"] == job.digest and not known["again"]


def _locally(jobs: Iterator[Job], keep: Keep, count: int) -> None:
    while True:
        lost = _in_pool(count, jobs, keep)
        if not lost:
            return
        for job in lost:
            for again in _in_pool(1, iter((job,)), keep):
                keep(refused(again, "The grader's own process ended over this submission, twice.", again=True))


def _in_pool(count: int, jobs: Iterator[Job], keep: Keep) -> list[Job]:
    pool = Graders(count)
    try:
        return _on(pool, jobs, keep)
    finally:
        pool.stop()


def _on(executor: Executor, jobs: Iterator[Job], keep: Keep) -> list[Job]:
    """Grade until there are no more jobs or the executor is broken; give the jobs that were with it then."""
    running: dict[Future[Result], Job] = {}
    lost: list[Job] = []
    try:
        while True:
            while not lost and len(running) < AT_ONCE and (job := next(jobs, None)) is not None:
                try:
                    running[executor.submit(grade, job)] = job
                except (BrokenExecutor, RuntimeError):
                    lost.append(job)
            if not running:
                return lost
            # A limit, because on some systems a wait without one does not hear Ctrl-C.
            for future in wait(running, timeout=1, return_when=FIRST_COMPLETED).done:
                _received(future, running.pop(future), lost, keep)
    finally:
        for future in running:
            future.cancel()


def _received(future: Future[Result], job: Job, lost: list[Job], keep: Keep) -> None:
    error = future.exception()
    if error is None:
        keep(future.result())
    elif isinstance(error, BrokenExecutor):
        lost.append(job)
    else:
        keep(refused(job, f"The grader failed: {type(error).__name__}: {shown(error, 200)}", again=True))

"""How much a submission may use."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one submission may use. What goes over a limit is stopped, and told to the student in words.

    Attributes:
        wall: seconds for the whole submission.
        exercise: seconds for all calls of one exercise's function.
        judging: seconds for judging one exercise, our own work included: a kernel function can have many schedules.
        cell: seconds for one cell.
        call: seconds for one call of a function.
        start: seconds for a worker to come up.
        restarts: how often a worker is started again after a cell ended or hung it.
        cpu: seconds of processor time of one process.
        memory: bytes of address space of one process.
        processes: processes and threads, the worker's own among them.
        files: open files.
        file_size: bytes of one file.
        scratch: bytes in the scratch folder, the only place that can be written to.
        line: bytes of one line from the worker.
        output: bytes of all lines from the worker.
        notebook: bytes of the submitted file.
        cells: cells in it.
        source: characters of one cell.
    """

    wall: float = 120.0
    exercise: float = 20.0
    judging: float = 30.0
    cell: float = 10.0
    call: float = 5.0
    start: float = 20.0
    restarts: int = 5
    cpu: int = 60
    memory: int = 512 * MIB
    processes: int = 8
    files: int = 64
    file_size: int = 8 * MIB
    scratch: int = 16 * MIB
    line: int = 64 * 1024
    output: int = 16 * MIB
    notebook: int = 16 * MIB
    cells: int = 1000
    source: int = 200_000


LIMITS = Limits()
"""What a submission may use unless a test says otherwise."""

"""A student's function, called with plain data: here, with a limit on its time, or by the same rules elsewhere."""

from __future__ import annotations

import _thread
import io
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from tempmm_lab.assess.exercises.shapes import plain
from tempmm_lab.errors import ModelError
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.paging import Entry
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Access, Rights

SECONDS = 10.0
"""How long one call may take in practice."""
MOST_PRINTED = 2_000
"""How many characters a function may print in practice."""
Adapt = Callable[[Callable[..., Any], list[Any]], Any]


class NoAnswer(ModelError):
    """A student's function gave no answer; the message says why.

    Attributes:
        ended: False if it came to no end, so that asking it again would only take more time.
    """

    def __init__(self, message: str, *, ended: bool = True) -> None:
        super().__init__(message)
        self.ended = ended


class Printed(io.TextIOBase):
    """Lets the beginning of what a function prints through, over all its calls, so that no feedback drowns in it."""

    def __init__(self) -> None:
        self._to = sys.stdout
        self._left = MOST_PRINTED

    def write(self, text: str) -> int:
        """Print what may still be printed."""
        if self._left > 0:
            self._to.write(text[: self._left] + ("\n(no more of what it prints)\n" if len(text) >= self._left else ""))
        self._left -= len(text)
        return len(text)


@dataclass(frozen=True, slots=True)
class InProcess:
    """A function of this process, as practice calls it. It protects from mistakes, and from nothing else."""

    function: Callable[..., Any]
    adapt: Adapt
    seconds: float = SECONDS
    printed: Printed = field(default_factory=Printed)

    def call(self, args: list[Any]) -> Any:
        """Give what the function returns for these arguments, as plain data.

        Raises:
            NoAnswer: it raised an error, gave something else, or took too long.
        """
        name = str(getattr(self.function, "__name__", "your function"))
        late = threading.Event()
        try:
            with _limited(self.seconds, late), redirect_stdout(self.printed):
                return plain(self.adapt(self.function, args))
        except KeyboardInterrupt:
            why = (
                f": it came to no end within {self.seconds:g} seconds. Does it loop for ever?" if late.is_set() else "."
            )
            raise NoAnswer(f"{name} was stopped{why}", ended=False) from None
        except ModelError as error:
            raise NoAnswer(f"{name}: {error}") from None
        except RecursionError:
            raise NoAnswer(f"{name} calls itself without end.", ended=False) from None
        except BaseException as error:  # noqa: BLE001  (whatever a student's function raises is told to the student)
            raise NoAnswer(f"{name} raised {_told(error, self.function)}") from None


def _told(error: BaseException, function: Callable[..., Any]) -> str:
    """Give an error in one line, with the line of the student's function where it came up."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    where = f", at `{lines[-1]}`" if lines and lines[-1] else ""
    return f"{type(error).__name__}: {str(error)[:200]}{where}."


@contextmanager
def _limited(seconds: float, late: threading.Event) -> Iterator[None]:
    """Interrupt what runs in the main thread as Ctrl-C does, after some seconds, and again each second after that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()
    lock = threading.Lock()

    def watch() -> None:
        wait = seconds
        while not over.wait(wait):
            wait = 1.0
            with lock:
                if not over.is_set():
                    late.set()
                    _thread.interrupt_main()

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        with lock:
            over.set()


def walker(function: Callable[..., Any], args: list[Any]) -> Any:
    """Call a function of (memory, registers, va, access, **processor), as `translate` is called."""
    words, registers, va, access, processor = args
    memory = PhysicalMemory.from_words({int(pa): word for pa, word in words})
    return function(memory, Registers(**registers), va, Access(access), **processor)


def permission(function: Callable[..., Any], args: list[Any]) -> Any:
    """Call a function of (registers, rights, access)."""
    registers, rights, access = args
    return function(Registers(**registers), Rights(**rights), Access(access))


def flusher(function: Callable[..., Any], args: list[Any]) -> Any:
    """Call a function of (before, after, *, smep)."""
    before, after, smep = args
    return function(Entry(before), Entry(after), smep=smep)


def gate(function: Callable[..., Any], args: list[Any]) -> Any:
    """Call a function of plain data as it is."""
    return function(*args)


OF_DATA = (walker, permission, flusher, gate)
"""What calls a function of plain data; all else takes a kernel function's steps."""

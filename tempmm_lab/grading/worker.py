"""The student's side of a grading run. It runs alone, in a sandbox, and knows nothing that a student must not.

It reads one request per line and answers each with one line of JSON. What it says is checked on the other side; that
a student's code can change anything in this process is expected.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import linecache
import os
import signal
import sys
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from collections.abc import Iterator
from typing import Any

Reply = dict[str, Any]
LONGEST_ERROR = 400


class Worker:
    """The student's names, and what can be asked about them."""

    def __init__(self, line: int) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__, "display": _display}
        self.functions: dict[str, Any] = {}
        self.line = line

    def cell(self, request: Reply) -> Reply:
        """Run a cell."""
        name, source, left_out = f"<cell {request['number']}>", request["source"], 0
        try:
            try:
                code = _compiled(source, name)
            except SyntaxError:
                source, left_out = _without_magics(source)
                if not left_out:
                    raise
                code = _compiled(source, name)
            linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            running = eval(code, self.names)  # noqa: S307  (this is what the process is for)
            if inspect.iscoroutine(running):
                import asyncio  # not above: it takes a quarter of the time to come up, and few cells await

                asyncio.run(running)
        except BaseException as error:  # noqa: BLE001  (SystemExit too: the next cell runs all the same)
            return {"error": _told(error, name), "left_out": left_out}
        return {"error": None, "left_out": left_out}

    def answer(self, request: Reply) -> Reply:
        """Give the value that a name has, as plain data."""
        from tempmm_lab.assess.exercises.shapes import plain

        if request["name"] not in self.names:
            return {"state": "missing", "value": None, "why": ""}
        try:
            return {"state": "given", "value": plain(self.names[request["name"]]), "why": ""}
        except BaseException as error:  # noqa: BLE001  (a student's object may do anything)
            return {"state": "unfit", "value": None, "why": _text(error)}

    def function(self, request: Reply) -> Reply:
        """Take hold of a function, to be called later; what has its name then does not matter."""
        if request["name"] not in self.names:
            return {"state": "missing"}
        found = self.names[request["name"]]
        self.functions[request["exercise"]] = found
        return {"state": "given" if callable(found) else "none" if found is None else "unfit"}

    def call(self, request: Reply) -> Reply:
        """Call a function with plain data."""
        from tempmm_lab.assess.exercises import find_exercise
        from tempmm_lab.assess.exercises.shapes import plain

        adapt = find_exercise(request["exercise"]).adapt
        if adapt is None or request["exercise"] not in self.functions:
            return {"error": "no such function was taken hold of", "ended": False}
        function = self.functions[request["exercise"]]
        name = str(getattr(function, "__name__", "your function"))[:100]
        try:
            with _no_longer_than(request["seconds"]):
                return {"value": plain(adapt(function, request["args"]))}
        except _TooLong:
            return {"error": f"{name} came to no end within {request['seconds']:g} seconds.", "ended": False}
        except RecursionError:
            return {"error": f"{name} calls itself without end.", "ended": False}
        except BaseException as error:  # noqa: BLE001  (whatever a student's function raises is told to the student)
            ours = type(error).__module__ == "tempmm_lab.errors"
            file = getattr(getattr(function, "__code__", None), "co_filename", "")
            said = f"{name}: {_text(error)}" if ours else f"{name} raised {_told(error, file)}."
            return {"error": said, "ended": not isinstance(error, (SystemExit, KeyboardInterrupt))}

    def reply(self, line: str) -> str:
        """Give the answer to one line."""
        request = json.loads(line)
        what = {"cell": self.cell, "answer": self.answer, "function": self.function, "call": self.call}
        said = json.dumps({"id": request["id"], **what[request["do"]](request)})
        if len(said) >= self.line:
            said = json.dumps({"id": request["id"], "too_long": True})
        return said + "\n"


class _TooLong(BaseException):
    """A call took too long. Code that swallows even this is ended from outside."""


@contextlib.contextmanager
def _no_longer_than(seconds: float) -> Iterator[None]:
    """Interrupt what runs after some seconds, and again every second. It needs no thread: there may be none."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: object) -> None:
        raise _TooLong

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _display(*_: Any, **__: Any) -> None:
    """Stand in for the notebook's display(): nobody looks here."""


def _compiled(source: str, name: str) -> Any:
    return compile(source, name, "exec", flags=PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def _without_magics(source: str) -> tuple[str, int]:
    """Give a cell without the lines that only a notebook understands, and how many they were."""
    lines = source.split("\n")
    magic = [line.lstrip()[:1] in ("%", "!", "?") or line.rstrip().endswith("?") for line in lines]
    kept = ["" if one else line for line, one in zip(lines, magic, strict=True)]
    return "\n".join(kept), sum(magic)


def _text(error: BaseException) -> str:
    """Give an error's own words, whatever its class does when it is asked for them."""
    try:
        return str(error)[:LONGEST_ERROR]
    except BaseException:  # noqa: BLE001
        return "an error that cannot be told"


def _told(error: BaseException, name: str) -> str:
    """Give an error in one line, with the line of the cell that it came from."""
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == name else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    where = f" (line {line})" if line else ""
    return f"{type(error).__name__}: {_text(error)}{where}"


def _limit(limits: Reply, uid: int | None) -> None:
    """Become somebody without rights, and take the limits. Neither can be undone from here."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("1000")  # if memory runs out, the kernel takes this process first
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    try:
        import resource
    except ImportError:  # Windows, where only --unsafe runs
        return
    for name, value in limits.items():
        if hasattr(resource, name):
            with contextlib.suppress(ValueError, OSError):  # lower already, or not known here
                resource.setrlimit(getattr(resource, name), (value, value))


def main() -> None:
    """Take the limits, move the two ends of the line out of the way, and answer until there is no more request."""
    settings = json.loads(sys.argv[1])
    asked, said = os.fdopen(os.dup(0), encoding="utf-8"), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    _limit(settings["limits"], settings["uid"])
    sys.path.insert(0, settings["library"])
    os.chdir(settings["scratch"])
    with open("tempmm-seeds.json", "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump({"format": 1, "seeds": settings["seeds"]}, file)
    import tempmm_lab.assess.exercises.task  # noqa: F401  (before the first cell, so that no cell pays for it)

    for place in (0, 1, 2):
        os.dup2(nowhere, place)
    me, worker = os.getpid(), Worker(settings["line"])
    os.write(said, b'{"id": 0, "ready": true}\n')
    for line in asked:
        reply = worker.reply(line)
        if os.getpid() != me:  # a child that a cell forked and forgot
            os._exit(0)
        with os.fdopen(os.dup(said), "w", encoding="ascii") as out:
            out.write(reply)


if __name__ == "__main__":
    main()

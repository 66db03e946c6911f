"""A worker process at the other end of two pipes: a line there, a line back, within limits of time and size."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tempmm_lab.grading.limits import Limits
from tempmm_lab.grading.strict import fits, plain_json, shown

SHAPES: Mapping[str, tuple[Mapping[str, tuple[type, ...]], ...]] = {
    "cell": ({"id": (int,), "error": (str, type(None)), "left_out": (int,)},),
    "answer": ({"id": (int,), "state": (str,), "value": (), "why": (str,)},),
    "function": ({"id": (int,), "state": (str,)},),
    "call": ({"id": (int,), "value": ()}, {"id": (int,), "error": (str,), "ended": (bool,)}),
}
"""What a worker may answer to each request: the names, and at each its exact types; none given allows any."""
TOO_LONG: Mapping[str, tuple[type, ...]] = {"id": (int,), "too_long": (bool,)}


class Gone(Exception):
    """A worker ended, hung, or broke the rules, and was killed.

    Attributes:
        why: the rest of a sentence that begins with what it was doing.
        started: whether it had come up at all.
    """

    def __init__(self, why: str, *, started: bool = True) -> None:
        super().__init__(why)
        self.why = why
        self.started = started


class Line:
    """A worker and the line to it. Any trouble kills the worker and raises `Gone`."""

    def __init__(self, command: Sequence[str], limits: Limits, deadline: float, **popen: Any) -> None:
        self._limits, self._deadline = limits, deadline
        self._heard, self._total, self._number = bytearray(), 0, 0
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=os.name != "nt", **popen
        )
        for end in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert end is not None
            os.set_blocking(end.fileno(), False)
        try:
            ready = plain_json(self._exchange(b"", limits.start))
        except (Gone, ValueError) as error:
            complaint = self._complaint()
            self.close()
            raise Gone(f"did not come up: {complaint or shown(error)}", started=False) from None
        if ready != {"id": 0, "ready": True}:
            self.close()
            raise Gone("did not come up: it said something else", started=False)
        self._close_end(self._process.stderr)

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Give the answer to a request, checked against the shape that it must have.

        Raises:
            Gone: there is none within the time, or it is no such answer.
        """
        self._number += 1
        sent = (_dumped({**request, "id": self._number}) + "\n").encode("ascii")
        try:
            said = plain_json(self._exchange(sent, seconds))
        except ValueError as error:
            raise self._broken(f"wrote to the grader's line ({error})") from None
        if fits(said, TOO_LONG):
            said_too_long = f"gave more than the {self._limits.line:,} characters that cross"
            raise self._broken(said_too_long)
        if not any(fits(said, shape) for shape in SHAPES[request["do"]]) or said["id"] != self._number:
            raise self._broken("wrote to the grader's line")
        answer: dict[str, Any] = said
        return answer

    def _broken(self, why: str) -> Gone:
        self.close()
        return Gone(why)

    def _exchange(self, sent: bytes, seconds: float) -> bytes:
        """Send bytes and give the next line. Both go on at once, so that neither side waits for the other."""
        until = min(time.monotonic() + seconds, self._deadline)
        left = memoryview(sent)
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)  # type: ignore[arg-type]
            if left:
                ready.register(self._process.stdin, selectors.EVENT_WRITE)  # type: ignore[arg-type]
            while (end := self._heard.find(b"\n")) < 0:
                wait = until - time.monotonic()
                if wait <= 0:
                    whole = until >= self._deadline
                    raise self._broken(
                        "used up the submission's time" if whole else f"came to no end within {seconds:g} seconds"
                    )
                for key, _ in ready.select(wait):
                    if key.fileobj is self._process.stdout:
                        self._hear()
                    else:
                        left = self._say(left)
                        if not left:
                            ready.unregister(key.fileobj)
        line = bytes(self._heard[:end])
        del self._heard[: end + 1]
        if self._heard:
            raise self._broken("wrote to the grader's line")
        return line

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            heard = os.read(self._process.stdout.fileno(), 1 << 16)  # type: ignore[union-attr]
            if not heard:
                raise self._broken(self._ended())
            self._heard += heard
            self._total += len(heard)
        if len(self._heard) > self._limits.line or self._total > self._limits.output:
            raise self._broken("wrote too much to the grader's line")

    def _say(self, left: memoryview) -> memoryview:
        try:
            return left[os.write(self._process.stdin.fileno(), left[: 1 << 16]) :]  # type: ignore[union-attr]
        except BlockingIOError:
            return left
        except OSError:
            raise self._broken(self._ended()) from None

    def _ended(self) -> str:
        try:
            status = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return "closed the grader's line"
        number = -status if status < 0 else status - 128
        if number == signal.SIGKILL:
            return "was killed (for the memory or the processor time that it used, or by itself)"
        names = {int(one): one.name for one in signal.Signals}
        return f"ended Python ({names[number]})" if number in names else f"ended Python (status {status})"

    def _complaint(self) -> str:
        """Give what the sandbox or Python said before it gave up."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        try:
            return shown(os.read(self._process.stderr.fileno(), 2000).strip())  # type: ignore[union-attr]
        except (OSError, ValueError):
            return ""

    def close(self) -> None:
        """Kill the worker with all that it started, and wait until it is gone."""
        if os.name == "nt":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        for end in (self._process.stdin, self._process.stdout, self._process.stderr):
            self._close_end(end)

    @staticmethod
    def _close_end(end: Any) -> None:
        with contextlib.suppress(OSError):
            end.close()


def _dumped(request: Mapping[str, Any]) -> str:
    import json

    return json.dumps(request, allow_nan=False)

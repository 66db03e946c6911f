"""The journal of a batch: every result as soon as it is there, so that a batch that was killed goes on where it was."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tempmm_lab.errors import ModelError

NAME, SECRET = "journal.jsonl", "judging-secret"
FORMAT = 1


class Journal:
    """Results by (student, path), on disk as lines of JSON. A line that was cut off by a crash is dropped."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.path = folder / NAME
        self.known: dict[tuple[str, str], dict[str, Any]] = {}
        head = {"format": FORMAT, "fingerprint": fingerprint}
        self._file = open(self.path, "a+b")  # noqa: SIM115, PTH123  (closed by `close`)
        try:
            _lock(self._file.fileno(), self.path)
            whole = self._read(head)
            self._file.truncate(whole)
            if whole == 0:
                self._write(head)
        except BaseException:
            self._file.close()
            raise

    def _read(self, head: dict[str, Any]) -> int:
        """Read what is there; give the number of bytes that are whole lines."""
        self._file.seek(0)
        lines = self._file.read().split(b"\n")
        whole = 0
        for number, line in enumerate(lines[:-1]):
            try:
                entry = json.loads(line)
                if number == 0 and entry != head:
                    raise ModelError(
                        f"{self.path} is of a batch that was graded in another way (other secret, sandbox or version). "
                        "Give another --out, or --fresh to grade everything again."
                    )
                if number:
                    self.known[entry["student"], entry["path"]] = entry
            except (ValueError, KeyError, TypeError) as error:
                if isinstance(error, ModelError):
                    raise
                break
            whole += len(line) + 1
        return whole

    def add(self, result: dict[str, Any]) -> None:
        """Keep a result. When this returns it is on disk."""
        self._write(result)
        self.known[result["student"], result["path"]] = result

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry).encode("ascii") + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _lock(handle: int, path: Path) -> None:
    """Keep a second grader out."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ModelError(f"Another grader is at work in {path.parent}. Wait for it, or give another --out.") from None


def judging_secret(folder: Path) -> bytes:
    """Give the secret of a batch that no course's secret was given for: made once, and kept for the next start."""
    path = folder / SECRET
    if not path.exists():
        write_whole(path, secrets.token_bytes(32))
        path.chmod(0o600)
    return path.read_bytes()


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file so that at any moment there is the old one or the new one, and never half of one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

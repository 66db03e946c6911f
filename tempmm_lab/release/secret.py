"""The course's secret: a file of the teacher's, from which every student's seeds are made."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from tempmm_lab.errors import ModelError

SIZE = 32
LEAST = 16


def read_secret(path: Path) -> bytes:
    """Give the secret in a file.

    Raises:
        ModelError: it cannot be read, or has fewer than 16 bytes.
    """
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"There is no file {path}. To make a secret, give --new-secret {path} instead.") from None
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror}.") from None
    if len(found) < LEAST:
        raise ModelError(f"The secret in {path} has {len(found)} bytes; it needs {LEAST}. --new-secret FILE makes one.")
    return found


def make_secret(path: Path) -> bytes:
    """Make a secret in a new file, which nobody else on this machine can read.

    Raises:
        ModelError: there is such a file, which is never overwritten; or none can be written there.
    """
    made = secrets.token_bytes(SIZE)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        raise ModelError(f"{path} is there already and stays as it is. To use it, give --secret {path}.") from None
    except OSError as error:
        raise ModelError(f"Cannot write {path}: {error.strerror}.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(made)
        file.flush()
        os.fsync(handle)
    return made


def fingerprint(secret: bytes) -> str:
    """Give what tells one secret from another, and nothing about it."""
    return hmac.digest(secret, b"tempmm-lab release", "sha256").hex()[:16]

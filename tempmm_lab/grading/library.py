"""The copy of this package that a student's process sees: without keys, without the grader, without the book."""

from __future__ import annotations

import atexit
import compileall
import functools
import os
import py_compile
import shutil
import tempfile
from pathlib import Path

from tempmm_lab.keyless import NOT_RUN, PACKAGE

WORKER = "worker.py"


def _ignored(folder: str, names: list[str]) -> list[str]:
    here = Path(folder).relative_to(PACKAGE)
    return [name for name in names if name == "__pycache__" or (here / name).as_posix() in NOT_RUN]


def make_library(folder: Path) -> Path:
    """Copy the package into a folder, compile it, put the worker beside it, and give the folder."""
    shutil.copytree(PACKAGE, folder / "tempmm_lab", ignore=_ignored)
    shutil.copyfile(PACKAGE / "grading" / WORKER, folder / WORKER)
    # "unchecked": a student's process cannot write there, and looks at one file per module instead of two.
    compileall.compile_dir(
        str(folder), quiet=2, ddir="/lab", invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)  # the student's process runs as somebody else
    return folder


def library(made: str = "") -> Path:
    """Give the copy that was made, if it is on this machine, else this process's own."""
    return Path(made) if made and (Path(made) / WORKER).is_file() else _own_library()


@functools.lru_cache(maxsize=1)
def _own_library() -> Path:
    """Give this process's copy, made when first asked for and deleted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tempmm-lab-"))
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)
    return make_library(folder / "lab")

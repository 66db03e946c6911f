"""The command `tempmm-lab release`: a list of students in, an archive for each of them out.

Exit status: 0 done, 2 misuse, 3 stopped before the end.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tempmm_lab.errors import ModelError
from tempmm_lab.progress import counter
from tempmm_lab.release.archive import WHERE, Archives, chosen_notebooks, seeds_file
from tempmm_lab.release.folder import Folder, Made
from tempmm_lab.release.secret import fingerprint, make_secret, read_secret
from tempmm_lab.release.students import read_students

DONE = 0
OUT = Path("tempmm-release")


def add_release(command: Any) -> None:
    """Add the command to the parser of `tempmm-lab`; `command` makes one."""
    made = command(release_command, "release", "make an archive for each student, with tasks of their own and no keys")
    made.add_argument("--students", type=Path, required=True, metavar="FILE", help="one id a line, or a table (CSV)")
    made.add_argument("--column", metavar="NAME", help="the table's column of ids, if it is none of the usual")
    secret = made.add_mutually_exclusive_group(required=True)
    secret.add_argument("--secret", type=Path, metavar="FILE", help="the course's secret, which the tasks come from")
    secret.add_argument("--new-secret", type=Path, metavar="FILE", help="make one, in a file that is not there yet")
    made.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where they go (default: {OUT})")
    some = "only these notebooks of exercises, such as 3 or 03-the-cache (default: all)"
    made.add_argument("--only", nargs="+", metavar="NOTEBOOK", help=some)
    made.add_argument("--hand-in", default=WHERE, metavar="TEXT", help="where to hand in, for the page in each archive")
    seeds = "only DIR/STUDENT/tempmm-seeds.json, for a course that has the book installed"
    made.add_argument("--seeds-only", action="store_true", help=seeds)
    made.add_argument("--fresh", action="store_true", help="make everything again, also with another secret")


def release_command(chosen: argparse.Namespace) -> int:
    """Make what is missing, and say what there is."""
    if chosen.seeds_only and chosen.only:
        raise ModelError("--seeds-only hands out no notebooks: leave out --only.")
    students = read_students(chosen.students, chosen.column)
    only = chosen_notebooks(chosen.only) if chosen.only else None
    out = chosen.out.absolute()
    secret = _secret(chosen, out)
    try:
        folder, content = _kind(only, chosen, out, secret)
        folder.open(students.ids, fresh=chosen.fresh)
    except ModelError:
        if chosen.new_secret:  # nothing was made with it
            chosen.new_secret.unlink()
        raise
    done = folder.fill(students.ids, lambda student: content(secret, student), counter("made"))
    print(_summary(chosen, students.column, done))  # noqa: T201
    return DONE


def _kind(
    only: list[str] | None, chosen: argparse.Namespace, out: Path, secret: bytes
) -> tuple[Folder, Callable[[bytes, str], bytes]]:
    """Give the folder, with what is true of everything in it, and what makes a student's file."""
    about: dict[str, Any] = {"secret": fingerprint(secret)}
    if chosen.seeds_only:
        return Folder(out, "seeds", about), seeds_file
    archives = Archives(only, chosen.hand_in)
    about |= {"package": archives.version, "content": archives.content, "notebooks": list(archives.notebooks)}
    return Folder(out, "archives", about), archives.of


def _secret(chosen: argparse.Namespace, out: Path) -> bytes:
    path: Path = (chosen.secret or chosen.new_secret).absolute()
    if out.resolve() in path.resolve().parents:
        raise ModelError(f"The secret must not lie in {chosen.out}, which is handed out. Keep it elsewhere.")
    return read_secret(path) if chosen.secret else make_secret(path)


def _summary(chosen: argparse.Namespace, column: str, done: Made) -> str:
    what = "files of seeds" if chosen.seeds_only else "archives"
    count = len(done.made) + len(done.again) + len(done.kept)
    source = f" (column {column!r})" if column else ""
    lines = [f"{count} students in {chosen.students}{source}."]
    if done.again:
        lines.append(f"Made again, because they were not as they should be: {', '.join(done.again)}.")
    if done.others:
        lines.append(f"Of nobody in the list, and left alone: {', '.join(done.others)}.")
    if chosen.new_secret:
        lines.append(f"The secret is in {chosen.new_secret}. Keep a copy: without it nothing can be marked.")
    lines.append(f"{len(done.made) + len(done.again)} {what} made, {len(done.kept)} there already: {chosen.out}")
    return "\n".join(lines)

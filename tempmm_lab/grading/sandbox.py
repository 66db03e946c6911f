"""Where a student's code runs: in bubblewrap, without network, with nothing to read but Python and our library.

Where bubblewrap is not there or does not work, nothing is run, unless a teacher says `--unsafe`.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tempmm_lab.errors import ModelError
from tempmm_lab.grading.library import WORKER, library
from tempmm_lab.grading.limits import LIMITS, Limits
from tempmm_lab.grading.seccomp import seccomp_filter
from tempmm_lab.grading.wire import Gone, Line
from tempmm_lab.keyless import PACKAGE

INSTALL = "apt-get install -y bubblewrap"
LAB, SCRATCH = "/lab", "/scratch"
SHARED = ("/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32")
"""Where a system keeps the libraries that Python is linked with."""
ROOT_UIDS = 1_000_000
OTHERS = 2_000


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Workers in bubblewrap."""

    path: str
    lab: str
    name: str = "bubblewrap"

    def start(self, seeds: Mapping[str, int], limits: Limits, deadline: float) -> Line:
        """Give a new worker, which has come up.

        Raises:
            Gone: it has not.
        """
        place = {"library": LAB, "scratch": SCRATCH, "uid": own_uid()}
        command = [*_walls(self.path, library(self.lab), limits), "--chdir", SCRATCH]
        python = ["--", *_python(f"{LAB}/{WORKER}", seeds, limits, place)]
        program = seccomp_filter()
        if program is None:
            return Line([*command, *python], limits, deadline, env=_environment())
        read, write = os.pipe()
        try:
            os.write(write, program)
            os.close(write)
            command += ["--seccomp", str(read), *python]
            return Line(command, limits, deadline, env=_environment(), pass_fds=(read,))
        finally:
            os.close(read)


@dataclass(frozen=True, slots=True)
class Unsafe:
    """Workers without a sandbox: limits on time and size, and nothing that keeps a student's code from anything."""

    lab: str
    name: str = "none"

    def start(self, seeds: Mapping[str, int], limits: Limits, deadline: float) -> Line:
        """Give a new worker, which has come up.

        Raises:
            Gone: it has not.
        """
        lab = library(self.lab)
        folder = tempfile.mkdtemp(prefix="scratch-", dir=lab.parent)
        place = {"library": str(lab), "scratch": folder, "uid": None}
        return Line(_python(str(lab / WORKER), seeds, limits, place), limits, deadline, env=_environment())


Sandbox = Bubblewrap | Unsafe


def own_uid() -> int | None:
    """Give a user that nobody else is, for what this thread runs; None where we are not root.

    Root needs it because the kernel does not limit root's processes; and a user of their own, because it counts them
    by user: a shared one would let one student's processes use up another's.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    mapped = [line.split() for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()]
    here = threading.get_native_id()
    if any(int(first) <= ROOT_UIDS and int(first) + int(count) > ROOT_UIDS + (1 << 22) for first, _, count in mapped):
        return ROOT_UIDS + here
    return 60_000 + here % 5_000


def _environment() -> dict[str, str]:
    """Give the environment for the sandbox itself, too: a student can read it where we are not root."""
    return {"HOME": SCRATCH, "LANG": "C.UTF-8", "PATH": "/nowhere"}


def _python(worker: str, seeds: Mapping[str, int], limits: Limits, place: Mapping[str, object]) -> list[str]:
    numbers = {
        "RLIMIT_CPU": limits.cpu,
        "RLIMIT_AS": limits.memory,
        "RLIMIT_NPROC": limits.processes + _others(),
        "RLIMIT_NOFILE": limits.files,
        "RLIMIT_FSIZE": limits.file_size,
        "RLIMIT_CORE": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_MEMLOCK": 0,
    }
    settings = {**place, "limits": numbers, "seeds": dict(seeds), "line": limits.line}
    return [_interpreter(), "-I", "-S", "-B", worker, json.dumps(settings)]


def _others() -> int:
    """Give how many processes that are none of the worker's the kernel may count as its own.

    Before Linux 5.14 it counts all that a user has, outside of the sandbox too.
    """
    release = re.match(r"(\d+)\.(\d+)", os.uname().release) if hasattr(os, "uname") else None
    new = release is not None and (int(release[1]), int(release[2])) >= (5, 14)
    return 0 if own_uid() is not None or new else OTHERS


def _interpreter() -> str:
    """Give the Python below any virtual environment: the worker has no use for what is installed there."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return os.path.realpath(base)


def _walls(bwrap: str, lab: Path, limits: Limits) -> list[str]:
    """Give bubblewrap's arguments: what is there to be seen, and that is all there is."""
    made = [bwrap, "--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid", "--unshare-net"]
    made += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "lab", "--cap-drop", "ALL"]
    if own_uid() is None:
        made += ["--unshare-user", "--uid", "64999", "--gid", "64999"]
    else:
        made += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    made += ["--clearenv"]
    for name, value in _environment().items():
        made += ["--setenv", name, value]
    made += [*_readable(), "--ro-bind", str(lab), LAB, "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    made += ["--perms", "1777", "--size", str(limits.scratch), "--tmpfs", SCRATCH, "--remount-ro", "/"]
    return made


@functools.lru_cache(maxsize=1)
def _readable() -> tuple[str, ...]:
    """Give the arguments for what can be read: Python, the libraries that it needs, and ours."""
    interpreter, stdlib = _interpreter(), os.path.realpath(sysconfig.get_path("stdlib"))
    prefix = Path(os.path.realpath(sys.base_prefix))
    wanted = [*map(Path, SHARED), prefix / "lib", Path(stdlib), Path(interpreter), Path("/etc/ld.so.cache")]
    made: list[str] = []
    seen: set[Path] = set()
    for path in wanted:
        if not path.exists() or path in seen or (path.parent in seen and not path.is_symlink()):
            continue
        seen.add(path)
        made += _open_parents(path)
        made += (
            ["--symlink", str(path.readlink()), str(path)] if path.is_symlink() else ["--ro-bind", str(path), str(path)]
        )
    for path in _other_packages():
        if any(path.is_relative_to(one) for one in seen):
            made += ["--tmpfs", str(path), "--remount-ro", str(path)]
    return tuple(made)


def _open_parents(path: Path) -> list[str]:
    """Give arguments that make the folders above a path; bubblewrap itself would close them to everybody but root."""
    parents = [parent for parent in reversed(path.parents) if parent != Path("/")]
    return [word for parent in parents for word in ("--perms", "0755", "--dir", str(parent))]


def _other_packages() -> list[Path]:
    """Give the folders of installed packages, which are hidden: ours may be among them, with its keys."""
    names = {*site.getsitepackages([sys.base_prefix]), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    for folder in map(Path, ("/usr/lib", "/usr/local/lib", f"{sys.base_prefix}/lib")):
        names |= {str(found) for kind in ("site", "dist") for found in folder.glob(f"python3*/{kind}-packages")}
    return sorted({Path(os.path.realpath(name)) for name in names if Path(name).is_dir()})


PROBE = """
import os
holds = {{
    "there is a network": [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line] == ["lo"],
    "it runs as root": os.getuid() != 0,
    "other processes can be seen": sum(map(str.isdigit, os.listdir("/proc"))) <= 3,
    "files can be written": not any(os.access(place, os.W_OK) for place in ("/", "/lab", "/dev", "/usr", "/etc")),
    "what must be hidden can be read": not any(os.path.exists(place) for place in {hidden}),
}}
"""
"""What a sandbox must keep, tried from inside: words for what is wrong, and whether that is not so."""


def find_sandbox(*, unsafe: bool = False, hide: Iterable[Path] = ()) -> Sandbox:
    """Give a sandbox that was tried just now, from inside: what is in `hide` must not be there.

    Raises:
        ModelError: there is none here; the message says why and what to do.
    """
    if unsafe:
        return Unsafe(str(library()))
    path = shutil.which("bwrap")
    if path is None:
        raise ModelError(f"Students' code runs in bubblewrap, and it is not here. On Debian, type: {INSTALL}")
    sandbox = Bubblewrap(path, str(library()))
    try:
        wrong = _tried(sandbox, [*map(str, hide), str(PACKAGE / "assess" / "exercises" / "keys")])
    except (Gone, OSError, subprocess.SubprocessError) as error:
        raise ModelError(f"Students' code runs in bubblewrap, and it does not work here. The worker {error}.") from None
    if wrong:
        raise ModelError(f"Students' code runs in bubblewrap, and here that keeps nothing apart: {', '.join(wrong)}.")
    return sandbox


def _tried(sandbox: Bubblewrap, hidden: list[str]) -> list[str]:
    """Give what is wrong inside, in words."""
    line = sandbox.start({}, LIMITS, time.monotonic() + LIMITS.start)
    try:
        said = line.ask({"do": "cell", "number": 0, "source": PROBE.format(hidden=hidden)}, LIMITS.cell)
        holds = line.ask({"do": "answer", "name": "holds"}, LIMITS.cell)["value"]
    finally:
        line.close()
    if type(holds) is not dict:
        return [f"it could not be tried ({said['error']})"]
    return [str(what) for what, so in holds.items() if so is not True]

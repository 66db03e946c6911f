"""Start JupyterHub over a demonstration course, say where it is and who can log in, and stop it on Ctrl-C.

Usage:
    python -m tests.hub.serve                     what `make hub` runs
    python -m tests.hub.serve --folder F --fresh  another course folder, made anew

It is for looking: everything runs on this computer and answers to this computer only. `docs/hub.md` says more.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.hub.course import EXAMPLE, ROOT, TEACHER, make_course, own_path

PROXY = ROOT / "build" / "proxy" / "node_modules" / ".bin" / "configurable-http-proxy"
PORTS = (8000, 8081, 8001)  # the hub's page, the hub for servers, the proxy for the hub: JupyterHub's own choice
START, STOP = 60, 30  # seconds
TRIED = {
    "Students' servers run in bubblewrap, and it does not work here. On Debian, type: apt-get install -y bubblewrap": [
        "bwrap", *([] if os.geteuid() == 0 else ["--unshare-user"]), "--ro-bind", "/", "/", "--proc", "/proc",
        "--unshare-pid", "setpriv", "--no-new-privs", "true",
    ],
    "JupyterHub's proxy needs Node.js 20 or newer. On Debian 13, type: apt-get install -y nodejs npm": [
        "node", "-e", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)",
    ],
    "JupyterHub's proxy is not installed. Type: make hub": ["test", "-x", str(PROXY)],
}  # fmt: skip
"""What to say if a command does not end well."""
WARNING = """\
THIS IS FOR LOOKING, NOT FOR A COURSE. Do not give these log-ins to students: there is no encryption, no limit on
memory, and the teacher is whoever started this{whom}. docs/hub.md says what a course needs."""


def main() -> int:
    """Make the course if it is not there, start the hub, and wait for Ctrl-C."""
    chosen = _arguments()
    missing = [say for say, command in TRIED.items() if not _works(command)]
    if missing:
        print("\n".join(missing), file=sys.stderr)
        return 2
    folder = chosen.folder.resolve()
    if folder.exists() and folder.stat().st_uid != os.geteuid():
        print(f"{folder} was made by another user. Delete it, or give another --folder.", file=sys.stderr)
        return 2
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # all are Ctrl-C: the hub must not be left behind
        signal.signal(one, signal.default_int_handler)
    try:
        if chosen.fresh:
            shutil.rmtree(folder, ignore_errors=True)
        make_course(folder, lambda line: print(line, flush=True), only=chosen.only)
        with running(folder, chosen.port, chosen.option) as hub:
            print(_welcome(hub), flush=True)
            return hub.process.wait()
    except KeyboardInterrupt:
        print("\nThe hub has stopped.")
        return 0
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=START, check=False).returncode == 0
    except OSError:
        return False


class Hub:
    """A hub that runs: its address, and the password of each name."""

    def __init__(self, folder: Path, ports: list[int], options: list[str]) -> None:
        names = [TEACHER, *json.loads((folder / "users.json").read_text(encoding="utf-8"))]
        self.passwords = {name: secrets.token_hex(4) for name in names}
        self.folder, self.address = folder, f"http://127.0.0.1:{ports[0]}/"
        self.log = folder / "hub" / "hub.log"
        run = {"passwords": self.passwords, "ports": ports, "options": options}
        # Nothing of the caller's Jupyter settings.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "TEMPMM"))}
        self.environment = {
            **inherited,
            "PATH": own_path(),
            "TEMPMM_HUB": str(folder),
            "TEMPMM_HUB_PROXY": str(PROXY),
            "TEMPMM_HUB_RUN": json.dumps(run),
        }

    def start(self) -> None:
        """Start it, in a session of its own so that Ctrl-C is ours to pass on."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jupyterhub", "-f", str(EXAMPLE / "jupyterhub_config.py")],
                cwd=self.folder / "hub",
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            RuntimeError: it did not come up; the message has the end of its log.
        """
        end = time.monotonic() + START
        while time.monotonic() < end and self.process.poll() is None:
            address = self.address + "hub/api"
            with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(address, timeout=2):  # noqa: S310  (ours)
                return
            time.sleep(0.1)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])
        raise RuntimeError(f"The hub did not come up:\n{tail}")

    def stop(self) -> None:
        """Ask it to stop, which ends every server that it started; then end what is left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP)
        with suppress(ProcessLookupError):  # the proxy is of its group; it ends with the hub
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def running(folder: Path, port: int | None = None, options: list[str] | None = None) -> Iterator[Hub]:
    """Give a hub that answers, and stop it at the end."""
    hub = Hub(folder, free_ports(port), options or [])
    hub.start()
    try:
        hub.wait()
        yield hub
    finally:
        hub.stop()


def free_ports(first: int | None = None) -> list[int]:
    """Give three free loopback ports: the usual ones, or others where somebody has them; `first` in any case."""
    wanted = [PORTS[0] if first is None else first, *PORTS[1:]]
    with ExitStack() as bound:
        return [_bound(bound.enter_context, port, firmly=not place and first is not None) for place, port in
                enumerate(wanted)]  # fmt: skip


def _bound(keep: Callable[[socket.socket], socket.socket], port: int, *, firmly: bool) -> int:
    probe = keep(socket.socket())
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        if firmly:
            raise
        probe.bind(("127.0.0.1", 0))
    found: int = probe.getsockname()[1]
    return found


def _welcome(hub: Hub) -> str:
    rows = [f"  {name:10} {password}" for name, password in hub.passwords.items()]
    whom = " (root)" if os.geteuid() == 0 else ", and students can read what others handed in"
    return "\n".join(["", WARNING.format(whom=whom), "", f"JupyterHub is at {hub.address}", "", "  name       password",
                      *rows, "", f"Its log is {hub.log}. Stop it with Ctrl-C."])  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "hub", help="where the course is")
    parser.add_argument("--fresh", action="store_true", help="make the course anew: what was handed in is lost")
    parser.add_argument("--only", nargs="+", default=[], metavar="NN", help="release only these chapters' exercises")
    parser.add_argument("--port", type=int, help="where the hub answers (default: 8000, or any if that is taken)")
    parser.add_argument("--option", action="append", default=[], help="one more option for every student's server")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

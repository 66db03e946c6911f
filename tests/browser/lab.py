"""Start JupyterLab, Notebook 7 or Voilà over a folder, on a free loopback port, and stop it with all it started.

Each server has its own configuration, data, runtime and settings folders in a temporary place: what the person at this
machine has configured, trusted or left open changes nothing here, and nothing here is left behind.
There is no token because the server listens on 127.0.0.1 only and lives as long as one test run.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import quote

# Off-screen cells are not in the page unless windowing is off; news and updates would be looked up on the internet.
SETTINGS: dict[str, dict[str, object]] = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
# A reader's shell may carry these; a test must not.
DROPPED = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTER_TOKEN", "TEMPMM_LAB_ANSWERS")


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ServerError(RuntimeError):
    """The server did not come up; the message carries the end of its log."""


class Server:
    """A running web server over `folder`; use it in a `with` statement."""

    module: ClassVar[str]
    page: ClassVar[str]  # address of a notebook, below `url`
    ready: ClassVar[str] = "api/status"

    def __init__(self, folder: Path, *, start_timeout: float = 60) -> None:
        self.folder = folder.resolve()
        self.start_timeout = start_timeout
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._private = tempfile.TemporaryDirectory(prefix="tempmm-lab-server-", ignore_cleanup_errors=True)
        self._log = Path(self._private.name, "server.log")
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, notebook: str) -> str:
        """Where the browser finds `notebook`, a path relative to the folder."""
        return self.url + self.page.format(path=quote(notebook))

    def log(self, lines: int = 40) -> str:
        """The end of what the server printed."""
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def options(self) -> list[str]:
        """Command-line options of this kind of server."""
        return [
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.folder}",
            "--ServerApp.open_browser=False",
            "--IdentityProvider.token=",
            "--ServerApp.password=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--expose-app-in-browser",
            *(["--allow-root"] if _is_root() else []),
        ]

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.options()],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a process group of its own, ended as a whole
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ask the server to stop (it ends its kernels), then end whatever is left of its process group."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=10)
            _kill_group(self._process)
            self._process = None
        self._private.cleanup()

    def _environment(self) -> dict[str, str]:
        private = Path(self._private.name)
        environment = {name: value for name, value in os.environ.items() if name not in DROPPED}
        for variable, name in (
            ("JUPYTER_CONFIG_DIR", "config"),
            ("JUPYTER_DATA_DIR", "data"),
            ("JUPYTER_RUNTIME_DIR", "runtime"),
            ("JUPYTERLAB_SETTINGS_DIR", "settings"),
            ("JUPYTERLAB_WORKSPACES_DIR", "workspaces"),
            ("IPYTHONDIR", "ipython"),
        ):
            (private / name).mkdir(mode=0o700)
            environment[variable] = str(private / name)
        for plugin, values in SETTINGS.items():
            file = private / "settings" / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        return environment

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.start_timeout
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ServerError(f"{self.module} ended with status {process.returncode}:\n{self.log()}")
            try:
                with urllib.request.urlopen(self.url + self.ready, timeout=2):  # noqa: S310  (our own loopback address)
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise ServerError(f"{self.module} did not answer within {self.start_timeout:g} s:\n{self.log()}")


class LabServer(Server):
    """JupyterLab. Each notebook opens in a workspace of its own, so that no page restores another's tabs."""

    module = "jupyterlab"

    def address(self, notebook: str) -> str:
        """The notebook in a workspace named after it."""
        workspace = "".join(letter if letter.isalnum() else "-" for letter in notebook)
        return f"{self.url}lab/workspaces/{workspace}/tree/{quote(notebook)}?reset"


class NotebookServer(Server):
    """Notebook 7."""

    module = "notebook"
    page = "notebooks/{path}"


class VoilaServer(Server):
    """Voilà: the notebook as a page without code."""

    module = "voila"
    page = "voila/render/{path}"
    ready = ""

    def options(self) -> list[str]:
        """Voilà has options of its own, and needs no leave to run as root."""
        return [
            "--Voila.ip=127.0.0.1",
            f"--port={self.port}",
            "--Voila.port_retries=0",
            "--no-browser",
            "--MappingKernelManager.cull_idle_timeout=60",  # leaving a page does not end its kernel
            str(self.folder),
        ]


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError):  # everything ended by itself
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()

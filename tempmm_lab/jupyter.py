"""JupyterLab, started at the book: this computer only, no pop-ups, and an address that is always printed."""

from __future__ import annotations

import os
import secrets
import sys
import warnings
import webbrowser
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from tempmm_lab.doctor import install_line, missing
from tempmm_lab.errors import ModelError


def check_installed() -> None:
    """Raise a `ModelError` with the line to type where JupyterLab or the widgets are missing."""
    lacking = missing("jupyterlab", "ipywidgets")
    if lacking:
        line = install_line("jupyterlab", "ipywidgets", "matplotlib")
        raise ModelError(f"To open the book, {' and '.join(lacking)} must be installed. Type:\n  {line}")


def start_jupyterlab(folder: Path, notebook: str, *, browser: bool, port: int | None) -> None:
    """Serve `folder` until Ctrl-C, with `notebook` open. The address goes to standard output."""
    from jupyterlab.labapp import LabApp
    from traitlets.config import Config

    os.environ["JUPYTER_CONFIG_PATH"] = config_path()
    token = secrets.token_hex(24)  # not among the arguments, which every user of this computer can read
    show = browser and has_browser()
    with warnings.catch_warnings(record=True):  # JupyterLab's own deprecations are nothing to a reader
        server = LabApp.initialize_server(
            argv=[*arguments(folder, notebook, show=show), *_port(port)],
            config=Config(IdentityProvider={"token": token}),
        )
    server.answer_yes = True  # one Ctrl-C stops it, without a question in the terminal
    print(f"The book is in {folder.resolve()}")
    print(f"Open   http://127.0.0.1:{server.port}{_page(notebook)}?token={token}")
    print("Stop   Ctrl-C", flush=True)
    server.start()


def config_path() -> str:
    """Give where JupyterLab looks for settings: first ours, which switch off pop-ups and look-ups outside.

    They are defaults: what the reader chose in JupyterLab's own settings still wins.
    """
    ours = str(resources.files("tempmm_lab") / "data" / "jupyter")
    return os.pathsep.join([ours, *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])])


def arguments(folder: Path, notebook: str, *, show: bool) -> list[str]:
    """Give JupyterLab's arguments: this computer only, and no tabs of other work."""
    return [
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url={_page(notebook)}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.open_browser={show}",
        f"--ServerApp.allow_root={is_root()}",
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
    ]


def has_browser() -> bool:
    """Say whether a window could show the page: a browser in the text console would hide everything else."""
    if sys.platform.startswith("linux") and not any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def is_root() -> bool:
    """Say whether this is the superuser, whom JupyterLab refuses unless told otherwise."""
    return getattr(os, "geteuid", lambda: 1)() == 0


def _page(notebook: str) -> str:
    return f"/lab/workspaces/tempmm-lab/tree/{quote(notebook)}"


def _port(port: int | None) -> list[str]:
    return [] if port is None else [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]

"""What is there and what is missing on this computer, each with what to do about it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tempmm_lab.book import chapters, chapters_folder
from tempmm_lab.errors import ModelError

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
EXTRAS = {
    "lab": (("jupyterlab", "ipywidgets", "matplotlib"), "to read the book"),
    "grade": (("nbgrader",), "for teachers who grade with it"),
    "test": (("pytest", "nbval", "hypothesis", "unicorn", "playwright", "mypy", "ruff"), "for working on the book"),
    "site": (("sphinx", "myst-nb", "sphinx-book-theme"), "for building the web pages"),
}
KERNEL_WORKS = """
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
try:
    reply = client.execute_interactive("import tempmm_lab", timeout=60, output_hook=lambda message: None)
    raise SystemExit(0 if reply["content"]["status"] == "ok" else "a notebook cannot import tempmm_lab")
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's: `ok`, `--` (missing, and reading the book goes without), or `!!` (a problem)."""

    mark: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """Give the line, with what to do on a line of its own."""
        return f"{self.mark}  {self.what}" + (f"\n      {self.remedy}" if self.remedy else "")


def find_chromium() -> str | None:
    """Give the path of Chromium: `TEMPMM_LAB_CHROMIUM` where set, else the first one on the search path."""
    chosen = os.environ.get("TEMPMM_LAB_CHROMIUM")
    names = (chosen,) if chosen else CHROMIUM
    return next((path for path in map(shutil.which, names) if path), None)


def install_line(*packages: str) -> str:
    """Give the command that installs packages beside this package."""
    return f'"{sys.executable}" -m pip install {" ".join(packages)}'


def missing(*packages: str) -> list[str]:
    """Give those of the packages that are not installed."""
    return [name for name in packages if _version(name) is None]


def examine() -> Iterator[Finding]:
    """Look at everything the book may need, cheap things first."""
    yield _python()
    yield _chapters()
    for extra, (packages, purpose) in EXTRAS.items():
        yield _extra(extra, packages, purpose)
    yield _kernel()
    yield _program(
        "Chromium", find_chromium(), "for the browser tests", "apt-get install -y chromium fonts-dejavu-core"
    )
    yield _program("bubblewrap", shutil.which("bwrap"), "for grading in a sandbox", "apt-get install -y bubblewrap")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("ok", f"Python {version}, {sys.executable}")


def _chapters() -> Finding:
    try:
        return Finding("ok", f"{len(chapters())} chapters in {chapters_folder()}")
    except ModelError as error:
        return Finding("!!", "no chapters", str(error))


def _extra(extra: str, packages: tuple[str, ...], purpose: str) -> Finding:
    lacking = missing(*packages)
    if not lacking:
        return Finding("ok", f"[{extra}] " + ", ".join(f"{name} {_version(name)}" for name in packages))
    mark = "!!" if extra == "lab" else "--"
    return Finding(mark, f"[{extra}] without {', '.join(lacking)} ({purpose})", install_line(*lacking))


def _kernel() -> Finding:
    if missing("jupyterlab", "ipykernel"):
        return Finding("--", "no kernel to try: [lab] is incomplete")
    command = [sys.executable, "-c", KERNEL_WORKS]
    try:
        with tempfile.TemporaryDirectory() as folder:  # a notebook is not in the project's folder either
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return Finding("!!", "the notebook kernel does not answer", install_line("--force-reinstall", "ipykernel"))
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        return Finding("!!", f"the notebook kernel fails: {reason}", install_line("--force-reinstall", "ipykernel"))
    return Finding("ok", "the notebook kernel starts and imports tempmm_lab")


def _program(name: str, path: str | None, purpose: str, remedy: str) -> Finding:
    if path:
        return Finding("ok", f"{name}, {Path(path)}")
    return Finding("--", f"no {name} ({purpose})", f"On Debian: {remedy}")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None

"""What a class needs of a machine: the memory of one reader's kernel and server, and the CPU time of a chapter.

Usage:
    python -m benchmarks.classroom      prints a table; Linux only, for it reads /proc

Each chapter runs once from top to bottom in a fresh kernel, as Run All does, with every prediction skipped. `private`
is what one more reader costs: memory that no other process shares. `together` starts eight kernels that have run the
longest chapter, and divides what the machine has less of.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
MIB = 1 << 20
TOGETHER = 8


def main() -> None:
    """Measure, and print."""
    print(f"{'what':<46}peak MiB  private MiB  CPU s  wall s")
    _row("an empty notebook", _run(_read(None)))
    measured = {}
    for path in sorted(CHAPTERS.glob("[0-9]*.ipynb")):
        measured[path] = _run(_read(path))
        _row(path.stem, measured[path])
    _server()
    _together(max(measured, key=lambda path: measured[path][1]))


def _read(path: Path | None) -> Any:
    """Read a chapter; without a path give a notebook of one cell."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "a",
        "metadata": {},
        "source": "1",
        "outputs": [],
        "execution_count": None,
    }
    empty = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return nbformat.reads(path.read_text(encoding="utf-8") if path else json.dumps(empty), as_version=4)  # type: ignore[no-untyped-call]


def _row(what: str, numbers: tuple[float, float, float, float]) -> None:
    peak, private, cpu, wall = numbers
    print(f"{what:<46}{peak:8.0f}{private:13.0f}{cpu:7.1f}{wall:8.1f}", flush=True)


def _client(notebook: Any) -> NotebookClient:
    folder = tempfile.mkdtemp()
    return NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": folder}})


def _run(notebook: Any) -> tuple[float, float, float, float]:
    """Give peak and private memory in MiB, CPU and wall seconds, of the kernel that runs a notebook."""
    start = time.monotonic()
    client = _client(notebook)
    with client.setup_kernel(env={**os.environ, "TEMPMM_LAB_ANSWERS": "skip"}):
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        wall = time.monotonic() - start
        kernel: Any = client.km
        pid = kernel.provisioner.process.pid
        return (*_memory(pid), _cpu(pid), wall)


def _memory(pid: int) -> tuple[float, float]:
    status = Path(f"/proc/{pid}/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    private = sum(int(rollup.split(f"{key}:")[1].split()[0]) for key in ("Private_Clean", "Private_Dirty"))
    return peak, private / 1024


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _server() -> None:
    """Measure a JupyterLab server that has been asked for its page, without kernels."""
    folder = tempfile.mkdtemp()
    port = "18931"
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--IdentityProvider.token=",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={folder}",
    ]
    start = time.monotonic()
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.monotonic() - start < 60:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/lab", timeout=5).read()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        _row("a JupyterLab server, page asked for", (*_memory(server.pid), _cpu(server.pid), time.monotonic() - start))
    finally:
        server.terminate()
        server.wait()


def _available() -> int:
    return int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0])


def _together(path: Path) -> None:
    """Start several kernels that have all run one chapter, and say how much memory is gone for each."""
    before, clients = _available(), []
    for _ in range(TOGETHER):
        notebook = _read(path)
        client = _client(notebook)
        client.create_kernel_manager()
        client.start_new_kernel(env={**os.environ, "TEMPMM_LAB_ANSWERS": "skip"})
        client.start_new_kernel_client()
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        clients.append(client)
    each = (before - _available()) / 1024 / TOGETHER
    print(f"{TOGETHER} kernels that have run {path.stem}: {each:.0f} MiB less available for each")
    for client in clients:
        kernel: Any = client.km
        kernel.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()

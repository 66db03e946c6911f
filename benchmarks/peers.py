"""Harmony, installed into a place of its own; and how it is asked."""

from __future__ import annotations

import os
import re
import subprocess
import venv
from pathlib import Path

from benchmarks.rounds import ROOT, ran

HARMONY = "harmony==1.2.4126"
PLACE = ROOT / "build" / "bench-harmony"
PROGRAM = PLACE / ("Scripts" if os.name == "nt" else "bin") / "harmony"
FLAGS = ("--noweb", "-s")


def install() -> str:
    """Install Harmony; give why it could not be, or nothing."""
    if PROGRAM.exists():
        return ""
    try:
        venv.create(PLACE, with_pip=True)
        pip = [str(PROGRAM.with_name("python")), "-m", "pip", "install", "-q", HARMONY]
        subprocess.run(pip, check=True, capture_output=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{HARMONY} could not be installed (it needs a C compiler and Python's headers): {error}"
    return "" if PROGRAM.exists() else f"{HARMONY} has no program {PROGRAM.name}"


def harmony(text: str, folder: Path) -> tuple[float, int, str]:
    """Give seconds, states, and the verdict: "holds", "broken" or "waits for ever".

    Raises:
        RuntimeError: it said nothing of the kind.
    """
    (folder / "model.hny").write_text(text, encoding="utf-8")
    done = ran([str(PROGRAM), *FLAGS, "model.hny"], folder)
    verdicts = {
        "No issues found": "holds",
        "assertion failed": "broken",
        "Non-terminating state": "waits for ever",
    }
    found = next((verdict for words, verdict in verdicts.items() if words in done.text), None)
    states = re.search(r"\* (\d+) states", done.text)
    if found is None:
        raise RuntimeError(f"Harmony said:\n{done.text[-2000:]}")
    return done.seconds, int(states[1]) if states else 0, found

"""What the tour starts, and what it compares with: a hub of its own, and our grader's marks."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.draws import seed_of
from tempmm_lab.grading.marking import Job, grade
from tempmm_lab.grading.sandbox import find_sandbox
from tests.browser.lab import SETTINGS
from tests.hub.course import ROOT

FOLDER = ROOT / "build" / "hub-tour"
HUB_PYTHON = ROOT / ".venv-hub" / "bin" / "python"
CHAPTER, NAME = "ch01", "01-from-cr3-to-a-byte"
RIGHT, WRONG = "ch01-indices", "ch01-order"
STOPS = 60  # seconds


class Failed(Exception):
    """A step did not hold; the message says what was there instead."""


def expect(holds: object, instead: str) -> None:
    """Raise what was there instead, if something does not hold."""
    if not holds:
        raise Failed(instead)


class TourHub:
    """The hub of `make hub`, over a new course in which one chapter's exercises are released."""

    def __init__(self) -> None:
        words = [str(HUB_PYTHON), "-m", "tests.hub.serve", "--folder", str(FOLDER), "--fresh"]
        words += ["--only", CHAPTER.removeprefix("ch"), "--option=--LabApp.expose_app_in_browser=True"]
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        told = []
        for line in self.process.stdout:
            told.append(line)
            if "Ctrl-C" in line:
                break
        text = "".join(told)
        address = re.search(r"JupyterHub is at (\S+)", text)
        expect(address, f"it did not start:\n{text}")
        self.address = address[1]
        self.passwords = dict(re.findall(r"^  (\w+) +([0-9a-f]{8})$", text, re.MULTILINE))
        _all_cells_in_the_page()

    def stop(self) -> None:
        """Press Ctrl-C, and see that everything has ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        expect(self.process.wait(STOPS) == 0, f"it ended with status {self.process.returncode}")
        left = [path.name for path in Path("/proc").glob("[0-9]*") if str(FOLDER) in _started_with(path)]
        expect(not left, f"these processes are left: {left}")


def _all_cells_in_the_page() -> None:
    """Give JupyterLab the settings with which the browser tests can see every cell. Servers start later."""
    path = FOLDER / "everybody" / "labconfig" / "default_setting_overrides.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    for plugin, values in SETTINGS.items():
        settings.setdefault(
            plugin.replace("/tracker", ":tracker").replace("/notification", ":notification"), {}
        ).update(values)
    path.write_text(json.dumps(settings), encoding="utf-8")


def _started_with(process: Path) -> str:
    """Give a process's arguments and environment: every server's name the course's folder."""
    try:
        return "".join((process / name).read_bytes().decode(errors="replace") for name in ("cmdline", "environ"))
    except OSError:  # it has ended, or is somebody else's
        return ""


def squeezed(text: str) -> str:
    """Give a text with one space for any white space."""
    return re.sub(r"\s+", " ", unescape(text))


def _secret() -> bytes:
    return (FOLDER / "homes" / "teacher" / "course-secret").read_bytes()


def variant(student: str) -> Any:
    """Give a student's variant of the exercise that is answered."""
    return EXERCISES[RIGHT].variant(seed_of(_secret(), student, RIGHT))


def marked(student: str) -> dict[str, Any]:
    """Mark what the teacher collected, with our own grader, apart from nbgrader."""
    file = FOLDER / "homes" / "teacher" / "course" / "submitted" / student / CHAPTER / f"{NAME}.ipynb"
    return grade(Job(student, file.name, file.read_bytes(), _secret(), course=True, sandbox=find_sandbox()))


def is_root() -> bool:
    """Say whether each student has an own uid."""
    return os.geteuid() == 0

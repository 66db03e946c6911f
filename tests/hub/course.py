"""Make a course for the hub: a teacher's home, students' homes with their seeds, and an exchange with assignments.

Everything is in one folder. What it holds is in `docs/hub.md`; the settings are copies of those in `docs/hub/`.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tempmm_lab.assess.exercises.task import SEEDS
from tempmm_lab.book import copy_book
from tempmm_lab.release.archive import seeds_file

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE, SOLUTIONS = ROOT / "docs" / "hub", ROOT / "solutions"
TEACHER, STUDENTS = "teacher", ("ada", "ben", "cleo")
FIRST_UID = 60_001
DONE = "complete"
Told = Callable[[str], None]


def make_course(folder: Path, told: Told, *, students: Iterable[str] = STUDENTS, only: Iterable[str] = ()) -> None:
    """Make the course, if it is not complete there already.

    Args:
        folder: where. What is left there of a run that was stopped is made again.
        told: called with a line for each part that is done.
        students: their names.
        only: the numbers of the chapters whose exercises are released, such as "01"; without it all.
    """
    if (folder / DONE).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    uids = {name: FIRST_UID + place for place, name in enumerate(students)}
    (folder / "users.json").write_text(json.dumps(uids), encoding="utf-8")
    _settings(folder, uids)
    secret = _teacher(folder)
    for name, uid in uids.items():
        _student(folder / "homes" / name, name, uid, secret)
    told(f"homes for {TEACHER}, {', '.join(uids)}")
    _release(folder / "homes" / TEACHER, list(uids), sorted(only), told)
    (folder / DONE).touch()


def chapters() -> dict[str, Path]:
    """Give the solved notebook of each assignment, by its name: "ch01" and so on."""
    return {f"ch{path.name[:2]}": path for path in sorted(SOLUTIONS.glob("[0-9][0-9]-*.ipynb"))}


def own_path() -> str:
    """Give the search path with this environment's programs first: nbgrader starts one of them by its name."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def _settings(folder: Path, uids: dict[str, int]) -> None:
    """Copy the settings that everybody and the students have, and make what the hub keeps to itself."""
    for name in ("everybody", "students"):
        shutil.copytree(EXAMPLE / name, folder / name)
    (folder / "hub").mkdir(mode=0o700)
    (folder / "exchange").mkdir()
    (folder / "exchange").chmod(0o777)  # nbgrader's own demand
    lines = [f"{name}:x:{uid}:{uid}::/students/{name}:/bin/bash\n" for name, uid in uids.items()]
    (folder / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\n" + "".join(lines), encoding="utf-8")


def _teacher(folder: Path) -> bytes:
    """Make the teacher's home, with a course's folder and a new secret; give the secret."""
    home = folder / "homes" / TEACHER
    shutil.copytree(EXAMPLE / "teacher", home / ".jupyter")
    home.chmod(0o700)
    for name, path in chapters().items():
        (home / "course" / "source" / name).mkdir(parents=True)
        shutil.copy(path, home / "course" / "source" / name)
    secret = secrets.token_bytes(32)
    file = os.open(home / "course-secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(secret)
    return secret


def _student(home: Path, name: str, uid: int, secret: bytes) -> None:
    """Make a student's home: the chapters, and the seeds of this student's variants."""
    copy_book(home / "chapters")
    for folder in (home, home / "chapters"):  # for what was fetched, and for the exercises beside the chapters
        (folder / SEEDS).write_bytes(seeds_file(secret, name))
    home.chmod(0o700)
    if os.geteuid() == 0:
        for path in (home, *home.rglob("*")):
            os.chown(path, uid, uid)


def _release(home: Path, students: list[str], only: list[str], told: Told) -> None:
    """Do what `nbgrader generate_assignment` and `nbgrader release_assignment` do, for each chapter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader's own libraries warn about each other
        api = _api(home)
        with api.gradebook as gradebook:
            for name in students:
                gradebook.update_or_create_student(name, first_name=name.capitalize(), last_name="Student")
        for name in chapters():
            if not only or name.removeprefix("ch") in only:
                _ran(api.generate_assignment, name)
                _ran(api.release_assignment, name)
                told(f"exercises {name} released")


def _ran(step: Callable[[str], dict[str, Any]], name: str) -> None:
    done = step(name)
    if not done["success"]:
        raise RuntimeError(f"nbgrader's {step.__name__} failed for {name}:\n{done.get('error') or done['log']}")


def _api(home: Path) -> Any:
    """Give nbgrader with the teacher's settings and everybody's."""
    from nbgrader.apps import NbGrader
    from nbgrader.apps.api import NbGraderAPI

    os.environ["PATH"] = own_path()
    os.environ["JUPYTER_CONFIG_DIR"] = str(home / ".jupyter")
    os.environ["JUPYTER_CONFIG_PATH"] = str(home.parents[1] / "everybody")
    app = NbGrader()
    app.log_level = logging.ERROR
    app.load_config_file()
    return NbGraderAPI(config=app.config)

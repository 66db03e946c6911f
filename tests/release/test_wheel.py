"""The wheel in an archive: valid, complete without what it leaves out, and at work where nothing else is installed."""

from __future__ import annotations

import ast
import base64
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

import pytest

from tempmm_lab import exercise
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.draws import seed_of
from tempmm_lab.keyless import CHECKING, NOT_RUN, PACKAGE, is_a_students, student_files
from tempmm_lab.release.archive import Archives
from tests.release.conftest import SECRET, run


@pytest.fixture(scope="module")
def members(annas: Path) -> dict[str, bytes]:
    """What is in the wheel."""
    (wheel,) = annas.glob("*.whl")
    opened = zipfile.ZipFile(wheel)
    return {name: opened.read(name) for name in opened.namelist()}


def _about(members: dict[str, bytes], name: str) -> bytes:
    (found,) = [content for path, content in members.items() if path.endswith(f".dist-info/{name}")]
    return found


def test_the_record_is_right(members: dict[str, bytes]) -> None:
    """RECORD has every member once, with its digest and size."""
    rows = list(csv.reader(io.StringIO(_about(members, "RECORD").decode())))
    assert sorted(name for name, *_ in rows) == sorted(members)
    for name, digest, size in rows:
        if not name.endswith("RECORD"):
            right = base64.urlsafe_b64encode(hashlib.sha256(members[name]).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={right}", str(len(members[name])))


def test_the_metadata_is_right(members: dict[str, bytes], archives: Archives) -> None:
    """The metadata has the file's version, the extras, and licences that are there; no word of the full package."""
    said = BytesParser().parsebytes(_about(members, "METADATA"))
    assert (said["Name"], said["Version"]) == ("tempmm-lab", archives.version)
    assert "+student" in archives.version
    assert "lab" in said.get_all("Provides-Extra", [])
    assert any(line.startswith("jupyterlab") for line in said.get_all("Requires-Dist", []))
    assert all(_about(members, f"licenses/{name}") for name in said.get_all("License-File", ["none"]))
    assert "without the keys" in said.get_payload()
    assert b"tempmm-lab = tempmm_lab.cli:main" in _about(members, "entry_points.txt")


def test_another_content_is_another_version(monkeypatch: pytest.MonkeyPatch, archives: Archives) -> None:
    """One changed line makes another version: pip would not install a wheel of the same one over it."""
    files = [*student_files(), ("more.py", Path(__file__))]
    monkeypatch.setattr("tempmm_lab.release.wheel.student_files", lambda: iter(files))
    assert Archives().version != archives.version


def _imported(content: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "tempmm_lab")


def test_everything_that_is_imported_is_there(members: dict[str, bytes]) -> None:
    """No module of the wheel imports one of this package's that was left out."""
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in members}
    wanted = {
        (name, module)
        for name, content in members.items()
        if name.endswith(".py")
        for module in _imported(content)
        if module.startswith("tempmm_lab.")
    }
    missing = [(name, module) for name, module in wanted if module not in modules and _is_module(module)]
    assert len(wanted) > 500
    assert missing == []


def _is_module(name: str) -> bool:
    path = PACKAGE.parent / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or path.is_dir()


def test_one_list_for_the_sandbox_and_the_archive() -> None:
    """What a student's archive goes without, a student's process does too; and every name on the lists is there."""
    away = {name for path in PACKAGE.rglob("*.py") for name in [path.relative_to(PACKAGE)] if _away(name)}
    assert all(any(name.is_relative_to(folder) for folder in NOT_RUN) for name in away)
    assert all((PACKAGE / "grading" / f"{name}.py").is_file() for name in CHECKING)
    assert all((PACKAGE / folder).is_dir() for folder in NOT_RUN if folder != "_book")


def _away(name: Path) -> bool:
    return not is_a_students(PurePosixPath(name.as_posix()))


@pytest.mark.parametrize(
    "name",
    [
        "assess/exercises/keys/ch01.py", "assess/exercises/keys/__init__.py", "grading/marking.py", "grading/new.py",
        "grading/deeper/plan.py", "release/archive.py", "hw/__pycache__/walk.cpython-311.pyc", "hw/walk.pyc",
        "secret", "course.secret", "solved.ipynb", ".hidden.py", "data/.keys.json", "walk.py.orig", "_book/x.py",
    ],
)  # fmt: skip
def test_what_no_student_gets(name: str) -> None:
    """Keys, the grader, whatever is new in its folder, caches, and files of other kinds are left out by their names."""
    assert not is_a_students(PurePosixPath(name))


def _python(commands: Path, code: str, cwd: Path) -> str:
    done = run(commands / "python", "-W", "error", "-c", code, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_exercise_is_shown(commands: Path, annas: Path) -> None:
    """In the installed copy every task is the student's own, the same that the teacher's copy gives to that seed."""
    code = "import json\nfrom tempmm_lab import exercise\nfrom tempmm_lab.assess.exercises import EXERCISES\n"
    code += "print(json.dumps({name: exercise(name).text() for name in EXERCISES}))"
    said = json.loads(_python(commands, code, annas / "tempmm-book" / "exercises"))
    assert said == {name: exercise(name, seed_of(SECRET, "anna", name)).text() for name in EXERCISES}


def test_no_key_can_be_had(commands: Path, tmp_path: Path) -> None:
    """There is no module of keys, no judge and no grader to import; asking for a key is one sentence."""
    code = """
import importlib, pkgutil, tempmm_lab
from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.exercise import has_keys
assert not has_keys()
names = [found.name for found in pkgutil.walk_packages(tempmm_lab.__path__, "tempmm_lab.")]
assert len(names) > 250 and not [name for name in names if ".keys" in name or "marking" in name or "release" in name]
for name in ("keys", "keys.ch01", "keys.judging", "keys.schedules"):
    try:
        importlib.import_module(f"tempmm_lab.assess.exercises.{name}")
    except ImportError:
        continue
    raise SystemExit(name)
for one in EXERCISES.values():
    for call in (lambda: one.key(0), lambda: one.judge(one.variant(0), None)):
        try:
            call()
        except tempmm_lab.ModelError as error:
            assert "has no keys" in str(error)
        else:
            raise SystemExit(one.name)
try:
    from tempmm_lab.assess.exercises import keys
except ImportError:
    print("none")
"""
    assert _python(commands, code, tmp_path) == "none\n"


def test_every_public_name_is_there(commands: Path, tmp_path: Path) -> None:
    """Nothing that a chapter uses is missing, but for the libraries that come with the extra."""
    code = """
import tempmm_lab
for name in dir(tempmm_lab):
    try:
        getattr(tempmm_lab, name)
    except ModuleNotFoundError as error:
        assert not error.name.startswith("tempmm_lab"), (name, error)
print(len(dir(tempmm_lab)))
"""
    assert int(_python(commands, code, tmp_path)) > 100


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["list"], 0, "ch01-indices"),
        (["walk", "user", "0x401000"], 0, "0x9bf6b000"),
        (["exercise", "ch01-walk"], 0, "Your answer is called answer_walk"),
        (["exercise", "ch01-walk", "--key"], 2, "no keys"),
        (["exercise", "ch01-walk", "--seed", str(1 << 63), "--key"], 2, "no keys"),
        (["grade", "in", "--secret", "x"], 2, "no grader"),
        (["release", "--students", "x"], 2, "no grader"),
        (["check", "nothing.ipynb"], 2, "There is no file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_its_commands(commands: Path, annas: Path, words: list[str], status: int, says: str) -> None:
    """Its commands work where they need no keys, and say plainly that there are none where they do."""
    done = run(commands / "tempmm-lab", *words, cwd=annas / "tempmm-book")
    assert (done.returncode, says in done.stdout + done.stderr, "Traceback" in done.stderr) == (status, True, False)


def test_practice_is_of_the_form(commands: Path, annas: Path) -> None:
    """`practise` says what is wrong with the form of an answer, gives no points, and says where it is judged."""
    code = "from tempmm_lab import practise\nprint(practise('ch01-indices', {'PML4': '0x1'}))"
    said = _python(commands, code, annas)
    assert "without the quotes" in said
    assert "no keys" in said
    assert said.endswith("\n0\n")

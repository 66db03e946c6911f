"""What can be told about the hub without starting one: its settings, its walls, its course, its proxy's lock."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from tempmm_lab.release.archive import seeds_file
from tests.hub.checks import CHAPTER, NAME
from tests.hub.course import EXAMPLE, ROOT, TEACHER, make_course
from tests.hub.people import solution
from tests.hub.serve import PORTS, free_ports
from tests.unit.test_committed import _pins

USERS = {"ada": 60_001, "ben": 60_002}
RUN = {"passwords": {"teacher": "t", "ada": "a", "ben": "b"}, "ports": [8000, 8081, 8001]}
Settings = dict[str, Any]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Settings]:
    """Run the hub's configuration as JupyterHub does, over a stand-in of JupyterHub; give its names."""
    for module, name in (("auth", "Authenticator"), ("spawner", "SimpleLocalProcessSpawner")):
        stand_in = types.ModuleType(f"jupyterhub.{module}")
        setattr(stand_in, name, type(name, (), {}))
        monkeypatch.setitem(sys.modules, f"jupyterhub.{module}", stand_in)
    monkeypatch.setitem(sys.modules, "jupyterhub", types.ModuleType("jupyterhub"))
    monkeypatch.setenv("TEMPMM_HUB", str(tmp_path))
    monkeypatch.setenv("TEMPMM_HUB_PROXY", "proxy")
    monkeypatch.setenv("TEMPMM_HUB_RUN", json.dumps(RUN))
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    (tmp_path / "users.json").write_text(json.dumps(USERS), encoding="utf-8")

    def run() -> Settings:
        config = Config()
        names: Settings = {"get_config": lambda: config}
        exec((EXAMPLE / "jupyterhub_config.py").read_text(encoding="utf-8"), names)  # noqa: S102  (our own)
        return names

    return run


def test_the_hub_answers_to_this_computer_only(load: Callable[[], Settings]) -> None:
    """The page, the hub and the proxy's own door listen on the loopback address, and only known names get in."""
    c = load()["c"]

    addresses = [c.JupyterHub.bind_url, c.JupyterHub.hub_bind_url, c.ConfigurableHTTPProxy.api_url]
    assert addresses == [f"http://127.0.0.1:{port}" for port in RUN["ports"]]
    assert c.Authenticator.allowed_users == {TEACHER, *USERS}
    assert "allow_all" not in c.Authenticator


@pytest.mark.parametrize(
    ("name", "password", "gets_in"),
    [("ada", "a", True), ("ada", "t", False), ("ada", "", False), ("nobody", "", False), ("teacher", "t", True)],
)
def test_each_name_has_its_own_password(load: Callable[[], Settings], name: str, password: str, gets_in: bool) -> None:
    """A name gets in with its own password and no other; a name that is not known never does."""
    given = load()["OnePasswordEach"]().authenticate(None, {"username": name, "password": password})

    with pytest.raises(StopIteration) as ended:
        given.send(None)
    assert ended.value.value == (name if gets_in else None)


@pytest.mark.parametrize("uid", [0, 1000])
@pytest.mark.parametrize("student", USERS)
def test_a_student_sees_one_home(
    load: Callable[[], Settings], student: str, uid: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the course's folder a student's server sees four things and can write to two: the exchange and its home."""
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    words = load()["walls"](student)

    bound = {words[at + 1]: word for at, word in enumerate(words) if word in {"--bind", "--ro-bind"}}
    ours = {path.removeprefix(f"{tmp_path}/"): how for path, how in bound.items() if path.startswith(str(tmp_path))}
    assert ours == {
        "everybody": "--ro-bind", "students": "--ro-bind", "passwd": "--ro-bind",
        "exchange": "--bind", f"homes/{student}": "--bind",
    }  # fmt: skip
    assert [
        path for path, how in bound.items() if how == "--bind" and path not in (str(tmp_path / one) for one in ours)
    ] == []
    assert words[words.index("--reuid" if uid == 0 else "--uid") + 1] == str(USERS[student])
    assert ("--unshare-user" in words) == (uid != 0)


def test_students_have_no_formgrader() -> None:
    """What students' settings switch off are names that the installed nbgrader has."""
    import nbgrader.server_extensions.formgrader
    from nbgrader import _jupyter_labextension_paths

    page = json.loads((EXAMPLE / "students" / "labconfig" / "page_config.json").read_text(encoding="utf-8"))
    assert all(page["disabledExtensions"].values())
    assert {one["dest"] for one in _jupyter_labextension_paths()} == {"@jupyter/nbgrader"}
    assert "@jupyter/nbgrader:formgrader" in page["disabledExtensions"]
    settings = EXAMPLE / "students" / "jupyter_server_config.d" / "nbgrader.json"
    off = json.loads(settings.read_text(encoding="utf-8"))["ServerApp"]["jpserver_extensions"]
    assert off[nbgrader.server_extensions.formgrader.__name__] is False


def test_the_course_is_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange holds what is handed out; each student has the own seeds; the secret is the teacher's alone."""
    for name in ("PATH", "JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH"):  # set while it is made; put back after
        monkeypatch.setenv(name, os.environ.get(name, ""))
    course, told = tmp_path / "hub", list[str]()
    make_course(course, told.append, students=("ada", "ben"), only=("01",))

    released = course / "exchange" / "tempmm" / "outbound"
    assert [path.name for path in released.iterdir()] == [CHAPTER]
    given = (released / CHAPTER / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert given.rstrip("\n") == (ROOT / "exercises" / f"{NAME}.ipynb").read_text(encoding="utf-8").rstrip("\n")
    secret = course / "homes" / TEACHER / "course-secret"
    for name in ("ada", "ben"):
        for folder in (course / "homes" / name, course / "homes" / name / "chapters"):
            assert (folder / "tempmm-seeds.json").read_bytes() == seeds_file(secret.read_bytes(), name)
    modes = {
        path: stat.S_IMODE(path.stat().st_mode) for path in (secret, *(course / "homes").iterdir(), course / "hub")
    }
    assert modes.pop(secret) == 0o600
    assert set(modes.values()) == {0o700}
    assert stat.S_IMODE((released.parent / "inbound").stat().st_mode) & 0o777 == 0o733

    before = secret.read_bytes()
    make_course(course, told.append, students=("ada", "ben"), only=("01",))
    assert secret.read_bytes() == before
    assert len(told) == 2


def test_the_proxys_lock_has_versions_and_no_address() -> None:
    """The proxy's lock gives each package a version and a checksum, and no place to load it from."""
    text = (EXAMPLE / "package-lock.json").read_text(encoding="utf-8")
    lock = json.loads(text)
    wanted = json.loads((EXAMPLE / "package.json").read_text(encoding="utf-8"))["dependencies"]

    assert "://" not in text
    packages = {name.removeprefix("node_modules/"): one for name, one in lock["packages"].items() if name}
    assert all("resolved" not in one and one["integrity"].startswith("sha512-") for one in packages.values())
    assert all(packages[name]["version"] == version for name, version in wanted.items())


def test_the_hub_has_the_tested_versions() -> None:
    """What the hub's lock shares with the lock of everything has the same version there."""
    everything = {pin.partition("==")[0]: pin for pin in _pins("all")}
    shared = {pin for pin in _pins("hub") if pin.partition("==")[0] in everything}

    names = {pin.partition("==")[0] for pin in shared}
    assert {"jupyterlab", "nbgrader", "ipywidgets"} <= names
    assert shared <= _pins("all")


def test_a_port_that_is_taken_is_not_taken_again() -> None:
    """Three different ports are given; one that was asked for is given or refused."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            free_ports(port)
    found = free_ports()
    assert len(set(found)) == len(PORTS)


def test_the_page_names_what_there_is() -> None:
    """Every file, folder and make target that docs/hub.md names exists."""
    page = (ROOT / "docs" / "hub.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in set(re.findall(r"`make ([\w-]+)`", page)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for name in set(re.findall(r"`((?:docs|tests|locks)/[\w./-]+)`", page)):
        assert (ROOT / name).exists(), name


def test_the_solved_text_has_no_marks() -> None:
    """What the tour types is the solution without the lines that nbgrader reads."""
    text = solution(ROOT / "solutions" / f"{NAME}.ipynb", "ch01-indices-answer")
    assert "answer_indices = {" in text
    assert "SOLUTION" not in text

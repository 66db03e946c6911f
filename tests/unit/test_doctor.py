"""The doctor names what is missing and what to do, and JupyterLab is started with the right arguments."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tempmm_lab import ModelError, cli, doctor, jupyter


def _without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let these packages look as if they were not installed."""
    version = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in names else version(name))


def test_a_healthy_place_gives_0(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the tests run, the doctor finds no problem, and the kernel really starts."""
    assert cli.main(["doctor"]) == cli.HOLDS
    out = capsys.readouterr().out
    assert "!!" not in out
    assert "the notebook kernel starts and imports tempmm_lab" in out


def test_a_missing_library_is_a_problem_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without what the book is read with, the doctor gives 1 and the line to type."""
    _without(monkeypatch, "ipywidgets", "ipykernel")
    assert cli.main(["doctor"]) == cli.BROKEN
    assert f'"{sys.executable}" -m pip install ipywidgets' in capsys.readouterr().out


def test_what_reading_does_not_need_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing graders, site builders, Chromium and bubblewrap are named, but are no problems."""
    _without(monkeypatch, "nbgrader", "sphinx", "ipykernel")
    monkeypatch.setattr(doctor.shutil, "which", lambda _: None)
    found = list(doctor.examine())
    assert [finding.mark for finding in found].count("--") >= 4
    assert all(finding.remedy for finding in found if finding.mark == "--" and "kernel" not in finding.what)


def test_a_broken_kernel_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that cannot import the package is a problem with a remedy."""
    monkeypatch.setattr(doctor, "KERNEL_WORKS", "raise SystemExit('a notebook cannot import tempmm_lab')")
    finding = doctor._kernel()
    assert (finding.mark, bool(finding.remedy)) == ("!!", True)
    assert "cannot import" in finding.what


def test_chromium_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """TEMPMM_LAB_CHROMIUM decides alone: a wrong name there is not covered up by another browser."""
    monkeypatch.setenv("TEMPMM_LAB_CHROMIUM", sys.executable)
    assert doctor.find_chromium() == sys.executable
    monkeypatch.setenv("TEMPMM_LAB_CHROMIUM", "no-such-browser")
    assert doctor.find_chromium() is None


def test_open_without_jupyterlab_says_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without JupyterLab `open` gives 2 and the line to type, and copies nothing."""
    _without(monkeypatch, "jupyterlab")
    assert cli.main(["open", "--dir", str(tmp_path / "mine")]) == cli.MISUSE
    assert "-m pip install jupyterlab ipywidgets matplotlib" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_check_installed_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names each missing package."""
    _without(monkeypatch, "jupyterlab", "ipywidgets")
    with pytest.raises(ModelError, match="jupyterlab and ipywidgets"):
        jupyter.check_installed()


def test_jupyterlab_gets_the_working_folder_and_the_page(tmp_path: Path) -> None:
    """JupyterLab serves the working folder on this computer only, with the chapter as its first page."""
    given = jupyter.arguments(tmp_path, "01-a b.ipynb", show=False)
    assert f"--ServerApp.root_dir={tmp_path.resolve()}" in given
    assert "--LabApp.default_url=/lab/workspaces/tempmm-lab/tree/01-a%20b.ipynb" in given
    assert "--ServerApp.ip=127.0.0.1" in given
    assert "--ServerApp.open_browser=False" in given


def test_jupyterlab_is_told_not_to_ask_about_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that the package brings switch off news and update checks, before the reader's own folders."""
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "theirs")
    ours, _, theirs = jupyter.config_path().partition(os.pathsep)
    text = (Path(ours) / "labconfig" / "default_setting_overrides.json").read_text(encoding="utf-8")
    wanted = {"checkForUpdates": False, "fetchNews": "false"}
    assert json.loads(text) == {"@jupyterlab/apputils-extension:notification": wanted}
    assert theirs == "theirs"


@pytest.mark.parametrize(("uid", "allowed"), [(0, True), (1000, False)])
def test_root_is_allowed_only_for_root(uid: int, allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The superuser is let through, and nobody else gets that permission."""
    monkeypatch.setattr(jupyter.os, "geteuid", lambda: uid, raising=False)
    assert f"--ServerApp.allow_root={allowed}" in jupyter.arguments(Path(), "00.ipynb", show=True)


def test_no_browser_without_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux without a screen no browser is opened: one in the text console would hide the address."""
    monkeypatch.setattr(jupyter.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert not jupyter.has_browser()

"""The test driver: every failure counts, nothing is left out silently, and the last line is the total."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import run as driver
from tests.run import Part, Result

TESTS = """
import pytest
def test_a(): pass
def test_b(): pass
@pytest.mark.skip(reason="on purpose")
def test_c(): pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty project that the driver takes for this one."""
    monkeypatch.setattr(driver, "ROOT", tmp_path)
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n", encoding="utf-8")
    return tmp_path


def _pytest(folder: Path, text: str, name: str = "unit") -> Result:
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    return driver.run(Part(name, "pytest -p no:cacheprovider", counts=True), slow=False)


def test_pytest_is_counted(folder: Path) -> None:
    """Passed and skipped tests are counted apart."""
    result = _pytest(folder, TESTS)
    assert (result.passed, result.failed, result.skipped) == (2, 0, 1)


@pytest.mark.parametrize(
    "text", ["def test_a(): assert 0", "import no_such_module", "", "import os; os._exit(0)", "def test_a(): 1 +"]
)
def test_a_failure_is_a_failure(text: str, folder: Path) -> None:
    """A failed test, a broken file, no test at all and an interpreter that dies each count as failed."""
    assert _pytest(folder, text).failed == 1


def test_slow_tests_are_left_to_test_all(folder: Path) -> None:
    """A test marked slow runs only when everything does."""
    text = "import pytest\n@pytest.mark.slow\ndef test_slow(): pass\ndef test_quick(): pass\n"
    assert _pytest(folder, text).passed == 1
    assert driver.run(Part("unit", "pytest -p no:cacheprovider", counts=True), slow=True).passed == 2


def test_a_tool_passes_or_fails(folder: Path) -> None:
    """A tool counts as one check, by its exit status."""
    (folder / "good.py").write_text("", encoding="utf-8")
    (folder / "bad.py").write_text("raise SystemExit(3)", encoding="utf-8")
    results = [driver.run(Part(name, name), slow=False) for name in ("good", "bad")]
    assert [(result.passed, result.failed) for result in results] == [(1, 0), (0, 1)]


def test_a_part_that_hangs_is_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part has a time limit, and reaching it is a failure."""
    monkeypatch.setattr(driver, "LIMIT", 0.5)
    (folder / "hangs.py").write_text("import time\ntime.sleep(60)", encoding="utf-8")
    result = driver.run(Part("hangs", "hangs"), slow=False)
    assert result.failed == 1
    assert result.seconds < 30


@pytest.mark.parametrize(("ci", "failed"), [(None, 0), ("true", 1)])
def test_without_chromium_the_tests_are_counted(
    ci: str | None, failed: int, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without Chromium the browser tests are counted as not run, with the line to type; in CI that is a failure."""
    monkeypatch.setattr(driver, "find_chromium", lambda: None)
    if ci:
        monkeypatch.setenv("CI", ci)
    result = _pytest(folder, TESTS, "browser")
    assert (result.passed, result.failed, result.not_run) == (0, failed, 3)
    assert driver.INSTALL_CHROMIUM in capsys.readouterr().out
    assert any(line.startswith("not run: 3 browser tests") for line in driver.table([result]))


def test_the_last_line_is_the_total() -> None:
    """The table has a row per part and ends with the totals alone on a line."""
    lines = driver.table([Result("unit", passed=120, seconds=4.2), Result("browser", passed=3, failed=2, skipped=1)])
    assert lines[-1] == "123 passed, 2 failed"
    assert [line.split()[0] for line in lines if line[:4] in {"unit", "brow"}] == ["unit", "browser"]


def test_one_failure_fails_the_whole_but_the_rest_still_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """After a part that failed the later ones run, and the exit status is 1."""
    (folder / "good.py").write_text("", encoding="utf-8")
    monkeypatch.setattr(driver, "parts", lambda: [Part("first", "no_such_tool"), Part("second", "good")])
    monkeypatch.setattr("sys.argv", ["run.py"])
    assert driver.main() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed"


def test_ci_run_is_sound_bash() -> None:
    """`.ci/run` is a script that bash can read."""
    script = Path(__file__).resolve().parents[2] / ".ci" / "run"
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0  # noqa: S607

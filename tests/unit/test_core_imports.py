"""The core runs on the standard library alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_LIBRARIES = f"""
import sys

class Missing:
    \"\"\"Finds nothing for these names, as if they were not installed.\"\"\"

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {{"numpy", "matplotlib", "ipywidgets", "IPython"}}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
sys.path.insert(0, {str(ROOT)!r})
before = {{name.partition(".")[0] for name in sys.modules}}
"""
LOADED = """
loaded = {name.partition(".")[0] for name in sys.modules} - before - set(sys.stdlib_module_names)
print(sorted(loaded))
"""


def _run(code: str) -> list[str]:
    """Run code in a new interpreter, without the four libraries, and give the lines it prints."""
    command = [sys.executable, "-W", "error", "-c", WITHOUT_LIBRARIES + code + LOADED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_importing_loads_only_this_package() -> None:
    """`import tempmm_lab` loads nothing outside the standard library."""
    assert _run("import tempmm_lab") == ["['tempmm_lab']"]


def test_the_command_line_loads_only_this_package() -> None:
    """So does the module behind the `tempmm-lab` command."""
    assert _run("import tempmm_lab.cli") == ["['tempmm_lab']"]


def test_translating_walking_and_drawing_load_only_this_package() -> None:
    """Page tables are built, translated, walked in a recorded guest and drawn without any library."""
    code = """
from tempmm_lab import Access, PhysicalMemory, Registers, draw_walk, load_snapshot, translate
tables = PhysicalMemory.from_words({0x1000: 0x2003, 0x2000: 0x3003, 0x3000: 0x4003, 0x4000: 0x5003})
registers = Registers(cr0=0x80000001, cr3=0x1000, cr4=0x20, efer=0x500, rflags=2, cpl=0)
print(int(translate(tables, registers, 0x123, Access.READ).pa))
walk = load_snapshot("user").walk(0x401000, Access.READ)
print(walk.fault)
print(draw_walk(walk).svg.lstrip().startswith("<svg"), bool(draw_walk(walk).text()))
"""
    assert _run(code) == [str(0x5123), "None", "True True", "['tempmm_lab']"]

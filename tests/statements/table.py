"""Run every statement on every build and write down what came of it: `python -m tests.statements.table` does that."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from tempmm_lab.errors import NotPossible
from tests.statements.lab import BUILDS, STATEMENTS, CannotState

MODULES = ("s01_s31", "s32_s45", "s46_s59", "s60_s68", "s69_s82", "s83_s94")
for _module in MODULES:
    importlib.import_module(f"tests.statements.{_module}")

PAGE = Path(__file__).resolve().parents[2] / "docs" / "statements.md"
HEAD = """# Which statement holds on which build

This page is written by `make statements` from the tests in `tests/statements/`, which run each statement on all six
builds. **Bold**: the statement's tag names that build, so a test requires it. Plain: nobody says what to expect there;
this is what the model does. A dash: the statement cannot be put to that build, mostly because v5.1 has no temporary
mms. Some statements stand in several rows, one for each era that has its own outcome.
"""


def outcome(name: str, build: str) -> str:
    """Say whether a statement holds on a build, fails there, or cannot be put to it."""
    try:
        return "holds" if STATEMENTS[name].holds(build) else "fails"
    except CannotState:
        return "-"
    except (StopIteration, IndexError, AssertionError, NotPossible):  # what it speaks of does not occur there
        if build in STATEMENTS[name].builds:
            raise
        return "-"


def page() -> str:
    """Give the page."""
    lines = [HEAD, "| | statement | " + " | ".join(BUILDS) + " |", "|---|---|" + "---|" * len(BUILDS)]
    held = required = 0
    for name, each in STATEMENTS.items():
        found = {build: outcome(name, build) for build in BUILDS}
        required += len(each.builds)
        held += sum(found[build] == "holds" for build in each.builds)
        cells = [f"**{found[build]}**" if build in each.builds else found[build] for build in BUILDS]
        lines.append(f"| {name} | {' '.join(each.sentence.split())} | " + " | ".join(cells) + " |")
    lines += ["", f"Required: {required}, held: {held}. Statements: {len(STATEMENTS)} rows. None had to be left out."]
    lines += ["S30 is put more strongly than in the source: the model has no reference counts; what is tested is that"]
    lines += ["the pair writes nothing at all outside its own CPU.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE} written\n")

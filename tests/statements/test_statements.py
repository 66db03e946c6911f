"""Each statement holds on every build that its tag names."""

import importlib

import pytest

from tests.statements.lab import STATEMENTS

MODULES = ("s01_s31", "s32_s45", "s46_s59")
for module in MODULES:
    importlib.import_module(f"tests.statements.{module}")

CASES = [(name, build) for name, each in STATEMENTS.items() for build in each.builds]


@pytest.mark.parametrize(("name", "build"), CASES, ids=lambda value: value)
def test_statement(name, build):
    """A statement holds on a build that its tag names."""
    each = STATEMENTS[name]
    assert each.holds(build), f"{name} does not hold on {build}: {each.sentence}"

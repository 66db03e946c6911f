"""Each statement holds on every build that its tag names, and the page that says so is up to date."""

import re

import pytest

from tests.statements.table import PAGE, STATEMENTS, page

CASES = [(name, build) for name, each in STATEMENTS.items() for build in each.builds]
NUMBERS = {f"S{number}" for number in range(1, 95)} | {"S66b", "S68b", "S73b", "S92b"}


@pytest.mark.parametrize(("name", "build"), CASES, ids=lambda value: value)
def test_statement(name, build):
    """A statement holds on a build that its tag names."""
    each = STATEMENTS[name]
    assert each.holds(build), f"{name} does not hold on {build}: {each.sentence}"


def test_no_statement_is_left_out():
    """S1 to S94, and the four with a letter, are all there."""
    assert {re.match(r"S\d+b?", name)[0] for name in STATEMENTS} == NUMBERS


def test_the_page_is_what_the_tests_say():
    """docs/statements.md is what running everything on all six builds gives."""
    assert PAGE.read_text(encoding="utf-8") == page(), "make statements"

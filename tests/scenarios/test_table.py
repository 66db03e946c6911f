"""The pages about scenarios say what exploring them gives."""

import pytest

from tests.scenarios.table import PAGE, identity, page, rows

QUICK = ("text_poke", "stale_alias", "nested", "hw_breakpoints", "nmi_in_window")


def test_the_quick_rows_are_up_to_date():
    """The rows of the small scenarios are what exploring them gives."""
    text = PAGE.read_text(encoding="utf-8").splitlines()
    assert [row for row, _ in rows(QUICK) if row not in text] == [], "make scenarios"
    assert [row for row in identity(QUICK) if row not in text] == [], "make scenarios"


@pytest.mark.slow
def test_the_page_is_up_to_date():
    """So is the whole page."""
    assert PAGE.read_text(encoding="utf-8") == page()[0], "make scenarios"

"""What every pytest run in this project shares."""

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Have nbval answer predictions as the committed notebooks were made: with the right choice."""
    if config.getoption("nbval", default=False):
        os.environ.setdefault("TEMPMM_LAB_ANSWERS", "right")

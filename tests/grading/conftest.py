"""The sandbox, or the reason why there is none."""

from __future__ import annotations

import os

import pytest

from tempmm_lab import ModelError
from tempmm_lab.grading.sandbox import Bubblewrap, find_sandbox


@pytest.fixture(scope="session")
def sandbox() -> Bubblewrap:
    """Bubblewrap. Where it does not work these tests are skipped, and fail in CI."""
    try:
        found = find_sandbox()
    except ModelError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    assert isinstance(found, Bubblewrap)
    return found

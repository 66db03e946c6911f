"""What tests of one unit share."""

from __future__ import annotations

import pytest


@pytest.fixture
def bench_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a kernel without benches, in which a click on Explore waits for the answer."""
    from tempmm_lab.widgets import bench_explore, bench_session

    monkeypatch.setattr(bench_session, "_SESSIONS", {})
    monkeypatch.setattr(bench_explore, "BLINK", 60.0)

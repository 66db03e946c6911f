"""Laws through measured points, what a budget holds by them, and their chart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scale import AXES, measure
from tempmm_lab import ModelError, chart_scale
from tempmm_lab.scaling import ENGINE, EVERY_STATE, GIB, PROOF, Fit, fit, growths

CPUS = [{"axis": "cpus", "at": at, "states": 189 * 8 ** (at - 1), "bytes_per_state": 1024.0} for at in (1, 2, 3, 4)]
PROOFS = [
    {"axis": "cpus", "at": 2, "states": 277, "bytes_per_state": 1500, "how": ENGINE},
    {"axis": "cpus", "at": "any", "states": 277, "bytes_per_state": 1500, "how": PROOF},
]
POKES = [{"axis": "pokes", "at": at, "states": 248 + 1264 * at, "bytes_per_state": 512} for at in (1, 2, 3, 4)]
LAWS = st.one_of(
    st.builds(Fit, st.just("exponential"), st.floats(1, 1e3), st.floats(1.2, 50)),
    st.builds(Fit, st.just("power"), st.floats(1, 1e3), st.floats(1.2, 6), st.just(1)),
    st.builds(Fit, st.just("linear"), st.floats(1, 1e3), st.floats(20, 1e3)),
)


@given(LAWS)
def test_a_law_is_found_again(law: Fit) -> None:
    """Points that lie on a law give that law, and no residual to speak of."""
    points = [(x, law.at(x)) for x in range(4)]
    found = fit(points)
    assert found.off < 1e-6
    assert all(found.at(x) == pytest.approx(y, rel=1e-6) for x, y in points)


@given(LAWS, st.floats(1e4, 1e7))
def test_what_a_budget_holds(law: Fit, most: float) -> None:
    """The largest x within a budget is within it, and the next one is not."""
    reach = law.reach(most)
    assert reach is not None
    assert law.at(reach) <= most * (1 + 1e-6)
    assert law.at(reach + 1) > most


@pytest.mark.parametrize("form", ["linear", "exponential", "power"])
def test_what_does_not_grow_has_no_end(form: str) -> None:
    """A law that stays where it is reaches over a million."""
    flat = {"linear": Fit(form, 277, 0), "exponential": Fit(form, 277, 1), "power": Fit(form, 277, 0)}[form]
    assert flat.reach(1e6) is None
    assert fit([(1, 277), (2, 277), (3, 277)]).reach(1e6) is None


def test_the_residual_is_shown() -> None:
    """What lies on no law is told with how far it is off at worst."""
    law = fit([(0, 140), (1, 1512), (2, 4312), (3, 8540)])
    assert law.form == "power"
    assert f"off by {law.off:.1%} at most" in law.text("n")
    assert 0.05 < law.off < 0.5


@pytest.mark.parametrize("points", [[], [(1, 5)], [(1, 5), (1, 6)], [(1, 5), (2, 0)]])
def test_too_little_is_no_law(points: list[tuple[float, float]]) -> None:
    """One point, or nothing to grow, is a clear error."""
    with pytest.raises(ModelError, match="two different points"):
        fit(points)


def test_growth_along_each_axis() -> None:
    """Rows are told apart by axis; the law goes through those for which every state was visited."""
    cpus, pokes = growths([*CPUS, *PROOFS, *POKES])
    assert cpus.law is not None
    assert pokes.law is not None
    assert (cpus.law.form, cpus.room, cpus.reach) == ("exponential", GIB // 1024, 5)
    assert (pokes.law.form, pokes.room, pokes.reach) == ("linear", GIB // 512, (GIB // 512 - 248) // 1264)
    assert [row["at"] for row in cpus.decided(PROOF)] == ["any"]


def test_the_chart_and_its_twin_say_the_same() -> None:
    """Every number of the picture is in the table and in the alternative text; the picture is the same each time."""
    chart = chart_scale([*CPUS, *PROOFS, *POKES])
    assert chart.png == chart_scale([*CPUS, *PROOFS, *POKES]).png
    for row in [*CPUS, *PROOFS, *POKES]:
        assert f"{row['states']:,}" in chart.text()
        assert f"{row['at']}: {row['states']:,}" in chart.alt
    html = chart._repr_mimebundle_()["text/html"]
    assert re.fullmatch(r'<figure><img alt="[^"]{100,}" src="data:image/png;base64,[^"]+"></figure>', html)


def test_without_matplotlib_a_chart_is_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install, and shows as text."""
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.backends.backend_agg", None)
    chart = chart_scale(CPUS)
    assert chart.png is None
    assert "needs matplotlib" in chart.text()
    assert list(chart._repr_mimebundle_()) == ["text/plain"]


@pytest.mark.parametrize("rows", [[PROOFS[1]], PROOFS, CPUS[:1], [{**CPUS[0], "axis": "senders"}]])
def test_a_chart_of_little(rows: list[dict[str, object]]) -> None:
    """One row, proofs alone, or a knob without a label of its own can be drawn, too."""
    chart = chart_scale(rows)
    assert chart.png is not None
    assert "1 GiB holds" in chart.text()


def test_the_benchmark_measures_what_explore_says() -> None:
    """A row has the report's numbers, whatever they are, and one cost: seconds, or bytes."""
    timed = measure("text_poke", {"irqs": 0}, EVERY_STATE, watched=False)
    weighed = measure("text_poke", {"irqs": 0}, EVERY_STATE, watched=True)
    assert timed["states"] == weighed["states"] == 140
    assert timed["seconds"] > 0
    assert weighed["peak"] > 140 * 100
    assert set(AXES) == {"cpus", "irqs", "pokes"}

import pytest

from tests.oracle.catchers import catchers
from tests.oracle.mutants import MUTANTS


def test_the_walker_as_it_is_is_caught_by_none():
    """No comparison with another implementation finds anything wrong with the walker itself."""
    assert list(catchers()) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_walker_is_caught(mutant):
    """A walker with one wrong rule disagrees with another implementation in at least one case."""
    with mutant.applied():
        caught_by = next(catchers(), None)
    print(f"caught by: {caught_by}")
    assert caught_by is not None, f"nobody noticed: {mutant.rule}"


def test_nothing_stays_broken():
    """After the mutants the walker is itself again; they have names of their own, and there are at least 30."""
    assert list(catchers()) == []
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 30

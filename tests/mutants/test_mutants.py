"""Mutants of the kernel floor are killed. Here a fixed selection; `make mutants` and `make test-all` run all."""

import ast
from dataclasses import replace

import pytest

from tempmm_lab.kernel import mistakes, tlb
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.killers import killed_by
from tests.mutants.table import PAGE
from tests.mutants.tool import _source, all_mutants, planted

MUTANTS = all_mutants()
SELECTED = [mutant for mutant in MUTANTS[::16] if mutant.name not in EQUIVALENT]


def test_there_are_many():
    """At least 60 mutants, each with a name of its own, each with a row in the page that says what kills it."""
    text = PAGE.read_text(encoding="utf-8")
    assert len(MUTANTS) >= 60
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert [
        each.name for each in MUTANTS if f"| {each.function} | {each.change.replace('|', chr(92) + '|')} |" not in text
    ] == []
    assert "NOT EXPLAINED" not in text


@pytest.mark.parametrize("mutant", SELECTED, ids=lambda mutant: mutant.name)
def test_a_mutant_is_killed(mutant):
    """A statement, a recording or a rule objects to the change."""
    assert killed_by(mutant)


def test_the_original_is_not_killed():
    """Nothing objects to a function that was taken apart and put together unchanged."""
    mutant = next(each for each in MUTANTS if each.function == "use_temporary_mm")
    same = replace(mutant, text=ast.unparse(_source(tlb, "use_temporary_mm")))
    assert mutant.text != same.text
    assert killed_by(same) == ""


def test_planting_leaves_nothing_behind():
    """After a mutant is taken out, every module holds the original again."""
    before = tlb.use_temporary_mm, mistakes.use_temporary_mm
    with planted(next(each for each in MUTANTS if each.function == "use_temporary_mm")):
        assert tlb.use_temporary_mm is not before[0]
        assert mistakes.use_temporary_mm is tlb.use_temporary_mm
    assert (tlb.use_temporary_mm, mistakes.use_temporary_mm) == before

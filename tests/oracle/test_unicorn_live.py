from collections import Counter

import pytest

from tempmm_lab import Access, GeneralProtection, PageFault, translate
from tests.oracle.generate import Questions
from tests.oracle.live import compare_live, features
from tests.oracle.unicorn_mmu import UnicornMmu, code_slot

CASES_PER_SEED = 4_000
SEEDS = range(10)


@pytest.fixture(scope="module")
def mmu():
    return UnicornMmu()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_model_agrees_with_unicorn(mmu, seed):
    """In 4,000 random accesses the model and Unicorn differ in nothing: outcome, address, code, CR2, A and D."""
    compared = compare_live(mmu, seed, CASES_PER_SEED)
    assert compared.total == CASES_PER_SEED
    assert compared.differs == ()


def test_the_random_accesses_meet_every_rule(mmu):
    """Each feature of the MMU is met at least 20 times in 4,000 accesses, and a quarter or more succeed."""
    seen = Counter(feature for case in compare_live(mmu, 0, CASES_PER_SEED).cases for feature in features(case))
    rare = {name: seen[name] for name in features.names if seen[name] < 20}
    assert rare == {}
    assert seen["succeeds"] > CASES_PER_SEED / 4


def test_the_same_seed_asks_the_same():
    """A seed fixes the questions, so a disagreement can be looked at again."""
    first, second = Questions(7), Questions(7)
    assert [first.next() for _ in range(50)] == [second.next() for _ in range(50)]

from collections import Counter

import pytest

from tempmm_lab import Access, PageFault, Registers, compare_walkers, translate
from tests.oracle.generate import Questions
from tests.oracle.live import FEATURES, features, live_cases
from tests.oracle.unicorn_mmu import TABLE_POOLS, WINDOWS, Question, UnicornMmu

CASES = 4_000
SEEDS = range(10)


@pytest.fixture(scope="module")
def mmu():
    """Give one CPU in Unicorn for all tests of this file."""
    return UnicornMmu()


def four_entries(frame, leaf_bits=0x67, va=0x7000):
    """Give the words of tables that map one page, with the last entry's bits as wanted."""
    tables = [TABLE_POOLS[0] + 0x1000 * number for number in range(4)]
    links = [*(table | 0x67 for table in tables[1:]), frame | leaf_bits]
    indexes = [va >> shift & 0x1FF for shift in (39, 30, 21, 12)]
    return {table + 8 * index: word for table, index, word in zip(tables, indexes, links, strict=True)}


def ask(mmu, words, access, cpl=3, **registers):
    """Give Unicorn's answer about address 0x7008."""
    values = {"cr0": 0x8001_0001, "cr3": TABLE_POOLS[0], "cr4": 0x20, "efer": 0xD00, "rflags": 0x2, **registers}
    return mmu.answer(Question(words, Registers(**values, cpl=cpl), 0x7008, access))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_model_agrees_with_unicorn(mmu, seed):
    """In 4,000 random accesses a seed, nothing differs: outcome, address, code, CR2, and A and D on success."""
    compared = compare_walkers(translate, live_cases(mmu, seed, CASES))
    assert compared.total == CASES
    assert compared.differs == ()


def test_the_random_accesses_meet_every_rule(mmu):
    """Each rule of the MMU is met at least 20 times in 4,000 accesses, and a quarter of them or more succeed."""
    seen = Counter(name for case in live_cases(mmu, SEEDS[0], CASES) for name in features(case))
    assert {name: seen[name] for name in FEATURES if seen[name] < 20} == {}
    assert seen["allowed"] > CASES / 4


def test_every_ignored_bit_is_tried(mmu):
    """Among the entries of accesses that succeed every bit but 51:40 is set somewhere, and every bit but P is clear."""
    set_ = clear = 0
    for case in live_cases(mmu, SEEDS[0], CASES):
        if case.pa is not None:
            for word in case.memory.words().values():
                set_, clear = set_ | word, clear | ~word
    assert set_ == (1 << 64) - 1 & ~(0xFFF << 40)
    assert clear & (1 << 64) - 1 == (1 << 64) - 1 & ~1


def test_the_same_seed_asks_the_same():
    """A seed fixes the questions, so that a disagreement can be looked at again."""
    first, second = Questions(7), Questions(7)
    assert [first.next() for _ in range(50)] == [second.next() for _ in range(50)]


@pytest.mark.parametrize("access", Access)
def test_the_driver_sees_where_an_access_ends(mmu, access):
    """A load, a store and a fetch through one page all report the physical address that the page is put at."""
    for frame in WINDOWS:
        assert ask(mmu, four_entries(frame), access).pa == frame + 8


def test_the_driver_sees_what_the_hardware_writes(mmu):
    """A store through clean entries reports A in all four of them and D in the last."""
    words = {pa: word & ~0x20 for pa, word in four_entries(WINDOWS[0], 0x07).items()}
    *upper, leaf = words.items()
    expected = {pa: word | 0x20 for pa, word in upper} | {leaf[0]: leaf[1] | 0x60}
    assert ask(mmu, words, Access.WRITE).accessed_dirty == expected


@pytest.mark.parametrize(
    ("access", "cpl", "code"),
    [
        (Access.READ, 3, 0x4),
        (Access.WRITE, 3, 0x6),
        (Access.EXECUTE, 3, 0x14),
        (Access.READ, 0, 0x0),
        (Access.WRITE, 0, 0x2),
        (Access.EXECUTE, 0, 0x10),
    ],
)
def test_the_driver_reads_the_error_code(mmu, access, cpl, code):
    """A page that is not present gives the error codes of the manual, and its address in CR2."""
    assert ask(mmu, four_entries(WINDOWS[0], 0x66), access, cpl).fault == PageFault(code, 0x7008)


def test_one_access_leaves_nothing_for_the_next(mmu):
    """After a fault at CPL 3 the same engine answers a supervisor read as if it were its first."""
    ask(mmu, {}, Access.WRITE, 3)
    assert ask(mmu, four_entries(WINDOWS[1]), Access.READ, 0).pa == WINDOWS[1] + 8
    assert ask(mmu, {}, Access.READ, 0).fault == PageFault(0x0, 0x7008)

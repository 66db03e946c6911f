from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import (
    Access,
    Page,
    PageFault,
    PhysicalMemory,
    build_tables,
    sign_extend,
    translate,
)
from tempmm_lab.hw.build import KERNEL
from tests.oracle.generate import Questions

KIB4, MIB2, GIB1 = 1 << 12, 1 << 21, 1 << 30
ROOT = 0x1000
seeds = st.integers(0, 1 << 32)


@st.composite
def maps(draw):
    """Give a number of levels and some pages of three sizes, none over another."""
    levels = draw(st.sampled_from((4, 5)))
    pages, taken = [], []
    for _ in range(draw(st.integers(1, 6))):
        size = draw(st.sampled_from((KIB4, MIB2, GIB1)))
        number = draw(st.one_of(st.integers(0, 1 << 36), st.integers(0, 3).map(lambda gib: gib << 30)))
        va = int(sign_extend(number << 12 & -size, levels))
        if all(va + size <= start or end <= va for start, end in taken):
            taken.append((va, va + size))
            frame = draw(st.integers(0, (1 << 52) // size - 1))
            pages.append(Page(va, frame * size, draw(st.sampled_from(("P RW US", "P", "P RW A D NX G"))), size))
    return levels, pages


def read(levels, words, va):
    """Give the answer to a supervisor read under the tables in `words`."""
    registers = KERNEL.but(LA57=levels == 5, cr3=ROOT)
    return translate(PhysicalMemory.from_words(words), registers, va, Access.READ)


@given(maps(), st.data())
def test_tables_give_back_every_page(levels_and_pages, data):
    """Any byte of any page that was built in is found, at the page's size."""
    levels, pages = levels_and_pages
    words = build_tables(pages, ROOT, levels)
    for page in pages:
        offset = data.draw(st.integers(0, page.size - 1))
        walk = read(levels, words, page.va + offset)
        assert (walk.pa, walk.page_size) == (page.pa + offset, page.size)
        assert len(walk.levels) == levels - {KIB4: 0, MIB2: 1, GIB1: 2}[page.size]


@given(maps(), st.integers(0, (1 << 57) - 1))
def test_tables_map_nothing_else(levels_and_pages, number):
    """An address in none of the pages is not present, and neither are the two next to each page."""
    levels, pages = levels_and_pages
    words = build_tables(pages, ROOT, levels)
    beside = [sign_extend(va, levels) for page in pages for va in ((page.va - 1) % (1 << 64), page.va + page.size)]
    for va in (sign_extend(number, levels), *beside):
        if not any(page.va <= va < page.va + page.size for page in pages):
            assert read(levels, words, va).fault == PageFault(0, va)


@given(seeds)
def test_translate_never_writes(seed):
    """Memory and registers are what they were, and asking again gives the same answer."""
    asked = Questions(seed).next()
    memory = PhysicalMemory.from_words(asked.words)
    first = translate(memory, asked.registers, asked.va, asked.access, maxphyaddr=40)
    assert memory == PhysicalMemory.from_words(asked.words)
    assert translate(memory, asked.registers, asked.va, asked.access, maxphyaddr=40) == first


@given(seeds)
def test_an_access_only_ever_sets_a_and_d(seed):
    """What an access writes to an entry is the entry with A, or A and D, set; a fault writes nothing."""
    asked = Questions(seed).next()
    memory = PhysicalMemory.from_words(asked.words)
    walk = translate(memory, asked.registers, asked.va, asked.access, maxphyaddr=40)
    assert walk.fault is None or walk.accessed_dirty == {}
    for pa, word in walk.accessed_dirty.items():
        old = memory.read64(pa)
        assert word & ~old in (0x20, 0x40, 0x60)
        assert word & old == old


@given(seeds)
def test_an_access_done_again_writes_nothing(seed):
    """Once A and D are set as the first access left them, the same access succeeds and sets nothing more."""
    asked = Questions(seed).next()
    memory = PhysicalMemory.from_words(asked.words)
    walk = translate(memory, asked.registers, asked.va, asked.access, maxphyaddr=40)
    for pa, word in walk.accessed_dirty.items():
        memory = memory.with_word(pa, word)
    again = translate(memory, asked.registers, asked.va, asked.access, maxphyaddr=40)
    assert (again.pa, again.fault, again.accessed_dirty) == (walk.pa, walk.fault, {})


@given(seeds)
def test_an_answer_is_an_address_or_a_fault(seed):
    """Every walk has either a physical address or a fault with a reason, never both, and CR2 is the address asked."""
    asked = Questions(seed).next()
    walk = translate(PhysicalMemory.from_words(asked.words), asked.registers, asked.va, asked.access, maxphyaddr=40)
    assert (walk.pa is None) == (walk.fault is not None) == bool(walk.reason)
    assert not isinstance(walk.fault, PageFault) or walk.fault.cr2 == asked.va

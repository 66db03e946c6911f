import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import Hex, Level, ModelError, PhysicalMemory, is_canonical, sign_extend, split

words = st.integers(0, (1 << 64) - 1)
levels = st.sampled_from((4, 5))
memories = st.dictionaries(st.integers(0, (1 << 49) - 1).map(lambda number: number * 8), words, max_size=8)


@given(words, levels)
def test_split_loses_nothing_that_translation_uses(va, levels):
    """The indexes and the offset, put together again, are the translated bits of the address."""
    parts = split(va, levels)
    again = sum(int(parts[Level(n).name]) << Level(n).shift for n in range(1, levels + 1)) + parts["offset"]
    assert again == va & (1 << 12 + 9 * levels) - 1
    assert all(0 <= index < 512 for name, index in parts.items() if name != "offset")


@given(words, levels)
def test_sign_extend_is_canonical_and_keeps_the_low_bits(number, levels):
    """What it gives is canonical, has the same translated bits, and is left alone by a second time."""
    va = sign_extend(number, levels)
    assert is_canonical(va, levels)
    assert split(va, levels) == split(number, levels)
    assert sign_extend(va, levels) == va


@given(words, levels)
def test_an_address_is_canonical_exactly_if_extending_changes_nothing(va, levels):
    """`is_canonical` and `sign_extend` agree about every 64-bit number."""
    assert is_canonical(va, levels) == (sign_extend(va, levels) == va)


@given(words)
def test_four_level_addresses_are_five_level_addresses(va):
    """Whatever is canonical with four levels is so with five."""
    assert not is_canonical(va, 4) or is_canonical(va, 5)


@given(memories)
def test_memory_gives_back_what_it_was_given(words):
    """Each word reads as given and any other as 0; `words` lists them in order, without zeros."""
    memory = PhysicalMemory.from_words(words)
    assert all(memory.read64(pa) == word for pa, word in words.items())
    assert memory.words() == {pa: word for pa, word in sorted(words.items()) if word}
    assert list(memory.words()) == sorted(memory.words())
    assert PhysicalMemory.from_words(memory.words()) == memory


@given(memories, st.integers(0, (1 << 49) - 1), words)
def test_writing_a_word_changes_that_word_alone(words, place, value):
    """The new memory differs in one word, the old one in none, and writing the old word back undoes it."""
    before = PhysicalMemory.from_words(words)
    after = before.with_word(place * 8, value)
    assert after.read64(place * 8) == value
    assert all(after.read64(pa) == word for pa, word in words.items() if pa != place * 8)
    assert before == PhysicalMemory.from_words(words)
    assert after.with_word(place * 8, before.read64(place * 8)) == before


@given(memories, memories)
def test_memories_are_equal_if_their_words_are(first, second):
    """Two memories are equal exactly if every word is, zeros counting as absent, and equal ones hash the same."""
    one, two = PhysicalMemory.from_words(first), PhysicalMemory.from_words(second)
    same = {pa: word for pa, word in first.items() if word} == {pa: word for pa, word in second.items() if word}
    assert (one == two) is same
    assert not same or hash(one) == hash(two)


@given(words, st.integers(0, 70))
def test_numbers_stay_hexadecimal(number, amount):
    """Arithmetic on a `Hex` gives what it gives on an int, and the result still prints in hexadecimal."""
    here = Hex(number)
    for result, expected in (
        (here + amount, number + amount),
        (here & amount, number & amount),
        (here | amount, number | amount),
        (here ^ amount, number ^ amount),
        (here >> amount, number >> amount),
        (amount + here, number + amount),
    ):
        assert result == expected
        assert repr(result) == hex(expected)


@given(st.one_of(st.integers(max_value=-1), st.integers(min_value=1 << 64), st.floats(), st.text(), st.none()))
def test_no_nonsense_is_an_address(nonsense):
    """A negative number, one of 65 bits, a float, a text and None are a ModelError to whatever takes an address."""
    for take in (is_canonical, split, sign_extend):
        with pytest.raises(ModelError):
            take(nonsense)

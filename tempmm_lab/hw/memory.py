"""Physical memory: 64-bit words at physical addresses, as a frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tempmm_lab.errors import ModelError, UnknownWord, whole_number
from tempmm_lab.hw.address import KIB4, Hex


class PhysicalMemory:
    """Words by physical address. A word never given reads as 0; writing gives a new memory.

    A memory made from a recording may know only some pages in full. Reading what was not recorded is then an
    `UnknownWord`, never a made-up 0.
    """

    __slots__ = ("_hash", "_known", "_words")

    def __init__(self, words: dict[int, int], known: frozenset[int] | None) -> None:
        """Not for readers: use `from_words`."""
        self._words = words
        self._known = known
        self._hash = 0
        for item in words.items():
            self._hash ^= hash(item)

    @classmethod
    def from_words(cls, words: Mapping[int, int], *, complete_pages: Iterable[int] | None = None) -> PhysicalMemory:
        """Make a memory of `{physical address: 64-bit word}`.

        With `complete_pages` (addresses of 4 KiB pages) any other word that is not in `words` is unknown.

        Raises:
            ModelError: an address is not a multiple of 8 or wider than 52 bits, or a word is wider than 64 bits.
        """
        try:
            pairs = list(words.items())
        except AttributeError:
            msg = f"Give memory as a dict of words, such as {{0x1000: 0x2067}}, not {type(words).__name__}."
            raise ModelError(msg) from None
        checked = {_place(pa): Hex(whole_number(word, f"the word at {pa!r}")) for pa, word in pairs}
        known = None if complete_pages is None else frozenset(_place(page) for page in complete_pages)
        return cls({pa: word for pa, word in checked.items() if word or known is not None}, known)

    def read64(self, pa: int) -> Hex:
        """Give the word at `pa`.

        Raises:
            UnknownWord: the memory is a recording and does not hold it.
        """
        word = self._words.get(_place(pa))
        if word is not None:
            return Hex(word)
        if self._known is not None and pa & ~(KIB4 - 1) not in self._known:
            msg = (
                f"The recording does not hold the word at physical address {pa:#x}. Only the page tables on the "
                "recorded paths, and a few words of data, were saved."
            )
            raise UnknownWord(msg)
        return Hex(0)

    def with_word(self, pa: int, value: int) -> PhysicalMemory:
        """Give a memory that differs in the word at `pa`."""
        return self.with_words({_place(pa): value})

    def with_words(self, changes: Mapping[int, int]) -> PhysicalMemory:
        """Give a memory that differs in many words at once.

        Raises:
            ModelError: as in `from_words`.
        """
        words = dict(self._words)
        for pa, value in changes.items():
            place, word = _place(pa), Hex(whole_number(value, "a word"))
            if word or self._known is not None:
                words[place] = word
            else:
                words.pop(place, None)
        return PhysicalMemory(words, self._known)

    def plain(self) -> dict[int, int]:
        """Give every word that was given as plain numbers, in no order: a copy for loops over very many accesses."""
        return {pa: int(word) for pa, word in self._words.items()}

    def words(self) -> dict[Hex, Hex]:
        """Give every word that was given and is not 0, lowest address first."""
        return {Hex(pa): Hex(self._words[pa]) for pa in sorted(self._words)}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PhysicalMemory):
            return NotImplemented
        return self._hash == other._hash and self._words == other._words and self._known == other._known

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        kind = "words" if self._known is None else "recorded words"
        return f"PhysicalMemory({len(self._words)} {kind})"


def _place(pa: int) -> int:
    place = whole_number(pa, "a physical address", bits=52)
    if place & 7:
        msg = f"Memory here is made of 8-byte words: {place:#x} is not a multiple of 8. Use {place & ~7:#x}."
        raise ModelError(msg)
    return place

"""Seeds give variants: the same on every Python, as many different ones as are stated, shown as plain data and text."""

from __future__ import annotations

import hashlib
import json
import random
from itertools import combinations
from math import comb, prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab.assess.exercises import CHAPTERS, EXERCISES
from tempmm_lab.assess.exercises.draws import Draw, Stream, number_of, seed_of
from tempmm_lab.assess.exercises.exercise import KINDS, Exercise
from tempmm_lab.assess.exercises.shapes import plain, same
from tempmm_lab.errors import ModelError
from tests.exercises.later import RECORDED as LATER

EVERY = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda one: one.name)
SECRET = b"a secret of this test only, 32 b"
RECORDED = {
    "ch01-indices": "1b70f2b407499bdb",
    "ch01-walk": "6642a4668cc5a953",
    "ch01-order": "6d0b53af48b61fbc",
    "ch01-corrupt": "c10aebf52dd35f71",
    "ch01-build": "710ac3bd925fc5a2",
    "ch02-outcome": "d4c3273eaf276c1b",
    "ch02-rule": "66c934600e41f345",
    "ch02-switch": "a66634c4d3bb245c",
    "ch02-fetch": "0b008f5c74ec59d1",
    "ch03-answers": "3347bdf9bb65b0b7",
    "ch03-flush": "76877c86f906d099",
    "ch03-store": "a0e58801430dbfa4",
    "ch03-test": "952bd4ece1d71aa2",
    "ch04-visitors": "1b15c7a38bb832bd",
    "ch04-order": "b2b0b7b12b5dc6ba",
    "ch04-gate": "59ead8c551acfe2b",
    "ch04-helper": "e13addc3a38f678a",
    "ch04-silence": "b6cf597046c52bc6",
    "ch05-slots": "d60acd9193e86138",
    "ch05-choose": "a468307426b1c4a6",
    "ch05-flushes": "1c8088b40de02e26",
    "ch05-sign": "fe0448fee0e46bba",
    "ch06-told": "1d9a28c3eaaddbbc",
    "ch06-order": "74462ae8a80b02b0",
    "ch06-func": "0c45f57265f80e0e",
    "ch06-lazy": "2ec24e7e182221da",
    "ch07-holders": "2d6d0428ae52691c",
    "ch07-dance": "9086a5ff6df0c4b0",
    "ch07-tell": "c06181f1c4675204",
    "ch07-guard": "7bc56390b41f3c7d",
    "ch08-order": "99fd725fb7c21ca1",
    "ch08-loads": "0c9637c2508e53a5",
    "ch08-unuse": "ec5a6b667a45f54c",
    "ch08-flush": "3baea28dfec5a521",
    "ch09-guests": "7ab0cac0619d2679",
    "ch09-okay": "75f2c2f65d968f6e",
    "ch09-irqsave": "53eed9cd31e402d2",
    "ch10-misuse": "7826baeb18045eac",
    "ch10-reports": "50cedf4e62111e3d",
    "ch10-lock": "6b082d22555c0654",
}
"""Exercise -> the beginning of the SHA-256 of its first twenty variants and one of a course, as JSON."""


def _digest(exercise: Exercise) -> str:
    seeds = [*range(20), seed_of(SECRET, "ada", exercise.name)]
    text = json.dumps([[exercise.variant(seed).facts, exercise.variant(seed).text] for seed in seeds], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@EVERY
def test_a_variant_is_the_recorded_one(exercise: Exercise) -> None:
    """Twenty-one variants are, to the letter, those that were recorded: on every Python, in every year."""
    assert _digest(exercise) == (RECORDED | LATER)[exercise.name]


def test_seeds_are_the_recorded_ones() -> None:
    """A course's seeds are HMAC-SHA256, pinned here, and differ by student, exercise and purpose."""
    assert seed_of(SECRET, "ada", "ch01-walk") == 0xF80CE9BFE1CFD35D
    assert seed_of(SECRET, "ada", "ch01-walk", "judge") == 0xFBE85144E14EAD8C
    others = [("ada", "ch01-order"), ("adb", "ch01-walk"), ("ad", "ach01-walk"), ("", "x")]
    found = {seed_of(SECRET, *names) for names in others[:3]} | {seed_of(SECRET, "ada", "ch01-walk")}
    assert len(found) == 4
    assert all(seed >> 63 == 1 for seed in found)


@pytest.mark.parametrize(
    "call",
    [
        (b"short", "ada", "ch01-walk"),
        ("a secret that is text, no bytes", "ada", "ch01-walk"),
        (SECRET, "", "x"),
        (SECRET, 5, "x"),
        (SECRET, "ada", "x", "marks"),
    ],
)
def test_a_seed_needs_a_secret_and_names(call: tuple[Any, ...]) -> None:
    """A short secret, or names that are none, are refused with what to give."""
    with pytest.raises(ModelError, match=r"secret|Give a|words"):
        seed_of(*call)


@EVERY
def test_the_count_is_the_stated_one(exercise: Exercise) -> None:
    """The bases of a variant's digits multiply to the stated count, whatever the digits."""
    for seed in range(50):
        draw = Draw(number_of(seed, exercise.name, exercise.variants))
        exercise.facts(draw)
        assert draw.ways == exercise.variants


class _Digits(Draw):
    """Draws that remember their bases, and take given digits."""

    def __init__(self, digits: list[int]) -> None:
        super().__init__(0)
        self.given, self.bases = digits, list[int]()

    def below(self, bound: int) -> int:
        place = len(self.bases)
        self.bases.append(bound)
        self.ways *= bound
        return self.given[place] % bound if place < len(self.given) else 0


def _facts(exercise: Exercise, digits: list[int]) -> str:
    return json.dumps(exercise.facts(_Digits(digits)), sort_keys=True)


@EVERY
def test_every_digit_shows(exercise: Exercise) -> None:
    """From many variants, changing any one digit gives another: no draw is lost, so numbers are variants."""
    counter = _Digits([])
    exercise.facts(counter)
    assert prod(counter.bases) == exercise.variants
    chance = random.Random(1)
    for _ in range(40):
        digits = [int(chance.random() * base) for base in counter.bases]
        here = _facts(exercise, digits)
        for place, base in enumerate(counter.bases):
            if base > 1:
                other = (digits[place] + 1 + int(chance.random() * (base - 1))) % base
                assert _facts(exercise, [*digits[:place], other, *digits[place + 1 :]]) != here, (place, base)


@EVERY
def test_numbers_are_variants(exercise: Exercise) -> None:
    """All numbers, or 3,000 of them, give as many different variants."""
    chance, count = random.Random(2), min(exercise.variants, 3000)
    small = exercise.variants <= 3000
    numbers = range(count) if small else {int(chance.random() * exercise.variants) for _ in range(count)}
    assert len({json.dumps(exercise.facts(Draw(number))) for number in numbers}) == len(numbers)


@EVERY
def test_many_students_get_different_variants(exercise: Exercise) -> None:
    """Of 300 students hardly two share a variant, except where all write one function, or schedules are counted."""
    seeds = [seed_of(SECRET, f"student{number}", exercise.name) for number in range(300)]
    assert len(set(seeds)) == 300
    different = {json.dumps(exercise.variant(seed).facts) for seed in seeds}
    if exercise.kind == "break":
        assert len(different) >= exercise.variants * 0.9 > 15
    else:
        assert len(different) == 1 if exercise.variants == 1 else len(different) >= 285


@EVERY
@given(seed=st.integers(0, (1 << 64) - 1))
def test_facts_are_plain_data(exercise: Exercise, seed: int) -> None:
    """Facts come back from JSON equal, in value and in type, and the text has no line that is too long to read."""
    variant = exercise.variant(seed)
    assert same(json.loads(json.dumps(variant.facts)), variant.facts)
    assert same(plain(variant.facts), variant.facts)
    assert max(map(len, variant.text.splitlines())) <= 120
    assert exercise.variant(seed) == variant


@EVERY
def test_an_exercise_is_well_made(exercise: Exercise) -> None:
    """Its name, chapter and kind fit, it has several parts, and a form for each or a function to call."""
    assert exercise.name.startswith(f"ch{exercise.chapter:02}-")
    assert exercise.kind in KINDS
    assert len(exercise.parts) >= 3
    assert all(part.points > 0 for part in exercise.parts.values())
    shaped = all(part.shape for part in exercise.parts.values())
    assert bool(exercise.adapt) + bool(exercise.whole) + shaped == 1
    assert exercise.kind in {"build", "fix"} or exercise.adapt is None


def test_a_chapter_has_three_to_five_of_several_kinds() -> None:
    """Each chapter has three to five exercises of at least three kinds."""
    for every in CHAPTERS.values():
        assert 3 <= len(every) <= 5
        assert len({one.kind for one in every}) >= 3


@pytest.mark.parametrize("seed", [-1, 1 << 64, "0", None, 1.5, True])
def test_a_seed_is_a_number(seed: Any) -> None:
    """What is no whole number of 64 bits is refused."""
    with pytest.raises(ModelError, match="seed"):
        EXERCISES["ch01-walk"].variant(seed)


def test_a_stream_is_the_same_each_time() -> None:
    """The numbers with which a function is judged are pinned too."""
    stream = Stream(5)
    assert [stream.below(1000) for _ in range(6)] == [424, 947, 748, 311, 912, 365]


def test_some_of_many_is_every_choice_once() -> None:
    """The numbers below a binomial coefficient give every choice of so many things once, in order."""
    for count in range(8):
        every = [Draw(number).some(range(7), count) for number in range(comb(7, count))]
        assert every == list(combinations(range(7), count))


def test_shuffled_is_every_order_once() -> None:
    """The numbers below a factorial give every order once."""
    assert len({Draw(number).shuffled("ABCD") for number in range(24)}) == 24

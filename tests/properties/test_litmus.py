"""Store buffers against what is published: the litmus tests of x86-TSO and the examples of Intel's manual.

Sewell, Sarkar, Owens, Zappa Nardelli, Myreen, "x86-TSO: a rigorous and usable programmer's model for x86
multiprocessors", CACM 53(7), 2010; Owens, Sarkar, Sewell, "A better x86 memory model: x86-TSO", TPHOLs 2009; Intel SDM
vol. 3, "Examples illustrating the memory-ordering principles" (8-1 to 8-10); names as in the litmus literature.
"""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tempmm_lab.kernel import step
from tempmm_lab.kernel.access import Access
from tests.properties.litmus import by_axioms, names, on_machine


def w(cell, value=1):
    """A plain store."""
    return ("W", cell, value)


def r(cell, register):
    """A load."""
    return ("R", cell, register)


def x(cell, register, value=1):
    """An XCHG."""
    return ("X", cell, value, register)


F = ("F",)
READERS = ((r("x", "c"), r("y", "d")), (r("y", "e"), r("x", "f")))

# name: (program, the outcome that is asked about, whether x86-TSO allows it, whether SC does)
PUBLISHED = {
    "SB (8-3)": (((w("x"), r("y", "a")), (w("y"), r("x", "b"))), {"a": 0, "b": 0}, True, False),
    "SB+mfences (amd5)": (((w("x"), F, r("y", "a")), (w("y"), F, r("x", "b"))), {"a": 0, "b": 0}, False, False),
    "SB+mfence+po": (((w("x"), F, r("y", "a")), (w("y"), r("x", "b"))), {"a": 0, "b": 0}, True, False),
    "SB+xchgs (8-9)": (((x("x", "c"), r("y", "a")), (x("y", "d"), r("x", "b"))), {"a": 0, "b": 0}, False, False),
    "MP (8-1)": (((w("x"), w("y")), (r("y", "a"), r("x", "b"))), {"a": 1, "b": 0}, False, False),
    "MP+xchg (8-10)": (((x("x", "c"), w("y")), (r("y", "a"), r("x", "b"))), {"a": 1, "b": 0}, False, False),
    "LB (8-2)": (((r("x", "a"), w("y")), (r("y", "b"), w("x"))), {"a": 1, "b": 1}, False, False),
    "own store (8-4)": (((w("x"), r("x", "a")),), {"a": 0}, False, False),
    "SB+rfis (8-5)": (((w("x"), r("x", "a"), r("y", "b")), (w("y"), r("y", "c"), r("x", "d"))),
                      {"a": 1, "b": 0, "c": 1, "d": 0}, True, False),
    "WRC (8-6)": (((w("x"),), (r("x", "a"), w("y")), (r("y", "b"), r("x", "c"))), {"a": 1, "b": 1, "c": 0},
                  False, False),
    "IRIW (8-7)": (((w("x"),), (w("y"),), *READERS), {"c": 1, "d": 0, "e": 1, "f": 0}, False, False),
    "IRIW+xchgs (8-8)": (((x("x", "a"),), (x("y", "b"),), *READERS), {"c": 1, "d": 0, "e": 1, "f": 0}, False, False),
    "R": (((w("x"), w("y")), (w("y", 2), r("x", "a"))), {"y": 2, "a": 0}, True, False),
    "R+po+mfence": (((w("x"), w("y")), (w("y", 2), F, r("x", "a"))), {"y": 2, "a": 0}, False, False),
    "R+mfences": (((w("x"), F, w("y")), (w("y", 2), F, r("x", "a"))), {"y": 2, "a": 0}, False, False),
    "S": (((w("x", 2), w("y")), (r("y", "a"), w("x"))), {"x": 2, "a": 1}, False, False),
    "2+2W": (((w("x"), w("y", 2)), (w("y"), w("x", 2))), {"x": 1, "y": 1}, False, False),
    "n6": (((w("x"), r("x", "a"), r("y", "b")), (w("y", 2), w("x", 2))), {"a": 1, "b": 0, "x": 1}, True, False),
    "n5": (((w("x"), r("x", "a")), (w("x", 2), r("x", "b"))), {"a": 2, "b": 1}, False, False),
    "n4b": (((r("x", "a"), w("x")), (r("x", "b"), w("x", 2))), {"a": 2, "b": 1}, False, False),
}  # fmt: skip


def reached(outcomes, asked):
    """Say whether some outcome has these values."""
    return any(asked.items() <= dict(outcome).items() for outcome in outcomes)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_verdicts(name):
    """The machine reaches the outcome exactly where the literature allows it, with store buffers and without."""
    program, asked, tso, sc = PUBLISHED[name]
    assert (reached(on_machine(program, "tso"), asked), reached(on_machine(program, "sc"), asked)) == (tso, sc)


@pytest.mark.parametrize("memory", ["sc", "tso"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_complete_sets_of_outcomes(name, memory):
    """All outcomes of each test are those that the axioms of the memory model allow, no more and no fewer."""
    program = PUBLISHED[name][0]
    assert on_machine(program, memory) == by_axioms(program, memory)


def test_sets_that_are_written_down():
    """Of the values of the two registers, SB reaches all four with store buffers and three without; MP and LB three."""
    rest = {"SB (8-3)": (0, 0), "MP (8-1)": (1, 0), "LB (8-2)": (1, 1)}
    every = set(itertools.product((0, 1), repeat=2))
    for name, forbidden in rest.items():
        for memory in ("sc", "tso"):
            found = {(dict(each)["a"], dict(each)["b"]) for each in on_machine(PUBLISHED[name][0], memory)}
            assert found == (every if name.startswith("SB") and memory == "tso" else every - {forbidden})


KINDS = st.sampled_from(["W", "W", "R", "R", "X", "F"])
CODES = st.lists(st.tuples(KINDS, st.sampled_from("xy")), min_size=1, max_size=3)
PROGRAMS = st.one_of(
    st.lists(CODES, min_size=2, max_size=2), st.lists(CODES.map(lambda c: c[:2]), min_size=3, max_size=3)
)


def written(drawn):
    """Give a drawn program in which each store has a value and each load a register of its own."""
    values, registers = itertools.count(1), map(str, itertools.count())
    make = {
        "W": lambda cell: ("W", cell, next(values)), "R": lambda cell: ("R", cell, next(registers)),
        "X": lambda cell: ("X", cell, next(values), next(registers)), "F": lambda _: F,
    }  # fmt: skip
    return tuple(tuple(make[kind](cell) for kind, cell in code) for code in drawn)


@settings(max_examples=150)
@given(PROGRAMS)
def test_any_small_program_does_what_the_axioms_allow(drawn):
    """On any small program the machine's outcomes are the axioms', in both models, and SC's are among TSO's."""
    program = written(drawn)
    names(program)
    sc, tso = on_machine(program, "sc"), on_machine(program, "tso")
    assert sc <= tso
    assert (sc, tso) == (by_axioms(program, "sc"), by_axioms(program, "tso"))


class Wrong(Access):
    """A door with one thing wrong, for the tests below to find."""

    __slots__ = ()


class NoForwarding(Wrong):
    """Loads do not look into their own CPU's buffer."""

    __slots__ = ()

    def read(self, cell):
        """Read memory."""
        return self.look(cell)


class NewestFirst(Wrong):
    """The buffer drains from the wrong end."""

    __slots__ = ()

    def drain(self):
        """Drain the newest store."""
        *rest, (target, value, _) = self.get("store_buffer")
        self.set("store_buffer", tuple(rest))
        self.note(target, value)


class NoFence(Wrong):
    """Locked operations and barriers leave the buffer as it is."""

    __slots__ = ()

    def fence(self):
        """Do nothing."""


@pytest.mark.parametrize(
    ("door", "told"), [(NoForwarding, "own store (8-4)"), (NewestFirst, "MP (8-1)"), (NoFence, "SB+mfences (amd5)")]
)
def test_a_wrong_store_buffer_is_told(door, told, monkeypatch):
    """A machine that does not forward, is no FIFO, or has no working fence fails the test made for that."""
    monkeypatch.setattr(step, "Access", door)
    program, asked, _, _ = PUBLISHED[told]
    assert reached(on_machine(program, "tso"), asked)

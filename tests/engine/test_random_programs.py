"""Random small programs: whoever answers, the answers are the same. Thousands of them in `make test-all`."""

from collections import Counter

import pytest

from tempmm_lab import explore, prove
from tempmm_lab.engine.exhaust import Exhaust
from tempmm_lab.engine.joint import Joint
from tempmm_lab.engine.roles import roles_of
from tempmm_lab.engine.tables import LockMistake, Tables
from tempmm_lab.engine.vector import VectorSearch
from tests.engine.agreement import ANSWERS, few_views, outcome, plainly, unlike
from tests.engine.generate import scenario

LARGEST = 1_500
"""States that the plain search may visit; a program with more is left to luck of another number."""
CHUNK = 50
NORMAL, MORE = range(0, 500, CHUNK), range(500, 6_500, CHUNK)


@pytest.fixture(autouse=True)
def _few_views(monkeypatch):
    """These programs are small, and so are their views where they end."""
    few_views(monkeypatch, 4_000)


def counts(chosen, plain):
    """Give what is wrong with the counts of the searches on tables."""
    try:
        tables = Tables(chosen.apart())
        roles = roles_of(tables.start)
        flat, alike = (Exhaust(Joint(tables, roles, symmetry=each), {}, lambda *_: None) for each in (False, True))
        flat.run()
        alike.run()
        fast = VectorSearch(Joint(tables, roles), lambda *_: None)
        fast.run()
    except LockMistake:
        return []
    wrong = [] if (flat.states, flat.transitions) == (plain.states, plain.transitions) else ["states"]
    if alike.covered != plain.states:
        wrong.append("covered")
    kept = [(each.states, each.transitions, each.covered, each.reached) for each in (alike, fast)]
    return wrong if kept[0] == kept[1] else [*wrong, "numpy"]


def disagreements(number, plain):
    """Give all that somebody says otherwise than the plain search about a random program."""
    chosen = scenario(number)
    wrong = {name: unlike(plain, outcome(answer, chosen)) for name, answer in ANSWERS.items()}
    if not isinstance(plain, str):
        wrong["counts"] = counts(chosen, plain)
        proof = outcome(prove, chosen)
        if not isinstance(proof, str) and proof.cpus == "any" and plain.counterexamples:
            wrong["proof"] = list(plain.counterexamples)
    return {name: what for name, what in wrong.items() if what}


def judged(numbers):
    """Give (number, the plain search's answer) for those programs that are small enough."""
    for number in numbers:
        plain = plainly(LARGEST, scenario(number))
        if isinstance(plain, str) or plain.complete:
            yield number, plain


@pytest.mark.parametrize("first", [*NORMAL, *(pytest.param(number, marks=pytest.mark.slow) for number in MORE)])
def test_random_programs_have_one_answer(first):
    """Views, whole states on tables with and without numpy, and the plain search agree on each random program.

    They agree on every rule, report and length; the tables' counts are the plain search's; nothing broken is proved.
    """
    programs = list(judged(range(first, first + CHUNK)))
    wrong = {number: disagreements(number, plain) for number, plain in programs}
    assert {number: what for number, what in wrong.items() if what} == {}
    assert len(programs) > CHUNK // 3


def test_the_programs_are_of_all_kinds():
    """Many random programs break a rule, many none; enough deadlock, print, hold locks, are refused, fall back."""
    kinds = Counter()
    for number, plain in judged(range(0, 500, 2)):
        if isinstance(plain, str):
            kinds["refused"] += 1
            continue
        chosen = scenario(number)
        kinds["all"] += 1
        kinds["broken"] += bool(plain.counterexamples)
        kinds["clean"] += not plain.counterexamples
        kinds["deadlock"] += "no-deadlock" in plain.counterexamples
        kinds["prints"] += bool(plain.reports)
        kinds["alike"] += bool(roles_of(Tables(chosen.apart()).start).alike())
        kinds["locks"] += "Lock(" in str([cpu.running[0].point.call for cpu in chosen.system().cpus])
        kinds["interrupted"] += bool(chosen.knobs["irqs"])
        kinds["store buffers"] += chosen.knobs["memory"] == "tso"
        kinds["fall back"] += "every state (" in explore(chosen).argument
    least = {"broken": 20, "clean": 20, "deadlock": 8, "prints": 5, "alike": 25, "locks": 40, "interrupted": 10}
    least |= {"store buffers": 5}
    assert {kind: share for kind, share in least.items() if 100 * kinds[kind] < share * kinds["all"]} == {}, kinds
    assert kinds["refused"] > 1, kinds
    assert kinds["fall back"] > 1, kinds

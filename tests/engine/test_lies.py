"""Ops that lie about what they touch are noticed, and what the tables say alone is not believed."""

import sys

import pytest

from tempmm_lab import ModelError, explore, fast, op, prove
from tempmm_lab.answer import Answer
from tempmm_lab.engine.decide import Decision
from tempmm_lab.kernel.locks import Lock, acquire
from tempmm_lab.kernel.percpu import this_cpu_write
from tempmm_lab.scenarios.programs import cpu_relax
from tests.engine.agreement import ANSWERS, differences
from tests.engine.generate import pries_open
from tests.engine.mini import mini
from tests.engine.test_agreement import breaks
from tests.engine.whole import walked

LOCK = Lock("one", "spin")
SEEN = []


@op
def looks_at_the_machine(cpu):
    """Look at another CPU through the machine."""
    return bool(cpu.machine.cpus[1].running)


@op
def looks_behind(cpu):
    """Look at another CPU behind the door."""
    return bool(cpu._machine.cpus[1].running)


@op
def looks_at_a_cell_behind(cpu):
    """Look at a shared variable behind the door."""
    return bool(cpu._machine.cells["done", "x"] or cpu._machine.cpus[1].running)


@op
def asks_who_it_is(cpu):
    """Ask for the number of its CPU."""
    return cpu._cpu == 0


@op
def looks_at_its_caller(_):
    """Look at another CPU through whoever called it."""
    return bool(sys._getframe(1).f_locals["access"]._machine.cpus[1].running)


@op
def remembers(cpu):
    """Count, in a list of the module, how often it ran, and let others see it."""
    SEEN.append(1)
    cpu.write(("tlb_gen", "x"), len(SEEN))


def closed_over():
    """Give two ops that share a box: what one CPU is like, the other sees without asking."""
    box = {}

    @op
    def tells(cpu):
        box["count"] = cpu.get("preempt_count")

    @op
    def sees(cpu):
        cpu.write(("tlb_gen", "x"), box.get("count", 9))

    return tells, sees


def stashed():
    """Give two ops that share something through the world, which never changes."""

    @op
    def tells(cpu):
        cpu.world.alias_ptes[-1] = cpu.get("preempt_count")

    @op
    def sees(cpu):
        cpu.write(("tlb_gen", "x"), cpu.world.alias_ptes.pop(-1, 9))

    return tells, sees


async def breaks_if(lie):
    """Break a rule if a lie says so."""
    await cpu_relax()
    if await lie():
        await breaks()


async def does(lie):
    """Do it, between steps of its own."""
    await cpu_relax()
    await lie()


async def does_twice(lie):
    """Do it, and again after something of its own has changed."""
    await lie()
    await this_cpu_write("preempt_count", 1)
    await lie()


async def relaxes():
    """Do nothing that anyone sees."""
    await cpu_relax()


async def keeps():
    """Take a lock and keep it."""
    await acquire(LOCK)


async def pries():
    """Give back a lock that another CPU holds."""
    await pries_open(LOCK)


BEHIND = [looks_at_the_machine, looks_behind, looks_at_a_cell_behind, asks_who_it_is, looks_at_its_caller]


@pytest.mark.parametrize("lie", BEHIND, ids=lambda lie: lie.__name__)
def test_who_looks_behind_the_door_is_searched_plainly(lie):
    """An op that looks past its door and uses the answer is searched plainly; the report says so. Nothing is proved."""
    scenario = mini([(breaks_if, lie), (relaxes,)])
    plain = explore(scenario, reduce=False)
    assert "prev-mm-back" in plain.counterexamples
    for answer in ANSWERS.values():
        said = answer(scenario)
        assert differences(plain, said) == {}
        assert said.argument.startswith("every state (An op")
    assert prove(scenario).cpus == 2
    assert "An op" in prove(scenario).why


def beside(tells, sees):
    """Give a scenario in which one CPU tells in secret, and the other sees."""
    return mini([(does, sees), (does_twice, tells)])


SECRETS = {
    "a list of the module": lambda: mini([(does, remembers), (relaxes,)]),
    "a box that two ops share": lambda: beside(*closed_over()),
    "the world": lambda: beside(*stashed()),
}


@pytest.mark.parametrize("name", SECRETS)
def test_who_keeps_a_secret_fails_the_square(name):
    """An op that remembers something where no door leads makes the tables differ from the plain model's steps."""
    _, wrong = walked(SECRETS[name]())
    assert wrong != []


def test_the_same_programs_without_a_lie_commute():
    """With an honest op in the place of each lie, every transition commutes."""
    for programs in ([(does, cpu_relax), (relaxes,)], [(does, cpu_relax), (does_twice, cpu_relax)]):
        assert walked(mini(programs))[1] == []


def test_a_lock_given_back_by_another_cpu_is_no_lock():
    """Where a CPU gives back what another holds, holding excludes nobody; the plain search answers and says so."""
    scenario = mini([(keeps,), (pries,)])
    plain = explore(scenario, reduce=False)
    for answer in ANSWERS.values():
        assert differences(plain, answer(scenario)) == {}
        assert answer(scenario).argument == (
            "every state (A lock (one) was taken or given back by a CPU that does not hold it.)"
        )
    assert "A lock (one)" in prove(scenario).why


WAYS = {
    "none at all": lambda _: (),
    "one that stops short": lambda way: way[:-1],
    "one that cannot be gone": lambda way: (*way, *way[:1] * 50),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_way_that_leads_nowhere_is_an_error(name, monkeypatch):
    """A way found on the tables that does not lead there on the plain model is an error, and never a report."""
    scenario = mini([(does, breaks), (relaxes,)])
    (way,) = explore(scenario, reduce=False).counterexamples.values()
    target = ("rule", "prev-mm-back")
    monkeypatch.setattr(Decision, "run", lambda _: Answer({target: WAYS[name](way.actions)}, argument="views"))
    with pytest.raises(ModelError, match="does not lead there"):
        fast.explored(scenario, lambda *_: None, by_states=False)


@pytest.mark.parametrize("target", [("rule", "no-deadlock"), ("report", "WARNING"), ("example", "nothing")], ids=str)
def test_what_a_way_does_not_show_is_an_error(target, monkeypatch):
    """A way that can be gone, but does not show what it is said to show, is an error too."""
    scenario = mini([(does, breaks), (relaxes,)])
    (way,) = explore(scenario, reduce=False).counterexamples.values()
    monkeypatch.setattr(Decision, "run", lambda _: Answer({target: way.actions}, argument="views"))
    with pytest.raises(ModelError, match="does not lead there"):
        explore(scenario)

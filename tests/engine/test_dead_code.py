"""Every rule that makes the views precise matters: without it there is a false alarm, or views without end."""

from dataclasses import replace

import pytest

from tempmm_lab import STORIES, explore
from tempmm_lab.engine import waiting
from tempmm_lab.engine.decide import alarms_of
from tempmm_lab.engine.roles import roles_of
from tempmm_lab.engine.spots import TooManyViews
from tempmm_lab.engine.tables import Tables
from tempmm_lab.engine.views import Views
from tempmm_lab.errors import NotApart
from tempmm_lab.kernel.locks import Lock, acquire, release
from tempmm_lab.kernel.percpu import read_once, this_cpu_write, write_once
from tempmm_lab.kernel.smp import ONLINE, send_ipi, smp_call_function_many_cond
from tests.engine.mini import mini
from tests.engine.test_agreement import breaks

LOCK, SYNC = Lock("one", "spin"), ("sync_core",)
LAZY = ((("is_lazy", True),),)
TOO_MANY = "too many views"


class WithoutOnePlayer(Views):
    """A role that one CPU plays may act on itself."""

    def effect(self, *args):
        """Give an effect that spares no role."""
        return replace(super().effect(*args), role=-1)


class WithoutLocks(Views):
    """Two CPUs may hold one lock."""

    def effect(self, *args):
        """Give an effect that spares no holder."""
        return replace(super().effect(*args), held=frozenset())


class WithoutRefuting(Views):
    """A CPU for which a question was answered "nobody" may be that somebody."""

    def effect(self, *args):
        """Give an effect that asks nothing of whom it reaches."""
        return replace(super().effect(*args), none=())


class WithoutWitness(Views):
    """The answer that somebody does needs nobody."""

    def possible(self, *_):
        """Believe every answer."""
        return True


class WithoutOneWitness(Views):
    """The only CPU of a role may be its own witness."""

    def _witness(self, spot, view, clauses):
        held = self.tables.held(view[1])
        return any(
            self.tables.satisfies(own, clauses) and held.isdisjoint(self.tables.held(own)) for _, own in spot.views
        )


class WithoutLockWitness(Views):
    """A witness may hold a lock that the CPU that asks holds."""

    def _witness(self, spot, view, clauses):
        alone = self.roles.one[view[0]]
        return any(self.tables.satisfies(own, clauses) and not (alone and role == view[0]) for role, own in spot.views)


class WithoutRoleJournals(Views):
    """What the one player of a role asked and sent leaves no trace."""

    def _journals(self, *args):
        return tuple(entry for entry in super()._journals(*args) if entry[0][0] != "role")


class WithoutLockJournals(Views):
    """What the holder of a lock asked and sent leaves no trace."""

    def _journals(self, *args):
        return tuple(entry for entry in super()._journals(*args) if entry[0][0] != "lock")


class WithoutContended(Views):
    """Who wrote a cell last that several roles write leaves no trace."""

    def _note_writer(self, *_):
        pass


async def checks_what_it_set():
    """Set a cell and break a rule where it is not set any more, all with a lock held."""
    await acquire(LOCK)
    await write_once("done", "x", True)
    if not await read_once("done", "x"):
        await breaks()
    await write_once("done", "x", False)
    await release(LOCK)


async def calls_with_a_lock():
    """Call all others, with a lock held."""
    await acquire(LOCK)
    await smp_call_function_many_cond(SYNC, ONLINE, run_local=False)
    await release(LOCK)


async def calls_and_breaks():
    """Break a rule if there is anybody else."""
    if await send_ipi(SYNC, ONLINE):
        await breaks()


async def lazy_with_a_lock():
    """Be lazy as long as a lock is held, and break a rule if somebody else is lazy then."""
    await acquire(LOCK)
    await this_cpu_write("is_lazy", True)
    if await send_ipi(SYNC, LAZY):
        await breaks()
    await this_cpu_write("is_lazy", False)
    await release(LOCK)


def told(kind, scenario):
    """Give what the views of some kind show, or that there are too many, or that an op failed."""
    tables = Tables(scenario.apart())
    views = kind(tables, roles_of(tables.start), 5_000)
    try:
        views.run()
    except TooManyViews:
        return TOO_MANY
    except NotApart as error:
        return str(error)
    return alarms_of(views)


STALE, STUCK = ("rule", "no-stale-use"), ("rule", "no-deadlock")
NOT_OFF = ("report", "WARNING: smp_call_function_many_cond: lockdep_assert_irqs_enabled()")
MATTER = [
    (WithoutOnePlayer, STORIES["stale_alias"](build="v5.1", cpus=1, irqs=0, fills=True),
     [("rule", "no-writable-text-left")]),
    (WithoutOnePlayer, STORIES["text_poke"](build="v5.2", irqs=0), TOO_MANY),
    (WithoutLocks, mini([(checks_what_it_set,)], cpus=2),
     "An op failed where it may never come: ModelError: one is given back although nobody holds it."),
    (WithoutRefuting, STORIES["lazy_tlb"](build="v6.14", exit=True, irqs=0), [STALE]),
    (WithoutWitness, STORIES["text_poke"](build="v5.2", irqs=0), [NOT_OFF]),
    (WithoutRoleJournals, STORIES["schedule_inside"](build="v5.2", migrate=True, irqs=0), [STUCK]),
    (WithoutOneWitness, mini([(calls_and_breaks,)]), [("rule", "prev-mm-back")]),
    (WithoutLockWitness, mini([(lazy_with_a_lock,)], cpus=2), [("rule", "prev-mm-back")]),
    (WithoutLockJournals, mini([(calls_with_a_lock,)], cpus=2), TOO_MANY),
    (WithoutContended, STORIES["schedule_inside"](build="v5.2", migrate=True, irqs=0), [STUCK]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "scenario", "alarms"), MATTER, ids=lambda each: getattr(each, "__name__", str(each)))
def test_each_rule_of_the_views_matters(kind, scenario, alarms):
    """With a rule switched off there is a known false alarm, or no end; with it there is none, and none is real."""
    assert told(Views, scenario) == []
    assert explore(scenario, reduce=False).holds
    assert told(kind, scenario) == alarms


def test_deadlocks_are_sharpened():
    """Without asking whom a waiting CPU waits for, views that cannot stand still together are taken for a deadlock."""
    scenario = mini([(calls_with_a_lock,)], cpus=2)
    assert told(Views, scenario) == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "_kept_waiting", lambda *_: True)
        assert told(Views, scenario) == [STUCK]


def test_a_deadlock_needs_the_one_player_of_each_role():
    """Where the one CPU of a role can always go on at some shared values, nobody there waits for ever."""
    scenario = STORIES["shootdown"](irqs=0)
    assert told(Views, scenario) == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "_can_stand", lambda *_: True)
        assert told(Views, scenario) == [STUCK]

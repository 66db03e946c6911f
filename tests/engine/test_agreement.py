"""The fast engine and the plain search have one answer, on every scenario, build and small setting of the knobs."""

import pytest

from tempmm_lab import BUILDS, STORIES, Model, explore, op, prove
from tempmm_lab.engine.roles import roles_of
from tempmm_lab.engine.spots import TooManyViews
from tempmm_lab.engine.tables import Tables
from tempmm_lab.engine.views import Views
from tempmm_lab.kernel.irqflags import irqsave
from tempmm_lab.kernel.locks import Lock, acquire, release, try_acquire
from tempmm_lab.kernel.percpu import read_once, write_locked, write_once
from tempmm_lab.kernel.smp import ONLINE, smp_call_function_many_cond
from tempmm_lab.scenarios.programs import cpu_relax
from tests.engine.agreement import ANSWERS, lengths, unlike
from tests.engine.mini import mini
from tests.engine.settings import KNOBS, light, scenarios, with_store_buffers

LOCK, MUTEX = Lock("one", "spin"), Lock("two", "mutex")
KINDS = {"light": light(), "tso": with_store_buffers(), "all": KNOBS}


def every(*slow):
    """Give all scenarios' names, with each build that has them, for each kind of settings; some kinds are slow."""
    return [
        pytest.param(knobs, name, build, id=f"{kind}-{name}-{build}", marks=[pytest.mark.slow] if kind in slow else [])
        for kind, knobs in KINDS.items()
        for name in STORIES
        for build in BUILDS
        if scenarios({name: knobs[name][:1]}, (build,))
    ]


def chosen(knobs, name, build):
    """Give the scenarios of one name on one build."""
    return scenarios({name: knobs[name]}, (build,)).values()


_SEEN = {}


def plain(scenario):
    """Give the plain search's answer, asked once for each scenario in a process."""
    if str(scenario) not in _SEEN:
        _SEEN[str(scenario)] = explore(scenario, reduce=False)
    return _SEEN[str(scenario)]


@pytest.mark.parametrize(("knobs", "name", "build"), every("all"))
def test_the_engine_agrees_with_the_plain_search(knobs, name, build):
    """Views, and whole states with numpy and without, give every verdict and every shortest length of the plain search.

    Lengths of ways to rules, to reports and to examples.
    """
    wrong = {
        (str(scenario), who): what
        for scenario in chosen(knobs, name, build)
        for who, answer in ANSWERS.items()
        if (what := unlike(plain(scenario), answer(scenario)))
    }
    assert wrong == {}


@pytest.mark.parametrize(("knobs", "name", "build"), every("all", "tso"))
def test_nothing_that_breaks_is_proved(knobs, name, build):
    """prove() names the rules that the plain search breaks, and proves for any number of CPUs only what it does not."""
    for scenario in chosen(knobs, name, build):
        report = prove(scenario)
        assert set(report.counterexamples) == set(plain(scenario).counterexamples), str(scenario)
        assert report.cpus != "any" or plain(scenario).holds
        assert report.cpus == "any" or report.why.startswith("no proof for any number of CPUs: ")


def test_many_are_broken_and_many_are_proved():
    """Of the light settings some break rules and more are proved, so that agreeing means something."""
    few = {name: light()[name] for name in ("text_poke", "stale_alias", "nested", "shootdown")}
    reports = [prove(scenario) for scenario in scenarios(few).values()]
    assert sum(bool(report.counterexamples) for report in reports) > 20
    assert sum(report.cpus == "any" for report in reports) > 50


def test_the_settings_are_many():
    """There are 294 settings that exist, on six builds, and as many again that are light or have store buffers."""
    assert len(scenarios()) == 294
    assert len(scenarios(with_store_buffers())) + len(scenarios(light())) > 230


@op
def breaks(cpu):
    """Break a rule."""
    cpu.fail("prev-mm-back")


@op
def not_both(cpu):
    """Refuse to be where one cell is set and the other not."""
    if cpu.read(("done", "y")) and not cpu.read(("done", "x")):
        raise ValueError("this cannot be")


@op
def enters(cpu):
    """Take a token that no lock stands for."""
    free = not cpu.read(("poked", 1))
    if free:
        cpu.write_locked(("poked", 1), True)
    return free


async def twice():
    """Take a lock that one holds."""
    await acquire(LOCK)
    await acquire(LOCK)


async def once():
    """Take a lock and keep it."""
    await acquire(LOCK)


async def there_and_back():
    """Take a lock and give it back."""
    await acquire(LOCK)
    await release(LOCK)


async def crosswise():
    """Take two locks."""
    await acquire(LOCK)
    await acquire(MUTEX)


async def crosswise_too():
    """Take two locks in the other order."""
    await acquire(MUTEX)
    await acquire(LOCK)


async def relaxes(number=0):
    """Do nothing that anyone sees. The number tells CPUs apart."""
    del number
    await cpu_relax()


async def by_token():
    """Set two cells, one after the other, while nobody else can."""
    if await enters():
        await write_once("done", "x", True)
        await write_once("done", "y", True)
        await not_both()
        await write_once("done", "y", False)
        await write_once("done", "x", False)
        await write_locked("poked", 1, False)


async def tries_and_breaks():
    """Break a rule if a lock is taken and a cell set."""
    if not await try_acquire(LOCK) and await read_once("done", "x"):
        await breaks()


async def holds_and_sets():
    """Set a cell with a lock held."""
    await acquire(LOCK)
    await write_once("done", "x", True)


async def writes_another_zero():
    """Write 0 where False was, and break a rule if it is False that is read: what equals the default is the default."""
    await write_once("done", "x", True)
    await write_once("done", "x", 0)
    if await read_once("done", "x") is False:
        await breaks()


ODD = {
    "0 is written where False was": mini([(writes_another_zero,), (relaxes,)]),
    "a CPU waits for itself": mini([(twice,)]),
    "a CPU waits for itself, another is done": mini([(twice,), (relaxes,)]),
    "an interrupt wants the lock that it interrupts": mini([(there_and_back,)], irqs=1, handler=there_and_back),
    "an interrupt wants it, and others run": mini([(there_and_back,), (relaxes,)], irqs=1, handler=there_and_back),
    "two locks crosswise": mini([(crosswise,), (crosswise_too,)]),
    "a lock that nobody holds is taken": mini([(once,), (relaxes,)], cells={("lock", "one"): 1}),
    "a lock is held and not taken": mini([(relaxes,), (once,)], fields={0: {"held": frozenset({"one"})}}),
    "two hold one lock": mini(
        [(holds_and_sets,)],
        cpus=2,
        fields={n: {"held": frozenset({"one"})} for n in (0, 1)},
        cells={("lock", "one"): 1},
    ),
    "an op that fails where nobody comes": mini([(by_token,)], cpus=2),
    "a rule behind a lock": mini([(holds_and_sets,), (tries_and_breaks,)], cpus=3),
    "alike CPUs told apart": mini(
        [(relaxes,)],
        cpus=3,
        sometimes={
            "1 before 2": lambda system: not system.cpus[1].running and bool(system.cpus[2].running),
            "2 before 1": lambda system: not system.cpus[2].running and bool(system.cpus[1].running),
        },
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_cases_have_one_answer(name):
    """What was answered wrongly once, or could be, is answered as the plain search does; nothing broken is proved."""
    scenario = ODD[name]
    judge = explore(scenario, reduce=False)
    assert {who: what for who, answer in ANSWERS.items() if (what := unlike(judge, answer(scenario)))} == {}
    assert prove(scenario).holds == judge.holds


def test_a_cpu_that_waits_for_itself_is_a_deadlock():
    """A CPU that wants a lock which it holds has deadlocked, alone, beside others, or in an interrupt."""
    found = [lengths(explore(ODD[name])) for name in list(ODD)[1:5]]
    assert found == [{("rule", "no-deadlock"): steps} for steps in (1, 2, 3, 4)]


async def calls_with_irqs_off():
    """Call all others with interrupts off."""
    async with irqsave():
        await smp_call_function_many_cond(("sync_core",), ONLINE, run_local=False)


def test_ipis_that_pile_up_end_a_proof():
    """Where any number of CPUs send to one that takes nothing, the views have no end, and that is seen early."""
    scenario = mini([(calls_with_irqs_off,)], cpus=2)
    apart, growing, _ = next(iter(scenario.any_number()))
    tables = Tables(apart)
    views = Views(tables, roles_of(tables.start, frozenset(map(tables.own_id, growing))))
    with pytest.raises(TooManyViews):
        views.run()
    assert views.count < 3_000
    assert "too many views" in prove(scenario).why
    assert lengths(prove(scenario)) == lengths(explore(scenario, reduce=False)) != {}


def test_no_alike_cpus_is_no_proof():
    """Where no two CPUs begin alike, none of them stands for any number, and prove() says so."""
    scenario = mini([(relaxes, number) for number in range(4)])
    assert prove(scenario).cpus == 4
    assert "no two CPUs begin alike" in prove(scenario).why


def test_what_is_no_scenario_is_searched_plainly():
    """A Model is explored by the plain search, whatever `reduce` is."""
    model = Model([0], lambda _: "+", lambda state, _: (state + 1) % 5, always={"below 4": lambda state: state < 4})
    reports = [explore(model, reduce=reduce) for reduce in (True, False, "states")]
    assert {report.argument for report in reports} == {"every state"}
    assert {len(report.counterexamples["below 4"]) for report in reports} == {4}

"""One step by the tables is one step of the plain model, and the views hold all that is reachable."""

import contextlib

import pytest

from tempmm_lab import STORIES
from tempmm_lab.engine.decide import alarms_of
from tempmm_lab.engine.distance import Distances
from tempmm_lab.engine.exhaust import Exhaust
from tempmm_lab.engine.joint import NO_DEADLOCK, Joint
from tempmm_lab.engine.roles import roles_of
from tempmm_lab.engine.tables import Tables
from tempmm_lab.engine.vector import VectorSearch
from tempmm_lab.engine.views import TooManyViews, Views
from tempmm_lab.errors import NotApart
from tests.engine.generate import scenario
from tests.engine.whole import plainly, taken_apart, walked

SMALL = [
    ("text_poke", {"irqs": 0}), ("text_poke", {}), ("text_poke", {"irqs": 0, "cpus": 3}),
    ("text_poke", {"irqs": 0, "memory": "tso"}), ("text_poke", {"irqs": 0, "fills": True}),
    ("stale_alias", {"irqs": 0, "cpus": 3}), ("nested", {"irqs": 0, "cpus": 3}), ("nested", {}),
    ("hw_breakpoints", {"irqs": 0, "cpus": 3, "build": "posted"}), ("lazy_tlb", {"irqs": 0}),
    ("lazy_tlb", {"irqs": 0, "exit": True, "build": "v6.14"}), ("shootdown", {"irqs": 0}),
    ("shootdown", {"irqs": 0, "build": "v6.14"}), ("shootdown", {"irqs": 0, "memory": "tso"}),
    ("shootdown", {"irqs": 0, "irqs_off": True, "senders": 2}), ("efi_call", {"irqs": 0, "build": "posted", "cpus": 1}),
    ("efi_call", {"irqs": 0, "caller": "boot"}), ("schedule_inside", {"irqs": 0, "cpus": 1, "ticks": 1, "to": "tick"}),
    ("nmi_in_window", {"cpus": 1}),
]  # fmt: skip
LARGE = [
    ("efi_call", {"irqs": 0}), ("efi_call", {"irqs": 0, "caller": "worker", "build": "v5.10"}),
    ("context_switch", {"irqs": 0}), ("context_switch", {"irqs": 0, "memory": "tso"}), ("nmi_in_window", {}),
    ("lazy_tlb", {"irqs": 0, "memory": "tso"}), ("schedule_inside", {"irqs": 0, "build": "v6.14"}),
    ("shootdown", {"irqs": 0, "build": "v6.14", "cpus": 3}), ("stale_alias", {"cpus": 3}),
]  # fmt: skip
CASES = [*SMALL, *(pytest.param(*case, marks=pytest.mark.slow) for case in LARGE)]
PROGRAMS = [range(60), pytest.param(range(60, 600), marks=pytest.mark.slow)]
COUNTS = {
    ("efi_call", 1, 2): (74_306, 160_231), ("shootdown", 1, 2): (27_590, 58_797), ("lazy_tlb", 1, 2): (26_378, 56_257),
    ("context_switch", 1, 2): (70_146, 150_035), ("schedule_inside", 1, 2): (89_036, 189_455),
    ("text_poke", 1, 2): (1_512, 2_915), ("nmi_in_window", 0, 3): (41_067, 119_421), ("nested", 1, 2): (2_007, 3_818),
    ("lazy_tlb", 0, 3): (474_621, 1_402_983), ("efi_call", 0, 3): (246_172, 719_535),
}  # fmt: skip
"""(scenario, irqs, cpus): (states, transitions), as the plain search counts them."""
NO_WORD = lambda *_: None  # noqa: E731


def small(numbers):
    """Give random programs that the tables take, and whose systems are few."""
    for number in numbers:
        chosen = scenario(number)
        with contextlib.suppress(NotApart, TooManyViews, OverflowError):
            joint = taken_apart(chosen)
            Exhaust(joint, {}, _at_most(800)).run()
            Views(joint.tables, joint.roles, 4_000).run()
            yield chosen


def _at_most(limit):
    def late(states, _):
        if states > limit:
            raise OverflowError

    return late


def uncovered(chosen):
    """Give what some reachable system shows and no view does: (role, own state, shared values), or a lock's holders."""
    joint = taken_apart(chosen)
    states, wrong = walked(chosen, joint)
    views = Views(joint.tables, joint.roles)
    views.run()
    seen = {(*view, views.spots[spot].shared) for spot, view in views.all()}
    missing = {
        (role, own, state[-1])
        for state in states.values()
        for role, own in zip(joint.roles.of, state[:-1], strict=True)
        if (role, own, state[-1]) not in seen
    }
    return wrong, missing


@pytest.mark.parametrize(("name", "knobs"), CASES, ids=str)
def test_every_transition_commutes(name, knobs):
    """On every transition the tables' successor put together is the plain successor, with the same rules, both ways."""
    states, wrong = walked(STORIES[name](**knobs))
    assert len(states) > 30
    assert wrong == []


@pytest.mark.parametrize("numbers", PROGRAMS, ids=str)
def test_random_programs_commute_and_are_covered(numbers):
    """The square commutes on every transition of random programs, and each CPU of each system is a view."""
    found = [(number, uncovered(chosen)) for number, chosen in enumerate(small(numbers))]
    assert len(found) > len(numbers) // 3
    assert [wrong for wrong in found if wrong[1] != ([], set())] == []


@pytest.mark.parametrize("cpus", [2, 3])
@pytest.mark.parametrize("name", ["text_poke", "stale_alias", "nested", "hw_breakpoints"])
@pytest.mark.parametrize("build", ["v6.16", "posted", "v6.14"])
def test_every_state_is_covered_by_views(name, build, cpus):
    """With two CPUs and with three, each CPU in each system, with what is shared, is among the views."""
    assert uncovered(STORIES[name](build=build, cpus=cpus, irqs=0)) == ([], set())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "knobs"), LARGE, ids=str)
def test_large_scenarios_are_covered_by_views(name, knobs):
    """The same for larger scenarios."""
    assert uncovered(STORIES[name](**knobs)) == ([], set())


@pytest.mark.parametrize(("key", "counts"), COUNTS.items(), ids=str)
def test_the_tables_visit_what_the_plain_search_visits(key, counts):
    """Without symmetry the tables visit exactly the plain search's states and transitions; with it they cover them."""
    name, irqs, cpus = key
    tables = Tables(STORIES[name](irqs=irqs, cpus=cpus).apart())
    roles = roles_of(tables.start)
    flat, alike = (VectorSearch(Joint(tables, roles, symmetry=each), NO_WORD) for each in (False, True))
    flat.run()
    alike.run()
    assert (flat.states, flat.transitions) == counts
    assert alike.covered == flat.covered == counts[0]


@pytest.mark.parametrize(("name", "knobs"), [*SMALL, ("nmi_in_window", {"cpus": 3}), ("lazy_tlb", {})], ids=str)
def test_with_numpy_and_without_the_counts_are_equal(name, knobs):
    """The searches with numpy and without visit as many states, take as many moves, cover and reach the same."""
    tables = Tables(STORIES[name](**knobs).apart())
    joint = Joint(tables, roles_of(tables.start))
    plain, fast = Exhaust(joint, {}, NO_WORD), VectorSearch(joint, NO_WORD)
    plain.run()
    fast.run()
    wanted = (plain.states, plain.transitions, plain.covered, plain.reached)
    assert (fast.states, fast.transitions, fast.covered, fast.reached) == wanted


@pytest.mark.parametrize(("name", "knobs"), CASES, ids=str)
def test_no_state_has_two_holders_of_a_lock(name, knobs):
    """In no reachable system do two CPUs hold one lock, and a lock is taken exactly if somebody holds it."""
    for system in walked(STORIES[name](**knobs))[0]:
        held = [lock for cpu in system.cpus for lock in cpu.holding]
        assert len(held) == len(set(held))
        assert all(system.cells["lock", lock] for lock in held)


def too_far(chosen):
    """Give where the views say that more steps are left than there are: (what is sought, said, true)."""
    joint = taken_apart(chosen)
    views = Views(joint.tables, joint.roles)
    views.run()
    states, _ = walked(chosen, joint)
    distances = Distances(views)
    for target in alarms_of(views):
        guide = distances.to_standstill() if target == NO_DEADLOCK else distances.to(target)
        for state, true in _true_distances(chosen, states, target).items():
            keys = [(role, own, state[-1]) for role, own in zip(joint.roles.of, state[:-1], strict=True)]
            said = guide.left(keys)
            if said > true:
                yield target, said, true


def _true_distances(chosen, states, target):
    before, level = {}, {}
    for system, state in states.items():
        nexts = plainly(chosen, system)
        broken = {("rule", name) for name, rule in chosen.always.items() if not rule(system)}
        if target in broken or (target == NO_DEADLOCK and chosen.stuck(system, list(nexts))):
            level[state] = 0
        elif any(target in said for _, said in nexts.values()):
            level[state] = 1
        for after, _ in nexts.values():
            before.setdefault(states[after], []).append(state)
    queue = sorted(level, key=level.get)
    for state in queue:  # it grows while it is walked; ends come nearest first
        for source in before.get(state, ()):
            if source not in level:
                level[source] = level[state] + 1
                queue.append(source)
    return level


DISTANT = [("text_poke", {"irqs": 0, "build": "v5.1"}), ("hw_breakpoints", {"irqs": 0, "build": "posted"}),
           ("shootdown", {"irqs": 0, "build": "v6.14"}), ("shootdown", {"irqs": 0, "irqs_off": True, "senders": 2}),
           ("lazy_tlb", {"irqs": 0, "exit": True, "build": "v6.14"})]  # fmt: skip


@pytest.mark.parametrize(("name", "knobs"), DISTANT, ids=str)
def test_distances_are_never_too_great(name, knobs):
    """From no reachable state is a rule nearer than the views say."""
    assert list(too_far(STORIES[name](**knobs))) == []


@pytest.mark.parametrize("numbers", PROGRAMS, ids=str)
def test_distances_are_never_too_great_in_random_programs(numbers):
    """The same in random programs."""
    assert [far for chosen in small(numbers) for far in too_far(chosen)] == []

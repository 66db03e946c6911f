"""Each known failure is found, by a shortest schedule; its correct counterpart is clean."""

import pytest

from tempmm_lab import (
    BUILDS,
    Config,
    efi_call,
    explore,
    hw_breakpoints,
    lazy_tlb,
    nested,
    nmi_in_window,
    replay,
    schedule_inside,
    shootdown,
    stale_alias,
    text_poke,
)  # fmt: skip
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.scenarios import STORIES
from tempmm_lab.trace import follow, play


def wrong(mistake):
    """Give v6.16 with one mistake in it."""
    return BUILDS["v6.16"].patched(**MISTAKES[mistake])


FAILURES = {
    "a": (lambda: text_poke(handler="stray_write", build=wrong("no-irqsave")), "only-poker-writes"),
    "c to a user task": (lambda: schedule_inside(irqs=0), "mask-bit-set"),
    "c to a kthread": (lambda: schedule_inside(to="kthread", irqs=0), "mask-bit-set"),
    "c by a tick": (lambda: schedule_inside(to="tick", ticks=1, irqs=0, cpus=1), "mask-bit-set"),
    "e": (lambda: schedule_inside(migrate=True), "mask-bit-set"),
    "f": (lambda: text_poke(build=wrong("no-unuse")), "runs-on-its-mm"),
    "g": (lambda: text_poke(build=wrong("wrong-cookie")), "runs-on-its-mm"),
    "g, at once": (lambda: text_poke(build=wrong("wrong-cookie")), "prev-mm-back"),
    "h": (lambda: nested(lifo=False), "prev-mm-back"),
    "i": (lambda: hw_breakpoints(build=wrong("armed")), "no-report"),
    "j": (lambda: text_poke(build=wrong("no-flush"), pokes=2), "no-writable-text-left"),
    "k": (lambda: efi_call(build="posted", irqs=0), "cr3-is-loaded-mm"),
    "k, the bit": (lambda: efi_call(build="posted", irqs=0), "mask-bit-set"),
    "k, the flush": (lambda: efi_call(build="posted", irqs=0), "no-stale-use"),
    "l": (lambda: lazy_tlb(exit=True, build=wrong("lazy-skipped")), "no-stale-use"),
    "the fixmap, in the window": (lambda: text_poke(build="v5.1"), "only-poker-writes"),
    "the fixmap, afterwards": (lambda: stale_alias(build="v5.1"), "no-writable-text-left"),
    "CVE-2025-37964": (lambda: shootdown(build="v6.14", irqs=0), "no-stale-use"),
    "senders with interrupts off": (lambda: shootdown(senders=2, irqs_off=True, irqs=0), "no-deadlock"),
}

COUNTERPARTS = {
    "a": lambda: text_poke(handler="stray_write"),
    "b": nmi_in_window,
    "c": lambda: schedule_inside(to="nobody", ticks=1, irqs=0, cpus=1),
    "f, g": text_poke,
    "h": nested,
    "i": hw_breakpoints,
    "j": lambda: text_poke(pokes=2),
    "k": lambda: efi_call(irqs=0),
    "k from the worker": lambda: efi_call(caller="worker", irqs=0),
    "k at boot": lambda: efi_call(caller="boot", irqs=0),
    "l": lambda: lazy_tlb(exit=True),
    "the fixmap": stale_alias,
    "CVE-2025-37964": lambda: shootdown(irqs=0),
    "senders with interrupts on": lambda: shootdown(senders=2, irqs=0),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_found_and_replays(name):
    """The rule is broken, and the schedule that is given breaks it in its last step and in no earlier one."""
    make, rule = FAILURES[name]
    scenario = make()
    path = explore(scenario).counterexamples[rule]
    trace = play(scenario, follow(path))
    if rule == "no-deadlock":
        assert scenario.stuck(trace.last, [each for each, *_ in scenario.successors(trace.last)])
    else:
        assert trace.broken[rule] == len(path)


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_its_counterpart_is_clean(name):
    """Done right, every rule holds in every interleaving."""
    report = explore(COUNTERPARTS[name]())
    assert report.holds, report.text()


def test_an_nmi_can_write_text():
    """b: IF does not hold an NMI back. One with a stray store can reach the text, and no maskable interrupt can."""
    report = explore(nmi_in_window(handler="stray_write"))
    assert report.holds
    assert list(report.examples) == ["an NMI writes text"]


@pytest.mark.parametrize(
    "scenario",
    [lambda: schedule_inside(access=True, cpus=1), lambda: text_poke(build=wrong("no-unuse"), cpus=1)],
    ids=["d", "f"],
)
def test_a_livelock_is_a_cycle(scenario):
    """D and f: the fault is handled, the access is tried again, and faults again, for ever."""
    report = explore(scenario(), cycles=True)
    trace = play(scenario(), follow(report.cycle))
    assert report.cycle is not None
    assert trace.last in [moment.before for moment in trace]


def test_the_regression_of_april_2025_in_full():
    """The posted patch: (a) the WARNs, (b) the rule with one CPU and no interrupt, (c) a lost flush, (d) an oops."""
    alone = explore(efi_call(build="posted", cpus=1, irqs=0))
    assert list(alone.counterexamples) == ["cr3-is-loaded-mm"]
    assert len(alone.reports) == 2
    assert "no-stale-use" in explore(efi_call(build="posted", irqs=0)).counterexamples
    worker = explore(efi_call(build="posted", caller="worker", irqs=0))
    assert any("page fault for address 0x1" in text for text in worker.reports)


@pytest.mark.parametrize("name", sorted(set(STORIES) - {"schedule_inside"}))
def test_v6_16_is_clean_on_the_defaults(name):
    """On its default knobs every scenario but the one that is misuse by design is clean on v6.16."""
    report = explore(STORIES[name]())
    assert report.complete
    assert report.counterexamples == {}
    assert report.reports == {}


CONFIGS = {"PTI": Config(pti=True), "no PCID": Config(pcid=False), "DEBUG_VM": Config(debug_vm=True),
           "RT": Config(preempt="rt")}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("name", sorted(set(STORIES) - {"schedule_inside"}))
def test_v6_16_is_clean_in_other_configurations(name, config):
    """So it is with page-table isolation, without PCIDs, with debug checks, and on PREEMPT_RT."""
    report = explore(STORIES[name](config=CONFIGS[config], irqs=0))
    assert report.holds, report.text()
    assert report.reports == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(STORIES) - {"schedule_inside"}))
def test_v6_16_is_clean_whatever_the_hardware_fills(name):
    """And when the hardware may fill and evict the named pages at any moment."""
    report = explore(STORIES[name](fills=True, irqs=0))
    assert report.holds, report.text()


def test_the_same_schedule_on_another_build():
    """A path names actions, so it can be followed on another build, which may end otherwise, or stop and say why."""
    path = explore(shootdown(build="v6.14", irqs=0)).counterexamples["no-stale-use"]
    assert "no-stale-use" in replay(path).broken
    trace = replay(str(path), build="v6.16")
    assert "acknowledged" in trace.stopped
    assert trace.broken == {}

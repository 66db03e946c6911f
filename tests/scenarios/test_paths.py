"""Replay strings, runs, events, and builds that readers patch."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import (
    BUILDS,
    Config,
    ModelError,
    Path,
    TooManySteps,
    efi_call,
    events,
    explore,
    follow,
    in_order,
    irq_at,
    nested,
    play,
    random_with,
    replay,
    text_poke,
)  # fmt: skip
from tempmm_lab.kernel import (
    current,
    hw_breakpoint_active,
    hw_breakpoint_disable,
    irqsave,
    leave_mm,
    lockdep_assert_preemption_disabled,
    switch_mm_irqs_off,
    this_cpu_read,
    this_cpu_write,
)  # fmt: skip
from tempmm_lab.kernel.step import action
from tempmm_lab.scenarios import STORIES

ACTIONS = st.builds(action, st.sampled_from("sintpd"), st.integers(0, 3)) | st.builds(
    action, st.sampled_from("fe"), st.integers(0, 3), st.sampled_from([0x1000, 0x5D4A083E7000])
)


@given(st.lists(ACTIONS, max_size=60), st.sampled_from(["v6.16", "posted", "posted+use_temporary_mm"]))
def test_a_path_survives_being_text(actions, build):
    """Any schedule comes back from its text, which is ASCII and has no space."""
    path = Path("text_poke", build, (("irqs", "0"), ("config", "debug_vm+no-pcid")), tuple(actions))
    text = str(path)
    assert Path.parse(text) == path
    assert text.isascii()
    assert " " not in text


@given(st.integers(0, 40), st.sampled_from("sx9:."))
def test_a_changed_character_is_noticed(place, new):
    """A path that was changed on the way is refused, with a message."""
    text = str(Path("text_poke", "v6.16", (), (action("s", 0),) * 8 + (action("i", 0),)))
    changed = text[:place] + new + text[place + 1 :]
    if changed != text and place < len(text):
        with pytest.raises(ModelError):
            replay(changed)


def test_runs_are_written_short():
    """Eight steps in a row are s0+8."""
    path = Path("efi_call", "posted", (), (action("s", 0),) * 8 + (action("i", 0), action("s", 0), action("s", 0)))
    assert str(path).startswith("efi_call:posted::s0+8.i0.s0+2~")


NONSENSE = [
    "",
    "x",
    "text_poke:v6.16:",
    "text_poke:v6.16::s0",
    "a:b:c:d:e~0000",
    "text_poke:v6.16::s0~zzzz",
    "~",
    5,
    None,
]


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_no_path(text):
    """What is no path is a ModelError that says what one looks like."""
    with pytest.raises(ModelError):
        replay(text)


@pytest.mark.parametrize("name", sorted(STORIES))
def test_playing_twice_gives_the_same_run(name):
    """The same choices give the same run: text, path and events; and its path replays it."""
    scenario = STORIES[name](ticks=1, nmis=1)
    first, again = (play(scenario, random_with(7)) for _ in range(2))
    assert first.text() == again.text()
    assert replay(first.path).text() == first.text()
    assert replay(str(first.path)).json() == first.json()


def test_knobs_travel_in_the_path():
    """Knobs that differ from the defaults are in the text, a configuration too, and come back."""
    scenario = text_poke(irqs=0, lazy=True, config=Config(pti=True, preempt="lazy"))
    text = str(scenario.path((action("s", 0),)))
    assert "irqs=0,config=pti+preempt=lazy,lazy=yes" in text
    assert replay(text).scenario.knobs == scenario.knobs


def test_an_interrupt_comes_where_it_is_asked_for():
    """irq_at(12) lets one arrive after twelve moments, or as soon after as IF allows."""
    trace = play(text_poke(cpus=1), irq_at(12))
    arrival = next(number for number, moment in enumerate(trace) if moment.action.kind == "i")
    assert arrival > 12
    assert not trace[12].before.cpus[0].rflags_if
    assert play(text_poke(cpus=1, irqs=0), irq_at(12)).path == play(text_poke(cpus=1, irqs=0), in_order).path


def test_events_are_read_off_the_difference():
    """Loading T shows as a change of CR3, of loaded_mm, and of the mask; the kernel's own code says nothing of it."""
    trace = play(text_poke(cpus=1, irqs=0), in_order)
    told = [str(event) for moment in trace for event in events(moment)]
    wanted = ["bit set in mm_cpumask(text_poke_mm)", "CR3 user_mm -> text_poke_mm, PCID 2",
              "loaded_mm LOADED_MM_SWITCHING -> text_poke_mm", "CR3 text_poke_mm -> user_mm, PCID 1",
              "tlb_gen(text_poke_mm) 0x0 -> 0x1"]  # fmt: skip
    assert [each for each in told if each in wanted] == wanted


async def fixed(temp_mm):
    """The posted function with interrupts off inside: what Linux did."""
    await lockdep_assert_preemption_disabled()
    async with irqsave():
        if await this_cpu_read("is_lazy"):
            await leave_mm()
        prev_mm = await this_cpu_read("loaded_mm")
        await switch_mm_irqs_off(None, temp_mm, current)
        if await hw_breakpoint_active():
            await hw_breakpoint_disable()
    return prev_mm


def test_a_readers_function_replaces_the_kernels():
    """A patched build runs the reader's function: entering is mended by it, leaving is not."""
    mine = BUILDS["posted"].patched(use_temporary_mm=fixed)
    assert mine.name == "posted+use_temporary_mm"
    before, after = (explore(efi_call(build=build, irqs=0, cpus=1)) for build in ("posted", mine))
    first = [len(report.counterexamples["cr3-is-loaded-mm"]) for report in (before, after)]
    assert first[0] < first[1]


def test_a_redefined_function_is_never_stale():
    """A function that is defined anew under the same name is what runs, also through a helper of its own."""

    async def helper():
        return await this_cpu_read("loaded_mm")

    async def mine(temp_mm):
        return await globals_of["helper"]() if temp_mm else None

    globals_of = {"helper": helper}
    scenario = nested(build=BUILDS["v6.16"].patched(use_temporary_mm=mine), irqs=0, cpus=1)
    first = explore(scenario)

    async def helper_again():
        await this_cpu_read("is_lazy")
        return await this_cpu_read("loaded_mm")

    globals_of["helper"] = helper_again
    assert explore(scenario).states > first.states


def test_a_patched_path_needs_its_function():
    """The path of a patched build says which functions it needs, and replays with them."""
    mine = BUILDS["posted"].patched(use_temporary_mm=fixed)
    path = explore(efi_call(build=mine, irqs=0, cpus=1)).counterexamples["cr3-is-loaded-mm"]
    with pytest.raises(ModelError, match="patched"):
        replay(str(path))
    assert "cr3-is-loaded-mm" in replay(str(path), build=mine).broken


async def takes_two(one, two):
    """A function of the wrong shape."""


WRONG = {
    "no such function": lambda: BUILDS["v6.16"].patched(use_temporary_mmm=fixed),
    "not async": lambda: BUILDS["v6.16"].patched(use_temporary_mm=lambda mm: mm),
    "wrong shape": lambda: BUILDS["v6.16"].patched(use_temporary_mm=takes_two),
    "no function": lambda: BUILDS["v6.16"].patched(use_temporary_mm=5),
    "no build": lambda: text_poke(build="v9.9"),
    "a number for a build": lambda: text_poke(build=6),
    "no temporary mms": lambda: nested(build="v5.1"),
    "no knob": lambda: text_poke(cpu=2),
    "too many CPUs": lambda: text_poke(cpus=99),
    "no CPU": lambda: text_poke(cpus=0),
    "a word for a flag": lambda: text_poke(lazy="maybe"),
    "no handler": lambda: text_poke(handler="loud"),
    "no config": lambda: text_poke(config=5),
    "an odd config": lambda: Config(preempt_count=False),
    "no memory model": lambda: text_poke(memory="pso"),
    "negative": lambda: text_poke(irqs=-1),
    "not a scenario": lambda: play(5, in_order),
    "not a chooser": lambda: play(text_poke(), 5),
    "not a path": lambda: follow(5),
    "not a moment": lambda: events(5),
}


@pytest.mark.parametrize("how", WRONG)
def test_misuse_is_one_clear_error(how):
    """Whatever is asked wrongly ends in a ModelError with a message."""
    with pytest.raises(ModelError) as caught:
        WRONG[how]()
    assert len(str(caught.value)) > 20


async def sleeps(temp_mm):
    """A function that waits for the clock."""
    await asyncio.sleep(0)
    return temp_mm


async def gives_a_list(temp_mm):
    """A function that gives an op a value that can change."""
    await this_cpu_write("loaded_mm", [temp_mm])


async def no_such_variable(temp_mm):
    """A function that reads a variable that no CPU has."""
    return await this_cpu_read(temp_mm)


@pytest.mark.parametrize("mine", [sleeps, gives_a_list, no_such_variable])
def test_code_that_is_no_kernel_code_is_one_clear_error(mine):
    """A reader's function that awaits what is no op, or misuses one, ends in a ModelError that says where or what."""
    with pytest.raises(ModelError, match=r"no op|can change|has no field"):
        explore(nested(build=BUILDS["v6.16"].patched(use_temporary_mm=mine), irqs=0, cpus=1))


async def never_ends(temp_mm):
    """A function that loops for ever."""
    while temp_mm:
        await this_cpu_read("is_lazy")


def test_code_that_never_ends_is_one_clear_error(monkeypatch):
    """A reader's function that loops for ever, each time with another history, ends in TooManySteps."""
    monkeypatch.setattr("tempmm_lab.points.STEP_LIMIT", 500)
    with pytest.raises(TooManySteps, match="never_ends"):
        explore(nested(build=BUILDS["v6.16"].patched(use_temporary_mm=never_ends), irqs=0, cpus=1))


def test_a_build_that_lacks_something_names_those_that_have_it():
    """Nested on v5.1 names the builds it works on."""
    with pytest.raises(ModelError, match=r"v5\.2, v5\.10, v6\.14, posted, v6\.16"):
        nested(build="v5.1")

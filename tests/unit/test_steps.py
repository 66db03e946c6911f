import linecache

import pytest

from tempmm_lab import (
    Hex,
    ModelError,
    Op,
    PageFault,
    evict,
    fill,
    invlpg,
    load,
    one_page,
    op,
    outcomes,
    run,
    start,
    store,
    with_entry,
)
from tempmm_lab.steps import every_answer

VA, OLD, NEW = 0x7000, 0xA3, 0xB7


@op
def number(_cpu, value=1):
    """Answer with the argument."""
    return value


@op
def pick(cpu, first, second):
    """Let the hardware choose twice, of so many each."""
    return cpu.choose(first), cpu.choose(second)


@op
def read_other(cpu, cell):
    """Read a shared cell."""
    return cpu.read(cell)


async def twice(va):
    """Load twice."""
    first = await load(va)
    second = await load(va)
    return first, second


def test_one_await_is_one_step():
    """A function with two awaits has two steps between its start and its end, and each names its op."""
    point = start(twice, VA)
    seen = []
    while not point.done:
        seen.append(str(point.op))
        point = point.after(len(seen))
    assert seen == ["load(0x7000)", "load(0x7000)"]
    assert point.value == (1, 2)


def test_an_await_of_a_function_is_no_step_by_itself():
    """Calling another async function costs nothing: only the ops in it are steps."""

    async def outer():
        return await twice(VA)

    point = start(outer)
    assert point.after(1).after(2).value == (1, 2)


def test_a_call_without_an_op_has_no_steps():
    """A function that awaits nothing is done at its start, and running it changes nothing."""

    async def nothing():
        return 7

    assert start(nothing).done
    assert run(one_page(), 0, nothing) == (one_page(), 7)


def test_equal_histories_are_the_same_point():
    """Answering a point twice in the same way gives the same object; another answer gives another."""
    point = start(twice, VA)
    assert point.after(1) is point.after(1)
    assert point.after(1).after(2) is point.after(1).after(2)
    assert point.after(1) is not point.after(2)


def test_equal_answers_of_other_types_are_other_points():
    """True and 1, and 1 and Hex(1), are equal to Python and different to the function that gets them."""
    point = start(twice, VA)
    points = [point.after(answer) for answer in (1, True, 1.0, Hex(1))]
    assert len({id(each) for each in points}) == 4
    assert [repr(each.after(0).value[0]) for each in points] == ["1", "True", "1.0", "0x1"]


def test_every_branch_is_right_in_any_order():
    """Going back to a point and answering otherwise replays the function; no branch disturbs another."""
    root = start(twice, VA)
    left, right = root.after("l"), root.after("r")
    ends = [left.after("1"), right.after("2"), left.after("3"), root.after("r").after("4")]
    assert [end.value for end in ends] == [("l", "1"), ("r", "2"), ("l", "3"), ("r", "4")]


def test_a_finished_call_has_no_step_left():
    """Answering a call that has returned is an error that says so."""
    with pytest.raises(ModelError, match="has returned"):
        start(twice, VA).after(1).after(2).after(3)


def test_a_point_knows_its_line():
    """The line is that of the `await` which waits, in the innermost function."""

    async def outer():
        await number()
        return await twice(VA)

    first = start(outer)
    inner = first.after(1)
    texts = [linecache.getline(__file__, point.line[1]).strip() for point in (first, inner, inner.after(2))]
    assert texts == ["await number()", "first = await load(va)", "second = await load(va)"]
    assert [point.line[0] for point in (first, inner)] == ["outer", "twice"]


def test_a_function_defined_again_is_never_stale():
    """A start belongs to the function it was given, also after its name means another one."""

    async def cell():
        return await number(1)

    old = start(cell)

    async def cell():
        return await number(2)

    assert str(start(cell).op) == "number(2)"
    assert str(old.op) == "number(1)"
    assert run(one_page(), 0, cell)[1] == 2


def test_arguments_with_defaults_make_equal_steps():
    """A step described with its default, by name, or by position is the same step."""
    assert number() == number(1) == number(value=1)
    assert hash(number()) == hash(number(value=1))
    assert isinstance(number(), Op)


def test_an_exception_in_the_readers_code_is_the_readers():
    """An exception raised in an async function comes out of `run` as it is."""

    async def breaks():
        await number()
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(one_page(), 0, breaks)


def test_a_runtime_error_in_the_readers_code_is_the_readers():
    """Also a RuntimeError, which is what Python itself uses for a coroutine's misuse."""

    async def breaks():
        await number()
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        run(one_page(), 0, breaks)


def test_code_may_handle_a_fault_as_a_value():
    """A page fault is an answer, and the function goes on with it."""

    async def careful(va):
        found = await load(va)
        return "fault" if isinstance(found, PageFault) else found

    assert run(one_page(), 0, careful, 0x9000)[1] == "fault"
    assert run(one_page(), 0, careful, VA)[1] == OLD


def test_a_machine_is_never_changed():
    """`run` gives a new machine; the one it was given is as before, so any moment can be gone back to."""
    machine = one_page()
    after, _ = run(machine, 0, store, VA, 1)
    assert machine == one_page()
    assert (machine.memory.read64(OLD << 12), after.memory.read64(OLD << 12)) == (OLD, 1)


def test_outcomes_come_in_a_fixed_order():
    """The undisturbed answer comes first, then those of later choices, and the same call gives the same order."""
    machine = with_entry(run(one_page(), 0, fill, VA)[0], VA, frame=NEW)
    assert [outcomes(machine, load, VA) for _ in range(3)] == [(OLD, NEW)] * 3


def test_every_combination_of_choices_is_tried():
    """An op that lets the hardware choose twice is tried in every way once, the first choices first."""
    answers = [answer for _, answer in every_answer(one_page(), 0, pick(2, 3))]
    assert answers[0] == (0, 0)
    assert sorted(answers) == [(first, second) for first in range(2) for second in range(3)]
    assert outcomes(one_page(), pick, 2, 3) == tuple(dict.fromkeys(answers))


def test_a_choice_that_opens_another_is_followed():
    """Choices may depend on earlier ones: each way through is found once."""

    @op
    def winding(cpu):
        return ("short",) if cpu.choose(2) == 0 else ("long", cpu.choose(3))

    found = [answer for _, answer in every_answer(one_page(), 0, winding())]
    assert found == [("short",), ("long", 0), ("long", 1), ("long", 2)]


def test_ops_of_one_cpu_leave_the_other_alone():
    """A step on CPU 1 changes CPU 1 and the memory both share, and nothing of CPU 0."""
    machine = type(one_page())(one_page().cpus * 2, one_page().memory, one_page().processor)
    after, _ = run(machine, 1, store, VA, 5)
    assert after.cpu(0) == machine.cpu(0)
    assert after.cpu(1) != machine.cpu(1)
    assert run(after, 0, load, VA)[1] == 5
    assert outcomes(after, read_other, OLD << 12, cpu=1) == (5,)


def test_a_machine_run_to_the_end_is_a_story_that_can_be_told_again():
    """The same calls on an equal machine end in an equal machine, whatever was tried in between."""

    async def story():
        await fill(VA)
        await store(VA, 9)
        await invlpg(VA)
        await evict(VA)
        return await load(VA)

    first = run(one_page(), 0, story)
    outcomes(first[0], load, VA)
    assert run(one_page(), 0, story) == first
    assert first[1] == 9

import asyncio
import itertools

import pytest

import tempmm_lab
from tempmm_lab import (
    ModelError,
    NotOnMachine,
    TempmmLabError,
    TooManySteps,
    UnknownWord,
    UnrepeatableCode,
    load,
    load_snapshot,
    one_page,
    outcomes,
    run,
    start,
)
from tests.unit.nonsense import CALLS, misuses

MISUSES = list(misuses())
VALUES = {  # public names that are no functions a reader gives numbers to
    "NOFLUSH", "SNAPSHOTS", "Access", "Cpu", "GeneralProtection", "Hex", "Level", "Machine", "Model",
    "ModelError",
    "NotOnMachine", "Op", "PageFault", "ProgramPoint", "Report", "Rights", "Snapshot", "StructureEntry", "Sweep",
    "TempmmLabError",
    "Tlb", "TlbEntry", "TooManySteps", "UnknownWord", "UnrepeatableCode", "Walk", "WalkLevel",
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_the_calls_are_right_before_they_are_spoilt(name):
    """Each function takes the arguments that the tests of misuse start from."""
    function, good, _ = CALLS[name]
    function(*good)


@pytest.mark.parametrize(("function", "args"), [case[1:] for case in MISUSES], ids=[case[0] for case in MISUSES])
def test_nonsense_is_one_clear_error(function, args):
    """One wrong argument gives a ModelError that says something: no other exception and no answer."""
    with pytest.raises(ModelError) as caught:
        function(*args)
    assert len(str(caught.value)) > 20
    assert "\n" not in str(caught.value)


def test_there_is_much_nonsense():
    """At least 150 misuses are tried, over every public function that takes numbers."""
    assert len(MISUSES) >= 150
    covered = {name.split("(")[0].split(".")[0].split(":")[0] for name in CALLS} | {"PhysicalMemory"}
    assert set(tempmm_lab.__all__) - VALUES <= covered


def test_awaiting_an_op_in_a_notebook_says_what_to_write():
    """`await load(0x7000)` where no machine runs it names the step and the call that would do it."""

    async def cell():
        return await load(0x7000)

    with pytest.raises(NotOnMachine, match=r"load\(0x7000\).*Write run\(machine, 0, load, \.\.\.\)"):
        asyncio.run(cell())


def test_code_that_changes_from_run_to_run_is_found_out():
    """A function whose steps depend on something outside is refused when it is replayed, and both steps are named."""
    numbers = itertools.count(1)

    async def fickle():
        await load(0x1000 * next(numbers))
        return await load(0x9000)

    point = start(fickle)
    point.after(1)
    with pytest.raises(UnrepeatableCode, match=r"fickle asked for load\(0x[23]000\) where it had asked for load\(0x"):
        point.after(2)


def test_code_without_an_end_is_stopped(monkeypatch):
    """A loop that never returns is stopped at the limit on steps, and the error asks the right question."""
    monkeypatch.setattr("tempmm_lab.steps.STEP_LIMIT", 50)

    async def forever():
        while True:
            await load(0x7000)

    with pytest.raises(TooManySteps, match=r"forever took more than 50 steps\. Does it loop for ever"):
        run(one_page(), 0, forever)


async def twice(va):
    """Load twice."""
    return await load(va), await load(va)


@pytest.mark.parametrize("args", [(), (1, 2), (0x7000, 0x7000, 0x7000)], ids=len)
def test_an_op_called_wrongly_says_how_to_call_it(args):
    """Too few or too many arguments are a ModelError with the op's name and its parameters."""
    with pytest.raises(ModelError, match=r"load\(va\) was called wrongly") as caught:
        load(*args)
    assert "cpu" not in str(caught.value)


def test_an_op_called_with_an_unknown_name_says_so():
    """An argument name that the op does not have is a ModelError that shows the right ones."""
    with pytest.raises(ModelError, match=r"load\(va\) was called wrongly"):
        load(address=0x7000)


def test_a_function_called_wrongly_is_one_error():
    """`run` with too few arguments for an async function is a ModelError that names the function."""
    with pytest.raises(ModelError, match="twice cannot be called with"):
        run(one_page(), 0, twice)


def test_a_function_without_steps_is_refused():
    """A plain function, which is no async def, is refused by name."""
    with pytest.raises(ModelError, match="neither an op nor an async function"):
        run(one_page(), 0, hex, 5)


def test_outcomes_takes_ops_only():
    """What a whole function may answer depends on who else runs, so `outcomes` refuses it."""
    with pytest.raises(ModelError, match="takes one op"):
        outcomes(one_page(), twice, 0x7000)


def test_what_was_not_recorded_is_unknown():
    """Reading a word outside a recording is an UnknownWord with the address."""
    with pytest.raises(UnknownWord, match="0x12345000"):
        load_snapshot("user").memory.read64(0x1234_5000)


@pytest.mark.parametrize("error", [ModelError, NotOnMachine, TooManySteps, UnknownWord, UnrepeatableCode])
def test_a_notebook_shows_the_message_alone(error):
    """Jupyter is given a short list of lines, name and message, in place of a traceback."""
    lines = error("Use 0x7000.")._render_traceback_()
    assert lines == [f"{error.__name__}: Use 0x7000."]


def test_every_error_is_in_one_tree():
    """Each error that the package raises on purpose is a TempmmLabError, and a misuse is a ValueError too."""
    for name in tempmm_lab.__all__:
        thing = getattr(tempmm_lab, name)
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert issubclass(thing, TempmmLabError)
            assert thing is TempmmLabError or issubclass(thing, ValueError)

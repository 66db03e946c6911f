"""Sweeps: the same rows in the same order from every executor; errors, Ctrl-C and JSON."""

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tempmm_lab import BUILDS, STORIES, Config, ModelError, Sweep, explore, grid, nested, processes, sweep, text_poke
from tempmm_lab.explore import prove
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.sweeps.items import STOPPED, pack, work
from tempmm_lab.sweeps.table import Row

ROOT = Path(__file__).resolve().parents[2]
GRID = grid(["text_poke", "hw_breakpoints"], ["v5.1", "v6.14", "v6.16"], irqs=(0, 1))
HERE = sweep(GRID)


@contextlib.contextmanager
def dask(**cluster):
    """Give the executor of a Dask cluster on this machine."""
    from distributed import Client, LocalCluster

    # A free port: with None the scheduler wants port 8787 all the same, and warns where another has it.
    settings = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", **cluster}
    with LocalCluster(**settings) as local, Client(local) as client:
        yield client.get_executor()


EXECUTORS = {
    "threads": lambda: ThreadPoolExecutor(2),
    "processes": lambda: processes(2),
    "Dask, threads": lambda: dask(processes=False, n_workers=1),
    "Dask, processes": lambda: dask(processes=True, n_workers=2),
}


@pytest.mark.parametrize("kind", EXECUTORS)
def test_every_executor_gives_the_same_rows(kind):
    """The rows are equal, and in the order of the scenarios, whoever runs them; progress ends with all of them."""
    told = []
    with EXECUTORS[kind]() as executor:
        found = sweep(GRID, executor=executor, progress=lambda *numbers: told.append(numbers))
    assert found == HERE
    assert found.text() == HERE.text()
    assert told == sorted(told)
    assert told[-1] == (len(GRID), len(GRID))


def test_a_row_is_what_explore_says():
    """Each row has the report that exploring its scenario gives."""
    assert [row.report for row in HERE] == [explore(scenario) for scenario in GRID]
    assert [row.verdict for row in HERE] == ["BROKEN", "BROKEN", *["holds"] * 10]
    assert not HERE.holds
    assert HERE.broken == HERE.rows[:2]


def test_a_sweep_can_ask_for_proofs():
    """ask="prove" gives what `prove` says of each scenario, on workers too; the table tells for how many CPUs."""
    asked = grid(["text_poke", "nested"], ["v5.1", "v6.16"])
    found = sweep(asked, ask="prove")
    assert [row.report for row in found] == [prove(scenario) for scenario in asked]
    assert [str(row.report.cpus) for row in found] == [line.split()[5] for line in found.text().splitlines()[2:5]]
    assert "any" in {row.report.cpus for row in found}
    with processes(2) as executor:
        assert sweep(asked, ask="prove", executor=executor) == found
    assert Sweep.from_json(found.to_json()) == found


def test_the_order_of_a_grid():
    """Scenarios, in each the builds, in each the knobs, the last of which changes fastest."""
    made = grid(["nested", "text_poke"], ["v6.16", "posted"], irqs=(0, 1), cpus=[1, 2])
    told = [(each.name, each.build.name, each.knobs["irqs"], each.knobs["cpus"]) for each in made]
    assert told == [
        (name, build, irqs, cpus)
        for name in ("nested", "text_poke")
        for build in ("v6.16", "posted")
        for irqs in (0, 1)
        for cpus in (1, 2)
    ]


def test_a_grid_takes_text_and_values():
    """One value or several, a name or a thing, text or a number: the same grid."""
    made = grid("text_poke", "v6.16", irqs=1, lazy=True, config=Config(pti=True))
    again = grid([text_poke], [BUILDS["v6.16"]], irqs=["1"], lazy="yes", config=["pti"])
    assert made == again
    assert len(made) == 1


def test_everything_is_the_default_of_a_grid():
    """Without names it is every scenario on every build; what a build lacks is listed with the reason, not dropped."""
    made = grid()
    assert len(made) + len(made.left_out) == len(STORIES) * len(BUILDS)
    assert {row.build for row in made.left_out} == {"v5.1"}
    assert {row.scenario for row in made.left_out} == {"nested", "schedule_inside"}
    assert all("needs temporary mms" in row.error for row in made.left_out)


def test_what_only_a_stage_finds_out_is_left_out_too():
    """A knob that a build cannot serve is found before the sweep begins, and the table says so."""
    made = grid("lazy_tlb", ["v5.1", "v6.16"], poke=True, irqs=0)
    assert [row.build for row in made.left_out] == ["v5.1"]
    assert "left out: lazy_tlb on v5.1 (poke=yes,irqs=0): poke=True needs" in sweep(made, max_states=9).text()


MISUSE = {
    "a knob that no build has": lambda: grid("text_poke", nope=1),
    "a value that makes no sense": lambda: grid("text_poke", irqs=(0, 9)),
    "a knob that one of two lacks": lambda: grid(["text_poke", "nested"], pokes=2),
    "no build": lambda: grid("text_poke", []),
    "an unknown limit": lambda: sweep([nested()], most=5),
    "a wrong limit": lambda: sweep([nested()], max_states=-1),
    "nothing left": lambda: sweep(grid("nested", "v5.1")),
    "a Build made by hand": lambda: sweep([nested(build=replace(BUILDS["v6.16"], notrack=False))]),
    "progress that is none": lambda: sweep([nested()], progress=5),
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse_is_found_before_work_starts(name):
    """What cannot be swept is one clear error, and nothing is explored first."""
    with pytest.raises(ModelError, match=r".{20}"):
        MISUSE[name]()


def test_an_item_is_small_plain_data():
    """What is sent to a worker is a few hundred bytes of names and text, and makes an equal scenario again."""
    scenario = text_poke(build="v5.10", lazy=True, irqs=0, config=Config(pti=True))
    item = pack(scenario, "explore", {"max_states": 9}, 1)
    sent = pickle.dumps(item)
    assert len(sent) < 500
    assert pickle.loads(sent).unpacked() == scenario  # noqa: S301  (our own bytes)


def test_a_report_can_be_sent_back():
    """A report with its counterexamples comes through pickle unchanged."""
    report, error = work(pack(text_poke(build="v5.1"), "explore", {}, sys.maxsize))
    assert error == ""
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301  (our own bytes)


# ── patched builds


def test_a_function_of_a_module_travels():
    """A build patched with a function that can be imported is swept in other processes."""
    wrong = BUILDS["v6.16"].patched(**MISTAKES["no-flush"])
    asked = [text_poke(build=wrong, pokes=2, irqs=0), text_poke(irqs=0)]
    with processes(1) as executor:
        found = sweep(asked, executor=executor)
    assert found == sweep(asked)
    assert [row.verdict for row in found] == ["BROKEN", "holds"]
    assert found[0].build == wrong.name


NOTEBOOK = """
from tempmm_lab import BUILDS, ModelError, processes, sweep, text_poke
from tempmm_lab.kernel import this_cpu_read
async def unuse_temporary_mm(prev_mm):
    return await this_cpu_read("loaded_mm")
mine = BUILDS["v6.16"].patched(unuse_temporary_mm=unuse_temporary_mm)
asked = [text_poke(build=mine, irqs=0)]
"""
"""A notebook has no file: its functions cannot be imported anywhere. `python -c` is the same in that."""


def notebook(code):
    """Run code as a notebook would; give what it prints."""
    command = [sys.executable, "-W", "error", "-c", NOTEBOOK + code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_function_of_a_notebook_does_not_travel_by_pickle():
    """It is refused before anything runs, and the message names Dask and running without an executor."""
    said = notebook("""
try:
    with processes(1) as pool:
        sweep(asked, executor=pool)
except ModelError as error:
    print(error)
""")
    assert "unuse_temporary_mm cannot be sent" in said
    assert "without an executor" in said
    assert "Dask" in said


def test_a_function_of_a_notebook_travels_by_dask():
    """Dask's workers, in other processes, give what the notebook itself gives."""
    said = notebook("""
from distributed import Client, LocalCluster
settings = dict(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0")
with LocalCluster(**settings) as local, Client(local) as client:
    found = sweep(asked, executor=client.get_executor())
print(found == sweep(asked), found[0].verdict, found[0].build)
""")
    assert said.split() == ["True", "BROKEN", "v6.16+unuse_temporary_mm"]


def test_a_local_function_does_not_travel_by_pickle():
    """So is a function defined in a function."""

    async def unuse_temporary_mm(prev_mm):
        return prev_mm

    asked = [text_poke(build=BUILDS["v6.16"].patched(unuse_temporary_mm=unuse_temporary_mm))]
    with processes(1) as executor, pytest.raises(ModelError, match="without an executor"):
        sweep(asked, executor=executor)
    assert sweep(asked)[0].verdict == "BROKEN"


# ── what goes wrong


async def raises(prev_mm):
    """Fail, as a reader's function may."""
    raise ZeroDivisionError(prev_mm)


@pytest.mark.parametrize("kind", [None, "threads", "processes"])
def test_one_failed_item_is_a_row(kind):
    """What goes wrong in one scenario is told in its row; the others are done."""
    wrong = BUILDS["v6.16"].patched(unuse_temporary_mm=raises)
    asked = [nested(irqs=0), text_poke(build=wrong, irqs=0), text_poke(irqs=0)]
    with EXECUTORS[kind]() if kind else contextlib.nullcontext() as executor:
        found = sweep(asked, executor=executor)
    assert [row.verdict for row in found] == ["holds", "error", "holds"]
    assert "ZeroDivisionError" in found[1].error
    assert found[1].error in found.text()
    assert not found.holds


class Refusing(Executor):
    """An executor that takes the first item and no other, as one does whose workers died."""

    taken = 0

    def submit(self, fn, /, *args, **kwargs):
        """Run the first; refuse the others."""
        self.taken += 1
        if self.taken > 1:
            raise RuntimeError("the workers are gone")
        done = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def test_an_executor_that_refuses_is_told_in_the_rows():
    """Items that could not be handed over are rows with the executor's own words."""
    found = sweep([nested(irqs=0), text_poke(irqs=0)], executor=Refusing())
    assert [row.verdict for row in found] == ["holds", "error"]
    assert "the workers are gone" in found[1].error


@pytest.mark.parametrize("stop", [0, 1, 3])
def test_ctrl_c_gives_the_rows_so_far(stop):
    """Ctrl-C between two scenarios: those done are rows, the others are marked, and nothing says that it holds."""

    def interrupting(done, _):
        if done > stop:
            raise KeyboardInterrupt

    asked = grid("text_poke", "v6.16", irqs=0, pokes=[1, 2, 3, 4], cpus=[1, 2])
    found = sweep(asked, progress=interrupting)
    assert [row.verdict for row in found] == ["holds"] * (stop + 1) + ["not done"] * (7 - stop)
    assert not found.holds
    assert f"{7 - stop} not done" in found.summary()


LONG = [text_poke(cpus=4, irqs=3, build=build) for build in BUILDS]
"""Each takes hours, if every state is visited."""


async def interrupted(prev_mm):
    """Be interrupted, as by Ctrl-C at that moment."""
    raise KeyboardInterrupt(prev_mm)


def test_ctrl_c_inside_an_exploration():
    """Ctrl-C while a scenario is explored here: its partial report is the last row that was done."""
    wrong = BUILDS["v6.16"].patched(unuse_temporary_mm=interrupted)
    found = sweep([nested(irqs=0), text_poke(build=wrong, irqs=0), text_poke(irqs=0)])
    assert [row.verdict for row in found] == ["holds", "not decided", "not done"]
    assert found[1].report.why == STOPPED


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_workers_outlive_ctrl_c(kind):
    """Ctrl-C ends also what is running, long before its own end, and the same workers do the next sweep."""

    def interrupting(*_):
        raise KeyboardInterrupt

    with EXECUTORS[kind]() as executor:
        found = sweep([nested(irqs=0), *LONG], executor=executor, progress=interrupting, reduce=False)
        again = sweep(GRID, executor=executor)
    assert [row.verdict for row in found] == ["holds", *["not done"] * len(LONG)]
    assert again == HERE


class Slow(Executor):
    """An executor that never gets to anything but the first item."""

    def __init__(self):
        self.futures = []

    def submit(self, fn, /, *args, **kwargs):
        """Do the first; leave the others waiting."""
        future = Future()
        if not self.futures:
            future.set_result(fn(*args, **kwargs))
        self.futures.append(future)
        return future


def test_ctrl_c_cancels_what_waits():
    """With an executor, what has not begun at Ctrl-C is cancelled and marked; what is done stays."""

    def interrupting(*_):
        raise KeyboardInterrupt

    slow = Slow()
    found = sweep([nested(irqs=0), text_poke(irqs=0), text_poke()], executor=slow, progress=interrupting)
    assert [row.verdict for row in found] == ["holds", "not done", "not done"]
    assert [future.cancelled() for future in slow.futures] == [False, True, True]


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C is sent otherwise on Windows")
@pytest.mark.parametrize("seconds", [0, 1.5], ids=["while the workers start", "while they explore"])
def test_ctrl_c_in_a_terminal(seconds):
    """Ctrl-C reaches the program and its workers at once: the table so far, no traceback, and an end."""
    command = [sys.executable, "-u", "-c", TERMINAL, str(seconds)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout.readline() == "exploring\n"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[0] == f"{len(LONG)} scenarios: {len(LONG)} not done"


TERMINAL = """
import signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may have it ignored
from tempmm_lab import processes, sweep
from tempmm_lab.sweeps import run
from tests.scenarios.test_sweeps import LONG
waiting = run.wait
def wait(*args, **kwargs):
    threading.Timer(float(sys.argv[1]), lambda: print("exploring")).start()
    run.wait = waiting
    return waiting(*args, **kwargs)
run.wait = wait
with processes(2) as pool:
    print(sweep(LONG, executor=pool, reduce=False).text())
"""
"""A program that says when its workers have been at it for so many seconds."""


# ── tables and JSON

WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
REPORTS = st.sampled_from([None, *(row.report for row in HERE)])
ROWS = st.builds(Row, WORDS, WORDS, st.lists(st.tuples(WORDS, WORDS), unique_by=lambda pair: pair[0], max_size=3)
                 .map(tuple), REPORTS, st.sampled_from(["", "ModelError: no"]))  # fmt: skip


@given(st.lists(ROWS, max_size=4).map(tuple), st.lists(ROWS, max_size=2).map(tuple))
def test_a_sweep_survives_being_json(rows, left_out):
    """Any sweep comes back equal from its JSON, counterexamples as paths included."""
    found = Sweep(rows, left_out)
    assert Sweep.from_json(found.to_json()) == found


def test_json_names_verdict_and_path():
    """The JSON has what `explore --json` has for each scenario, under the scenario's names."""
    first = json.loads(HERE.to_json())["rows"][0]
    assert (first["scenario"], first["build"], first["knobs"]) == ("text_poke", "v5.1", {"irqs": "0"})
    assert first["verdict"] == "BROKEN"
    assert first["report"]["counterexamples"]["only-poker-writes"]["steps"] == 5


@pytest.mark.parametrize("text", ["", "{}", "[]", "5", '{"rows": [5], "left_out": [], "ask": "explore"}', None])
def test_nonsense_is_no_sweep(text):
    """What is no sweep is one clear error."""
    with pytest.raises(ModelError, match="sweep"):
        Sweep.from_json(text)


def test_the_table_says_what_the_rows_say():
    """Every row is a line with its verdict and numbers; knobs that were swept are told even at their default."""
    lines = HERE.text().splitlines()
    assert lines[0] == "12 scenarios: 10 hold, 2 broken"
    assert [line.split()[:4] for line in lines[2:6]] == [
        ["text_poke", "v5.1", "irqs=0", "BROKEN"],
        ["text_poke", "v5.1", "irqs=1", "BROKEN"],
        ["text_poke", "v6.14", "irqs=0", "holds"],
        ["text_poke", "v6.14", "irqs=1", "holds"],
    ]
    assert len({line.index("holds") for line in lines[4:]}) == 1


def test_a_notebook_shows_a_table():
    """Its HTML is a table with a caption, column heads and one row for each scenario; its text twin is the table."""
    bundle = HERE._repr_mimebundle_()
    assert bundle["text/plain"] == HERE.text()
    assert bundle["text/html"].count('<th scope="col">') == 8
    assert bundle["text/html"].count("<tr>") == 1 + len(HERE)
    assert f"<caption>{HERE.summary()}</caption>" in bundle["text/html"]

"""Practice: whatever a student types, it is answered in words, within seconds, and nothing breaks."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tempmm_lab import ModelError, exercise, practise
from tempmm_lab.assess.exercises import EXERCISES, kernelcode
from tempmm_lab.assess.exercises.ch14_stage import buffered_step
from tempmm_lab.assess.exercises.functions import InProcess, NoAnswer, walker
from tempmm_lab.assess.exercises.shapes import plain
from tempmm_lab.assess.exercises.task import SEEDS
from tempmm_lab.kernel.barrier import smp_mb


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, in no course."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TEMPMM_LAB_SEED", raising=False)
    return tmp_path


class Sly:
    """An answer that is equal to everything, and says yes to every question."""

    __class__ = int  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __index__(self) -> int:
        return 1


class Number(int):
    """A number that is equal to every number."""

    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        return True


def _looped() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


SLY = {
    "a sly object": Sly,
    "a subclass of int": lambda: dict.fromkeys(("PML4", "PDPT", "PD", "PT", "offset"), Number(1)),
    "a sly part": lambda: {"PML4": Sly()},
    "a list in itself": _looped,
    "a huge list": lambda: [0] * 100_000,
    "a huge number": lambda: {"PML4": 1 << 10_000},
    "a float": lambda: {"PML4": 511.0},
    "a set": lambda: {1, 2},
    "a function": lambda: print,
    "a class": lambda: Sly,
    "keys that are no names": lambda: {1: 2},
    "not a number": lambda: float("nan"),
    "half a letter": lambda: "\ud800",
    "bytes": lambda: b"0x1ff",
}


@pytest.mark.parametrize("name", SLY)
@pytest.mark.parametrize("one", EXERCISES, ids=str)
def test_sly_answers_get_nothing(one: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Objects that lie about themselves, and data without bounds, earn nothing and are told off in words."""
    assert practise(one, SLY[name]()) == 0
    assert "Practice for" in capsys.readouterr().out


def test_practice_prints_and_gives_the_points(capsys: pytest.CaptureFixture[str]) -> None:
    """A half right answer is told what is wrong with it; the value is the points."""
    answer = EXERCISES["ch01-indices"].key(0) | {"PD": 5}
    assert practise("ch01-indices", answer) == 4
    assert capsys.readouterr().out.splitlines()[:2] == ["Practice for ch01-indices.", "4 of 5 points"]


def test_our_own_numbers_are_numbers() -> None:
    """What the library's functions return may be handed in as it is."""
    assert practise("ch01-indices", dict(exercise("ch01-indices").exercise.key(0))) == 5
    assert plain({"a": (True, None, "x")}) == {"a": [True, None, "x"]}


def loops(*_: Any, **__: Any) -> None:
    """Never end."""
    while True:
        pass


def calls_itself(*args: Any, **kwargs: Any) -> Any:
    """Call itself without end."""
    return calls_itself(*args, **kwargs)


def exits(*_: Any, **__: Any) -> None:
    """Leave."""
    raise SystemExit


def is_not_called_so() -> int:
    """Take no arguments."""
    return 1


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (loops, "loop for ever"),
        (calls_itself, "calls itself"),
        (exits, "SystemExit"),
        (is_not_called_so, "unexpected keyword argument"),
        (lambda memory, *_, **__: memory.nothing, "has no attribute 'nothing'"),
        (lambda memory, *_, **__: memory.read64(3), "not a multiple of 8"),
        (lambda *_, **__: object(), "holds a object"),
    ],
)
def test_a_function_that_fails_is_told_why(function: Any, says: str) -> None:
    """A function that raises, leaves, loops or gives something else is no traceback, and no end of waiting."""
    callee = InProcess(function, walker, seconds=0.2)
    verdict = EXERCISES["ch01-build"].judge(exercise("ch01-build").variant, callee)
    assert verdict.points == 0
    assert any(says in message for message in verdict.messages), verdict.messages


def test_a_talkative_function_is_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    """Of what a function prints the beginning is shown, and then the feedback."""

    def my_rule(*_: Any) -> bool:
        print("x" * 300)
        return True

    practise("ch02-rule", my_rule)
    printed = capsys.readouterr().out
    assert 1_900 < printed.count("x") <= 2_000
    assert "the same answer every time" in printed


def test_a_line_of_the_student_is_named() -> None:
    """An error is told together with the student's line that raised it."""

    def mine(memory: Any, *_: Any, **__: Any) -> Any:
        return memory.read64("0x1000")

    with pytest.raises(NoAnswer, match=r"0x1000"):
        InProcess(mine, walker).call(
            [[], {"cr0": 0, "cr3": 0, "cr4": 0, "efer": 0, "rflags": 0, "cpl": 0}, 0, "read", {}]
        )


def test_practice_works_in_a_thread() -> None:
    """Where no time limit can be set, practice still answers."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(practise("ch01-build", lambda *_, **__: None)))
    thread.start()
    thread.join()
    assert found == [0]


def test_a_course_file_chooses_the_variant(folder: Path) -> None:
    """Seeds in the working folder, or in the one above, are taken; a number given goes before."""
    (folder / SEEDS).write_text(json.dumps({"format": 1, "seeds": {"ch01-walk": 1 << 63 | 5}}))
    assert exercise("ch01-walk").variant.seed == 1 << 63 | 5
    assert exercise("ch01-order").variant.seed == 0
    assert exercise("ch01-walk", 7).variant.seed == 7
    (folder / "exercises").mkdir()


def test_the_folder_above_counts_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notebooks of exercises lie one folder below the seeds."""
    (folder / SEEDS).write_text(json.dumps({"format": 1, "seeds": {"ch01-walk": 9}}))
    (folder / "exercises").mkdir()
    monkeypatch.chdir(folder / "exercises")
    assert exercise("ch01-walk").variant.seed == 9


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"seeds": 5}', '{"seeds": {"ch01-walk": "x"}}', '{"seeds": {"ch01-walk": -1}}']
)
def test_a_broken_course_file_is_told(text: str, folder: Path) -> None:
    """A file of seeds that is none is one clear error."""
    (folder / SEEDS).write_text(text)
    with pytest.raises(ModelError, match=SEEDS):
        exercise("ch01-walk")


@pytest.mark.parametrize("name", ["ch01-wlak", "ch99", "", None, 5, True, []])
def test_no_such_exercise(name: Any) -> None:
    """An unknown name is refused with the names there are."""
    with pytest.raises(ModelError, match="ch01-walk"):
        practise(name, None)


def test_an_environment_variable_chooses_the_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    """TEMPMM_LAB_SEED chooses the variant of every exercise, and must be a number."""
    monkeypatch.setenv("TEMPMM_LAB_SEED", "12")
    assert exercise("ch01-walk").variant.seed == 12
    monkeypatch.setenv("TEMPMM_LAB_SEED", "twelve")
    with pytest.raises(ModelError, match="TEMPMM_LAB_SEED"):
        exercise("ch01-walk")


@pytest.mark.parametrize(("step", "is_one"), [(kernelcode.next_step, False), (buffered_step, True)])
def test_a_barrier_is_a_step_where_stores_can_wait(step: Any, is_one: bool) -> None:
    """A student's smp_mb() is a step on a machine with store buffers, and none on another; it fails on neither."""

    async def guarded() -> int:
        await smp_mb()
        return 7

    said = step(guarded, [[], []])
    assert ("op" in said) == is_one
    assert said == {"value": 7} or "full_barrier" in json.dumps(said)

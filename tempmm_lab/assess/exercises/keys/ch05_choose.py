"""The key to choose_new_asid of chapter 5: a student's kernel function beside the kernel's own, state by state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tempmm_lab.asidplay import processes
from tempmm_lab.assess.exercises.draws import Stream
from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.kernelcode import step_by_step
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.assess.exercises.shapes import same
from tempmm_lab.errors import ModelError
from tempmm_lab.jsonform import to_json
from tempmm_lab.kernel.system import System
from tempmm_lab.kernel.tlbstate import choose_new_asid
from tempmm_lab.steps import run

NAME = "choose_new_asid"
ALLOWED = {"this_cpu_read": ("ctxs", "next_asid"), "this_cpu_write": ("next_asid",)}
EACH = 12


@dataclass(frozen=True, slots=True)
class State:
    """A state of the stage: the slots, the counter, and which mm is to be loaded at which generation."""

    part: str
    system: System
    mm: str
    generation: int

    def __str__(self) -> str:
        cpu = self.system.cpus[0]
        wanted = self.system.world.mms[self.mm].ctx_id
        return f"ctxs {cpu.ctxs}, next_asid {cpu.next_asid}, ctx_id {wanted}, next_tlb_gen {self.generation}"


def states(seed: int) -> Iterator[State]:
    """Give states of every kind: a slot of its own or none, up to date or behind, the counter anywhere."""
    stream, stage = Stream(seed), processes(8)
    mms = stage.world.mms
    for part in ("keep", "stale", "fresh", "wrap"):
        for _ in range(EACH):
            turn, generation = stream.below(8), 2 + stream.below(5)
            owners = [f"p{(turn + place) % 8 + 1}" for place in range(6)]
            known = 1 + stream.below(6)
            slots = [(mms[owner].ctx_id, stream.below(7)) for owner in owners[:known]] + [(0, 0)] * (6 - known)
            own = stream.below(known)
            if part in {"keep", "stale"}:
                late = 1 + stream.below(2) if part == "stale" else 0
                slots[own] = (slots[own][0], generation - late)
                mm = owners[own]
            else:
                mm = f"p{(turn + 6 + stream.below(2)) % 8 + 1}"
            fresh = 6 if part == "wrap" else 1 + stream.below(5)
            yield State(part, stage.with_cpu(0, ctxs=tuple(slots), next_asid=fresh), mm, generation)


SAYS = {
    "keep": "The slot with this ctx_id is its own, and its generation is not behind: give that ASID, and keep.",
    "stale": "The slot with this ctx_id is its own, but its generation is behind: that ASID, with a flush.",
    "fresh": "No slot has this ctx_id: give the next in turn, with a flush.",
    "wrap": "There are six slots, counted from 0. When next_asid is 6, slot 0 is given out, and 1 comes next.",
    "turn": "next_asid moves on by one when a slot is given out, and only then.",
}


class ChooseJudge:
    """Runs a student's function and the kernel's in the same states."""

    def key(self, _: Exercise, __: Facts) -> str:
        """Give the source of a right function."""
        return SOURCE

    def judge(self, exercise: Exercise, _: Facts, answer: Callee, seed: int) -> Verdict:
        """Judge a function."""
        mine, wrong = step_by_step(answer, NAME, ALLOWED), dict[str, str]()
        given = set[str]()
        for state in states(seed):
            right, right_next = _done(state, choose_new_asid, state.mm)
            try:
                said, said_next = _done(state, mine, state.system.world.mms[state.mm].ctx_id)
            except NoAnswer as error:
                return verdict(exercise, {}, [f"{error} It was asked in this state: {state}."])
            except (ModelError, TypeError, ValueError) as error:
                return verdict(exercise, {}, [f"{NAME}: {str(error)[:200]} It was asked in this state: {state}."])
            given.add(repr(said))
            if not same(said, right):
                wrong.setdefault(state.part, f"{_seen(state)}; right is {_told(right)}, yours is {_told(said)}.")
            elif said_next != right_next:
                wrong.setdefault("turn", f"{_seen(state)}; afterwards it should be {right_next}, and is {said_next}.")
        if len(given) == 1:
            return verdict(exercise, {}, [f"{NAME} gives the same answer every time: {given.pop()}. Is it finished?"])
        if "fresh" in wrong and "wrap" in wrong:
            wrong.setdefault("turn", "There is no slot given out rightly after which it could be looked at.")
        earned = {name: part.points for name, part in exercise.parts.items() if name not in wrong}
        return verdict(exercise, earned, [f"{n}: {SAYS[n]} {wrong[n]}" for n in exercise.parts if n in wrong])


def _done(state: State, function: Any, mm: Any) -> tuple[Any, Any]:
    """Give what a function answers in a state, as plain data, and next_asid afterwards."""
    after, answer = run(state.system, 0, function, mm, state.generation)
    return to_json(answer), after.cpus[0].next_asid


def _seen(state: State) -> str:
    return f"The first: {state}"


def _told(answer: Any) -> str:
    return f"({', '.join(map(str, answer['tuple']))})" if type(answer) is dict and "tuple" in answer else repr(answer)


SOURCE = """from tempmm_lab.kernel.percpu import this_cpu_read, this_cpu_write


async def choose_new_asid(ctx_id, next_tlb_gen):
    for asid, (owner, generation) in enumerate(await this_cpu_read("ctxs")):
        if owner == ctx_id:
            return asid, generation < next_tlb_gen
    asid = await this_cpu_read("next_asid")
    asid = 0 if asid >= 6 else asid
    await this_cpu_write("next_asid", asid + 1)
    return asid, True
"""

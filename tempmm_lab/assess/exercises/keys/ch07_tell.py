"""The key to text_poke() of chapter 7: v5.1 with a student's, on every schedule."""

from __future__ import annotations

from tempmm_lab.assess.exercises.exercise import Callee, Exercise, Facts, Verdict
from tempmm_lab.assess.exercises.functions import NoAnswer
from tempmm_lab.assess.exercises.kernelcode import known_ops, step_by_step
from tempmm_lab.assess.exercises.keys.judging import verdict
from tempmm_lab.errors import ModelError
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.scenarios.scenario import STORIES, Scenario
from tempmm_lab.telling import tell
from tempmm_lab.trace import follow, in_order, play

NAME, LEFT = "text_poke", "no-writable-text-left"
ALLOWED = known_ops(
    *("local_irq_save", "local_irq_restore", "set_fixmap", "text_poke_memcpy", "local_flush_tlb", "sync_core"),
    *("memcmp", "BUG_ON", "preempt_count_add", "preempt_count_dec_and_test", "lockdep_assert_irqs_enabled"),
    *("send_ipi", "satisfies_here", "flush_tlb_one_kernel", "wait_for_acks", "irqs_disabled", "WARN_ON_ONCE"),
    *("this_cpu_read", "pick_next_task", "rq_lock", "scheduler_tick", "schedule_debug"),
)
"""What the four functions take in steps."""
MOST_STATES = 100_000

SAYS = {
    "left": "text_poke() returns while another CPU may still hold the alias, writable. Only a flush that reaches every "
    "CPU, after the entry was cleared, takes it away.",
    "quiet": "Who sends IPIs and waits must have interrupts on: two such senders would wait for each other for ever.",
    "few": "One round of IPIs is enough, if it comes when no CPU can cache the alias any more.",
}


def stage_with(function: object) -> Scenario:
    """Give stale_alias on v5.1 with this text_poke()."""
    return STORIES["stale_alias"](build=BUILDS["v5.1"].patched(text_poke=function), irqs=0)  # type: ignore[arg-type]


class TellJudge:
    """Plays the scenario once, and then explores it."""

    def key(self, _: Exercise, __: Facts) -> str:
        """Give the source of a right function."""
        return SOURCE

    def judge(self, exercise: Exercise, _: Facts, answer: Callee, __: int) -> Verdict:
        """Judge a function; the replay is a shortest schedule after which the alias is left on some CPU."""
        scenario = stage_with(step_by_step(answer, NAME, ALLOWED))
        try:
            once = play(scenario, in_order)
            done = [moment.what for moment in once]
            if not any(what.startswith("text_poke_memcpy") for what in done):
                return verdict(exercise, {}, [f"{NAME} writes nothing. Is it finished?"])
            report = explore(scenario, max_states=MOST_STATES)
        except NoAnswer as error:
            return verdict(exercise, {}, [str(error)])
        except (ModelError, TypeError, ValueError) as error:
            return verdict(exercise, {}, [f"{NAME}: {str(error)[:300]}"])
        sent = sum(what.startswith("send_ipi") for what in done)
        loud = [text for text in (*once.reports, *report.reports) if "WARNING" in text]
        left = report.counterexamples.get(LEFT)
        told = {"left": left is not None, "quiet": bool(loud), "few": sent > 1}
        # who interrupts nobody has not earned it by that
        wrong = {name for name, is_wrong in told.items() if is_wrong} | ({"few"} if not sent else set())
        earned = {name: part.points for name, part in exercise.parts.items() if name not in wrong}
        said = [f"{name}: {SAYS[name]}{_more(name, loud)}" for name in exercise.parts if name in wrong]
        if left is None:
            return verdict(exercise, earned, said)
        run = tell(play(scenario, follow(left)), quiet=True)
        found = verdict(exercise, earned, [*said, f"A shortest schedule on which it is left:\n{run}"])
        return Verdict(found.points, found.of, found.parts, found.messages, str(left))


def _more(name: str, loud: list[str]) -> str:
    return f" The kernel printed: {loud[0]}" if name == "quiet" else ""


SOURCE = """from tempmm_lab.kernel.fixmap import text_poke_v5_1
from tempmm_lab.kernel.layout import FIXMAP
from tempmm_lab.kernel.tlbflush import flush_tlb_kernel_range


async def text_poke(addr, opcode, size):
    await text_poke_v5_1(addr, opcode, size)
    await flush_tlb_kernel_range(FIXMAP[0], FIXMAP[0] + 4096)
"""

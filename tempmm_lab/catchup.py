"""What one CPU does with one request to flush: nothing, page by page, or everything of its PCID."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.kernel.builds import Build, a_build
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import USER_MM, USER_PAGE
from tempmm_lab.kernel.tlbflush import SINGLE_PAGE_FLUSH_CEILING, TLB_FLUSH_ALL, flush_tlb_func, flush_tlb_info
from tempmm_lab.points import start
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.stage import Stage

PAGE, MOST = 4096, 512


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What was done.

    Attributes:
        singles: INVLPGs.
        whole: flushes of the whole PCID.
        generation: up to which generation this CPU has caught up afterwards.
    """

    singles: int
    whole: int
    generation: int

    def __str__(self) -> str:
        did = "all of the PCID" if self.whole else f"{self.singles} INVLPG" if self.singles else "nothing"
        return f"{did}; caught up to {self.generation}"


def caught_up(
    pages: int = 1, *, local: int = 0, requested: int = 1, generation: int = 1, build: str | Build = "v6.16"
) -> CaughtUp:
    """Give what a CPU does that has a process's mm loaded and is asked to flush a range of its pages.

    Args:
        pages: how many pages the range has.
        local: up to which generation this CPU has caught up.
        requested: the generation of this request.
        generation: the mm's generation now; other flushes may have raised it since.
        build: the kernel.

    Raises:
        ModelError: these are no such numbers, `pages` is not from 1 to 512, `requested` is 0, or a generation is above
            the mm's.
    """
    known = whole_number(generation, "generation")
    if not 1 <= whole_number(pages, "pages") <= MOST:
        raise ModelError(f"pages is from 1 to {MOST}. Got {pages}.")
    if not (1 <= whole_number(requested, "requested") <= known and whole_number(local, "local") <= known):
        raise ModelError("requested is from 1 to generation, and local from 0 to generation.")
    end = TLB_FLUSH_ALL if pages > SINGLE_PAGE_FLUSH_CEILING else int(USER_PAGE) + PAGE * pages
    done, after = _counted(flush_tlb_info(USER_MM, int(USER_PAGE), end, requested), (local, known), a_build(build))
    return CaughtUp(done["flush_tlb_one_user"], done["flush_tlb_local"], after)


def _counted(info: flush_tlb_info, generations: tuple[int, int], build: Build) -> tuple[Counter[str], int]:
    """Run the handler by itself; give how often each op was done, and the slot's generation afterwards."""
    local, known = generations
    stage = Stage(build, Config())
    stage.cpu(programs.cpu_relax_once, name="thread", mm=USER_MM)
    now = stage.system().with_cells({("tlb_gen", USER_MM): known})
    cpu = now.cpus[0]
    slots = ((cpu.ctxs[0][0], local), *cpu.ctxs[1:])
    now = now.with_cpu(0, ctxs=slots, registers=cpu.registers.but(IF=0), hardirqs_enabled=False)
    point, done = start(flush_tlb_func, info, versions=now.versions), Counter[str]()
    while point.op is not None:
        done[point.op.do.__name__] += 1
        door = now.door(0)
        answer = point.op.do(door, *point.op.args)
        now, point = door.machine, point.after(answer)
    return done, int(now.cpus[0].ctxs[0][1])

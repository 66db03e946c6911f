"""The scenarios about patching code and switching address spaces."""

from __future__ import annotations

from tempmm_lab.errors import ModelError
from tempmm_lab.kernel.layout import ALIAS, FIXMAP, OTHER_MM, TEXT, TEXT_FRAMES, USER_CODE, USER_MM, USER_PAGE
from tempmm_lab.kernel.system import System
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.scenario import story
from tempmm_lab.scenarios.stage import Stage


def _alias(stage: Stage) -> int:
    return int(ALIAS if stage.build.temporary_mms else FIXMAP[0])


def _poker(stage: Stage, pokes: int, *, lazy: bool = False) -> int:
    sites = tuple(int(TEXT[number % 2]) for number in range(pokes))
    if lazy:
        return stage.cpu(programs.kthread_poker, sites, 0xCC, name="kpoker", mm=None, lazy_on=USER_MM)
    return stage.cpu(programs.poker, sites, 0xCC, name="poker", mm=USER_MM)


@story("only-poker-writes", "no-writable-text-left", "prev-mm-back")
def text_poke(stage: Stage, *, cpus: int, fills: bool, pokes: int = 1, lazy: bool = False, pokers: int = 1) -> None:
    """CPU 0 patches kernel text; the other CPUs try to write through the alias.

    Knobs: `pokes` patches as many pages in turn; `lazy` lets a lazy kernel thread do it; with `pokers=2` CPU 1 patches
    the same pages too, when text_mutex lets it.
    """
    for _ in range(min(pokers, cpus)):
        _poker(stage, pokes, lazy=lazy)
    for _ in range(pokers, cpus):
        stage.cpu(programs.attacker, _alias(stage), name="attacker", mm=USER_MM)
    stage.fill(fills, _alias(stage))


@story("only-poker-writes", "no-writable-text-left")
def stale_alias(stage: Stage, *, cpus: int, fills: bool) -> None:
    """CPU 0 patches kernel text; the other CPUs' walkers look at the alias, and their tasks try to write through it."""
    _poker(stage, 1)
    for _ in range(1, cpus):
        stage.cpu(programs.stale_attacker, _alias(stage), name="attacker", mm=USER_MM)
    stage.fill(fills, _alias(stage))


def _stray_text(system: System) -> bool:
    return any(int(system.memory.read64(frame)) == 0xBAD for frame in TEXT_FRAMES)


@story(
    "only-poker-writes",
    "no-writable-text-left",
    "prev-mm-back",
    irqs=0,
    nmis=1,
    handler="reads_user",
    sometimes={"an NMI writes text": _stray_text},
)
def nmi_in_window(stage: Stage, *, cpus: int, fills: bool) -> None:
    """CPU 0 patches kernel text while NMIs may come; their handler does what `handler` says.

    A stray store from an NMI can reach the text: IF does not hold it back. That breaks no rule here.
    """
    _poker(stage, 1)
    for _ in range(1, cpus):
        stage.cpu(programs.user_of, int(USER_PAGE), 1, name="user", mm=USER_MM, user=True)
    stage.fill(fills, ALIAS)


@story("no-stale-use")
def context_switch(stage: Stage, *, cpus: int, fills: bool, kthread: bool = False) -> None:
    """CPU 0 switches from one user task to another and back; CPU 1 unmaps a page of the first.

    Knob: with `kthread` the other task is a kernel thread, so that CPU 0 becomes lazy.
    """
    first = stage.cpu(programs.yielder, int(USER_PAGE), name="first", mm=USER_MM, user=True, known=(OTHER_MM,))
    if kthread:
        stage.sleeper(first, programs.kthread_yields, name="kthread", mm=None)
    else:
        stage.sleeper(first, programs.runs_and_yields, int(USER_PAGE), name="second", mm=OTHER_MM)
    stage.cache(first, USER_PAGE, USER_MM)
    _others(stage, cpus)
    stage.fill(fills, USER_PAGE)


def _others(stage: Stage, cpus: int) -> None:
    """CPU 1 unmaps; further CPUs run user code of the same mm."""
    if cpus > 1:
        stage.cpu(programs.unmapper, USER_MM, name="unmapper", mm=USER_MM)
    for _ in range(2, cpus):
        number = stage.cpu(programs.user_of, int(USER_PAGE), 2, name="user", mm=USER_MM, user=True)
        stage.cache(number, USER_PAGE, USER_MM)


@story("no-stale-use")
def shootdown(
    stage: Stage, *, cpus: int, fills: bool, senders: int = 1, irqs_off: bool = False, trim: bool = False
) -> None:
    """CPU 0 unmaps a page; CPU 1 comes back to that mm just then; further CPUs use the page.

    Knobs: with `senders=2` CPU 1 unmaps a page of its own as well; `irqs_off` lets the senders keep interrupts off,
    which they must not; `trim` makes the mask due for a clean-up.
    """
    unmapper = programs.unmapper_irqs_off if irqs_off else programs.unmapper
    stage.cpu(unmapper, USER_MM, name="unmapper", mm=USER_MM)
    if cpus > 1 and senders > 1:
        stage.cpu(unmapper, USER_MM, name="unmapper2", mm=USER_MM)
    elif cpus > 1:
        number = stage.cpu(programs.kthread_yields, name="second", mm=OTHER_MM, known=(USER_MM,))
        stage.sleeper(number, programs.runs_and_ends, int(USER_PAGE), name="user", mm=USER_MM)
        stage.cache(number, USER_PAGE, USER_MM)
    for _ in range(2, cpus):
        number = stage.cpu(programs.user_of, int(USER_PAGE), 2, name="user", mm=USER_MM, user=True)
        stage.cache(number, USER_PAGE, USER_MM)
    if trim:
        stage.cells["trim_due", USER_MM] = True
    stage.fill(fills, USER_PAGE)


@story("no-stale-use")
def lazy_tlb(stage: Stage, *, cpus: int, fills: bool, exit: bool = False, poke: bool = False) -> None:  # noqa: A002
    """CPU 1 runs a kernel thread, lazily on a user mm, and then that mm's task; CPU 0 unmaps a page of it meanwhile.

    Knobs: with `exit` the mm's tables are freed instead, and CPU 1's walker may begin at tables that it has cached;
    with `poke` the kernel thread patches code while it is lazy.
    """
    if poke and not stage.build.temporary_mms:
        raise ModelError("poke=True needs temporary mms: choose a build from v5.2 on.")
    stage.cpu(programs.exiter if exit else programs.unmapper, USER_MM, name="unmapper", mm=None if exit else USER_MM)
    if exit:
        stage.cache_structures()
    for _ in range(1, cpus):
        if poke:
            program = programs.kthread_poker_once if exit else programs.lazy_poker
        else:
            program = programs.kthread_stays if exit else programs.kthread_yields
        number = stage.cpu(program, name="kthread", mm=None, lazy_on=USER_MM)
        if not exit:
            stage.sleeper(number, programs.runs_and_ends, int(USER_PAGE), name="user", mm=USER_MM)
        stage.cache(number, USER_PAGE, USER_MM)
    if exit:
        stage.fill(True, USER_CODE)
    stage.fill(fills, USER_PAGE)

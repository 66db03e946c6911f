"""The exercises of chapter 6: what is shown. Keys and judges are in `keys/ch06.py`."""

from __future__ import annotations

from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.kernelcode import steps_of
from tempmm_lab.assess.exercises.shapes import Many, Word
from tempmm_lab.assess.exercises.telling import LETTERS, lettered, rules, statement_parts, statements, statements_shown

PLACES = ("first", "second", "third")
BUILDS = ("v5.10", "v6.16")
FLUSHES = {
    "a page": "one page is unmapped",
    "page tables": "a page goes, and the page table that its entry was in is freed too",
    "a page, mask due": "one page is unmapped, and the mask is due for its clean-up, where the kernel has one",
    "reclaim": "reclaim has taken a page of this process among others, and flushes its batch; the note names no mm",
    "a kernel page": "a page of the kernel's half is unmapped",
}
"""What is taken away, as `who_is_told` names it, and in words."""
CPUS = {
    "runs the process": "runs a thread of the process",
    "lazy on its mm": "runs a kernel thread, lazily on the process's mm",
    "switching to it": "is in the middle of a switch to the process's mm, and has read its generation",
    "ran it, now another": "runs another process now, and ran this one before",
    "never ran it": "has never run the process",
}
SILENT = "no IPI"
DOES = (SILENT, "drops it", "drops all", "to init_mm", "clears its bit", "nothing")
"""What a CPU may do: it gets no IPI, or it gets one and its handler does this."""


def has_bit(build: str, situation: str) -> bool:
    """Say whether a CPU in this situation has its bit in the process's mask."""
    return situation != "never ran it" and not (build == "v5.10" and situation == "ran it, now another")


def _told(draw: Draw) -> Facts:
    build, flushes = draw.one_of(BUILDS), draw.shuffled(draw.some(tuple(FLUSHES), 3))
    return {"build": build, "flushes": list(flushes), "cpus": list(draw.shuffled(tuple(CPUS))[:4])}


def _show_told(facts: Facts) -> str:
    cpus = "\n".join(
        f"  CPU {number}  {CPUS[one]} (its bit in the mask: {int(has_bit(facts['build'], one))})"
        for number, one in enumerate(facts["cpus"], 1)
    )
    flushes = "\n".join(f"  {place:7}{FLUSHES[one]}" for place, one in zip(PLACES, facts["flushes"], strict=True))
    return f"""{facts["build"]}. CPU 0 runs a thread of a process, and flushes. These are the others:

{cpus}

Three flushes, each from this state:

{flushes}

Say for each what CPUs 1 to 4 do, a list of four. A CPU that is not interrupted: {SILENT!r}. One that is, by what its
handler does: 'drops it' (what was asked for), 'drops all' (of the PCID), 'to init_mm' (it loads init_mm instead),
'clears its bit' (and flushes nothing), 'nothing'. A CPU that is switching takes its IPI when its switch is over."""


FOUR = Many(Word(DOES), 4)

STEPS = {
    "clear": "the entry is cleared",
    "frame": "the frame is given back",
    "generation": "the mm's generation goes up by one",
    "ipi": "IPIs are sent",
    "mask": "the mm's mask is read",
    "own": "the sender flushes its own TLB",
    "says": "what each CPU of the mask says of itself is read",
    "wait": "the sender has heard from everybody it asked",
}
"""The steps of an unmapping, by name, in the order of the names."""


def _order(draw: Draw) -> Facts:
    return {"items": list(draw.shuffled(tuple(STEPS.values())))}


def _show_order(facts: Facts) -> str:
    return f"""v6.16: a thread unmaps a page; other CPUs run the process too. Put CPU 0's steps into a right order.
Where two are right, both count.

{lettered(facts["items"])}

Answer with a list of letters, the first step first: ["C", "A", ...]."""


FUNC = """Write flush_tlb_func(info), what a CPU does that was sent a flush; interrupts are off. It is kernel code:
async, with a step at each await. info has mm (None: no mm is named), start, end, new_tlb_gen (0: none is named).
  - If an mm is named that is not loaded here: take this CPU's bit out of its mask, and do nothing else.
  - If init_mm is loaded (mms are named by text: "init_mm"): nothing. If the CPU is lazy: load init_mm instead, and
    nothing else.
  - Else look at the generations. Nothing if this CPU has kept up with the request, or with the mm. Page by page from
    start to end, 4096 bytes each, if the request is the next one for this CPU and the mm's latest, and end is not
    TLB_FLUSH_ALL. Otherwise all of the PCID. Then note in the slot up to which generation of the mm that is good.
It may await
  this_cpu_read(name)     name: "loaded_mm", "is_lazy", "loaded_mm_asid", "ctxs" (a tuple of (ctx_id, generation))
  atomic64_read_tlb_gen(mm), cpumask_clear_cpu(mm), flush_tlb_one_user(va), flush_tlb_local()
  set_asid_ctx(asid, mm, generation), and leave_mm(), which loads init_mm
It is run beside the kernel's own in many states, and then in every schedule of three scenarios:
one with two senders, one with a lazy CPU, and one where a table is freed."""

LAZY_STATEMENTS = (
    "A CPU without caches of upper levels would have walked from the top, and found that the way was cut.",
    "A kernel thread never touches user memory, so nothing of the process can be walked on its CPU.",
    "As long as only a page goes, and no table, a lazy CPU may be left alone.",
    "If the CPU goes to init_mm, nothing of the process can be walked there.",
    "INVLPG on the sender's CPU removes the way to the table everywhere.",
    "The lazy CPU compares generations before it runs user code, so it cannot walk before that.",
    "The processor may walk at any time, unasked, under the tables that are loaded.",
    "The table's entry is cleared in memory, so no CPU can find the table any more.",
    "What is cached may be the way to a page table, so that a walk begins there.",
    "When the frame has been given away, its words are read as entries.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _lazy(draw: Draw) -> Facts:
    return {"statements": statements(draw, LAZY_STATEMENTS)}


def _show_lazy(facts: Facts) -> str:
    return f"""A colleague wants to spare lazy CPUs the IPI when page tables are freed, "since kernel threads do not
touch user memory". The CPU is lazy on the mm whose table goes.

{statements_shown(facts)}"""


def _parts(**asks: tuple[int, str]) -> dict[str, Part]:
    return {name: Part(points, text) for name, (points, text) in asks.items()}


EXERCISES = (
    Exercise(
        name="ch06-told",
        chapter=6,
        kind="trace",
        title="Who is interrupted",
        answer="answer_told",
        parts={place: Part(2, f"all four CPUs at the {place} flush", FOUR) for place in PLACES},
        variants=2 * 60 * 120,
        facts=_told,
        show=_show_told,
    ),
    Exercise(
        name="ch06-order",
        chapter=6,
        kind="order",
        title="Unmap, tell, wait",
        answer="answer_order",
        parts=rules("entry", "look", "send", "frame"),
        variants=40320,
        facts=_order,
        show=_show_order,
        whole=Many(Word(tuple(LETTERS[: len(STEPS)])), len(STEPS)),
    ),
    Exercise(
        name="ch06-func",
        chapter=6,
        kind="build",
        title="The receiver",
        answer="flush_tlb_func",
        parts=_parts(
            other=(1, "another mm is loaded"),
            lazy=(2, "init_mm is loaded, or the CPU is lazy"),
            done=(2, "nothing is left to do"),
            one=(2, "page by page"),
            all=(2, "all of the PCID"),
            every=(3, "no flush is lost, on any schedule"),
        ),
        variants=1,
        facts=lambda _: {},
        show=lambda _: FUNC,
        adapt=steps_of("flush_tlb_func"),
    ),
    Exercise(
        name="ch06-lazy",
        chapter=6,
        kind="explain",
        title="Spare the lazy?",
        answer="answer_lazy",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_lazy,
        show=_show_lazy,
        by_hand=4,
    ),
)
"""The exercises, in the order of the chapter."""

"""The exercises of chapter 3: what is shown. Keys and judges are in `keys/ch03.py`."""

from __future__ import annotations

from math import comb, prod

from tempmm_lab.assess.exercises.ch03_stage import RUNS, SITUATIONS, in_words, situation_in_words
from tempmm_lab.assess.exercises.draws import Draw
from tempmm_lab.assess.exercises.exercise import Exercise, Facts, Part
from tempmm_lab.assess.exercises.functions import flusher
from tempmm_lab.assess.exercises.shapes import Either, Many, Whole, Word
from tempmm_lab.assess.exercises.telling import statement_parts, statements, statements_shown
from tempmm_lab.tlbplay import ACTIONS

PLACES = ("first", "second", "third")
FAULT = "fault"
ANSWERS = Many(Either(Whole(), Word((FAULT,))), 6)


def _answers(draw: Draw) -> Facts:
    here = draw.below(0x1000)
    moved = draw.other(here, 0x1000)
    low, high = sorted((here, moved))
    away = draw.below(0x1000 - 2)
    away += away >= low
    away += away >= high
    frames = [0x1000 + frame for frame in (here, moved, away)]
    return {"frames": frames, "runs": [list(draw.one_of(runs)) for runs in RUNS]}


def _show_answers(facts: Facts) -> str:
    told = {place: in_words(run, facts["frames"]) for place, run in zip(PLACES, facts["runs"], strict=True)}
    runs = "\n".join(f"  {place:9}" + "\n           ".join(said) for place, said in told.items())
    here, _, away = facts["frames"]
    return f"""Space 1, with PCID 1, is current and maps 0x7000 to frame {here:#x}, not global. Nothing is cached.
Space 2, with PCID 2, maps it to frame {away:#x}. Every frame holds its own number. Three runs:

{runs}

After each the CPU loads from 0x7000 once more. The hardware may fill or drop a translation any time.
List every answer that the last load may get: frame numbers, and 'fault' if it may fault."""


FLUSH = """Write must_flush(before, after, *, smep=False): True if the CPU has to be told of a change of an entry.

before and after are PTEs: .present, .rw, .user, .nx and .address give the parts (A and D are set in both, G is not).
smep says whether CR4.SMEP is on. WP and NXE are on, SMAP is off. The CPU may have cached the entry before.
Never leave a CPU with a translation through which it can do what the new entry does not allow; and never flush when
nothing worse can happen than one fault for nothing."""


def _store(draw: Draw) -> Facts:
    return {"situations": [dict(one) for one in draw.some(SITUATIONS, 3)]}


def _show_store(facts: Facts) -> str:
    told = zip(PLACES, facts["situations"], strict=True)
    lines = "\n".join(f"  {place:7}{situation_in_words(one)}" for place, one in told)
    return f"""One page in each run, one CPU in the kernel, an empty TLB. Let a store go through that the tables no
longer allow.

{lines}

The change is made once, and the last step is 'store'. Give each run as a list of steps, as short as can be:
["load", ...]. The steps are the buttons of the chapter's bench:
  {", ".join(map(repr, ACTIONS[:6]))},
  {", ".join(map(repr, ACTIONS[6:11]))},
  {", ".join(map(repr, ACTIONS[11:]))}.
A change is made in the space that is loaded. 'other space' goes to the other one, and a second time back.
Where the hardware has a choice, it uses what it has cached."""


TEST_STATEMENTS = (
    "A model whose hardware may keep every translation can show the mistake in one run.",
    "A processor may drop a translation earlier than the manual requires.",
    "A translation that the program never used cannot be stale.",
    "Another processor, also right by the manual, may keep the translation for longer.",
    "Had a stale translation been there, the load would have faulted.",
    "In these runs, on these machines, no stale translation was used where the test would have noticed.",
    "Mapping a page that was absent needs a flush just as unmapping it does.",
    "On x86 the flush is not needed, since three x86 processors did without it.",
    "The flush is not needed.",
    "To run the same test for longer on the same machines shows little that is new.",
)
"""In the order of the alphabet. Which are right stands with the keys."""


def _test(draw: Draw) -> Facts:
    return {"statements": statements(draw, TEST_STATEMENTS)}


def _show_test(facts: Facts) -> str:
    return f"""A colleague leaves out the flush after a page was moved. A test that moves pages and reads them passes on
three machines, a million times each.

{statements_shown(facts)}"""


EXERCISES = (
    Exercise(
        name="ch03-answers",
        chapter=3,
        kind="trace",
        title="Every answer there is",
        answer="answer_answers",
        parts={place: Part(2, f"all answers of the {place} run, and no other", ANSWERS) for place in PLACES},
        variants=0x1000 * 0xFFF * 0xFFE * prod(map(len, RUNS)),
        facts=_answers,
        show=_show_answers,
    ),
    Exercise(
        name="ch03-flush",
        chapter=3,
        kind="build",
        title="Must it flush?",
        answer="must_flush",
        parts={
            "gone": Part(2, "a page that is taken away"),
            "moved": Part(1, "a page that is moved"),
            "less": Part(2, "a right that is taken away"),
            "SMEP": Part(1, "a supervisor page that becomes a user page, SMEP on"),
            "nothing": Part(1, "no flush where nothing changed, or nothing was present"),
            "more": Part(3, "no flush where rights were only given"),
        },
        variants=1,
        facts=lambda _: {},
        show=lambda _: FLUSH,
        adapt=flusher,
    ),
    Exercise(
        name="ch03-store",
        chapter=3,
        kind="fix",
        title="A store into the past",
        answer="answer_store",
        parts={place: Part(2, f"a shortest run for the {place}", Many(Word(ACTIONS), 12)) for place in PLACES},
        variants=comb(len(SITUATIONS), 3),
        facts=_store,
        show=_show_store,
    ),
    Exercise(
        name="ch03-test",
        chapter=3,
        kind="explain",
        title="It passes on three machines",
        answer="answer_test",
        parts=statement_parts(),
        variants=210 * 720,
        facts=_test,
        show=_show_test,
        by_hand=4,
    ),
)
"""The exercises, in the order of the chapter."""

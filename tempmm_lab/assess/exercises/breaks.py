"""The break exercises of chapters 5, 8 and 9: what is shown. What is asked for is judged in `keys/breaking.py`."""

from __future__ import annotations

from tempmm_lab.assess.exercises.breaking import Hunt, break_exercise, crossed

LEGAL = Hunt(
    about="""Three opinions about CPU 0 differ, and it is legal: no rule breaks. Meanwhile CPU 1 unmaps user_mm's page.
Whoever asks for the state alone gets a run in which CPU 1 does nothing.""",
    goals={
        "going": "CPU 0, IF 0: CR3 user_mm, loaded_mm SWITCHING, current->mm user_mm",
        "gone": "CPU 0, IF 0: CR3 other_mm, loaded_mm SWITCHING, current->mm user_mm",
        "early": "CPU 0, IF 0: CR3 other_mm, loaded_mm other_mm, current->mm user_mm",
        "back": "CPU 0, IF 0: CR3 user_mm, loaded_mm SWITCHING, current->mm other_mm",
        "home": "CPU 0, IF 0: CR3 user_mm, loaded_mm user_mm, current->mm other_mm",
        "lazy": "CPU 0, IF 1: CR3 user_mm, loaded_mm user_mm, current->mm none",
        "firmware": "CPU 0, IF 1: CR3 efi_mm, loaded_mm efi_mm, current->mm user_mm",
    },
    conditions={
        "unasked": "CPU 1 has not taken its step send_ipi(): it has not asked yet who has to be told",
        "waits": "at the end an IPI waits for CPU 0",
        "freed": "at the end CPU 1 has freed the page",
        "untold": "CPU 0 has taken no IPI",
        "told": "CPU 0 has taken an IPI",
        "behind": "at the end CPU 0's slot for user_mm is behind user_mm's generation",
        "level": "at the end CPU 0's slot for user_mm and user_mm's generation are both 1",
        "held": "at the end CPU 0's TLB holds the old translation of user_mm's page",
    },
    ends="The state is the one after the last step of your string, and no rule may break before.",
)
TWO_TASKS = ("context_switch:v6.16:irqs=0",)
LEGAL_ROWS = (
    *crossed(TWO_TASKS, "going", ("unasked behind", "waits held", "freed told")),
    *crossed(TWO_TASKS, "gone", ("unasked behind", "waits held", "freed told")),
    *crossed(TWO_TASKS, "early", ("unasked behind", "waits held", "freed untold", "freed told")),
    *crossed(TWO_TASKS, "back", ("unasked level", "waits level", "waits held", "freed untold", "freed told")),
    *crossed(TWO_TASKS, "home", ("unasked level", "waits level", "waits held", "freed untold", "freed told")),
    *crossed(("context_switch:v6.16:irqs=0,kthread=yes",), "lazy", ("waits held", "freed held", "freed told")),
    *crossed(
        ("efi_call:v6.16:irqs=0",),
        "firmware",
        ("unasked behind", "waits held", "freed held", "freed told", "freed level", "told behind"),
    ),
)

HOLE = Hunt(
    about="""CPU 1 runs a kernel thread that is lazy on user_mm, and pokes. CPU 0 frees the tables of user_mm, and tells
everybody whose bit is in the mask, lazy or not. CPU 1 takes its bit out of the mask while it switches.""",
    goals={
        "no-stale-use": "the rule no-stale-use breaks",
        "stranded": "user_mm's tables are freed, CPU 1 has it loaded (loaded_mm), is not lazy, and has IF 1",
    },
    conditions={
        "looked": "CPU 0 looks whether anybody is in the mask (cpumask_any_but) before CPU 1 clears its bit there",
        "elsewhere": "at the end CPU 1's loaded_mm is not user_mm",
        "number": "the first generation that CPU 1 reads, it reads before CPU 0 raises user_mm's",
        "unlinked": "CPU 0 takes its step free_pgtables() before CPU 1 stores that it is not lazy",
        "wrote": "CPU 1 writes through the alias before CPU 0 has freed the last table (0x44000)",
        "unwritten": "CPU 0 has freed the last table (0x44000) before CPU 1 writes through the alias, which it does",
        "returned": "text_poke() has returned on CPU 1 (poke_returned)",
        "told": "CPU 1 takes an IPI",
    },
    ends="What comes after the step that gets there is not looked at, but makes the string longer.",
)
V5_2, V5_10 = "lazy_tlb:v5.2:irqs=0,exit=yes,poke=yes", "lazy_tlb:v5.10:irqs=0,exit=yes,poke=yes"
HOLE_ROWS = (
    *crossed((V5_2, V5_10), "no-stale-use", ("elsewhere looked", "elsewhere number", "looked unlinked")),
    *crossed((V5_2, V5_10), "no-stale-use", ("elsewhere unlinked", "number unlinked")),
    *crossed((V5_2,), "stranded", ("looked wrote", "looked returned", "number wrote", "number returned")),
    *crossed((V5_2,), "stranded", ("number told", "returned told", "looked told", "unlinked wrote")),
)

NMI = Hunt(
    about="""CPU 0 pokes, with interrupts off. An NMI comes all the same, and its handler has a bug: it stores through a
wild pointer that happens to be the alias's address. Where nothing is mapped there, the kernel dies of it.""",
    goals={"text": "the NMI's handler has written kernel text: 0xbad is in a text frame"},
    conditions={
        "written": "CPU 0 has written the poke's own bytes (text_poke_memcpy)",
        "unmapped": "CPU 0 has cleared the alias's entry (pte_clear)",
        "left": "at the end CPU 0's bit in text_poke_mm's mask is clear",
        "named": "at the end CPU 0's loaded_mm says text_poke_mm",
        "sign": "at the end CPU 0's loaded_mm says SWITCHING",
        "walked": "the handler's store finds no translation of the alias in the TLB: it walks the tables",
        "neighbour": "CPU 1 takes a step before the NMI comes",
    },
    ends="What comes after the step that gets there is not looked at, but makes the string longer.",
)
WITH_BIT = tuple(f"nmi_in_window:{build}:handler=stray_write" for build in ("v5.10", "posted", "v6.16"))
ALL = (*WITH_BIT, "nmi_in_window:v6.14:handler=stray_write")
NMI_ROWS = (
    *crossed(ALL, "text", ("sign written", "neighbour unmapped", "named walked", "neighbour written")),
    *crossed(WITH_BIT, "text", ("left sign", "left neighbour")),
)

LEGAL_EXERCISE = break_exercise("ch05-legal", "A legal disagreement", LEGAL, LEGAL_ROWS)
HOLE_EXERCISE = break_exercise("ch08-hole", "Out of the mask", HOLE, HOLE_ROWS)
NMI_EXERCISE = break_exercise("ch09-nmi", "In the window all the same", NMI, NMI_ROWS)

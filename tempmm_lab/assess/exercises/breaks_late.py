"""The break exercises of chapters 10, 13 and 14: what is shown. What is asked for is judged in `keys/breaking.py`."""

from __future__ import annotations

from tempmm_lab.assess.exercises.breaking import Hunt, break_exercise, crossed

SLEEP = Hunt(
    about="""CPU 0's task borrows text_poke_mm, sleeps in it, which no kernel allows, and gives it back when it runs
again. CPU 1 unmaps a page of user_mm. The task has it in its TLB, and loads from it when it is in user mode again.""",
    goals={"no-stale-use": "the rule no-stale-use breaks", "mask-bit-set": "the rule mask-bit-set breaks"},
    conditions={
        "late": "CPU 1 clears the page's entry (zap_pte) only after switch_to(user): the task is back on CPU 0",
        "borrowed": "CPU 1 clears the page's entry (zap_pte) while CPU 0's loaded_mm is text_poke_mm",
        "guest": "CPU 1 clears the page's entry (zap_pte) while the second task is in user mode on CPU 0",
        "sign": "CPU 1 raises user_mm's generation (inc_mm_tlb_gen) while CPU 0's loaded_mm is SWITCHING",
        "off": "CPU 1 asks who is to be told (send_ipi) while CPU 0 has interrupts off",
        "kernel": "CPU 1 frees the page (free_page) while CPU 0 is in the kernel",
        "user": "CPU 1 frees the page (free_page) while CPU 0 is in user mode",
        "told": "CPU 0 takes an IPI",
    },
)
ON_USER = tuple(f"schedule_inside:{build}:irqs=0,uses=yes" for build in ("posted", "v6.16"))
ON_KTHREAD = ("schedule_inside:v6.16:irqs=0,to=kthread,uses=yes",)
SLEEP_ROWS = (
    *crossed(ON_USER, "no-stale-use", ("borrowed off", "guest off", "late off", "borrowed kernel", "guest kernel")),
    *crossed(ON_USER, "mask-bit-set", ("late told",)),
    *crossed(ON_KTHREAD, "no-stale-use", ("borrowed off", "late off", "borrowed kernel")),
    *crossed(ON_KTHREAD, "mask-bit-set", ("late told",)),
)

GAP = Hunt(
    about="""The kernel as posted. CPU 0 calls firmware itself, with interrupts on, and comes back to user_mm; CPU 1
unmaps a page of user_mm. The gap: loaded_mm says SWITCHING, and interrupts are on.""",
    goals={"no-stale-use": "the rule no-stale-use breaks", "mask-bit-set": "the rule mask-bit-set breaks"},
    conditions={
        "old": "CPU 0 takes the IPI in the gap, when CR3 is still efi_mm's",
        "new": "CPU 0 takes the IPI in the gap, when CR3 is user_mm's already",
        "during": "CPU 1 clears the page's entry (zap_pte) while CPU 0's loaded_mm is efi_mm",
        "inside": "CPU 1 clears the page's entry (zap_pte) while CPU 0's loaded_mm is SWITCHING",
        "freed_gap": "CPU 1 frees the page (free_page) while CPU 0's loaded_mm is SWITCHING",
        "freed_efi": "CPU 1 frees the page (free_page) while CPU 0's CR3 is efi_mm's",
        "freed_user": "CPU 1 frees the page (free_page) while CPU 0 is in user mode",
    },
)
POSTED = ("efi_call:posted:irqs=0",)
GAP_ROWS = (
    *crossed(POSTED, "no-stale-use", ("during old", "during new", "inside old", "freed_gap new", "freed_gap during")),
    *crossed(POSTED, "no-stale-use", ("during freed_efi", "freed_efi inside", "freed_user old")),
    *crossed(POSTED, "mask-bit-set", ("during old", "freed_gap new", "during freed_efi")),
)

BUFFER = Hunt(
    about="""v6.16 on a machine with store buffers: a plain store waits until something drains it. One CPU unmaps
a page of user_mm and frees it; the other switches to user_mm just then, and uses the page.""",
    goals={"no-stale-use": "the rule no-stale-use breaks"},
    conditions={
        "drains": "a store of the CPU that switches drains by itself: an action d, and not with another step",
        "early": "the page's entry is cleared (zap_pte) before the other CPU first reads user_mm's generation",
        "late": "the page's entry is cleared (zap_pte) after the other CPU has chosen an ASID for user_mm",
        "sign": "the page is freed while the store of SWITCHING waits in the other CPU's buffer",
        "name": "the page is freed while the store of user_mm to loaded_mm waits in the other CPU's buffer",
        "user": "the page is freed while the other CPU is in user mode",
    },
)
BACK, SWITCH, FIRMWARE = (f"{name}:v6.16:irqs=0,memory=tso" for name in ("shootdown", "context_switch", "efi_call"))
PAIRS = ("drains early", "drains late", "drains name", "drains sign", "early name", "early user", "late sign")
BUFFER_ROWS = crossed((BACK, SWITCH, FIRMWARE), "no-stale-use", PAIRS)

SLEEP_EXERCISE = break_exercise("ch10-sleep", "While the borrower sleeps", SLEEP, SLEEP_ROWS)
GAP_EXERCISE = break_exercise("ch13-gap", "In the gap", GAP, GAP_ROWS)
BUFFER_EXERCISE = break_exercise("ch14-buffer", "A store that waits", BUFFER, BUFFER_ROWS)

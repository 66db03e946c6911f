"""Attacks in a kernel function, whose steps are asked for one by one while the explorer runs on our side."""

from __future__ import annotations

import json
import textwrap

from tests.grading.attacks import ATTACKS, Attack
from tests.grading.notebooks import ROOT, cell, dumped

NAME = "04-two-switches-called-off.ipynb"
FULL, HELPER = 31, 6
HEAD = """from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.switches import work
"""


def in_helper(name: str, says: str, code: str, points: int = FULL - HELPER) -> None:
    """Note an attack in the helper of chapter 4's driver."""
    notebook = json.loads((ROOT / "solutions" / NAME).read_text(encoding="utf-8"))
    cell(notebook, "ch04-helper-answer")["source"] = HEAD + textwrap.dedent(code)
    ATTACKS.append(Attack(f"kernel: {name}", dumped(notebook), points, says, NAME))


in_helper("endless steps", "helper", """
    async def driver_helper():
        await work()
        while True:
            await local_irq_restore(await local_irq_save())
    """)  # fmt: skip
in_helper("endless loop without a step", "came to no end", "async def driver_helper():\n    while True: pass")
in_helper("end of Python in the third step", "ended Python", """
    async def driver_helper():
        flags = await local_irq_save()
        await work()
        import os; os._exit(0)
    """)  # fmt: skip
in_helper("another step each time", "helper", """
    import itertools
    count = itertools.count()
    async def driver_helper():
        flags = await local_irq_save()
        if next(count) % 2: await work()
        await local_irq_restore(flags)
    """)  # fmt: skip
in_helper("step that is not allowed", "may await", """
    from tempmm_lab import store
    async def driver_helper():
        await store(0x1000, 0)
    """)  # fmt: skip
in_helper("op of one's own", "no step that is known", """
    from tempmm_lab import op
    @op
    def win(cpu): cpu.set("points", 6)
    async def driver_helper():
        await win()
    """)  # fmt: skip
for number, form in enumerate((
    '{"op": {"lock": []}}', '{"op": {"op": ["work", {"hex": "zz"}]}}', '{"op": 5, "value": 5}', "[]",
    '{"op": {"op": [{"op": []}]}}', '{"value": {"page_fault": [1]}}', '{"op": {"tuple": {"a": 1}}}',
    '{"op": {"flush_tlb_info": [1, 2, 3, 4, 5, 6, 7, 8, 9]}}', '{"op": {"lock": {"a": 1}}}', '{"op": {"op": {}}}',
)):  # fmt: skip
    in_helper(f"forged step {number}", "helper", f"""
        import json, tempmm_lab.assess.exercises.kernelcode as kernelcode
        async def driver_helper():
            await work()
        forged = json.loads({form!r})
        kernelcode.to_json = lambda value: list(forged.values())[0] if forged else forged
        kernelcode.next_step.__code__ = (lambda function, args: __import__("json").loads({form!r})).__code__
        """)  # fmt: skip

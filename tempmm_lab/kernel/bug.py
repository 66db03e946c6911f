"""WARN and BUG: lines in the kernel log. A WARN changes nothing else; the kernel goes on (S22).

Linux: include/asm-generic/bug.h, include/linux/mmdebug.h, v6.16.
"""

from __future__ import annotations

from tempmm_lab.awaiting import op
from tempmm_lab.kernel.access import Access


def warn_once(cpu: Access, what: str) -> None:
    """Report at a site, once per boot (S23). The site is the kernel function that runs, and what it checks.

    A WARN is an exception (UD2), and exceptions drain the store buffer.
    """
    cpu.fence()
    text = f"WARNING: {cpu.where}: {what}"
    if not cpu.read(("warned", text)):
        cpu.write(("warned", text), True)
        cpu.report(text)


@op
def WARN_ON_ONCE(cpu: Access, condition: bool, what: str) -> bool:  # noqa: N802
    """Report once per boot if the condition holds; answer the condition."""
    if condition:
        warn_once(cpu, what)
    return condition


@op
def BUG_ON(cpu: Access, condition: bool, what: str) -> None:  # noqa: N802
    """Report and end the task that runs, if the condition holds."""
    if condition:
        cpu.fence()
        cpu.report(f"BUG: {cpu.where}: {what}")
        cpu.die()

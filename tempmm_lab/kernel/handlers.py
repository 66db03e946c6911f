"""What a device's interrupt handler, or an NMI's, does: the scenario chooses one by name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from tempmm_lab.kernel.layout import ALIAS, USER_PAGE
from tempmm_lab.kernel.uaccess import copy_from_user_nofault, stray_store

Handler = Callable[[], Coroutine[Any, Any, None]]


async def quiet() -> None:
    """Nothing that anyone can see."""


async def reads_user() -> None:
    """Look at the interrupted task's user memory, as a profiler does: with the check that NMI code must make."""
    await copy_from_user_nofault(USER_PAGE)


async def stray_write() -> None:
    """A bug: store through a wild pointer that happens to be the alias address."""
    await stray_store(ALIAS, "irq")


async def stray_nmi() -> None:
    """The same bug in an NMI handler."""
    await stray_store(ALIAS, "nmi")


HANDLERS: dict[str, Handler] = {"quiet": quiet, "reads_user": reads_user, "stray_write": stray_write}
NMI_HANDLERS: dict[str, Handler] = {"quiet": quiet, "reads_user": reads_user, "stray_write": stray_nmi}

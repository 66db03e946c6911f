"""A CPU's store buffer: plain stores wait in it, oldest first, and the hardware may drain it at any moment.

x86-TSO, the abstract machine of Sewell, Sarkar, Owens, Zappa Nardelli and Myreen (CACM 53(7), 2010). A CPU sees its own
stores at once. Locked and serialising operations, barriers, interrupts and exceptions drain the buffer (Intel SDM
vol. 3, "Store Buffer").
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple


class Store(NamedTuple):
    """A store that waits in a CPU's store buffer.

    Attributes:
        target: a cell that all CPUs share; `("percpu", name)`, a per-CPU variable that others may ask about; or
            `("ipi", payload)`, the acknowledgement of an IPI.
        value: what is stored.
        before: of a per-CPU variable, what it held: others see this until the store drains.
    """

    target: Hashable
    value: Any
    before: Any = None


SEEN_BY_OTHERS = frozenset({"loaded_mm", "is_lazy"})
"""The per-CPU variables that plain stores write and other CPUs read."""


def as_seen(buffer: tuple[Store, ...], name: str, newest: Any) -> Any:
    """Give a per-CPU variable as other CPUs see it: as it was before the oldest store to it that waits."""
    return next((store.before for store in buffer if store.target == ("percpu", name)), newest)


def waits(buffer: tuple[Store, ...], target: Hashable) -> bool:
    """Say whether a store to this target waits."""
    return any(store.target == target for store in buffer)


def given_back(buffer: tuple[Store, ...]) -> frozenset[str]:
    """Give the locks whose giving back waits."""
    targets = (store.target for store in buffer if isinstance(store.target, tuple))
    return frozenset(target[1] for target in targets if target[0] == "lock")


def drained(buffer: tuple[Store, ...], later: tuple[Store, ...]) -> int:
    """Give how many stores have drained between two buffers of a CPU."""
    return next(count for count in range(len(buffer) + 1) if buffer[count:] == later[: len(buffer) - count])

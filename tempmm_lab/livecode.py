"""Patching an instruction that another CPU may be executing: a small model of its own, to be explored.

The instruction has two parts, its first byte and its tail. CPU 0 does one round after the other; CPU 1 fetches the two
parts in either order, at any time, and executes them. In our model that is all there is: no caches, no addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from tempmm_lab.errors import ModelError, one_of
from tempmm_lab.judge import Next

OLD, NEW, INT3, EMULATED = "old", "new", "INT3", "new by INT3"
MEANT = (OLD, EMULATED, NEW)
"""What CPU 1 may execute by right, in the order in which it does."""
LINUX = ("publish", "INT3", "sync", "tail", "sync", "first", "sync", "withdraw")
"""The order of smp_text_poke_batch_finish() for one site (facts in docs/provenance.toml: S44, S45)."""
WHOLE = "old-or-new"
RULES = {WHOLE: "What CPU 1 executes is the old instruction, the new one, or an INT3 whose handler knows the new one."}
MOST = 12


@dataclass(frozen=True, slots=True)
class Site:
    """The machine: what is in memory, how far CPU 0 is, what CPU 1 has fetched, and what it executed last.

    Attributes:
        first, tail: the two parts in memory: "old" or "new"; the first may be "INT3".
        published: whether the INT3 handler knows the site.
        done: how many rounds CPU 0 has done.
        has_first, has_tail: what CPU 1 has fetched of the next instruction, "" for nothing yet.
        handling: whether CPU 1 is in its INT3 handler.
        ran: what CPU 1 executed last, "" for nothing yet; "new+old" is a new first byte with an old tail.
    """

    first: str = OLD
    tail: str = OLD
    published: bool = False
    done: int = 0
    has_first: str = ""
    has_tail: str = ""
    handling: bool = False
    ran: str = ""


class Way(tuple[str, ...]):
    """A way through the model: what was done, in order. As text it has a line for each."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n         ".join(self)  # a report writes its ways this far to the right

    def text(self) -> str:
        """Give the lines alone."""
        return "\n".join(self)


@dataclass(frozen=True)
class LiveCode:
    """The model for one choice of rounds: what `explore` takes.

    Attributes:
        rounds: what CPU 0 does, in order.
    """

    rounds: tuple[str, ...]
    rules: tuple[str, ...] = (WHOLE,)
    cpus: int = 2

    @property
    def always(self) -> Mapping[str, Callable[[Site], bool]]:
        """The rule: whatever CPU 1 executed was whole."""
        return MappingProxyType({WHOLE: whole})

    @property
    def sometimes(self) -> Mapping[str, Callable[[Site], bool]]:
        """Nothing is asked for an example of."""
        return MappingProxyType({})

    def first(self) -> Iterator[Site]:
        """Give the start: the old instruction, nothing fetched."""
        yield Site()

    def successors(self, site: Site) -> Iterator[Next]:
        """Give everything that may happen next."""
        moves = [*_of_cpu0(self.rounds, site), *_of_cpu1(site)]
        return ((action, after, (), ()) for action, after in moves)

    def stuck(self, site: Site, actions: list[str]) -> bool:
        """CPU 1 goes on for ever, so nothing is ever stuck."""
        del site, actions
        return False

    def path(self, actions: tuple[str, ...]) -> Way:
        """Give actions as lines."""
        return Way(actions)

    def __str__(self) -> str:
        return f"live_code({', '.join(self.rounds)})"


def whole(site: Site) -> bool:
    """Say whether what CPU 1 executed last was an instruction that somebody meant."""
    return site.ran in ("", *MEANT)


def live_code(*rounds: str) -> LiveCode:
    """Give the model of patching one instruction in these rounds; without any, in those of Linux.

    Rounds: "publish" (the INT3 handler learns of the site), "INT3" (written over the first byte), "tail" and "first"
    (the new bytes), "all" (both in one store), "sync" (an IPI makes CPU 1 drop what it has fetched, between two
    instructions), "withdraw" (the handler forgets the site).

    Raises:
        ModelError: there is no such round, or there are too many.
    """
    if len(rounds) > MOST:
        raise ModelError(f"live_code() takes at most {MOST} rounds, not {len(rounds)}.")
    known = ("publish", "INT3", "tail", "first", "all", "sync", "withdraw")
    return LiveCode(tuple(one_of(name, known, "a round") for name in rounds or LINUX))


WRITES: Mapping[str, dict[str, object]] = MappingProxyType(
    {
        "publish": {"published": True},
        "INT3": {"first": INT3},
        "tail": {"tail": NEW},
        "first": {"first": NEW},
        "all": {"first": NEW, "tail": NEW},
        "sync": {"has_first": "", "has_tail": ""},
        "withdraw": {"published": False},
    }
)
SAYS = {
    "publish": "CPU 0 tells the INT3 handler of the site",
    "INT3": "CPU 0 writes INT3 over the first byte",
    "tail": "CPU 0 writes the new tail",
    "first": "CPU 0 writes the new first byte",
    "all": "CPU 0 writes the whole new instruction in one store",
    "sync": "CPU 0 makes CPU 1 drop what it has fetched",
    "withdraw": "CPU 0 lets the handler forget the site",
}


def written(site: Site, name: str) -> Site:
    """Give the site after a round."""
    return replace(site, done=site.done + 1, **WRITES[name])  # type: ignore[arg-type]


def _of_cpu0(rounds: tuple[str, ...], site: Site) -> Iterator[tuple[str, Site]]:
    """The next round. A sync waits until CPU 1 is out of its handler, where interrupts are off."""
    if site.done < len(rounds):
        name = rounds[site.done]
        if not (name == "sync" and site.handling):
            yield SAYS[name], written(site, name)


def _of_cpu1(site: Site) -> Iterator[tuple[str, Site]]:
    if site.handling:
        ran = EMULATED if site.published else "INT3 that nobody knows"
        says = "does what the new instruction would" if site.published else "finds an INT3 that nobody knows"
        yield f"CPU 1's handler {says}", replace(site, handling=False, ran=ran)
        return
    if not site.has_tail:
        yield f"CPU 1 fetches the tail: {site.tail}", replace(site, has_tail=site.tail)
    if not site.has_first:
        yield f"CPU 1 fetches the first byte: {site.first}", replace(site, has_first=site.first)
    elif site.has_first == INT3:
        yield "CPU 1 executes INT3 and enters its handler", replace(site, has_first="", has_tail="", handling=True)
    elif site.has_tail:
        torn = site.has_first != site.has_tail
        ran = f"{site.has_first}+{site.has_tail}" if torn else site.has_first
        says = f"{site.has_first} first byte, {site.has_tail} tail" if torn else ran
        yield f"CPU 1 executes: {says}", replace(site, has_first="", has_tail="", ran=ran)


def may_execute(model: LiveCode) -> tuple[tuple[Site, tuple[str, ...]], ...]:
    """Give, after each number of rounds, the site in memory and everything that CPU 1 may execute before the next."""
    seen = {Site()}
    queue = [Site()]
    found: dict[int, set[str]] = {}
    while queue:
        site = queue.pop()
        for _, after, *_rest in model.successors(site):
            if after.done == site.done and after.has_first == after.has_tail == "" and not after.handling:
                found.setdefault(site.done, set()).add(after.ran)
            if after not in seen:
                seen.add(after)
                queue.append(after)
    memory = [Site()]
    for name in model.rounds:
        memory.append(written(memory[-1], name))
    return tuple((site, tuple(sorted(found.get(site.done, ()), key=_order))) for site in memory)


def _order(ran: str) -> tuple[int, str]:
    return (MEANT.index(ran) if ran in MEANT else len(MEANT), ran)

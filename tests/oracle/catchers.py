"""The comparisons with other implementations, as yes-or-no questions about the walker as it is now.

`python -m tests.oracle.catchers` prints which of them notice each mutant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from tempmm_lab import Snapshot, recorded_cases, translate
from tempmm_lab.oracles import Case
from tempmm_lab.snapshots import Recorded
from tests.oracle.guests import disagreement, every_address
from tests.oracle.live import live_cases
from tests.oracle.mutants import MUTANTS
from tests.oracle.unicorn_mmu import UnicornMmu

SEED, CASES = 1, 4_000


@cache
def _recorded(oracle: str) -> tuple[Case, ...]:
    return recorded_cases(oracle)


@cache
def _live() -> tuple[Case, ...]:
    return tuple(live_cases(UnicornMmu(), SEED, CASES))


@cache
def _guests() -> tuple[tuple[Snapshot, Recorded], ...]:
    return tuple(every_address())


def _differs(cases: Iterable[Case]) -> bool:
    return any(not case.agrees(case.ask(translate)) for case in cases)


CATCHERS: dict[str, Callable[[], bool]] = {
    "Unicorn live": lambda: _differs(_live()),
    "Unicorn recorded": lambda: _differs(_recorded("unicorn")),
    "KVM recorded": lambda: _differs(_recorded("kvm")),
    "recorded guests": lambda: any(disagreement(*asked) for asked in _guests()),
}


def catchers() -> Iterator[str]:
    """Give the names of the comparisons that disagree with the walker; each stops at its first disagreement."""
    return (name for name, notices in CATCHERS.items() if notices())


def main() -> None:
    """Print every mutant with its wrong rule and all that notice it."""
    print(f"{'as it is':<20} {', '.join(catchers()) or 'caught by none'}")
    for mutant in MUTANTS:
        with mutant.applied():
            print(f"{mutant.name:<20} {mutant.rule}\n{'':<20} {', '.join(catchers()) or 'CAUGHT BY NONE'}")


if __name__ == "__main__":
    main()

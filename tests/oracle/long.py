"""The long comparison with Unicorn: `python -m tests.oracle.long [cases] [first seed]`.

Prints what was compared and every disagreement, and ends with status 1 if there was one.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from tempmm_lab import translate
from tests.oracle.live import FEATURES, features, live_cases
from tests.oracle.unicorn_mmu import UnicornMmu

CASES = 400_000
CASES_PER_SEED = 20_000
FIRST_SEED = 1_000
SHOWN = 10


def main(cases: int = CASES, first_seed: int = FIRST_SEED) -> int:
    """Compare, print, and give 0 only if the model and Unicorn agree everywhere and every rule was met."""
    mmu = UnicornMmu()
    outcomes: Counter[str] = Counter()
    met: Counter[str] = Counter()
    differs = 0
    begun = time.monotonic()
    for seed, count in _chunks(cases, first_seed):
        for case in live_cases(mmu, seed, count):
            outcomes[case.outcome] += 1
            met.update(features(case))
            answer = case.ask(translate)
            if not case.agrees(answer):
                differs += 1
                if differs <= SHOWN:
                    print(f"seed {seed}: {case}\n    the model: {answer}")
    in_order = {name: met[name] for name in FEATURES}
    lines = [*_table("outcome", dict(sorted(outcomes.items()))), "", *_table("rule met", in_order)]
    print("\n".join(lines))
    seeds = f"seeds {first_seed} to {seed}, up to {CASES_PER_SEED:,} cases each"
    print(f"\n{cases:,} cases, {differs:,} disagreements ({seeds}; {time.monotonic() - begun:.0f} s)")
    return 1 if differs or min(in_order.values()) == 0 else 0


def _chunks(cases: int, first_seed: int) -> list[tuple[int, int]]:
    whole, rest = divmod(cases, CASES_PER_SEED)
    chunks = [(first_seed + number, CASES_PER_SEED) for number in range(whole)]
    return chunks + ([(first_seed + whole, rest)] if rest else [])


def _table(title: str, counts: dict[str, int]) -> list[str]:
    return [f"{title:<34} {'cases':>8}", *(f"{name:<34} {counts[name]:>8,}" for name in counts)]


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))

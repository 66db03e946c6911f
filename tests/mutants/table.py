"""Run every mutant and write down what kills it: `python -m tests.mutants.table`."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.mutants.killers import killed_by
from tests.mutants.tool import all_mutants

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mutants.md"


def main(workers: int = 2, *, check: bool = False) -> int:
    """Run all mutants, print the survivors, and write the page; 1 if one survives that is not known as equivalent."""
    from tests.mutants.equivalent import EQUIVALENT

    mutants = all_mutants()
    with ProcessPoolExecutor(workers) as pool:
        killers = list(pool.map(killed_by, mutants, chunksize=4))
    survivors = [m for m, killer in zip(mutants, killers, strict=True) if not killer and m.name not in EQUIVALENT]
    stale = [
        name for name in EQUIVALENT if name not in {m.name for m, k in zip(mutants, killers, strict=True) if not k}
    ]
    text = page(mutants, killers, EQUIVALENT)
    if not check:
        PAGE.write_text(text, encoding="utf-8")
    for mutant in survivors:
        print(f"SURVIVES {mutant.name}")
    for name in stale:
        print(f"not a survivor: {name}")
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} killed or equivalent")
    return 1 if survivors or stale else 0


def page(mutants, killers, equivalent) -> str:
    """Give the kill table."""
    killed = sum(bool(killer) for killer in killers)
    lines = [
        "# Mutants of the kernel floor, and what kills them\n",
        "Each mutant changes one thing in one function of v6.16. It is put to the statements, to two recordings of",
        "6.16 and to scenarios that are clean without it. The first that objects is named. `make mutants` writes the",
        "page; it takes a few minutes.\n",
        f"{len(mutants)} mutants: {killed} killed; {len(mutants) - killed} cannot be told from the original.\n",
        "| function | change | killed by |",
        "|---|---|---|",
    ]
    for mutant, killer in zip(mutants, killers, strict=True):
        said = killer or f"equivalent: {equivalent.get(mutant.name, 'NOT EXPLAINED')}"
        lines.append(f"| {mutant.function} | {mutant.change.replace('|', chr(92) + '|')} | {said} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))

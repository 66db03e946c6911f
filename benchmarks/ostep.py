"""OSTEP's multi-level translation, called access by access with its prints stubbed. Usage: ostep.py FILE COUNT ROUNDS.

FILE is paging-multilevel-translate.py of the book's homework: two levels, 32-byte pages, no TLB, no rights. Only the
class is taken from it; nothing of it is kept here. Prints JSON: seconds of each round.
"""

from __future__ import annotations

import ast
import json
import random
import sys
import time
from pathlib import Path


def main() -> None:
    """Time `translate` over addresses of which a few fault."""
    file, count, rounds = sys.argv[1:]
    tree = ast.parse(Path(file).read_text(encoding="utf-8").expandtabs())
    kept = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    names = {"random": random, "print": lambda *_, **__: None}
    exec(compile(ast.Module(kept, []), "ostep", "exec"), names)  # noqa: S102  (the peer that is measured)
    random.seed(1)
    system = names["OS"]()
    used = system.procAlloc(1, 64)
    chance = random.Random(1)
    addresses = [
        chance.randrange(1 << 15) if chance.random() < 0.03 else chance.choice(used) << 5 | chance.randrange(32)
        for _ in range(int(count))
    ]
    seconds = []
    for _ in range(int(rounds)):
        translate, begin = system.translate, time.process_time()
        for address in addresses:
            translate(1, address)
        seconds.append(time.process_time() - begin)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()

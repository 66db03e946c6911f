"""pycachesim as a TLB: it counts hits and walks nothing. Usage: peer_cachesim.py FILE ROUNDS SETS WAYS POLICY.

FILE holds the addresses of the accesses that succeed, 64 bits each. Prints JSON: seconds batched and one by one, hits.
"""

from __future__ import annotations

import json
import sys
import time
from array import array
from pathlib import Path

from cachesim import Cache, CacheSimulator, MainMemory


def simulator(sets: int, ways: int, policy: str) -> CacheSimulator:
    """Give one level of cache whose lines are pages."""
    cache, memory = Cache("TLB", sets, ways, 4096, policy), MainMemory()
    memory.load_to(cache)
    memory.store_from(cache)
    return CacheSimulator(cache, memory)


def main() -> None:
    """Time both ways of calling it, and print what it counted."""
    file, rounds, sets, ways, policy = sys.argv[1:]
    data = array("Q")
    data.frombytes(Path(file).read_bytes())
    addresses = data.tolist()
    both, batched, single, hits = [], [], [], set()
    for _ in range(int(rounds)):
        one = simulator(int(sets), int(ways), policy)
        begin = time.process_time()
        one.load(addresses)
        batched.append(time.process_time() - begin)
        hits.add(one.first_level.stats()["HIT_count"])
        pairs = [((address,), None) for address in addresses]
        three = simulator(int(sets), int(ways), policy)
        begin = time.process_time()
        three.loadstore(pairs)
        both.append(time.process_time() - begin)
        hits.add(three.first_level.stats()["HIT_count"])
        two, sample = simulator(int(sets), int(ways), policy), addresses[: len(addresses) // 5]
        begin = time.process_time()
        for address in sample:
            two.load(address)
        single.append((time.process_time() - begin) * len(addresses) / max(1, len(sample)))
    print(json.dumps({"batched": batched, "loadstore": both, "single": single, "hits": sorted(hits)}))


if __name__ == "__main__":
    main()

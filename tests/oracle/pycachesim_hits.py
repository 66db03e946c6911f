"""Count with pycachesim the hits that tests/unit/test_bulk.py expects. Not part of any run: it needs pycachesim.

Usage: python -m tests.oracle.pycachesim_hits (pycachesim 0.3.1 was used for the numbers in the test).
"""

from __future__ import annotations

from cachesim import Cache, CacheSimulator, MainMemory

from tempmm_lab import AddressTrace

for shape in ((16, 4, "LRU"), (4, 4, "LRU"), (4, 4, "FIFO"), (1, 1, "LRU")):
    cache, memory = Cache("TLB", *shape[:2], 4096, shape[2]), MainMemory()
    memory.load_to(cache)
    memory.store_from(cache)
    simulator = CacheSimulator(cache, memory)
    simulator.load(list(AddressTrace.recorded().va))
    print(shape, cache.stats()["HIT_count"])

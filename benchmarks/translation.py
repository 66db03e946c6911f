"""Translations per second, singly and in bulk, against Unicorn's MMU, pycachesim, OSTEP's simulator and a C loop.

Usage: python benchmarks/translation.py. `run()` gives the same as a dict. All tools take turns in one run; what counts
are the ratios. Seconds are each process's CPU time, so that other work on the machine does not favour whoever needs
least; every tool has one thread. Before anything is timed, the answers must be equal: hits, faults, XOR of physical
addresses, A/D bits.

The peers are installed into build/bench, never beside the product. OSTEP's simulator is fetched by git; without a
network set OSTEP_HOMEWORK to a checkout. What cannot be had is named in the result under "missing".
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import venv
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.workload import Work, work  # noqa: E402
from tempmm_lab import AddressTrace, PhysicalMemory, TlbShape, Translator, translate_trace  # noqa: E402
from tempmm_lab.bulk.result import TraceResult  # noqa: E402
from tempmm_lab.bulk.walker import ALLOWED, KINDS  # noqa: E402

HERE, BUILD = ROOT / "benchmarks", ROOT / "build" / "bench"
PEERS = ("pycachesim==0.3.1", "unicorn==2.1.4")
OSTEP_URL = "https://github.com/remzi-arpacidusseau/ostep-homework"
OSTEP_COMMIT = "6c6cfc7"
OSTEP_FILE = "vm-smalltables/paging-multilevel-translate.py"
TURNS = 7
SHAPE = TlbShape(16, 4)
MASK = (1 << 64) - 1

Seconds = dict[str, list[float]]


def run(turns: int = TURNS) -> dict[str, Any]:
    """Give for each tool the median and spread of million translations per second, and the ratios that are wanted."""
    made = work()
    missing: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(made, Path(folder), missing)
        seconds: Seconds = {}
        for turn in range(turns + 1):
            for name, took in bench.turn().items():
                if turn:  # the first is for warming up
                    seconds.setdefault(name, []).append(took)
    rates = {name: _figures(values) for name, values in seconds.items()}
    return {
        "unit": "million translations per second",
        "turns": turns,
        "workload": f"{len(made.trace):,} accesses, {bench.whole.hits:,} hits, {bench.whole.faults:,} faults, {SHAPE}",
        **rates,
        "ratios": _ratios(rates),
        "missing": missing,
    }


class Bench:
    """The tools, each ready to do the same work once more."""

    def __init__(self, made: Work, folder: Path, missing: dict[str, str]) -> None:
        self._made, self._folder, self._missing = made, folder, missing
        self.whole = translate_trace(made.memory, made.registers, made.trace, tlb=SHAPE)
        good = [number for number, code in enumerate(self.whole.fault) if code == ALLOWED]
        data = [number for number in good if made.trace.kind[number] != 2]
        self._data = _part(made.trace, data)
        self._good_count = len(good)
        _write(folder / "all", made.memory, made.trace)
        _write(folder / "data", made.memory, self._data)
        (folder / "good").write_bytes(_part(made.trace, good).va.tobytes())
        self._accesses = list(zip(made.trace.va, [KINDS[kind] for kind in made.trace.kind], strict=True))
        self._compare_singly()
        gc.freeze()  # a million accesses held here are no garbage of the code that is measured
        self._limit = self._compile()
        self._python = self._install()
        self._ostep = self._fetch()

    def turn(self) -> dict[str, float]:
        """Give the seconds that one million translations take in each tool, after comparing the answers."""
        took = {"bulk": self._bulk(), "singly": self._singly()}
        count = len(self._made.trace)
        if self._limit:
            took["C -O2"] = self._c()
        if self._python:
            done = self._peer("peer_unicorn.py", "data", "3")
            part = translate_trace(self._made.memory, self._made.registers, self._data, tlb=SHAPE)
            loads = (pa for pa, kind in zip(part.pa, self._data.kind, strict=True) if kind == 0)
            _equal("Unicorn: XOR of loads, tables", (done["xor"], done["sum"]), (reduce(xor, loads), _sum(part.memory)))
            took["Unicorn's MMU, warm"] = min(done["seconds"][1:]) * count / len(self._data)
            done = self._peer("peer_cachesim.py", "good", "1", "16", "4", "LRU")
            _equal("pycachesim: hits", done["hits"], [self.whole.hits])
            took["pycachesim, batched"] = done["batched"][0] * count / self._good_count
            took["pycachesim, loadstore"] = done["loadstore"][0] * count / self._good_count
            took["pycachesim, one by one"] = done["single"][0] * count / self._good_count
        if self._ostep:
            words = (sys.executable, str(HERE / "ostep.py"), str(self._ostep), "200000", "2")
            took["OSTEP translate, prints stubbed"] = min(json.loads(_output(*words))["seconds"]) * count / 200_000
        return took

    def _bulk(self) -> float:
        begin = time.process_time()
        result = translate_trace(self._made.memory, self._made.registers, self._made.trace, tlb=SHAPE)
        seconds = time.process_time() - begin
        _equal("bulk", _checks(result), _checks(self.whole))
        return seconds

    def _singly(self) -> float:
        translator = Translator(self._made.memory, self._made.registers, tlb=SHAPE)
        access, accesses = translator.access, self._accesses
        begin = time.process_time()
        for va, kind in accesses:
            access(va, kind)
        seconds = time.process_time() - begin
        _equal("singly: tables", _sum(translator.memory), _sum(self.whole.memory))
        return seconds

    def _compare_singly(self) -> None:
        translator = Translator(self._made.memory, self._made.registers, tlb=SHAPE)
        for number, (va, kind) in enumerate(self._accesses):
            _equal("singly", translator.access(va, kind)[:3], self.whole.answer(number))

    def _c(self) -> float:
        printed = _output(str(self._limit), str(self._folder / "all"), "2").splitlines()[-1].split()
        wanted = (*_checks(self.whole), _sum(self.whole.memory))
        _equal("C", tuple(map(int, printed[1:])), wanted)
        return float(printed[0])

    def _peer(self, script: str, file: str, *words: str) -> Any:
        return json.loads(_output(str(self._python), str(HERE / script), str(self._folder / file), *words))

    def _compile(self) -> Path | None:
        program = self._folder / "limit"
        try:
            subprocess.run(("gcc", "-O2", "-o", program, HERE / "limit.c"), check=True, capture_output=True)  # noqa: S607
        except (OSError, subprocess.CalledProcessError) as error:
            self._missing["C -O2"] = f"not measured: gcc did not make it ({error})"
            return None
        return program

    def _install(self) -> Path | None:
        python = BUILD / ("Scripts" if os.name == "nt" else "bin") / "python"
        try:
            if not python.exists():
                venv.create(BUILD, with_pip=True)
            subprocess.run((python, "-m", "pip", "install", "-q", *PEERS), check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError) as error:
            self._missing["pycachesim, Unicorn"] = f"not measured: they could not be installed ({error})"
            return None
        return python

    def _fetch(self) -> Path | None:
        folder = Path(os.environ.get("OSTEP_HOMEWORK", BUILD / "ostep-homework"))
        try:
            if not folder.exists():
                git = ("git", "-C", str(folder))
                subprocess.run(("git", "clone", "-q", OSTEP_URL, folder), check=True, capture_output=True, timeout=120)  # noqa: S607
                subprocess.run((*git, "checkout", "-q", OSTEP_COMMIT), check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            self._missing["OSTEP translate, prints stubbed"] = (
                f"not measured: {OSTEP_URL} at {OSTEP_COMMIT} could not be fetched; set OSTEP_HOMEWORK to a checkout"
            )
            return None
        return folder / OSTEP_FILE


def _part(trace: AddressTrace, numbers: list[int]) -> AddressTrace:
    return AddressTrace.of([trace.va[number] for number in numbers], [trace.kind[number] for number in numbers])


def _write(path: Path, memory: PhysicalMemory, trace: AddressTrace) -> None:
    words = memory.words()
    size = max(words) // 8 + 1
    table = [0] * size
    for pa, word in words.items():
        table[pa // 8] = int(word)
    head = struct.pack("<5Q", len(trace), size, 0x1000, SHAPE.sets, SHAPE.ways)
    path.write_bytes(head + struct.pack(f"<{size}Q", *table) + trace.va.tobytes() + trace.kind)


def _checks(result: TraceResult) -> tuple[int, int, int]:
    """Give hits, faults and the XOR of the physical addresses."""
    return result.hits, result.faults, reduce(xor, result.pa)


def _sum(memory: PhysicalMemory) -> int:
    return sum(memory.plain().values()) & MASK


def _equal(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{what}: {found}, but the trace gives {wanted}")


def _output(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True, cwd=HERE).stdout


def _figures(seconds: list[float]) -> dict[str, float]:
    rates = sorted(1 / one for one in seconds)
    return {"median": statistics.median(rates), "min": rates[0], "max": rates[-1]}


def _ratios(rates: dict[str, dict[str, float]]) -> dict[str, float]:
    """Give our medians over the peers' medians."""
    wanted = {
        "singly / OSTEP": ("singly", "OSTEP translate, prints stubbed"),
        "bulk / Unicorn": ("bulk", "Unicorn's MMU, warm"),
        "bulk / pycachesim, batched": ("bulk", "pycachesim, batched"),
        "bulk / pycachesim, loadstore": ("bulk", "pycachesim, loadstore"),
        "bulk / pycachesim, one by one": ("bulk", "pycachesim, one by one"),
        "C / bulk": ("C -O2", "bulk"),
    }
    return {
        name: rates[over]["median"] / rates[under]["median"]
        for name, (over, under) in wanted.items()
        if over in rates and under in rates
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(), indent=1) + "\n")

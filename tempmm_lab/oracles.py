"""Answers of MMUs that nobody here wrote, and a way to compare any walker with them.

3,000 cases were answered by Unicorn 2.1.4 (QEMU's software MMU) and 1,500 by Linux KVM's own walker: random entries,
random registers, one access each.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from tempmm_lab.errors import a_thing, one_of
from tempmm_lab.hw.address import Hex
from tempmm_lab.hw.memory import PhysicalMemory
from tempmm_lab.hw.registers import RFLAGS_BITS, Registers
from tempmm_lab.hw.rights import Access, Fault, GeneralProtection, PageFault, Rights
from tempmm_lab.hw.walk import Walk, translate

_CASES = "Give cases as recorded_cases() does."
ORACLES = {"unicorn": "unicorn_cases.jsonl.gz", "kvm": "kvm_cases_intel.jsonl.gz"}


@dataclass(frozen=True, slots=True)
class Case:
    """One access and the oracle's answer to it.

    `pa` and `accessed_dirty` are set when it succeeded, `fault` when it did not.
    """

    oracle: str
    memory: PhysicalMemory
    registers: Registers
    va: Hex
    access: Access
    maxphyaddr: int
    gb_pages: bool
    pa: Hex | None
    fault: Fault | None
    accessed_dirty: dict[Hex, Hex]

    @property
    def outcome(self) -> str:
        """The answer in a few words: "ok", "#GP", or "#PF P W"."""
        if isinstance(self.fault, PageFault):
            return f"#PF {self.fault.bits}".strip()
        return "#GP" if self.fault else "ok"

    def __str__(self) -> str:
        switches = " ".join(f"{name}={int(self.registers.bit(name))}" for name in ("WP", "SMEP", "SMAP", "AC"))
        rights = translate(self.memory, self.registers, self.va, self.access, maxphyaddr=self.maxphyaddr).rights
        page = f" of a page {rights}" if rights else ""
        return f"{self.access.value} at CPL {self.registers.cpl}{page}, {switches}: {self.oracle} says {self.outcome}"

    def ask(self, walker: Callable[..., Any]) -> Any:
        """Give a walker's answer to this case; it is called as `translate` is."""
        return walker(
            self.memory,
            self.registers,
            self.va,
            self.access,
            vendor="intel",
            maxphyaddr=self.maxphyaddr,
            gb_pages=self.gb_pages,
        )

    def agrees(self, answer: Walk | int | None) -> bool:
        """Say whether an answer is the oracle's: outcome, address, error code and CR2, and A/D bits on success.

        An answer may also be just a physical address, or None for any fault; then only that is compared. On a fault,
        A bits are left out: processors differ in how far a faulting walk has already set them.
        """
        if not isinstance(answer, Walk):
            return answer == self.pa
        if self.pa is not None:
            return answer.pa == self.pa and dict(answer.accessed_dirty) == self.accessed_dirty
        return answer.pa is None and answer.fault == self.fault


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a walker fared against recorded answers."""

    total: int
    by_outcome: dict[str, int]
    differs: tuple[tuple[Case, Any], ...]

    def __str__(self) -> str:
        lines = [f"{name:<16} {count:>5}" for name, count in sorted(self.by_outcome.items())]
        first = [f"the first: {self.differs[0][0]}"] if self.differs else []
        return "\n".join([*lines, f"{self.total:,} cases, {len(self.differs):,} disagreements", *first])

    __repr__ = __str__


def recorded_cases(oracle: str = "unicorn") -> tuple[Case, ...]:
    """Give every recorded case of one oracle, "unicorn" (3,000) or "kvm" (1,500)."""
    name = one_of(oracle, tuple(ORACLES), "oracle")
    packed = resources.files("tempmm_lab").joinpath("data", ORACLES[name]).read_bytes()
    return tuple(_case(name, json.loads(line)) for line in gzip.decompress(packed).splitlines())


def compare_walkers(walker: Callable[..., Any] = translate, cases: Iterable[Case] | None = None) -> Comparison:
    """Compare a walker with recorded answers, by default all 3,000 of Unicorn's."""
    a_thing(walker, Callable, "Give a function that walks, called as translate is.")
    counts: dict[str, int] = {}
    differs: list[tuple[Case, Any]] = []
    total = 0
    for case in recorded_cases() if cases is None else a_thing(cases, Iterable, _CASES):
        total += 1
        a_thing(case, Case, _CASES)
        counts[case.outcome] = counts.get(case.outcome, 0) + 1
        answer = case.ask(walker)
        if not case.agrees(answer):
            differs.append((case, answer))
    return Comparison(total, counts, tuple(differs))


def compare_rules(rule: Callable[[Registers, Rights, Access], object]) -> Comparison:
    """Compare a rule on rights with what both oracles did to every access that reached a page.

    `rule(registers, rights, access)` says whether the access is allowed.
    """
    a_thing(rule, Callable, "Give a function rule(registers, rights, access).")
    counts = {"allowed": 0, "refused": 0}
    differs: list[tuple[Case, Any]] = []
    for case in (case for oracle in ORACLES for case in recorded_cases(oracle)):
        rights = case.ask(translate).rights
        if rights is not None:
            counts["refused" if case.fault else "allowed"] += 1
            said = bool(rule(case.registers, rights, case.access))
            if said is not (case.fault is None):
                differs.append((case, said))
    return Comparison(sum(counts.values()), counts, tuple(differs))


def _registers(row: dict[str, Any]) -> Registers:
    values = {name: int(row[name], 16) for name in ("cr0", "cr3", "cr4", "efer")}
    return Registers(**values, rflags=0x2 | row["ac"] << RFLAGS_BITS["AC"], cpl=row["cpl"])


def _fault(answer: dict[str, Any]) -> Fault | None:
    if answer["kind"] == "ok":
        return None
    if answer["kind"] == "#GP":
        return GeneralProtection()
    return PageFault(Hex(answer["code"]), Hex(int(answer["cr2"], 16)))


def _case(oracle: str, row: dict[str, Any]) -> Case:
    answer = row[oracle]
    words = {int(pa, 16): int(word, 16) for pa, word in row["steps_read"].items()}
    return Case(
        oracle=oracle,
        memory=PhysicalMemory.from_words(words),
        registers=_registers(row),
        va=Hex(int(row["va"], 16)),
        access=Access.EXECUTE if row["kind"] == "exec" else Access(row["kind"]),
        maxphyaddr=row["maxphyaddr"],
        gb_pages=oracle != "kvm",
        pa=Hex(int(answer["paddr"], 16)) if answer["paddr"] else None,
        fault=_fault(answer),
        accessed_dirty={Hex(int(pa, 16)): Hex(int(word, 16)) for pa, word in answer["ad"].items()}
        if answer["kind"] == "ok"
        else {},
    )

"""Bulk translation and the single-access translator against MMUs that nobody here wrote."""

import pytest

from tempmm_lab import (
    AddressTrace,
    GeneralProtection,
    PageFault,
    Processor,
    Translator,
    recorded_cases,
    translate_trace,
)
from tests.oracle.live import live_cases
from tests.oracle.unicorn_mmu import UnicornMmu


def ways(case):
    """Give (pa, fault, changed words) in bulk and by a single access."""
    processor = Processor(maxphyaddr=case.maxphyaddr, gb_pages=case.gb_pages)
    trace = AddressTrace.of([case.va], [case.access])
    whole = translate_trace(case.memory, case.registers, trace, processor=processor)
    yield (*whole.answer(0)[:2], whole.memory)
    one = Translator(case.memory, case.registers, processor=processor)
    answer = one.access(case.va, case.access)
    yield answer.pa, answer.fault, one.memory


def differences(cases):
    """Give the cases in which either way differs: address, kind of fault, code, CR2, or A and D on success."""
    for case in cases:
        for pa, fault, after in ways(case):
            expected = case.fault
            if isinstance(expected, GeneralProtection) and isinstance(fault, GeneralProtection):
                fault = expected
            after_case = case.memory.with_words(case.accessed_dirty)
            if (pa, fault) != (case.pa, expected) or (case.pa is not None and after != after_case):
                yield case, pa, fault


@pytest.mark.parametrize("seed", range(500, 503))
def test_bulk_agrees_with_unicorn_on_random_tables(seed):
    """In 1,500 random accesses a seed, nothing differs from Unicorn's MMU (UC_TLB_CPU), in bulk or singly."""
    assert list(differences(live_cases(UnicornMmu(), seed, 1_500))) == []


@pytest.mark.parametrize("oracle", ["unicorn", "kvm"])
def test_bulk_agrees_with_the_recorded_answers(oracle):
    """Nor from any recorded answer of Unicorn and of KVM's own walker."""
    cases = recorded_cases(oracle)
    assert len(cases) >= 1_500
    assert any(isinstance(case.fault, PageFault) for case in cases)
    assert list(differences(cases)) == []

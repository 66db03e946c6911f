import pytest

from tempmm_lab import compare_walkers, recorded_cases, translate


@pytest.mark.parametrize(("oracle", "count"), [("unicorn", 3000), ("kvm", 1500)])
def test_no_recorded_case_is_lost(oracle, count):
    """All 3,000 answers of Unicorn and all 1,500 of KVM are compared, and no case is there twice."""
    cases = recorded_cases(oracle)
    assert compare_walkers(translate, cases).total == len(cases) == count
    asked = {(case.memory, case.registers, case.va, case.access) for case in cases}
    assert len(asked) == count


@pytest.mark.parametrize("oracle", ["unicorn", "kvm"])
def test_the_model_gives_every_recorded_answer(oracle):
    """Outcome, address, error code, CR2, and A and D on success are the oracle's in every recorded case."""
    assert compare_walkers(translate, recorded_cases(oracle)).differs == ()


@pytest.mark.parametrize(("oracle", "successes", "codes"), [("unicorn", 836, 18), ("kvm", 361, 17)])
def test_the_recorded_answers_are_of_every_kind(oracle, successes, codes):
    """The recordings hold successes, #GPs, and page faults with many error codes, so agreement means something."""
    by_outcome = compare_walkers(translate, recorded_cases(oracle)).by_outcome
    assert by_outcome["ok"] == successes
    assert by_outcome["#GP"] > 0
    assert len([name for name in by_outcome if name.startswith("#PF")]) == codes


def test_comparing_notices_a_wrong_address():
    """A walker that is one byte off in every address disagrees in every successful case and in no other."""

    def one_off(memory, registers, va, access, **processor):
        walk = translate(memory, registers, va, access, **processor)
        return walk if walk.pa is None else type("Answer", (), {"pa": walk.pa + 1, "fault": None})()

    compared = compare_walkers(one_off, recorded_cases("unicorn"))
    assert len(compared.differs) == compared.by_outcome["ok"] == 836

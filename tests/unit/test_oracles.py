import pytest

from tempmm_lab import (
    Access,
    GeneralProtection,
    ModelError,
    PageFault,
    compare_rules,
    compare_walkers,
    recorded_cases,
    translate,
)
from tempmm_lab.hw.rights import refusal


def test_a_case_names_its_outcome():
    """An outcome is "ok", "#GP", or #PF with the names of the error code's bits."""
    names = {case.outcome for case in recorded_cases("unicorn")}
    assert {"ok", "#GP", "#PF", "#PF U", "#PF P W", "#PF P U RSVD I"} <= names
    assert all(name == name.strip() for name in names)


def test_a_case_has_an_address_or_a_fault():
    """A recorded success has its address, and a fault never has one; A/D is kept for successes only."""
    for case in recorded_cases("kvm"):
        assert (case.pa is None) == (case.fault is not None)
        assert case.fault is None or case.accessed_dirty == {}
        assert case.fault is None or isinstance(case.fault, PageFault | GeneralProtection)


def test_the_oracles_recorded_what_they_could():
    """Unicorn has 1 GiB pages and five levels; the KVM cases have neither, nor SMEP or SMAP."""
    unicorn, kvm = recorded_cases("unicorn"), recorded_cases("kvm")
    assert {case.gb_pages for case in unicorn} == {True}
    assert {case.gb_pages for case in kvm} == {False}
    assert {case.registers.levels for case in unicorn} == {4, 5}
    assert {case.registers.levels for case in kvm} == {4}
    assert not any(case.registers.bit(name) for case in kvm for name in ("SMEP", "SMAP"))
    assert {case.access for case in unicorn} == set(Access)


def test_a_comparison_counts_and_prints():
    """It prints a line for each outcome and the total with the number of disagreements."""
    cases = recorded_cases("unicorn")[:100]
    compared = compare_walkers(translate, cases)
    assert sum(compared.by_outcome.values()) == compared.total == 100
    assert str(compared).splitlines()[-1] == "100 cases, 0 disagreements"
    assert repr(compared) == str(compared)


def wrong(change):
    """Give a walker whose answers are changed."""

    def walker(*args, **processor):
        return change(translate(*args, **processor))

    return walker


class Answer:
    """An answer such as a reader's own walker may give."""

    def __init__(self, pa, fault, accessed_dirty):
        """Keep what was given."""
        self.pa, self.fault, self.accessed_dirty = pa, fault, accessed_dirty


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        (lambda walk: Answer(walk.pa, walk.fault, {}), "A and D"),
        (
            lambda walk: Answer(None if walk.pa is None else walk.pa ^ 0x1000, walk.fault, walk.accessed_dirty),
            "address",
        ),
        (lambda walk: Answer(walk.pa, walk.fault and PageFault(walk.fault.error_code, 0), {}), "CR2"),
        (lambda walk: Answer(walk.pa, walk.fault and PageFault(1, getattr(walk.fault, "cr2", 0)), {}), "error code"),
        (lambda walk: Answer(walk.pa, walk.fault and GeneralProtection(), {}), "kind of fault"),
        (lambda _walk: Answer(0, None, {}), "outcome"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_comparison_looks_at_everything(change, missed):
    """A walker that is wrong in one part of its answer alone disagrees somewhere."""
    assert compare_walkers(wrong(change), recorded_cases("unicorn")[:500]).differs, missed


def test_a_disagreement_shows_both_answers():
    """Each disagreement is the case, with the oracle's answer, beside the walker's."""
    cases = recorded_cases("unicorn")[:50]
    compared = compare_walkers(wrong(lambda _walk: Answer(None, None, {})), cases)
    assert len(compared.differs) == 50
    case, answer = compared.differs[0]
    assert case in cases
    assert answer.pa is None


def test_the_models_rule_on_rights_is_the_oracles():
    """Of all recorded accesses that reach a page, the model allows exactly those that the two oracles allowed."""
    compared = compare_rules(lambda registers, rights, access: refusal(registers, rights, access) is None)
    assert compared.differs == ()
    assert compared.by_outcome["allowed"] == 836 + 361
    assert compared.by_outcome["refused"] > 1000


def test_a_rule_that_allows_everything_differs_where_something_was_refused():
    """Each access that an oracle refused is a disagreement with the rule that refuses none."""
    compared = compare_rules(lambda *_: True)
    assert len(compared.differs) == compared.by_outcome["refused"]


@pytest.mark.parametrize("name", ["bochs", "", "Unicorn", None, 5])
def test_an_unknown_oracle_is_refused(name):
    """A name that is no oracle's gives an error that lists them."""
    with pytest.raises(ModelError, match="unicorn, kvm"):
        recorded_cases(name)

"""Law 7 after settling: the bounds meet at the truth; on the way there they only ever narrow.

The tiny model is asked as a server would be, its answers shifted by another constant each time.
"""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_law_7_bounds import FEW, MODES, around, member_field, setups
from tiny import asked, cases, equals, holds

KS = st.sampled_from([0, 3, 100])


@pytest.mark.parametrize("mode", MODES)
def test_settled_bounds_meet_at_the_truth(mode):
    """Law 7: after settling, the distribution equals exact enumeration (1e-9), for any k."""

    @settings(max_examples=60)
    @given(cases(setups() | setups(FEW, escapes=True), mode, most=8), KS)
    def law(case, k):
        report, probe = case.settled(k, mode.split()[1])
        field, members = member_field(case, report)
        for value, exact in zip(members, case.truth(), strict=True):
            assert equals(field.distribution[value], exact), (value, exact, field.distribution)
        assert asked(report) <= probe.calls

    law()


def widths(field, members):
    found = [field.distribution[member] for member in members]
    return [member.high - member.low for member in found]


@pytest.mark.parametrize("mode", MODES)
def test_every_call_narrows_the_bounds(mode):
    """Law 7 for any budget: low <= truth <= high, no more calls than allowed, and never wider."""

    @settings(max_examples=40)
    @given(cases(setups(), mode, most=8), KS, st.lists(st.integers(0, 30), min_size=2, max_size=4))
    def law(case, k, budgets):
        truth, before = case.truth(), None
        for budget in sorted(budgets):
            report, probe = case.settled(k, mode.split()[1], budget=budget, tolerance=0)
            field, members = member_field(case, report)
            assert asked(report) <= probe.calls <= budget
            for value, exact in zip(members, truth, strict=True):
                assert holds(field.distribution[value], exact), (budget, value, exact)
            now = widths(field, members)
            assert before is None or all(n <= b + 1e-12 for n, b in zip(now, before, strict=True))
            before = now

    law()


DIGITS = [range(1, 6), range(1, 31)]


@pytest.mark.parametrize("domain", DIGITS, ids=["1..5", "1..30"])
@pytest.mark.parametrize("mode", MODES[:2])
def test_expectations_after_settling(mode, domain):
    """Law 7 for ``expected`` and ``std``: those of the enumerated distribution."""
    schema = {"type": "integer", "minimum": domain[0], "maximum": domain[-1]}
    numbers = list(domain)

    @settings(max_examples=25)
    @given(
        cases(st.booleans().map(lambda c: around("alone", numbers, schema, compact=c)), mode), KS
    )
    def law(case, k):
        report, _ = case.settled(k, mode.split()[1])
        truth = case.truth()
        mean = math.fsum(n * p for n, p in zip(numbers, truth, strict=True))
        spread = math.sqrt(
            math.fsum(p * (n - mean) ** 2 for n, p in zip(numbers, truth, strict=True))
        )
        assert (report["a"].expected, report["a"].std) == pytest.approx((mean, spread), abs=1e-4)
        for number, exact in zip(numbers, truth, strict=True):
            assert equals(report["a"].distribution[number], exact)

    law()

"""Law 7 after settling: the bounds meet at the truth; on the way there they only ever narrow.

The tiny model is asked as a server would be, its answers shifted by another constant each time.
"""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_law_7_bounds import FEW, MODES, member_field, setups
from tiny import asked, cases, equals, holds

KS = st.sampled_from([0, 3, 100])


@pytest.mark.parametrize("mode", MODES)
def test_settled_bounds_meet_at_the_truth(mode):
    """Law 7: after settling, the distribution equals exact enumeration (1e-9), whatever was listed."""

    @settings(max_examples=60)
    @given(cases(setups() | setups(FEW, escapes=True), mode, most=8), KS)
    def law(case, k):
        report, probe = case.settled(k, mode.split()[1])
        field, members = member_field(case, report)
        for value, exact in zip(members, case.truth(), strict=True):
            assert equals(field.distribution[value], exact), (value, exact, field.distribution)
        assert asked(report) <= probe.calls

    law()


def widths(field):
    return [field.distribution[m.value].high - field.distribution[m.value].low
            for m in sorted(field.distribution.candidates, key=lambda m: repr(m.value))]  # fmt: skip


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
            now = widths(field)
            assert before is None or all(n <= b + 1e-12 for n, b in zip(now, before, strict=True))
            before = now

    law()

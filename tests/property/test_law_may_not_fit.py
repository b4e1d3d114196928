"""Law of ``FieldConfig(may_not_fit=True)``: what fits no member counts against each, within bounds.

The truth is P(member), of the masked process, times 1 minus the mass that leaves the list along
the answer's path: what a full list says where nothing off the path is undecided.
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_law_7_bounds import MODES, decided, member_field, setups
from tiny import cases

SETTING = {"x-fieldconf": {"may_not_fit": True}}


def with_setting(case):
    """The same case, with the setting wherever the members stand."""
    return replace(case, setup=replace(case.setup, schema=_set(case.setup.schema)))


def _set(node):
    if isinstance(node, list):
        return [_set(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    if "enum" in node:
        return node | SETTING
    return {key: _set(inner) for key, inner in node.items()}


@pytest.mark.parametrize("mode", MODES)
def test_it_never_raises_a_confidence_and_its_bounds_hold(mode):
    """0 <= low <= confidence <= high <= 1, each at most what it was; for any k."""

    @settings(max_examples=100)
    @given(cases(setups(), mode), st.integers(0, 20) | st.just(1000))
    def law(case, k):
        mask = mode.split()[1]
        plain, _ = member_field(case, case.report(k, mask))
        field, _ = member_field(case, with_setting(case).report(k, mask))
        assert field.distribution == plain.distribution
        assert (field.confidence is None) == (plain.confidence is None)
        if field.confidence is None:
            return
        assert 0 <= field.low <= field.confidence <= field.high <= 1
        for name in ("low", "confidence", "high"):
            assert getattr(field, name) <= getattr(plain, name)
        off = field.distribution.off_schema
        assert field.confidence == pytest.approx(plain.confidence * (1 - off))

    law()


@pytest.mark.parametrize("mode", MODES)
def test_the_bounds_hold_what_the_whole_list_says(mode):
    @settings(max_examples=100)
    @given(cases(setups(), mode), st.integers(0, 20))
    def law(case, k):
        mask = mode.split()[1]
        case = decided(with_setting(case))
        exact, _ = member_field(case, case.report(1000, mask))
        assert exact.low == pytest.approx(exact.confidence, abs=1e-9)
        assert exact.high == pytest.approx(exact.confidence, abs=1e-9)
        field, _ = member_field(case, case.report(k, mask))
        assert field.low - 1e-9 <= exact.confidence <= field.high + 1e-9

    law()

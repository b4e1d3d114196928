"""The formulas, against definitions written another way."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldconf import formulas
from fieldconf.tokens.token import candidate_logprob, chosen_logprob

LOGPROBS = st.lists(st.floats(-50, 0), min_size=1, max_size=30)


@given(LOGPROBS)
def test_total_and_product_agree(logprobs):
    product = formulas.product(math.exp(x) for x in logprobs)
    assert product == pytest.approx(math.exp(formulas.total(logprobs)), rel=1e-9, abs=1e-300)


@given(LOGPROBS)
def test_geometric_mean(logprobs):
    expected = math.exp(statistics.fmean(logprobs))
    assert formulas.geometric_mean(logprobs) == pytest.approx(expected)


@given(LOGPROBS, st.integers(0, 30))
def test_one_unknown_makes_all_unknown(values, at):
    holed = [*values[:at], None, *values[at:]]
    assert formulas.total(holed) is None
    assert formulas.product(holed) is None
    assert formulas.geometric_mean(holed) is None


def test_nothing_has_no_mean():
    assert formulas.geometric_mean([]) is None


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), min_size=1, max_size=9))
def test_expectation_is_that_of_the_repeated_values(counted):
    repeated = [value for value, count in counted for _ in range(count)]
    total = len(repeated)
    mean, std = formulas.expectation((value, count / total) for value, count in counted)
    assert mean == pytest.approx(statistics.fmean(repeated), abs=1e-9)
    assert std == pytest.approx(statistics.pstdev(repeated), abs=1e-6)


@given(st.integers(1, 50))
def test_entropy_of_the_even_distribution(count):
    assert formulas.entropy([1 / count] * count + [0.0]) == pytest.approx(math.log(count))


@given(st.floats() | st.integers())
def test_logprobs_at_the_door(value):
    """No sentinel gets through: what remains is a logprob or minus infinity."""
    chosen, candidate = chosen_logprob(value), candidate_logprob(value)
    assert chosen is None or -9998 < chosen <= 0
    assert candidate is None or candidate == -math.inf or -9998 < candidate <= 0
    if -99 < value <= 0:
        assert chosen == candidate == value


@pytest.mark.parametrize("value", [-9999.0, None, "x", True, 1e-3, math.nan, math.inf])
def test_sentinels_of_not_known(value):
    assert chosen_logprob(value) is None
    assert candidate_logprob(value) is None


def test_a_hair_above_zero_is_rounding():
    assert chosen_logprob(1e-9) == candidate_logprob(1e-9) == 0.0


@pytest.mark.parametrize("value", [-100.0, -3.4028234663852886e38, -math.inf])
def test_sentinels_of_masked(value):
    assert chosen_logprob(value) is None
    assert candidate_logprob(value) == -math.inf

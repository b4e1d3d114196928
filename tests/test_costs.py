"""Costs: the cheapest cut, by a slow count; what it costs, and how sure the cut is."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import rows

import fieldconf as fc
from fieldconf.statistics.costs import costs_of

PRICES = st.sampled_from([0, 0.5, 1, 7])


def cost(table, cut, wrong, below):
    """What a cut costs, row by row."""
    total = 0.0
    for row in table:
        is_accepted = row["confidence"] is not None and row["confidence"] >= cut
        total += (0 if row["right"] else wrong) if is_accepted else below
    return total / len(table)


@settings(deadline=None, max_examples=150)
@given(rows(40), PRICES, PRICES, st.none() | st.tuples(PRICES, st.sampled_from([0.5, 1.0])))
def test_no_cut_is_cheaper(table, wrong, review, larger):
    costs = costs_of(table, wrong=wrong, review=review, larger=larger)
    below = {"review": review, "larger": larger and larger[0] + wrong * (1 - larger[1])}
    cuts = [math.inf, *{r["confidence"] for r in table if r["confidence"] is not None}]
    cheapest = min(cost(table, cut, wrong, below[costs.route]) for cut in cuts)
    assert getattr(costs.best, costs.route) == pytest.approx(cheapest, abs=1e-9)
    assert below[costs.route] == min(b for b in below.values() if b is not None)
    assert {point.cut for point in costs.curve} == {None, *cuts} - {math.inf}
    for point in costs.curve:
        cut = math.inf if point.cut is None else point.cut
        assert point.review == pytest.approx(cost(table, cut, wrong, review), abs=1e-9)
        if larger:
            assert point.larger == pytest.approx(cost(table, cut, wrong, below["larger"]), abs=1e-9)
    json.dumps(costs.to_dict(), allow_nan=False)


@settings(deadline=None, max_examples=20)
@given(rows(60), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(table, random):
    shuffled = random.sample(table, len(table))
    one, other = (costs_of(each, wrong=5, review=1) for each in (table, shuffled))
    assert (one.best, one.low, one.high) == (other.best, other.low, other.high)


def test_the_interval_holds_the_cut_and_narrows():
    """Of values that are right with their confidence, .8 is where an error of 5 costs a review."""
    rng = np.random.default_rng(3)

    def drawn(count):
        confidence = np.round(rng.random(count), 2)
        return {"document": range(count), "field": ["a"] * count, "confidence": confidence,
                "right": rng.random(count) < confidence}  # fmt: skip

    few, many = (costs_of(drawn(count), wrong=5, review=1) for count in (200, 5000))
    assert few.low <= few.best.cut <= few.high
    assert many.low <= 0.8 <= many.high
    assert many.high - many.low < few.high - few.low
    assert costs_of(drawn(9), wrong=5, review=1).reason == "9 documents, fewer than 10"


def test_a_policy_of_the_cheapest_cut():
    table = [
        {"document": n, "field": "/a", "confidence": c, "right": c > 0.5}
        for n, c in enumerate([0.9, 0.4] * 20)
    ]
    policy, costs = fc.Policy.cheapest(table, wrong=10, review=1)
    assert policy.accepts(table).tolist() == [True, False] * 20
    assert (costs.best.coverage, costs.best.review) == (0.5, 0.5)
    never, costs = fc.Policy.cheapest([{**r, "right": False} for r in table], wrong=10, review=1)
    assert not never.accepts(table).any()
    assert costs.best.cut is None
    assert costs.to_dict()["low"] == costs.to_dict()["high"] == "nothing"
    assert fc.Policy.from_dict(never.to_dict()) == never


@pytest.mark.parametrize(
    "prices",
    [{"wrong": -1, "review": 1}, {"wrong": 1, "review": math.nan}, {"wrong": True, "review": 1},
     {"wrong": math.inf, "review": 1}, {"wrong": 1, "review": 1, "larger": (1, 2)}],
)  # fmt: skip
def test_prices_that_cannot_be(prices):
    with pytest.raises(fc.PolicyError, match="is no cost"):
        fc.Policy.cheapest([{"document": 1, "field": "a", "confidence": 1, "right": 1}], **prices)


def test_nothing_labelled_has_no_costs():
    empty = {name: [] for name in ("document", "field", "confidence", "right")}
    with pytest.raises(fc.EvaluationError, match="no row has a label"):
        fc.Policy.cheapest(empty, wrong=1, review=1)

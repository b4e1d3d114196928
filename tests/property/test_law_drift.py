"""Law: "What did not change is no drift"; and what a comparison may not depend on."""

import json
import random
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import rows

import fieldconf as fc
from fieldconf.monitoring.baseline import Baseline
from fieldconf.statistics.sequential import rise_wealth, risk_wealth
from fieldconf.statistics.two_samples import compared_numbers, holm

LISTS = st.lists(st.floats(0, 1), min_size=5, max_size=60)
DOCUMENTS = st.lists(
    st.integers(1, 5).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1, max_size=30,
)  # fmt: skip
"""(wrong values, values) of documents."""


def unlabelled(table):
    return [{name: row[name] for name in ("document", "field", "confidence")} for row in table]


@settings(deadline=None)
@given(rows())
def test_the_same_answers_are_no_drift(table):
    result = fc.drift(table, table)
    assert not result.is_drifted
    assert all(row.p in (None, 1.0) for row in result.rows)


@settings(deadline=None)
@given(rows(), rows(), st.randoms(use_true_random=False))
def test_the_order_of_documents_does_not_matter(before, now, shuffle):
    """Without labels; even if only some documents are kept."""
    before, now = unlabelled(before), unlabelled(now)
    result = fc.drift(before, now)
    kept = Baseline.from_reports(before, most=5)
    for table in (before, now):
        shuffle.shuffle(table)
    again = fc.drift(before, now)
    assert again.documents == result.documents
    assert {(row.field, row.test): row for row in again.rows} == {
        (row.field, row.test): row for row in result.rows
    }
    assert Baseline.from_reports(before, most=5) == kept


@settings(deadline=None)
@given(rows(), rows())
def test_what_is_not_tested_has_a_reason_and_no_number(before, now):
    for row in fc.drift(unlabelled(before), unlabelled(now)).rows:
        numbers = (row.p, row.adjusted, row.distance)
        assert (row.reason == "") == all(number is not None for number in numbers)
        assert bool(row.reason) == all(number is None for number in numbers)
        assert row.reason or 0 <= row.p <= row.adjusted <= 1
        assert row.reason or min(row.documents) >= 30


@settings(deadline=None)
@given(rows())
def test_a_baseline_comes_back_as_it_was(table):
    made = Baseline.from_reports(table)
    assert Baseline.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@settings(deadline=None)
@given(LISTS, LISTS, st.floats(0.01, 100))
def test_only_the_order_of_confidences_counts(first, second, power):
    """A map that keeps the order changes no p-value, and neither does changing sides."""
    first, second = (np.round(each, 3) for each in (first, second))
    result = compared_numbers(first, second)
    assert compared_numbers(first * power, second * power) == result
    assert np.allclose(compared_numbers(second, first), result)
    assert 0 <= result.distance <= 1


@given(st.lists(st.floats(0, 1), max_size=20))
def test_adjusted_chances_are_no_smaller_and_keep_the_order(chances):
    adjusted = holm(chances)
    assert all(p <= q <= 1 for p, q in zip(chances, adjusted, strict=True))
    ranked = [q for _, q in sorted(zip(chances, adjusted, strict=True))]
    assert ranked == sorted(ranked)


@settings(deadline=None, max_examples=50)
@given(DOCUMENTS, DOCUMENTS, st.floats(0.01, 0.9))
def test_wealth_does_not_know_what_comes_later(first, later, risk):
    counts = [(size, wrong, 1) for wrong, size in later]
    for wealth in (
        lambda wrong, values: risk_wealth(wrong, values, risk, 5),
        lambda wrong, values: rise_wealth(wrong, values, counts, risk / 10, 5),
    ):
        alone = wealth(*zip(*first, strict=True))
        both = wealth(*zip(*first, *later, strict=True))
        assert np.allclose(alone, both[: len(first)])
        assert np.isfinite(both).all()
        assert np.isclose(wealth(*zip(*first[::-1], strict=True))[-1], alone[-1])


@settings(deadline=None, max_examples=50)
@given(DOCUMENTS, st.floats(0.01, 0.9), st.floats(0, 0.5))
def test_more_errors_and_a_lower_risk_never_mean_less_wealth_at_the_end(documents, risk, fall):
    wrong, values = map(list, zip(*documents, strict=True))
    more = [min(w + 1, n) for w, n in documents]
    counts = [(1, 0, 20), (1, 1, 5)]
    assert risk_wealth(more, values, risk, 5)[-1] >= risk_wealth(wrong, values, risk, 5)[-1] - 1e-9
    before = rise_wealth(wrong, values, counts, fall, 5)[-1]
    assert rise_wealth(more, values, counts, fall, 5)[-1] >= before - 1e-9


def test_a_sample_is_of_the_documents():
    """The confidences kept are among those there were, and the seed says which."""
    random.seed(0)
    table = [{"document": n, "field": "/a", "confidence": random.random()} for n in range(200)]
    whole = Baseline.from_reports(table).fields["/a"]
    part = Baseline.from_reports(table, most=20, seed=3).fields["/a"]
    assert set(part.confidences) < set(whole.confidences)
    assert replace(part, confidences=whole.confidences) == whole
    assert Baseline.from_reports(table, most=20, seed=4).fields["/a"] != part

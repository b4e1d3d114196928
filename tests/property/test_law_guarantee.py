"""Law: "What a guaranteed policy accepts is wrong at most so often"; and how its cuts behave."""

import json
import math
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from worlds import rows, severe

from fieldconf.policy import Policy
from fieldconf.statistics.bounds import (
    betting,
    binomial_bound,
    capitals,
    effective,
)
from fieldconf.statistics.cuts import cuts_of
from fieldconf.statistics.judged_table import Table

OPTIONS = st.one_of(
    st.fixed_dictionaries({
        "risk": st.sampled_from([0.05, 0.1, 0.3]), "confidence": st.sampled_from([0.8, 0.95]),
        "strict": st.booleans(),
    }),
    st.fixed_dictionaries(
        {"risk": st.just(0.3), "unit": st.just("document"), "strict": st.booleans()}
    ),
    st.fixed_dictionaries(
        {"risk": st.just(0.3), "per": st.just("field"), "together": st.booleans()}
    ),
)  # fmt: skip


def cut_of(guarantee):
    return [one.cut if one.cut is not None else math.inf for one in guarantee.certificates]


@settings(deadline=None, max_examples=150)
@given(rows(), OPTIONS)
def test_what_is_accepted_is_what_was_certified(table, options):
    """``accepts`` takes the labelled rows that the certificate counts; all ties or none; no NaN."""
    policy = Policy.guaranteed(table, **options)
    guarantee, accepted = policy.guarantee, policy.accepts(table)
    confidences = [row["confidence"] for row in table]
    assert not any(taken for taken, c in zip(accepted, confidences, strict=True) if c is None)
    by_place = {}
    for row, taken in zip(table, accepted, strict=True):
        place = row["field"] if guarantee.per == "field" else ""
        if guarantee.unit == "field":
            by_place.setdefault((place, row["confidence"]), set()).add(bool(taken))
    assert all(len(outcomes) == 1 for outcomes in by_place.values())
    counted = sum(one.accepted for one in guarantee.certificates)
    units = (
        [row["document"] for row in table] if guarantee.unit == "document" else range(len(table))
    )
    assert counted == len({u for u, taken in zip(units, accepted, strict=True) if taken})
    for one in guarantee.certificates:
        assert (one.cut is None) == bool(one.reason) == (one.bound is None) == (not one.accepted)
        if one.cut is not None:
            assert one.cut in confidences
            assert one.wrong / one.accepted <= one.bound <= guarantee.risk
            assert one.design_effect is None or one.design_effect >= 1


@settings(deadline=None, max_examples=100)
@given(rows(), OPTIONS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(table, options, random):
    shuffled = random.sample(table, len(table))
    first, second = (Policy.guaranteed(each, **options).guarantee for each in (table, shuffled))
    by_field = [sorted(one.certificates, key=lambda c: sorted(c.fields)) for one in (first, second)]
    for one, other in zip(*by_field, strict=True):
        assert set(one.fields) == set(other.fields)
        assert (one.cut, one.accepted, one.wrong) == (other.cut, other.accepted, other.wrong)
        assert one.reason == other.reason
        assert one.bound is None or one.bound == pytest.approx(other.bound, abs=1e-6)


@settings(deadline=None, max_examples=100)
@given(rows(), st.data())
def test_an_error_more_never_gives_coverage(table, data):
    """Where documents have one row, and always for the strict bound."""
    strict = data.draw(st.booleans())
    if not strict:
        table = [{**row, "document": number} for number, row in enumerate(table)]
    worse = [dict(row) for row in table]
    for row in data.draw(st.lists(st.sampled_from(worse), max_size=5)):
        row["right"] = False
    one, other = (
        Policy.guaranteed(each, risk=0.3, strict=strict).guarantee for each in (table, worse)
    )
    assert other.coverage <= one.coverage


@settings(deadline=None, max_examples=60)
@given(rows(), OPTIONS)
def test_a_policy_comes_back_from_json(table, options):
    policy = Policy.guaranteed(table, scope={"model": "m"}, **options)
    assert Policy.from_dict(json.loads(json.dumps(policy.to_dict()))) == policy


@settings(deadline=None, max_examples=100)
@given(rows())
def test_sums_at_cuts_are_those_of_a_slow_count(table):
    read = Table.read(table)
    cuts = cuts_of(read)
    assert cuts.cut.tolist() == sorted({r["confidence"] for r in table} - {None}, reverse=True)
    for number, cut in enumerate(cuts.cut):
        totals = {}
        for row in table:
            if row["confidence"] is not None and row["confidence"] >= cut:
                a, w = totals.get(row["document"], (0, 0))
                totals[row["document"]] = a + 1, w + (not row["right"])
        a, w = np.array(list(totals.values())).T
        assert [x[number] for x in (cuts.accepted, cuts.wrong, cuts.documents)] == [
            a.sum(), w.sum(), len(a)]  # fmt: skip
        assert [x[number] for x in (cuts.squares, cuts.products, cuts.wrong_squares)] == [
            (a * a).sum(), (a * w).sum(), (w * w).sum()]  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(rows(), st.sampled_from([0.05, 0.2]), st.sampled_from([0.01, 0.05]))
def test_effective_labels_are_fewer_than_labels(table, risk, level):
    """And as many where each document has one."""
    cuts = cuts_of(Table.read(table))
    if len(cuts):
        worth = effective(cuts, risk, level)
        assert (worth <= cuts.accepted + 1e-9).all()
        assert (worth > 0).all()
        alone = cuts.documents == cuts.accepted
        assert (worth[alone] == cuts.accepted[alone]).all()


@given(st.integers(0, 50), st.integers(1, 500), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_bound_is_scipys(wrong, more, level):
    labels = wrong + more
    exact = stats.binomtest(wrong, labels, alternative="less").proportion_ci(1 - level, "exact")
    assert binomial_bound(wrong, labels, level) == pytest.approx(exact.high, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(rows(60), st.sampled_from([0.1, 0.3]))
def test_bets_are_products_over_documents(table, risk):
    """The running capital of each cut is the product over documents, whatever their order."""
    read = Table.read(table)
    cuts, most = cuts_of(read), len(table)
    capital = capitals(read, cuts, risk, most)
    largest = 0.999 / (most * (1 - risk))
    for number, cut in enumerate(cuts.cut):
        totals = {}
        for row in table:
            if row["confidence"] is not None and row["confidence"] >= cut:
                z = totals.get(row["document"], 0.0)
                totals[row["document"]] = z + (not row["right"]) - risk
        product = math.prod(1 - largest * z for z in totals.values())
        assert capital[0, number] == pytest.approx(math.log(product), abs=1e-9)


def test_bets_do_not_win_where_the_risk_is_too_high():
    """At the risk itself the mean capital is 1, and 5 % win 20 at most; in strong clusters, too."""
    rng = np.random.default_rng(0)
    capital, chances = [], []
    for _ in range(400):
        wrong = np.repeat(rng.random(20) < 0.1, 4)
        read = Table.of(np.repeat(range(20), 4), ["a"] * 80, [1.0] * 80, ~wrong)
        logs = capitals(read, cuts_of(read), 0.1, 4)
        capital.append(np.exp(logs).mean())
        chances.append(betting(logs)[0])
    assert np.mean(capital) <= 1 + 3 * np.std(capital) / math.sqrt(len(capital))
    assert sum(np.array(chances) <= 0.05) <= stats.binom(400, 0.05).isf(0.001)


@pytest.mark.parametrize("strict", [False, True])
def test_the_guarantee_holds_for_draws(strict):
    """Of 100 draws at most so many exceed the risk as 5 % of them do by chance (one in 1,000)."""
    rng = np.random.default_rng(7)
    population = severe(rng, 20_000)
    order = np.argsort(-population.confidence)
    cut, wrong = population.confidence[order], ~population.right[order]
    risks = np.fromiter(accumulate(wrong), float) / np.arange(1, len(cut) + 1)
    oracle = np.flatnonzero(risks <= 0.1)[-1] / len(cut)
    broken, coverage = 0, []
    for _ in range(100):
        guarantee = Policy.guaranteed(severe(rng, 300), risk=0.1, strict=strict).guarantee
        accepted = np.searchsorted(-cut, -cut_of(guarantee)[0], side="right")
        broken += accepted > 0 and risks[accepted - 1] > 0.1
        coverage.append(accepted / len(cut))
    assert broken <= stats.binom(100, 0.05).isf(0.001)
    assert np.mean(coverage) >= (0.5 if strict else 0.8) * oracle

"""Calibration: order stays within a field, bounds hold, and what is not known stays unknown."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf import Report, strategies
from fieldconf.calibration.applying import LIKELIER
from fieldconf.calibration.calibrator import Calibrator
from fieldconf.calibration.cross_validation import splits_of
from fieldconf.calibration.curve import CalibrationCurve
from fieldconf.calibration.members import Members
from fieldconf.calibration.regression import (
    FLATTEST,
    Rows,
    Strengths,
    features_of,
    fit,
)
from fieldconf.distributions.distribution import Distribution, Member
from fieldconf.paths import general
from fieldconf.report.combine import assembled

shares = st.floats(0, 1)
slopes = st.floats(FLATTEST, 5)
curves = st.builds(CalibrationCurve, st.floats(-8, 8), slopes, slopes)


@st.composite
def reports(draw):
    return draw(strategies.reports(draw(strategies.schemas())))


@st.composite
def tables(draw):
    """Rows of a few documents and fields, with labels that may follow the confidences or not."""
    size = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kinds = {
        "any": rng.random(size),
        "ties": np.full(size, 0.8),
        "ends": rng.choice([0.0, 1.0, 0.5], size),
        "certain": 1 - 10.0 ** -rng.uniform(1, 17, size),
    }
    confidence = kinds[draw(st.sampled_from(sorted(kinds)))]
    chance = draw(st.sampled_from([0.0, 0.3, 1.0])) + draw(st.sampled_from([0, 0.5])) * confidence
    unknown = draw(st.sampled_from([0.0, 0.2]))
    return {
        "document": rng.integers(0, draw(st.integers(1, 30)), size).tolist(),
        "field": [f"/{code}" for code in rng.integers(0, draw(st.integers(1, 4)), size)],
        "confidence": np.where(rng.random(size) < unknown, np.nan, confidence).tolist(),
        "right": (rng.random(size) < chance).tolist(),
    }


@given(curves, shares, shares)
def test_a_curve_never_falls_and_never_reaches_an_end(curve, one, other):
    low, high = sorted([one, other])
    assert 0 < curve(low) <= curve(high) < 1


@given(curves, st.floats(0, 1), st.floats(1e-4, 1))
def test_a_curve_keeps_two_confidences_apart(curve, low, step):
    high = min(1.0, low + step)
    if high > low + 1e-5 and curve(low) > 1e-9 and curve(high) < 1 - 1e-9:
        assert curve(low) < curve(high)


def test_neighbouring_floats_do_not_fall():
    """Without rounding two logarithms are rounded apart, and the sum falls by the last bit."""
    curve, place = CalibrationCurve(0.3, 0.7, 1.3), 0.2
    for _ in range(2000):
        after = math.nextafter(place, 1)
        assert curve(place) <= curve(after)
        place = after


@settings(max_examples=15, deadline=None)
@given(tables())
def test_a_calibrator_keeps_its_laws_whatever_the_table_is(table):
    raw = np.array(table["confidence"])
    known = ~np.isnan(raw)
    if not known.any():
        with pytest.raises(fc.CalibrationError):
            fc.calibrate(table)
        return
    calibrator = fc.calibrate(table)
    made = calibrator.confidences(table)
    assert (np.isnan(made) == ~known).all()
    assert ((made >= 0) & (made <= 1))[known].all()
    assert sum(calibrator.labels.values()) == known.sum()
    for name in set(table["field"]):
        rows = known & (np.array(table["field"]) == name)
        order = np.argsort(raw[rows], kind="stable")
        assert (np.diff(made[rows][order]) >= 0).all()
    again = Calibrator.from_dict(json.loads(calibrator.to_json()))
    assert again == calibrator == fc.calibrate(table)
    assert again.digest == calibrator.digest
    assert (again.confidences(table)[known] == made[known]).all()
    if calibrator.chosen == "identity":
        assert (made[known] == raw[known]).all()
    else:
        assert calibrator.losses["ridge"] < calibrator.losses["identity"]
        assert calibrator.confidence(0.7, "/unseen") == calibrator.pool(0.7)


@settings(max_examples=30, deadline=None)
@given(reports(), curves, curves)
def test_a_calibrated_report_is_like_any_other(report, curve, pool):
    names = [general(field.path) for field in report.leaves.values()]
    calibrator = Calibrator("ridge", pool=pool, fields=dict.fromkeys(names[:2], curve))
    made = report.calibrated(calibrator)
    assert (made.value, made.data, made.status, made.tokens) == (
        report.value, report.data, report.status, report.tokens,
    )  # fmt: skip
    for name, field in made.fields.items():
        before = report.fields[name]
        assert (field.value, field.raw) == (before.value, before.confidence)
        assert (field.confidence is None) == (before.confidence is None)
        assert ((field.low is None), (field.high is None)) == (
            before.low is None, before.high is None,
        )  # fmt: skip
        if field.low is not None:
            assert field.low <= field.confidence <= field.high
        if field.is_leaf and field.confidence is not None:
            wanted = calibrator.confidence(before.confidence, general(field.path))
            assert field.confidence == wanted
        check_distribution(field, before)
    objects = assembled(made, (), made.data, {}, requests=())
    assert {name: field.confidence for name, field in objects.fields.items()} == {
        name: field.confidence for name, field in made.fields.items()
    }
    assert Report.from_json(made.to_json(tokens=True), made.schema) == made
    with pytest.raises(fc.CalibrationError, match="already"):
        made.calibrated(calibrator)


def check_distribution(field, before):
    found = field.distribution
    if found is None:
        assert before.distribution is None
        return
    total = sum(member.probability for member in found.candidates) + (found.rest or 0.0)
    first = before.distribution
    before_total = sum(member.probability for member in first.candidates) + (first.rest or 0.0)
    if found != first:
        assert total == pytest.approx(1.0, abs=1e-6 + abs(1 - before_total))
        assert found[field.value].probability == field.confidence
        is_first = found.candidates[0].value == field.value
        assert is_first or LIKELIER in field.flags
    order = [member.probability for member in found.candidates]
    assert order == sorted(order, reverse=True)
    assert all(0 <= m.low <= m.probability <= m.high <= 1 for m in found.candidates)


@settings(max_examples=20)
@given(reports())
def test_doing_nothing_changes_no_number(report):
    made = report.calibrated(Calibrator())
    assert made.calibration.chosen == "identity"
    for name, field in made.fields.items():
        before = report.fields[name]
        assert (field.confidence, field.low, field.high) == (
            before.confidence, before.low, before.high,
        )  # fmt: skip
        assert field.distribution == before.distribution


@st.composite
def boxes(draw):
    """Members with bounds, and a second point inside of these; both sum to 1."""
    count = draw(st.integers(2, 5))
    points = [draw(st.lists(st.floats(0, 1), min_size=count, max_size=count)) for _ in range(2)]
    one, other = ([(p + 1e-6) / (sum(each) + count * 1e-6) for p in each] for each in points)
    members = [Member(at, p, min(p, q), max(p, q)) for at, (p, q) in enumerate(zip(one, other))]  # noqa: B905
    members.sort(key=lambda member: -member.probability)
    return Distribution(tuple(members), 0.0, 0.0, 0), other


@given(boxes(), st.lists(st.floats(-5, 5), min_size=5, max_size=5), slopes)
def test_moved_bounds_hold_whatever_point_inside_is_the_true_one(box, biases, slope):
    found, other = box
    move = Members(tuple(range(5)), tuple(biases), slope)
    moved = move.moved(found)
    points = tuple(
        Member(member.value, other[member.value], 0.0, 1.0) for member in found.candidates
    )
    elsewhere = move.moved(Distribution(points, 0.0, 0.0, 0))
    assert sum(member.probability for member in moved.candidates) == pytest.approx(1)
    for member in moved.candidates:
        assert 0 < member.low <= member.probability <= member.high < 1
        there = elsewhere[member.value].probability
        assert member.low - 1e-12 <= there <= member.high + 1e-12


# -- fitting, beside slow oracles -----------------------------------------------------------------


def rows_of(rng, size, fields):
    confidence = rng.random(size)
    return Rows(
        features_of(confidence), rng.integers(0, fields, size),
        (rng.random(size) < confidence**2).astype(float), np.arange(size), fields,
    )  # fmt: skip


def penalised(table, rows, strengths):
    """What is least, as the docstring of ``fitting`` says it, number by number."""
    total = 0.0
    for features, field, right in zip(rows.features, rows.field, rows.right, strict=True):
        logit = sum(a * b for a, b in zip(features, table[1 + field], strict=True))
        total += math.log1p(math.exp(logit)) - right * logit
    for weight, pool, identity in zip((1, 4, 4), table[0], (0, 1, 1), strict=True):
        total += strengths.pooled / 2 * weight * (pool - identity) ** 2
    for own in table[1:]:
        for weight, one, pool in zip((1, 4, 4), own, table[0], strict=True):
            total += strengths.own / 2 * weight * (one - pool) ** 2
    return total


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 30), st.floats(0.1, 30), st.data())
def test_no_step_from_the_fitted_coefficients_is_better(seed, pooled, own, data):
    rows, strengths = rows_of(np.random.default_rng(seed), 40, 2), Strengths(pooled, own)
    table = fit(rows, strengths)
    assert (table[:, 1:] >= FLATTEST).all()
    least = penalised(table, rows, strengths)
    for _ in range(5):
        at = data.draw(st.integers(0, 2)), data.draw(st.integers(0, 2))
        for step in (-0.05, 0.05):
            moved = table.copy()
            moved[at] += step
            if at[1] == 0 or moved[at] >= FLATTEST:
                assert penalised(moved, rows, strengths) > least


def test_of_one_field_all_but_unpenalised_it_is_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    rows = rows_of(np.random.default_rng(5), 2000, 1)
    known = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000)
    known.fit(rows.features[:, 1:], rows.right)
    wanted = [known.intercept_[0], *known.coef_[0]]
    assert fit(rows, Strengths(1e-9, 1e-9))[1] == pytest.approx(wanted, abs=2e-3)


@given(st.lists(st.integers(0, 12), min_size=2, max_size=60), st.integers(0, 5))
def test_a_document_is_in_one_fold(document, seed):
    document = np.array([*document, 0, 1])
    tested = []
    for train, test in splits_of(document, seed):
        assert not set(document[train]) & set(document[test])
        tested += test.tolist()
    assert sorted(tested) == list(range(len(document)))

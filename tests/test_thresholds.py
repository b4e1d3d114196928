"""Thresholds that decide labels: the best cut by scikit-learn's metrics; what reports say of it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

import fieldconf as fc
from fieldconf.testing import Answer, FakeClient

COSTS = {"false_positive": 1, "false_negative": 5}
METRICS = st.sampled_from(["accuracy", "f1", 0.5, 2, COSTS])


@st.composite
def choices(draw):
    """Rows of both classes, with ties."""
    size = draw(st.integers(2, 40))
    shares = draw(
        st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0]), min_size=size, max_size=size)
    )
    truths = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    truths[:2] = True, False
    documents = draw(st.sampled_from([3, size]))
    return [
        {"document": n % documents, "probability": p, "truth": truth}
        for n, (p, truth) in enumerate(zip(shares, truths, strict=True))
    ]


def figure(rows, cut, metric):
    """How good a cut is, by scikit-learn; higher is better."""
    truth = np.array([row["truth"] for row in rows])
    decided = np.array([row["probability"] >= cut for row in rows])
    if metric == "accuracy":
        return metrics.accuracy_score(truth, decided)
    if isinstance(metric, dict):
        return -(metric["false_positive"] * (decided & ~truth).mean()
                 + metric["false_negative"] * (~decided & truth).mean())  # fmt: skip
    beta = 1 if metric == "f1" else metric
    return metrics.fbeta_score(truth, decided, beta=beta, zero_division=0.0)


@settings(deadline=None, max_examples=150)
@given(choices(), METRICS)
def test_no_cut_is_better(rows, metric):
    threshold = fc.Threshold.fitted(rows, metric=metric)
    cuts = [math.inf, *{row["probability"] for row in rows}]
    best = max(figure(rows, cut, metric) for cut in cuts)
    sign = -1 if isinstance(metric, dict) else 1
    assert threshold.cut in cuts
    assert sign * threshold.after == pytest.approx(best)
    assert sign * threshold.before == pytest.approx(figure(rows, 0.5, metric))
    nearer = [cut for cut in cuts if abs(cut - 0.5) < abs(threshold.cut - 0.5)]
    assert all(figure(rows, cut, metric) < best - 1e-12 for cut in nearer)


@settings(deadline=None, max_examples=30)
@given(choices(), METRICS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows, metric, random):
    shuffled = random.sample(rows, len(rows))
    one, other = (fc.Threshold.fitted(each, metric=metric) for each in (rows, shuffled))
    assert (one.cut, one.low, one.high, one.checked) == (
        other.cut, other.low, other.high, other.checked)  # fmt: skip


def biased(count, seed=0):
    """Labels that are right with a probability that is said half as large in odds."""
    rng = np.random.default_rng(seed)
    truth = rng.random(count)
    logit = np.log(truth / (1 - truth)) - 1.5
    return [
        {"document": n, "probability": float(p), "truth": bool(right)}
        for n, (p, right) in enumerate(
            zip(1 / (1 + np.exp(-logit)), rng.random(count) < truth, strict=True)
        )
    ]


def test_a_bias_is_undone():
    """The odds are too low by exp(1.5), so that .18 is where both classes are equally likely."""
    threshold = fc.Threshold.fitted(biased(4000))
    assert threshold.low <= 1 / (1 + math.exp(1.5)) <= threshold.high
    assert threshold.low <= threshold.cut <= threshold.high
    assert threshold.before < threshold.checked <= threshold.after


def test_offsets_of_several_members_undo_a_bias():
    rng = np.random.default_rng(0)
    rows = []
    for number in range(1500):
        shares = rng.dirichlet([1, 1, 1])
        told = shares * [1, 1, 5]
        members = dict(zip("abc", map(float, told / told.sum()), strict=True))
        truth = str(rng.choice(list("abc"), p=shares))
        rows.append({"document": number, "probability": members, "truth": truth})
    threshold = fc.Threshold.fitted(rows)
    offsets = threshold.offsets
    assert threshold.cut is None
    assert offsets['"c"'] - offsets['"a"'] == pytest.approx(-math.log(5), abs=0.25)
    assert offsets['"b"'] - offsets['"a"'] == pytest.approx(0, abs=0.25)
    assert threshold.before < threshold.checked
    one = fc.Threshold.fitted(rows, positive="c")
    assert one.cut > 0.5
    assert one.label({'"a"': 0.3, '"b"': 0.2, '"c"': 0.5}) == '"a"'


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"document": 1, "probability": 0.5, "truth": True}] * 9, "all 9 labels are true"),
        ([{"document": 1, "probability": None, "truth": True}], "no labelled value"),
        ([{"document": 1, "probability": 0.5, "truth": None}], "no labelled value"),
        ([{"document": 1, "probability": 2, "truth": True}], r"probability 2 \(row 0\)"),
        ([{"document": 1, "probability": 0.5}], "no column 'truth'"),
    ],
)
def test_what_tells_no_cut_is_refused(rows, words):
    with pytest.raises(fc.EvaluationError, match=words):
        fc.Threshold.fitted(rows)


def test_few_labels_have_no_interval():
    few = [{"document": n, "probability": n / 4, "truth": n > 1} for n in range(4)]
    threshold = fc.Threshold.fitted(few)
    assert (threshold.low, threshold.high, threshold.checked) == (None, None, None)
    with pytest.raises(fc.EvaluationError, match="metric 'auc'"):
        fc.Threshold.fitted(biased(40), metric="auc")


# -- reports --------------------------------------------------------------------------------------

SCHEMA = {
    "type": "object", "required": ["spam"], "properties": {"spam": {"type": "boolean"}},
}  # fmt: skip


def report_of(share, *, model="m"):
    """A report that says "spam" with this probability, and writes the likelier."""
    written = share >= 0.5
    answer = Answer({"spam": written}, {"spam": max(share, 1 - share)})
    return fc.extract(SCHEMA, "text", client=FakeClient(answer), model=model)


def labelled_reports():
    """One report says more than .3 where it is spam; 60 of them."""
    shares = [0.1, 0.2, 0.35, 0.4, 0.8, 0.9] * 10
    reports = {str(n): report_of(share) for n, share in enumerate(shares)}
    truths = [{"document": str(n), "value": {"spam": p > 0.3}} for n, p in enumerate(shares)]
    return reports, fc.labels(truths)


def test_a_threshold_of_reports_decides_beside_what_was_written():
    reports, labels = labelled_reports()
    threshold = fc.Threshold.fitted(reports, labels, field="spam", positive=True)
    assert threshold.field == "/spam"
    assert 0.2 < threshold.cut <= 0.4
    assert threshold.after == threshold.checked == 1
    assert threshold.before == pytest.approx(2 / 3)
    report = report_of(0.4)
    decided = report.decided(threshold)["/spam"]
    assert (decided.label, decided.written, decided.is_changed) == (True, False, True)
    assert report.data == {"spam": False}
    assert not report_of(0.1).decided(threshold)["/spam"].is_changed
    assert threshold.scope["schema"] == report.schema.digest
    with pytest.raises(fc.EvaluationError, match="no labelled value of '/ham'"):
        fc.Threshold.fitted(reports, labels, field="ham")


def test_a_policy_of_reports_holds_for_reports_like_them():
    reports, labels = labelled_reports()
    policy = fc.Policy.guaranteed(reports, labels, risk=0.3)
    sure = report_of(0.95)
    assert sure.with_policy(policy).outcome == "accept"
    assert report_of(0.6).with_policy(policy).outcome == "review"
    accepted = [name for name, each in reports.items() if each.with_policy(policy).accepted]
    assert len(accepted) == policy.guarantee.certificates[0].accepted > 0
    rows = [{"document": n, "field": "/spam", "confidence": 0.5, "right": n % 2} for n in range(60)]
    calibrated = sure.calibrated(fc.calibrate(rows))
    with pytest.raises(fc.CalibrationError, match="calibration 'none', not"):
        calibrated.with_policy(policy)
    other = {"type": "boolean"}
    with pytest.raises((fc.CalibrationError, fc.PolicyError)):
        fc.extract(other, "t", client=FakeClient(Answer(True)), model="m").with_policy(policy)


def test_labels_of_nothing_are_refused():
    reports, _ = labelled_reports()
    with pytest.raises(fc.EvaluationError, match="no value of these reports has a label"):
        fc.Policy.guaranteed(reports, fc.labels([{"document": "0", "value": {"other": 1}}]))
    with pytest.raises(fc.EvaluationError, match="a list is no labels"):
        fc.Policy.guaranteed(reports, [1])

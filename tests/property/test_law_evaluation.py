"""Laws of evaluation: measures are what slow definitions say, and depend on nothing else."""

import json
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from builders import report_of, token
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

import fieldconf as fc
from fieldconf.evaluation.correctness import Rules
from fieldconf.evaluation.curves import (
    BINS,
    CLIP,
    COVERAGES,
    MEASURES,
    REVIEWS,
    RISKS,
    RankedRows,
)
from fieldconf.evaluation.judged import judged
from fieldconf.evaluation.judging import ValueJudge
from fieldconf.statistics.judged_table import Table

# Few confidences, so that ties are the rule, and some that are not known.
CONFIDENCES = st.sampled_from([0.0, 0.1, 0.1 + 2**-54, 0.5, 0.9, 1.0]) | st.floats(0, 1)
ROWS = st.lists(
    st.tuples(st.integers(0, 4), CONFIDENCES | st.just(math.nan), st.booleans()),
    min_size=1, max_size=25,
)  # fmt: skip
KNOWN = st.lists(st.tuples(st.integers(0, 4), CONFIDENCES, st.booleans()), min_size=2, max_size=25)


def curve_of(rows):
    document, confidence, right = zip(*rows, strict=True)
    return RankedRows.of(np.array(document), np.array(confidence, float), np.array(right))


def measures(rows):
    return dict(zip(MEASURES, curve_of(rows).measures().tolist(), strict=True))


# -- slow definitions -----------------------------------------------------------------------------


def cuts(rows):
    """(accepted, wrong among them, whether it is known) of each threshold, the strictest first."""
    ranked = [(-1.0 if math.isnan(c) else c, right) for _, c, right in rows]
    for threshold in sorted({c for c, _ in ranked}, reverse=True):
        kept = [right for c, right in ranked if c >= threshold]
        yield len(kept), kept.count(False), threshold >= 0


def wrong_at(points, accepted):
    """How many are wrong among so many accepted: a tie gives its share."""
    before = (0, 0)
    for n, e in points:
        if n >= accepted:
            return before[1] + (e - before[1]) * (accepted - before[0]) / (n - before[0])
        before = n, e
    raise AssertionError(accepted)


def slow(rows):
    """All measures of the ranking, by their definitions; None where there is none."""
    points = [(n, e) for n, e, _ in cuts(rows)]
    n, e = points[-1]
    right = [-1.0 if math.isnan(c) else c for _, c, is_right in rows if is_right]
    wrong = [-1.0 if math.isnan(c) else c for _, c, is_right in rows if not is_right]
    known = sum(not math.isnan(c) for _, c, _ in rows)
    found = {name: None for name, one in MEASURES.items() if not one.of_probability}
    found["accuracy"] = 1 - e / n
    if not known:
        return found
    if right and wrong:
        pairs = [(r > w) + (r == w) / 2 for r in right for w in wrong]
        found["auroc"] = sum(pairs) / len(pairs)
    grid = [(0, 0), *points]
    areas = [(m - k) * (f + g) / 2 for (k, f), (m, g) in zip(grid, points, strict=False)]
    found["augrc"] = sum(areas) / n**2
    own = {c: (m, f) for (m, f, _), c in zip(cuts(rows), thresholds(rows), strict=True)}
    risks = [own[-1.0 if math.isnan(c) else c] for _, c, _ in rows]
    found["aurc"] = sum(f / m for m, f in risks) / n
    for c in COVERAGES:
        if known >= c * n - 1e-9:
            found[f"risk_at_{round(100 * c):02d}"] = wrong_at(points, c * n) / (c * n)
    for r in RISKS:
        reached = [m for m, f, is_known in cuts(rows) if is_known and f <= r * m]
        found[f"coverage_at_{round(100 * r):02d}"] = max(reached, default=0) / n
    for r in REVIEWS:
        if e:
            found[f"caught_at_{round(100 * r):02d}"] = 1 - wrong_at(points, (1 - r) * n) / e
    return found


def thresholds(rows):
    return sorted({-1.0 if math.isnan(c) else c for _, c, _ in rows}, reverse=True)


@given(ROWS)
@example([(0, 0.5, False)])
@example([(0, math.nan, False), (0, 0.5, True)])
@example([(0, 0.9, True), (1, 0.9, False), (2, 0.1, False)])
def test_measures_of_the_ranking_are_what_their_definitions_say(rows):
    """Every measure of a ranking is that of its slow definition, ties and unknown ones included."""
    found = measures(rows)
    for name, expected in slow(rows).items():
        assert found[name] == pytest.approx(math.nan if expected is None else expected, nan_ok=True)


@given(KNOWN)
def test_measures_are_those_of_scikit_learn(rows):
    """AUROC, Brier score and log loss are scikit-learn's."""
    right, confidence = [r for *_, r in rows], [c for _, c, _ in rows]
    assume(len(set(right)) == 2)
    found = measures(rows)
    assert found["auroc"] == pytest.approx(roc_auc_score(right, confidence))
    assert found["brier"] == pytest.approx(brier_score_loss(right, confidence))
    clipped = np.clip(confidence, CLIP, 1 - CLIP)
    assert found["log_loss"] == pytest.approx(log_loss(right, clipped))
    assert found["bias"] == pytest.approx(np.mean(confidence) - np.mean(right))


@given(ROWS, st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_a_weight_is_that_many_rows(rows, weights):
    """Measures weighted by document are those of the rows repeated: what a resample stands for."""
    repeated = [row for row in rows for _ in range(weights[row[0]])]
    assume(repeated)
    assume(any(not math.isnan(c) for _, c, _ in repeated))
    batch = np.array([weights, [1] * 5], float)
    found = curve_of(rows).measures(batch)
    expected = measures(repeated)
    for number, name in enumerate(MEASURES):
        if name != "ece":  # its bins are those of the rows as they are
            assert found[number, 0] == pytest.approx(expected[name], nan_ok=True)
    np.testing.assert_allclose(found[:, 1], curve_of(rows).measures())


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(rows, random):
    """All measures are invariant under the order of rows, ties included."""
    moved = list(rows)
    random.shuffle(moved)
    np.testing.assert_allclose(curve_of(rows).measures(), curve_of(moved).measures(), atol=1e-12)


@given(KNOWN)
def test_a_monotone_map_changes_no_ranking(rows):
    """Measures of the ranking are those of any increasing map of the confidences."""
    levels = sorted({c for _, c, _ in rows})
    mapped = [(d, levels.index(c) / len(levels), r) for d, c, r in rows]
    found, expected = measures(mapped), measures(rows)
    for name, one in MEASURES.items():
        if not one.of_probability:
            assert found[name] == pytest.approx(expected[name], nan_ok=True)


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=200))
def test_bins_have_equal_mass_and_hold_all_of_a_tie(rows):
    """No confidence is in two bins; without ties the bins differ by at most one row."""
    confidence = np.array([c / 40 for c, _ in rows])
    curve = RankedRows.of(np.arange(len(rows)), confidence, np.array([r for _, r in rows]))
    bins = np.split(curve.confidence, curve.bins[1:])
    for one, other in pairwise(bins):
        assert one.min() > other.max()
    assert len(bins) <= BINS
    gaps = [
        abs(one.sum() - (1 - wrong).sum())
        for one, wrong in zip(bins, np.split(curve.wrong, curve.bins[1:]), strict=True)
    ]
    assert curve.measure("ece") == pytest.approx(sum(gaps) / len(rows))
    distinct = RankedRows.of(
        np.arange(len(rows)), np.arange(len(rows)) / len(rows), curve.wrong == 0
    )
    sizes = np.diff(np.append(distinct.bins, len(rows)))
    assert sizes.max() - sizes.min() <= 1


# -- evaluations ----------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab"), CONFIDENCES | st.none(),
                          st.booleans()), min_size=1, max_size=60), st.integers(0, 3))  # fmt: skip
def test_an_evaluation_is_safe_and_repeats(rows, seed):
    """Any table is evaluated: numbers are finite or None with a reason, twice the same."""
    names = ("document", "field", "confidence", "right")
    plain = [dict(zip(names, row, strict=True)) for row in rows]
    found = fc.evaluate(plain, seed=seed, resamples=40)
    assert found.to_dict() == fc.evaluate(plain, seed=seed, resamples=40).to_dict()
    json.dumps(found.to_dict(), allow_nan=False)
    for group in found.rows:
        assert group.verdicts
        for one in group.measures.values():
            assert one.reason or None not in one
            assert one.value is None or math.isfinite(one.value)
            if one.low is not None:
                assert one.low < one.high
    assert sum(group.labels for group in found.rows[:-1]) == found.labels == len(rows)
    assert str(found)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 30), CONFIDENCES, CONFIDENCES, st.booleans()),
                min_size=12, max_size=60))  # fmt: skip
def test_a_comparison_is_antisymmetric_and_nothing_differs_from_itself(rows):
    """compare(a, b) is -compare(b, a), interval included; a score never differs from itself."""
    names = ("document", "confidence", "other", "right")
    plain = [{"field": "", **dict(zip(names, row, strict=True))} for row in rows]
    found = fc.evaluate([{**row, "same": row["confidence"]} for row in plain], resamples=40)
    there, back = found.compare("confidence", "other"), found.compare("other", "confidence")
    for one, other in zip(there.rows, back.rows, strict=True):
        if one.difference.value is not None:
            assert one.difference.value == -other.difference.value
            if one.difference.low is not None:
                assert one.difference.low == pytest.approx(-other.difference.high)
    for one in found.compare("confidence", "same").rows:
        assert not one.difference.value
    for one in found.compare(found).rows:
        assert not one.difference.value


# -- judging --------------------------------------------------------------------------------------

SCALARS = st.sampled_from(["a", "A ", "bc", "", 1, 1.0, 2, True, None])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=12,
)


def all_judgements(answer, truth):
    return list(ValueJudge(Rules()).judgements(answer, truth))


def without_positions(found):
    kept = [("*" if isinstance(step, int) else step for step in one.path) for one in found]
    return sorted((tuple(path), one.right) for path, one in zip(kept, found, strict=True))


@given(VALUES)
def test_a_value_is_right_by_itself(value):
    """Every scalar and every list of the right value itself is right."""
    found = all_judgements(value, value)
    assert all(one.right for one in found)
    assert len({one.path for one in found}) == len(found)


@given(st.lists(SCALARS, max_size=5), st.lists(SCALARS, max_size=5), st.data())
def test_the_order_of_items_changes_nothing(answer, truth, data):
    """Lists are judged by content: no order of either list changes what is right, and how often."""
    expected = without_positions(all_judgements(answer, truth))
    moved = data.draw(st.permutations(answer)), data.draw(st.permutations(truth))
    assert without_positions(all_judgements(*moved)) == expected


@given(st.lists(SCALARS, max_size=6), st.lists(SCALARS, max_size=6))
def test_no_other_assignment_has_more_right_items(answer, truth):
    """As many items are right as the largest matching of equal ones has."""
    rules = Rules()
    free, most = list(range(len(truth))), 0
    for item in answer:  # being right is an equivalence here: a greedy matching is a largest one
        near = next((at for at in free if rules.is_right((0,), item, truth[at])), None)
        if near is not None:
            free.remove(near)
            most += 1
    found = all_judgements(answer, truth)
    assert sum(one.right for one in found if one.path) == most
    if most == len(answer) == len(truth):
        assert found[0].right
    if len(answer) != len(truth):
        assert not found[0].right


@given(VALUES, VALUES)
def test_what_is_judged_is_in_the_answer_or_absent(answer, truth):
    """A judgement is of a value that stands at its path, or says that there is none."""
    for one in all_judgements(answer, truth):
        value = answer
        try:
            for step in one.path:
                value = value[step]
        except (KeyError, IndexError, TypeError):
            assert one.is_absent
        else:
            assert not one.is_absent
            assert value == one.answer


@given(st.dictionaries(st.sampled_from("xyz"), VALUES, min_size=1),
       st.dictionaries(st.sampled_from("xyz"), VALUES, min_size=1))  # fmt: skip
def test_every_row_has_the_confidence_of_its_field(answer, truth):
    """The table of a report has each judged value's own confidence, and counts the rest."""
    text = json.dumps(answer)
    report = report_of(*(token(text[at : at + 2], -0.05 * at) for at in range(0, len(text), 2)))
    try:
        found = judged({"d": report}, [{"document": "d", "value": truth}])
    except fc.EvaluationError:
        assert all(one.is_absent for one in all_judgements(answer, truth))
        return
    expected = all_judgements(answer, truth)
    assert len(found.table) + sum(found.uncounted.fields.values()) == len(expected)
    for number, detail in enumerate(found.details):
        field = report.fields.get(detail.pointer)
        confidence = None if field is None else field.confidence
        assert found.table.confidence[number] == pytest.approx(
            math.nan if confidence is None else confidence, nan_ok=True
        )
    assert isinstance(found.table, Table)


@settings(max_examples=25)
@given(st.text("ΩЖ語ß\n", min_size=8, max_size=12))
def test_a_redacted_value_is_nowhere(secret):
    """With redact=True no text and no value of an answer is in anything that is shown or saved."""
    rows = [{"document": i, "field": "/a", "confidence": 0.95, "right": i > 2, "value": secret,
             "right value": [secret], "text": f"x {secret}", "why": f"at `{secret}`"}
            for i in range(6)]  # fmt: skip
    found = fc.evaluate(rows, redact=True, resamples=20)
    shown = [str(found), repr(found), found.to_html(errors=0.5), str(found.to_dict()),
             str(found.errors(0.5)), str(found.compare(found)),
             pickle.dumps(found).decode("utf-8", "replace")]  # fmt: skip
    assert len(found.errors(0.5)) == 3
    assert not any(secret in text or json.dumps(secret)[1:-1] in text for text in shown)

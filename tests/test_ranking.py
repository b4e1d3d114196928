"""Rankers: what they read, how they are fitted, applied, explained, saved and loaded."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.linear_model import LogisticRegression

import fieldconf as fc
from fieldconf.errors import CalibrationError
from fieldconf.fields.readings import Agreement, Reading, SourceCandidate, SourceSpan
from fieldconf.ranking import regression
from fieldconf.ranking.features import FEATURES, GROUPS, features_of, numbers_of
from fieldconf.testing import Answer, FakeClient

SCHEMA = {
    "type": "object",
    "properties": {"team": {"enum": ["sales", "it"]}, "size": {"type": ["integer", "null"]}},
    "required": ["team", "size"],
}


def reports(count, *, text=lambda number: "no text", size=lambda number: 3):
    """Reports whose confidences grow with the document's number."""
    answers = [
        Answer({"team": "sales", "size": size(number)}, {"team": 0.5 + number / count / 2.1})
        for number in range(count)
    ]
    client = FakeClient(*answers)
    return {
        number: fc.extract(SCHEMA, text(number), client=client, model="m", locate=True)
        for number in range(count)
    }


def labels_of(count, right):
    """Labels by which the team of a document is right if ``right`` says so; sizes are 3."""
    return [
        {"document": number, "value": {"team": "sales" if right(number) else "it", "size": 3}}
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def answered():
    """Sixty reports: sizes are null in every third, and the text then has the size in half."""
    return reports(
        60, size=lambda n: None if n % 3 == 0 else 3,
        text=lambda n: "about 3 people" if n % 2 else "nobody knows",
    )  # fmt: skip


@pytest.fixture(scope="module")
def labels():
    return [
        {"document": n, "value": {"team": "sales" if n > 25 else "it",
                                  "size": None if n % 3 == 0 and n % 2 == 0 else 3}}
        for n in range(60)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def ranker(answered, labels):
    return fc.fit_ranker(answered, labels)


# -- features -------------------------------------------------------------------------------------


def feature(field, name):
    (row,) = [row for row in FEATURES if row.name == name]
    return numbers_of(field, [row])[0]


def test_features_have_names_of_their_own_groups_and_signs():
    names = [row.name for row in FEATURES]
    assert len(set(names)) == len(names)
    assert {row.group for row in FEATURES} == set(GROUPS)
    assert {row.sign for row in FEATURES} <= {-1, 0, 1}


def test_a_group_that_does_not_exist_is_an_error():
    with pytest.raises(CalibrationError, match="no group of features 'colour'"):
        features_of(["colour"])


@pytest.mark.parametrize(
    ("change", "name", "number"),
    [
        ({"source_spans": ()}, "not in the source", 1),
        ({"source_spans": None}, "was searched in the source", 0),
        ({"source_spans": (SourceSpan(0, 1, "x", "number", 0.5),)}, "found: number", 1),
        ({"source_spans": (SourceSpan(0, 1, "x", "number", 0.5),)}, "similarity", 0.5),
        ({"source_candidates": (SourceCandidate(0, 1, "x", "member"),)},
         "null, and the source has a value", 1),
        ({"source_candidates": (SourceCandidate(0, 1, "x", "mention"),)},
         "null, and the source has a value", 0),
        ({"source_candidates": (SourceCandidate(0, 1, "x", "mention"),)},
         "null, and the source mentions the field", 1),
        ({"flags": ("against_schema",)}, "against the schema", 1),
        ({"readings": (Reading("second_prompt", 1, 0.9, agrees=False),)},
         "second reading disagrees", 1),
        ({"readings": (Reading("answer", 1, 0.9, agrees=False),)}, "second reading disagrees", 0),
        ({"agreement": Agreement(1, 2, 0.1, 0.9)}, "share of samples", 0),
    ],
)  # fmt: skip
def test_a_feature_reads_its_evidence(answered, change, name, number):
    assert feature(replace(answered[1]["team"], **change), name) == number


def test_whatever_is_unknown_of_a_field_its_features_are_finite(answered):
    bare = fc.Field(("a",), None, "null", reason="no tokens")
    for field in (bare, answered[0]["team"], answered[0]["size"]):
        assert np.isfinite(numbers_of(field, FEATURES)).all()


# -- the regression -------------------------------------------------------------------------------


def drawn(count=400, seed=0):
    chance = np.random.default_rng(seed)
    features = chance.normal(size=(count, 3))
    odds = features @ [1.5, -0.7, 0.0]
    return features, (chance.random(count) < 1 / (1 + np.exp(-odds))).astype(float)


def test_without_signs_it_is_the_logistic_regression_of_scikit_learn():
    features, right = drawn()
    own = regression.fit_logistic(features, right, [0, 0, 0], ridge=2.0)
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    peer = LogisticRegression(C=0.5, tol=1e-9, max_iter=1000).fit(standard, right)
    assert own.weights == pytest.approx(peer.coef_[0], abs=1e-3)
    assert own.intercept == pytest.approx(peer.intercept_[0], abs=1e-3)


@pytest.mark.parametrize("signs", [[-1, 1, 0], [1, -1, 1]])
def test_no_weight_goes_against_its_sign(signs):
    features, right = drawn()
    model = regression.fit_logistic(features, right, signs, ridge=1.0)
    assert all(weight * sign >= 0 for weight, sign in zip(model.weights, signs, strict=True))


def test_a_feature_that_never_changes_does_nothing():
    features, right = drawn()
    features[:, 2] = 7
    model = regression.fit_logistic(features, right, [0, 0, 0], ridge=1.0)
    assert model.weights[2] == pytest.approx(0)


def test_trees_keep_to_the_signs():
    features, right = drawn()
    trees = regression.fit_trees(features, right, [1, -1, 0])
    line = np.zeros((50, 3))
    line[:, 0] = np.linspace(-3, 3, 50)
    assert (np.diff(trees(line)) >= -1e-12).all()


def test_rows_of_one_document_are_in_one_fold():
    documents = np.repeat(np.arange(40), 3)
    folds = regression.folds_of(documents, 1)
    assert (folds.reshape(40, 3) == folds.reshape(40, 3)[:, :1]).all()
    assert set(folds.tolist()) == set(range(regression.FOLDS))


# -- fitting and applying -------------------------------------------------------------------------


def test_a_ranker_sees_what_confidences_do_not(answered, labels, ranker):
    assert ranker.aurocs["rank"] > ranker.aurocs["confidence"] + 0.1
    missed, right = ranker(answered[3])["size"], ranker(answered[0])["size"]
    assert missed.value is right.value is None
    assert missed.rank < 0.5 < right.rank


def test_confidences_stay_and_ranks_are_the_rankers(answered, ranker):
    report = ranker(answered[5])
    for pointer in ("/team", "/size"):
        field, before = report.fields[pointer], answered[5].fields[pointer]
        assert field.confidence == before.confidence
        assert field.rank == field.fitted_rank == ranker.rank(before) != before.rank
        assert 0 <= field.rank <= 1
    assert report.fields[""].fitted_rank is None


def test_a_field_without_logprobs_has_no_rank(ranker):
    bare = fc.score({"choices": [{"message": {"content": '{"team":"it","size":1}'}}]}, SCHEMA)
    assert ranker(bare)["team"].rank is None


def test_effects_sum_to_the_log_odds(answered, ranker):
    field = answered[3]["size"]
    effects = ranker.explain(field)
    odds = ranker.model.intercept + sum(entry.effect for entry in effects)
    assert 1 / (1 + np.exp(-odds)) == pytest.approx(ranker.rank(field))
    strengths = [abs(entry.effect) for entry in effects]
    assert strengths == sorted(strengths, reverse=True)
    assert effects[0].feature == "null, and the source has a value"
    assert effects[0].effect < 0


def test_a_ranker_of_other_schemas_has_no_field_of_its_own(answered, labels):
    ranker = fc.fit_ranker(answered, labels, by_field=False)
    assert not any(name.startswith("field ") for name in ranker.features)


def test_its_rank_is_a_probability_for_the_same_task_only(answered, ranker):
    assert ranker.is_probability(answered[0])
    other = fc.extract({"properties": {"team": {"enum": ["sales", "it"]}}}, "?",
                       client=FakeClient({"team": "it"}), model="m")  # fmt: skip
    assert not ranker.is_probability(other)


def test_boosted_trees_are_fitted_on_request_and_load_as_they_were(answered, labels, tmp_path):
    ranker = fc.fit_ranker(answered, labels, method="boosting")
    assert ranker.method == "boosting"
    ranker.save(tmp_path / "ranker.json")
    again = fc.Ranker.read(tmp_path / "ranker.json")
    assert again == ranker
    field = answered[3]["size"]
    assert again.rank(field) == ranker.rank(field)
    assert {entry.feature for entry in ranker.explain(field)} <= set(ranker.features)


def test_a_saved_ranker_gives_the_same_ranks_and_holds_no_text(answered, ranker, tmp_path):
    path = tmp_path / "ranker.json"
    ranker.save(path)
    again = fc.Ranker.read(path)
    assert again == ranker
    assert again.rank(answered[7]["team"]) == ranker.rank(answered[7]["team"])
    assert "sales" not in path.read_text()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ({"version": 9}, "not a saved ranker"),
        ({"method": "guess"}, "method"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_no_saved_ranker_is_an_error(ranker, damage, problem):
    with pytest.raises(CalibrationError, match=problem):
        fc.Ranker.from_dict(ranker.to_dict() | damage)


def test_a_file_that_is_no_ranker_is_an_error(tmp_path):
    (tmp_path / "ranker.json").write_text("[")
    with pytest.raises(CalibrationError, match="cannot read the ranker"):
        fc.Ranker.read(tmp_path / "ranker.json")
    with pytest.raises(CalibrationError, match="cannot read the ranker"):
        fc.Ranker.read(tmp_path / "none.json")


def test_a_feature_of_another_version_is_an_error(answered, ranker):
    other = replace(ranker, features=("colour", *ranker.features[1:]))
    with pytest.raises(CalibrationError, match="'colour', which this version does not know"):
        other.rank(answered[0]["team"])


def test_a_report_with_ranks_is_saved_and_loaded(answered, ranker):
    report = ranker(answered[3])
    again = fc.Report.from_dict(json.loads(json.dumps(report.to_dict())))
    assert again["size"].rank == report["size"].rank


@pytest.mark.parametrize(
    ("count", "right", "method", "problem"),
    [
        (10, lambda n: n > 4, "auto", "labels of 10 documents are too few"),
        (30, lambda n: True, "auto", "all 60 labelled values are right"),
        (30, lambda n: n > 4, "best", "no method 'best'"),
    ],
)
def test_what_cannot_be_fitted_says_why(count, right, method, problem):
    with pytest.raises(CalibrationError, match=problem):
        fc.fit_ranker(reports(count), labels_of(count, right), method=method)


def test_the_gradient_is_that_of_the_loss():
    features, right = drawn(30)
    seen = []

    def minimize(loss, start, **options):
        seen.append(loss)
        return regression.package("scipy.optimize").minimize(loss, start, jac=True, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regression, "minimize", minimize)
        regression.fit_logistic(features, right, [0, 0, 0], ridge=1.0)
    at = np.array([0.3, -0.2, 0.5, 0.1])
    numeric = approx_fprime(at, lambda w: seen[0](w)[0], 1e-7)
    assert seen[0](at)[1] == pytest.approx(numeric, abs=1e-4)

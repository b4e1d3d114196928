"""Guaranteed policies: least numbers, refusals, what is covered, and inputs that are no help."""

import math

import pytest
from builders import report_of, token

import fieldconf as fc
from fieldconf.policy import NOTHING, Limits
from fieldconf.statistics.certifying import STARTS, least_labels


def rows(labels, wrong=0, *, confidence=0.9, per_document=1):
    """Rows with one confidence, the first of them wrong; so many fields a document."""
    return [
        {"document": n // per_document, "field": f"/f{n % per_document}",
         "confidence": confidence, "right": n >= wrong}
        for n in range(labels)
    ]  # fmt: skip


@pytest.mark.parametrize(("risk", "five", "one"), [(0.1, 44, 29), (0.05, 90, 59), (0.02, 228, 149)])
def test_the_least_number_of_labels(risk, five, one):
    """(1 - risk) ** n is at most the error of a start: these are the issue's numbers."""
    assert least_labels(risk, 0.05) == one
    assert least_labels(risk, 0.05 / len(STARTS)) == five
    assert fc.Policy.guaranteed(rows(five), risk=risk).guarantee.coverage == 1
    policy = fc.Policy.guaranteed(rows(five - 7), risk=risk)
    assert policy.guarantee.reason == "at least 7 more labels"
    assert not policy.accepts(rows(five)).any()


def test_a_refusal_says_what_no_cut_can():
    reason = fc.Policy.guaranteed(rows(100, 31), risk=0.1).guarantee.reason
    assert reason.startswith("no cut can: base risk 0.31, at least 23% must go to review")


def test_a_refusal_counts_the_labels_that_a_share_of_errors_takes():
    """With twice as many labels as it says, and the same share of errors, it is certified."""
    few = rows(60, 2)
    more = int(fc.Policy.guaranteed(few, risk=0.1).guarantee.reason.split()[2])
    times = math.ceil((60 + more) / 60)
    assert not fc.Policy.guaranteed(few, risk=0.1).accepts(few).any()
    enough = rows(60 * times, 2 * times)
    assert fc.Policy.guaranteed(enough, risk=0.1).accepts(enough).all()


def test_documents_with_several_fields_are_counted_in_documents():
    reason = fc.Policy.guaranteed(rows(40, per_document=8), risk=0.05).guarantee.reason
    labels, documents = int(reason.split()[2]), int(reason.split()[-2])
    assert documents == math.ceil(labels / 8)
    assert 90 <= 5 + documents < 100  # without an error 90 documents count, and a few for Student


def test_errors_in_one_document_weigh_more():
    """Twelve errors of 800: in two documents, or one in each of twelve."""
    together = rows(800, 12, per_document=8)
    apart = [{**row, "right": n % 9 != 0 or n >= 108} for n, row in enumerate(together)]
    guarantees = [fc.Policy.guaranteed(each, risk=0.1).guarantee for each in (together, apart)]
    assert guarantees[0].design_effect > 2 > guarantees[1].design_effect
    assert guarantees[0].bound > guarantees[1].bound


def test_a_document_is_accepted_with_all_its_fields():
    table = rows(800, per_document=8)
    for row in table[:8]:
        row["confidence"] = 0.5
    policy = fc.Policy.guaranteed(table, risk=0.1, unit="document")
    assert policy.guarantee.labels == 100
    table[9]["confidence"] = None
    table[17]["confidence"] = 0.1
    accepted = policy.accepts(table)
    assert accepted[:8].all()  # the cut is .5: all labelled documents are right
    assert not accepted[8:24].any()
    assert accepted[24:].all()


def test_per_field_the_error_is_shared_unless_each_stands_alone():
    table = rows(100, per_document=2)
    assert fc.Policy.guaranteed(table, risk=0.1, per="field").guarantee.coverage == 0
    alone = fc.Policy.guaranteed(table, risk=0.1, per="field", together=False)
    assert alone.guarantee.coverage == 1
    assert "each" in str(alone.guarantee)
    together = fc.Policy.guaranteed(rows(104, per_document=2), risk=0.1, per="field")
    assert together.guarantee.coverage == 1  # .95 ** n <= .05 / 2 / 5 from n = 51 on
    assert "together" in str(together.guarantee)


def test_fields_without_a_cut_accept_nothing_and_say_so():
    table = rows(120, per_document=2)
    table = [{**row, "right": row["field"] == "/f0"} for row in table]
    policy = fc.Policy.guaranteed(table, risk=0.1, per="field")
    assert policy.fields == {"/f0": Limits(0.9, 0.5), "/f1": Limits(NOTHING, 0.5)}
    assert policy.guarantee.reason.startswith("/f1: no cut can: base risk 1.00, at least 100%")
    assert policy.accepts(table).tolist() == [True, False] * 60
    unknown = {"document": [1], "field": ["/other"], "confidence": [1.0]}
    assert policy.accepts(unknown).tolist() == [False]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "table",
    [
        rows(1), rows(5), rows(5, 5), rows(500, 500), rows(300, 150), rows(300, confidence=None),
        rows(300, confidence=math.nan), rows(40, per_document=40), rows(300, 100, per_document=300),
        [{**row, "document": "same"} for row in rows(300)], rows(8) * 40, [],
    ],
)  # fmt: skip
def test_what_cannot_be_certified_is_refused(table, strict):
    """Few labels, none right, coin flips, no confidence, one document, the same few again."""
    table = table or {name: [] for name in ("document", "field", "confidence", "right")}
    policy = fc.Policy.guaranteed(table, risk=0.05, strict=strict)
    assert not policy.accepts(table).any()
    assert policy.guarantee.reason
    assert policy.guarantee.bound is None


@pytest.mark.parametrize("strict", [False, True])
def test_all_right_and_saturated_is_accepted(strict):
    table = rows(300, confidence=1.0)
    policy = fc.Policy.guaranteed(table, risk=0.05, strict=strict)
    assert policy.accepts(table).all()
    assert (policy.guarantee.design_effect is None) == strict


def test_ties_are_accepted_together_or_not_at_all():
    table = rows(60, confidence=0.9) + [
        {**row, "document": n + 60} for n, row in enumerate(rows(60, 30, confidence=0.9))
    ]
    assert not fc.Policy.guaranteed(table, risk=0.1).accepts(table).any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"risk": 0}, "risk 0 is not between"), ({"risk": True}, "risk True"),
        ({"confidence": 1.0}, "confidence 1.0 is not between"), ({"unit": "row"}, "unit 'row'"),
        ({"per": "kind"}, "per 'kind'"), ({"unit": "document", "per": "field"}, "no cut per field"),
        ({"review": 2}, "review 2"),
    ],
)  # fmt: skip
def test_options_that_cannot_be(options, words):
    with pytest.raises(fc.PolicyError, match=words):
        fc.Policy.guaranteed(rows(50), **options)


def test_names_of_fields_may_be_any_text():
    table = [{**row, "field": "due date~/"} for row in rows(50)]
    policy = fc.Policy.guaranteed(table)
    assert policy.accepts(table).all()
    assert fc.Policy.from_dict(policy.to_dict()).accepts(table).all()


# -- policies that accept nothing -----------------------------------------------------------------


def test_nothing_is_above_every_confidence():
    report = report_of(token("true", 0.0)).with_policy(fc.Policy("nothing"))
    assert (report.confidence, report.outcome) == (1.0, "review")
    (reason,) = report.verdicts[""].reasons
    assert reason.sentence == "nothing of this field is accepted, whatever its confidence"


def test_nothing_is_a_word_in_files(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text('accept = "nothing"\n[fields]\n"/a" = ["nothing", 0.7]\n"/b" = 0.9\n')
    policy = fc.Policy.read(path)
    assert policy == fc.Policy(NOTHING, fields={"/a": Limits(NOTHING, 0.7), "/b": 0.9})
    assert policy.to_dict()["accept"] == "nothing"
    assert policy.to_dict()["fields"] == {"/a": ["nothing", 0.7], "/b": [0.9, 0.5]}
    with pytest.raises(fc.PolicyError, match="accept 'all'"):
        fc.Policy("all")


def test_a_report_takes_the_policy_and_keeps_it():
    table = [{**row, "field": ""} for row in rows(50)]
    report = report_of(token("true", math.log(0.95))).with_policy(fc.Policy.guaranteed(table))
    assert report.outcome == "accept"
    read = type(report).from_json(report.to_json())
    assert read.policy.guarantee == report.policy.guarantee
    assert report.with_policy(fc.Policy.guaranteed(table[:9])).outcome == "review"


def test_a_guarantee_does_not_cover_other_cuts():
    policy = fc.Policy.guaranteed(rows(50)).to_dict()
    with pytest.raises(fc.PolicyError, match=r"does not cover accept 0\.8"):
        fc.Policy.from_dict({**policy, "accept": 0.8})
    fc.Policy.from_dict({**policy, "accept": 0.8, "guarantee": None})
    with pytest.raises(fc.PolicyError, match="unknown name 'risks'"):
        fc.Policy.from_dict({**policy, "guarantee": {"risks": 0.1}})
    with pytest.raises(fc.PolicyError, match="no guarantee"):
        fc.Policy.from_dict({**policy, "guarantee": {}})


def test_other_policies_accept_rows_by_their_bands():
    policy = fc.Policy(
        0.9, fields={"/items/*/price": 0.5, "/items/**": 0.99}, kinds={"boolean": 0.7}
    )
    table = [
        {"document": 1, "field": name, "kind": kind, "confidence": 0.8}
        for name, kind in [
            ("/items/*/price", ""), ("/items/*/name", ""), ("/paid", "boolean"), ("/x", "")
        ]
    ]  # fmt: skip
    assert policy.accepts(table).tolist() == [True, False, True, False]

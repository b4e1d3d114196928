"""Label sets: labels as a schema, wherever one is taken."""

import copy
import enum
import json
import math
import pickle

import pytest
from builders import entry, response

import fieldconf as fc
from fieldconf.errors import SchemaError
from fieldconf.schema import compile_schema


def said(text, p, listed=None):
    """An entry of a token; what else was listed there, with its probabilities."""
    pairs = {text: p} | (listed or {})
    return entry(text, math.log(p), [(t, math.log(q)) for t, q in pairs.items()])


def masses(members):
    return {member.value: pytest.approx(member.probability) for member in members}


SPAM = response([said("spam", 0.6, {"ham": 0.3, "eggs": 0.1})])
LETTERS = fc.LabelSet({"A": "spam", "B": "ham"}, after="Final:")


def reasoned(*entries, **more):
    """An answer that reasons first."""
    return response([said("I think it is B. ", 0.5), *entries], **more)


# -- the value -------------------------------------------------------------------------------------


class Team(enum.Enum):
    SPAM = "spam"
    HAM = "ham"


def test_a_label_set_is_a_value():
    labels = fc.LabelSet({"A": "spam", "B": "ham"}, match="loose", after="Final:")
    assert labels == fc.LabelSet({"A": "spam", "B": "ham"}, match="loose", after="Final:")
    assert hash(labels) == hash(copy.deepcopy(labels))
    assert pickle.loads(pickle.dumps(labels)) == labels  # our own bytes
    assert labels != fc.LabelSet(labels.labels, match="loose")
    assert fc.LabelSet({"a": True}) != fc.LabelSet({"a": 1})
    assert fc.LabelSet(labels, after="Answer:").texts == ("A", "B")
    with pytest.raises(AttributeError):
        labels.after = "Answer:"


def test_sets_that_are_equal_for_python_only_are_compiled_apart():
    one, other = (compile_schema(fc.LabelSet({"a": value})) for value in (True, 1))
    assert (one.labels.members[0] is True, other.labels.members[0] is True) == (True, False)


@pytest.mark.parametrize(
    ("labels", "more", "words"),
    [
        ([], {}, "no labels"),
        ("spam", {}, "no labels"),
        ([object()], {}, "no labels"),
        (5, {}, "no labels"),
        ({"A": 1, "a": 2}, {"match": "loose"}, "match the same text"),
        (["a", ""], {}, "empty"),
        (["a"], {"match": "louse"}, "unknown match"),
        ({"a": [1]}, {}, "no JSON scalar"),
        (["a"], {"after": " \n"}, "white space"),
    ],
)
def test_what_is_no_label_set(labels, more, words):
    with pytest.raises(SchemaError, match=words):
        fc.LabelSet(labels, **more)


# -- score -----------------------------------------------------------------------------------------


def test_score_by_a_label_set_is_classify():
    labels = fc.LabelSet(["spam", "ham"])
    report = fc.score(SPAM, labels)
    assert report == fc.classify(SPAM, ["spam", "ham"]) == fc.classify(SPAM, labels)
    assert (report.value, report.confidence) == ("spam", pytest.approx(2 / 3))
    assert fc.score_all(SPAM, labels) == [report]
    assert fc.score(SPAM, fc.LabelSet(Team)).value is Team.SPAM


def test_an_answer_beside_the_labels_is_no_value():
    report = fc.score(SPAM, fc.LabelSet(["ham", "eggs"]))
    assert (report.value, report.data, report.outcome) == (None, None, "reject")
    assert "none of the labels" in report.errors[0].problem


def test_an_answer_that_spells_a_meaning_is_no_label():
    report = fc.score(SPAM, fc.LabelSet({"A": "spam", "B": "ham"}))
    assert (report.value, report.data, len(report.errors)) == (None, None, 1)


def test_how_it_is_matched_is_said_once():
    with pytest.raises(SchemaError, match="how it is matched"):
        fc.score(SPAM, fc.LabelSet(["spam"]), match="loose")
    with pytest.raises(SchemaError, match="how it is matched"):
        fc.score_all(SPAM, fc.LabelSet(["spam"]), match="loose")
    with pytest.raises(SchemaError, match="first word"):
        fc.classify(SPAM, fc.LabelSet(["spam"]), first_word=True)
    assert fc.score(SPAM, fc.LabelSet(["SPAM"], match="loose"), match="loose").value == "SPAM"


@pytest.mark.parametrize("labels", [["spam", "ham"], {"spam": None, "ham": 1}, ["eggs"], Team])
def test_a_report_is_saved_and_read_back(labels):
    labels = fc.LabelSet(labels)
    report = fc.score(SPAM, labels)
    for tokens in (False, True):
        back = fc.Report.from_json(report.to_json(tokens=tokens), labels)
        assert (back.value, back.data, back.errors) == (report.value, report.data, report.errors)
    assert back == report
    assert pickle.loads(pickle.dumps(report)) == report  # our own bytes
    other = fc.Report.from_json(report.to_json(), fc.LabelSet(["beans"]))
    assert (other.value, bool(other.errors)) == (None, True)


# -- behind a mark ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entries",
    [
        [said("Final:", 0.9), said(" A", 0.6, {" B": 0.3, "A": 0.1})],
        [said("Final", 0.9), said(":", 0.9), said(" A", 0.6, {" B": 0.3, "A": 0.1})],
        [said("Final", 0.9), said(": A", 0.6, {": B": 0.3, ":A": 0.1})],
        [said("Final: A", 0.6, {"Final:B": 0.3, "Final:\nA": 0.1})],
    ],
)
def test_a_label_behind_a_mark(entries):
    report = fc.score(reasoned(*entries), LETTERS)
    field = report[""]
    assert (report.status, report.value, report.errors) == ("complete", "spam", ())
    assert report.text[field.start : field.stop] == "A"
    assert [token.text for token in field.tokens] == [entries[-1]["token"]]
    assert masses(field.distribution.candidates) == {"spam": 0.7, "ham": 0.3}
    assert report.owners[0] == "outside"


def test_what_is_no_mark_is_beside_the_labels():
    listed = {": B": 0.2, ":": 0.1, " answer": 0.1}
    report = fc.score(reasoned(said("Final", 0.9), said(": A", 0.6, listed)), LETTERS)
    found = report[""].distribution
    assert found.off_schema == pytest.approx(0.1)
    assert [rival.text for rival in found.other] == [" answer"]
    assert found["spam"].low == pytest.approx(0.6 / 0.9)
    assert found["spam"].high == pytest.approx(0.7 / 0.9)  # ``:`` leaves both


def test_white_space_behind_the_mark_is_a_step():
    report = fc.score(
        reasoned(said("Final:", 1.0), said(" ", 0.8, {" B": 0.2}), said("A", 0.5, {"B": 0.5})),
        LETTERS,
    )
    assert masses(report[""].distribution.candidates) == {"spam": 0.4, "ham": 0.6}


def test_the_last_mark_counts():
    first = [said("Final:", 0.9), said(" B", 0.9), said("? No. ", 0.5)]
    report = fc.score(reasoned(*first, said("Final:", 0.9), said("A", 0.8, {"B": 0.2})), LETTERS)
    assert (report.value, report.confidence) == ("spam", pytest.approx(0.8))


def test_a_mark_in_the_thoughts_does_not_count():
    thoughts = [said("<think>", 1.0), said("Final: A", 0.5), said("</think>", 1.0)]
    report = fc.score(response([*thoughts, said("A", 1.0)]), LETTERS)
    assert (report.value, report.errors[0].problem) == (None, "the answer has no 'Final:'")


@pytest.mark.parametrize(
    ("content", "words"),
    [("it is A", "the answer has no 'Final:'"), ("Final: ", "there is nothing after 'Final:'"),
     ("Final: C", "'C' is none of the labels 'A', 'B'")],
)  # fmt: skip
def test_without_a_label_behind_the_mark(content, words):
    report = fc.score(reasoned(said(content, 0.5)), LETTERS)
    assert (report.status, report.value, report.confidence) == ("complete", None, None)
    assert (report.errors[0].problem, report[""].reason) == (words, words)
    assert fc.Report.from_json(report.to_json(tokens=True), LETTERS) == report
    cut = fc.score(reasoned(said(content, 0.5), finish_reason="length"), LETTERS)
    assert cut.status == ("complete" if content == "Final: C" else "truncated")


@pytest.mark.parametrize(
    ("reason", "words"), [("length", "max_tokens"), ("content_filter", "content filter")]
)
def test_a_label_that_might_go_on_is_cut_off(reason, words):
    labels = fc.LabelSet(["spam", "spammy"])
    report = fc.score(response([said("spam", 0.9)], finish_reason=reason), labels)
    assert (report.status, report.value, words in report.reason) == ("truncated", None, True)
    whole = fc.score(response([said("spam", 0.9)], finish_reason=reason), fc.LabelSet(["spam"]))
    assert (whole.status, whole.value) == ("complete", "spam")


# -- before the labels renormalise -----------------------------------------------------------------


def test_the_mass_of_each_label_before_it_is_renormalised():
    found = fc.score(SPAM, fc.LabelSet(["spam", "ham"]))[""].distribution
    assert masses(found.unnormalised) == {"spam": 0.6, "ham": 0.3}
    assert [m.value for m in found.unnormalised] == [m.value for m in found.candidates]
    two = response([said("s", 0.5, {"ham": 0.2, "eggs": 0.3}), said("pam", 0.4, {"oup": 0.6})])
    found = fc.score(two, fc.LabelSet(["spam", "soup", "ham"]))[""].distribution
    assert masses(found.unnormalised) == {"spam": 0.2, "soup": 0.3, "ham": 0.2}
    assert masses(found.candidates) == {"spam": 2 / 7, "soup": 3 / 7, "ham": 2 / 7}


def test_what_was_not_listed_leaves_the_mass_open():
    found = fc.score(response([said("spam", 0.6, {"ham": 0.3})]), fc.LabelSet(["spam", "ham"]))
    spam = found[""].distribution.unnormalised[0]
    assert (spam.low, spam.high) == (pytest.approx(0.6), pytest.approx(0.7))
    assert json.loads(found.to_json())["fields"][""]["distribution"]["unnormalised"][0]["low"]


# -- the class that is missing ---------------------------------------------------------------------


def test_what_was_said_beside_the_labels():
    labels = fc.LabelSet(["spam", "ham"])
    answers = [
        response([said("spam", 0.6, {" invoice": 0.2, "junk": 0.1, "": 0.05})]),
        response([said("inv", 0.6, {"spam": 0.3}), said("oice", 1.0)]),
        response([said("spam", 0.5, {"invoice": 0.4})]),
        response([said("inv", 0.6)], finish_reason="length"),
    ]
    invoice, junk, cut = fc.off_label_answers(fc.score(answer, labels) for answer in answers)
    assert (invoice.text, invoice.count, invoice.written) == ("invoice", 3, 1)
    assert invoice.mass == pytest.approx((0.2 + 0.6 + 0.4) / 3)
    assert cut == fc.types.OffLabelAnswers("inv", 1, 1, None)  # no label can come of it
    assert junk == fc.types.OffLabelAnswers("junk", 1, 0, pytest.approx(0.1))
    assert fc.off_label_answers([]) == []


def test_what_was_said_beside_the_labels_without_logprobs():
    labels = fc.LabelSet(["spam", "ham"], after="Final:")
    texts = ["Final: eggs", "Final: eggs", "Final: beans", "Final: spam", "nothing"]
    reports = []
    for text in texts:
        saved = response([entry(text, -0.1)])
        saved["choices"][0]["logprobs"] = None
        reports.append(fc.score(saved, labels))
    assert fc.off_label_answers(reports) == [
        fc.types.OffLabelAnswers("eggs", 2, 2, None), fc.types.OffLabelAnswers("beans", 1, 1, None),
    ]  # fmt: skip

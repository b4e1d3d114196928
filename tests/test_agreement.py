"""Agreement: when two values say the same, which items are one item, what most answers say."""

import json
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest
from answers import response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import fieldconf as fc
from fieldconf.agreement import pairing
from fieldconf.agreement.agree import agree
from fieldconf.agreement.equivalence import normal, same_value
from fieldconf.fields.readings import RequestCost
from fieldconf.formulas import wilson
from fieldconf.report import Report
from fieldconf.schema import compile_schema


def saved(*texts, **more):
    """A response with these choices, without logprobs."""
    choices = [
        {"index": number, "message": {"content": text}, "finish_reason": "stop", **more}
        for number, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 10, "completion_tokens": 7}
    return {"model": "m", "choices": choices, "usage": usage}


def agreed(*texts, schema=None):
    return agree([fc.score(saved(text), schema) for text in texts])


def counts(report):
    return {name: one.agreement.count for name, one in report.fields.items()}


# -- Wilson's interval --------------------------------------------------------------------------

COUNTS = st.integers(1, 200).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


def quantile(level):
    """The z of a level, found by halving, from the error function."""
    low, high = 0.0, 10.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle / math.sqrt(2)) < level else (low, middle)
    return Fraction(low)


@given(COUNTS, st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_wilsons_bounds_are_where_the_inequality_changes_sign(counted, level):
    """(count - of p)^2 <= z^2 of p (1 - p), in exact fractions, holds inside and not outside."""
    count, of = counted
    z = quantile(level)

    def is_inside(share):
        return (count - of * share) ** 2 <= z**2 * of * share * (1 - share)

    low, high = wilson(count, of, level=level)
    near = Fraction(1, 10**9)
    assert 0 <= low <= count / of <= high <= 1
    assert count == 0 or (is_inside(low + near) and not is_inside(max(low - near, 0)))
    assert count == of or (is_inside(high - near) and not is_inside(min(high + near, 1)))
    assert (low == 0) == (count == 0)
    assert (high == 1) == (count == of)


@pytest.mark.parametrize("of", [1, 2, 5, 30, 1000])
def test_wilsons_bounds_are_scipys(of):
    stats = pytest.importorskip("scipy.stats", reason="scipy is not installed: no second opinion")
    for count in sorted({0, 1, of // 3, of - 1, of}):
        for level in (0.8, 0.95, 0.999):
            test = stats.binomtest(count, of)
            expected = test.proportion_ci(confidence_level=level, method="wilson")
            found = wilson(count, of, level=level)
            assert found == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_of_nothing_nothing_is_known():
    assert wilson(0, 0) == (0, 1)


# -- what says the same -------------------------------------------------------------------------

NUMBER, EITHER = {"type": "number"}, {"type": ["number", "string"]}
TEXT, ID = {"type": "string"}, {"type": "string", "pattern": "^[A-Za-z0-9-]+$"}
DAY, TIME = {"type": "string", "format": "date"}, {"type": "string", "format": "time"}
TEAM = {"enum": ["sales", "Sales", "1", 1, None]}


@pytest.mark.parametrize(
    ("one", "other", "schema", "is_same"),
    [
        (1, 1.0, None, True),
        (1e400, 1e500, None, True),
        (2**53 + 1, float(2**53), None, False),
        (1, True, None, False),
        (0, False, None, False),
        (None, "null", None, False),
        (None, False, None, False),
        ("1,234.50", 1234.5, NUMBER, True),
        ("1,234,567", "1234567", NUMBER, True),
        ("1,234", 1234, NUMBER, False),  # 1.234 in other countries
        ("1,234", 1.234, NUMBER, False),
        ("1.50", 1.5, EITHER, True),
        ("1.50", "1.5", TEXT, False),
        ("1.50", 1.5, None, False),
        ("12 EUR", 12, NUMBER, False),
        ("Anna  Berg", "anna berg.", TEXT, True),
        ("Ａｎｎａ", "Anna", TEXT, True),  # noqa: RUF001
        ("Straße", "STRASSE", TEXT, True),
        ("“Anna”", "'Anna'", TEXT, True),
        ("it’s", "it's", TEXT, True),  # noqa: RUF001
        ("9–17", "9-17", TEXT, True),  # noqa: RUF001
        ("café", "cafe", TEXT, False),
        ("cafe\u0301", "café", TEXT, True),
        ("Really?", "Really.", TEXT, False),
        ("6'", '6"', TEXT, False),  # feet and inches
        ("C++", "C#", TEXT, False),
        ("...", "", TEXT, False),
        ("-5", "5", TEXT, False),
        ("ab-1", "AB-1", ID, False),
        ("ab-1", "ab-1", ID, True),
        ("sales", "Sales", TEAM, False),
        ("1", 1, TEAM, False),
        ("2026-03-01", " 2026-03-01 ", TEXT, True),
        ("2026-03-01", "2026-03-01T00:00", TEXT, False),
        ("2026-03-01T12:00Z", "2026-03-01 13:00:00+01:00", TEXT, True),
        ("2026-03-01T12:00:00.500Z", "2026-03-01t12:00:00.5z", DAY, True),
        ("2026-03-01T12:00+0000", "2026-03-01T12:00-00:00", TEXT, True),
        ("2026-03-01T12:00", "2026-03-01T12:00Z", TEXT, False),
        ("2026-02-30", "2026-03-02", DAY, False),
        ("0001-01-01T00:00+01:00", "0001-01-01T00:00+01:00", TEXT, True),
        ("03/04/2026", "04/03/2026", TEXT, False),
        ("2026-3-1", "2026-03-01", TEXT, False),
        ("10:00", "10:00:00", TIME, True),
        ("10:00", "10:00Z", TIME, False),
        ("10:99", "10:99", TIME, True),
        ("10:00", "10:00:00", TEXT, False),  # a ratio, perhaps
        ([1, 2], [2, 1], None, True),
        ([1, 1], [1], None, False),
        ([], {}, None, False),
        ({"a": 1, "b": [1, "x"]}, {"b": ["X.", 1.0], "a": 1}, None, True),
        ({"a": None}, {}, None, False),
        ({"1": 0}, [None, 0], None, False),
    ],
)
def test_what_says_the_same(one, other, schema, is_same):
    declared = compile_schema(schema).root.declared
    assert same_value(one, other, declared) is is_same
    assert (normal(one, declared) == normal(other, declared)) is is_same


def test_numbers_of_any_size_are_compared():
    """Python itself refuses the decimal text of such an integer."""
    assert same_value(10**5000, Decimal(10) ** 5000)
    assert not same_value(10**5000, 10**5000 + 1)


def test_a_key_is_small_and_tells_deep_values_apart():
    deep = [1]
    for _ in range(5000):
        deep = [deep]
    assert same_value(deep, deep)
    assert not same_value(deep, [deep])
    assert len(normal(deep).text) < 100


# -- values by vote -----------------------------------------------------------------------------


def test_the_spelling_is_that_of_an_answer():
    report = agreed('{"name": "Anna"}', '{"name": "ANNA."}', '{"name": "Berg"}')
    assert report.data in ({"name": "Anna"}, {"name": "ANNA."})
    assert counts(report) == {"": 2, "/name": 2}
    assert [one.value for one in report["name"].readings] == ["Anna", "ANNA.", "Berg"]
    assert [one.agrees for one in report["name"].readings] == [True, True, False]


def test_a_tie_goes_to_the_answer_that_agrees_most_with_the_others():
    """Each of the first two says "a" of x, and one of them is nearer to the third."""
    report = agreed(
        '{"x": 1, "y": 1, "z": 1}', '{"x": 2, "y": 2, "z": 1}', '{"x": 3, "y": 1, "z": 1}'
    )
    assert report.data["y"] == 1
    assert report.data["x"] in (1, 3)  # both share two fields with the other; 2 shares one with all
    assert counts(report)["/x"] == 1


def test_a_key_that_most_leave_out_is_left_out():
    report = agreed('{"a": 1, "b": 2}', '{"a": 1}', '{"a": 1}')
    assert report.data == {"a": 1}
    assert counts(report) == {"": 2, "/a": 3}
    report = agreed('{"a": 1, "b": 2}', '{"a": 1, "b": 2}', '{"a": 1}')
    assert report.data == {"a": 1, "b": 2}
    assert counts(report) == {"": 2, "/a": 3, "/b": 2}
    assert report["b"].readings[2].value is None
    assert report["b"].readings[2].agrees is False


def test_null_is_a_value():
    report = agreed('{"a": null}', '{"a": null}', '{"a": {"b": 1}}')
    assert report.data == {"a": None}
    assert counts(report)["/a"] == 2


def test_items_that_share_most_are_one_item():
    report = agreed(
        '[{"n": "tea", "p": 1}, {"n": "milk", "p": 2}]',
        '[{"n": "Milk", "p": 2}, {"n": "tea", "p": 3}]',
        '[{"n": "milk", "p": 2}, {"n": "Tea", "p": 1}]',
    )
    assert sorted(item["n"].lower() for item in report.data) == ["milk", "tea"]
    tea = next(i for i in (0, 1) if same_value(report[i, "n"].value, "tea"))
    assert counts(report) == {
        "": 2, f"/{tea}": 2, f"/{tea}/n": 3, f"/{tea}/p": 2,
        f"/{1 - tea}": 3, f"/{1 - tea}/n": 3, f"/{1 - tea}/p": 3,
    }  # fmt: skip


@pytest.mark.parametrize("number", range(8))
def test_items_that_share_more_are_joined_first(number):
    """Whatever their values are: ties go by these, and nothing else does."""
    one, two = f"x{number}", f"y{number}"
    report = agreed(
        json.dumps([{"a": one, "b": one, "c": 1}, {"a": two, "b": two, "c": 2}]),
        json.dumps([{"a": two, "b": two, "c": 1}, {"a": one, "b": one, "c": 2}]),
    )
    assert len(report.data) == 2
    for item in (0, 1):
        assert counts(report)[f"/{item}/a"] == counts(report)[f"/{item}/b"] == 2


def test_equal_items_are_counted():
    report = agreed('["x", "x"]', '["x", "x", "x"]', '["x"]')
    assert report.data == ["x", "x"]
    assert counts(report) == {"": 1, "/0": 3, "/1": 2}


def test_where_no_item_has_a_majority_the_list_is_somebodys():
    report = agreed('["a"]', '["b"]', '["c"]')
    assert report.data in (["a"], ["b"], ["c"])
    assert counts(report) == {"": 1, "/0": 1}
    assert agreed("[]", '["b"]', "[]").data == []


def test_a_list_that_nobody_has_says_so():
    report = agreed('["a", "b"]', '["b", "c"]', '["a", "c"]')
    assert sorted(report.data) == ["a", "b", "c"]
    assert counts(report) == {"": 0, "/0": 2, "/1": 2, "/2": 2}
    assert (report[""].confidence, report[""].basis, report[""].reason) == (0, "agreement", "")


def test_the_items_of_a_tuple_are_told_apart_by_position():
    schema = {"type": "array", "prefixItems": [{"type": "number"}] * 2, "maxItems": 2}
    report = agreed("[1, 2]", "[2, 1]", "[1, 3]", schema=schema)
    assert report.data[0] == 1
    assert counts(report)["/0"] == 2
    assert counts(report)["/1"] == 1
    again = agreed("[1, 2]", "[2, 1]", "[1, 2]", schema=schema)
    assert counts(again) == {"": 2, "/0": 2, "/1": 2}


def test_what_many_items_have_does_not_make_two_of_them_one(monkeypatch):
    """Where all are paid in euros, that tells nothing; but their names do."""
    texts = [
        json.dumps([{"name": name, "n": n + at, "in": "EUR"} for at, name in enumerate("abc")])
        for n in (1, 10, 20)
    ]
    far = texts[1].replace('"c"', '"d"')
    assert len(agreed(*texts).data) == 3
    joined = agreed(texts[0], far)
    assert max(counts(joined).values()) == 2
    assert [one.agreement.count for one in joined.leaves.values()].count(1) == 4
    monkeypatch.setattr(pairing, "COMMON", 5)  # "EUR" stands in six items
    apart = agreed(texts[0], far)
    assert sorted(item["name"] for item in apart.data)[:2] == ["a", "b"]
    assert all(counts(apart)[f"/{at}/name"] == 1 + (item["name"] in "ab")
               for at, item in enumerate(apart.data))  # fmt: skip


# -- answers that broke off, and others -----------------------------------------------------------


def test_an_answer_that_broke_off_counts_for_what_closed():
    report = agreed('{"a": 1, "b": [1, 2', '{"a": 1, "b": [1, 2]}', '{"a": 2, "b": [1, 3]}')
    assert report.status == "complete"
    assert counts(report)["/a"] == 2
    assert report.data["a"] == 1
    assert counts(report)["/b/0"] == 3
    assert report["b"].agreement.of == 3
    assert not report["b"].readings


@pytest.mark.parametrize(
    ("texts", "data"),
    [
        (['["a", "b"]', '["a", "b"]', '["a"]', '["a", ', '["a", '], ["a", "b"]),
        (['{"a": 1, "b": 2}', '{"a": 1, "b": 2}', '{"a": 1}', '{"a": 1, ', '{"a": 1, '],
         {"a": 1, "b": 2}),
    ],
)  # fmt: skip
def test_on_what_it_did_not_come_to_an_answer_has_no_vote(texts, data):
    """Two of the three that came so far have it; but two of five agree."""
    report = agreed(*texts)
    assert report.data == data
    assert list(report.leaves.values())[1].agreement.share == 0.4


def test_what_is_open_is_shared_by_nobody():
    trees = [pairing.tree_of(fc.score(saved("[1, tr"))) for _ in range(2)]
    assert pairing.Pairing().shared(*trees) == 1


def test_what_all_that_have_it_broke_off_in_is_not_taken():
    report = agreed('{"a": 1, "b": [1, ', '{"a": 1, "b": [1, ', '{"a": 1}')
    assert (report.status, report.data) == ("complete", {"a": 1})


def test_where_all_broke_off_the_report_is_that_of_one():
    report = agreed('{"a": 1, "b": [1, tr', '{"a": 1, "b": ["x')
    assert report.status == "truncated"
    assert report.data["a"] == 1
    assert report["a"].agreement.count == 2
    assert report["b"].agreement is None
    assert "truncated" in report["b"].flags


def test_a_refusal_agrees_with_nothing():
    refused = fc.score({"choices": [{"message": {"content": None, "refusal": "no"}}]})
    report = agree([refused, fc.score(saved("true")), fc.score(saved("true"))])
    assert (report.data, report[""].agreement.count, report[""].agreement.of) == (True, 2, 3)
    alone = agree([refused, refused])
    assert (alone.status, alone.fields, len(alone.requests)) == ("refused", {}, 2)


def test_a_whole_that_breaks_its_schema_is_not_made():
    """Most say "c", and most say 9, but what says "c" may not be above 3."""
    small, is_c = {"properties": {"n": {"maximum": 3}}}, {"properties": {"k": {"const": "c"}}}
    schema = {
        "type": "object", "required": ["k", "n"], "if": is_c, "then": small,
        "properties": {"k": {"enum": ["c", "d"]}, "n": {"type": "integer"}},
    }  # fmt: skip
    texts = ['{"k": "c", "n": 1}', '{"k": "c", "n": 2}', '{"k": "d", "n": 9}', '{"k": "d", "n": 9}',
             '{"k": "c", "n": 9}']  # fmt: skip
    report = agreed(*texts, schema=schema)
    assert report.data == {"k": "d", "n": 9}
    assert report.errors == ()
    assert counts(report) == {"": 2, "/k": 2, "/n": 3}
    broken = agreed('{"k": "c", "n": 9}', '{"k": "c", "n": 8}', schema=schema)
    assert broken.errors
    assert broken.data["n"] in (8, 9)


def test_there_must_be_a_report():
    with pytest.raises(fc.PayloadError, match="no reports"):
        agree([])


# -- the report ---------------------------------------------------------------------------------


class Order(BaseModel):
    name: str
    items: list[str]
    paid: bool | None = None


def test_without_logprobs_the_share_is_the_confidence():
    texts = ['{"name": "Anna", "items": ["a"]}'] * 3 + ['{"name": "Bea", "items": ["a"]}']
    report = agreed(*texts, schema=Order)
    assert report.value == Order(name="Anna", items=["a"])
    assert report.status == "complete"
    name = report["name"]
    assert (name.confidence, name.basis, name.reason) == (0.75, "agreement", "")
    assert (name.low, name.high) == tuple(wilson(3, 4))
    assert report["items"].basis == "agreement"
    assert report.confidence == 0.75
    assert report[""].basis == "least_required"


def test_with_logprobs_both_are_there():
    texts = [[('{"a":', 0.9, {}), (number, p, {"7": 0.05}), ("}", 0.9, {})]
             for number, p in (("1", 0.6), ("1", 0.7), ("2", 0.9))]  # fmt: skip
    reports = [fc.score(response(text)) for text in texts]
    report = agree(reports)
    taken = {one["a"].confidence for one in reports[:2]}
    assert report["a"].confidence in taken
    assert report["a"].basis == "joint"
    assert report["a"].agreement.share == pytest.approx(2 / 3)
    assert [one.confidence for one in report["a"].readings] == [
        one["a"].confidence for one in reports
    ]


def scored(value):
    """The report of an answer with logprobs, one token for each character."""
    return fc.score(response([(one, 0.9, {"?": 0.05}) for one in json.dumps(value)]))


def test_a_list_has_the_confidence_of_an_answer_that_has_it():
    """The medoid has another one."""
    medoid = {"w": 1, "x": 1, "y": 1, "z": 1, "l": [9]}
    values = [medoid, medoid | {"y": 2, "z": 2, "l": [1]}, medoid | {"w": 2, "x": 2, "l": [1]}]
    report = agree([scored(value) for value in values])
    assert report.data == {"w": 1, "x": 1, "y": 1, "z": 1, "l": [1]}
    assert report["l"].agreement.count == 2
    assert report["l"].basis == "list_end"


def test_a_list_that_no_answer_has_has_no_other_confidence():
    report = agree([scored(value) for value in (["a", "b"], ["b", "c"], ["a", "c"])])
    assert len(report.data) == 3
    assert (report[""].confidence, report[""].basis, report[""].end_probabilities) == (
        0,
        "agreement",
        (),
    )
    assert report["/0"].basis != "agreement"


def test_a_field_of_another_answer_keeps_its_tokens():
    one = [('{"a":', 0.9, {}), ("1", 0.9, {}), (',"b":', 0.9, {}), ("1", 0.6, {}), ("}", 0.9, {})]
    two = [('{"a":', 0.9, {}), ("2", 0.9, {}), (',"b":', 0.9, {}), ("2", 0.7, {}), ("}", 0.9, {})]
    three = [('{"a":', 0.9, {}), ("1", 0.9, {}), (',"b":', 0.9, {}), ("2", 0.8, {}), ("}", 0.9, {})]
    report = agree([fc.score(response(one)), fc.score(response(two)), fc.score(response(three))])
    assert report.data == {"a": 1, "b": 2}
    for field in report.leaves.values():
        assert b"".join(token.bytes for token in field.tokens) == str(field.value).encode()
        assert report.text[field.start : field.stop] == str(field.value)
    mixed = agree([fc.score(response(one)), fc.score(response(two))])
    assert mixed.data in ({"a": 1, "b": 1}, {"a": 2, "b": 2})


def test_the_choices_of_one_response_are_one_request():
    reports = fc.score_all(saved("[1]", "[1]", "[2]"))
    report = agree(reports)
    assert report.data == [1]
    assert report.requests == (RequestCost("sample", "m", 10, 7),)
    several = agree([fc.score(saved("[1]")), fc.score(saved("[2]"))])
    assert several.requests == (RequestCost("sample", "m", 10, 7),) * 2
    assert (several.input_tokens, several.output_tokens) == (20, 14)
    assert len(agree([report, several]).requests) == 3  # what each of them cost


@pytest.mark.parametrize("texts", [['{"a": [1, "x"]}', '{"a": ["x", 1]}'], ["[1]", "[2", "[1]"]])
def test_it_is_saved_and_sent_like_any_other(texts):
    report = agreed(*texts)
    assert Report.from_dict(report.to_dict()).to_dict() == report.to_dict()
    assert pickle.loads(pickle.dumps(report)) == report

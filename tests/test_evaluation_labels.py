"""Labels, rules and the rows that reports become."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import report_of, token

import fieldconf as fc
from fieldconf.batch import score_batch
from fieldconf.errors import EvaluationError
from fieldconf.evaluation.correctness import Rule, Rules
from fieldconf.evaluation.judged import judged, table_of
from fieldconf.evaluation.judging import ValueJudge
from fieldconf.many.output_lines import line_of
from fieldconf.report.results import Result, Results, RunSummary


def report(value, *, logprob=-0.1, schema=None, **more):
    text = value if isinstance(value, str) else json.dumps(value)
    pieces = [token(text[at : at + 3], logprob) for at in range(0, len(text), 3)]
    return report_of(*pieces, schema=schema, **more)


def rows_of(source, truths=None):
    """(document, field, right) of each row, sorted."""
    table = table_of(source, truths)
    rows = zip(table.document, table.field, table.right, strict=True)
    return sorted((table.documents[d], table.fields[f], bool(right)) for d, f, right in rows)


# -- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "answer", "truth", "right"),
    [
        ("exact", 1.0, 1, True),
        ("exact", True, 1, False),
        ("exact", "A", "a", False),
        ("number", 2, 2.0, True),
        ("number", "2", 2, False),
        ({"rule": "number", "tolerance": 0.5}, 2.5, 3, True),
        ({"rule": "number", "tolerance": 0.5}, 2.4, 3, False),
        ({"rule": "number", "relative": 0.1}, 91, 100, True),
        ({"rule": "number", "tolerance": 1}, 10**400, 10**400 + 1, False),
        ("amount", "$1,234.50", 1234.5, True),
        ("amount", "1.234,50 EUR", "1,234.50", True),
        ("amount", "12", 13, False),
        ("amount", "unknown", "Unknown", True),
        ("amount", None, 0, False),
        ("date", "22 November 2026", "2026-11-22", True),
        ("date", "22 November", "2026-11-22", False),
        ("date", "2026-11-22T00:00", "2026-11-22", True),
        ("date", "2026-11-23", "2026-11-22", False),
        ("date", "soon", "SOON ", True),
        ("text", "  Anna\nBERG ", "anna berg", True),
        ("text", "anna", None, False),
        ({"rule": "text", "drop": ["the", "Ltd"]}, "The Shop LTD", "shop", True),
        ({"rule": "text", "drop": ["the"]}, "theory", "ory", False),
        ("fuzzy", "anna schmitt", "Anna Schmidt", True),
        ({"rule": "fuzzy", "least": 0.95}, "anna schmitt", "Anna Schmidt", False),
        (lambda answer, truth: answer.startswith(truth), "abc", "ab", True),
        (lambda answer, truth: np.bool_(answer == truth), 1, 2, False),
    ],
)
def test_a_rule_says_what_is_right(rule, answer, truth, right):
    assert Rules.of({"/a": rule}).is_right(("a",), answer, truth) is right


def test_the_most_specific_rule_counts():
    rules = Rules.of({"number": "exact", "/**": "text", "/a/*": "fuzzy", "/a/0": "amount"})
    found = [rules.at(path, "x").name for path in [("a", 0), ("a", 1), ("b",)]]
    assert found == ["amount", "fuzzy", "text"]


def test_an_enum_is_compared_exactly_and_a_string_is_not():
    schema = {"properties": {"team": {"enum": ["Ops", "ops"]}, "name": {"type": "string"}}}
    answer = report({"team": "ops", "name": "ops"}, schema=schema)
    truth = [{"document": 1, "value": {"team": "Ops", "name": "Ops"}}]
    assert rows_of({1: answer}, truth) == [(1, "/name", True), (1, "/team", False)]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"/a": "amuont"}, "amount"),
        ({"/a": {"rule": "number", "tolerence": 1}}, "tolerance"),
        ({"/a": Rule}, "no rule"),
        ({"a..b": "text"}, "JSON Pointer"),
        ({"/a": {"rule": "number", "tolerance": -1}}, "tolerance"),
    ],
)
def test_what_is_no_rule_is_refused(rules, words):
    with pytest.raises(EvaluationError, match=words):
        fc.labels([{"document": 1, "a": 1}], rules=rules)


def test_a_function_that_says_neither_is_refused():
    truths = fc.labels([{"document": 1, "a": 1}], rules={"/a": lambda *_: None})
    with pytest.raises(EvaluationError, match="returned NoneType"):
        judged({1: report({"a": 1})}, truths)


# -- labels ---------------------------------------------------------------------------------------

ANSWERS = {"a": report({"team": "Sales", "total": 12}), "b": report({"team": "ops", "total": 7})}
EXPECTED = [("a", "/team", True), ("a", "/total", True), ("b", "/team", False),
            ("b", "/total", True)]  # fmt: skip
WIDE = {"document": ["a", "b"], "team": ["sales", "hr"], "total": [12, 7]}
LONG = {"document": list("aabb"), "field": ["team", "/total"] * 2,
        "value": ["sales", "12", "hr", "7"]}  # fmt: skip
WHOLE = [
    {"document": d, "value": {"team": t, "total": n}}
    for d, t, n in zip(*WIDE.values(), strict=True)
]


@pytest.mark.parametrize("columns", [WIDE, LONG])
@pytest.mark.parametrize("frame", [dict, pd.DataFrame, pl.DataFrame, pa.table])
def test_labels_come_in_a_table_of_any_kind(columns, frame):
    assert rows_of(ANSWERS, frame(columns)) == EXPECTED


def test_labels_come_in_rows_and_files(tmp_path):
    lines = tmp_path / "labels.jsonl"
    lines.write_text("\n".join(map(json.dumps, WHOLE)) + "\n\n")
    wide, long = tmp_path / "wide.csv", tmp_path / "long.csv"
    pd.DataFrame(WIDE).to_csv(wide, index=False)
    pd.DataFrame(LONG).to_csv(long, index=False)
    texts = [{**row, "value": json.dumps(row["value"])} for row in WHOLE]
    for source in (WHOLE, texts, lines, str(wide), long):
        assert rows_of(ANSWERS, source) == EXPECTED


def test_a_text_of_a_table_may_be_json_and_a_text_of_json_is_not():
    answers = {1: report({"code": "012", "count": 12, "none": None})}
    columns = {
        "document": [1] * 3,
        "field": ["code", "count", "none"],
        "value": ["012", "12", "null"],
    }
    assert all(right for *_, right in rows_of(answers, columns))
    rows = [{"document": 1, "code": "012", "count": "12", "none": "null"}]
    assert rows_of(answers, rows) == [(1, "/code", True), (1, "/count", False), (1, "/none", False)]


def test_what_a_label_does_not_mention_is_not_judged_and_null_is():
    answers = {1: report({"a": None, "b": 2}), 2: report({"a": 1, "b": 2})}
    rows = [{"document": 1, "a": None}, {"document": 2, "a": None}]
    assert rows_of(answers, rows) == [(1, "/a", True), (2, "/a", False)]
    found = judged(answers, pl.DataFrame({"document": [1, 2], "a": [None, 1], "b": [2, 2]}))
    assert (len(found.table), found.uncounted.blank) == (3, 1)


def test_two_right_values_of_one_place_are_refused_and_the_same_one_twice_is_not():
    fc.labels([{"document": 1, "a": 1}, {"document": 1, "a": 1.0}])
    with pytest.raises(EvaluationError, match="another right value") as error:
        fc.labels([{"document": 1, "a": 1}, {"document": 1, "a": 987}])
    assert error.value.row == 1
    assert "987" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ([{"a": 1}], {"id": "key"}, "no column 'key'"),
        ([{"field": "a", "value": 1}], {}, "no column 'document'"),
        ([{"document": None, "a": 1}], {}, "no id"),
        (7, {}, "no table"),
        ("labels.txt", {}, "no format"),
        ("nowhere.jsonl", {}, "cannot be read"),
    ],
)
def test_what_is_no_label_is_refused(source, options, words):
    with pytest.raises(EvaluationError, match=words):
        fc.labels(source, **options)


# -- reports --------------------------------------------------------------------------------------


def test_reports_come_in_many_ways():
    pairs = list(ANSWERS.items())
    results = [Result(i, "", "accept", r, id=name) for i, (name, r) in enumerate(pairs)]
    for source in (pairs, results, Results(results, RunSummary())):
        assert rows_of(source, WIDE) == EXPECTED
    unnamed = [Result(i, "", "accept", r) for i, r in enumerate(ANSWERS.values())]
    for source in (list(ANSWERS.values()), unnamed):
        assert rows_of(source, WIDE) == EXPECTED
    no_ids = {name: values for name, values in WIDE.items() if name != "document"}
    assert [row[1:] for row in rows_of(list(ANSWERS.values()), no_ids)] == [r[1:] for r in EXPECTED]
    with pytest.raises(EvaluationError, match="reports without ids"):
        judged(list(ANSWERS.values())[:1], WIDE)


def test_saved_reports_are_judged_like_those_in_memory(tmp_path):
    saved, lines = tmp_path / "reports.jsonl", tmp_path / "many.jsonl"
    saved.write_text("\n".join(one.to_json() for one in ANSWERS.values()))
    results = [Result(i, "", "accept", one, id=n) for i, (n, one) in enumerate(ANSWERS.items())]
    lines.write_text("\n".join(json.dumps(line_of(one, "a-b-c")) for one in results))
    assert rows_of(saved, WIDE) == rows_of(lines, WIDE) == EXPECTED


def test_rows_of_batch_that_are_cut_off_or_huge_are_judged_like_their_reports():
    huge = "9" * 5000
    texts = ['{"a": 1, "b": [1, 2', f'{{"a": {huge}, "b": []}}', '{"a": tr']
    lines, reports = [], {}
    for number, text in enumerate(texts):
        entry = {"token": text, "bytes": list(text.encode()), "logprob": -0.2}
        choice = {"message": {"content": text}, "logprobs": {"content": [entry]}}
        choice["finish_reason"] = "stop" if number == 1 else "length"
        body = {"id": str(number), "choices": [choice]}
        lines.append(json.dumps(body))
        reports[str(number)] = fc.score(body)
    truths = [{"document": str(n), "a": 1, "b": [1, 2]} for n in range(3)]
    table = score_batch(pa.record_batch({"response": [*lines, "no response"]}))
    expected = judged(reports, truths)
    for source in (table, table.to_pandas()):
        assert rows_of(judged(source, truths)) == rows_of(expected)


def test_rows_of_batch_are_judged_like_their_reports(tmp_path):
    values = {"a": {"team": "x", "items": [{"p": 1}, {"p": 2}], "none": []}, "b": {"team": "y"}}
    lines = []
    for name, value in values.items():
        text = json.dumps(value)
        entry = {"token": text, "bytes": list(text.encode()), "logprob": -0.2}
        choice = {"message": {"content": text}, "logprobs": {"content": [entry]}, "index": 0}
        lines.append({"custom_id": name, "response": {"body": {"choices": [choice]}}})
    truths = [{"document": "a", "team": "x", "items": [{"p": 2}, {"p": 3}], "none": []},
              {"document": "b", "team": "z", "none": []}]  # fmt: skip
    table = score_batch(pa.record_batch({"response": list(map(json.dumps, lines))}))
    reports = {n: fc.score(one["response"]["body"]) for n, one in zip(values, lines, strict=True)}
    expected = judged(reports, truths)
    pq.write_table(pa.table(table), tmp_path / "part.parquet")
    for source in (table, tmp_path, tmp_path / "part.parquet", table.to_pandas()):
        found = judged(source, truths)
        assert rows_of(found) == rows_of(expected)
        np.testing.assert_array_equal(found.table.confidence, expected.table.confidence)
        assert [one[:3] for one in found.details] == [one[:3] for one in expected.details]


def test_what_is_not_counted_is_reported():
    answers = {**ANSWERS, "refused": report_of(refusal="no", content=""), "other": ANSWERS["a"]}
    rows = [{"document": "a", "team": "sales", "boss": "x"}, {"document": "gone", "team": "x"},
            {"document": "b", "team": "ops"}, {"document": "refused", "team": "x"}]  # fmt: skip
    uncounted = judged(answers, rows).uncounted
    assert uncounted.documents == ("gone",)
    assert uncounted.unanswered == ("refused",)
    assert uncounted.unlabelled == 1
    assert uncounted.fields == {"/boss": 1}
    assert len(uncounted.sentences()) == 4


def test_labels_of_no_report_are_refused():
    with pytest.raises(EvaluationError, match=r"no value of these reports has a label: .*'gone'"):
        judged(ANSWERS, [{"document": "gone", "team": "x"}])


def test_a_key_that_an_answer_left_out_is_an_error_unless_null_is_right():
    answers = {1: report({"a": 1, "b": 2}), 2: report({"a": 1}), 3: report({"a": 1})}
    rows = [{"document": 1, "b": 2}, {"document": 2, "b": 2}, {"document": 3, "b": None}]
    assert rows_of(answers, rows) == [(1, "/b", True), (2, "/b", False), (3, "/b", True)]


def test_a_value_that_is_cut_off_is_wrong_and_has_no_confidence():
    cut = report('{"a": 1, "b": [1', finish_reason="length")
    found = judged({1: cut, 2: report({"c": 1})}, [{"document": 1, "a": 1, "b": [1], "c": None}])
    assert rows_of(found) == [(1, "/a", True), (1, "/b", False), (1, "/c", False)]
    assert np.isnan(found.table.confidence[~found.table.right]).all()


def test_a_bare_value_is_a_field_without_a_name():
    assert rows_of({1: report("true", schema=bool)}, [{"document": 1, "value": True}]) == [
        (1, "", True)
    ]


# -- lists ----------------------------------------------------------------------------------------


def judgements(answer, truth, rules=None):
    found = ValueJudge(Rules.of(rules)).judgements(answer, truth)
    return {one.path: one.right for one in found}


def test_items_are_matched_by_content_and_not_by_position():
    answer = [{"sku": 1, "p": 2}, {"sku": 2, "p": 5}]
    truth = [{"sku": 2, "p": 5}, {"sku": 1, "p": 3}]
    assert judgements(answer, truth) == {
        (): True, (0, "sku"): True, (0, "p"): False, (1, "sku"): True, (1, "p"): True,
    }  # fmt: skip


def test_missing_and_extra_items_are_errors_of_the_list():
    assert judgements(["a"], ["a", "b"]) == {(): False, (0,): True}
    assert judgements(["a", "x"], ["a"]) == {(): False, (0,): True, (1,): False}
    assert judgements([], ["a"]) == {(): False}
    assert judgements([], []) == {(): True}


def test_a_misspelt_item_is_one_wrong_item_and_not_two():
    assert judgements(["Ana Berg"], ["Anna Berg"]) == {(): True, (0,): False}


def test_what_no_right_item_mentions_is_not_judged_in_an_extra_one():
    found = judgements([{"a": 1, "note": "x"}, {"a": 2, "note": "y"}], [{"a": 1}])
    assert found == {(): False, (0, "a"): True, (1, "a"): False}


def test_items_are_matched_by_key_or_position_where_a_rule_says_so():
    answer, truth = [{"sku": "A", "p": 1}, {"sku": "b", "p": 2}], [{"sku": "a", "p": 2}]
    by_key = judgements(answer, truth, {"list": {"rule": "items", "key": "sku"}})
    assert by_key == {(): False, (0, "sku"): True, (0, "p"): False, (1, "sku"): False,
                      (1, "p"): False}  # fmt: skip
    assert judgements([2, 1], [1, 2], {"list": "positions"}) == {(): True, (0,): False, (1,): False}
    assert judgements([2, 1], [1, 2], {"list": "exact"}) == {(): False}
    as_sets = {"list": lambda answer, truth: set(answer) == set(truth)}
    assert judgements([2, 1, 1], [1, 2], as_sets) == {(): True}


def test_values_in_any_order_have_rows_with_a_star():
    answers = {1: report({"tags": ["x", "y"], "items": [{"p": 1}, {"p": 2}]})}
    columns = {"document": [1] * 4, "field": ["/tags/*", "/tags/*", "/items/*/p", "items[7].p"],
               "value": ["y", "z", 2, 1]}  # fmt: skip
    rows = [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
    assert rows_of(answers, rows) == [
        (1, "/items", False), (1, "/items/*/p", False), (1, "/items/*/p", True),
        (1, "/tags", False), (1, "/tags/*", False), (1, "/tags/*", True),
    ]  # fmt: skip


# -- verdicts -------------------------------------------------------------------------------------


def verdict(document, field, right, **more):
    return {"document": document, "field": field, "right": right, **more}


def test_a_label_may_say_only_whether_the_answer_is_right():
    rows = [verdict("a", "/team", False), verdict("a", "total", True), verdict("b", "/team", None)]
    found = judged(ANSWERS, rows)
    assert rows_of(found) == [("a", "/team", False), ("a", "/total", True)]
    assert found.uncounted.blank == 1
    truths = {one.pointer: (one.truth, one.is_truth_known) for one in found.details}
    assert truths == {"/team": (None, False), "/total": (12, True)}


def test_a_verdict_is_of_the_value_that_was_judged():
    rows = [verdict("a", "/team", False, answer="hr"), verdict("a", "/total", True, answer=12.0)]
    found = judged(ANSWERS, rows)
    assert rows_of(found) == [("a", "/total", True)]
    assert found.uncounted.others == 1
    assert "1 verdict is on another value" in found.uncounted.sentences()
    with pytest.raises(EvaluationError, match="1 verdict is on another value"):
        judged(ANSWERS, rows[:1])


def test_rows_may_have_a_verdict_or_a_right_value():
    rows = [verdict("a", "/team", True, **{"right value": "sales"}), verdict("b", "/team", False),
            verdict("b", "/total", False, **{"right value": 8})]  # fmt: skip
    assert rows_of(ANSWERS, rows) == [
        ("a", "/team", True), ("b", "/team", False), ("b", "/total", False)
    ]  # fmt: skip
    with pytest.raises(EvaluationError, match="another right value"):
        fc.labels([verdict("a", "/team", True), verdict("a", "/team", False)])


def test_a_verdict_on_a_list_says_nothing_of_its_items():
    answers = {1: report({"tags": ["x", "y"], "all": ["z"]})}
    rows = [verdict(1, "/tags", True, answer=["x", "y"]), verdict(1, "/tags/1", False)]
    assert rows_of(answers, rows) == [(1, "/tags", True), (1, "/tags/*", False)]


def test_the_label_of_a_place_counts_and_not_that_of_what_is_around_it():
    answers = {1: report({"tags": ["x", "y"]})}
    rows = [{"document": 1, "field": "/tags", "value": ["x", "y"]}, verdict(1, "/tags/1", False)]
    assert rows_of(answers, rows) == [
        (1, "/tags", True),
        (1, "/tags/*", False),
        (1, "/tags/*", True),
    ]


def test_a_threshold_is_not_fitted_to_values_of_which_only_the_wrong_one_is_known():
    schema = {"properties": {"team": {"enum": ["a", "b"]}}}
    answers = {n: report({"team": "ab"[n % 2]}, schema=schema) for n in range(8)}
    rows = [verdict(n, "/team", n > 2, answer="ab"[n % 2]) for n in range(8)]
    from fieldconf.calibration.labelled_tables import choices_of

    found = [each.truth for each in choices_of(fc.labels(rows), answers, "/team")]
    assert found == ['"b"', '"a"'] * 2 + ['"b"']


def test_numbers_of_some_reports_without_ids_are_labels_of_these():
    head = {"labelling": 1, "ids": False, "reports": 2}
    answers = list(ANSWERS.values())
    rows = [head, verdict("1", "/team", True, answer="ops")]
    assert rows_of(answers, rows) == [("1", "/team", True)]
    with pytest.raises(EvaluationError, match="labels of 2 documents"):
        judged(answers[:1], rows)

"""``score_batch``: columns of every kind, responses of every kind, and what is wrong with both."""

import json
import pickle
import sys
from decimal import Decimal
from typing import Literal

import pyarrow as pa
import pytest
from pydantic import BaseModel
from wire_samples import INDEX, PAYLOADS

import fieldconf as fc
from fieldconf import strategies
from fieldconf.batch import output_schema, score_batch
from fieldconf.batch.rows import COLUMNS
from fieldconf.errors import (
    MissingPackageError,
    PayloadError,
    PolicyError,
    SchemaError,
)
from fieldconf.tokens.token import Token


class Customer(BaseModel):
    name: str
    vip: bool | None = None


class Ticket(BaseModel):
    team: Literal["billing", "sales"]
    customer: Customer
    topics: list[str] = []


TICKET = {"team": "billing", "customer": {"name": "Ann", "vip": True}, "topics": ["refund", "bill"]}


def response(value=TICKET, *, text=None, choices=1, **more):
    """A response of a chat endpoint, each token a character, as a dict."""
    text = json.dumps(value) if text is None else text
    entries = [{"token": char, "logprob": -0.01} for char in text]
    listed = [
        {"index": place, "message": {"content": text}, "logprobs": {"content": entries}} | more
        for place in range(choices)
    ]
    return {"id": "chatcmpl-7", "choices": listed}


def rows_of(*responses, schema=None, **options):
    texts = [one if isinstance(one, (str, type(None))) else json.dumps(one) for one in responses]
    batch = pa.record_batch({"response": pa.array(texts, pa.string())})
    return score_batch(batch, schema, **options).to_pylist()


def column(array):
    return pa.RecordBatch.from_arrays([array], names=["response"])


# -- columns --------------------------------------------------------------------------------------

TEXTS = [json.dumps(response()), "oops", None, ""]
BYTES = [text and text.encode() for text in TEXTS]
ARRAYS = {
    "string": pa.array(TEXTS, pa.string()),
    "large_string": pa.array(TEXTS, pa.large_string()),
    "binary": pa.array(BYTES, pa.binary()),
    "large_binary": pa.array(BYTES, pa.large_binary()),
    "string_view": pa.array(TEXTS, pa.string_view()),
    "binary_view": pa.array(BYTES, pa.binary_view()),
    "dictionary": pa.array(TEXTS, pa.string()).dictionary_encode(),
}
NOTHING = pa.nulls(2)


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_texts_and_bytes_of_every_type_are_read_alike(array):
    expected = score_batch(column(ARRAYS["string"]), Ticket)
    assert score_batch(column(array), Ticket).equals(expected)
    assert [row["status"] for row in expected.to_pylist()] == ["complete"] * 8 + ["error"] * 3


def test_a_column_of_nothing_and_one_of_fixed_size():
    found = score_batch(column(NOTHING)).to_pylist()
    assert [row["reason"].split(".")[0] for row in found] == ["the response is empty"] * 2
    fixed = pa.array([b"oops", b"true"], pa.binary(4))
    assert {row["status"] for row in score_batch(column(fixed)).to_pylist()} == {"error"}


def test_structs_are_read_as_their_json():
    """And lists of them as the chunks of a stream; what a struct lacks is null there."""
    whole = score_batch(column(pa.array([response(), None])), Ticket).to_pylist()
    assert whole == rows_of(response(), None, schema=Ticket)
    case = strategies.Case(bool, True, "true", (Token("true", None, -0.5),))
    chunks = score_batch(column(pa.array([case.chunks])), bool).to_pylist()
    assert [row["value"] for row in chunks] == ["true"]
    assert chunks[0]["logprob"] == -0.5


def test_the_other_columns_are_repeated_for_each_row():
    texts = [json.dumps(response()), "oops", json.dumps(response(True))]
    batch = pa.record_batch({
        "source": pa.array(["a", "b", "a"]).dictionary_encode(),
        "saved": texts,
        "more": [{"x": [1]}, {"x": []}, None],
    })  # fmt: skip
    found = score_batch(batch, column="saved")
    assert found.schema.names[:2] == ["source", "more"]
    assert found.schema.field("source") == batch.schema.field("source")
    assert found.column("source").to_pylist() == ["a"] * 8 + ["b", "a"]
    assert found.column("more").to_pylist() == [{"x": [1]}] * 8 + [{"x": []}, None]


def test_a_batch_without_rows_has_the_columns():
    empty = column(pa.array([], pa.string()))
    for wide in (False, True):
        found = score_batch(empty, Ticket, wide=wide)
        assert found.num_rows == 0
        assert found.schema == output_schema(empty.schema, Ticket, wide=wide)


def test_what_pandas_noted_about_the_rows_is_not_kept():
    batch = column(pa.array([json.dumps(response())]))
    noted = batch.replace_schema_metadata({"pandas": "{}"})
    assert score_batch(noted).schema.metadata is None


# -- responses ------------------------------------------------------------------------------------


def test_values_are_plain_texts_with_the_json_as_it_was_written_beside_them():
    text = (
        '{"a": 49.90, "b": "caf\\u00e9", "c": [], "d": 1e2, "e": 123456789012345678901234567890,'
        ' "f": null, "g": "", "h": true, "i": "null"}'
    )
    rows = rows_of(response(text=text))
    assert {row["pointer"]: (row["value"], row["value_json"]) for row in rows} == {
        "": (None, None), "/a": ("49.90", "49.90"), "/b": ("café", '"caf\\u00e9"'),
        "/c": ("[]", "[]"), "/d": ("1e2", "1e2"), "/e": ("123456789012345678901234567890",) * 2,
        "/f": (None, "null"), "/g": ("", '""'), "/h": ("true", "true"), "/i": ("null", '"null"'),
    }  # fmt: skip


class Bill(BaseModel):
    total: Decimal
    paid: Decimal | None = None
    code: float | str
    mixed: Literal["a", 1, True]


def test_numbers_and_decimals_are_numbers_in_the_wide_form():
    """Also a ``Decimal`` that was written as a text; the text is beside it, digit for digit."""
    bills = [
        {"total": "12.50", "paid": 0.1, "code": "EUR", "mixed": 1},
        {"total": 1e2, "paid": None, "code": 5, "mixed": "a"},
        {"total": "none", "paid": "NaN", "code": "5", "mixed": True},
    ]
    rows = rows_of(*map(response, bills), schema=Bill, wide=True)
    names = ("total", "total.json", "paid", "paid.json", "code", "code.json", "mixed")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (12.5, '"12.50"', 0.1, "0.1", "EUR", '"EUR"', "1"),
        (100.0, "100.0", None, "null", "5", "5", "a"),
        (None, '"none"', None, '"NaN"', "5", '"5"', "true"),
    ]
    types = types_of(Bill)
    assert types == {"total": "double", "paid": "double", "code": "string", "mixed": "string"}


def test_a_digit_that_a_double_does_not_hold_is_in_the_text_beside_it():
    exact = "0.12345678901234567890"
    (row,) = rows_of(response(text=f'{{"n": {exact}}}'), wide=True,
                     schema={"properties": {"n": {"type": "number"}}})  # fmt: skip
    assert (row["n"], row["n.json"]) == (0.12345678901234568, exact)


def test_a_schema_file_is_read_again_when_it_is_another_one(tmp_path, monkeypatch):
    """Counterexample: a relative name stood for the first file that had it, in any folder."""
    batch = pa.schema({"response": "string"})
    for folder, type_, column in (("a", "boolean", "bool"), ("b", "string", "string")):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        schema = {"properties": {"n": {"type": type_}}}
        (tmp_path / folder / "schema.json").write_text(json.dumps(schema))
        types = output_schema(batch, "schema.json", wide=True)
        assert str(types.field("n").type) == column
    (tmp_path / "b" / "schema.json").write_text('{"properties": {"n": {"type": "boolean"}}}')
    assert str(output_schema(batch, "schema.json", wide=True).field("n").type) == "bool"


def test_a_whole_answer_has_the_outcome_and_the_reason_of_its_report():
    whole, *_ = rows_of(response({"team": "hr", "customer": {"name": "A"}}), schema=Ticket)
    report = fc.score(response({"team": "hr", "customer": {"name": "A"}}), Ticket)
    assert (whole["pointer"], whole["outcome"]) == ("", report.outcome)
    cut = response(text='{"team": "bil', finish_reason="length")
    first, *rest = rows_of(cut, schema=Ticket)
    assert first["status"] == "truncated"
    assert "raise max_tokens" in first["reason"]
    assert [(row["pointer"], row["value"], row["confidence"]) for row in rest] == [
        ("/team", None, None)
    ]


def test_each_choice_and_each_tool_call_has_its_rows():
    rows = rows_of(response(True, choices=2))
    assert [(row["choice"], row["value"]) for row in rows] == [(0, "true"), (1, "true")]
    calls = [{"id": "1", "type": "function", "function": {"name": "a", "arguments": text}}
             for text in ('{"x":1}', '{"y":2}')]  # fmt: skip
    message = {"message": {"content": None, "tool_calls": calls}}
    pointers = [row["pointer"] for row in rows_of({"choices": [message]})]
    assert pointers == ["", "/x", "", "/y"]


ENDINGS = {
    "refused": {"choices": [{"message": {"content": None, "refusal": "I cannot"}}]},
    "text": response(text="I would say so."),
    "truncated": response(text='{"a": 1'),
    "no_logprobs": {"choices": [{"message": {"content": '{"a": 1}'}}]},
}


@pytest.mark.parametrize("status", ENDINGS)
def test_answers_that_are_none_say_so(status):
    first, *_ = rows_of(ENDINGS[status])
    assert first["status"] == status
    assert first["reason"]
    assert first["outcome"] == "reject"
    assert first["confidence"] is None


FAILURES = {
    "nothing": None,
    "no JSON": "oops",
    "a page": "<html>",
    "half a line": '{"id": "chatcmpl-1", "choices": [{"mess',
    "another thing": '{"hello": 1}',
    "a list of it": "[[1]]",
    "nested deep": "[" * 100_000,
    "a server's error": '{"error": {"message": "no such model"}}',
    "no logprobs there": '{"error": {"message": "logprobs is not supported with this model"}}',
    "a bad request": {"id": "b", "custom_id": "c", "error": None, "response": {
        "status_code": 400, "body": {"error": {"message": "no such model"}}}},
    "a failed line": {"id": "b", "custom_id": "c", "response": None,
                      "error": {"code": "batch_expired", "message": "it expired"}},
    "a line of nothing": {"id": "b", "custom_id": "c", "response": None, "error": None},
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("wide", [False, True])
def test_what_is_no_response_has_one_row_that_says_why(name, wide):
    """And those around it are as they were."""
    before, row, *after = rows_of("0", FAILURES[name], response(), schema=Ticket, wide=wide)
    assert before["status"] == row["status"] == "error"
    known = {key: value for key, value in row.items() if value is not None}
    assert known.keys() <= {"response_id", "custom_id", "status", "reason"}
    assert row["reason"]
    assert [one for one in after if one["status"] != "complete"] == []
    assert after


def test_a_line_of_a_batch_has_the_names_that_join_it():
    body = response()
    status = {"status_code": 200, "request_id": "r"}
    line = {"id": "batch_req_1", "custom_id": "row-17", "response": status | {"body": body}}
    azure = {"custom_id": "row-18", "response": {"body": body} | status, "error": None}
    plain = rows_of(body, schema=Ticket)
    for one in (line, azure):
        named = {"response_id": "chatcmpl-7", "custom_id": one["custom_id"]}
        assert rows_of(one, schema=Ticket) == [row | named for row in plain]
    failed = rows_of(FAILURES["a bad request"])[0]
    assert (failed["response_id"], failed["custom_id"]) == ("b", "c")
    assert "no such model" in failed["reason"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"id": "a\\u00e9\\"b", "choices": []}', 'aé"b'),
        ('{"object": "x", "id": "later", "choices": []}', "later"),
        ('{"object": "x", "choices": [{"id": "inner"}]}', None),
        ('{"responseId": "g-1", "candidates": []}', "g-1"),
        ('{"id": 7, "generated_text": "1"}', "7"),
        ('{"id": null}', None),
        ('{"id": {"odd": 1}, "choices": []}', None),
        ('data: {"id": "s-1", "choices": []}\n\ndata: [DONE]\n\n', "s-1"),
        ('event: message\ndata: {"id": "s-2"}', "s-2"),
        ('[{"id": "l-1"}, {"id": "l-2"}]', "l-1"),
        ('{"id": "n-1"}\n{"id": "n-1"}', "n-1"),
        ('{"id": "\\x"}', None),
    ],
)
def test_the_id_is_the_responses_own(text, expected):
    assert {row["response_id"] for row in rows_of(text)} == {expected}


def test_keys_of_a_batch_line_inside_of_a_response_make_no_line_of_it():
    text = '{"custom_id":"x","status_code":7}'
    assert {row["custom_id"] for row in rows_of(response(text=text))} == {None}
    entry = {"token": '"custom_id"', "logprob": -0.1}
    marked = {"choices": [{"message": {"content": '"custom_id"'},
                           "logprobs": {"content": [entry]}}]}  # fmt: skip
    assert [row["value"] for row in rows_of(marked)] == ["custom_id"]


def test_text_that_arrow_cannot_hold_is_escaped():
    """A lone surrogate is written as JSON's escape of it, in names and in the wide form, too."""
    text = '{"k\\ud800": "v\\ud800"}'
    rows = rows_of(response(text=text))
    assert [row["pointer"] for row in rows] == ["", "/k\\ud800"]
    assert rows[1]["value"] == "v\\ud800"
    assert json.loads(rows[1]["value_json"]) == "v\ud800"
    schema = {"properties": {"team": {"type": "string"}}}
    other = response(text='{"team": "v\\ud800"}')
    assert rows_of(other, schema=schema, wide=True)[0]["team"] == "v\\ud800"


def test_an_answer_of_any_depth_takes_no_more_room_than_its_text():
    depth = 1000
    rows = rows_of(response(text="[" * depth + "]" * depth))
    assert len(rows) == depth
    assert sum(len(row["value"] or "") for row in rows) == 2


def test_a_function_that_fails_fails_for_its_response_only():
    """A job over a million responses does not end at one of them."""

    def look_up(text):
        return {"billing": "billing"}[text]

    odd = response({"team": "sales", "customer": {"name": "Ann"}})
    with pytest.raises(KeyError):
        fc.score(odd, Ticket, match=look_up)
    rows = rows_of(odd, "oops", schema=Ticket, match=look_up)
    assert [row["status"] for row in rows] == ["error", "error"]
    assert "KeyError" in rows[0]["reason"]


@pytest.mark.parametrize("wide", [False, True])
def test_every_sample_may_stand_in_one_batch(wide):
    texts = [(PAYLOADS / f"{name}.json").read_text("utf-8") for name in INDEX]
    schema = Ticket if wide else None
    found = rows_of(*texts, schema=schema, wide=wide)
    alone = [row for text in texts for row in rows_of(text, schema=schema, wide=wide)]
    assert found == alone
    assert {row["status"] for row in found} >= {"complete", "error", "no_logprobs"}


# -- arguments ------------------------------------------------------------------------------------

BATCH = column(pa.array([json.dumps(response())]))


def test_the_columns_are_those_that_were_agreed_on():
    names = [
        "response_id", "custom_id", "choice", "status", "pointer", "path", "value",
        "value_json", "kind", "confidence", "low", "high", "logprob", "basis", "outcome", "reason",
    ]  # fmt: skip
    assert [column.name for column in COLUMNS] == names
    assert output_schema(BATCH.schema).names == names


def test_a_policy_judges_the_fields():
    lenient, strict = (rows_of(response(), policy={"accept": accept, "review": 0})
                       for accept in (0.1, 1.0))  # fmt: skip
    outcomes = [{row["outcome"] for row in rows if row["kind"] == "string"}
                for rows in (lenient, strict)]  # fmt: skip
    assert outcomes == [{"accept"}, {"review"}]


def test_a_mask_and_a_match_are_handed_on():
    loose = rows_of(response({"team": "Billing"}), schema=Ticket, match="loose")
    exact = rows_of(response({"team": "Billing"}), schema=Ticket)
    bases = [rows[1]["basis"] for rows in (loose, exact)]
    reports = [fc.score(response({"team": "Billing"}), Ticket, match=match)
               for match in ("loose", "exact")]  # fmt: skip
    assert bases == [report["/team"].basis for report in reports]
    assert len({*bases}) == 2


@pytest.mark.parametrize(
    ("error", "options"),
    [
        (PayloadError, {"column": "nowhere"}),
        (SchemaError, {"schema": 12}),
        (SchemaError, {"schema": "nowhere.at.all:Model"}),
        (SchemaError, {"wide": True}),
        (PolicyError, {"policy": {"accept": 2}}),
        (PolicyError, {"policy": {"fields": {"/nowhere": 0.5}}, "schema": Ticket}),
    ],
)
def test_what_is_wrong_for_all_responses_raises(error, options):
    with pytest.raises(error):
        score_batch(BATCH, **options)


def test_a_column_that_holds_something_else_or_has_a_name_of_ours_raises():
    with pytest.raises(PayloadError, match="int64"):
        score_batch(column(pa.array([1])))
    with pytest.raises(PayloadError, match="'status'"):
        score_batch(pa.record_batch({"status": ["a"], "response": ["b"]}))
    with pytest.raises(PayloadError, match="to_batches"):
        score_batch(pa.Table.from_batches([BATCH]))


def test_without_pyarrow_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match=r'pip install "fieldconf\[batch\]"'):
        score_batch(BATCH)


def test_a_schema_may_be_named_by_a_text(tmp_path, monkeypatch):
    """So that it travels to other processes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batch_shop.py").write_text(
        "from pydantic import BaseModel\nclass Answer(BaseModel):\n    team: str\n"
    )
    schema = {"type": "object", "properties": {"team": {"type": "string"}}, "required": ["team"]}
    (tmp_path / "batch_shop.json").write_text(json.dumps(schema))
    expected = score_batch(BATCH, schema, wide=True).column("team")
    names = ["batch_shop.py:Answer", "batch_shop:Answer", "batch_shop.py", "batch_shop.json"]
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in names:
        assert score_batch(BATCH, name, wide=True).column("team").equals(expected)
    for name in ("batch_shop", "batch_shop:Nobody", "nowhere.json", "nowhere.py:Answer"):
        with pytest.raises(SchemaError):
            score_batch(BATCH, name, wide=True)


def test_the_function_can_be_sent_to_another_process():
    assert pickle.loads(pickle.dumps(score_batch)) is score_batch


# -- the wide form --------------------------------------------------------------------------------


def types_of(schema):
    found = output_schema(BATCH.schema, schema, wide=True)
    left = found.names[found.names.index("reason") + 1 :]
    types = {}
    while left:
        name, *left = left
        types[name] = str(found.field(name).type)
        is_beside = left[0] == name + ".json"
        assert left[is_beside] == name + ".confidence"
        left = left[is_beside + 1 :]
    return types


def test_columns_have_the_types_that_are_declared():
    class All(BaseModel):
        text: str | None
        whole: int
        few: Literal[1, 2, None]
        real: float
        yes: bool
        either: int | str
        many: list[int]
        free: dict[str, int]
        inner: Customer | None
        itself: "All | None" = None

    assert types_of(All) == {
        "text": "string", "whole": "int64", "few": "int64", "real": "double", "yes": "bool",
        "either": "string", "many": "string", "free": "string", "inner.name": "string",
        "inner.vip": "bool", "itself": "string",
    }  # fmt: skip
    assert types_of({"type": "integer"}) == {"value": "int64"}


def test_a_wide_row_has_the_values_and_their_confidences():
    (row,) = rows_of(response(), schema=Ticket, wide=True)
    report = fc.score(response(), Ticket)
    assert row["team"] == "billing"
    assert row["customer.name.confidence"] == report["/customer/name"].confidence
    assert row["customer.vip"] is True
    assert json.loads(row["topics"]) == ["refund", "bill"]
    assert row["topics.confidence"] == report["/topics"].confidence
    assert (row["outcome"], row["status"]) == (report.outcome, "complete")


def test_the_confidence_of_a_wide_row_is_none_of_its_bounds():
    row = {"token": "true", "logprob": -0.5}
    entry = row | {"top_logprobs": [row, {"token": "false", "logprob": -2.0}]}
    saved = {"choices": [{"message": {"content": "true"}, "logprobs": {"content": [entry]}}]}
    report = fc.score(saved, bool)
    assert report[""].low < report[""].confidence < report[""].high
    (found,) = rows_of(saved, schema=bool, wide=True)
    assert (found["value"], found["value.confidence"]) == (True, report[""].confidence)


def test_a_field_whose_name_is_taken_goes_by_its_pointer():
    schema = {"properties": {
        "status": {"type": "string"}, "a.b": {"type": "string"},
        "a": {"type": "object", "properties": {"b": {"type": "string"}}},
        "choice.confidence": {"type": "number"}, "choice": {"type": "string"},
    }}  # fmt: skip
    assert [*types_of(schema)] == ["/status", "a.b", "/a/b", "choice.confidence", "/choice"]
    (row,) = rows_of(response({"status": "open"}), schema=schema, wide=True)
    assert (row["status"], row["/status"]) == ("complete", "open")
    assert row["/status.confidence"] is not None


def test_the_columns_of_the_batch_take_their_names_first():
    batch = pa.record_batch({"line": [3], "response": [json.dumps(response({"line": "x"}))]})
    schema = {"properties": {"line": {"type": "string"}}}
    (row,) = score_batch(batch, schema, wide=True).to_pylist()
    assert (row["line"], row["/line"]) == (3, "x")
    assert score_batch(batch, schema, wide=True).schema.names[-2:] == ["/line", "/line.confidence"]


def test_a_value_of_another_type_than_its_column_is_null():
    properties = {"n": {"type": "integer"}, "r": {"type": "number"}, "s": {"type": "string"}}
    schema = {"properties": properties}
    odd = [{"n": "x", "r": True, "s": 1}, {"n": 2**63, "r": 10**30, "s": "1"}, {"n": -2.0, "r": 1}]
    odd.append({"n": 1.5, "r": None, "s": None})
    rows = rows_of(*map(response, odd), schema=schema, wide=True)
    assert [(row["n"], row["r"], row["s"]) for row in rows] == [
        (None, None, None), (None, 1e30, "1"), (-2, 1.0, None), (None, None, None),
    ]  # fmt: skip
    huge = response(text='{"n": 1e999, "r": 1' + "0" * 5000 + "}")
    (row,) = rows_of(huge, schema=schema, wide=True)
    assert (row["n"], row["r"]) == (None, float("inf"))
    assert Decimal(rows_of(huge)[2]["value"]) == 10**5000


def test_of_several_choices_each_is_a_row():
    rows = rows_of(response(choices=2), schema=Ticket, wide=True)
    assert [row["choice"] for row in rows] == [0, 1]

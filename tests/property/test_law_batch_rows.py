"""Law: "The rows of a batch say what ``score_all`` says, in any division of it into batches"."""

import json

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf import strategies
from fieldconf.batch import output_schema, score_batch
from fieldconf.batch.run_summary import BINS, BatchSummary
from fieldconf.errors import FieldconfError
from fieldconf.parsing.kinds import same

JUNK = ("", "oops", "[1, 2", "{}", "\ufeff", '{"error": {"message": "no such model"}}',
        '{"choices": [{"message": {"content": null, "refusal": "I cannot"}}]}',
        '{"choices": [{"message": {"content": "no JSON"}}]}',
        '{"custom_id": "c", "response": null, "error": {"message": "expired"}}')  # fmt: skip
NUMBERS = ("confidence", "low", "high", "logprob")


def text_of(payload):
    if isinstance(payload, bytes):
        return payload.decode()
    return payload if isinstance(payload, str) else json.dumps(payload)


def saved(schema):
    """Responses as people keep them, and what is none."""
    cases = strategies.completions(schema)
    return cases.flatmap(strategies.payloads).map(text_of) | st.sampled_from(JUNK)


@st.composite
def batches(draw):
    """A schema, and answers to it in all dialects."""
    schema = draw(strategies.schemas())
    return schema, draw(st.lists(saved(schema), max_size=4))


def batch_of(texts):
    keys = pa.array([f"key {place}" for place in range(len(texts))], pa.string())
    return pa.record_batch({"key": keys, "response": pa.array(texts, pa.string())})


def reports_of(text, schema):
    """What ``score_all`` says; None where it raises."""
    try:
        return fc.score_all(text, schema)
    except FieldconfError:
        return None


def rows_by_response(table, texts):
    rows = table.to_pylist()
    return [[row for row in rows if row["key"] == f"key {i}"] for i in range(len(texts))]


def star(path):
    return tuple("*" if isinstance(step, int) else step for step in path)


def check_field(row, field, report):
    assert row["path"] == fc.paths.pointer(star(field.path))
    assert (row["kind"], row["basis"]) == (field.kind, field.basis)
    assert [row[name] for name in NUMBERS] == [getattr(field, name) for name in NUMBERS]
    if not field.is_leaf or "truncated" in field.flags:
        assert row["value"] is row["value_json"] is None
    else:
        assert same(json.loads(row["value_json"]), field.value)
        plain = {"string": field.value, "null": None}.get(field.kind, row["value_json"])
        assert row["value"] == plain
    if not field.path:
        assert row["outcome"] == report.outcome
        return
    verdict = report.verdicts.get(field.pointer)
    assert row["outcome"] == (verdict and verdict.outcome)
    reasons = [one.sentence for one in verdict.reasons] if verdict else [field.reason]
    assert (row["reason"] or "") == "; ".join(reasons)


@settings(max_examples=50)
@given(batches())
@example(({}, ['{"choices": [{"message": {"content": "12"}}]}']))
@example(({"type": "object"}, list(JUNK)))
def test_the_rows_are_the_fields_of_the_reports(drawn):
    """Law: "The rows say what the reports of ``score_all`` say, field by field"."""
    schema, texts = drawn
    found = score_batch(batch_of(texts), schema)
    assert found.schema == output_schema(batch_of(texts).schema, schema)
    for text, rows in zip(texts, rows_by_response(found, texts), strict=True):
        reports = reports_of(text, schema)
        if reports is None:
            assert [(row["status"], row["pointer"]) for row in rows] == [("error", None)]
            assert rows[0]["reason"]
            continue
        left = iter(rows)
        for report in reports:
            for name, field in report.fields.items():
                row = next(left)
                assert (row["pointer"], row["status"]) == (name, report.status)
                assert row["choice"] == report.choice
                check_field(row, field, report)
            if not report.fields:
                row = next(left)
                assert (row["pointer"], row["status"]) == (None, report.status)
                assert row["reason"]
        assert next(left, None) is None


@settings(max_examples=30)
@given(batches(), st.booleans(), st.data())
def test_cutting_a_batch_changes_nothing(drawn, wide, data):
    """Law: "In any division of a batch into smaller ones the rows are the same", and the counts."""
    schema, texts = drawn
    whole = batch_of(texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(texts)), max_size=3)))
    pairs = list(zip([0, *cuts], [*cuts, len(texts)], strict=True))
    parts = [
        score_batch(whole.slice(first, last - first), schema, wide=wide) for first, last in pairs
    ]
    found = score_batch(whole, schema, wide=wide)
    assert pa.Table.from_batches(parts).to_pylist() == found.to_pylist()
    assert found.schema == output_schema(whole.schema, schema, wide=wide)

    counted, merged = BatchSummary(), BatchSummary()
    counted.add(found)
    for part in parts:
        one = BatchSummary()
        one.add(part)
        merged.merge(one)
    assert merged.to_dict() == counted.to_dict()


@settings(max_examples=30)
@given(batches())
def test_a_line_of_a_batch_api_says_what_its_body_says(drawn):
    """Law: "A line of OpenAI's Batch output has the rows of its body, and its ``custom_id``"."""
    schema, texts = drawn
    bodies = [text for text in texts if is_body(text)]
    lines = [
        json.dumps({"id": "batch_req_1", "custom_id": f"row-{place}", "error": None,
                    "response": {"status_code": 200, "body": json.loads(text)}})
        for place, text in enumerate(bodies)
    ]  # fmt: skip
    plain = score_batch(batch_of(bodies), schema).to_pylist()
    listed = score_batch(batch_of(lines), schema).to_pylist()
    for bare, line in zip(plain, listed, strict=True):
        own = {"custom_id": line["key"].replace("key ", "row-")}
        if bare["response_id"] is None:
            own["response_id"] = "batch_req_1"
        assert line == bare | own


def is_body(text):
    """Whether a text is a response that a line of a batch can have as its body."""
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and not {"error", "custom_id"} & found.keys()


@settings(max_examples=50)
@given(batches())
def test_the_wide_form_is_the_long_form_pivoted(drawn):
    """Law: "Wide is one row a response, and each of its cells stands in the long form"."""
    schema, texts = drawn
    long = score_batch(batch_of(texts), schema)
    wide = score_batch(batch_of(texts), schema, wide=True)
    pairs = zip(rows_by_response(long, texts), rows_by_response(wide, texts), strict=True)
    for text, (rows, answers) in zip(texts, pairs, strict=True):
        reports = reports_of(text, schema) or [None]
        assert len(answers) == len(reports)
        if len(reports) > 1:
            continue
        row, report = answers[0], reports[0]
        for name in ("response_id", "custom_id", "choice", "status"):
            assert row[name] == rows[0][name]
        assert row["outcome"] == (report and report.outcome)
        reasons = report and [one for one in report.verdicts.values() if one.reasons]
        assert bool(row["reason"]) == bool(report is None or report.reason or reasons)
        known = {one["pointer"]: one for one in rows}
        for pointer, name in cells(schema):
            long_row = known.get(pointer)
            confidence = row[name + ".confidence"]
            assert confidence == (long_row and long_row["confidence"])
            check_cell(row[name], long_row, report, wide.schema.field(name).type)
            if name + ".json" in row and long_row and long_row["kind"] not in ("object", "array"):
                assert row[name + ".json"] == long_row["value_json"]


def cells(schema):
    """The pointers of the cells of a schema and the names of their columns."""
    names = output_schema(batch_of([]).schema, schema, wide=True).names
    pairs = [(name, name + ".confidence") for name in names[names.index("reason") + 1 :]]
    for name in (name for name, confidence in pairs if confidence in names):
        pointers = [fc.paths.pointer(path) for path in ways(schema)]
        dotted = {".".join(path): fc.paths.pointer(path) for path in ways(schema)}
        yield (name if name in pointers else dotted[name]), name


def ways(schema):
    """All paths of keys down to some depth, by the library's own declarations."""
    place = fc.schema.compile_schema(schema).as_requested.root
    found = []

    def walk(place, path):
        found.append(path)
        if len(path) < 8:
            for key in place.declared.keys:
                walk(place.inside(key), (*path, key))

    walk(place, ())
    return found


def check_cell(value, long_row, report, type_):
    field = report.fields[long_row["pointer"]] if long_row else None
    if field is None or "truncated" in field.flags:
        assert value is None
    elif type_ == pa.string():
        is_text = field.kind == "string" and value == field.value
        is_nothing = field.kind != "string" and value is None  # also null in a column of texts
        assert is_text or is_nothing or same(json.loads(value), field.value)
    elif value is not None:
        assert value == field.value
    elif field.kind != "null":
        assert field.kind not in {pa.bool_(): ("boolean",)}.get(type_, ("number",)) or (
            abs(field.value) >= 2**63 or field.value % 1
        )


@settings(max_examples=30)
@given(batches())
def test_a_summary_counts_what_is_there(drawn):
    """Law: "Each answer, and each field, is counted once"."""
    schema, texts = drawn
    found = score_batch(batch_of(texts), schema)
    rows = found.to_pylist()
    total = BatchSummary()
    total.add(found)
    assert (total.rows, sum(total.statuses.values())) == (len(rows), total.responses)
    assert total.responses == sum(not row["pointer"] for row in rows)
    assert sum(total.reasons.values()) == sum(row["pointer"] is None for row in rows)
    fields = [row for row in rows if row["pointer"] is not None]
    assert {*total.fields} == {row["path"] for row in fields}
    for path, one in total.fields.items():
        own = [row for row in fields if row["path"] == path]
        known = [row["confidence"] for row in own if row["confidence"] is not None]
        assert (one.fields, one.unknown) == (len(own), len(own) - len(known))
        tenths = [min(int(confidence * BINS), BINS - 1) for confidence in known]
        assert one.confidence == [tenths.count(tenth) for tenth in range(BINS)]
        assert sum(one.outcomes.values()) == sum(row["outcome"] is not None for row in own)

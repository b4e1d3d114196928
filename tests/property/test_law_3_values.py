"""Law 3: for every leaf, json.loads(bytes[start:stop]) equals the value at its path."""

import json

from builders import report_of, tokenised
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracles import values_in


def at(data, path):
    for step in path:
        data = data[step]
    return data


def check(text, report):
    for field in report.fields.values():
        if "truncated" in field.flags:
            continue
        assert json.loads(text.encode()[field.start : field.stop]) == field.value
        assert at(report.data, field.path) == field.value


@settings(deadline=None, max_examples=200)
@given(tokenised())
def test_every_field_spans_its_value(case):
    """Law 3, for leaves and containers; and no value of the document is missing."""
    text, tokens = case
    report = report_of(*tokens)
    check(text, report)
    spans = {field.path: (field.start, field.stop, field.value) for field in report.fields.values()}
    assert spans == values_in(text)
    assert report.data == json.loads(text)


@settings(deadline=None, max_examples=150)
@given(tokenised(), st.data())
def test_every_field_that_closed_spans_its_value(case, data):
    """Law 3 of an answer that was cut off."""
    text, tokens = case
    kept = tokens[: data.draw(st.integers(0, len(tokens)))]
    written = b"".join(t.bytes for t in kept)
    report = report_of(*kept, content=written.decode("utf-8", "ignore"))
    check(text, report)
    assert report.status in ("complete", "truncated", "unaligned") or not written.strip()


REPEATED = st.recursive(
    st.sampled_from(["1", '"x"', "[]", "{}", "[1,2]"]),
    lambda inner: st.lists(st.tuples(st.sampled_from("ab"), inner), max_size=4).map(
        lambda pairs: "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(REPEATED)
@example('{"a":{"b":1},"a":2}')
@example('{"a":{"b":{"b":1}},"a":{"b":{"a":1}}}')
def test_repeated_keys_leave_no_field_that_the_value_lacks(text):
    """Law 3: of a repeated key the last value stands, and nothing of those before it."""
    report = report_of(text)
    check(text, report)
    assert report.data == json.loads(text)
    assert set(values_in(json.dumps(report.data))) == {f.path for f in report.fields.values()}

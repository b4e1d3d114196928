"""Laws 1 and 8: neither the cut of the input nor the way it is handed over changes a score."""

import json

from builders import (
    chunks,
    completion,
    content_of,
    cuts,
    documents,
    entry,
    plain,
    report_of,
    response,
    sse,
    token,
    tokenised,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import Scorer, score
from fieldconf.tokens.spelling import spell


def values_and_spans(report):
    return {
        name: (field.value, field.kind, field.start, field.stop)
        for name, field in report.fields.items()
    }


@settings(deadline=None, max_examples=150)
@given(documents().flatmap(lambda text: st.tuples(st.just(text), cuts(text), cuts(text))))
@example(('["a", {}]', [token('["a", {}]')], [token(c) for c in '["a", {}]']))
@example(('{"🎉":[1]}', [token('{"🎉":[1]}')], [token(bytes([b])) for b in '{"🎉":[1]}'.encode()]))
def test_values_and_spans_do_not_depend_on_the_cut(case):
    """Law 1: whole, byte by byte, token by token, any random cut give identical spans."""
    text, one, other = case
    whole = values_and_spans(report_of(token(text)))
    assert values_and_spans(report_of(*one)) == whole
    assert values_and_spans(report_of(*other)) == whole


@settings(deadline=None, max_examples=100)
@given(tokenised())
def test_feeding_piece_by_piece_gives_the_same_report(case):
    """Law 8: a whole response and the pieces of a live stream take the same road."""
    _, tokens = case
    made = completion(*tokens)
    spelling, growing = spell(made.content, tokens), []
    scorer, seen = Scorer(compile_schema(None), growing), []
    for piece in spelling.pieces:
        growing.append(tokens[piece.token])
        seen += scorer.feed(spelling.content[piece.start : piece.stop], piece.token)
    live = scorer.finish(made, spelling.content)
    assert plain(live) == plain(report_of(*tokens))
    for field in seen:  # what was given out early is what the report says
        assert field.to_dict() == live.fields[field.pointer].to_dict()


ENTRIES = tokenised().map(
    lambda case: [entry(t.bytes, t.logprob, [(t.bytes, t.logprob), (b'"', -3.0)]) for t in case[1]]
)


@settings(deadline=None, max_examples=100)
@given(
    ENTRIES,
    st.lists(st.integers(1, 5), max_size=60),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
@example([entry('"a\u2028b\x85c"')], [], "\n", False)
@example([entry('["'), entry(b"\xf0\x9f"), entry(b"\x8e\x89"), entry('"]')], [1, 1], "\n", False)
def test_every_way_to_hand_a_response_over_gives_the_same_report(
    entries, sizes, line_end, ascii_only
):
    """Law 8: raw bytes, text, dict, list of chunks and event text of one response agree."""
    whole = response(entries)
    one_each, some_each = chunks(entries), chunks(entries, sizes)
    payloads = [
        json.dumps(whole),
        json.dumps(whole, ensure_ascii=False, indent=1).encode(),
        one_each,
        iter(one_each),
        some_each,
        [json.dumps(c) for c in some_each],
        sse(some_each, line_end, ascii_only=ascii_only),
        sse(one_each, line_end, ascii_only=ascii_only).encode(),
        "\n".join(json.dumps(c) for c in one_each),
    ]
    expected = plain(score(whole))
    assert content_of(entries) == whole["choices"][0]["message"]["content"]
    for payload in payloads:
        assert plain(score(payload)) == expected

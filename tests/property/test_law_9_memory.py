"""Law 9: what was read of other answers changes nothing.

What a candidate means is remembered for all answers to a schema, by all that it depends on (see
``alternatives.memory``). An answer read after any number of others has the report that it would
have as the first one. The candidates here are the worst there are: parts of JSON's words that end
values, objects and lists, go on with them, or break them.
"""

import json
import math
from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.tokens.token import Candidate, Completion, Token

PIECES = (
    b'"', b'",', b'"}', b"}", b"]", b",", b", ", b" ", b"\n", b'{"', b'["', b"[", b"{", b":",
    b'":', b'":"', b'","', b"},{", b"}]", b'"]', b"0", b"1", b"12", b".5", b"-", b"true", b"false",
    b"null", b" null", b"tr", b"a", b"ab", b"t", b"\\", b"\\u00", b"\xc3", b"<|im_end|>", b"",
    b'"a', b'"t', b'","b', b"1}", b"true,", b'null,"', b'"],"', b'a","', b'1,"', b"1]", b"1,2",
)  # fmt: skip
LETTERS = st.sampled_from(["a", "ab", "t"])
SOME = st.sampled_from([0, 1, 12])
SCHEMAS = {
    "keys": {
        "type": "object",
        "properties": {
            "a": {"enum": ["a", "ab", "t"]},
            "b": {"type": "boolean"},
            "n": {"type": ["integer", "null"]},
            "t": {"type": "array", "items": {"enum": ["a", "ab", "t", 1, 12]}, "maxItems": 2},
        },
        "required": ["a"],
    },
    "items": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"a": {"type": "string", "maxLength": 3}, "n": {"type": "number"}},
            "required": ["a", "n"],
            "additionalProperties": False,
        },
    },
    "nested": {"type": "array", "items": {"type": "array", "items": {"enum": [0, 1, 12]}}},
    "tuple": {"prefixItems": [{"type": "string"}] * 2, "items": {"enum": [1, 12]}},
    "arms": {
        "anyOf": [
            {"type": "object", "properties": {"k": {"const": "a"}, "n": {"type": "integer"}},
             "required": ["k", "n"]},
            {"type": "object", "properties": {"k": {"const": "b"}, "s": {"type": "string"}},
             "required": ["k", "s"]},
        ]
    },
}  # fmt: skip
MANY = [
    {"a": "a", "b": True, "t": ["t", "a"]}, {"t": ["a", 1], "a": "t"}, {"b": False, "a": "ab"},
    {"n": 12, "a": "t", "t": []}, {"a": "ab", "n": None, "t": ["t"]}, {"t": [1, 12], "n": 1},
]  # fmt: skip
VALUES = {
    "keys": st.sampled_from(MANY),
    "items": st.lists(st.fixed_dictionaries({"a": LETTERS, "n": SOME}), max_size=2)
    | st.lists(st.fixed_dictionaries({"n": SOME, "a": LETTERS}), max_size=2),
    "nested": st.lists(st.lists(SOME, max_size=2), max_size=3),
    "tuple": st.tuples(LETTERS, LETTERS) | st.tuples(LETTERS, LETTERS, SOME),
    "arms": st.fixed_dictionaries({"k": st.just("a"), "n": SOME})
    | st.fixed_dictionaries({"k": st.just("b"), "s": LETTERS}),
}


@st.composite
def answers(draw, name):
    """A completion that answers to a schema."""
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), ("\n,", " :")]))
    data = json.dumps(draw(VALUES[name]), separators=separators).encode()
    tokens, at = [], 0
    while at < len(data):
        written = data[at : at + draw(st.integers(1, 4))]
        at += len(written)
        others = draw(st.lists(st.sampled_from(PIECES), max_size=4, unique=True))
        tokens.append(_token(written, *(piece for piece in others if piece != written)))
    return Completion(data.decode(), tuple(tokens))


def _token(written, *rivals):
    """Half of the mass is on what is written; the others share the most of the rest."""
    listed = (candidate(written, 0.5), *(candidate(r, 0.4 / len(rivals)) for r in rivals))
    return Token(listed[0].text, written, math.log(0.5), listed)


def candidate(piece, share):
    return Candidate(piece.decode("utf-8", "replace"), piece, math.log(share))


def answer(*pieces):
    """Each piece is what a token wrote, or a list of that and its rivals."""
    made = [_token(*piece) if isinstance(piece, list) else _token(piece) for piece in pieces]
    return Completion(b"".join(token.raw for token in made).decode(), tuple(made))


SETS = st.sampled_from(sorted(SCHEMAS)).flatmap(
    lambda name: st.tuples(st.just(name), st.lists(answers(name), min_size=2, max_size=5))
)


@given(SETS)
# What has been written before: after "b" the object may end, or "b" may not come again.
@example(("keys", [
    answer(b'{"b":', b"true", b',"a":', [b'"a"', b'"a","b'], b"}"),
    answer(b'{"a":', [b'"a"', b'"a","b'], b',"b":true}'),
]))  # fmt: skip
# The same within a string that no list of members ends.
@example(("items", [
    answer(b'[{"a":"', [b"a", b'a"}'], b'","n":1}]'),
    answer(b'[{"n":1,"a":"', [b"a", b'a"}'], b'"}]'),
]))  # fmt: skip
@example(("items", [
    answer(b'[{"a":"t', [b'","', b'"}'], b'n":1}]'),
    answer(b'[{"n":1,"a":"t', [b'"}', b'","'], b"]"),
]))  # fmt: skip
# A list that is full, and one that is not.
@example(("keys", [
    answer(b'{"a":"a","t":["', [b"a", b'a","'], b'"]}'),
    answer(b'{"a":"a","t":["t","', [b"a", b'a","'], b'"]}'),
]))  # fmt: skip
# What the next item may be.
@example(("tuple", [
    answer(b'["a"', [b',"', b",1"], b'a"]'),
    answer(b'["a","a"', [b",1", b',"'], b"]"),
]))  # fmt: skip
# Inside of a key, and behind it.
@example(("keys", [
    answer(b'{"a', [b'":"', b':"'], b'a"}'),
    answer(b'{"a"', [b':"', b'":"'], b'a"}'),
]))  # fmt: skip
# A key, and an item that reads the same.
@example(("keys", [
    answer(b'{"a":"a","', b"t", [b'":["', b'","'], b"a", b'"]}'),
    answer(b'{"a":"a","t":["', b"t", [b'","', b'":["'], b"a", b'"]}'),
]))  # fmt: skip
# Right before a first item and a later one.
@example(("nested", [
    answer(b"[[", [b"1", b"]"], b",1],[1,", [b"1", b"]"], b"]]"),
    answer(b"[[1,", [b"1", b"]"], b"],[", [b"1", b"]", b"]]"], b"]]"),
]))  # fmt: skip
def test_an_answer_reads_as_if_it_were_the_first(drawn):
    name, completions = drawn
    shared = compile_schema(SCHEMAS[name]).as_requested
    after = replace(shared)
    for completion in completions:
        found = score_completion(completion, after).to_dict(tokens=True)
        assert found == score_completion(completion, replace(shared)).to_dict(tokens=True)


def test_what_was_read_is_remembered():
    """Or the law above would say nothing."""
    fresh = replace(compile_schema(SCHEMAS["keys"]).as_requested)
    completion = answer(b'{"', b'a":"', [b"a", b'b"}'], [b'"}', b'","'])
    score_completion(completion, fresh)
    (memory,) = fresh.caches.values()
    made = memory.table.cache_info().misses
    score_completion(completion, fresh)
    assert memory.table.cache_info().misses == made > 0

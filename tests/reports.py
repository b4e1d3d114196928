"""Reports of every kind, drawn: what can be saved must come back."""

from dataclasses import replace

from builders import completion, cuts, report_of, token, tokenised
from hypothesis import strategies as st

from fieldconf.classification import classify
from fieldconf.report import Stopped
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.tokens.token import Completion, Decision

SCHEMAS = [
    None,
    {},
    {"properties": {"a": {"enum": [1, "x", None]}, "b": {"type": "boolean"}}, "required": ["a"]},
    {"type": "array", "maxItems": 3, "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
    {"type": "object", "properties": {"": {"type": "string", "pattern": "^[a-z]*$"}}},
    {
        "anyOf": [
            {
                "title": "Cat",
                "type": "object",
                "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
                "required": ["kind"],
            },
            {
                "title": "Dog",
                "type": "object",
                "properties": {"kind": {"const": "dog"}, "name": {"type": ["string", "null"]}},
                "required": ["kind"],
            },
        ]
    },
]

FITTING = [
    ['{"a":', token("1", -0.5, [("1", -0.5), ("null", -1.0)]), ',"b":', "true", "}"],
    ['{"a":', token('"x"', -0.5, [('"x"', -0.5), ("1", -1.0), ("7", -3.0)]), "}"],
    ['{"kind":"', token("dog", -0.2, [("cat", -2.0)]), '","name":', token("null", -0.1), "}"],
    ['{"kind":"', token("cat", -0.2, [("dog", float("-inf"))]), '","lives":', "9", "}"],
    ["[", token("1", -0.1, [("null", -2.5)]), token(",", -0.3, [("]", -1.4)]), "null", "]"],
    ['{"a":1,"a":', "[2]", ',"a":', "1", "}"],
    ['{"a":1}', token(" ", None)],
]

STRANGE = [
    '{"a":1e999}', "[-1e999]", "[" + "9" * 5000 + "]", "-" + "9" * 5000, '["\\ud800"]',
    '{"\\udfff":"\\u0000"}', '["\u2028"]', "[" * 900 + "]" * 900, "[" * 300 + "{" + "]" * 300,
    '{"a":' * 300 + "1" + "}" * 300, '{"a":' * 205 + "[-1e999,[tr", "[[],{}]" * 1,
    "[" * 200 + '["x",{"a":{},"b":[1]},' + "8" * 5000 + "]" + "]" * 200,
    "[1", '{"a":{"b":[tr', '{"a":{"b":[', '{"a":"x', "12", "", "words", "[1e5, -0.0]",
    '{"a":1,"a":{"b":2},"a":3}',
    '{"a/b":{"~":{"0":[0]}}}', '{"0":[{"1":2}]}', '{"":{"":1}}', "[1]x", "[1] {}",
]  # fmt: skip


def pieces_of(text, size=7):
    return [token(text[i : i + size], -0.2) for i in range(0, len(text), size)]


@st.composite
def _scored(draw):
    """Of a drawn document, or of one that fits a schema; whole, cut off, or with less than that."""
    drawn = tokenised().map(lambda case: case[1])
    strange = st.sampled_from(STRANGE).map(pieces_of)
    tokens = draw(st.one_of(drawn, drawn, strange, st.sampled_from(FITTING)))
    schema = draw(st.sampled_from(SCHEMAS))
    how = draw(st.sampled_from(["whole", "whole", "cut", "none", "unaligned", "salted"]))
    made = completion(*tokens)
    if how == "cut":
        kept = made.tokens[: draw(st.integers(0, len(made.tokens)))]
        data = b"".join(t.bytes for t in kept)
        made = completion(*kept, content=data.decode("utf-8", "ignore"), finish_reason="length")
    if how == "none":
        made = replace(made, tokens=None)
    if how == "unaligned":
        made = replace(made, tokens=(token("?"), *made.tokens))
    if how == "salted":
        cut = draw(st.integers(0, len(made.content)))
        text = made.content[:cut] + "]}" + made.content[cut:]
        made = completion(*draw(cuts(text)), content=text)
    return score_completion(made, compile_schema(schema).as_requested)


@st.composite
def _decided(draw):
    share = draw(st.floats(0, 1))
    decisions = [
        Decision("team", "billing", (("billing", share), ("sales", 1 - share))),
        Decision("a/b", 3, ((1, 0.25), (3, 0.75))),
        Decision("open", None, (), "it is free text"),
    ]
    schema = draw(st.sampled_from([None, {"required": ["missing"]}]))
    made = Completion(None, None, decisions=tuple(decisions[: draw(st.integers(1, 3))]))
    return score_completion(made, compile_schema(schema).as_requested)


@st.composite
def _classified(draw):
    labels = draw(st.sampled_from([["spam", "work"], {"spam": True, "work": None, "other": 1.5}]))
    text = draw(st.sampled_from(["spam", "work", "other", " spam", "none of these"]))
    entry = {"token": text, "bytes": list(text.encode()), "logprob": -0.5, "top_logprobs": [
        {"token": name, "logprob": -1.5} for name in labels if name != text]}  # fmt: skip
    return classify(
        {
            "choices": [
                {
                    "message": {"content": text},
                    "logprobs": {"content": [entry]},
                    "finish_reason": draw(st.sampled_from(["stop", "length"])),
                }
            ]
        },
        labels,
    )


def _stopped(report):
    stopped = Stopped("/a", "/a is 1", read=3, saved=2, saved_at_most=None)
    reason = "stopped at /a: /a is 1"
    return replace(report_of(*report[:-1]), status="truncated", reason=reason, stopped=stopped)


REFUSED = score_completion(
    Completion(None, None, refusal="no \ud800"), compile_schema(None).as_requested
)

REPORTS = st.one_of(
    _scored(), _scored(), _scored(), _decided(), _classified(),
    st.sampled_from(FITTING[:-1]).map(_stopped), st.just(REFUSED),
)  # fmt: skip

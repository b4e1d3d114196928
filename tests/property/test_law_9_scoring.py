"""Law 9: cost grows linearly with tokens, and with candidates per token. Counted in calls."""

import gc
import sys

import pytest
from builders import entry, response, token

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score, score_completion
from fieldconf.tokens.spelling import spell
from fieldconf.tokens.token import Completion


def work(function, *args):
    """Calls of Python and C functions that a call makes."""
    count = 0

    def profile(_frame, event, _arg):
        nonlocal count
        count += event in ("call", "c_call")

    gc.disable()
    sys.setprofile(profile)
    try:
        function(*args)
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


SCHEMA = compile_schema({
    "type": "object",
    "properties": {
        "rows": {"type": "array", "items": {
            "type": "object",
            "properties": {
                "ok": {"type": "boolean"}, "kind": {"enum": ["pos", "positive", "neg"]},
                "n": {"type": ["integer", "null"]}, "s": {"type": "string"},
            },
            "required": ["ok", "kind", "n", "s"],
        }},
    },
})  # fmt: skip
ROW = ['{"ok":', "true", ',"kind":"', "pos", '","n":', "1", "2", ',"s":"', "ab", "c", '"}']


def entries(rows, candidates=3):
    pieces = ['{"rows":[', *(p for i in range(rows) for p in ([","] * (i > 0) + ROW)), "]}"]
    rivals = ["false", "null", '"', "}", "]", "neg", "\\u0061", "1", "x", ",", "é", " "]
    listed = [(rivals[i % len(rivals)] + "y" * (i // len(rivals)), -4.0) for i in range(candidates)]
    return [entry(p, -0.1, [(p, -0.1), *listed]) for p in pieces]


def ratio_of(small, large, function, *more):
    function(small, *more)  # what is looked up once is no part of the growth
    return work(function, large, *more) / work(function, small, *more)


def test_ten_times_the_rows():
    """Law 9: ten times the tokens are at most twelve times the work."""
    assert ratio_of(response(entries(20)), response(entries(200)), score, SCHEMA) <= 12


def test_ten_times_the_candidates():
    """Law 9: ten times the candidates are at most twelve times the work."""
    few, many = response(entries(5, candidates=20)), response(entries(5, candidates=200))
    assert ratio_of(few, many, score, SCHEMA) <= 12


def one_value(text, pieces):
    listed = [('"', -4.0), ("\\n", -4.0), ("é", -4.0), ("1", -4.0)]
    tokens = [token(p, -0.1, [(p, -0.1), *listed]) for p in text(pieces)]
    return Completion(b"".join(t.bytes for t in tokens).decode(), tuple(tokens))


@pytest.mark.parametrize(
    "text",
    [
        lambda n: ['{"a":"', *["ab c "] * n, '"}'],
        lambda n: ['{"a":"', *["abc"] * n, '"}'],
        lambda n: ['{"a":"', *["\\n"] * n, '"}'],
        lambda n: ['{"a":"', *["é"] * n, '"}'],
        lambda n: ['{"a":', *["123"] * n, "}"],
        lambda n: ['{"a":[', *["1,"] * n, "1]}"],
        lambda n: ['{"a":', *[" "] * n, "1}"],
        lambda n: ["words { "] * n + ['{"a":1}'],
        lambda n: ['{"a":1}'] + [" words"] * n,
    ],
    ids=["prose", "plain", "escapes", "unicode", "number", "list", "blank", "before", "after"],
)
def test_ten_times_the_length_of_one_part(text):
    """Law 9 for one long value, and for what may stand around it."""
    ratio = ratio_of(one_value(text, 300), one_value(text, 3000), score_completion, SCHEMA)
    assert ratio <= 12


@pytest.mark.parametrize("shown", ["\ufffd", "Ġa", "x"], ids=["broken", "vocabulary", "misfit"])
def test_ten_times_the_tokens_to_spell(shown):
    """Law 9 for the tolerant walk."""

    def spelling(n):
        content = '"' + {"\ufffd": "🎉ab", "Ġa": " a", "x": "y"}[shown] * n + '"'
        inner = {"\ufffd": ["\ufffd", "\ufffd", "ab"], "Ġa": ["Ġa"], "x": ["x"]}[shown] * n
        return content, [token(p)._replace(raw=None) for p in ['"', *inner, '"']]

    spell(*spelling(10))
    assert work(spell, *spelling(2000)) <= 12 * work(spell, *spelling(200))

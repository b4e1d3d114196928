"""Real tokens: documents cut by o200k, which straddles values and splits characters."""

import json
import random

import pytest
from builders import entry, plain, response, token
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import joint, touching, values_in

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score, score_completion
from fieldconf.tokens.token import Completion

bpe_openai = pytest.importorskip("bpe_openai", reason="bpe-openai carries the o200k tokens")
O200K = bpe_openai.get_encoding("o200k_base")

TICKET = {
    "urgent": True,
    "team": "billing",
    "priority": 2,
    "price": -12.50,
    "none": None,
    "tags": ["refund", "double charge"],
    "rows": [{"a": 1, "s": "x"}, {"a": 2, "s": "y"}],
    "matrix": [[1, 2], [3], []],
    "empty": "",
    "o": {},
    "id": "a1b2-c3d4",
    "date": "2026-11-22",
    "text": 'He said "no", then left.\nWhy? {see} [1], \\o/ and so on until the end of it.',
}
UNICODE = {
    "emoji": "go 🎉 👩‍💻 🏳️‍🌈",
    "han": "日本語の文字列",
    "math": "\U0001d4b3 ∈ \u211d",
    "mixed": ["é", "naïve", "Ω≈ç√"],
    "ключ": "значение",
    "🔑": {"深": ["𠮷", "ﷺ"]},
    "line\u2028sep": "\x85",
}
LAYOUTS = {
    "compact": {"separators": (",", ":")},
    "spaced": {"separators": (", ", ": ")},
    "pretty": {"indent": 2},
    "tabs": {"indent": "\t"},
    "escaped": {"ensure_ascii": True},
}


def tokenise(text, seed=0):
    """o200k tokens with made-up logprobs."""
    dice = random.Random(seed)
    pieces = [O200K.decode_single_token_bytes(i) for i in O200K.encode(text)]
    assert b"".join(pieces) == text.encode()
    return [token(piece, -dice.expovariate(2)) for piece in pieces]


def check(text, tokens):
    report = score_completion(Completion(text, tuple(tokens), "stop"), compile_schema(None))
    assert report.status == "complete"
    assert report.data == json.loads(text)
    values = values_in(text)
    assert {field.path for field in report.fields.values()} == set(values)
    for path, (start, stop, value) in values.items():
        field = report[path]
        assert (field.value, field.start, field.stop) == (value, start, stop)
        assert field.logprob == pytest.approx(joint(tokens, start, stop), abs=1e-9)
        assert list(field.indexes) == touching([t.bytes for t in tokens], start, stop)
        assert field.reason == ""
    return report


@pytest.mark.parametrize("value", [TICKET, UNICODE], ids=["ticket", "unicode"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_value_is_aligned(value, layout):
    text = json.dumps(value, **({"ensure_ascii": False} | LAYOUTS[layout]))
    check(text, tokenise(text))


def test_the_tokens_do_straddle_and_split():
    """What the test above is about does occur."""
    pieces = [t.bytes for t in tokenise(json.dumps(TICKET, separators=(",", ":")))]
    assert {b'":"', b'","'} <= set(pieces)
    split = [t.text for t in tokenise(json.dumps(UNICODE, ensure_ascii=False))]
    assert any("\ufffd" in text for text in split)


WORDS = st.text(st.sampled_from('ab {}[]",:\\\n\té日🎉𠮷'), max_size=20)
VALUES = st.recursive(
    WORDS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
).filter(lambda value: isinstance(value, (dict, list)))


@settings(deadline=None, max_examples=100)
@given(VALUES, st.sampled_from(sorted(LAYOUTS)), st.integers(0, 100))
def test_random_documents_are_aligned(value, layout, seed):
    text = json.dumps(value, **({"ensure_ascii": False} | LAYOUTS[layout]))
    check(text, tokenise(text, seed))


@pytest.mark.parametrize("value", [TICKET, UNICODE], ids=["ticket", "unicode"])
@pytest.mark.parametrize("shown", ["no bytes", "escapes", "ollama"])
def test_broken_characters_in_disguise(value, shown):
    """Servers that lose the bytes: every value keeps its place, and its sum."""
    text = json.dumps(value, ensure_ascii=False)
    tokens = tokenise(text)
    entries = [_disguised(t, shown) for t in tokens]
    report = score(response(entries, content=text))
    expected = check(text, tokens)
    for name, field in expected.fields.items():
        assert report[name].logprob == pytest.approx(field.logprob, abs=1e-9)
        assert (report[name].start, report[name].stop) == (field.start, field.stop)
    assert plain(report)[1] == expected.owners


def _disguised(made, shown):
    found = entry(made.bytes, made.logprob)
    is_broken = "\ufffd" in made.text
    if shown == "escapes" and is_broken:
        found["token"] = "".join(chr(b) if b < 128 else f"\\x{b:02x}" for b in made.bytes)
    elif shown == "ollama":
        found["bytes"] = list(made.text.encode())
        return found
    found["bytes"] = None
    return found

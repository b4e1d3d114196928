"""What the scoring tests are built from: tokens, responses, random documents and random cuts."""

import json
import math
import os
from itertools import accumulate, pairwise
from pathlib import Path

from hypothesis import strategies as st

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.tokens.token import Candidate, Completion, Token

FIXTURES = Path(__file__).parent / "fixtures"
"""Payloads, recordings and cases: all that tests read, but for the corpora."""

BESIDE = Path(__file__).parents[2] / "shared" / "corpora"
CORPORA = Path(os.environ.get("FIELDCONF_CORPORA", BESIDE))
"""Large collections of other people, which are no part of this repository."""

JSON_TEST_SUITE = CORPORA / "JSONTestSuite" / "test_parsing"
JSON_SCHEMA_BENCH = CORPORA / "jsonschemabench" / "schemas_sample.jsonl.gz"
"""For ``pytest.mark.corpora(path)``: conftest.py skips the test where the path is absent."""


# -- tokens -------------------------------------------------------------------------------------


def token(piece, logprob=-0.1, candidates=()):
    """A token of bytes or text; candidates are (bytes or text, logprob) pairs."""
    raw = piece.encode() if isinstance(piece, str) else piece
    listed = tuple(Candidate(*_named(piece), logprob) for piece, logprob in candidates)
    return Token(raw.decode("utf-8", "replace"), raw, logprob, listed)


def _named(piece):
    raw = piece.encode() if isinstance(piece, str) else piece
    return raw.decode("utf-8", "replace"), raw


def log(probabilities):
    """(piece, logprob) pairs of a dict of probabilities."""
    return [(piece, math.log(p)) for piece, p in probabilities.items()]


def completion(*tokens, **more):
    """A completion of tokens, which may be texts; its content is what they spell."""
    made = tuple(t if isinstance(t, Token) else token(t) for t in tokens)
    content = more.pop("content", None)
    if content is None:
        content = b"".join(t.bytes for t in made).decode()
    return Completion(content, made, more.pop("finish_reason", "stop"), **more)


def report_of(*tokens, schema=None, **more):
    """The report of a completion of these tokens."""
    return score_completion(completion(*tokens, **more), compile_schema(schema))


def plain(report):
    """All a report says, tokens and owners included, as one comparable value."""
    indexes = {name: (field.indexes, field.min_step) for name, field in report.fields.items()}
    return (report.to_dict(), report.owners, report.tokens, report.text, indexes)


# -- responses ----------------------------------------------------------------------------------


def entry(piece, logprob=-0.1, candidates=(), **more):
    """An entry of ``logprobs.content`` as servers send it."""
    text, raw = _named(piece)
    listed = [
        {"token": t, "bytes": list(r), "logprob": p}
        for (t, r), p in ((_named(piece), p) for piece, p in candidates)
    ]
    made = {"token": text, "bytes": list(raw), "logprob": logprob, "top_logprobs": listed}
    return made | more


def content_of(entries):
    return b"".join(bytes(e["bytes"]) for e in entries).decode()


def response(entries, content=None, finish_reason="stop", **message):
    """A whole response of OpenAI's shape."""
    text = content_of(entries) if content is None else content
    return {
        "id": "c", "object": "chat.completion", "created": 0, "model": "m",
        "choices": [{
            "index": 0, "finish_reason": finish_reason,
            "message": {"role": "assistant", "content": text, **message},
            "logprobs": {"content": entries},
        }],
        "usage": {"completion_tokens": len(entries)},
    }  # fmt: skip


def chunks(entries, sizes=()):
    """The same as stream chunks of so many entries each; one each by default.

    A chunk's text never ends inside a character: as at real servers, it waits for the rest.
    """
    made, text = [], b""
    edges = (
        [0, *(e for e in accumulate(sizes) if e < len(entries))] if sizes else range(len(entries))
    )
    for first, last in pairwise([*edges, len(entries)]):
        part = entries[first:last]
        text += b"".join(bytes(e["bytes"]) for e in part)
        whole = _whole_characters(text)
        made.append(_chunk({"content": text[:whole].decode()}, {"content": part}))
        text = text[whole:]
    return [
        _chunk({"role": "assistant", "content": ""}, {"content": [], "refusal": None}), *made,
        _chunk({}, None, "stop"),
        {"id": "c", "model": "m", "choices": [], "usage": {"completion_tokens": len(entries)}},
    ]  # fmt: skip


def _chunk(delta, logprobs, finish_reason=None):
    choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
        "choices": [choice],
    }


def _whole_characters(data):
    for cut in range(4):
        try:
            data[: len(data) - cut].decode()
        except UnicodeDecodeError:
            continue
        return len(data) - cut
    raise AssertionError(data)


def sse(chunks, line_end="\n", *, ascii_only=False):
    """Stream chunks as server-sent-event text."""
    lines = [f"data: {json.dumps(c, ensure_ascii=ascii_only)}{line_end * 2}" for c in chunks]
    return "".join(lines) + f"data: [DONE]{line_end * 2}"


# -- random documents ---------------------------------------------------------------------------

LOGPROBS = st.one_of(st.just(0.0), st.floats(-20, 0), st.floats(-1e-6, 0), st.floats(-2000, -600))
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", " ", "\u2028", "\x85", "é", "🎉", '"', "\\", "{", "]", "true", "a long text of words " * 3]
)
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), _TEXT,
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def documents(draw, values=VALUES):
    """A JSON document's text, in any layout, brackets at its root."""
    value = draw(values.filter(lambda v: isinstance(v, (dict, list))))
    layout = draw(st.sampled_from([(None, (",", ":")), (None, (", ", ": ")), (1, (",", ": "))]))
    text = json.dumps(
        value, indent=layout[0], separators=layout[1], ensure_ascii=draw(st.booleans())
    )
    return text + draw(st.sampled_from(["", "\n", " "]))


@st.composite
def cuts(draw, text):
    """The text as tokens cut anywhere, empty ones and parts of characters included."""
    data = text.encode()
    places = draw(st.lists(st.integers(0, len(data)), max_size=40))
    pieces = [data[a:b] for a, b in pairwise([0, *sorted(places), len(data)])]
    return [token(piece, draw(LOGPROBS)) for piece in pieces]


@st.composite
def tokenised(draw):
    """A document's text and tokens that spell it."""
    text = draw(documents())
    return text, draw(cuts(text))

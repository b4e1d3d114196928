"""Law 8, for single chunks: the short way of a plain chunk reads what the general one does."""

import copy
import math

import openai.types.chat as sdk
import pytest
from answers import chunk, entry
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openai._models import construct_type

from fieldconf import strategies
from fieldconf.errors import FieldconfError
from fieldconf.responses import read_chunk
from fieldconf.responses.delta import fold
from fieldconf.responses.fast import from_chunks
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer
from fieldconf.tokens.token import Candidate

JUNK = st.sampled_from([
    None, True, False, 0, 0.0, 1, -0.5, 0.5, -100.0, -9999.0, -3.4e38, math.inf, math.nan, "", "a",
    "token_id:7", "b123-abc", "response", "stop", [], [104], [300], [None], {}, {"token": "a"},
    10**400,
])  # fmt: skip
KEYS = [
    "id", "token_id", "token", "bytes", "logprob", "top_logprobs", "topLogprobs", "content",
    "finish_reason", "index", "message", "refusal", "tool_calls", "function_call", "usage", "model",
    "system_fingerprint", "object", "obfuscation", "timings", "choices", "delta", "logprobs",
    "text", "meta_info", "token_logprobs", "custom_id", "type", "error",
]  # fmt: skip


def places(value, path=()):
    """All dicts and lists inside of a value, itself included."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from places(inner)


@st.composite
def chunks(draw):
    """A chunk, most often as servers send it, sometimes with parts that are of another kind."""
    case = draw(strategies.completions(draw(st.sampled_from([bool, str, dict[str, int]]))))
    made = copy.deepcopy(draw(st.sampled_from(draw(strategies.streams(case)))))
    for _ in range(draw(st.integers(0, 2))):
        inside = draw(st.sampled_from(list(places(made))))
        if isinstance(inside, dict):
            inside[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(JUNK))
        elif inside:
            inside[draw(st.integers(0, len(inside) - 1))] = copy.deepcopy(draw(JUNK))
    return made


def general(one):
    """What the general way reads: the deltas without what is the same for all, then that."""
    *found, common = read_chunk(one)
    return found, common


def assert_same(piece, one):
    found, common = general(one)
    assert [piece.common] == [common]
    made = piece.delta
    if not made.tokens:  # none, and no list of them, come to the same
        assert fold([made]) == fold(found)
    else:
        assert [made] == found
    listed = [c.logprob for token in piece.tokens for c in token.candidates]
    assert piece.is_masked == (-math.inf in listed)


@settings(deadline=None)
@given(chunks())
@example(chunk({"content": "a"}, [entry("a", 0.5, {"b": 0.25})]))
def test_a_plain_chunk_is_read_as_any_other(one):
    """As a dict, and as the client's object; also where a part of it is of a wrong kind."""
    held = construct_type(type_=sdk.ChatCompletionChunk, value=copy.deepcopy(one))
    for kind in (one, held):
        piece = from_chunks.read(kind)
        if piece is not None:
            assert_same(piece, copy.deepcopy(one))
            assert_same(piece, held)


@settings(deadline=None)
@given(strategies.completions(), st.data())
def test_what_a_server_sends_is_plain_but_for_its_last_words(case, data):
    """So that the law above is about something: all chunks that have tokens and no more."""
    for one in data.draw(strategies.streams(case)):
        (choice,) = one["choices"] or [{}]
        has_tokens = bool((choice.get("logprobs") or {}).get("content"))
        piece = from_chunks.read(sdk.ChatCompletionChunk.model_validate(one))
        if has_tokens and piece is None:
            numbers = [token.logprob for token in general(one)[0][0].tokens]
            assert not all(number is not None and number > -99 for number in numbers)


@settings(deadline=None)
@given(st.lists(chunks(), max_size=6))
def test_a_stream_of_any_chunks_is_read_as_their_sum(made):
    """Plain ones are added up on the way; what comes of all is what comes of each by itself."""

    def outcome(read):
        try:
            return read()
        except FieldconfError as error:
            return type(error)

    def report(items):
        scorer = LiveScorer(compile_schema(None))
        for one in items:
            scorer.feed(one)
        return scorer.finish().to_dict(tokens=True)

    class Same(dict):
        """A dict that is not plain: it goes the general way."""

    def assert_alike(items, others):
        found, wanted = outcome(lambda: report(items)), outcome(lambda: report(others))
        assert repr(found) == repr(wanted)

    assert_alike(made, map(Same, copy.deepcopy(made)))
    objects = [construct_type(type_=sdk.ChatCompletionChunk, value=copy.deepcopy(c)) for c in made]
    # the client may change what came: of 0.0 among bytes it makes 0
    assert_alike(objects, [Same(one.model_dump(warnings=False)) for one in objects])


PLAIN = chunk({"content": "a"}, [entry("a", 0.5, {"b": 0.25})])


def listed_of(one):
    return from_chunks.read(one).tokens[0].candidates


def test_candidates_are_those_of_the_entry_and_equal_a_tuple():
    """They are read when they are asked for, once; of the entry nothing is kept then."""
    listed = listed_of(PLAIN)
    wanted = (Candidate("a", b"a", math.log(0.5)), Candidate("b", b"b", math.log(0.25)))
    assert listed == wanted
    assert wanted == listed
    assert hash(listed) == hash(wanted)
    assert [*listed] == [*wanted]
    assert (len(listed), listed[1], listed[:1]) == (2, wanted[1], wanted[:1])
    assert listed.all() is listed.all()
    assert copy.copy(listed) == wanted
    assert repr(listed) == repr(wanted)


@pytest.mark.parametrize(
    "change",
    [
        {"logprob": -100.0},
        {"logprob": -9999.0},
        {"id": 5},
        {"token": "token_id:5"},
        {"bytes": "a"},
        {"top_logprobs": [{"token": "a", "bytes": [97], "logprob": -3.0}]},
        {"top_logprobs": [{"token": "b", "bytes": [98], "logprob": -3.0}]},
        {"top_logprobs": PLAIN["choices"][0]["logprobs"]["content"][0]["top_logprobs"] * 2},
    ],
)
def test_what_needs_a_closer_look_is_not_plain(change):
    """Sentinels, names by id, and lists that contradict their token."""
    made = copy.deepcopy(PLAIN)
    made["choices"][0]["logprobs"]["content"][0] |= change
    assert from_chunks.read(made) is None

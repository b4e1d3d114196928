"""Law 8, for whole objects: a client's completion is read as its dump is.

``completions(held) == completions(held.model_dump())``, number by number and word by word; and
where one of them is an error, the other is the same error.
"""

import copy
import math
from unittest import mock

import openai.types.chat as sdk
import pydantic
import pytest
from answers import entry
from hypothesis import given, settings
from hypothesis import strategies as st
from openai._models import construct_type
from test_law_raw import READ_RAW, outcome, struck, written
from wire_samples import INDEX, sample

from fieldconf import strategies
from fieldconf.responses import completions
from fieldconf.responses.fast import from_objects
from fieldconf.responses.fast.lazy_candidates import LazyCandidates
from fieldconf.tokens.token import Candidate

CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def as_object(payload, kind=sdk.ChatCompletion):
    """As the client makes it: without any look at whether it is what was promised."""
    return construct_type(type_=kind, value=copy.deepcopy(payload))


def assert_same(made):
    with mock.patch.object(from_objects, "opened", return_value=None):
        wanted = outcome(made)
    assert outcome(made) == wanted
    if isinstance(made, pydantic.BaseModel):
        assert outcome(made.model_dump(warnings=False)) == wanted


@st.composite
def several(draw):
    """A completion of several choices: answers, refusals, calls, and some without a list."""
    payload = draw(written("openai", "azure", "vllm", "llama.cpp"))
    first = payload["choices"][0]
    for place in range(1, draw(st.integers(1, 4))):
        choice = copy.deepcopy(first) | {"index": place}
        message = choice["message"]
        match draw(st.sampled_from(["answer", "refusal", "call", "both", "bare", "shorter"])):
            case "refusal":
                message |= {"refusal": message["content"], "content": None}
                choice["logprobs"] = {"content": None, "refusal": choice["logprobs"]["content"]}
            case "call":
                call = copy.deepcopy(CALL)
                call["function"]["arguments"] = message["content"]
                message |= {"content": None, "tool_calls": [call]}
                choice["finish_reason"] = "tool_calls"
            case "both":
                message |= {"tool_calls": [CALL]}
            case "bare":
                choice["logprobs"] = draw(st.sampled_from([None, {}, {"content": []}]))
            case "shorter":
                choice["logprobs"]["content"] = choice["logprobs"]["content"][1:]
        payload["choices"].append(choice)
    return payload


kinds = st.sampled_from([sdk.ChatCompletion, sdk.ChatCompletionChunk])


@given(written())
def test_an_object_is_read_as_its_dump_is(payload):
    """In every dialect, also those that are nothing like what the object is for."""
    assert_same(as_object(payload))


@given(several())
def test_choices_refusals_and_calls_are_read_as_their_dump_is(payload):
    assert_same(as_object(payload))


@settings(max_examples=300, deadline=None)
@given(struck(written(*READ_RAW) | several()), kinds)
def test_strange_objects_are_read_as_their_dump_is(payload, kind):
    """With parts dropped, doubled, moved or of another kind; with keys that nobody knows."""
    assert_same(as_object(payload, kind))


@given(strategies.completions(), st.data())
def test_chunks_are_read_as_their_dump_is(case, data):
    chunks = data.draw(strategies.streams(case))
    made = [as_object(one, sdk.ChatCompletionChunk) for one in chunks]
    with mock.patch.object(from_objects, "opened", return_value=None):
        wanted = outcome(made)
    assert outcome(made) == wanted


@given(written("openai", "azure", "vllm"))
def test_what_a_server_sends_is_not_dumped(payload):
    """Else the law would hold of nothing: lists of entries stay as they are, and are plain."""
    listed = payload["choices"][0]["logprobs"]["content"]
    opened = from_objects.opened(as_object(payload))
    assert (opened is not None) == bool(listed)
    for one in opened["choices"][0]["logprobs"]["content"] if opened else ():
        is_named = "id" not in one.to_dict() and "token_id" not in one.to_dict()
        is_listed = not one.top_logprobs or one.bytes in [top.bytes for top in one.top_logprobs]
        if one.logprob > -99 and is_named and is_listed:
            assert from_objects.token(one).logprob == one.logprob


@pytest.mark.parametrize("name", INDEX)
def test_what_providers_send_is_read_as_its_dump_is(name):
    payload = sample(name)
    for one in payload if isinstance(payload, list) else [payload]:
        for kind in (sdk.ChatCompletion, sdk.ChatCompletionChunk):
            assert_same(as_object(one, kind))


# -- fixed ----------------------------------------------------------------------------------------


def body(*listed, **more):
    message = {"role": "assistant", "content": "a"}
    choice = {"index": 0, "message": message, "logprobs": {"content": list(listed)}}
    return {"choices": [choice], "model": "m", "object": "chat.completion", **more}


PLAIN = entry("a", 0.5, {"b": 0.25})


@pytest.mark.parametrize(
    "change",
    [
        {"logprob": -100.0},
        {"logprob": -9999.0},
        {"logprob": 0.005},
        {"id": 5},
        {"token": "token_id:5"},
        {"bytes": "a"},
        {"top_logprobs": None},
        {"topLogprobs": [{"token": "c", "bytes": None, "logprob": -0.5}], "top_logprobs": None},
        {"top_logprobs": [{"token": "a", "bytes": [97], "logprob": -3.0}]},
        {"top_logprobs": PLAIN["top_logprobs"] * 2},
        {
            "top_logprobs": [
                *PLAIN["top_logprobs"],
                {"token": "c", "bytes": [99], "logprob": -100.0},
            ]
        },
        {
            "top_logprobs": [
                *PLAIN["top_logprobs"],
                {"token": "c", "bytes": [99], "logprob": -9999.0},
            ]
        },
        {"top_logprobs": [*PLAIN["top_logprobs"], {"token": "c", "bytes": [99], "logprob": -1e38}]},
        {"top_logprobs": [*PLAIN["top_logprobs"], {"token": "c", "bytes": [99], "logprob": None}]},
        {"top_logprobs": [*PLAIN["top_logprobs"], {"token": "c", "id": 4, "logprob": -5.0}]},
    ],
    ids=repr,
)
def test_entries_that_take_a_closer_look(change):
    assert_same(as_object(body(PLAIN, PLAIN | change, PLAIN)))


@pytest.mark.parametrize("logprob", [-0.004, -0.0])
def test_a_candidate_with_no_logprob_does_not_confirm_its_token(logprob):
    """It has nearly the token's number, but a positive one; then the list lacks the token."""
    listed = [
        {"token": "a", "bytes": [97], "logprob": 0.005},
        {"token": "b", "bytes": [98], "logprob": -6.0},
    ]
    made = as_object(body(PLAIN | {"logprob": logprob, "top_logprobs": listed}))
    assert_same(made)
    assert completions(made)[0].tokens is None


class Shouting(sdk.ChatCompletion):
    """A completion that is not what its attributes are."""

    def model_dump(self, **_):
        return body(PLAIN | {"token": "A", "bytes": [65]})


class Renaming(sdk.ChatCompletion):
    """A completion with a dump of its own making."""

    @pydantic.model_serializer(mode="wrap")
    def _renamed(self, rest):
        return rest(self) | {"model": "other"}


@pytest.mark.parametrize("kind", [Shouting, Renaming])
def test_objects_with_dumps_of_their_own_are_dumped(kind):
    made = as_object(body(PLAIN), kind)
    assert from_objects.opened(made) is None
    assert_same(made)


def test_dicts_in_objects_are_left_to_the_dump():
    made = as_object(body(PLAIN))
    made.choices[0] = made.choices[0].model_dump()
    assert from_objects.opened(made) is None
    assert_same(made)


def test_a_list_that_nobody_looks_at_is_not_made_and_nothing_is_changed():
    made = as_object(body(PLAIN))
    before = made.model_dump()
    (token,) = completions(made)[0].tokens
    assert isinstance(token.candidates, LazyCandidates)
    assert token.candidates.built is None
    wanted = (Candidate("a", b"a", math.log(0.5)), Candidate("b", b"b", math.log(0.25)))
    assert token.candidates == wanted == token.candidates.built
    assert made.model_dump() == before

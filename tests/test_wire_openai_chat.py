"""OpenAI's shape as many servers send it: samples, recordings, SDK objects, garbage."""

import json
import math

import openai.types.chat as sdk
import pytest
from builders import chunks, entry, plain, response, sse
from wire_samples import recorded, sample

from fieldconf.errors import NoLogprobsError, PayloadError
from fieldconf.responses import completions, read_chunk
from fieldconf.responses.delta import Delta
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score, score_completion

# -- objects of the SDK ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["openai_chat_stream", "azure_chat_stream", "vllm_chat_stream_multi"]
)
def test_objects_with_attributes_that_cannot_be_dumped(name):
    payload = sample(name)
    items = [sdk.ChatCompletionChunk.model_construct(**_deep(c)) for c in payload]
    assert plain(score(items)) == plain(score(payload))


def _deep(value):
    """Dicts inside as objects with attributes, as an SDK gives them."""
    if isinstance(value, dict):
        return {k: _object(v) for k, v in value.items()}
    return value


def _object(value):
    if isinstance(value, dict):
        return type("Part", (), {k: _object(v) for k, v in value.items()})()
    return [_object(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "name",
    [
        "openai_chat",
        "openai_chat_refusal",
        "vllm_chat",
        "xai_chat",
        "openai_chat_toolcall_null",
        "openai_chat_partial_utf8",
    ],
)
def test_objects_of_the_sdk(name):
    payload = sample(name)
    assert plain(score(sdk.ChatCompletion.model_validate(payload))) == plain(score(payload))


def test_stream_objects_of_the_sdk():
    payload = sample("openai_chat_stream")
    objects = [sdk.ChatCompletionChunk.model_validate(c) for c in payload]
    assert plain(score(iter(objects))) == plain(score(payload))


def test_masks():
    masks = {name: score(sample(name)).mask for name in ("openai_chat", "xai_chat")}
    assert masks == {"openai_chat": "after", "xai_chat": "unknown"}
    assert score(sample("xai_chat"), mask="before").mask == "before"


# -- recordings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("llamacpp_smol.ticket_compact.json", "complete"),
        ("llamacpp_smol.ticket_compact.stream.sse", "complete"),
        ("llamacpp_smol.unicode_compact.json", "complete"),
        ("llamacpp_smol.truncated.json", "truncated"),
        ("llamacpp_smol-jinja.truncated.json", "truncated"),
        ("llamacpp_smol.stop_seq.json", "truncated"),
    ],
)
def test_recordings(name, status):
    report = score(recorded(name))
    assert (report.status, report.mask) == (status, "before")
    if status == "complete":
        assert report.data == json.loads(report.text)


def test_a_recorded_stream_equals_the_recorded_response():
    whole = score(recorded("llamacpp_smol.ticket_compact.json"))
    stream = score(recorded("llamacpp_smol.ticket_compact.stream.sse"))
    assert stream.data == whole.data
    assert {n: f.logprob for n, f in stream.fields.items()} == pytest.approx(
        {n: f.logprob for n, f in whole.fields.items()}, abs=1e-9
    )


def test_characters_that_the_server_merged():
    report = score(recorded("llamacpp_smol.unicode_compact.json"))
    assert report["name"].logprob is None
    assert "several model tokens" in report["name"].reason
    assert report["city"].logprob is not None


def test_the_recording_of_openai():
    payload = recorded("openai_chat_structured.json")
    report = score(payload)
    assert report.status == "complete"
    assert report.data == json.loads(payload["choices"][0]["message"]["content"])
    assert report["participants", 0].value == "Alice"


@pytest.mark.parametrize("version", ["v4", "v5", "v7"])
def test_the_body_that_the_ai_sdk_keeps(version):
    chat = "" if version == "v4" else ".chat"
    name = f"ai_sdk_{version}.generateObject.openai{chat}.json"
    found = recorded(name)
    report = score(found["response"]["body"])
    assert report.status == "complete"
    assert report.data == found["object"]


# -- streams --------------------------------------------------------------------------------------

ENTRIES = [entry('{"a":'), entry("true", -0.2), entry("}")]


def test_read_chunk_gives_what_one_chunk_adds():
    first, second, *_, last, usage = chunks(ENTRIES)
    assert read_chunk(first)[0] == Delta(0, tokens=(), source="c")
    delta = read_chunk(second)[0]
    assert (delta.content, [t.bytes for t in delta.tokens]) == ('{"a":', [b'{"a":'])
    assert read_chunk(last)[0].finish_reason == "stop"
    assert [delta.index for delta in read_chunk(usage)] == [None]


def test_two_choices_interleaved():
    one, other = chunks(ENTRIES), chunks([entry('{"a":'), entry("false", -0.3), entry("}")])
    for chunk in other:
        for choice in chunk["choices"]:
            choice["index"] = 1
    mixed = [chunk for pair in zip(other, one, strict=True) for chunk in pair]
    assert [score(mixed, choice=i)["a"].value for i in (0, 1)] == [True, False]


def test_choices_by_their_index():
    whole = response(ENTRIES)
    second = response([entry("1", -0.7)])["choices"][0] | {"index": 1}
    whole["choices"].insert(0, second)
    assert score(whole)["a"].value is True
    assert score(whole, choice=1).data == 1
    with pytest.raises(PayloadError, match="no choice 2"):
        score(whole, choice=2)
    with pytest.raises(PayloadError, match="no choice -1"):
        score(whole, choice=-1)


def test_tool_call_arguments_in_pieces():
    def chunk(arguments, index=0):
        call = {"index": index, "function": {"arguments": arguments}}
        return {"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "logprobs": None}]}

    report = score([chunk('{"a":'), chunk("other", 1), chunk("true}")])
    assert (report.data, report.status) == ({"a": True}, "no_logprobs")
    assert "tool call" in report.reason


# -- sentinels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, "x", True, 0.5, math.nan, -9999.0, -3.5e38, -(10**400)])
def test_what_is_no_logprob(value):
    report = score(response([entry('{"a":'), entry("true", value), entry("}")]))
    assert report["a"].logprob is None
    assert report["a"].reason


def test_a_masked_candidate_has_no_mass():
    listed = [("true", -0.5), ("false", -100.0)]
    report = score(response([entry('{"a":'), entry("true", -0.5, listed), entry("}")]))
    assert report.mask == "after"
    false = report["a"].distribution[False]
    assert (false.low, false.probability) == (0, pytest.approx(0))


def test_names_of_token_ids_hide_the_candidates():
    shown = [entry("token_id:9", -0.2, [("token_id:9", -0.2), ("token_id:8", -2.0)])]
    shown[0]["bytes"] = list(b"true")
    report = score(response([entry('{"a":'), *shown, entry("}")], content='{"a":true}'))
    assert report["a"].logprob == -0.2
    assert report.tokens[1].candidates == ()


# -- garbage --------------------------------------------------------------------------------------

CHOICE = response(ENTRIES)["choices"][0]
IN_ITSELF: list = []
IN_ITSELF.append(IN_ITSELF)
GARBAGE = {
    "none": None,
    "a number": 5,
    "an object": object(),
    "nothing": {},
    "an empty list": [],
    "no choices": {"choices": []},
    "an empty text": "",
    "white space": b" \n ",
    "a page": "<!DOCTYPE html>\n<html><body>502\nBad Gateway</body></html>",
    "not UTF-8": b'{"choices": "\xff"}',
    "cut off": json.dumps(response(ENTRIES))[:-40],
    "prose": "I cannot\ndo that",
    "deep": "[" * 100_000,
    "a list of garbage": [1, None, "x", {}],
    "a list of lists": [[1], [2]],
    "a list in itself": IN_ITSELF,
    "choices of garbage": {"choices": [1, "x", None]},
    "choices that are no list": {"choices": "abc"},
    "two whole answers": {"choices": [CHOICE | {"index": "first"}, CHOICE]},
    "an error": {"error": {"message": "The server\nis overloaded", "code": 503}},
    "an error as text": {"error": "overloaded"},
    "an error in a stream": [*chunks(ENTRIES)[:2], {"error": {"message": "boom"}}],
    "an error in event text": sse([*chunks(ENTRIES)[:2], {"error": {"message": "boom"}}]),
    "broken event text": 'data: {"choices": [}\n\n',
}


@pytest.mark.parametrize("payload", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_one_error_in_one_line(payload):
    with pytest.raises(PayloadError) as caught:
        score(payload)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert len(message) < 500
    assert caught.value.remedy


@pytest.mark.parametrize(
    "part",
    [
        {"logprobs": "x"},
        {"logprobs": {"content": "x"}},
        {"logprobs": {"content": [1, None, "x", []]}},
        {"message": {"content": 5}},
        {"message": "text"},
        {"finish_reason": 7},
        {"logprobs": [1]},
        {"logprobs": {"content": [entry("1") | {"bytes": [999]}]}},
        {"logprobs": {"content": [entry("1") | {"top_logprobs": 7}]}},
        {"message": {"content": None, "tool_calls": 5}},
    ],
)
def test_parts_of_the_wrong_type_are_parts_that_are_missing(part):
    report = score({"choices": [CHOICE | part]})
    assert report.status in ("no_logprobs", "unaligned", "malformed", "complete")
    json.loads(report.to_json())


def test_what_came_before_an_error_in_a_stream_is_kept():
    *first, _, _ = chunks([entry('{"a":'), entry("true", -0.2), entry(',"b":')])
    with pytest.raises(PayloadError, match="boom") as caught:
        score([*first, {"error": {"message": "boom"}}])
    report = caught.value.report
    assert (report.status, report["a"].logprob) == ("truncated", -0.2)
    with pytest.raises(PayloadError) as caught:
        score({"error": "boom"})
    assert caught.value.report is None


def test_what_has_not_arrived_says_how_to_wait_for_it():
    async def later():
        return response(ENTRIES)

    async def stream():
        yield response(ENTRIES)

    waiting = later()
    with pytest.raises(PayloadError, match="Await it"):
        score(waiting)
    waiting.close()
    with pytest.raises(PayloadError, match="async for"):
        score(stream())


def test_lines_of_an_event_stream_one_by_one():
    assert plain(score(sse(chunks(ENTRIES)).splitlines())) == plain(score(chunks(ENTRIES)))


def test_messages_of_errors_name_the_cause():
    with pytest.raises(PayloadError, match="overloaded"):
        score(GARBAGE["an error"])
    with pytest.raises(PayloadError, match="boom"):
        score(GARBAGE["an error in a stream"])
    with pytest.raises(PayloadError, match="HTML"):
        score(GARBAGE["a page"])
    with pytest.raises(PayloadError, match="this is the answer's value"):
        score({"things": []})


def test_recorded_error_bodies():
    bodies = sample("reasoning_model_errors")
    found = [
        b for b in (bodies if isinstance(bodies, list) else bodies.values()) if isinstance(b, dict)
    ]
    assert found
    for body in found:
        with pytest.raises(NoLogprobsError) as caught:
            score(body.get("body", body))
        assert caught.value.remedy


def test_completions_is_one_a_choice():
    [made] = completions(response(ENTRIES))
    assert (made.content, made.finish_reason, made.model) == ('{"a":true}', "stop", "m")
    assert plain(score_completion(made, compile_schema(None))) == plain(score(response(ENTRIES)))

"""A result of the AI SDK without logprobs: the report names the version and what to write."""

import json

import pytest

import fieldconf as fc

TEXT = '{"team":"billing"}'
USAGE = {
    4: {"promptTokens": 1, "completionTokens": 2},
    5: {"inputTokens": 1, "outputTokens": 2},
    6: {"inputTokens": 1, "inputTokenDetails": {}},
    7: {"inputTokens": 1, "inputTokenDetails": {}},
}
STEP = {6: {"stepNumber": 0}, 7: {"stepNumber": 0, "callId": "call-1"}}


def step(version, metadata, **more):
    """The step of a result, as this version writes it."""
    return {
        "content": [{"type": "text", "text": TEXT}], "finishReason": "stop",
        "usage": USAGE[version], "providerMetadata": metadata, **STEP.get(version, {}), **more,
    }  # fmt: skip


def streamed_object(version, metadata):
    return {
        "object": json.loads(TEXT), "finishReason": "stop", "usage": USAGE[version],
        "providerMetadata": metadata,
    }  # fmt: skip


LAST = {"openai": {"logprobs": [{"token": '"}', "logprob": 0.0, "top_logprobs": []}]}}
NAMED = "ask with providerOptions: { local: { logprobs: true, top_logprobs: 5 } }"
EXTRACTOR = "the metadataExtractor of docs/typescript.md"
CASES = {
    "4: Responses": (step(4, {"openai": {"responseId": "r"}}), "AI SDK 4", "openai.chat(model, {"),
    "4: streamObject": (streamed_object(4, {"openai": {}}), "AI SDK 4", "use streamText"),
    "4: compatible": (step(4, {"local": {}}), "AI SDK 4", f"version 5 and {EXTRACTOR}"),
    "5: openai.chat": (step(5, LAST), "AI SDK 5", "includeRawChunks: true"),
    "5: openai.chat, object": (streamed_object(5, LAST), "AI SDK 5", "includeRawChunks: true"),
    "5: no counts": (step(5, {"local": {}}, usage={}), "AI SDK 5", EXTRACTOR),
    "5: not asked": (step(5, {"openai": {}}), "AI SDK 5", "{ openai: { logprobs: 5 } }"),
    "6: compatible": (step(6, {"local": {}}), "AI SDK 6", f"give it {EXTRACTOR}, and {NAMED}"),
    "6: object": (streamed_object(6, {"local": {}}), "AI SDK 6 or 7", EXTRACTOR),
    "7: compatible": (step(7, {"local": {}}), "AI SDK 7", EXTRACTOR),
    "7: Responses": (step(7, {"openai": {"responseId": "r"}}), "AI SDK 7", "{ openai: {"),
    "kept": (step(7, {"local": {}, "fieldconf": {"logprobs": []}}), "AI SDK 7", f": {NAMED}"),
    "a name": (step(6, {"my server": {}}), "AI SDK 6", '{ "my server": { logprobs: true'),
    "no metadata": ({"object": {}, "finishReason": "stop", "response": {}}, "4 to 7", "ask for"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_reason_names_the_version_and_the_remedy(name):
    item, version, remedy = CASES[name]
    for payload in (item, {"steps": [item]}, json.dumps(item)):
        report = fc.score(payload)
        assert report.status == "no_logprobs"
        assert report.reason.startswith("the result of AI SDK ")
        assert version in report.reason
        assert remedy in report.reason
        assert "logprobs=True" not in report.reason  # Python's words
        assert "\n" not in report.reason


def test_the_parts_of_a_stream_say_the_same():
    parts = [
        {"type": "text-delta", "id": "0", "text": TEXT},
        {"type": "finish-step", **step(7, {"local": {}})},
        {"type": "finish", "finishReason": "stop", "totalUsage": USAGE[7]},
    ]
    reason = fc.score(parts[:2]).reason
    assert f"give it {EXTRACTOR}, and {NAMED}" in reason
    assert "AI SDK 6 or 7" in fc.score(parts).reason


def test_a_result_with_logprobs_says_nothing():
    entry = {"token": TEXT, "logprob": -0.1, "top_logprobs": []}
    kept = {"local": {}, "fieldconf": {"logprobs": [entry]}}
    assert fc.score(step(7, kept)).status == "complete"
    assert fc.score({"steps": [step(5, kept)]}).reason == ""

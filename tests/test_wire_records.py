"""Recorded HTTP responses: their bodies are read, also encoded ones; else one line says why not."""

import base64
import gzip
import json
import zlib

import pytest
import yaml
from wire_samples import sample

import fieldconf as fc

CHAT = json.dumps(sample("openai_chat"), ensure_ascii=False).encode()
EVENTS = "".join(
    f"data: {json.dumps(chunk)}\n\n" for chunk in [*sample("openai_chat_stream"), "[DONE]"]
)


def figures(payload):
    report = fc.score(payload)
    return {
        path: (field.value, field.logprob, field.confidence)
        for path, field in report.fields.items()
    }


WANTED = figures(sample("openai_chat"))
STREAMED = figures(sample("openai_chat_stream"))


def interaction(body, encoding=None, name="Content-Encoding", **more):
    headers = {"content-type": ["application/json"]}
    headers |= {name: [encoding]} if encoding else {}
    response = {"status": {"code": 200, "message": "OK"}, "headers": headers, "body": body}
    return {"request": {"uri": "http://x", "body": "{}"}, "response": response | more}


# -- VCR ------------------------------------------------------------------------------------------

PLAIN_DEFLATE = zlib.compress(CHAT)[2:-4]  # without the header and the checksum of zlib

ENCODED = {
    "gzip": (gzip.compress(CHAT), "gzip"),
    "gzip, no header": (gzip.compress(CHAT), None),
    "deflate": (zlib.compress(CHAT), "deflate"),
    "deflate without zlib": (PLAIN_DEFLATE, "deflate"),
    "decoded, but the header stays": (CHAT, "br"),
    "no encoding": (CHAT, None),
}


@pytest.mark.parametrize(("body", "encoding"), ENCODED.values(), ids=ENCODED)
def test_an_encoded_body_is_decoded(body, encoding):
    for name in ("Content-Encoding", "content-encoding"):
        record = interaction({"string": body}, encoding, name)
        assert figures(record) == WANTED
    cassette = yaml.safe_dump({"interactions": [record], "version": 1})
    assert "!!binary" in cassette
    assert figures(yaml.safe_load(cassette)) == WANTED
    in_base64 = base64.encodebytes(body).decode()  # in lines, as Ruby writes it
    assert (
        figures(interaction({"encoding": "BINARY", "base64_string": in_base64}, encoding)) == WANTED
    )


def test_an_encoded_stream_is_decoded():
    assert figures(interaction({"string": gzip.compress(EVENTS.encode())}, "gzip")) == STREAMED


# The first bytes of a response that was compressed with Brotli.
BROTLI = bytes.fromhex("1be116009c07d9b9e20c21af")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(BROTLI, "br"), (gzip.compress(CHAT)[:-20], "gzip"), (b"\xff" * 9, "zstd")],
)
def test_an_unknown_encoding_and_a_damaged_body_are_told_in_one_line(body, encoding):
    with pytest.raises(fc.PayloadError) as caught:
        fc.score(interaction({"string": body}, encoding))
    assert str(caught.value) == (
        f"the body of the recorded response is encoded with {encoding}, which is not in Python's "
        "standard library, or it is damaged. Decode it first; VCR does with "
        "decode_compressed_response=True"
    )


def test_a_body_that_decodes_to_very_much_is_refused(monkeypatch):
    monkeypatch.setattr("fieldconf.responses.records._LONGEST", len(CHAT) - 1)
    with pytest.raises(fc.PayloadError, match="when decoded"):
        fc.score(interaction({"string": gzip.compress(CHAT)}, "gzip"))


def test_a_cassette_as_yaml_text_is_told():
    for text in ("interactions:\n- request: {}\n", "---\nhttp_interactions:\n- request:\n"):
        with pytest.raises(fc.PayloadError, match=r"yaml\.safe_load"):
            fc.score(text)


def test_a_response_without_a_body_is_skipped():
    empty, whole = interaction({"string": ""}), interaction({"string": CHAT.decode()})
    assert figures({"interactions": [empty, whole]}) == WANTED
    with pytest.raises(fc.PayloadError, match="without an answer in its body"):
        fc.score({"interactions": [empty]})


# -- the test proxy of Azure and OpenAI .NET ------------------------------------------------------


def entry(body, kind="application/json", **headers):
    return {
        "RequestUri": "https://x/v1/chat/completions", "RequestMethod": "POST",
        "RequestHeaders": {}, "RequestBody": {}, "StatusCode": 200,
        "ResponseHeaders": {"Content-Type": kind, **headers}, "ResponseBody": body,
    }  # fmt: skip


BODIES = {
    "an object": entry(sample("openai_chat")),
    "a text": entry(CHAT.decode(), "text/plain"),
    "base64": entry(base64.b64encode(CHAT).decode(), "application/octet-stream"),
    "compressed": entry(
        base64.b64encode(gzip.compress(CHAT)).decode(),
        "application/octet-stream", **{"Content-Encoding": "gzip"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("record", BODIES.values(), ids=BODIES)
def test_an_entry_of_a_session_is_read(record):
    assert figures(record) == WANTED
    assert figures({"Entries": [entry([], "text/plain"), record], "Variables": {}}) == WANTED


def test_an_entry_of_a_session_may_have_the_lines_of_a_stream():
    record = entry(EVENTS.splitlines(keepends=True), "text/event-stream")
    assert figures({"Entries": [record], "Variables": {}}) == STREAMED


def test_an_entry_may_be_an_error():
    record = entry({"error": {"message": "no such model"}}) | {"StatusCode": 404}
    with pytest.raises(fc.PayloadError, match="no such model"):
        fc.score({"Entries": [record], "Variables": {}})


# -- a value with the keys of a record ------------------------------------------------------------

VALUES = [
    {"choices": ["red", "blue"], "answer": "red"},
    {"choices": [{"text": "Paris", "is_right": True}, {"text": "Rome", "is_right": False}]},
    {"response": "yes"}, {"response": {"code": 3}}, {"request": {"a": 1}, "response": {"b": 2}},
    {"output": ["a"]}, {"content": "hello"}, {"message": {"content": "hello"}},
    {"results": [{"text": "a", "rank": 1}]}, {"candidates": ["Ann", "Bob"]}, {"steps": ["a", "b"]},
    {"interactions": ["aspirin"]}, {"Entries": [{"a": 1}]}, {"custom_id": "x", "a": 1},
    {"error": {"message": "bad"}, "is_urgent": True}, {"logprobs": [1, 2]}, {"parts": ["a"]},
    {"replies": ["a"]}, {"raw": "x"}, {"usage": "indoors"}, {"role": "user", "name": "Ann"},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids="-".join)
def test_a_value_with_the_keys_of_a_response_is_not_read_as_one(value):
    for payload in (value, json.dumps(value), {"response": value}):
        with pytest.raises(fc.PayloadError) as caught:
            fc.score(payload)
        assert "`completion`" in str(caught.value)
        assert "\n" not in str(caught.value)

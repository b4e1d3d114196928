"""Extraction against a loopback server, through the real openai client."""

import threading

import openai
import pytest
from answers import TICKET, TICKET_SCHEMA, chunk, chunks, entry, response
from pydantic import BaseModel
from servers import answer_endless, answer_json, answer_stream, closed_port, serving

import fieldconf as fc
from fieldconf.requests.request import Defaults


class Ticket(BaseModel):
    urgent: bool
    team: str


def client_of(server, **options):
    return openai.OpenAI(base_url=server.base_url, api_key="key", max_retries=0, **options)


def test_extract_equals_score_of_the_raw_response():
    with serving(answer_json(response(TICKET))) as server, client_of(server) as client:
        report = fc.extract(TICKET_SCHEMA, "I was charged twice", client=client, model="m")
    assert report.to_dict() == fc.score(response(TICKET), TICKET_SCHEMA).to_dict()
    assert report.data == {"urgent": True, "team": "billing"}


def test_extract_gives_the_model_instance():
    with serving(answer_json(response(TICKET))) as server, client_of(server) as client:
        report = fc.extract(Ticket, "I was charged twice", client=client, model="m")
    assert report.value == Ticket(urgent=True, team="billing")


class Note(BaseModel):
    """What a model may leave out."""

    text: str
    author: str = "nobody"


LEFT_OUT = [('{"text":"a","author":', 0.9, {}), ("null", 0.7, {'"': 0.3}), ("}", 0.9, {})]


def test_what_is_left_out_is_asked_for_as_null_and_comes_back_as_the_default():
    with serving(answer_json(response(LEFT_OUT))) as server, client_of(server) as client:
        report = fc.extract(Note, "x", client=client, model="m")
        plain = fc.extract(Note.model_json_schema(), "x", client=client, model="m")
        asked = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert asked["required"] == ["text", "author"]
    assert asked["properties"]["author"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert asked["description"] == "What a model may leave out."
    assert report.value == Note(text="a")
    assert plain.value == {"text": "a", "author": "nobody"}
    # Nothing is listed at the token before: it might have ended in null, or in another value.
    assert report["author"].confidence == pytest.approx(0.9 * 0.7)


def test_a_client_that_sends_the_schema_as_it_is_allows_no_null():
    with serving(answer_json(response(LEFT_OUT))) as server, client_of(server) as client:
        client.fieldconf_defaults = Defaults(request_options={"model": "m"}, make_schema=dict)
        report = fc.extract(Note, "x", client=client)
        asked = server.requests[0]["response_format"]["json_schema"]["schema"]
    assert asked == Note.model_json_schema()
    assert report.value is None
    assert [error.pointer for error in report.errors] == ["/author"]


def test_stream_gives_each_field_as_it_closes_and_the_same_report():
    with serving(answer_stream(chunks(TICKET))) as server, client_of(server) as client:
        stream = fc.stream(TICKET_SCHEMA, "I was charged twice", client=client, model="m")
        fields = list(stream.fields())
    assert [field.pointer for field in fields] == ["/urgent", "/team", ""]
    assert stream.report.to_dict() == fc.score(response(TICKET), TICKET_SCHEMA).to_dict()
    assert {field.pointer: field for field in fields} == stream.report.fields


def test_stream_left_early_closes_the_connection_and_reports_what_came():
    hung_up = threading.Event()
    endless = answer_endless(
        chunks(TICKET)[:9], chunk({"content": "x"}, [entry("x", 0.9)]), hung_up
    )
    with serving(endless) as server, client_of(server) as client:
        with fc.stream(TICKET_SCHEMA, "x", client=client, model="m") as stream:
            assert next(stream.fields()).pointer == "/urgent"
        assert hung_up.wait(30)
    assert stream.report.status == "truncated"
    assert stream.report.data["urgent"] is True


def test_a_broken_stream_keeps_what_was_scored():
    broken = answer_stream(chunks(TICKET)[:6], promise_more=True)
    with serving(broken) as server, client_of(server) as client:
        stream = fc.stream(TICKET_SCHEMA, "x", client=client, model="m")
        with pytest.raises(fc.RequestError) as caught:
            list(stream)
    kept = caught.value.report
    assert kept.status == "truncated"
    assert (
        kept["urgent"].confidence == fc.score(response(TICKET), TICKET_SCHEMA)["urgent"].confidence
    )


def test_what_is_sent():
    with serving(answer_json(response(TICKET))) as server, client_of(server) as client:
        fc.extract(
            Ticket, "the text", client=client, model="m", instructions="Read it.",
            top_logprobs=7, request_options={"seed": 3},
        )  # fmt: skip
    (sent,) = server.requests
    assert sent["logprobs"] is True
    assert (sent["top_logprobs"], sent["seed"], sent["model"]) == (7, 3, "m")
    assert [m["content"] for m in sent["messages"]] == ["Read it.", "the text"]
    shape = sent["response_format"]["json_schema"]
    assert (shape["name"], shape["strict"]) == ("Ticket", True)
    assert shape["schema"]["additionalProperties"] is False


def test_messages_are_sent_as_they_are():
    messages = [{"role": "user", "content": "the text"}]
    with serving(answer_json(response(TICKET))) as server, client_of(server) as client:
        fc.extract(Ticket, messages, client=client, model="m")
    assert server.requests[0]["messages"] == messages


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"error": {"message": "Incorrect API key"}}, ["401", "Incorrect API key", "key"]),
        (404, {"error": {"message": "no such model"}}, ["404", "no such model", "base URL"]),
        (400, {"error": {"message": "logprobs is not supported"}}, ["400", "not supported"]),
        (500, b"<html>broken</html>", ["500"]),
    ],
)
def test_an_error_status_is_one_line_of_ours(status, body, words):
    with serving(answer_json(body, status)) as server, client_of(server) as client:
        with pytest.raises(fc.RequestError) as caught:
            fc.extract(Ticket, "x", client=client, model="m")
    assert caught.value.status == status
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)


def test_a_dead_server():
    address = f"http://127.0.0.1:{closed_port()}/v1"
    with openai.OpenAI(base_url=address, api_key="key", max_retries=0) as client:
        with pytest.raises(fc.RequestError, match=r"no connection to .*Check the address"):
            fc.extract(Ticket, "x", client=client, model="m")


def test_a_server_that_stalls():
    release = threading.Event()
    stalled = answer_stream(chunks(TICKET)[:6], hold=release)
    with serving(stalled) as server, client_of(server, timeout=0.3) as client:
        stream = fc.stream(TICKET_SCHEMA, "x", client=client, model="m")
        with pytest.raises(fc.RequestError, match="did not answer in time") as caught:
            list(stream)
        release.set()
    assert caught.value.report["urgent"].value is True


def test_no_model_is_an_error_before_any_request():
    with openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="key") as client:
        with pytest.raises(fc.RequestError, match="no model was named"):
            fc.extract(Ticket, "x", client=client)


def test_a_wrong_schema_is_an_error_before_any_request():
    with pytest.raises(fc.SchemaError, match="not a JSON Schema"):
        fc.extract({"type": "objekt"}, "x", client=None, model="m")

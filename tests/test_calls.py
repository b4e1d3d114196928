"""What is sent: the arguments of the client's own call, for each API, provider and input."""

import base64
import json

import openai
import pytest
from answers import TICKET, TICKET_SCHEMA, response
from installed import needs_responses
from pydantic import BaseModel
from servers import answer_json, serving

import fieldconf as fc
from fieldconf.extraction.calls import prepare
from fieldconf.providers.provider_table import PROVIDERS, ROWS, provider_at


class Client:
    """As much of a client as is looked at before a request."""

    def __init__(self, host="localhost:8000", **more):
        self.base_url = f"https://{host}/v1/"
        vars(self).update(more)


class Ticket(BaseModel):
    urgent: bool


def sent(given="the text", host="localhost:8000", schema=Ticket, **options):
    return prepare(schema, given, Client(host), {"model": "m", **options}).arguments


# -- who is asked ---------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [row for row in ROWS if row.hosts], ids=lambda row: row.key)
def test_a_provider_is_known_by_its_host(row):
    for pattern in row.hosts:
        assert provider_at(pattern.replace("*", "eu-west-1")) is row
        assert provider_at(pattern.replace("*", "eu-west-1") + ".example.org") is None


@pytest.mark.parametrize(
    ("host", "model", "count"),
    [
        ("api.openai.com", "gpt-4o", 20),
        ("api.openai.com", "gpt-5.4-mini", 5),
        ("api.fireworks.ai", "m", 5),
        ("api.x.ai", "m", 8),
        ("my.openai.azure.com", "m", 20),
        ("localhost:8000", "m", 5),
    ],
)
def test_as_many_candidates_are_asked_for_as_the_provider_allows(host, model, count):
    assert sent(host=host, model=model)["top_logprobs"] == count


def test_together_has_the_number_where_others_have_a_boolean():
    assert sent(host="api.together.xyz")["logprobs"] == 20


def test_more_candidates_than_the_provider_lists_are_an_error_before_the_request():
    with pytest.raises(fc.RequestError, match="lists 0 to 8 candidates"):
        sent(host="api.x.ai", top_logprobs=20)


def test_nobody_known_is_asked_for_what_the_caller_says():
    """What an unknown server allows is not known, either."""
    assert sent(top_logprobs=50)["top_logprobs"] == 50


@pytest.mark.parametrize("host", ["api.groq.com", "api.anthropic.com"])
def test_who_gives_no_logprobs_is_not_paid_for(host):
    with pytest.raises(fc.NoLogprobsError) as caught:
        sent(host=host)
    assert caught.value.remedy


def test_a_reasoning_model_is_refused_where_it_is_known_to_refuse():
    with pytest.raises(fc.NoLogprobsError, match="o3: reasoning models"):
        sent(host="api.openai.com", model="o3")
    assert sent(host="localhost:8000", model="o3")["model"] == "o3"  # somebody's own model
    assert sent(host="api.openai.com", model="gpt-5.4-mini")["reasoning_effort"] == "none"


@pytest.mark.parametrize("key", ["gemini", "ollama", "vllm-completions", "transformers"])
def test_a_provider_with_a_call_of_its_own_is_named(key):
    with pytest.raises(fc.RequestError, match="give the response to") as caught:
        sent(provider=key)
    assert PROVIDERS[key].call in str(caught.value)


def test_an_unknown_provider_is_said():
    with pytest.raises(fc.RequestError, match="Did you mean 'openai'"):
        sent(provider="opena1")


# -- how it is said -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"host": "api.openai.com"}, "max_completion_tokens"),
        ({"host": "my.openai.azure.com"}, "max_completion_tokens"),
        ({"host": "api.together.xyz"}, "max_tokens"),
        ({"host": "localhost:8000"}, "max_tokens"),
        ({"provider": "openai-responses"}, "max_output_tokens"),
    ],
)
def test_the_limit_has_each_servers_own_name(options, name):
    arguments = sent(max_tokens=77, **options)
    assert {k: v for k, v in arguments.items() if "max" in k} == {name: 77}


def test_temperature_seed_and_further_options_are_passed_on():
    made = sent(temperature=0.0, seed=0, request_options={"user": "u", "timeout": 3})
    assert (made["temperature"], made["seed"], made["user"], made["timeout"]) == (0.0, 0, "u", 3)
    assert not {"temperature", "seed", "max_tokens"} & sent().keys()


def test_what_both_add_to_the_body_is_joined_and_the_caller_wins():
    made = sent(host="openrouter.ai", request_options={"extra_body": {"transforms": []}})
    body = made["extra_body"]
    assert body == {"provider": {"require_parameters": True}, "transforms": []}
    made = sent(host="openrouter.ai", request_options={"extra_body": {"provider": {"only": ["x"]}}})
    assert made["extra_body"] == {"provider": {"only": ["x"]}}


def test_responses_have_no_seed():
    with pytest.raises(fc.RequestError, match="Responses has no seed"):
        sent(provider="openai-responses", seed=1)


def test_what_is_missing_is_said_before_the_request():
    with pytest.raises(fc.RequestError, match="no client was given"):
        prepare(Ticket, "x", None, {"model": "m"})
    with pytest.raises(fc.RequestError, match="no model was named"):
        prepare(Ticket, "x", Client(), {})
    with pytest.raises(fc.RequestError, match="the client has no chat"):
        prepare(Ticket, "x", Client(), {"model": "m"}).create()


# -- what there is to read ------------------------------------------------------------------------

PIXEL = b"GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;"
DATA = f"data:image/gif;base64,{base64.b64encode(PIXEL).decode()}"


def test_a_text_with_instructions():
    assert [m["content"] for m in sent(instructions="Read.")["messages"]] == ["Read.", "the text"]
    made = sent(provider="openai-responses", instructions="Read.")
    assert (made["input"], made["instructions"]) == ("the text", "Read.")


def test_messages_are_sent_as_they_are_behind_the_instructions():
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert sent(messages)["messages"] == messages
    told = [{"role": "system", "content": "Read."}, *messages]
    assert sent(messages, instructions="Read.")["messages"] == told
    made = sent(messages, provider="openai-responses")
    assert made["input"] == messages
    assert "instructions" not in made


def test_a_clients_own_message_objects_are_messages():
    from openai.types.chat import ChatCompletionMessage

    before = ChatCompletionMessage(role="assistant", content="b")
    assert sent([before, {"role": "user", "content": "a"}])["messages"][0] is before


def test_images_in_the_words_of_each_api(tmp_path):
    file = tmp_path / "pixel"
    file.write_bytes(PIXEL)
    given = ["What was paid?", fc.Image(file, detail="low"), fc.Image("https://x.org/a.png")]
    *_, message = sent(given)["messages"]
    assert message["content"] == [
        {"type": "text", "text": "What was paid?"},
        {"type": "image_url", "image_url": {"url": DATA, "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://x.org/a.png"}},
    ]
    (message,) = sent(given, provider="openai-responses")["input"]
    assert message["content"] == [
        {"type": "input_text", "text": "What was paid?"},
        {"type": "input_image", "image_url": DATA, "detail": "low"},
        {"type": "input_image", "image_url": "https://x.org/a.png", "detail": "auto"},
    ]


def test_an_image_alone_and_parts_in_the_clients_own_format():
    *_, message = sent(fc.Image(PIXEL))["messages"]
    assert message["content"] == [{"type": "image_url", "image_url": {"url": DATA}}]
    audio = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
    *_, message = sent(["Hear.", audio])["messages"]
    assert message["content"][1] == audio


@needs_responses
def test_the_types_accept_what_is_sent():
    """The openai package's own types, as far as they can be checked at run time."""
    from openai.types.chat import ChatCompletionUserMessageParam
    from openai.types.responses import ResponseInputItemParam
    from pydantic import TypeAdapter

    given = ["What was paid?", fc.Image(PIXEL)]
    *_, message = sent(given)["messages"]
    TypeAdapter(ChatCompletionUserMessageParam).validate_python(message)
    (message,) = sent(given, provider="openai-responses")["input"]
    TypeAdapter(ResponseInputItemParam).validate_python(message)


@pytest.mark.parametrize("given", [[], [3], ["a", None]])
def test_what_is_no_input_is_said(given):
    with pytest.raises(fc.RequestError, match=r"the input holds .*fc\.Image"):
        sent(given)


@pytest.mark.parametrize("source", ["no/such/file.png", b"nothing known", "a\0b"])
def test_what_is_no_image_is_said(source):
    with pytest.raises(fc.RequestError, match="image"):
        fc.Image(source)


def test_an_image_is_short_to_look_at():
    assert len(repr(fc.Image(b"\x89PNG" + bytes(10_000)))) < 80


def test_a_server_without_schemas_is_told_the_form():
    messages = sent(host="api.deepseek.com", instructions="Read.")["messages"]
    told, _, form = messages[0]["content"].partition("JSON Schema:\n")
    assert told.startswith("Read.")
    assert json.loads(form) == fc.strict(Ticket).schema
    assert messages[1]["content"] == "the text"


# -- Responses, through the real client -----------------------------------------------------------


@needs_responses
def test_extraction_by_the_responses_api():
    entries = response(TICKET)["choices"][0]["logprobs"]["content"]
    part = {"type": "output_text", "text": response(TICKET)["choices"][0]["message"]["content"]}
    message = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
    message["content"] = [part | {"annotations": [], "logprobs": entries}]
    body = {"object": "response", "id": "r", "status": "completed", "output": [message]}
    with serving(answer_json(body)) as server:
        with openai.OpenAI(base_url=server.base_url, api_key="key", max_retries=0) as client:
            report = fc.extract(
                TICKET_SCHEMA, "x", client=client, model="m", provider="openai-responses"
            )
        (asked,) = server.requests
    assert report.to_dict() == fc.score(body, TICKET_SCHEMA).to_dict()
    assert asked["text"]["format"]["name"] == "Ticket"
    assert asked["include"] == ["message.output_text.logprobs"]


class Recorder(Client):
    """Takes note of what it is called with."""

    def __init__(self, host):
        super().__init__(host)
        self.chat = self.completions = self

    def create(self, **arguments):
        return arguments


@pytest.mark.parametrize(("host", "asks"), [("api.openai.com", True), ("localhost:8000", False)])
def test_a_streamed_answer_is_counted_where_the_server_is_known_to_count(host, asks):
    call = prepare(Ticket, "x", Recorder(host), {"model": "m"})
    assert ("stream_options" in call.create(stream=True)) == asks
    assert call.create(stream=True)["stream"] is True
    assert not {"stream", "stream_options"} & call.create().keys()
    own = {"stream_options": {"include_usage": False}}
    call = prepare(Ticket, "x", Recorder(host), {"model": "m", "request_options": own})
    assert call.create(stream=True)["stream_options"] == own["stream_options"]


@pytest.mark.parametrize("ask", [fc.extract, fc.stream])
def test_an_argument_that_the_client_does_not_take(ask):
    """A wrong option, or a client that is older than the argument."""
    with openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="key") as client:
        with pytest.raises(
            fc.RequestError, match=r"no_such_thing.*names in request_options=.*1\.40"
        ):
            ask(Ticket, "x", client=client, model="m", request_options={"no_such_thing": 1})

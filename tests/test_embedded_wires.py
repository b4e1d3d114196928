"""One question, asked at the embedded model's server in every form it understands: one report."""

import pytest
from embedded_ticket import TEXT, TICKET

import fieldconf as fc
from fieldconf.providers.client_errors import post


def question(client):
    """The request of the chat, as an extraction sends it."""
    defaults = client.fieldconf_defaults
    shape = {"name": "ticket", "schema": defaults.make_schema(TICKET)}
    return {
        **defaults.request_options,
        "messages": defaults.make_messages(TICKET, TEXT, None),
        "logprobs": True,
        "response_format": {"type": "json_schema", "json_schema": shape},
    }


@pytest.fixture(scope="module")
def chat(local_client):
    """The report of the plain answer."""
    report = fc.score(local_client.chat.completions.create(**question(local_client)), TICKET)
    assert (report.status, report.mask) == ("complete", "before")
    assert all(0 < field.confidence < 1 for field in report.leaves.values())
    assert report["team"].distribution
    return report


def told(report):
    """What a report tells of the answer; the numbers to the last bit."""
    whole = report.to_dict()
    return [whole[part] for part in ("status", "reason", "data", "errors", "fields")]


def test_the_chunks_of_the_chat(local_client, chat):
    chunks = local_client.chat.completions.create(**question(local_client), stream=True)
    report = fc.score(list(chunks), TICKET)
    assert told(report) == told(chat)
    assert report.mask == "before"


def test_the_native_completion(local_client, chat):
    asked = question(local_client)
    templated = post(
        local_client, "apply-template", {"messages": asked["messages"]}, server="a llama.cpp server"
    )
    body = {
        "prompt": templated["prompt"],
        "json_schema": asked["response_format"]["json_schema"]["schema"],
        "n_probs": asked["top_logprobs"],
        "n_predict": asked["max_tokens"],
        "temperature": asked["temperature"],
        **asked["extra_body"],
    }
    payload = post(local_client, "completion", body, server="a llama.cpp server")
    assert "completion_probabilities" in payload
    report = fc.score(payload, TICKET)
    assert told(report) == told(chat)
    assert report.mask == "before"


def test_langchains_message_and_its_chunks(local_client, chat, monkeypatch):
    """LangChain keeps the fingerprint of the build, which tells that this is llama.cpp."""
    langchain_openai = pytest.importorskip("langchain_openai")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("LANGSMITH_TRACING", "false")
    asked = question(local_client)
    messages, shape = asked.pop("messages"), asked.pop("response_format")
    model = langchain_openai.ChatOpenAI(
        base_url=str(local_client.base_url), api_key=local_client.api_key, max_retries=0, **asked
    ).bind(response_format=shape)
    for held in (model.invoke(messages), list(model.stream(messages))):
        report = fc.score(held, TICKET)
        assert told(report) == told(chat)
        assert report.mask == "before"

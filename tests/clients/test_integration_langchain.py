"""The runnables of ``fieldconf.integrations.langchain``, with the real ChatOpenAI."""

import asyncio
import sys

import pytest
from compared import MESSAGES, Ticket, client, told
from replay import replaying
from wire_samples import sample

import fieldconf as fc
from fieldconf.errors import MissingPackageError

PAYLOAD = sample("openai_chat")
EXPECTED = fc.score(PAYLOAD, Ticket)
VALUE = Ticket(urgent=True, team="billing")


@pytest.fixture
def integration():
    client("langchain_core")
    from fieldconf.integrations import langchain

    return langchain


@pytest.fixture
def connect():
    langchain_openai = client("langchain_openai")

    def connect(server, **options):
        return langchain_openai.ChatOpenAI(
            base_url=server.base_url, api_key="none", model="m", max_retries=0, **options
        )

    return connect


def assert_scored(result):
    assert result["value"] == VALUE
    assert told(result["report"]) == told(EXPECTED)


def test_a_message_gets_the_report_of_its_payload(integration, connect):
    with replaying(PAYLOAD) as server:
        chain = connect(server, logprobs=True) | integration.add_report(Ticket)
        result = chain.invoke("hi")
    assert_scored(result)
    assert result["raw"].content == EXPECTED.text


def test_a_batch_and_an_asynchronous_call_are_scored_too(integration, connect):
    with replaying(PAYLOAD) as server:
        chain = connect(server, logprobs=True) | integration.add_report(Ticket)
        results = chain.batch(["hi", "ho"])
        results.append(asyncio.run(chain.ainvoke("hi")))
    for result in results:
        assert_scored(result)


def test_a_stream_is_scored_when_it_ends(integration, connect):
    chunks = sample("openai_chat_stream")
    with replaying(stream=chunks) as server:
        chain = connect(server, logprobs=True) | integration.add_report(Ticket)
        (result,) = chain.stream("hi")
    assert told(result["report"]) == told(fc.score(chunks, Ticket))


def test_the_keys_of_structured_output_are_kept(integration, connect):
    with replaying(PAYLOAD) as server:
        model = connect(server, logprobs=True).with_structured_output(Ticket, include_raw=True)
        result = (model | integration.add_report(Ticket)).invoke("hi")
    assert_scored(result)
    assert result["parsed"] == VALUE
    assert result["parsing_error"] is None


def test_a_chat_model_is_asked_for_logprobs_and_the_schema(integration, connect):
    with replaying(PAYLOAD) as server:
        model = connect(server)
        chain = integration.with_report(model, Ticket, top_logprobs=3, policy={"accept": 0.5})
        result = chain.invoke(MESSAGES)
    assert_scored(result)
    assert result["report"].policy == fc.Policy(accept=0.5)
    (request,) = server.requests
    expected = fc.request(Ticket, top_logprobs=3)
    assert {name: request[name] for name in expected} == expected
    assert model.logprobs is None  # the model itself is as before


def test_a_message_without_logprobs_says_why(integration, connect):
    payload = {**PAYLOAD, "choices": [{**PAYLOAD["choices"][0], "logprobs": None}]}
    with replaying(payload) as server:
        result = (connect(server) | integration.add_report(Ticket)).invoke("hi")
    assert result["value"] == VALUE
    assert result["report"].status == "no_logprobs"


def test_without_langchain_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "langchain_core.language_models", None)
    monkeypatch.delitem(sys.modules, "fieldconf.integrations.langchain", raising=False)
    with pytest.raises(
        MissingPackageError, match=r"langchain-core\. .*pip install langchain-core$"
    ):
        import fieldconf.integrations.langchain  # noqa: F401

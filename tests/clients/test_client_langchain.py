"""LangChain: a message of OpenAI's Chat is scored as the payload; one of Responses has nothing."""

import operator
from functools import reduce

import pytest
from compared import Ticket, assert_dropped, assert_scored_as, client, told
from replay import origin, replaying
from wire_samples import sample

import fieldconf as fc


@pytest.fixture(scope="module")
def langchain_openai():
    return client("langchain_openai")


@pytest.fixture
def connect(langchain_openai):
    def connect(server, **options):
        return langchain_openai.ChatOpenAI(
            base_url=server.base_url, api_key="none", model="m", max_retries=0, top_logprobs=5,
            **(options or {"logprobs": True}),
        )  # fmt: skip

    return connect


def test_a_message_and_its_dump_are_scored_as_the_payload(connect):
    with replaying(sample("openai_chat")) as server:
        held = connect(server).invoke("hi")
    assert_scored_as(held, sample("openai_chat"))
    assert_scored_as(held.model_dump(), sample("openai_chat"))


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_the_raw_part_of_structured_output_is_scored_as_the_payload(connect, method):
    with replaying(sample("openai_chat")) as server:
        asked = connect(server).with_structured_output(Ticket, method=method, include_raw=True)
        held = asked.invoke("hi")
    assert held["parsed"] == Ticket(urgent=True, team="billing")
    assert_scored_as(held["raw"], sample("openai_chat"))
    assert_scored_as(held, sample("openai_chat"))


def test_message_chunks_as_a_list_and_added_up_are_scored_as_the_chunks(connect):
    with replaying(stream=sample("openai_chat_stream")) as server:
        held = list(connect(server).stream("hi"))
    assert_scored_as(held, sample("openai_chat_stream"))
    assert_scored_as(reduce(operator.add, held), sample("openai_chat_stream"))


def test_a_result_is_scored_as_the_payload_with_a_report_for_each_generation(connect):
    """What callbacks get at the end of a call."""
    messages = client("langchain_core.messages")
    payload = sample("openai_chat")
    first = payload["choices"][0]
    payload["choices"] = [first, first | {"index": 1}]
    with replaying(payload) as server:
        held = connect(server, logprobs=True, n=2).generate([[messages.HumanMessage("hi")]])
    assert_scored_as(held, payload)
    assert_scored_as(held.generations[0][1], sample("openai_chat"))
    assert [told(report) for report in fc.score_all(held, Ticket)] == [
        told(report) for report in fc.score_all(payload, Ticket)
    ]


def test_a_tool_call_and_a_refusal_give_the_same_reasons(connect):
    for name, status in (("toolcall_null", "no_logprobs"), ("refusal", "refused")):
        payload = sample(f"openai_chat_{name}")
        with replaying(payload) as server:
            held = connect(server).invoke("hi")
        assert_scored_as(held, payload, status=status)


def test_a_message_of_the_responses_api_has_lost_its_logprobs(connect):
    with replaying(sample("openai_responses")) as server:
        asked = connect(server, use_responses_api=True, include=["message.output_text.logprobs"])
        held = asked.invoke("hi")
    assert_dropped(held, sample("openai_responses"))


def test_a_message_of_gemini_has_no_logprobs():
    """The client cannot even ask for them; what the server sends unasked is dropped."""
    google = client("langchain_google_genai")
    with replaying(sample("gemini")) as server:
        held = google.ChatGoogleGenerativeAI(
            base_url=origin(server), api_key="none", model="gemini-2.5-flash", max_retries=1
        ).invoke("hi")
    assert_dropped(held, sample("gemini"))

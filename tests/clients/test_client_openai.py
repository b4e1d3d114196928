"""openai: what its client returns for what servers send is scored as the payload."""

import openai
import pytest
from compared import MESSAGES, Mood, Ticket, assert_scored_as
from installed import chat_helpers, needs_responses
from replay import replaying
from wire_samples import sample

ASKED = {"logprobs": True, "top_logprobs": 5}
CHATS = [
    "openai_chat", "openai_chat_no_top", "openai_chat_truncated_top", "openai_chat_partial_utf8",
    "azure_chat", "deepseek_chat", "fireworks_chat_legacy", "fireworks_chat_new",
    "llama_cpp_python_chat", "llama_cpp_python_chat_old", "llamacpp_chat", "mistral_chat",
    "mlx_lm_chat", "openrouter_chat", "sglang_chat", "tgi_chat", "together_chat", "vllm_chat",
    "vllm_chat_partial_utf8", "vllm_chat_reasoning", "vllm_chat_token_ids", "vllm_chat_toolcall",
    "xai_chat",
]  # fmt: skip
STREAMS = [
    "openai_chat_stream", "azure_chat_stream", "bedrock_gptoss_stream", "fireworks_chat_stream",
    "together_chat_stream", "vllm_chat_stream_multi",
]  # fmt: skip
WITHOUT_NUMBERS = {
    "openai_chat_refusal": "refused",
    "openai_chat_toolcall_null": "no_logprobs",
    "mlx_lm_chat_no_top": "no_logprobs",
}
COMPLETIONS = [
    "openai_completions_legacy", "openai_completions_echo", "openai_completions_partial_utf8",
    "vllm_completions", "sglang_completions", "llamacpp_v1_completions",
]  # fmt: skip


def connected(server):
    return openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0)


def schema_of(name):
    return Mood if "partial_utf8" in name else Ticket


# -- Chat -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHATS)
def test_a_chat_completion_is_scored_as_its_payload(name):
    with replaying(sample(name)) as server, connected(server) as client:
        held = client.chat.completions.create(model="m", messages=MESSAGES, **ASKED)
    assert_scored_as(held, sample(name), schema=schema_of(name))


@pytest.mark.parametrize("name", sorted(WITHOUT_NUMBERS))
def test_a_chat_completion_without_numbers_gives_the_same_reason(name):
    with replaying(sample(name)) as server, connected(server) as client:
        held = client.chat.completions.create(model="m", messages=MESSAGES, **ASKED)
    assert_scored_as(held, sample(name), status=WITHOUT_NUMBERS[name])


@pytest.mark.parametrize("name", STREAMS)
def test_the_chunks_of_a_chat_are_scored_as_their_payloads(name):
    with replaying(stream=sample(name)) as server, connected(server) as client:
        held = list(
            client.chat.completions.create(model="m", messages=MESSAGES, stream=True, **ASKED)
        )
    assert_scored_as(held, sample(name))


def test_a_parsed_chat_completion_is_scored_as_its_payload():
    with replaying(sample("openai_chat")) as server, connected(server) as client:
        held = chat_helpers(client).parse(
            model="m", messages=MESSAGES, response_format=Ticket, **ASKED
        )
    assert held.choices[0].message.parsed == Ticket(urgent=True, team="billing")
    assert_scored_as(held, sample("openai_chat"))


def test_the_events_of_the_stream_helper_and_its_end_are_scored_as_the_chunks():
    with replaying(stream=sample("openai_chat_stream")) as server, connected(server) as client:
        with chat_helpers(client).stream(
            model="m", messages=MESSAGES, response_format=Ticket, **ASKED
        ) as stream:
            events = list(stream)
            final = stream.get_final_completion()
    assert {"chunk", "content.delta", "logprobs.content.done"} <= {event.type for event in events}
    assert_scored_as(events, sample("openai_chat_stream"))
    assert_scored_as(final, sample("openai_chat_stream"))


def test_a_raw_response_is_scored_as_its_payload():
    with replaying(sample("openai_chat")) as server, connected(server) as client:
        held = client.chat.completions.with_raw_response.create(model="m", messages=MESSAGES)
    assert_scored_as(held.http_response, sample("openai_chat"))
    assert_scored_as(held, sample("openai_chat"))


# -- Responses and legacy Completions -------------------------------------------------------------


@needs_responses
def test_a_response_plain_and_parsed_is_scored_as_its_payload():
    with replaying(sample("openai_responses")) as server, connected(server) as client:
        plain = client.responses.create(model="m", input="hi")
        parsed = client.responses.parse(model="m", input="hi", text_format=Ticket)
    assert parsed.output_parsed == Ticket(urgent=True, team="billing")
    assert_scored_as(plain, sample("openai_responses"))
    assert_scored_as(parsed, sample("openai_responses"))


@needs_responses
def test_a_response_without_logprobs_gives_the_same_reason():
    name = "openai_responses_no_include"
    with replaying(sample(name)) as server, connected(server) as client:
        held = client.responses.create(model="m", input="hi")
    assert_scored_as(held, sample(name), status="no_logprobs")


@needs_responses
def test_the_events_of_a_response_are_scored_as_their_payloads():
    events = sample("openai_responses_stream")
    with replaying(stream=events) as server, connected(server) as client:
        held = list(client.responses.create(model="m", input="hi", stream=True))
    assert {item["type"] for item in events} == {item.type for item in held}
    assert_scored_as(held, events)


@needs_responses
def test_the_events_of_the_responses_helper_are_scored_as_the_events():
    events = sample("openai_responses_stream")
    with replaying(stream=[begun(events), *events]) as server, connected(server) as client:
        with client.responses.stream(model="m", input="hi", text_format=Ticket) as stream:
            held = list(stream)
            final = stream.get_final_response()
    assert_scored_as(held, events)
    assert_scored_as(final, events[-1]["response"])


def begun(events):
    """The event that the sample leaves out and the helper waits for."""
    response = events[-1]["response"] | {"output": [], "status": "in_progress"}
    return {"type": "response.created", "sequence_number": 0, "response": response}


@pytest.mark.parametrize("name", COMPLETIONS)
def test_a_legacy_completion_is_scored_as_its_payload(name):
    with replaying(sample(name)) as server, connected(server) as client:
        held = client.completions.create(model="m", prompt="Route", logprobs=5)
    assert_scored_as(held, sample(name), schema=schema_of(name))

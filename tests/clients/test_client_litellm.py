"""LiteLLM: its responses and chunks are scored as what the provider sent it."""

import asyncio

import pytest
from compared import MESSAGES, assert_dropped, assert_scored_as, client
from replay import origin, replaying
from wire_samples import sample

pytestmark = [
    # of its own types, which it makes when it is first asked
    pytest.mark.filterwarnings("ignore:Items? .* on TypedDict class .*ReadOnly:UserWarning"),
]

ASKED = {"logprobs": True, "top_logprobs": 5}


@pytest.fixture(scope="module")
def litellm():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it is fetched
        module = client("litellm")
        patch.setattr(module, "suppress_debug_info", True)
        # It would begin an event loop that nobody ends.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        yield module
        asyncio.set_event_loop(None)
        loop.close()


def ask(litellm, server, **more):
    return litellm.completion(
        model="openai/m", api_base=server.base_url, api_key="none", messages=MESSAGES, **ASKED,
        **more,
    )  # fmt: skip


def test_a_response_is_scored_as_its_payload(litellm):
    with replaying(sample("openai_chat")) as server:
        held = ask(litellm, server)
    assert_scored_as(held, sample("openai_chat"))


def test_chunks_are_scored_as_their_payloads_until_they_are_built_together(litellm):
    with replaying(stream=sample("openai_chat_stream")) as server:
        held = list(ask(litellm, server, stream=True))
    assert_scored_as(held, sample("openai_chat_stream"))
    assert_dropped(litellm.stream_chunk_builder(held), sample("openai_chat_stream"))


@pytest.mark.parametrize("name", ["gemini", "gemini_chosen_only"])
def test_what_it_makes_of_gemini_is_scored_as_geminis_payload(litellm, name):
    model = "gemini-2.5-flash"
    with replaying(zeros_written(sample(name))) as server:
        held = litellm.completion(
            model=f"gemini/{model}", api_base=f"{origin(server)}/v1beta/models/{model}",
            api_key="none", messages=MESSAGES, allowed_openai_params=list(ASKED), **ASKED,
        )  # fmt: skip
    assert held.choices[0].logprobs.content
    assert_scored_as(held, sample(name))


def zeros_written(payload):
    """Where Gemini leaves out a logprob of 0, LiteLLM 1.107 gives up."""
    listed = payload["candidates"][0]["logprobsResult"]
    tops = [top["candidates"] for top in listed.get("topCandidates", [])]
    for entries in (listed["chosenCandidates"], *tops):
        for entry in entries:
            entry.setdefault("logProbability", 0.0)
    return payload


def test_a_text_completion_is_scored_as_its_payload(litellm):
    name = "openai_completions_legacy"
    with replaying(sample(name)) as server:
        held = litellm.text_completion(
            model="text-completion-openai/m", api_base=server.base_url, api_key="none",
            prompt="Route", logprobs=5,
        )  # fmt: skip
    assert_scored_as(held, sample(name))

"""instructor: its raw completion is scored as the payload; with tools there is nothing to score."""

import openai
import pytest
from compared import MESSAGES, Ticket, assert_scored_as, client
from replay import replaying
from wire_samples import sample


@pytest.fixture(scope="module")
def instructor():
    return client("instructor")


def asked(instructor, server, mode):
    address = {"base_url": server.base_url, "api_key": "none", "max_retries": 0}
    with openai.OpenAI(**address) as connected:
        patched = instructor.from_openai(connected, mode=instructor.Mode[mode])
        return patched.chat.completions.create_with_completion(
            model="m", messages=MESSAGES, response_model=Ticket, max_retries=1, logprobs=True,
            top_logprobs=5,
        )  # fmt: skip


@pytest.mark.parametrize("mode", ["JSON_SCHEMA", "JSON", "MD_JSON"])
def test_the_raw_completion_is_scored_as_the_payload(instructor, mode):
    with replaying(sample("openai_chat")) as server:
        value, completion = asked(instructor, server, mode)
    assert value.model_dump() == {"urgent": True, "team": "billing"}
    assert_scored_as(completion, sample("openai_chat"))
    assert_scored_as(value._raw_response, sample("openai_chat"))


def test_with_tools_the_reason_is_that_of_the_payload(instructor):
    payload = sample("openai_chat_toolcall_null")
    call = payload["choices"][0]["message"]["tool_calls"][0]
    call["function"]["name"] = "Ticket"
    with replaying(payload) as server:
        _, completion = asked(instructor, server, "TOOLS")
    assert_scored_as(completion, payload, status="no_logprobs")

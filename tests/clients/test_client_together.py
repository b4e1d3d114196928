"""together: its client's types say one dict where a list comes; the list is scored."""

import pytest
from compared import MESSAGES, assert_scored_as, client
from replay import replaying
from wire_samples import sample


@pytest.fixture(scope="module")
def together():
    return client("together")


@pytest.fixture
def connected(together):
    whole, stream = sample("together_chat"), sample("together_chat_stream")
    with replaying(whole, stream) as server:
        with together.Together(base_url=server.base_url, api_key="none", max_retries=0) as made:
            yield made


def test_a_chat_completion_is_scored_as_its_payload(connected):
    held = connected.chat.completions.create(model="m", messages=MESSAGES, logprobs=5)
    assert_scored_as(held, sample("together_chat"))


def test_the_chunks_of_a_chat_are_scored_as_their_payloads(connected):
    held = list(
        connected.chat.completions.create(model="m", messages=MESSAGES, logprobs=5, stream=True)
    )
    assert_scored_as(held, sample("together_chat_stream"))

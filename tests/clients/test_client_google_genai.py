"""google-genai: its client's objects are scored as the REST payloads."""

import pytest
from compared import assert_scored_as, client
from replay import origin, replaying
from wire_samples import sample


@pytest.fixture(scope="module")
def genai():
    return client("google.genai")


@pytest.mark.parametrize("name", ["gemini", "gemini_chosen_only"])
def test_a_generated_content_is_scored_as_its_payload(genai, name):
    config = {"response_logprobs": True, "logprobs": 5}
    with replaying(sample(name)) as server:
        with genai.Client(api_key="none", http_options={"base_url": origin(server)}) as connected:
            held = connected.models.generate_content(model="m", contents="hi", config=config)
    assert_scored_as(held, sample(name))
    assert_scored_as(held.model_dump(), sample(name))

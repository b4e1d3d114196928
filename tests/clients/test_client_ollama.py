"""ollama: its client drops the bytes of the tokens; the numbers stay."""

import pytest
from compared import MESSAGES, Mood, assert_scored_as, client
from replay import origin, replaying
from wire_samples import sample

ASKED = {"logprobs": True, "top_logprobs": 5}


@pytest.fixture(scope="module")
def ollama():
    return client("ollama")


def test_a_chat_is_scored_as_its_payload(ollama):
    with replaying(sample("ollama_chat")) as server, ollama.Client(host=origin(server)) as asked:
        held = asked.chat(model="m", messages=MESSAGES, **ASKED)
    assert_scored_as(held, sample("ollama_chat"))


def test_the_lines_of_a_chat_are_scored_as_their_payloads(ollama):
    lines = sample("ollama_chat_stream")
    with replaying(stream=lines) as server, ollama.Client(host=origin(server)) as asked:
        held = list(asked.chat(model="m", messages=MESSAGES, stream=True, **ASKED))
    assert len(held) == len(lines)
    assert_scored_as(held, lines)


def test_a_generated_text_is_scored_as_its_payload(ollama):
    whole = sample("ollama_generate")
    with replaying(whole, [whole]) as server, ollama.Client(host=origin(server)) as asked:
        held = asked.generate(model="m", prompt="hi", **ASKED)
        lines = list(asked.generate(model="m", prompt="hi", stream=True, **ASKED))
    assert_scored_as(held, whole)
    assert_scored_as(lines, whole)


def test_a_character_in_parts_is_scored_as_its_payload(ollama):
    whole = sample("ollama_chat_partial_utf8")
    with replaying(whole) as server, ollama.Client(host=origin(server)) as asked:
        held = asked.chat(model="m", messages=MESSAGES, **ASKED)
    assert_scored_as(held, whole, schema=Mood)

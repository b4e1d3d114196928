"""The probe of llama.cpp, asked of the embedded model: its numbers are the model's own."""

import math

import pytest

from fieldconf.probes import llama_cpp

# Longer than a batch whose numbers are those of single tokens (40), or nothing here could fail.
TEXT = "Subject: café 😀. My card was charged twice. Fix it today, please, I need the money! "
MESSAGES = [
    {"role": "system", "content": "Extract the fields and answer with one JSON object."},
    {"role": "user", "content": 3 * TEXT},
]
ROOT = "{0.base_url.scheme}://{0.base_url.host}:{0.base_url.port}"
# Probabilities are 32 bits wide, and both lists are normalised in them: 8e-6 nats were measured.
CLOSE = 1e-4


@pytest.fixture(scope="module")
def probe(local_client):
    return llama_cpp.probe(local_client)


@pytest.fixture(scope="module")
def prompt(probe):
    return probe.prompt(MESSAGES)


@pytest.fixture(scope="module")
def generated(local_client, prompt):
    """What the model itself writes after the prompt, with many candidates for each token."""
    body = {"prompt": list(prompt), "n_predict": 80, "n_probs": 300, "temperature": 0,
            "cache_prompt": False, "ignore_eos": True}  # fmt: skip
    answer = local_client.post(f"{ROOT.format(local_client)}/completion", cast_to=object, body=body)
    return [
        (step["id"], {entry["id"]: entry["logprob"] for entry in step["top_logprobs"]})
        for step in answer["completion_probabilities"]
    ]


def off(found, wanted, truth):
    """How far apart two lists of logprobs are, up to a constant."""
    differences = [f - truth[token] for token, f in zip(wanted, found, strict=True)]
    return max(differences) - min(differences)


def tokens_of(probe, *spelled):
    return [probe.vocabulary.id_of(data) for data in spelled]


def test_the_prompt_is_that_of_the_chat_endpoint(local_client, prompt):
    answer = local_client.chat.completions.create(model="any", messages=MESSAGES, max_tokens=1)
    assert len(prompt) == answer.usage.prompt_tokens


def test_the_vocabulary_has_parts_of_characters_and_no_control_tokens(probe, prompt):
    vocabulary = probe.vocabulary
    assert len(vocabulary) > 40_000
    assert vocabulary.bytes_of(vocabulary.id_of(b"\xc3")) == b"\xc3"
    text = b"".join(vocabulary.bytes_of(token) or b"" for token in prompt).decode()
    assert "café 😀" in text
    assert "<|im_start|>" not in text


def test_at_every_place_it_says_what_generation_said(probe, prompt, generated):
    written = [token for token, _ in generated]
    for place in (0, 1, 7, 79, 20, 7):  # one by one, a jump, and back
        truth = generated[place][1]
        wanted = list(truth)
        found = probe.logprobs((*prompt, *written[:place]), wanted)
        assert off(found, wanted, truth) < CLOSE


def test_rare_tokens_are_told_and_the_order_is_that_of_the_question(
    probe, prompt, generated, local_client
):
    place = (*prompt, generated[0][0])
    probe.logprobs(place, [0])  # now the slot holds the place, evaluated as it should be
    body = {"prompt": list(place), "n_predict": 1, "n_probs": 10**6, "temperature": 0,
            "cache_prompt": True, "grammar": "root ::= [a-z]"}  # fmt: skip
    answer = local_client.post(f"{ROOT.format(local_client)}/completion", cast_to=object, body=body)
    listed = answer["completion_probabilities"][0]["top_logprobs"]
    truth = {entry["id"]: entry["logprob"] for entry in listed if entry["bytes"]}
    wanted = sorted(truth)[::97] + list(truth)[-5:]
    assert min(truth[token] for token in wanted) < -15
    assert off(probe.logprobs(place, wanted), wanted, truth) < CLOSE
    # Parts of characters, whose list the server drops if one of them is drawn.
    parts = tokens_of(probe, b"\xc3", b"\xe2", b"\xf0\x9f")
    assert off(probe.logprobs(place, parts), parts, truth) < CLOSE
    # The letter that is drawn may itself be wanted, and a token twice.
    letters = [*tokens_of(probe, b"b", b"a", b"{"), parts[0], *tokens_of(probe, b"a")]
    assert off(probe.logprobs(place, letters), letters, truth) < CLOSE


def test_another_conversation_on_the_slot_is_noticed(probe, prompt, generated, local_client):
    truth = generated[1][1]
    wanted = list(truth)
    place = (*prompt, generated[0][0])
    probe.logprobs(place, wanted)
    local_client.chat.completions.create(
        model="any", messages=[{"role": "user", "content": "Hi"}], max_tokens=2
    )
    assert off(probe.logprobs(place, wanted), wanted, truth) < CLOSE


def test_a_place_without_a_known_prompt_is_taken_as_one(local_client, generated, prompt, probe):
    other = llama_cpp.probe(local_client)
    truth = generated[0][1]
    wanted = list(truth)
    assert off(other.logprobs(prompt, wanted), wanted, truth) < CLOSE
    assert other.logprobs(prompt, []) == []


def test_a_token_that_does_not_exist_has_no_probability(probe, prompt):
    known = tokens_of(probe, b"{")[0]
    found = probe.logprobs(prompt, [10**6, known])
    assert found[0] == -math.inf
    assert found[1] > -math.inf

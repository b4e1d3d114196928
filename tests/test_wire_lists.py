"""Lists that hold more or less than the answer: the echo of a prompt, lists that frameworks cut.

The expectations stand in ``fixtures/payloads`` (INDEX.json, README.md) or are worked out here by
hand; none is copied from an output. What these leave open is not asserted.
"""

import math

import pytest
from wire_checks import (
    TICKET,
    VALUE,
    assert_no_number,
    assert_no_number_or_error,
    assert_same_numbers,
)
from wire_samples import recorded, replaced, sample, without

import fieldconf as fc

# -- legacy echo ----------------------------------------------------------------------------------


def echo(*, usage=None):
    """An echo of three prompt tokens; no server predicts the first."""
    payload = sample("openai_completions_echo")
    [choice] = payload["choices"]
    listed = choice["logprobs"]
    choice["text"] = "Route this: " + choice["text"].removeprefix("Route")
    listed["tokens"][:1] = ["Route", " this", ": "]
    listed["token_logprobs"][:1] = [None, -1.0, -0.5]
    listed["top_logprobs"][:1] = [None, {" this": -1.0}, {": ": -0.5}]
    lengths = [len(piece) for piece in listed["tokens"]]
    listed["text_offset"] = [sum(lengths[:i]) for i in range(len(lengths))]
    if usage:
        payload["usage"] = usage
    return payload


ANSWER = [
    -0.9162907, -0.002002, -1e-05, -0.0512933, -0.0001, -5e-05, -0.0010005, -8e-06, -2e-05,
    -0.3566749, -4e-05,
]  # fmt: skip
USAGE = {"prompt_tokens": 3, "completion_tokens": 11, "total_tokens": 14}


def count(tokens):
    return tokens if isinstance(tokens, int) else len(tokens)


@pytest.mark.parametrize("by", ["prompt", "usage"])
def test_the_prompt_of_an_echo_is_scored_apart(by):
    payload = echo(usage=USAGE if by == "usage" else None)
    report = fc.score(payload, TICKET, prompt="Route this: " if by == "prompt" else None)
    assert (report.status, report.value) == ("complete", VALUE)
    assert report.prompt_score.logprob == pytest.approx(-1.5)
    assert report.prompt_score.mean == pytest.approx(-0.75)
    assert report.prompt_score.perplexity == pytest.approx(math.exp(0.75))
    assert report.answer_score.logprob == pytest.approx(sum(ANSWER))
    assert report.answer_score.mean == pytest.approx(sum(ANSWER) / 11)
    assert report.answer_score.perplexity == pytest.approx(math.exp(-sum(ANSWER) / 11))
    assert count(report.answer_score.tokens) == 11
    assert_same_numbers(report, fc.score(sample("openai_completions_legacy"), TICKET), 1e-6)


def test_the_sample_of_an_echo():
    report = fc.score(sample("openai_completions_echo"), TICKET, prompt="Route")
    assert (report.status, report.value) == ("complete", VALUE)
    assert report.answer_score.logprob == pytest.approx(sum(ANSWER))
    # Its one token was predicted from nothing: there is no number to give.
    assert report.prompt_score is None or report.prompt_score.logprob is None


def test_an_echo_of_an_unknown_prompt_has_the_same_numbers():
    """Nothing before the answer is JSON."""
    report = fc.score(echo(), TICKET)
    assert (report.status, report.value) == ("complete", VALUE)
    for key in ("urgent", "team"):
        expected = fc.score(sample("openai_completions_legacy"), TICKET)[key]
        assert report[key].logprob == pytest.approx(expected.logprob)
        assert report[key].confidence == pytest.approx(expected.confidence, abs=1e-3)


def test_a_prompt_that_was_not_echoed_is_not_looked_for():
    """Usage counts the prompt in every response, echoed or not."""
    payload = sample("openai_completions_legacy") | {"usage": USAGE}
    for prompt in (None, "Route this: "):
        report = fc.score(payload, TICKET, prompt=prompt)
        assert len(report.tokens) == 11
        assert report.prompt_score is None
        assert report["urgent"].logprob == -0.0512933


@pytest.mark.parametrize("prompt", ["Rou", "Something else", "Route this: {", "x" * 1000])
def test_a_prompt_that_the_echo_contradicts_is_an_error(prompt):
    """It is another one, or ends inside of a token."""
    with pytest.raises(fc.PayloadError, match="prompt"):
        fc.score(echo(), TICKET, prompt=prompt)


def test_json_in_an_unknown_prompt_is_not_taken_for_the_answer():
    """An example in the prompt is no answer, and what begins in the prompt is half of one."""
    payload = echo()
    [choice] = payload["choices"]
    shown = '{"urgent": false, "team": "sales"} '
    choice["text"] = "Route" + shown + choice["text"].removeprefix("Route")
    listed = choice["logprobs"]
    listed["tokens"].insert(1, shown)
    listed["token_logprobs"].insert(1, -0.25)
    listed["top_logprobs"].insert(1, {shown: -0.25})
    lengths = [len(piece) for piece in listed["tokens"]]
    listed["text_offset"] = [sum(lengths[:i]) for i in range(len(lengths))]
    report = fc.score(payload, TICKET)
    assert report.data == VALUE or report.confidence is None
    told = fc.score(payload, TICKET, prompt="Route" + shown + " this: ")
    assert told.value == VALUE
    assert told["team"].logprob == pytest.approx(sum(ANSWER[8:]))


# -- lists that frameworks cut --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ai_sdk_v5_chat", "ai_sdk_v5_responses", "ai_sdk_v4"])
@pytest.mark.parametrize("kept", [1, 2, 5])
def test_the_last_entries_of_a_stream_are_not_the_answer(name, kept):
    """@ai-sdk/openai 2 keeps only the last chunk's entries of a stream."""
    payload = sample(name)
    holder = payload if name == "ai_sdk_v4" else payload["providerMetadata"]["openai"]
    if name == "ai_sdk_v5_responses":
        holder["logprobs"] = [holder["logprobs"][0][-kept:]]
    else:
        holder["logprobs"] = holder["logprobs"][-kept:]
    report = fc.score(payload, TICKET)
    assert report.status in ("unaligned", "no_logprobs")
    assert_no_number(report)
    assert report.data == VALUE


@pytest.mark.parametrize("kept", [1, 2, 5])
def test_the_last_entries_of_a_streamed_object_are_not_the_answer(kept):
    payload = recorded("ai_sdk_v7.streamObject.openai.chat.json")
    for holder in (payload, payload["parts"][-1]):
        listed = holder["providerMetadata"]["openai"]
        listed["logprobs"] = listed["logprobs"][-kept:]
    for form in (payload, without(payload, "parts")):
        assert_no_number_or_error(form)


def test_a_list_of_another_answer_gives_no_numbers():
    """The entries say one thing and the text another."""
    for name in ("pydantic_ai_chat", "lm_deluge", "dspy_output", "ollama_chat", "gemini"):
        texts = {'team": "billing': 'team": "finance', 'team":"billing': 'team":"finance'}
        report = fc.score(replaced(sample(name), texts))
        assert report.data["team"] == "finance"
        assert_no_number(report)

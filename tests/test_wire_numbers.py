"""Numbers of every shape, worked out by hand; what is no number; tokens known by id only.

The expectations stand in ``fixtures/payloads`` (INDEX.json, README.md) or are worked out here by
hand; none is copied from an output. What these leave open is not asserted.
"""

import math

import pytest
from wire_checks import (
    BILLING,
    DECISIONS,
    FALSE,
    ROUTED,
    SALES,
    TEAM_SUM,
    TECHNICAL,
    TICKET,
    TRUE,
    VALUE,
    assert_no_number,
    assert_no_sentinel,
    assert_same_numbers,
    whole,
)
from wire_samples import replaced, sample, without

import fieldconf as fc

# -- numbers worked out by hand -------------------------------------------------------------------


SUMS = {
    # `true` alone; then what stands between the quotes of the team, quotes included
    "openai_chat": (-0.0512933, -1e-06 - 0.3566749 - 3.2e-06),
    "openai_responses": (-0.051293, -1e-06 - 0.356675 - 3e-06),
    "openai_responses_stream": (-0.0512933, -1e-06 - 0.3566749 - 3.2e-06),
    "ai_sdk_v4": (-0.0512933, -1e-06 - 0.3566749 - 3.2e-06),
    "ai_sdk_v5_responses": (-0.051293, -1e-06 - 0.356675 - 3e-06),
    "together_chat": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "together_chat_stream": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "fireworks_chat_legacy": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "openai_completions_legacy": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "openai_completions_echo": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "gemini": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "gemini_snake": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "pydantic_ai_google": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "ollama_chat": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "ollama_generate": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "llamacpp_completion": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "llamacpp_completion_old": (
        math.log(0.95),
        math.log(0.99998) + math.log(0.7) + math.log(0.99996),
    ),
    "llamacpp_completion_post_sampling": (
        math.log(0.95),
        math.log(0.99998) + math.log(0.7) + math.log(0.99996),
    ),
    "tgi_generate": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "sglang_generate": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "mlx_lm_chat": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "lmstudio_sdk_fragment": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "vllm_chat_reasoning": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "vllm_chat_toolcall": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
}


@pytest.mark.parametrize("name", sorted(SUMS))
def test_a_field_s_logprob_is_the_sum_over_its_tokens(name):
    report = fc.score(sample(name), TICKET)
    urgent, team = SUMS[name]
    assert report["urgent"].logprob == pytest.approx(urgent, abs=1e-12)
    assert report["team"].logprob == pytest.approx(team, abs=1e-12)


@pytest.mark.parametrize("name", sorted(SUMS))
def test_probabilities_are_the_shares_of_the_listed_candidates(name):
    """Neighbouring tokens can still begin otherwise (`"` at -12): that is below one in 1,000."""
    report = fc.score(sample(name), TICKET)
    expected = {
        "urgent": {True: TRUE, False: FALSE},
        "team": {"billing": BILLING, "technical": TECHNICAL, "sales": SALES},
    }
    for key, masses in expected.items():
        field = report[key]
        assert field.basis == "distribution"
        for value, probability in masses.items():
            assert field.distribution[value].probability == pytest.approx(probability, abs=1e-3)
        assert field.confidence == pytest.approx(masses[field.value], abs=1e-3)
        assert field.low <= field.confidence <= field.high
    assert report.value == VALUE
    assert report.confidence == pytest.approx(BILLING, abs=1e-3)


def test_a_run_of_tokens_has_the_sum_of_its_logprobs():
    report = fc.score(sample("cohere_chat"), TICKET)
    assert report["urgent"].logprob == -0.0512933
    runs = [0.0, -5e-05, 0.0, 0.0, -1e-05], [-0.3566749, -1e-05]
    assert report["team"].logprob == pytest.approx(sum(map(sum, runs)), abs=1e-12)
    assert [token.text for token in report.tokens] == [
        '{"urgent":', " true", ', "team": "', 'billing"}',
    ]  # fmt: skip
    # Without candidates the other member of a boolean has what the written one lacks.
    assert report["urgent"].confidence == pytest.approx(math.exp(-0.0512933), abs=1e-3)


@pytest.mark.parametrize("value", [-9999.0, math.nan, None, 0.25])
def test_a_run_with_a_token_of_which_nothing_is_known_has_no_sum(value):
    report = fc.score(replaced(sample("cohere_chat"), {-5e-05: value}), TICKET)
    assert (report["team"].logprob, report["team"].confidence) == (None, None)
    assert report["team"].reason
    assert report["urgent"].logprob == -0.0512933


def test_the_sampled_token_of_mlx_is_the_one_with_its_id():
    report = fc.score(sample("mlx_lm_chat"), TICKET)
    logprobs = [-0.0953102, 0, 0, -0.0512933, 0, -5e-05, 0, 0, -1e-05, -0.3566749, -1e-05]
    assert [token.logprob for token in report.tokens] == logprobs


def test_what_gemini_leaves_out_is_zero():
    for name in ("gemini", "gemini_chosen_only", "gemini_snake"):
        report = fc.score(sample(name))
        assert report.tokens[1].logprob == 0.0
        assert report.tokens[0].logprob == -0.0953102
    candidates = fc.score(sample("gemini")).tokens[1].candidates
    assert [c.logprob for c in candidates] == [0.0, -16.2, -18.9]
    shown = replaced(sample("gemini_snake"), {0.0: None})  # as the SDK shows what was left out
    assert whole(fc.score(shown)) == whole(fc.score(sample("gemini_snake")))


@pytest.mark.parametrize("name", sorted(DECISIONS))
def test_decisions_are_taken_as_they_are(name):
    """The server's own "confidence" is a formula of its own: the probabilities are the numbers."""
    report = fc.score(sample(name), ROUTED)
    assert (report.status, report.value) == ("complete", VALUE)
    assert report["urgent"].confidence == pytest.approx(0.95)
    assert report["team"].confidence == pytest.approx(0.7)
    found = report["team"].distribution
    listed = {"billing": 0.7, "technical": 0.2, "sales": 0.07, "other": 0.03}
    assert {m.value: m.probability for m in found.candidates} == pytest.approx(listed)
    assert report["urgent"].distribution[False].probability == pytest.approx(0.05)
    assert report.confidence == pytest.approx(0.7)


@pytest.mark.parametrize("value", [1.5, -0.2, math.nan, math.inf, "0.95", None, True, -9999.0])
@pytest.mark.parametrize("name", sorted(DECISIONS))
def test_a_decision_without_a_probability_has_none(name, value):
    try:
        report = fc.score(replaced(sample(name), {0.95: value}), ROUTED)
    except fc.PayloadError:
        return  # not worth reading
    field = report.fields.get("/urgent")
    assert field is None or (field.confidence is None and field.reason)


# -- a sentinel in any shape ----------------------------------------------------------------------

SHAPES = [
    "openai_chat", "openai_chat_stream", "openai_responses_stream", "openai_completions_legacy",
    "together_chat", "together_chat_stream", "gemini", "gemini_chosen_only", "gemini_snake",
    "sglang_generate", "tgi_generate", "tgi_stream", "llamacpp_completion", "ollama_chat",
    "ollama_chat_stream", "hf_generate", "cohere_chat", "cohere_stream", "lmstudio_sdk_fragment",
    "mlx_lm_chat", "langchain_aimessage", "pydantic_ai_chat", "pydantic_ai_google", "dspy_output",
    "ai_sdk_v4", "ai_sdk_v5_chat", "lm_deluge",
]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [-9999.0, -100.0, -3.4028234663852886e38, -math.inf, math.nan, math.inf, 0.25, "x", True, {}],
    ids=repr,
)
@pytest.mark.parametrize("name", SHAPES)
def test_what_is_no_logprob_leaves_its_value_without_a_number(name, value):
    """The other value keeps its own."""
    report = fc.score(replaced(sample(name), {-0.0512933: value}), TICKET)
    assert_no_sentinel(report)
    assert report["urgent"].value is True
    assert (report["urgent"].logprob, report["urgent"].confidence) == (None, None)
    assert report["urgent"].reason
    assert report["team"].logprob is not None
    assert report.confidence is None


@pytest.mark.parametrize("name", [n for n in SHAPES if "gemini" not in n and "google" not in n])
def test_null_is_no_logprob(name):
    report = fc.score(replaced(sample(name), {-0.0512933: None}), TICKET)
    assert (report["urgent"].logprob, report["urgent"].confidence) == (None, None)
    assert report["team"].logprob is not None


@pytest.mark.parametrize("value", [0.0, 1.5, -0.2, math.nan, None, "x"], ids=repr)
@pytest.mark.parametrize("name", ["llamacpp_completion_old", "llamacpp_completion_post_sampling"])
def test_what_is_no_probability_leaves_its_value_without_a_number(name, value):
    report = fc.score(replaced(sample(name), {0.95: value}), TICKET)
    assert (report["urgent"].logprob, report["urgent"].confidence) == (None, None)
    assert report["team"].logprob is not None


def test_the_old_dialect_knows_only_what_it_lists():
    payload = sample("llamacpp_completion_old")
    listed = payload["completion_probabilities"][3]["probs"]
    assert listed.pop(0)["tok_str"] == " true"
    report = fc.score(payload, TICKET)
    assert (report["urgent"].logprob, report["urgent"].confidence) == (None, None)
    assert report["team"].logprob is not None


# -- ids without texts ----------------------------------------------------------------------------


def texts_by_id():
    """What the samples say of token ids: they share one invented vocabulary."""
    known = {}

    def note(number, text):
        if isinstance(number, int) and isinstance(text, str):
            assert known.setdefault(number, text) == text

    def walk(value):
        if isinstance(value, dict):
            number = next((value[k] for k in ("id", "token_id", "tokenId") if k in value), None)
            note(number, value.get("token", value.get("text")))
        elif isinstance(value, list) and len(value) == 3:
            note(value[1], value[2])
        for inner in value.values() if isinstance(value, dict) else value:
            if isinstance(inner, (dict, list)):
                walk(inner)

    for name in ("fireworks_chat_new", "sglang_generate", "tgi_generate", "llamacpp_chat"):
        walk(sample(name))
    kept = sample("hf_generate")
    for number, text in zip(kept["generated_ids"], kept["tokens"], strict=True):
        note(number, text)
    return known


def tokenizer():
    known = texts_by_id()
    return lambda number: known[number].encode()


def ids_only(name):
    return without(sample(name), "tokens") if name == "hf_generate" else sample(name)


SAME_MODEL = {  # with texts, and as many candidates
    "mlx_lm_chat_no_top": "gemini_chosen_only",
    "sglang_generate_no_text": "sglang_generate",
    "hf_generate": "sglang_generate",
    "vllm_chat_token_ids": "vllm_chat",
}


@pytest.mark.parametrize("name", sorted(set(SAME_MODEL) - {"vllm_chat_token_ids"}))
def test_ids_without_texts_need_the_tokenizer_and_the_reason_says_so(name):
    report = fc.score(ids_only(name), TICKET)
    assert_no_number(report)
    assert "tokenizer" in report.reason
    assert report.data == report.value == VALUE


@pytest.mark.parametrize("name", sorted(SAME_MODEL))
def test_with_the_tokenizer_ids_are_as_good_as_texts(name):
    report = fc.score(ids_only(name), TICKET, tokenizer=tokenizer())
    assert_same_numbers(report, fc.score(sample(SAME_MODEL[name]), TICKET))
    assert report.status == "complete"


def test_bytes_of_the_sampled_tokens_suffice_but_name_no_candidates():
    report = fc.score(sample("vllm_chat_token_ids"), TICKET)
    assert report.status == "complete"
    assert {token.candidates for token in report.tokens} <= {(), None}
    for key in ("urgent", "team"):
        assert report[key].logprob == fc.score(sample("vllm_chat"))[key].logprob


@pytest.mark.parametrize("name", ["openai_chat", "sglang_generate", "gemini", "hf_generate"])
def test_a_tokenizer_that_is_not_needed_changes_nothing(name):
    with_it = fc.score(sample(name), TICKET, tokenizer=tokenizer())
    if name == "hf_generate":  # it names the candidates
        assert_same_numbers(with_it, fc.score(sample("sglang_generate"), TICKET))
    else:
        assert_same_numbers(with_it, fc.score(sample(name), TICKET))


@pytest.mark.parametrize("name", sorted(SAME_MODEL))
def test_a_tokenizer_of_another_model_gives_no_numbers(name):
    """It spells something else, and that is seen; where bytes are given they are believed."""
    report = fc.score(ids_only(name), TICKET, tokenizer=lambda number: b"%d" % number)
    assert report.data == VALUE
    if name == "vllm_chat_token_ids":
        assert report["team"].logprob in (None, pytest.approx(TEAM_SUM))
    else:
        assert_no_number(report)

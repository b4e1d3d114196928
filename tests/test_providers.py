"""Providers: what each is asked with, what is refused, and how its refusals read."""

import json
import runpy
from pathlib import Path

import openai
import pytest
from answers import TICKET, chunks, response
from installed import CliRunner, needs_responses
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming as Chat
from openai.types.completion_create_params import (
    CompletionCreateParamsNonStreaming as Completions,
)
from pydantic import BaseModel, TypeAdapter
from servers import answer_json, answer_stream, serving
from wire_samples import INDEX, recorded, sample

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.providers.framework_table import FRAMEWORKS
from fieldconf.providers.models import MODELS
from fieldconf.providers.provider_table import PROVIDERS, ROWS
from fieldconf.providers.refusals import advice, refusal, server_message
from fieldconf.requests.request import Defaults, merged
from fieldconf.responses import completions, engines, objects, records

ROOT = Path(__file__).parents[1]


class Ticket(BaseModel):
    urgent: bool
    team: str = "none"


# What pydantic says of Ticket, in the form that strict structured output demands.
SCHEMA = {
    "title": "Ticket",
    "type": "object",
    "properties": {
        "urgent": {"title": "Urgent", "type": "boolean"},
        "team": {"title": "Team", "anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["urgent", "team"],
    "additionalProperties": False,
}
NAMED = {"name": "Ticket", "strict": True, "schema": SCHEMA}
FORMAT = {"type": "json_schema", "json_schema": NAMED}
CHAT = {"logprobs": True, "top_logprobs": 3, "response_format": FORMAT}
GEMINI = {
    "config": {
        "response_logprobs": True,
        "logprobs": 3,
        "response_mime_type": "application/json",
        "response_json_schema": SCHEMA,
    }
}

# Each provider's parameters for three candidates, by hand from its documentation or source.
EXPECTED = {
    "openai": CHAT,
    "openai-responses": {
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 3,
        "text": {"format": {"type": "json_schema", **NAMED}},
    },
    "openai-completions": {"logprobs": 3},
    "azure": CHAT,
    "bedrock": CHAT,
    "together": {"logprobs": 3, "response_format": FORMAT},
    "fireworks": CHAT,
    "mistral": CHAT,
    "deepseek": {
        "logprobs": True,
        "top_logprobs": 3,
        "response_format": {"type": "json_object"},
        "extra_body": {"thinking": {"type": "disabled"}},
    },
    "xai": CHAT,
    "openrouter": {**CHAT, "extra_body": {"provider": {"require_parameters": True}}},
    "gemini": GEMINI,
    "vertex": GEMINI,
    "vllm": CHAT,
    "vllm-completions": {"logprobs": 3, "extra_body": {"response_format": FORMAT}},
    "sglang": CHAT,
    "sglang-generate": {
        "return_logprob": True,
        "top_logprobs_num": 3,
        "return_text_in_logprobs": True,
        "sampling_params": {"json_schema": json.dumps(SCHEMA)},
    },
    "tgi": CHAT,
    "tgi-generate": {
        "details": True,
        "top_n_tokens": 3,
        "grammar": {"type": "json", "value": SCHEMA},
    },
    "llama.cpp": CHAT,
    "llama.cpp-completion": {"n_probs": 3, "json_schema": SCHEMA},
    "llama-cpp-python": {
        "logprobs": True,
        "top_logprobs": 3,
        "response_format": {"type": "json_object", "schema": SCHEMA},
    },
    "ollama": {"logprobs": True, "top_logprobs": 3, "format": SCHEMA},
    "ollama-openai": CHAT,
    "mlx-lm": {"logprobs": True, "top_logprobs": 3},
    "transformers": {
        "return_dict_in_generate": True,
        "output_scores": True,
        "output_logits": True,
    },
    "litellm": CHAT,
}
WITHOUT = {
    "anthropic",
    "bedrock-converse",
    "groq",
    "lm-studio",
    "ollama-cloud",
    "transformers-serve",
    "watsonx",
    "zai",
}


# -- what is sent -------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", EXPECTED)
def test_the_parameters_of(provider):
    assert fc.request(Ticket, provider=provider, top_logprobs=3) == EXPECTED[provider]


def test_a_provider_that_lists_no_candidates():
    assert fc.request(Ticket, provider="cohere") == {
        "logprobs": True,
        "response_format": {"type": "json_object", "json_schema": SCHEMA},
    }
    with pytest.raises(fc.RequestError, match="Cohere v2 lists no candidates"):
        fc.request(Ticket, provider="cohere", top_logprobs=1)


DECISIONS = {"openai-decisions", "systemone"}  # see test_decisions_endpoint


@pytest.mark.parametrize("provider", sorted(DECISIONS))
def test_who_answers_without_tokens_lists_no_candidates(provider):
    with pytest.raises(fc.RequestError, match="lists no candidates"):
        fc.request(Ticket, provider=provider, top_logprobs=1)


def test_every_row_is_tested_and_no_key_stands_twice():
    assert {*EXPECTED, *WITHOUT, *DECISIONS, "cohere"} == set(PROVIDERS)
    assert len(PROVIDERS) == len(ROWS)


@pytest.mark.parametrize(
    ("provider", "cap"),
    {
        "openai": 20,
        "openai-responses": 20,
        "openai-completions": 5,
        "azure": 20,
        "together": 20,
        "fireworks": 5,
        "deepseek": 20,
        "xai": 8,
        "openrouter": 20,
        "gemini": 20,
        "vertex": 20,
        "vllm": 20,
        "tgi": 5,
        "tgi-generate": 5,
        "ollama": 20,
        "mlx-lm": 11,
    }.items(),
)
def test_the_cap_of(provider, cap):
    assert str(cap) in str(fc.request(Ticket, provider=provider, top_logprobs=cap))
    with pytest.raises(fc.RequestError, match=f"top_logprobs={cap + 1}: .* to {cap} ") as caught:
        fc.request(Ticket, provider=provider, top_logprobs=cap + 1)
    assert caught.value.provider == provider
    assert str(cap) in caught.value.remedy
    assert not isinstance(caught.value, fc.NoLogprobsError)


@pytest.mark.parametrize("provider", ["sglang", "llama.cpp", "llama-cpp-python"])
def test_no_cap(provider):
    assert fc.request(Ticket, provider=provider, top_logprobs=50_000)["top_logprobs"] == 50_000


@pytest.mark.parametrize("provider", [p for p in EXPECTED if p != "transformers"])
def test_five_candidates_by_default(provider):
    assert fc.request(Ticket, provider=provider) == fc.request(
        Ticket, provider=provider, top_logprobs=5
    )


@pytest.mark.parametrize("provider", ["together", "llama.cpp", "llama.cpp-completion", "mlx-lm"])
def test_no_candidates_would_be_no_logprobs(provider):
    with pytest.raises(fc.RequestError, match=r"top_logprobs=0: .* 1"):
        fc.request(Ticket, provider=provider, top_logprobs=0)


@pytest.mark.parametrize("provider", sorted(EXPECTED))
def test_a_negative_number_of_candidates(provider):
    with pytest.raises(fc.RequestError, match="top_logprobs=-1"):
        fc.request(Ticket, provider=provider, top_logprobs=-1)


def test_gemini_is_asked_for_the_chosen_tokens_alone():
    config = fc.request(Ticket, provider="gemini", top_logprobs=0)["config"]
    assert config["response_logprobs"] is True
    assert "logprobs" not in config


def test_a_json_schema_is_as_good_as_a_model():
    schema = Ticket.model_json_schema()
    sent = fc.request(schema, provider="ollama")["format"]
    assert sent == SCHEMA


def test_a_clients_own_form_of_the_schema():
    defaults = Defaults(make_schema=lambda schema: {"mine": schema["title"]})
    sent = fc.request(Ticket, provider="ollama", defaults=defaults)
    assert sent["format"] == {"mine": "Ticket"}


@pytest.mark.parametrize(
    ("kind", "provider", "besides"),
    [
        *(
            (Chat, row.key, {"messages": [{"role": "user", "content": "x"}]})
            for row in ROWS
            if EXPECTED.get(row.key) == CHAT
        ),
        (Completions, "openai-completions", {"prompt": "x"}),
    ],
)
def test_the_openai_package_knows_every_parameter(kind, provider, besides):
    assert_known(kind, provider, besides)


@needs_responses
def test_the_openai_package_knows_every_parameter_of_responses():
    from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

    assert_known(ResponseCreateParamsNonStreaming, "openai-responses", {"input": "x"})


def assert_known(kind, provider, besides):
    made = fc.request(Ticket, provider=provider)
    arguments = {
        "model": "m",
        "stream": False,
        **besides,
        **made,
    }  # older ones insist on ``stream``
    kept = TypeAdapter(kind).validate_python(arguments)
    lists = {"include"} & set(made)  # pydantic reads an Iterable lazily
    assert {key: list(kept[key]) if key in lists else kept[key] for key in made} == made


def test_what_is_sent_is_nobody_elses():
    """Whoever changes what was returned changes it for nobody else."""
    first = fc.request(Ticket, provider="openrouter")
    first["extra_body"]["provider"]["order"] = ["mine"]
    first["response_format"]["json_schema"]["name"] = "mine"
    assert fc.request(Ticket, provider="openrouter")["extra_body"] == {
        "provider": {"require_parameters": True}
    }


# -- those without ------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", sorted(WITHOUT))
@pytest.mark.parametrize("number", [None, 5, 99])
def test_a_provider_without_logprobs_names_the_way_out(provider, number):
    with pytest.raises(fc.NoLogprobsError, match="gives no logprobs") as caught:
        fc.request(Ticket, provider=provider, top_logprobs=number)
    assert (caught.value.provider, caught.value.status) == (provider, None)
    assert caught.value.remedy == PROVIDERS[provider].instead
    assert "\n" not in str(caught.value)


def test_the_ways_out_exist():
    """Every provider='...' that an error names is one of the table, and gives logprobs."""
    ways = [row.instead for row in ROWS] + [model.instead for model in MODELS]
    named = [way.split("provider='")[1:] for way in ways]
    keys = [part.split("'")[0] for parts in named for part in parts]
    assert keys
    assert all(PROVIDERS[key].ask is not None for key in keys)


@pytest.mark.parametrize(
    ("wrong", "meant"), [("opnai", "openai"), ("OpenAI", "openai"), ("llamacpp", "llama.cpp")]
)
def test_a_provider_nobody_knows(wrong, meant):
    with pytest.raises(
        fc.RequestError, match=f"Did you mean '{meant}'.*anthropic, azure"
    ) as caught:
        fc.request(Ticket, provider=wrong)
    assert not isinstance(caught.value, fc.NoLogprobsError)


def test_a_provider_like_no_other():
    with pytest.raises(fc.RequestError, match=r"'xyzzy'\. Use one of anthropic"):
        fc.request(Ticket, provider="xyzzy")


# -- models -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    ["o1", "o3-mini", "o4-mini", "o3-mini-2025-01-31", "gpt-5", "gpt-5-nano", "gpt-5-mini",
     "gpt-5-chat-latest", "gpt-5-2025-08-07", "GPT-5", "openai/o3-mini", "gpt-5.2-pro"],
)  # fmt: skip
@pytest.mark.parametrize("provider", ["openai", "openai-responses", "azure", "openrouter"])
def test_a_model_that_gives_no_logprobs(model, provider):
    with pytest.raises(fc.NoLogprobsError, match="no logprobs") as caught:
        fc.request(Ticket, provider=provider, model=model)
    assert "gpt-4o" in caught.value.remedy
    assert "reasoning_effort='none'" in caught.value.remedy


@pytest.mark.parametrize(
    "model", ["gpt-5.4-mini", "gpt-5.4-nano", "gpt-5.1", "gpt-5.2-2025-12-11", "gpt-5.6-mini"]
)
@pytest.mark.parametrize(
    ("provider", "place", "effort"),
    [
        ("openai", "reasoning_effort", "none"),
        ("azure", "reasoning_effort", "none"),
        ("openai-responses", "reasoning", {"effort": "none"}),
    ],
)
def test_a_model_that_must_not_reason(model, provider, place, effort):
    made = fc.request(Ticket, provider=provider, model=model)
    assert made == {**fc.request(Ticket, provider=provider), place: effort}
    assert made["top_logprobs"] == 5
    with pytest.raises(fc.RequestError, match="this model lists 0 to 5"):
        fc.request(Ticket, provider=provider, model=model, top_logprobs=6)


def test_openrouter_is_told_both():
    made = fc.request(Ticket, provider="openrouter", model="openai/gpt-5.4-mini")
    assert made["extra_body"] == {
        "provider": {"require_parameters": True},
        "reasoning": {"effort": "none"},
    }


@pytest.mark.parametrize(
    ("provider", "model"),
    [("deepseek", "deepseek-reasoner"), ("xai", "grok-4.20-fast"), ("vertex", "gemini-3.5-flash")],
)
def test_models_of_others_that_give_no_logprobs(provider, model):
    with pytest.raises(fc.NoLogprobsError):
        fc.request(Ticket, provider=provider, model=model)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"),
        ("openai", "gpt-4o-mini-2024-07-18"),
        ("openai", "gpt-4.1"),
        ("openai", "ft:gpt-4o-2024-08-06:me::x"),
        ("openai", "chatgpt-4o-latest"),
        ("vllm", "openai/gpt-oss-20b"),
        ("vllm", "o1-open"),
        ("deepseek", "deepseek-chat"),
        ("together", "deepseek-reasoner"),
        ("xai", "grok-4"),
        ("vertex", "gemini-2.5-flash"),
    ],
)
def test_models_that_do_as_their_provider(provider, model):
    assert fc.request(Ticket, provider=provider, model=model) == fc.request(
        Ticket, provider=provider
    )


def test_every_model_row_is_of_rows_that_exist():
    keys = {key for model in MODELS for key in model.providers}
    assert keys <= set(PROVIDERS)
    quiet = {key for model in MODELS if model.quiet for key in model.providers}
    assert all(PROVIDERS[key].quiet for key in quiet)


# -- refusals -----------------------------------------------------------------------------------

REFUSALS = [
    (403, "You are not allowed to request logprobs from this model", "gpt-4o"),
    (400, "You are not allowed to request logprobs from this model", "gpt-4o"),
    (400, "Unsupported parameter: 'logprobs' is not supported with this model.", "effort='none'"),
    (400, "Unsupported parameter: 'top_logprobs' is not supported with this model.", "'none'"),
    (400, "logprobs are not supported with reasoning models.", "effort='none'"),
    (400, "Validation error at #/logprobs: Extra inputs are not permitted", "On your data"),
    (400, "Unrecognized request argument supplied: logprobs", "api_version"),
    (400, "This model does not support the 'logprobs' parameter.", "api_version"),
    (400, "`logprobs` is not supported with this model", "providers.md"),
    (400, "Logprobs are not enabled for this model", "providers.md"),
    (400, "deepseek-reasoner does not support the parameter `logprobs`", "providers.md"),
    (400, "Logprobs is not enabled for models/gemini-2.5-flash", "Vertex"),
    (400, "Logprobs is not supported for the current model", "Vertex"),
    (400, "Unable to submit request because Logprobs is not supported for this model.", "2.5"),
    (400, 'Invalid JSON payload received. Unknown name "logprobs": Cannot find field.', "own API"),
    (400, "logprobs are not supported with gpt-oss models", "chat completions"),
    (400, "logprobs are not supported in streaming mode", "without streaming"),
    (400, "logprobs is not supported with tools + stream", "without streaming"),
    (500, "logprobs is not supported for models created with logits_all=False", "logits_all=True"),
    (400, "`logprobs` cannot be true when `reasoning_effort` is `minimal`", "reasoning_effort"),
    (400, "logprobs: Extra inputs are not permitted", "providers.md"),
    (422, "body.logprobs: Extra inputs are not permitted", "providers.md"),
    (400, "Extra inputs are not permitted, field: 'logprobs', value: True", "providers.md"),
    (400, "1 validation error for Request logprobs Extra inputs are not permitted", "providers.md"),
    (None, "`logprobs` is not supported with this model", "providers.md"),
]  # fmt: skip

OTHERS = [
    (400, "This model's maximum context length is 8192 tokens. However, you requested 9000.", ""),
    (400, "max_tokens is too large: 100000. This model supports at most 16384 tokens.", ""),
    (400, "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", ""),
    (400, "Invalid schema: In context=('properties', 'logprobs'), 'default' is not permitted.", ""),
    (400, "Invalid schema for response_format: unknown keyword at /properties/logprobs", ""),
    (400, "Unsupported parameter: 'temperature' is not supported with this model.", ""),
    (400, "temperature: Extra inputs are not permitted", ""),
    (400, "top_logprobs requires logprobs to be set to true", ""),
    (400, "top_logprobs must be between 0 and 20", "Lower top_logprobs"),
    (400, "Requested sample logprobs of 25, which is greater than max allowed: 20", "Lower"),
    (400, "Invalid 'top_logprobs': integer above maximum value. Expected a value <= 20.", "Lower"),
    (400, "5 is greater than the maximum of 1 - 'logprobs'", "Lower"),
    (422, "body.top_logprobs: Input should be less than or equal to 5", "Lower"),
    (422, "`top_n_tokens` must be >= 0 and <= 5. Given: 6", "Lower"),
    (400, "`logprobs` must be >= 0", ""),
    (400, "when using `top_logprobs`, `logprobs` must be set to true", ""),
    (400, "Unknown parameter: 'logprob'. Known are 'logprobs' and 'top_p'", ""),
    (422, "top_logprobs is not supported", "Leave top_logprobs out"),
    (400, "invalid type: integer `5`, expected a boolean", "logprobs=True"),
    (404, "No endpoints found that can handle the requested parameters.", "upstream"),
    (401, "Incorrect API key: `logprobs` is not supported with this model", ""),
    (429, "logprobs is not supported with this model, and you are too fast", ""),
    (404, "The model `gpt-9` does not exist", ""),
    (500, "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("status", "text", "way"), REFUSALS)
def test_a_refusal_names_the_way_out(status, text, way):
    assert way in refusal(status, text)
    assert advice(status, text) == ""


@pytest.mark.parametrize(("status", "text", "remedy"), OTHERS)
def test_other_errors_are_no_refusals(status, text, remedy):
    assert refusal(status, text) is None
    assert remedy in advice(status, text)
    assert bool(remedy) == bool(advice(status, text))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"error": {"message": "no", "type": "x"}}, "no"),
        ({"error": "no"}, "no"),
        ({"error": "no", "error_type": "validation"}, "no"),
        ({"code": "Client specified an invalid argument", "error": "no"}, "no"),
        ({"object": "error", "message": "no", "code": "3051"}, "no"),
        ({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, "no"),
        ({"detail": "no"}, "no"),
        ({"detail": [{"loc": ["body", "logprobs"], "msg": "no"}]}, "body.logprobs: no"),
        ({"object": "error", "message": {"detail": [{"loc": ["body"], "msg": "no"}]}}, "body: no"),
        ({"message": "no"}, "no"),
        ([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], "no"),
        ({"message": "no", "type": "x", "param": None, "code": None}, "no"),
        (
            {"error": {"message": "Provider returned error", "metadata": {
                "raw": '{"error": {"message": "no"}}', "provider_name": "X"}}},
            "Provider returned error: no",
        ),
        ({"error": {"message": "Provider returned error"}}, "Provider returned error"),
        ('{"error": {"message": "no"}}', "no"),
        (b'{"error": {"message": "no"}}', "no"),
        ("no\nand no", "no and no"),
        ("{no", "{no"),
        (b"\xff", "�"),
        ("", ""), (None, ""), ({}, ""), ([], ""), (7, ""), ({"error": None}, ""),
        ({"error": {"message": 7}}, ""), ({"detail": [{"loc": ["x"]}]}, "x: "),
    ],
)  # fmt: skip
def test_the_servers_own_sentence(body, sentence):
    assert server_message(body) == sentence


def test_the_sentence_is_one_line_and_no_book():
    assert server_message("a\n" * 10_000) == ("a " * 250)
    nested: dict = {"message": "no"}
    for _ in range(10_000):
        nested = {"error": nested}
    assert server_message(nested) == ""
    assert len(server_message("[" * 100_000)) == 500


# -- refusals, over the wire --------------------------------------------------------------------


def bodies():
    """The saved bodies: (status, body)."""
    saved = [(one["status"], one["body"]) for one in sample("reasoning_model_errors")]
    return [*saved, (400, sample("groq_error"))]


def test_the_saved_bodies_are_there():
    assert len(bodies()) >= 8


@pytest.mark.parametrize(("status", "body"), bodies())
def test_a_saved_refusal_is_one_clear_error(status, body):
    words = body.get("error", body)["message"]
    with serving(answer_json(body, status)) as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="key", max_retries=0)
        with client, pytest.raises(fc.NoLogprobsError) as caught:
            fc.extract(Ticket, "x", client=client, model="m")
    error = caught.value
    assert (error.status, error.provider) == (status, f"{server.base_url}/")
    assert words.rstrip(".") in str(error)
    assert error.remedy
    assert str(error).endswith(error.remedy)
    assert "\n" not in str(error)


def test_a_refusal_in_a_list_and_in_text_is_one_too():
    for body in ([{"error": {"message": "Logprobs is not supported for the current model"}}],
                 b"logprobs are not supported here"):  # fmt: skip
        with serving(answer_json(body, 400)) as server:
            client = openai.OpenAI(base_url=server.base_url, api_key="key", max_retries=0)
            with client, pytest.raises(fc.NoLogprobsError):
                fc.extract(Ticket, "x", client=client, model="m")


def test_a_refusal_in_a_stream_is_one_too():
    refused = {"error": {"message": "logprobs are not supported in streaming mode"}}
    with serving(answer_stream([*chunks(TICKET)[:6], refused])) as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="key", max_retries=0)
        with client, pytest.raises(fc.NoLogprobsError, match="without streaming") as caught:
            list(fc.stream(Ticket, "x", client=client, model="m"))
    assert caught.value.status is None
    assert caught.value.report["urgent"].value is True


def test_too_many_candidates_are_no_missing_logprobs():
    body = {"error": {"message": "top_logprobs must be between 0 and 20"}}
    with serving(answer_json(body, 400)) as server:
        client = openai.OpenAI(base_url=server.base_url, api_key="key", max_retries=0)
        with client, pytest.raises(fc.RequestError, match="Lower top_logprobs") as caught:
            fc.extract(Ticket, "x", client=client, model="m", top_logprobs=21)
    assert not isinstance(caught.value, fc.NoLogprobsError)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "You are not allowed to request logprobs from this model"),
        (400, "`logprobs` is not supported with this model"),
    ],
)
def test_the_command_line_says_it_in_one_line(tmp_path, status, words):
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    with serving(answer_json({"error": {"message": words}}, status)) as server:
        arguments = ["extract", str(tmp_path / "schema.json"), "--text", "x",
                     "--base-url", server.base_url, "--model", "m"]  # fmt: skip
        result = CliRunner().invoke(main, arguments)
    (line,) = result.stderr.splitlines()
    assert result.exit_code == 3
    assert result.stdout == ""
    assert words in line
    assert refusal(status, words) in line


# -- the page -----------------------------------------------------------------------------------


def test_the_page_of_providers_is_up_to_date():
    made = runpy.run_path(str(ROOT / "docs" / "generate_providers.py"))
    written = made["PAGE"].read_text(encoding="utf-8")
    assert written == made["page"](), "run: python docs/generate_providers.py"
    assert all(f"(`{row.key}`)" in written for row in ROWS)
    assert all(words in written for words in made["TESTED"].values())


RECORDINGS = {
    "openai": "openai_chat_structured.json",
    "llama.cpp": "llamacpp_smol.ticket_compact.json",
}


def losses(payload):
    """What the first completion of a payload does not have."""
    first = completions(payload)[0]
    tokens = first.tokens or ()
    lacks = {
        "logprobs": not tokens,
        "bytes": any(token.raw is None for token in tokens),
        "candidates": bool(tokens) and not any(token.candidates for token in tokens),
        "model": not first.model,
        "finish reason": first.finish_reason is None,
    }
    return {name for name, is_lacking in lacks.items() if is_lacking}


@pytest.mark.parametrize("row", FRAMEWORKS, ids=lambda row: row.title)
def test_a_framework_loses_what_its_row_says(row):
    samples = [sample(n) if n in INDEX else recorded(n) for n in row.samples]
    assert set.intersection(*map(losses, samples)) == set(row.lost)


def test_every_sample_of_a_structure_is_in_the_table():
    wrappers = [*engines.WRAPPERS, *objects.WRAPPERS, *records.WRAPPERS]
    firsts = {name: (sample(name) if isinstance(sample(name), list) else [sample(name)])[0]
              for name in INDEX}  # fmt: skip
    wrapped = {name for name in firsts if any(each.wraps(firsts[name]) for each in wrappers)}
    assert len(wrapped) > 20
    assert wrapped <= {name for row in FRAMEWORKS for name in row.samples}


LIVE = {"llama.cpp-completion"}  # the embedded model's server, see test_embedded_wires


def test_a_recording_stands_for_every_row_that_claims_one():
    claimed = {row.key for row in ROWS if row.evidence == "recording"}
    assert claimed == set(RECORDINGS) | LIVE


@pytest.mark.parametrize("provider", RECORDINGS)
def test_a_recording_is_read(provider):
    report = fc.score(recorded(RECORDINGS[provider]))
    assert report.status == "complete"
    assert report.confidence is not None


def test_merging_goes_into_objects_only():
    assert merged({"a": [1]}, {"a": [2]}) == {"a": [2]}
    assert merged({}, {"a": {"b": 1}}) == {"a": {"b": 1}}


def test_the_answer_of_what_was_asked_is_scored():
    """The parameters go through the client's own call, and what comes back is read."""
    with serving(answer_json(response(TICKET))) as server:
        with openai.OpenAI(base_url=server.base_url, api_key="key") as client:
            answer = client.chat.completions.create(
                model="m", messages=[], **fc.request(Ticket, provider="openrouter")
            )
    assert server.requests[0]["provider"] == {"require_parameters": True}
    assert fc.score(answer, Ticket).value == Ticket(urgent=True, team="billing")

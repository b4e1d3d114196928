"""Providers: who gives logprobs, how each is asked, and how each says no.

In:    a provider's key, a model's name, a server's error.
Out:   rows of facts: the parameters of a request, the cap on candidates, where the logprobs stand,
       the way out where there are none.
Never: a branch on a provider's name. What differs is a value in a row, or a function that it names.
Why:   one table makes the requests, their errors and the page docs/providers.md; they cannot part.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from fieldconf.tokens import Mask


class Shape(NamedTuple):
    """The form an answer should have: a name and a JSON Schema, as the provider wants it."""

    name: str
    schema: Mapping[str, Any]


Ask: TypeAlias = Callable[[Shape, int], dict[str, Any]]
"""From a shape and a number of candidates to the parameters of the provider's call."""
Evidence: TypeAlias = Literal["recording", "vendor types", "documentation"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One way to ask, and what is known of the logprobs that come back.

    Attributes:
        key: its name in ``request(provider=...)``.
        title: its name for people.
        call: what the parameters are for.
        ask: how the parameters are built; None where no logprobs are given.
        cap: the largest number of candidates for each token; None where there is no limit.
        least: the smallest number with which logprobs come at all.
        mask: whether they are taken before or after forbidden tokens are excluded.
        temperature: whether they are taken before or after the temperature is applied.
        structured: how the answer is held to the schema, in a few words.
        evidence: what the reading of its answers is tested with.
        note: what is odd about it, one sentence.
        instead: the way out, where no logprobs are given.
        also: parameters that every request to it holds.
        quiet: parameters that turn a model's reasoning off.
    """

    key: str
    title: str
    call: str
    ask: Ask | None = None
    cap: int | None = 20
    least: int = 0
    mask: Mask = "unknown"
    temperature: Literal["before", "after", "unknown"] = "unknown"
    structured: str = "strict JSON Schema"
    evidence: Evidence = "documentation"
    note: str = ""
    instead: str = ""
    also: Mapping[str, Any] = field(default_factory=dict[str, Any])
    quiet: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def default(self) -> int:
        """How many candidates are asked for where nobody says: five, or fewer at the cap."""
        return USUAL if self.cap is None else min(USUAL, self.cap)


@dataclass(frozen=True, slots=True)
class Model:
    """What a model does, whoever's row it is asked through.

    Attributes:
        pattern: matches the whole name, less what stands before its last slash.
        providers: the keys of the rows for which this holds.
        says: what the model does, for the error and the documentation.
        instead: the way out, where it gives no logprobs; empty where it can give them.
        cap: a smaller cap on the candidates.
        quiet: whether its reasoning must be turned off for logprobs.
    """

    pattern: re.Pattern[str]
    providers: frozenset[str]
    says: str
    instead: str = ""
    cap: int | None = None
    quiet: bool = False


class Saying(NamedTuple):
    """Words with which servers turn a request for logprobs down, and what to do about it."""

    pattern: re.Pattern[str]
    remedy: str
    refuses: bool
    """False where logprobs can be had: only this request asked for too much or in a wrong way."""


USUAL = 5
"""Every provider that lists candidates lists five."""


# -- the forms of a request ---------------------------------------------------------------------


def _json_schema(shape: Shape) -> dict[str, Any]:
    form = {"name": shape.name, "strict": True, "schema": shape.schema}
    return {"type": "json_schema", "json_schema": form}


def _chat(shape: Shape, count: int) -> dict[str, Any]:
    return {"logprobs": True, "top_logprobs": count, "response_format": _json_schema(shape)}


def _chat_json(shape: Shape, count: int) -> dict[str, Any]:
    """Some JSON object: which one, only the prompt can say."""
    del shape
    return {"logprobs": True, "top_logprobs": count, "response_format": {"type": "json_object"}}


def _chat_json_with_schema(shape: Shape, count: int) -> dict[str, Any]:
    form = {"type": "json_object", "schema": shape.schema}
    return {"logprobs": True, "top_logprobs": count, "response_format": form}


def _chat_unconstrained(shape: Shape, count: int) -> dict[str, Any]:
    del shape
    return {"logprobs": True, "top_logprobs": count}


def _chat_counted(shape: Shape, count: int) -> dict[str, Any]:
    """The number stands where others have a boolean."""
    return {"logprobs": count, "response_format": _json_schema(shape)}


def _responses(shape: Shape, count: int) -> dict[str, Any]:
    form = {"type": "json_schema", "name": shape.name, "strict": True, "schema": shape.schema}
    return {
        "include": ["message.output_text.logprobs"],
        "top_logprobs": count,
        "text": {"format": form},
    }


def _completions(shape: Shape, count: int) -> dict[str, Any]:
    del shape
    return {"logprobs": count}


def _completions_with_schema(shape: Shape, count: int) -> dict[str, Any]:
    return {"logprobs": count, "extra_body": {"response_format": _json_schema(shape)}}


def _gemini(shape: Shape, count: int) -> dict[str, Any]:
    listed = {"logprobs": count} if count else {}  # 1..20; without it the chosen tokens alone
    form = {"response_mime_type": "application/json", "response_json_schema": shape.schema}
    return {"config": {"response_logprobs": True} | listed | form}


def _ollama(shape: Shape, count: int) -> dict[str, Any]:
    return {"logprobs": True, "top_logprobs": count, "format": shape.schema}


def _llama_cpp(shape: Shape, count: int) -> dict[str, Any]:
    return {"n_probs": count, "json_schema": shape.schema}


def _sglang(shape: Shape, count: int) -> dict[str, Any]:
    return {
        "return_logprob": True,
        "top_logprobs_num": count,
        "return_text_in_logprobs": True,  # else ids only
        "sampling_params": {"json_schema": json.dumps(shape.schema)},
    }


def _tgi(shape: Shape, count: int) -> dict[str, Any]:
    form = {"type": "json", "value": shape.schema}
    return {"details": True, "top_n_tokens": count, "grammar": form}


def _cohere(shape: Shape, count: int) -> dict[str, Any]:
    del count  # it lists no candidates, and refuses the parameter
    form = {"type": "json_object", "json_schema": shape.schema}
    return {"logprobs": True, "response_format": form}


def _transformers(shape: Shape, count: int) -> dict[str, Any]:
    del shape, count  # the tensors hold the whole vocabulary
    return {"return_dict_in_generate": True, "output_scores": True, "output_logits": True}


# -- the table ----------------------------------------------------------------------------------

_CREATE = "client.chat.completions.create"
_EFFORT = {"reasoning_effort": "none"}
_OPEN = "Run an open model on vLLM, SGLang, llama.cpp or Ollama"

ROWS = (
    Provider(
        "openai", "OpenAI Chat Completions", _CREATE, _chat, mask="post", temperature="before",
        evidence="recording", quiet=_EFFORT,
        note="Arguments of tool calls come without logprobs: ask with response_format.",
    ),
    Provider(
        "openai-responses", "OpenAI Responses", "client.responses.create", _responses,
        mask="post", temperature="before", evidence="vendor types",
        quiet={"reasoning": {"effort": "none"}},
        note="Without `include` the list is empty; a whole response is rounded to six decimals, "
        "the deltas of a stream are not.",
    ),
    Provider(
        "openai-completions", "OpenAI Completions (legacy)", "client.completions.create",
        _completions, cap=5, structured="none: the prompt must say it", temperature="before",
        evidence="vendor types",
        note="Candidates with the same text collapse into one.",
    ),
    Provider(
        "azure", "Azure OpenAI", _CREATE, _chat, mask="post", temperature="before",
        evidence="vendor types", quiet=_EFFORT,
        note="Refused by \"On your data\" and by old API versions.",
    ),
    Provider(
        "bedrock", "Amazon Bedrock, OpenAI-compatible (gpt-oss)", _CREATE, _chat,
        note="Control tokens of the harmony format are listed; arguments of tool calls, too.",
    ),
    Provider(
        "together", "Together", _CREATE, _chat_counted, least=1, evidence="vendor types",
        note="`logprobs` is the number itself; some models want a boolean there.",
    ),
    Provider(
        "fireworks", "Fireworks", _CREATE, _chat, cap=5, evidence="vendor types",
        note="With a number for `logprobs` it answers in the form of legacy completions.",
    ),
    Provider(
        "mistral", "Mistral", "client.chat.complete", _chat, evidence="vendor types",
        note="In October 2026 it refused logprobs for every model (code 3051).",
    ),
    Provider(
        "deepseek", "DeepSeek", _CREATE, _chat_json,
        structured="json_object only: the prompt must hold the schema and the word JSON",
        also={"extra_body": {"thinking": {"type": "disabled"}}},
        note="While it thinks, the logprobs are zeros, so thinking is turned off.",
    ),
    Provider(
        "xai", "xAI", _CREATE, _chat, cap=8,
        note="A model without logprobs answers without them, and without an error.",
    ),
    Provider(
        "openrouter", "OpenRouter", _CREATE, _chat, evidence="vendor types",
        also={"extra_body": {"provider": {"require_parameters": True}}},
        quiet={"extra_body": {"reasoning": {"effort": "none"}}},
        note="The upstream decides; without `require_parameters` one without logprobs may answer.",
    ),
    Provider(
        "gemini", "Gemini API", "client.models.generate_content", _gemini,
        structured="response_json_schema", evidence="vendor types",
        note="In October 2026 it refused logprobs for every current model; not in streams.",
    ),
    Provider(
        "vertex", "Gemini on Vertex AI", "client.models.generate_content", _gemini,
        structured="response_json_schema", evidence="vendor types",
        note="Gemini 2.5 gave logprobs, 3.5 Flash refuses; not in streams; `avgLogprobs` is of no "
        "use.",
    ),
    Provider(
        "vllm", "vLLM", _CREATE, _chat, mask="post", temperature="before",
        note="The cap is the server's `--max-logprobs`; the sampled token comes first in its list.",
    ),
    Provider(
        "vllm-completions", "vLLM, completions", "client.completions.create",
        _completions_with_schema, mask="post", temperature="before",
        note="The cap is the server's `--max-logprobs`; candidates with the same text collapse.",
    ),
    Provider(
        "sglang", "SGLang", _CREATE, _chat, cap=None, mask="post", temperature="after",
        note="Before the temperature when greedy, or with `SGLANG_RETURN_ORIGINAL_LOGPROB=1`.",
    ),
    Provider(
        "sglang-generate", "SGLang, native", "POST /generate", _sglang, cap=None,
        structured="sampling_params.json_schema", mask="post", temperature="after",
        note="Add your own sampling parameters beside `json_schema`; stream chunks are cumulative.",
    ),
    Provider(
        "tgi", "Text Generation Inference", "client.chat_completion", _chat, cap=5, mask="post",
        temperature="after", evidence="vendor types",
        note="Without bytes; special tokens are listed.",
    ),
    Provider(
        "tgi-generate", "Text Generation Inference, native", "client.text_generation", _tgi,
        cap=5, structured="grammar", mask="post", temperature="after", evidence="vendor types",
        note="A probability of zero comes as null.",
    ),
    Provider(
        "llama.cpp", "llama.cpp server", _CREATE, _chat, cap=None, least=1, mask="pre",
        temperature="before", evidence="recording",
        note="The sampled token may stand far from the first rank; not with tools in a stream.",
    ),
    Provider(
        "llama.cpp-completion", "llama.cpp server, native", "POST /completion", _llama_cpp,
        cap=None, least=1, structured="json_schema", mask="pre", temperature="before",
        evidence="recording",
        note="`post_sampling_probs` gives numbers of another kind: leave it off.",
    ),
    Provider(
        "llama-cpp-python", "llama-cpp-python", "llm.create_chat_completion",
        _chat_json_with_schema, cap=None, structured="json_object with a schema", mask="pre",
        temperature="before",
        note="The model must be loaded with `logits_all=True`; it ignores the type json_schema.",
    ),
    Provider(
        "ollama", "Ollama", "client.chat", _ollama, structured="format", mask="pre",
        temperature="before", evidence="vendor types",
        note="From 0.12.11; its MLX runner takes them after the mask; its cloud gives none.",
    ),
    Provider(
        "ollama-openai", "Ollama, OpenAI-compatible", _CREATE, _chat, mask="pre",
        temperature="before",
        note="The MLX runner takes them after the mask; its cloud gives none.",
    ),
    Provider(
        "mlx-lm", "MLX-LM server", _CREATE, _chat_unconstrained, cap=11, least=1,
        structured="none: the prompt must say it", temperature="before",
        note="Not in streams; tokens are vocabulary pieces without bytes.",
    ),
    Provider(
        "cohere", "Cohere v2", "client.chat", _cohere, cap=0,
        structured="json_object with a json_schema", evidence="vendor types",
        note="Runs of tokens share one text, and no rivals are listed: no distributions.",
    ),
    Provider(
        "transformers", "Hugging Face transformers", "model.generate", _transformers, cap=None,
        structured="none: by a logits processor of your own",
        note="`scores` are taken after mask and temperature, `logits` before both.",
    ),
    Provider(
        "litellm", "LiteLLM", "litellm.completion", _chat, cap=None, quiet=_EFFORT,
        evidence="vendor types",
        note="The cap is its provider's; with `drop_params` the parameters vanish silently.",
    ),
    Provider(
        "anthropic", "Anthropic", "client.messages.create",
        note="400 `logprobs: Extra inputs are not permitted`.",
        instead="Use a model of another provider that gives logprobs, such as OpenAI's gpt-4o, or "
        "an open model on vLLM, SGLang, llama.cpp or Ollama",
    ),
    Provider(
        "bedrock-converse", "Amazon Bedrock Converse", "client.converse",
        note="The call has no such parameter.",
        instead="Use Bedrock's OpenAI-compatible endpoint (provider='bedrock') with gpt-oss",
    ),
    Provider(
        "groq", "Groq", _CREATE,
        note="400 `logprobs` is not supported with this model, for all of them.",
        instead="Ask the same open model at Together or Fireworks, or on vLLM or SGLang",
    ),
    Provider(
        "lm-studio", "LM Studio", _CREATE,
        note="Its REST chat leaves them out, without an error.",
        instead="Serve the same model file with llama.cpp's server (provider='llama.cpp')",
    ),
    Provider(
        "ollama-cloud", "Ollama cloud", "client.chat",
        note="It answers without them, without an error.",
        instead="Run the model on an Ollama of your own (provider='ollama')",
    ),
    Provider(
        "transformers-serve", "transformers serve", _CREATE,
        note="It does not return them.",
        instead="Call model.generate yourself (provider='transformers'), or serve the model with "
        "vLLM or SGLang",
    ),
    Provider(
        "watsonx", "IBM watsonx, OpenAI-compatible", _CREATE,
        note="It answers with `logprobs: null`, without an error.",
        instead=_OPEN,
    ),
    Provider(
        "zai", "Z.ai", _CREATE,
        note="glm-4.5-air drops the parameter silently.",
        instead=_OPEN,
    ),
)  # fmt: skip

PROVIDERS: Mapping[str, Provider] = {row.key: row for row in ROWS}


# -- models that differ from their provider -----------------------------------------------------

_OPENAI = frozenset({"openai", "openai-responses", "azure", "openrouter", "litellm"})
_OPENAI_INSTEAD = (
    "Use a model that gives logprobs: gpt-4o, gpt-4.1, or one that can answer without reasoning, "
    "such as gpt-5.4-mini (reasoning_effort='none')"
)


def _named(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


MODELS = (
    Model(_named(r"o\d+(-.*)?"), _OPENAI, "reasoning models give no logprobs", _OPENAI_INSTEAD),
    Model(
        _named(r"gpt-5(-.*)?"), _OPENAI,
        "the first gpt-5 models cannot turn reasoning off, and give no logprobs", _OPENAI_INSTEAD,
    ),
    Model(
        _named(r"gpt-5\.\d+-(chat|codex|pro).*"), _OPENAI,
        "this variant cannot turn reasoning off, and gives no logprobs", _OPENAI_INSTEAD,
    ),
    Model(
        _named(r"gpt-(5\.\d+|[6-9](\.\d+)?)(-.*)?"), _OPENAI,
        "logprobs come only without reasoning, and for at most five candidates (often fewer are "
        "listed); a max_completion_tokens below 16 may be refused",
        cap=5, quiet=True,
    ),
    Model(
        _named(r"deepseek-reasoner"), frozenset({"deepseek"}),
        "deepseek-reasoner refuses logprobs", "Use deepseek-chat with thinking turned off",
    ),
    Model(
        _named(r"gemini-3\.5-flash.*"), frozenset({"vertex"}),
        "Gemini 3.5 Flash refuses logprobs", "Use gemini-2.5-flash, which gave logprobs there",
    ),
    Model(
        _named(r"grok-4\.20.*"), frozenset({"xai"}),
        "grok-4.20 answers without logprobs, and without an error",
        f"Use another of its models that gives logprobs. Or: {_OPEN[0].lower()}{_OPEN[1:]}",
    ),
)  # fmt: skip


def model_row(model: str, provider: str) -> Model | None:
    """What is known of a model beyond its provider's row; None if it does as the row says.

    >>> model_row("o3-mini-2025-01-31", "openai").says
    'reasoning models give no logprobs'
    >>> model_row("gpt-4o", "openai")
    """
    name = model.rpartition("/")[2]
    rows = (row for row in MODELS if provider in row.providers)
    return next((row for row in rows if row.pattern.fullmatch(name)), None)


# -- how servers say no -------------------------------------------------------------------------

_ANOTHER = "Use a model or a provider that gives logprobs (docs/providers.md lists them)"
_NO_REASONING = (
    "If the model can answer without reasoning (gpt-5.1 and later), say reasoning_effort='none'; "
    "else use a model that gives logprobs, such as gpt-4o"
)
_FEWER = "Lower top_logprobs"


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


# The first that matches holds: what is said of a number before what is said of logprobs at all.
SAYINGS = (
    Saying(
        _words(r"(?:logprobs|top_n_tokens|n_probs)\b.*(?:must be (?:between|at most|less|<=)"
               r"|must be >= ?\d+ and <=|less than or equal|greater than max|exceed"
               r"|out of range|too large|valid range|expected a value)"
               r"|greater than the max.*logprobs\b"),
        _FEWER, refuses=False,
    ),
    Saying(
        _words(r"invalid type: integer `\d+`, expected a boolean"),
        "This model wants logprobs=True instead of a number", refuses=False,
    ),
    Saying(
        _words(r"no endpoints found that can handle the requested parameters"),
        "Choose a model of which an upstream gives logprobs together with structured output",
        refuses=False,
    ),
    Saying(_words(r"not allowed to request logprobs"), _OPENAI_INSTEAD, refuses=True),
    Saying(
        _words(r"unsupported parameter: '(?:top_)?logprobs'|logprobs\W* are not supported with "
               r"reasoning"),
        _NO_REASONING, refuses=True,
    ),
    Saying(
        _words(r"logprobs\W* cannot be true when"), "Ask with another reasoning_effort",
        refuses=True,
    ),
    Saying(
        _words(r"logprobs\W* (?:is|are) not supported (?:with tools \+ stream|in streaming)"),
        "Ask without streaming", refuses=True,
    ),
    Saying(
        _words(r"logprobs\W* are not supported with gpt-oss"),
        "Ask its chat completions instead of its responses", refuses=True,
    ),
    Saying(_words(r"logits_all"), "Load the model with logits_all=True", refuses=True),
    Saying(
        _words(r"logprobs is not enabled for models/|logprobs is not supported for the current"),
        "Ask a Gemini model that gives logprobs on Vertex AI, or another provider", refuses=True,
    ),
    Saying(
        _words(r"unable to submit request because logprobs"),
        "Ask another Gemini model (2.5 Flash gave logprobs on Vertex AI), or another provider",
        refuses=True,
    ),
    Saying(
        _words(r"unknown name \W*(?:top_)?logprobs"),
        "Ask Gemini's own API (provider='gemini' or 'vertex') instead of the OpenAI-compatible one",
        refuses=True,
    ),
    Saying(
        _words(r"validation error at #/(?:top_)?logprobs"),
        "Ask without data sources: Azure's \"On your data\" gives no logprobs", refuses=True,
    ),
    Saying(
        _words(r"unrecognized request argument supplied: (?:top_)?logprobs"
               r"|model does not support the '(?:top_)?logprobs' parameter"),
        "Use a newer api_version, or a model that gives logprobs", refuses=True,
    ),
    Saying(
        _words(r"(?:^|\W)(?:top_)?logprobs: extra inputs are not permitted"), _ANOTHER,
        refuses=True,
    ),
    Saying(
        _words(r"top_logprobs\W* (?:is|are) not supported\W*$"),
        "Leave top_logprobs out: the server lists no candidates", refuses=False,
    ),
    # In general: logprobs, and not a property of that name in somebody's schema.
    Saying(
        _words(r"\A(?!.*\bschema\b).*\b(?:top_)?logprobs\b[^.,;:()]{0,40}\b(?:unsupported|unavailable"
               r"|not (?:yet |currently )?(?:supported|enabled|allowed|permitted|available))\b"),
        _ANOTHER, refuses=True,
    ),
    Saying(
        _words(r"\A(?!.*\bschema\b).*\b(?:not support|unsupported|unrecogni[sz]ed|unknown"
               r"|not (?:allowed|permitted|able))\b[^.;()]{0,60}\b(?:top_)?logprobs\b"),
        _ANOTHER, refuses=True,
    ),
)  # fmt: skip

_LONGEST = 500  # what a sentence is; servers may send whole pages
_ABOUT_SOMETHING_ELSE = {401, 408, 429}  # the key, the time, the rate: whatever words come with it


def refusal(status: int | None, text: str) -> str | None:
    """What to do about a server that gives no logprobs; None if its words are about other things.

    Args:
        status: the HTTP status of the answer, if it is known.
        text: the server's sentence, as ``said`` finds it.

    >>> refusal(403, "You are not allowed to request logprobs from this model") is None
    False
    >>> refusal(400, "top_logprobs must be between 0 and 20") is None
    True
    """
    saying = _saying(status, text)
    return saying.remedy if saying and saying.refuses else None


def advice(status: int | None, text: str) -> str:
    """What to do about a server that would give logprobs, but not as they were asked for.

    >>> advice(400, "top_logprobs must be between 0 and 20")
    'Lower top_logprobs'
    """
    saying = _saying(status, text)
    return saying.remedy if saying and not saying.refuses else ""


def _saying(status: int | None, text: str) -> Saying | None:
    if status in _ABOUT_SOMETHING_ELSE:
        return None
    beginning = text[:_LONGEST]
    return next((saying for saying in SAYINGS if saying.pattern.search(beginning)), None)


_SENTENCE_AT = ("error", "message", "detail", "msg")  # in this order
_UPSTREAM = "Provider returned error"  # OpenRouter's; its metadata hold what the provider said


def said(body: Any, depth: int = 8) -> str:
    """The server's own sentence in the body of an error, on one line; "" if there is none.

    >>> said({"error": {"message": "no such model", "code": 404}})
    'no such model'
    >>> said({"detail": [{"loc": ["body", "logprobs"], "msg": "Extra inputs are not permitted"}]})
    'body.logprobs: Extra inputs are not permitted'
    """
    if isinstance(body, (bytes, bytearray)):
        body = bytes(body).decode(errors="replace")
    if isinstance(body, str):
        return _said_in_text(body, depth)
    if isinstance(body, (list, tuple)):
        inner = (said(item, depth - 1) for item in cast("list[Any]", body)) if depth else ()
        return next(filter(None, inner), "")
    if not isinstance(body, Mapping) or not depth:
        return ""
    return _said_in_object(cast("Mapping[str, Any]", body), depth)


def _said_in_object(body: Mapping[str, Any], depth: int) -> str:
    found = next(filter(None, (said(body.get(key), depth - 1) for key in _SENTENCE_AT)), "")
    if found == _UPSTREAM and isinstance(body.get("metadata"), Mapping):
        raw = said(body["metadata"].get("raw"), depth - 1)
        return f"{found}: {raw}" if raw else found
    if "loc" in body and isinstance(body["loc"], (list, tuple)):
        return f"{'.'.join(map(str, cast('list[Any]', body['loc'])))}: {found}"
    return found


def _said_in_text(text: str, depth: int) -> str:
    line = " ".join(text.split())
    if depth and line.startswith(("{", "[")):
        try:
            return said(json.loads(text), depth - 1) or line[:_LONGEST]
        except (ValueError, RecursionError):
            pass  # not JSON after all: its text is all there is
    return line[:_LONGEST]

"""Provider table: which providers give logprobs, their requests, and the meaning of the numbers.

In:    nothing.
Out:   rows of facts: the parameters of a request, the cap on candidates, whether logprobs are from
       before or after the mask, the remedy where there are none.
Never: a branch on a provider's name: a difference is a value in a row, or another form.
Why:   requests, their errors and the page docs/providers.md come from one table, and so agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

from fieldconf.providers import forms
from fieldconf.providers.forms import Ask, Choice
from fieldconf.providers.grammars import FULL, STRICT, Grammar
from fieldconf.providers.models import OPEN_MODEL
from fieldconf.tokens.token import Mask

Evidence: TypeAlias = Literal["recording", "vendor types", "documentation"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One API of a provider, with the parameters of its requests and facts about its logprobs.

    Attributes:
        key: its name in ``request(provider=...)``.
        title: its name for people.
        call: the call that takes the parameters.
        ask: builds the parameters; None if it gives no logprobs.
        bare: builds the parameters for an answer without logprobs, if it gives none at all.
        choice: restricts an answer to one of a few bare texts; None if only the prompt can.
        cap: the largest number of candidates for each token; None if there is no limit.
        least: the smallest number of candidates for which it gives logprobs.
        mask: whether logprobs are from before or after forbidden tokens are excluded.
        temperature: whether logprobs are from before or after the temperature is applied.
        structured: how the answer is constrained to the schema, in a few words.
        evidence: what the reading of its responses is tested with.
        note: a peculiarity, in one sentence.
        instead: the remedy, if it gives no logprobs.
        also: parameters of every request.
        quiet: parameters that turn a model's reasoning off.
        grammar: the part of JSON Schema that it supports.
        hosts: patterns of the hosts of its servers, with a port where the port identifies it.
        limit: the parameter for the largest number of tokens; dots separate nested names.
        streamed: parameters of every streamed request.
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
    grammar: Grammar = STRICT
    hosts: tuple[str, ...] = ()
    limit: str = "max_tokens"
    streamed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    bare: Ask | None = None
    choice: Choice | None = None

    @property
    def default(self) -> int:
        """The default number of candidates: five, or the cap."""
        return USUAL if self.cap is None else min(USUAL, self.cap)

    @property
    def most(self) -> int:
        """The largest useful number of candidates: twenty, or the cap."""
        return MOST if self.cap is None else min(MOST, self.cap)


USUAL = 5
"""Every provider that lists candidates lists at least five."""
MOST = 20
"""More candidates hardly narrow the bounds, and each makes the response longer."""

_CREATE = "client.chat.completions.create"
_EFFORT = {"reasoning_effort": "none"}
_USAGE = {"stream_options": {"include_usage": True}}  # else a stream does not count its tokens

ROWS = (
    Provider(
        "openai", "OpenAI Chat Completions", _CREATE, forms.chat, mask="after",
        temperature="before", evidence="recording", quiet=_EFFORT,
        hosts=("api.openai.com", "*.api.openai.com"), limit="max_completion_tokens",
        streamed=_USAGE,
        note="Arguments of tool calls come without logprobs: ask with response_format.",
    ),
    Provider(
        "openai-responses", "OpenAI Responses", "client.responses.create", forms.responses,
        mask="after", temperature="before", evidence="vendor types",
        quiet={"reasoning": {"effort": "none"}}, limit="max_output_tokens",
        note="Without `include` the list is empty; a whole response is rounded to six decimals, "
        "the deltas of a stream are not.",
    ),
    Provider(
        "openai-completions", "OpenAI Completions (legacy)", "client.completions.create",
        forms.completions, cap=5, structured="none: the prompt must say it", temperature="before",
        evidence="vendor types",
        note="Candidates with the same text collapse into one.",
    ),
    Provider(
        "openai-decisions", "OpenAI Decisions", "client.decisions.create", forms.decisions, cap=0,
        structured="finite fields only, as questions", evidence="vendor types",
        note="No tokens: a probability for each value. vLLM (0.33), SGLang (0.5.23) and others "
        "have the same endpoint.",
    ),
    Provider(
        "azure", "Azure OpenAI", _CREATE, forms.chat, mask="after", temperature="before",
        streamed=_USAGE,
        evidence="vendor types", quiet=_EFFORT, limit="max_completion_tokens",
        hosts=("*.openai.azure.com", "*.services.ai.azure.com", "*.cognitiveservices.azure.com"),
        note="Refused by \"On your data\" and by old API versions.",
    ),
    Provider(
        "bedrock", "Amazon Bedrock, OpenAI-compatible (gpt-oss)", _CREATE, forms.chat,
        hosts=("bedrock-runtime.*.amazonaws.com", "bedrock-mantle.*.api.aws"),
        note="Control tokens of the harmony format are listed; arguments of tool calls, too.",
    ),
    Provider(
        "together", "Together", _CREATE, forms.chat_counted, least=1, evidence="vendor types",
        hosts=("api.together.xyz", "api.together.ai"),
        note="`logprobs` is the number itself; some models want a boolean there.",
    ),
    Provider(
        "fireworks", "Fireworks", _CREATE, forms.chat, cap=5, evidence="vendor types",
        hosts=("api.fireworks.ai",),
        note="With a number for `logprobs` it answers in the form of legacy completions.",
    ),
    Provider(
        "mistral", "Mistral", "client.chat.complete", forms.chat, evidence="vendor types",
        hosts=("api.mistral.ai",),
        note="In October 2026 it refused logprobs for every model (code 3051).",
    ),
    Provider(
        "deepseek", "DeepSeek", _CREATE, forms.chat_json,
        structured="json_object only: the prompt must hold the schema and the word JSON",
        also={"extra_body": {"thinking": {"type": "disabled"}}}, hosts=("api.deepseek.com",),
        streamed=_USAGE,
        note="While it thinks, the logprobs are zeros, so thinking is turned off.",
    ),
    Provider(
        "xai", "xAI", _CREATE, forms.chat, cap=8, hosts=("api.x.ai", "*.api.x.ai"),
        note="A model without logprobs answers without them, and without an error.",
    ),
    Provider(
        "openrouter", "OpenRouter", _CREATE, forms.chat, evidence="vendor types",
        hosts=("openrouter.ai",), streamed=_USAGE,
        also={"extra_body": {"provider": {"require_parameters": True}}},
        quiet={"extra_body": {"reasoning": {"effort": "none"}}},
        note="The upstream decides; without `require_parameters` one without logprobs may answer.",
    ),
    Provider(
        "gemini", "Gemini API", "client.models.generate_content", forms.gemini,
        structured="response_json_schema", evidence="vendor types",
        choice=forms.choice_gemini, limit="config.max_output_tokens",
        note="In October 2026 it refused logprobs for every current model; not in streams.",
    ),
    Provider(
        "vertex", "Gemini on Vertex AI", "client.models.generate_content", forms.gemini,
        structured="response_json_schema", evidence="vendor types",
        choice=forms.choice_gemini, limit="config.max_output_tokens",
        note="Gemini 2.5 gave logprobs, 3.5 Flash refuses; not in streams; `avgLogprobs` is of no "
        "use.",
    ),
    Provider(
        "vllm", "vLLM", _CREATE, forms.chat, grammar=FULL, mask="after", temperature="before",
        streamed=_USAGE,
        choice=forms.choice_vllm,
        note="The cap is the server's `--max-logprobs`; the sampled token comes first in its list.",
    ),
    Provider(
        "vllm-completions", "vLLM, completions", "client.completions.create",
        forms.completions_with_schema, grammar=FULL, mask="after", temperature="before",
        choice=forms.choice_vllm,
        note="The cap is the server's `--max-logprobs`; candidates with the same text collapse.",
    ),
    Provider(
        "sglang", "SGLang", _CREATE, forms.chat, grammar=FULL, cap=None, mask="after",
        temperature="after", streamed=_USAGE,
        choice=forms.choice_sglang,
        note="Before the temperature when greedy, or with `SGLANG_RETURN_ORIGINAL_LOGPROB=1`.",
    ),
    Provider(
        "sglang-generate", "SGLang, native", "POST /generate", forms.sglang, grammar=FULL, cap=None,
        structured="sampling_params.json_schema", mask="after", temperature="after",
        choice=forms.choice_sglang_native, limit="sampling_params.max_new_tokens",
        note="Add your own sampling parameters beside `json_schema`; stream chunks are cumulative.",
    ),
    Provider(
        "tgi", "Text Generation Inference", "client.chat_completion", forms.chat, grammar=FULL,
        cap=5,
        mask="after", temperature="after", evidence="vendor types",
        note="Without bytes; special tokens are listed.",
    ),
    Provider(
        "tgi-generate", "Text Generation Inference, native", "client.text_generation", forms.tgi,
        grammar=FULL,
        cap=5, structured="grammar", mask="after", temperature="after", evidence="vendor types",
        choice=forms.choice_tgi, limit="max_new_tokens",
        note="A probability of zero comes as null.",
    ),
    Provider(
        "llama.cpp", "llama.cpp server", _CREATE, forms.chat, grammar=FULL, cap=None, least=1,
        mask="before",
        temperature="before", evidence="recording", streamed=_USAGE,
        choice=forms.choice_llama_cpp,
        note="The sampled token may stand far from the first rank; not with tools in a stream.",
    ),
    Provider(
        "llama.cpp-completion", "llama.cpp server, native", "POST /completion", forms.llama_cpp,
        grammar=FULL,
        cap=None, least=1, structured="json_schema", mask="before", temperature="before",
        evidence="recording",
        choice=forms.choice_llama_cpp_native, limit="n_predict",
        note="`post_sampling_probs` gives numbers of another kind: leave it off.",
    ),
    Provider(
        "llama-cpp-python", "llama-cpp-python", "llm.create_chat_completion",
        forms.chat_json_with_schema, grammar=FULL, cap=None,
        structured="json_object with a schema", mask="before",
        temperature="before",
        note="The model must be loaded with `logits_all=True`; it ignores the type json_schema.",
    ),
    Provider(
        "ollama", "Ollama", "client.chat", forms.ollama, grammar=FULL, structured="format",
        mask="before",
        temperature="before", evidence="vendor types",
        limit="options.num_predict",
        note="From 0.12.11; its MLX runner takes them after the mask; its cloud gives none.",
    ),
    Provider(
        "ollama-openai", "Ollama, OpenAI-compatible", _CREATE, forms.chat, grammar=FULL,
        mask="before", temperature="before", hosts=("localhost:11434", "127.0.0.1:11434"),
        note="The MLX runner takes them after the mask; its cloud gives none.",
    ),
    Provider(
        "mlx-lm", "MLX-LM server", _CREATE, forms.chat_unconstrained, cap=11, least=1,
        structured="none: the prompt must say it", temperature="before",
        note="Not in streams; tokens are vocabulary pieces without bytes.",
    ),
    Provider(
        "cohere", "Cohere v2", "client.chat", forms.cohere, cap=0,
        structured="json_object with a json_schema", evidence="vendor types",
        note="Runs of tokens share one text, and no rivals are listed: no distributions.",
    ),
    Provider(
        "transformers", "Hugging Face transformers", "model.generate", forms.transformers, cap=None,
        structured="none: by a logits processor of your own",
        limit="max_new_tokens",
        note="`scores` are taken after mask and temperature, `logits` before both.",
    ),
    Provider(
        "systemone", "System One (TypeSafe, OpenRouter, Ollama and others)",
        "POST /v1/systemone", forms.system_one, cap=0,
        structured="finite fields only, as questions",
        note="No tokens: a probability for each value. Add `model` and `state`, the text to read.",
    ),
    Provider(
        "litellm", "LiteLLM", "litellm.completion", forms.chat, cap=None, quiet=_EFFORT,
        evidence="vendor types",
        note="The cap is its provider's; with `drop_params` the parameters vanish silently.",
    ),
    Provider(
        "anthropic", "Anthropic", "client.messages.create", hosts=("api.anthropic.com",),
        bare=forms.bare_chat_unconstrained,
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
        "groq", "Groq", _CREATE, hosts=("api.groq.com",),
        bare=forms.bare_chat,
        note="400 `logprobs` is not supported with this model, for all of them.",
        instead="Ask the same open model at Together or Fireworks, or on vLLM or SGLang",
    ),
    Provider(
        "lm-studio", "LM Studio", _CREATE,
        bare=forms.bare_chat,
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
        bare=forms.bare_chat_unconstrained,
        note="It does not return them.",
        instead="Call model.generate yourself (provider='transformers'), or serve the model with "
        "vLLM or SGLang",
    ),
    Provider(
        "watsonx", "IBM watsonx, OpenAI-compatible", _CREATE,
        bare=forms.bare_chat_unconstrained,
        note="It answers with `logprobs: null`, without an error.",
        instead=OPEN_MODEL,
    ),
    Provider(
        "zai", "Z.ai", _CREATE, hosts=("api.z.ai",),
        bare=forms.bare_chat_json,
        note="glm-4.5-air drops the parameter silently.",
        instead=OPEN_MODEL,
    ),
)  # fmt: skip

PROVIDERS: Mapping[str, Provider] = {row.key: row for row in ROWS}


def provider_at(host: str) -> Provider | None:
    """The provider of a host (with its port, if it has one); None if no row has the host.

    >>> provider_at("my-team.openai.azure.com").key
    'azure'
    >>> provider_at("localhost:8000")
    """
    rows = (row for row in ROWS if any(fnmatchcase(host.lower(), p) for p in row.hosts))
    return next(rows, None)

"""Models that differ from their provider.

In:    a model's name, a provider's key.
Out:   facts about the model that differ from its provider's row.
Never: a guess about a name that no row matches.
Why:   a reasoning model refuses what its provider allows, after the request was sent.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """A group of models that differ from their providers' rows.

    Attributes:
        pattern: matches the whole name after its last slash.
        providers: the keys of the rows for which this holds.
        says: the difference, for the error and the documentation.
        instead: the remedy if it gives no logprobs; empty if it gives them.
        cap: a smaller cap on the candidates.
        quiet: whether its reasoning must be turned off for logprobs.
    """

    pattern: re.Pattern[str]
    providers: frozenset[str]
    says: str
    instead: str = ""
    cap: int | None = None
    quiet: bool = False


_OPENAI = frozenset({"openai", "openai-responses", "azure", "openrouter", "litellm"})
OPEN_MODEL = "Run an open model on vLLM, SGLang, llama.cpp or Ollama"
"""The remedy that is always possible."""
OPENAI_INSTEAD = (
    "Use a model that gives logprobs: gpt-4o, gpt-4.1, or one that can answer without reasoning, "
    "such as gpt-5.4-mini (reasoning_effort='none')"
)
"""The remedy at OpenAI."""


def _named(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


MODELS = (
    Model(_named(r"o\d+(-.*)?"), _OPENAI, "reasoning models give no logprobs", OPENAI_INSTEAD),
    Model(
        _named(r"gpt-5(-.*)?"), _OPENAI,
        "the first gpt-5 models cannot turn reasoning off, and give no logprobs", OPENAI_INSTEAD,
    ),
    Model(
        _named(r"gpt-5\.\d+-(chat|codex|pro).*"), _OPENAI,
        "this variant cannot turn reasoning off, and gives no logprobs", OPENAI_INSTEAD,
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
        f"Use another of its models, one that gives logprobs. Or else: {OPEN_MODEL}",
    ),
)  # fmt: skip


def model_row(model: str, provider: str) -> Model | None:
    """The row of a model that differs from its provider's row; None if it does not differ.

    >>> model_row("o3-mini-2025-01-31", "openai").says
    'reasoning models give no logprobs'
    >>> model_row("gpt-4o", "openai")
    """
    name = model.rpartition("/")[2]
    rows = (row for row in MODELS if provider in row.providers)
    return next((row for row in rows if row.pattern.fullmatch(name)), None)

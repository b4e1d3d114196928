"""Without logprobs: what people pass in place of the response, and what they should pass.

In:    an item of a payload that no format reads.
Out:   what it is, in words, and the object to pass.
Never: a list of all shapes; certainty where a value has the keys of a response.
Why:   the parsed answer is at hand more often than the response, and has no numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fieldconf.responses.objects import is_observation
from fieldconf.responses.payload_access import get, items, members
from fieldconf.responses.wrapper import has

_RESPONSE_KEYS = frozenset(
    {
        "candidates", "choices", "completion_probabilities", "content", "data", "delta", "details",
        "error", "event", "finish_reason", "generated_text", "generations", "lc", "logprobs",
        "meta", "metadata", "object", "output", "outputs", "parts", "raw", "raw_responses",
        "replies", "response", "response_metadata", "results", "role", "usage",
    }
)  # fmt: skip
"""Keys of responses, of their parts and of their wrappers; a value with one is not certain."""

_GIVE = "Pass `completion`, the response of the request"


def without_logprobs(item: Any) -> tuple[str, str] | None:
    """What an item is that has no logprobs of its own, and the remedy; None for anything else."""
    return next(((row.what, row.remedy) for row in ROWS if row.is_it(item)), None)


def _is_value(item: Any) -> bool:
    if isinstance(item, (str, bool, int, float)):
        return True
    keys = members(item)
    return bool(keys) and all(type(key) is str for key in keys) and not (
        _RESPONSE_KEYS & keys.keys() or any("logprob" in key.lower() for key in keys)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class WithoutLogprobs:
    """Something that has no logprobs: what it is, and what to do."""

    is_it: Callable[[Any], bool]
    what: str
    remedy: str


ROWS: tuple[WithoutLogprobs, ...] = (
    WithoutLogprobs(
        lambda item: has(item, "lc") and get(item, "type") == "not_implemented",
        "an object that LangChain's dumpd cannot dump",
        "Pass the object itself, or `dumpd(result.generations[0][0].message)`",
    ),
    WithoutLogprobs(
        lambda item: has(item, "dspy_fields"),
        "a DSPy Prediction without logprobs",
        "Ask with dspy.LM(..., logprobs=True), or pass `lm.history[-1]`",
    ),
    WithoutLogprobs(
        lambda item: "raw" in members(item) and "additional_kwargs" in members(item),
        "a llama-index response without `raw`",
        "Pass the response of the provider's client, with logprobs",
    ),
    WithoutLogprobs(
        lambda item: isinstance(get(item, "raw_responses"), (list, tuple)),
        "an openai-agents result without responses",
        "Pass one of `result.raw_responses`",
    ),
    WithoutLogprobs(
        is_observation,
        "a Langfuse observation, which does not keep logprobs",
        "Pass `completion`, the response that was observed",
    ),
    WithoutLogprobs(
        lambda item: any(has(part, "content_type") for part in items(get(item, "items"))),
        "a Semantic Kernel message whose metadata has no logprobs",
        "Pass `message.inner_content`, and ask for logprobs if it has none",
    ),
    WithoutLogprobs(
        lambda item: get(item, "type") == "message" and has(item, "stop_reason"),
        "a response of Anthropic, which gives no logprobs",
        "Use a model of a provider that does: docs/providers.md",
    ),
    WithoutLogprobs(
        lambda item: has(item, "top_tokens") and not has(item, "text"),
        "a unitxt token that does not name the chosen candidate",
        _GIVE,
    ),
    WithoutLogprobs(
        lambda item: has(item, "RequestUri") or (has(item, "request") and has(item, "response")),
        "a recorded response without an answer in its body",
        "Pass `completion`, or the record of a request that has an answer",
    ),
    WithoutLogprobs(
        lambda item: get(item, "role") in ("assistant", "model") and not has(item, "logprobs"),
        "a message, which has no logprobs of its own",
        "Pass `completion`, whose choice has the message and its logprobs",
    ),
    WithoutLogprobs(
        _is_value,
        "the answer's value; its numbers are in the response",
        _GIVE,
    ),
)
"""The first that fits counts."""

"""Gemini and Vertex: parallel lists of chosen and of top candidates.

In:    ``candidates[].logprobsResult`` in camel or snake case; one response or one chunk.
Out:   a ``Delta`` for each candidate.
Never: ``avgLogprobs``: it counts thoughts, and is no mean of anything that is listed.
Why:   Google's own shape, also as google-genai dumps it and as pydantic-ai keeps it.

Quirks:

* ``logProbability`` is left out where it is 0 (a proto default).
* ``topCandidates`` is absent unless asked for by number; what was chosen need not be among them.
* No bytes; parts that are thoughts have ``thought: true``.
* A blocked prompt has no candidates, and says why in ``promptFeedback``.
"""

from itertools import starmap
from typing import Any

from fieldconf.responses.delta import Delta, finish, not_asked
from fieldconf.responses.formats import entries, tool_calls
from fieldconf.responses.payload_access import at, count, first, get, items, text, texts
from fieldconf.tokens.token import Token

NAME = "Gemini (`candidates` with `logprobsResult`)"

_NOT_ASKED = not_asked("responseLogprobs=true, logprobs=5")


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    candidates = items(get(item, "candidates"))
    is_answer = any(get(c, "content") is not None or _result(c) is not None for c in candidates)
    return is_answer or _blocked(item) is not None


def read(item: Any) -> list[Delta]:
    """What the item adds, candidate by candidate."""
    if blocked := _blocked(item):
        return [Delta(refusal=f"the prompt was blocked: {blocked}")]
    usage = first(item, "usageMetadata", "usage_metadata")
    source = text(first(item, "responseId", "response_id"))
    common = Delta(
        index=None,
        model=text(first(item, "modelVersion", "model_version")),
        completion_tokens=count(first(usage, "candidatesTokenCount", "candidates_token_count")),
        prompt_tokens=count(first(usage, "promptTokenCount", "prompt_token_count")),
        source=source,
    )
    return [*starmap(_delta, enumerate(items(get(item, "candidates")))), common]


def _blocked(item: Any) -> Any:
    return first(first(item, "promptFeedback", "prompt_feedback"), "blockReason", "block_reason")


def _delta(place: int, candidate: Any) -> Delta:
    index = count(get(candidate, "index"))
    parts = items(at(candidate, "content", "parts"))
    calls = [c for part in parts if (c := first(part, "functionCall", "function_call")) is not None]
    return Delta(
        index=place if index is None else index,
        content=texts(parts),
        tokens=_tokens(_result(candidate)),
        note=_NOT_ASKED,
        finish_reason=finish(_word(first(candidate, "finishReason", "finish_reason"))),
        calls=tool_calls.read(calls, whole=True),
    )


def _word(reason: Any) -> Any:
    """The SDK's enum as the word that it stands for."""
    return getattr(reason, "value", reason)


def _result(candidate: Any) -> Any:
    return first(candidate, "logprobsResult", "logprobs_result")


def _tokens(result: Any) -> tuple[Token, ...] | None:
    chosen = first(result, "chosenCandidates", "chosen_candidates")
    tops = items(first(result, "topCandidates", "top_candidates"))
    return entries.paired(chosen, [get(top, "candidates") for top in tops], _row)


def _row(candidate: Any) -> entries.Row:
    number = count(first(candidate, "tokenId", "token_id"))
    return text(get(candidate, "token")), None, _logprob(candidate), number


def _logprob(candidate: Any) -> Any:
    """A probability of 1 is left out; anything else that is no number is not known."""
    if not isinstance(get(candidate, "token"), str):
        return None
    value = first(candidate, "logProbability", "log_probability")
    return 0.0 if value is None else value

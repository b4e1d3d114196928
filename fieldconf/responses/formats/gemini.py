"""Gemini and Vertex: parallel lists of chosen and of top candidates.

In:    ``candidates[].logprobsResult`` in camel or snake case; one response or one chunk.
Out:   a ``Delta`` for each candidate.
Never: ``avgLogprobs``: it includes thoughts, and is not the mean of the listed tokens.
Why:   Google's own shape, also as google-genai dumps it and as pydantic-ai keeps it.

Quirks:

* ``logProbability`` is left out if it is 0 (a proto default).
* ``topCandidates`` is absent unless their number was requested; the chosen token may be missing.
* No bytes; parts that are thoughts have ``thought: true``.
* A blocked prompt has no candidates, and says why in ``promptFeedback``.
"""

from itertools import starmap
from typing import Any

from fieldconf.responses.delta import Delta, finish, not_asked
from fieldconf.responses.formats import entries, tool_calls
from fieldconf.responses.payload_access import at, count, first, get, items, text, texts

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
    result, parts = _result(candidate), items(at(candidate, "content", "parts"))
    chosen = first(result, "chosenCandidates", "chosen_candidates")
    tops = items(first(result, "topCandidates", "top_candidates"))
    reason = first(candidate, "finishReason", "finish_reason")
    calls = [c for part in parts if (c := first(part, "functionCall", "function_call")) is not None]
    return Delta(
        index=place if index is None else index,
        content=texts(parts),
        tokens=entries.paired(chosen, [get(top, "candidates") for top in tops], _row),
        note=_NOT_ASKED,
        finish_reason=finish(getattr(reason, "value", reason)),  # the SDK has an enum
        calls=tool_calls.read(calls, whole=True),
    )


def _result(candidate: Any) -> Any:
    return first(candidate, "logprobsResult", "logprobs_result")


def _row(candidate: Any) -> entries.Row:
    """A missing logprob is 0 if there is a token, else unknown."""
    token, logprob = get(candidate, "token"), None
    if isinstance(token, str):
        logprob = first(candidate, "logProbability", "log_probability")
        logprob = 0.0 if logprob is None else logprob
    return text(token), None, logprob, count(first(candidate, "tokenId", "token_id"))

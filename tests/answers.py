"""Answers of a made-up model, in the shape of OpenAI Chat Completions."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Choice = tuple[str, float, Mapping[str, float]]
"""A token's text, its probability, and its rivals' probabilities."""


def entry(
    text: str, probability: float, rivals: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """One entry of ``logprobs.content``."""
    listed = {text: probability, **(rivals or {})}
    return {
        "token": text,
        "bytes": list(text.encode()),
        "logprob": math.log(probability),
        "top_logprobs": [
            {"token": t, "bytes": list(t.encode()), "logprob": math.log(p)}
            for t, p in listed.items()
        ],
    }


def response(choices: Sequence[Choice], finish_reason: str = "stop") -> dict[str, Any]:
    """A whole response."""
    entries = [entry(*choice) for choice in choices]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "made-up",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "".join(c[0] for c in choices)},
                "logprobs": {"content": entries},
                "finish_reason": finish_reason,
            }
        ],
    }


def chunk(
    delta: Mapping[str, Any], entries: Sequence[Any] | None, finish: str | None = None
) -> Any:
    """One chunk of a stream."""
    logprobs = None if entries is None else {"content": list(entries)}
    choice = {"index": 0, "delta": dict(delta), "logprobs": logprobs, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "made-up",
        "choices": [choice],
    }


def chunks(choices: Sequence[Choice], finish_reason: str = "stop") -> list[Any]:
    """The same answer as a stream, one token a chunk."""
    made = [chunk({"role": "assistant", "content": ""}, [])]
    made += [chunk({"content": c[0]}, [entry(*c)]) for c in choices]
    return [*made, chunk({}, None, finish_reason)]


TICKET: list[Choice] = [
    ('{"', 0.99, {}),
    ("urgent", 0.98, {}),
    ('":', 0.99, {}),
    ("true", 0.8, {"false": 0.15, "null": 0.05}),
    (',"', 0.99, {}),
    ("team", 0.98, {}),
    ('":"', 0.99, {}),
    ("bill", 0.6, {"sales": 0.3, "zz": 0.1}),
    ("ing", 0.99, {"board": 0.01}),
    ('"}', 0.97, {'",': 0.03}),
]
TICKET_SCHEMA = {
    "title": "Ticket",
    "type": "object",
    "properties": {"urgent": {"type": "boolean"}, "team": {"enum": ["billing", "sales"]}},
    "required": ["urgent", "team"],
}

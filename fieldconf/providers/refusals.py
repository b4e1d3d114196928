"""Refusals: the error messages with which servers refuse requests for logprobs.

In:    the body of an error, or the message in it; its HTTP status, if known.
Out:   the server's message; the remedy.
Never: an error about something else reported as a refusal.
Why:   twenty servers have twenty messages for the same refusal, with different remedies.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from fieldconf.providers.models import OPENAI_INSTEAD


class RefusalPattern(NamedTuple):
    """A pattern of messages about logprobs, and the remedy.

    ``refuses`` is False where the server gives logprobs, but not for the parameters of this
    request.
    """

    pattern: re.Pattern[str]
    remedy: str
    refuses: bool


_ANOTHER = "Use a model or a provider that gives logprobs (docs/providers.md lists them)"
_NO_REASONING = (
    "If the model can answer without reasoning (gpt-5.1 and later), say reasoning_effort='none'; "
    "else use a model that gives logprobs, such as gpt-4o"
)
_FEWER = "Lower top_logprobs"


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


# The first match counts, so messages about the number of candidates precede those about logprobs.
REFUSALS = (
    RefusalPattern(
        _words(r"(?:logprobs|top_n_tokens|n_probs)\b.*(?:must be (?:between|at most|less|<=)"
               r"|must be >= ?\d+ and <=|less than or equal|greater than max|exceed"
               r"|out of range|too large|valid range|expected a value)"
               r"|greater than the max.*logprobs\b"),
        _FEWER, refuses=False,
    ),
    RefusalPattern(
        _words(r"invalid type: integer `\d+`, expected a boolean"),
        "This model wants logprobs=True instead of a number", refuses=False,
    ),
    RefusalPattern(
        _words(r"no endpoints found that can handle the requested parameters"),
        "Choose a model of which an upstream gives logprobs together with structured output",
        refuses=False,
    ),
    RefusalPattern(_words(r"not allowed to request logprobs"), OPENAI_INSTEAD, refuses=True),
    RefusalPattern(
        _words(r"unsupported parameter: '(?:top_)?logprobs'|logprobs\W* are not supported with "
               r"reasoning"),
        _NO_REASONING, refuses=True,
    ),
    RefusalPattern(
        _words(r"logprobs\W* cannot be true when"), "Ask with another reasoning_effort",
        refuses=True,
    ),
    RefusalPattern(
        _words(r"logprobs\W* (?:is|are) not supported (?:with tools \+ stream|in streaming)"),
        "Ask without streaming", refuses=True,
    ),
    RefusalPattern(
        _words(r"logprobs\W* are not supported with gpt-oss"),
        "Ask its chat completions instead of its responses", refuses=True,
    ),
    RefusalPattern(_words(r"logits_all"), "Load the model with logits_all=True", refuses=True),
    RefusalPattern(
        _words(r"logprobs is not enabled for models/|logprobs is not supported for the current"),
        "Ask a Gemini model that gives logprobs on Vertex AI, or another provider", refuses=True,
    ),
    RefusalPattern(
        _words(r"unable to submit request because logprobs"),
        "Ask another Gemini model (2.5 Flash gave logprobs on Vertex AI), or another provider",
        refuses=True,
    ),
    RefusalPattern(
        _words(r"unknown name \W*(?:top_)?logprobs"),
        "Ask Gemini's own API (provider='gemini' or 'vertex') instead of the OpenAI-compatible one",
        refuses=True,
    ),
    RefusalPattern(
        _words(r"validation error at #/(?:top_)?logprobs"),
        "Ask without data sources: Azure's \"On your data\" gives no logprobs", refuses=True,
    ),
    RefusalPattern(
        _words(r"unrecognized request argument supplied: (?:top_)?logprobs"
               r"|model does not support the '(?:top_)?logprobs' parameter"),
        "Use a newer api_version, or a model that gives logprobs", refuses=True,
    ),
    RefusalPattern(
        _words(r"(?:^|\W)(?:top_)?logprobs: extra inputs are not permitted"), _ANOTHER,
        refuses=True,
    ),
    RefusalPattern(
        _words(r"top_logprobs\W* (?:is|are) not supported\W*$"),
        "Leave top_logprobs out: the server lists no candidates", refuses=False,
    ),
    # Any other message about logprobs, unless it is about a property of that name in a schema.
    RefusalPattern(
        _words(r"\A(?!.*\bschema\b).*\b(?:top_)?logprobs\b[^.,;:()]{0,40}\b(?:unsupported|unavailable"
               r"|not (?:yet |currently )?(?:supported|enabled|allowed|permitted|available))\b"),
        _ANOTHER, refuses=True,
    ),
    RefusalPattern(
        _words(r"\A(?!.*\bschema\b).*\b(?:not support|unsupported|unrecogni[sz]ed|unknown"
               r"|not (?:allowed|permitted|able))\b[^.;()]{0,60}\b(?:top_)?logprobs\b"),
        _ANOTHER, refuses=True,
    ),
)  # fmt: skip

_LONGEST = 500  # characters of a message; servers may send whole pages
_OTHER_ERRORS = {401, 408, 429}  # the key, the time, the rate, whatever the message is


def refusal(status: int | None, text: str) -> str | None:
    """The remedy if a server refuses logprobs; None if its message is about something else.

    Args:
        status: the HTTP status of the response, if it is known.
        text: the server's message, from ``server_message``.

    >>> refusal(403, "You are not allowed to request logprobs from this model") is None
    False
    >>> refusal(400, "top_logprobs must be between 0 and 20") is None
    True
    """
    match = _match(status, text)
    return match.remedy if match and match.refuses else None


def advice(status: int | None, text: str) -> str:
    """The remedy if a server gives logprobs, but not for the parameters of this request; else "".

    >>> advice(400, "top_logprobs must be between 0 and 20")
    'Lower top_logprobs'
    """
    match = _match(status, text)
    return match.remedy if match and not match.refuses else ""


def _match(status: int | None, text: str) -> RefusalPattern | None:
    if status in _OTHER_ERRORS:
        return None
    beginning = text[:_LONGEST]
    return next((row for row in REFUSALS if row.pattern.search(beginning)), None)


_MESSAGE_KEYS = ("error", "message", "detail", "msg")  # in this order
_UPSTREAM = "Provider returned error"  # OpenRouter's; the provider's message is in the metadata


def server_message(body: Any, depth: int = 8) -> str:
    """The server's own message in the body of an error, on one line; "" if there is none.

    >>> server_message({"error": {"message": "no such model", "code": 404}})
    'no such model'
    >>> detail = {"loc": ["body", "logprobs"], "msg": "Extra inputs are not permitted"}
    >>> server_message({"detail": [detail]})
    'body.logprobs: Extra inputs are not permitted'
    """
    if isinstance(body, (bytes, bytearray)):
        body = bytes(body).decode(errors="replace")
    if isinstance(body, str):
        return _message_in_text(body, depth)
    if isinstance(body, (list, tuple)):
        inner = (
            (server_message(item, depth - 1) for item in cast("list[Any]", body)) if depth else ()
        )
        return next(filter(None, inner), "")
    if not isinstance(body, Mapping) or not depth:
        return ""
    return _message_in_object(cast("Mapping[str, Any]", body), depth)


def _message_in_object(body: Mapping[str, Any], depth: int) -> str:
    messages = (server_message(body.get(key), depth - 1) for key in _MESSAGE_KEYS)
    message = next(filter(None, messages), "")
    if message == _UPSTREAM and isinstance(body.get("metadata"), Mapping):
        raw = server_message(body["metadata"].get("raw"), depth - 1)
        return f"{message}: {raw}" if raw else message
    if "loc" in body and isinstance(body["loc"], (list, tuple)):
        return f"{'.'.join(map(str, cast('list[Any]', body['loc'])))}: {message}"
    return message


def _message_in_text(text: str, depth: int) -> str:
    line = " ".join(text.split())
    if depth and line.startswith(("{", "[")):
        try:
            return server_message(json.loads(text), depth - 1) or line[:_LONGEST]
        except (ValueError, RecursionError):
            pass  # not JSON: the text itself is the message
    return line[:_LONGEST]

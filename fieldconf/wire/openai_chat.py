"""OpenAI Chat Completions, and every server that copies it: ``choices[].logprobs.content``.

In:    one response (SDK object or dict), or one chunk of a stream.
Out:   ``Completion`` values, one a choice; for a stream ``Delta`` values, folded by ``merge``.
Never: an import of a client's package; arithmetic on a logprob.
Why:   most of what people hold in their hands has this shape.

Quirks, each met by a line below:

* A refusal has ``content: null`` and its tokens under ``logprobs.refusal``.
* Tool calls have no logprobs at OpenAI and Azure: their arguments are read, but not scored.
  vLLM lists the tokens of the whole call, in which the arguments are found.
* vLLM can name tokens ``token_id:123``; then the candidates' bytes are those of that name.
* Streams: ``content: []`` first, chunks without ``choices`` or ``delta``, tokens on empty deltas.
* llama.cpp lists characters that span several model tokens as one entry, with the last piece's
  logprob: the entry's own id then stands among its candidates with other bytes.
* A ``-9999`` token that is absent from its own list has its neighbour's list ("shifted").
* Where the numbers stand is nowhere said: llama.cpp (its ``timings``, or build fingerprints
  ``b1234-...``) takes them before the mask; a candidate at exactly -100.0 shows OpenAI's
  strict mode, after it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fieldconf.tokens import (
    Candidate,
    Completion,
    Mask,
    Token,
    candidate_logprob,
    chosen_logprob,
    utf8,
)

NAME = "OpenAI Chat Completions (an object with `choices`, each with `message` or `delta`)"

_LLAMA_CPP_BUILD = re.compile(r"b\d+-")
_TOKEN_ID = re.compile(r"token_id:\d+")
_TOOL_CALL = (
    "the answer is a tool call, and this server gives no logprobs for its arguments: "
    "ask with response_format (json_schema) instead of tools"
)
_MERGED = "is one listed character made of several model tokens, of which only the last was scored"
_SHIFTED = "has no logprob of its own: the server's list belongs to a neighbouring token"


@dataclass(frozen=True, slots=True)
class Delta:
    """What one chunk adds to one choice."""

    index: int
    content: str = ""
    tokens: tuple[Token, ...] | None = None
    refusal: str = ""
    finish_reason: str | None = None
    arguments: str | None = None  # of the first tool call


def matches(payload: Any) -> bool:
    """Whether a payload has this shape (a whole response or a chunk)."""
    choices = field(payload, "choices")
    return isinstance(choices, (list, tuple)) and all(map(_is_choice, cast("list[Any]", choices)))


def read(payload: Any) -> list[Completion]:
    """The completions of a whole response, one a choice, in the order of their indexes."""
    usage = field(payload, "usage")
    mask = _mask_of(payload)
    return [
        _completion(
            _whole(choice),
            model=field(payload, "model") or "",
            mask=mask,
            completion_tokens=field(usage, "completion_tokens"),
        )
        for choice in sorted(field(payload, "choices"), key=lambda c: int(field(c, "index") or 0))
    ]


def read_chunk(chunk: Any) -> list[Delta]:
    """What one stream chunk adds, choice by choice; nothing for usage and filter chunks."""
    return [_delta(choice) for choice in field(chunk, "choices") or ()]


def merge(chunks: Iterable[Any]) -> list[Completion]:
    """The completions that a list of stream chunks amounts to."""
    by_index: dict[int, list[Delta]] = {}
    mask: Mask = "unknown"
    model, completion_tokens = "", None
    for chunk in chunks:
        for delta in read_chunk(chunk):
            by_index.setdefault(delta.index, []).append(delta)
        mask = mask if mask != "unknown" else _mask_of(chunk)
        model = model or field(chunk, "model") or ""
        counted = field(field(chunk, "usage"), "completion_tokens")
        completion_tokens = counted if counted is not None else completion_tokens
    return [
        _completion(_fold(deltas), model=model, mask=mask, completion_tokens=completion_tokens)
        for _, deltas in sorted(by_index.items())
    ]


def field(value: Any, name: str) -> Any:
    """A member of a dict or an attribute of an object, or None."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # any payload


# -- one choice ---------------------------------------------------------------------------------


def _whole(choice: Any) -> Delta:
    """A finished choice as the one delta that it amounts to."""
    message = field(choice, "message")
    return _delta(choice) if message is None else _delta(choice, message)


def _delta(choice: Any, part: Any = None) -> Delta:
    part = field(choice, "delta") if part is None else part
    logprobs = field(choice, "logprobs")
    entries = field(logprobs, "content")
    content = field(part, "content")
    return Delta(
        index=int(field(choice, "index") or 0),
        content=content if isinstance(content, str) else "",
        tokens=tuple(map(_token, entries)) if isinstance(entries, (list, tuple)) else None,  # pyright: ignore[reportUnknownArgumentType]  # any payload
        refusal=field(part, "refusal") or "",
        finish_reason=field(choice, "finish_reason"),
        arguments=_arguments(field(part, "tool_calls")),
    )


def _arguments(calls: Any) -> str | None:
    """The arguments of the first tool call, or the next piece of them; None without a call."""
    for call in calls or ():
        if not field(call, "index"):
            return field(field(call, "function"), "arguments") or ""
    return None


def _fold(deltas: Sequence[Delta]) -> Delta:
    """Several deltas of one choice as one.

    A chunk with text but without tokens, in a stream that has them elsewhere, leaves a hole. If
    the listed tokens do not spell the text without it, the hole is filled with a token whose
    logprob is not known: the values beside it keep their numbers, the value in it has none.
    """
    content = "".join(delta.content for delta in deltas)
    listed = [token for delta in deltas for token in delta.tokens or ()]
    filled = [
        token
        for delta in deltas
        for token in delta.tokens or ([_unlisted(delta.content)] if delta.content else [])
    ]
    use_filled = _spell(filled) == utf8(content) != _spell(listed)
    arguments = [delta.arguments for delta in deltas if delta.arguments is not None]
    finish = [delta.finish_reason for delta in deltas if delta.finish_reason]
    return Delta(
        index=deltas[0].index,
        content=content,
        tokens=tuple(filled if use_filled else listed) if listed else None,
        refusal="".join(delta.refusal for delta in deltas),
        finish_reason=finish[-1] if finish else None,
        arguments="".join(arguments) if arguments else None,
    )


def _spell(tokens: Iterable[Token]) -> bytes:
    return b"".join(token.bytes for token in tokens)


def _unlisted(text: str) -> Token:
    return Token(text, utf8(text), None, note="came in a chunk without logprobs")


def _completion(
    delta: Delta, *, model: str, mask: Mask, completion_tokens: int | None
) -> Completion:
    tokens = delta.tokens or None
    if mask == "unknown" and tokens and _shows_mask(tokens):
        mask = "post"
    is_call = delta.arguments is not None and not delta.content
    text = delta.arguments if is_call else delta.content
    return Completion(
        content=text if text or not delta.refusal else None,
        tokens=tokens,
        finish_reason=delta.finish_reason,
        refusal=delta.refusal or None,
        mask=mask,
        model=model,
        completion_tokens=completion_tokens,
        note=_TOOL_CALL if is_call else "",
    )


# -- one token ----------------------------------------------------------------------------------


def _token(entry: Any) -> Token:
    raw, text = _raw(field(entry, "bytes")), str(field(entry, "token") or "")
    number, candidates = _id(entry), _candidates(field(entry, "top_logprobs"))
    if _TOKEN_ID.fullmatch(text):
        candidates = ()
    if number is not None and any(c.id == number and c.raw != raw for c in candidates):
        return Token(text, raw, None, (), number, note=_MERGED)
    logprob = chosen_logprob(field(entry, "logprob"))
    if logprob is None and candidates and all(c.text != text for c in candidates):
        return Token(text, raw, None, (), number, note=_SHIFTED)
    return Token(text, raw, logprob, candidates, number)


def _candidates(entries: Any) -> tuple[Candidate, ...]:
    found: list[Candidate] = []
    for entry in entries or ():
        logprob = candidate_logprob(field(entry, "logprob"))
        if logprob is not None:
            raw = _raw(field(entry, "bytes"))
            text = str(field(entry, "token") or "")
            found.append(Candidate(text, raw, logprob, _id(entry)))
    return tuple(found)


def _raw(value: Any) -> bytes | None:
    """The bytes of an entry: a list of integers, or missing."""
    return bytes(value) if isinstance(value, (list, tuple, bytes)) else None  # pyright: ignore[reportUnknownArgumentType]  # any payload


def _id(entry: Any) -> int | None:
    number = field(entry, "id")
    return number if isinstance(number, int) else None


# -- where the numbers stand --------------------------------------------------------------------


def _mask_of(payload: Any) -> Mask:
    fingerprint = field(payload, "system_fingerprint")
    is_llama_cpp = isinstance(fingerprint, str) and _LLAMA_CPP_BUILD.match(fingerprint)
    return "pre" if is_llama_cpp or field(payload, "timings") else "unknown"


def _shows_mask(tokens: Iterable[Token]) -> bool:
    return any(c.logprob == float("-inf") for token in tokens for c in token.candidates)


def _is_choice(choice: Any) -> bool:
    """Azure's asynchronous content filter sends choices with neither message nor delta."""
    parts = ("message", "delta", "content_filter_offsets")
    return any(field(choice, part) is not None for part in parts)

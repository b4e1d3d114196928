"""Cases: a completion with its true numbers.

In:    a value, its JSON text, the tokens that wrote it, and the true numbers of each value inside.
Out:   ``Case``: the completion as a response and as stream chunks; ``Truth``.
Never: a number that the scorer computed: the truth follows from how the tokens were made.
Why:   a report can only be checked against numbers that were known before.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

from fieldconf.parsing.kinds import kind_of
from fieldconf.paths import Path
from fieldconf.tokens.token import Candidate, Token


@dataclass(frozen=True)
class Truth:
    """What is known of one value of an answer.

    Attributes:
        value: the decoded JSON value.
        start, stop: the half-open byte span of its JSON text in the answer, quotes included.
        logprob: sum of the logprobs (nats) of all tokens that touch it.
        confidence: 0..1, where it is known: of a value of few, the probability of the member that
            was written; of short strings and numbers, the product over the tokens from the first
            that could have decided them to the last. None for containers, long texts, values that
            share tokens with others, and those whose end the schema tells before it is written.
        probabilities: of a value of few: (member, probability) pairs that sum up to 1, the one that
            was written among them; else empty.
        is_leaf: whether it is a scalar or an empty container.
    """

    value: Any
    start: int
    stop: int
    logprob: float
    confidence: float | None = None
    probabilities: tuple[tuple[Any, float], ...] = ()
    is_leaf: bool = True


@dataclass(frozen=True)
class Case:
    """A completion: what was asked, what was answered, and what is true of it.

    Attributes:
        schema: the schema that was asked for, as it was given or drawn.
        value: the answer as plain JSON.
        text: the answer's JSON text.
        tokens: the tokens that spell it, each with its candidates; see ``fieldconf.tokens.token``.
        truth: JSON Pointer -> ``Truth``, in document order, leaves and containers.
        model: the model's name in the responses.
    """

    schema: Any
    value: Any
    text: str
    tokens: tuple[Token, ...]
    truth: Mapping[str, Truth] = field(default_factory=dict[str, Truth])
    model: str = "made-up"

    def __repr__(self) -> str:
        shown = ", ".join(f"{t.bytes!r} {math.exp(t.logprob or 0):.3g}" for t in self.tokens)
        return f"<Case {self.text} of {_name(self.schema)}: {shown}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  # hypothesis'
        """As hypothesis shows it where a test fails."""
        printer.text(repr(self))

    @property
    def response(self) -> dict[str, Any]:
        """The completion as OpenAI's Chat Completions send it: a dict of plain JSON."""
        return response(self.text, [entry(token) for token in self.tokens], self.model)

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The same as a stream: a chunk a token, and one with the usage at the end."""
        return chunks_of(self.tokens, [entry(token) for token in self.tokens], self.model)


def _name(schema: Any) -> str:
    return getattr(schema, "__name__", None) or repr(schema)


# -- the text -------------------------------------------------------------------------------------


class Style(NamedTuple):
    """How JSON is laid out: what stands between items, behind a key, and the blanks of a level."""

    comma: str = ","
    colon: str = ":"
    indent: str | None = None
    is_ascii: bool = False

    def scalar(self, value: Any) -> str:
        """A scalar, an empty container or a key as JSON text."""
        return json.dumps(value, ensure_ascii=self.is_ascii)


STYLES = (
    Style(), Style(", ", ": "), Style(",", ": ", "  "), Style(is_ascii=True),
    Style(",", ": ", "", is_ascii=True),
)  # fmt: skip


class Span(NamedTuple):
    """A value of a document and the half-open byte span of its text."""

    value: Any
    start: int
    stop: int


def written(value: Any, style: Style) -> tuple[str, dict[Path, Span]]:
    """A value's JSON text, and the span of each value inside, in document order."""
    pieces: list[str] = []
    spans: dict[Path, Span] = {}
    size = 0

    def write(piece: str) -> None:
        nonlocal size
        pieces.append(piece)
        size += len(piece.encode())

    def put(inner: Any, path: Path) -> None:
        start = size
        spans[path] = Span(inner, start, start)
        if isinstance(inner, (dict, list)) and inner:
            put_items(inner, path)
        else:
            write(style.scalar(inner))
        spans[path] = Span(inner, start, size)

    def put_items(inner: Any, path: Path) -> None:
        is_object = kind_of(inner) == "object"
        write("{" if is_object else "[")
        for place, key in enumerate(inner if is_object else range(len(inner))):
            write(style.comma if place else "")
            line(len(path) + 1)
            write(style.scalar(key) + style.colon if is_object else "")
            put(inner[key], (*path, key))
        line(len(path))
        write("}" if is_object else "]")

    def line(depth: int) -> None:
        if style.indent is not None:
            write("\n" + style.indent * depth)

    put(value, ())
    return "".join(pieces), spans


# -- OpenAI's chat --------------------------------------------------------------------------------


def entry(token: Token) -> dict[str, Any]:
    """A token as an entry of ``logprobs.content``."""
    top = [_row(candidate) for candidate in token.candidates]
    return {**_row(token), "top_logprobs": top}


def _row(token: Token | Candidate) -> dict[str, Any]:
    return {"token": token.text, "bytes": list(token.bytes), "logprob": token.logprob}


def response(
    text: str, entries: Sequence[Mapping[str, Any]], model: str, finish_reason: str = "stop"
) -> dict[str, Any]:
    """A whole response."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {
        "index": 0, "finish_reason": finish_reason, "message": message,
        "logprobs": {"content": list(entries), "refusal": None},
    }  # fmt: skip
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": model,
        "choices": [choice], "usage": usage(len(entries)),
    }  # fmt: skip


def chunk(
    delta: Mapping[str, Any], entries: Sequence[Mapping[str, Any]] | None, *, model: str,
    finish_reason: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A chunk of a stream."""
    logprobs = None if entries is None else {"content": list(entries), "refusal": None}
    choice = {
        "index": 0, "delta": dict(delta), "logprobs": logprobs, "finish_reason": finish_reason,
    }  # fmt: skip
    return {**_head(model), "choices": [choice]}


def chunks_of(
    tokens: Sequence[Token], entries: Sequence[Mapping[str, Any]], model: str
) -> list[dict[str, Any]]:
    """A whole stream: a chunk a token, listed as its entry."""
    pairs = zip(texts_of(tokens), entries, strict=True)
    chunks = [chunk({"content": text}, [entry], model=model) for text, entry in pairs]
    first = chunk({"role": "assistant", "content": ""}, [], model=model)
    return [first, *chunks, *ending(len(tokens), model)]


def ending(count: int, model: str) -> list[dict[str, Any]]:
    """The last two chunks: why it stopped, and what it cost."""
    stopped = chunk({}, None, model=model, finish_reason="stop")
    return [stopped, {**_head(model), "choices": [], "usage": usage(count)}]


def _head(model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": model}


def usage(count: int) -> dict[str, int]:
    """What a prompt of one token and so many more cost."""
    return {"prompt_tokens": 1, "completion_tokens": count, "total_tokens": count + 1}


def texts_of(tokens: Sequence[Token]) -> list[str]:
    """The text that comes with each token: a character comes with the token that completes it."""
    data = b"".join(token.bytes for token in tokens)
    ends = [_whole(data, end) for end in accumulate(len(token.bytes) for token in tokens)]
    return list(_between(data, ends))


def _between(data: bytes, ends: Sequence[int]) -> Iterator[str]:
    start = 0
    for end in ends:
        yield data[start:end].decode()
        start = end


def _whole(data: bytes, end: int) -> int:
    """The end of the last whole character before a byte."""
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end -= 1
    return end

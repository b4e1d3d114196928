"""Cases: a completion with its true numbers.

In:    a value, its JSON text, the tokens that wrote it, and the true numbers of each value inside.
Out:   ``Case``: the completion as a response and as stream chunks; ``Truth``.
Never: a number that the scorer computed: the truth follows from how the tokens were made.
Why:   a report can only be checked against numbers that were known before.
"""

import codecs
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from fieldconf.paths import Path
from fieldconf.testing.payloads import chat_body, chat_chunk, usage_chunk
from fieldconf.tokens.token import Candidate, Token


@dataclass(frozen=True)
class Truth:
    """The true numbers of one value of an answer.

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
    """A completion: the schema, the answer, and the true numbers of each value.

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
        name = getattr(self.schema, "__name__", None) or repr(self.schema)
        return f"<Case {self.text} of {name}: {shown}>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  # hypothesis'
        """As hypothesis shows it where a test fails."""
        printer.text(repr(self))

    @property
    def response(self) -> dict[str, Any]:
        """The completion as OpenAI's Chat Completions send it: a dict of plain JSON."""
        return response(self, [entry(token) for token in self.tokens])

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The same as a stream: a chunk a token, and one with the usage at the end."""
        return chunks_of(self, [entry(token) for token in self.tokens])


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

    def line(self, depth: int) -> str:
        """The line break before an item of a level, with its indentation; empty on one line."""
        return "" if self.indent is None else "\n" + self.indent * depth


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
    text = bytearray()
    spans: dict[Path, Span] = {}

    def put(inner: Any, path: Path) -> None:
        start = len(text)
        spans[path] = Span(inner, start, start)
        if isinstance(inner, (dict, list)) and inner:
            is_object = isinstance(inner, dict)
            text.extend(b"{" if is_object else b"[")
            keys = cast("Any", inner if is_object else range(len(cast("list[Any]", inner))))
            for number, key in enumerate(keys):
                name = style.scalar(key) + style.colon if is_object else ""
                comma = style.comma if number else ""
                text.extend(f"{comma}{style.line(len(path) + 1)}{name}".encode())
                put(inner[key], (*path, key))
            text.extend(f"{style.line(len(path))}{'}' if is_object else ']'}".encode())
        else:
            text.extend(style.scalar(inner).encode())
        spans[path] = Span(inner, start, len(text))

    put(value, ())
    return text.decode(), spans


# -- OpenAI's chat --------------------------------------------------------------------------------


def token_row(token: Token | Candidate) -> dict[str, Any]:
    """A token or a candidate as OpenAI lists it."""
    return {"token": token.text, "bytes": list(token.bytes), "logprob": token.logprob}


def entry(
    token: Token, row: Callable[[Token | Candidate], dict[str, Any]] = token_row
) -> dict[str, Any]:
    """A token as an entry of ``logprobs.content``; ``row`` writes it and its candidates."""
    return {**row(token), "top_logprobs": [row(candidate) for candidate in token.candidates]}


def response(case: Case, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A whole response with these entries."""
    return chat_body(
        {"content": case.text, "refusal": None}, {"content": list(entries), "refusal": None},
        model=case.model, count=len(entries),
    )  # fmt: skip


def chunks_of(case: Case, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A whole stream: a chunk for each token, with its entry."""
    pairs = zip(texts_of(case.tokens), entries, strict=True)
    return stream([({"content": text}, [entry]) for text, entry in pairs], len(entries), case.model)


def stream(
    parts: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]], count: int, model: str
) -> list[dict[str, Any]]:
    """A whole stream of so many tokens: a chunk for each delta with its entries."""
    first = ({"role": "assistant", "content": ""}, list[Mapping[str, Any]]())
    chunks = [
        chat_chunk(delta, {"content": list(entries), "refusal": None}, model=model)
        for delta, entries in (first, *parts)
    ]
    return chunks + ending(count, model)


def ending(count: int, model: str) -> list[dict[str, Any]]:
    """The last two chunks: why the model stopped, and the usage."""
    return [chat_chunk({}, model=model, finish_reason="stop"), usage_chunk(count, model=model)]


def texts_of(tokens: Sequence[Token]) -> list[str]:
    """The text that comes with each token: a character comes with the token that completes it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    return [decoder.decode(token.bytes) for token in tokens]

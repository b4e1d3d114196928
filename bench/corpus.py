"""Made-up OpenAI chat completions with true o200k tokens, and what a right answer about them is.

In: a number of tokens, how many candidates a token lists, whether characters may be split.
Out: a `Response`: the body's bytes as the API sends them (indented by two), the same as events of a
    stream, and for every leaf of the answer the logprob sums that count as right.
Never: the network, a clock, or a random number outside the fixed seed.
Why: peers and fieldconf must be timed on the same bytes, and a fast wrong answer is no answer.
    Only the probabilities are invented: bytes, cuts and candidates are the tokenizer's own.
"""

import codecs
import json
import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any, Literal

import bpe_openai
import orjson
from pydantic import BaseModel
from timing import calls

SEED = 20_260_731
Span = tuple[str, Any, int, int]  # of a leaf: pointer, value, first byte, the one behind
MASKED = -100.0  # what the API reports for a candidate its grammar forbids
MODEL = "gpt-4o-2024-08-06"


class Customer(BaseModel):
    """Who wrote the ticket."""

    name: str
    city: str
    language: Literal["en", "de", "ja", "pt"]


class Ticket(BaseModel):
    """One record: every kind of leaf a structured answer has."""

    id: int
    subject: str
    team: Literal["billing", "business", "shipping", "technical", "other"]
    urgent: bool
    refund: bool | None
    priority: Literal[1, 2, 3, 4, 5]
    amount: float
    note: str
    customer: Customer
    tags: list[Literal["angry", "anonymous", "invoice", "late", "vip"]]


class Inbox(BaseModel):
    """The whole answer: an object with a list of records."""

    source: str
    tickets: list[Ticket]


POOLS: dict[str, list[Any]] = {
    "source": ["mailbox"],
    "subject": [
        "Invoice charged twice",
        'The box says "fragile", it was not treated so',
        "Café order arrived cold",
        "Cannot log in since Monday\nPlease help",
        "Paket nicht angekommen, bitte prüfen",
    ],
    "team": ["billing", "business", "shipping", "technical", "other"],
    "urgent": [True, False],
    "refund": [True, False, None],
    "priority": [1, 2, 3, 4, 5],
    "note": ["", "called back", "waits for the carrier", "see the earlier ticket"],
    "name": ["Ana Souza", "Jörg Müller", "東京 太郎", "Mary O'Neill", "Zoë Martin"],
    "city": ["São Paulo", "Köln", "東京", "Leeds", "Malmö"],
    "language": ["en", "de", "ja", "pt"],
    "tags": ["angry", "anonymous", "invoice", "late", "vip"],
}
FREE_TEXT = {"source", "subject", "note", "name", "city"}
SPLIT = [" 🧾", " 🎉🎉", " 🪫"]  # o200k cuts these inside a character
FILLERS = [b" ", b"\n", b'"', b"null", b" true", b"0", b'",', b" and", b"-"]
COMMON = range(300, 20_000)  # tokens of o200k that stand for the rest of a long list


@dataclass(frozen=True)
class Leaf:
    """A scalar of the answer: byte span of its JSON text, and the sums that count as right."""

    pointer: str
    value: Any
    start: int
    stop: int
    touching: float  # every token that overlaps the JSON text, quotes included
    accepted: tuple[float, ...]  # the same with or without the quotes' shared tokens


@dataclass(frozen=True, eq=False)
class Response:
    """One completion: its body, and its answer's leaves."""

    size: int  # as asked for
    top: int
    split: bool
    count: int  # how many tokens
    raw: bytes  # the body as the API sends it
    leaves: list[Leaf]

    @property
    def name(self) -> str:
        """How results are told apart."""
        return f"{self.size:,} at {self.top}{' split' if self.split else ''}"

    @property
    def calls(self) -> int:
        """How many calls a sample has; with split characters only the answers matter."""
        return 1 if self.split else calls(self.count)

    def events(self) -> Iterator[bytes]:
        """The same answer as the API streams it: server-sent events, one token each."""
        for chunk in self._chunks():
            yield b"data: " + orjson.dumps(chunk) + b"\n\n"
        yield b"data: [DONE]\n\n"

    def _chunks(self) -> Iterator[dict[str, Any]]:
        yield _chunk({"role": "assistant", "content": ""}, [])
        decoder = codecs.getincrementaldecoder("utf-8")()
        for entry in orjson.loads(self.raw)["choices"][0]["logprobs"]["content"]:
            yield _chunk({"content": decoder.decode(bytes(entry["bytes"]))}, [entry])
        yield _chunk({}, None, finish_reason="stop")


def response(size: int, top: int = 5, *, split: bool = False, seed: int = 0) -> Response:
    """A completion of about `size` tokens, always the same one; `seed` gives another like it."""
    rng = random.Random(f"{SEED}/{size}/{split}/{seed}")
    spans, text = _answer(size, rng, split=split)
    pieces = [_bytes_of(token) for token in _encoding().encode(text)]
    entries = _entries(spans, pieces, top, rng)
    leaves = _leaves(spans, pieces, [entry["logprob"] for entry in entries])
    return Response(size, top, split, len(pieces), _body(text, entries, seed), leaves)


def _answer(size: int, rng: random.Random, *, split: bool) -> tuple[list[Span], str]:
    """An inbox of so many tokens as compact JSON, and where its leaves stand."""
    inbox: dict[str, Any] = {"source": "mailbox", "tickets": []}
    tokens = 0
    while tokens < size:
        record = _ticket(rng, split=split)
        inbox["tickets"].append(record)
        tokens += len(
            _encoding().encode(json.dumps(record, ensure_ascii=False, separators=(",", ":")))
        )
    Inbox.model_validate(inbox)
    written: list[str] = []
    spans = list(_write(inbox, "", written, [0]))
    return spans, "".join(written)


def _entries(
    spans: list[Span], pieces: list[bytes], top: int, rng: random.Random
) -> list[dict[str, Any]]:
    """The tokens as the API lists them."""
    starts = [span[2] for span in spans]
    entries: list[dict[str, Any]] = []
    offset = 0
    for piece in pieces:
        at = bisect_right(starts, offset) - 1
        inside = at >= 0 and offset < spans[at][3]
        rivals = _rivals(spans[at][0], spans[at][1], offset - starts[at], rng) if inside else []
        entries.append(_entry(piece, rivals, top, rng, inside=inside))
        offset += len(piece)
    return entries


def _body(text: str, entries: list[dict[str, Any]], seed: int) -> bytes:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": {"content": entries, "refusal": None},
        "finish_reason": "stop",
    }
    usage = {"prompt_tokens": 420, "completion_tokens": len(entries)}
    body = {
        **_head("chat.completion", seed),
        "choices": [choice],
        "usage": {**usage, "total_tokens": 420 + len(entries)},
    }
    return orjson.dumps(body, option=orjson.OPT_INDENT_2)


def _ticket(rng: random.Random, *, split: bool) -> dict[str, Any]:
    def pick(key: str) -> Any:
        return rng.choice(POOLS[key])

    return {
        "id": rng.randrange(1000, 99_999),
        "subject": pick("subject") + (rng.choice(SPLIT) if split else ""),
        "team": pick("team"),
        "urgent": pick("urgent"),
        "refund": pick("refund"),
        "priority": pick("priority"),
        "amount": rng.randrange(-5_000, 90_000) / 100,
        "note": pick("note"),
        "customer": {key: pick(key) for key in ("name", "city", "language")},
        "tags": rng.sample(POOLS["tags"], rng.randrange(4)),
    }


def _write(value: Any, pointer: str, out: list[str], at: list[int]) -> Iterator[Span]:
    """Write compact JSON to `out`; yield every scalar's pointer, value and byte span."""

    def put(text: str) -> None:
        out.append(text)
        at[0] += len(text.encode())

    if not isinstance(value, dict | list):
        start = at[0]
        put(json.dumps(value, ensure_ascii=False))
        yield pointer, value, start, at[0]
        return
    keyed = isinstance(value, dict)
    put("{" if keyed else "[")
    for index, (key, item) in enumerate(value.items() if keyed else enumerate(value)):
        put("," if index else "")
        put(json.dumps(key) + ":" if keyed else "")
        yield from _write(item, f"{pointer}/{key}", out, at)
    put("}" if keyed else "]")


def _rivals(pointer: str, value: Any, skip: int, rng: random.Random) -> list[tuple[bytes, bool]]:
    """What else could stand `skip` bytes into the value: first tokens of the other values."""
    parts = [part for part in pointer.split("/") if not part.isdigit()]
    written = json.dumps(value, ensure_ascii=False).encode()
    key = parts[-1]
    others = POOLS.get(key) or [
        rng.randrange(10, 9_999) if key == "id" else rng.randrange(999) / 4 for _ in range(6)
    ]
    found = []
    for other in others:
        text = json.dumps(other, ensure_ascii=False).encode()
        if other != value and text[:skip] == written[:skip] and len(text) > skip:
            found.append((_first_token(text[skip:] + b","), True))
    alive = key in FREE_TEXT
    return found + [(filler, alive or filler in b" \n") for filler in rng.sample(FILLERS, 5)]


def _entry(
    piece: bytes, rivals: list[tuple[bytes, bool]], top: int, rng: random.Random, *, inside: bool
) -> dict[str, Any]:
    sure = not inside or rng.random() < 0.6
    probability = 1 - 10 ** -rng.uniform(3.5, 7) if sure else rng.uniform(0.45, 0.999)
    left = (1 - probability) * 0.98  # the rest of the vocabulary keeps the remainder
    ranked = {piece: math.log(probability)}
    for candidate, alive in [*rivals, *_fill(top, rng)] if top else ():
        if len(ranked) == top:
            break
        if candidate in ranked:
            continue
        ranked[candidate] = math.log(left * 0.7) if alive else MASKED
        left *= 0.3 if alive else 1
    listed = sorted(ranked.items(), key=lambda pair: -pair[1]) if top else ()
    return {
        **_candidate(piece, ranked[piece]),
        "top_logprobs": [_candidate(candidate, logprob) for candidate, logprob in listed],
    }


def _fill(top: int, rng: random.Random) -> Iterator[tuple[bytes, bool]]:
    """What else is listed: white space, then what a grammar forbids, as long as wanted."""
    yield from ((filler, filler in b" \n") for filler in FILLERS)
    yield from ((_bytes_of(token), False) for token in rng.sample(COMMON, top))


def _candidate(piece: bytes, logprob: float) -> dict[str, Any]:
    """A token as the API writes it: a cut character is shown as literal escapes."""
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        text = "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in piece)
    return {"token": text, "logprob": round(logprob, 10), "bytes": list(piece)}


def _leaves(spans: list[Span], pieces: list[bytes], logprobs: list[float]) -> list[Leaf]:
    stops = list(accumulate(map(len, pieces)))
    starts = [0, *stops[:-1]]

    def touched(start: int, stop: int) -> tuple[int, int]:
        return bisect_right(stops, start), bisect_left(starts, stop)

    leaves = []
    for pointer, value, start, stop in spans:
        first, last = touched(start, stop)
        inner = touched(start + 1, stop - 1) if isinstance(value, str) and value else (first, last)
        ranges = {(a, b) for a in range(first, inner[0] + 1) for b in range(inner[1], last + 1)}
        sums = tuple(math.fsum(logprobs[a:b]) for a, b in sorted(ranges))
        leaves.append(Leaf(pointer, value, start, stop, math.fsum(logprobs[first:last]), sums))
    return leaves


def _head(kind: str, seed: int = 0) -> dict[str, Any]:
    return {"id": f"chatcmpl-{seed}", "object": kind, "created": 1_767_225_600, "model": MODEL}


def _chunk(
    delta: dict[str, Any], entries: list[Any] | None, finish_reason: str | None = None
) -> dict[str, Any]:
    logprobs = None if entries is None else {"content": entries, "refusal": None}
    choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
    return {**_head("chat.completion.chunk"), "choices": [choice]}


@lru_cache(maxsize=1)
def _encoding() -> bpe_openai.Encoding:
    return bpe_openai.get_encoding("o200k_base")


@cache
def _bytes_of(token: int) -> bytes:
    return _encoding().decode_single_token_bytes(token)


@lru_cache(maxsize=4096)
def _first_token(text: bytes) -> bytes:
    try:
        return _bytes_of(_encoding().encode(text.decode())[0])
    except UnicodeDecodeError:  # the cut went through a character
        return text[:1]

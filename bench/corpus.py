"""Made-up OpenAI chat completions with true o200k tokens, and what a right answer about them is.

In: a number of tokens, and whether characters may be split over tokens.
Out: a `Response`: the body's bytes as the API sends them (indented by two), the same as stream
    chunks, and for every leaf of the answer the logprob sums that count as right.
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
from functools import cache, cached_property, lru_cache
from itertools import accumulate
from typing import Any, Literal

import bpe_openai
from pydantic import BaseModel
from timing import calls

SEED = 20_260_731
MASKED = -100.0  # what the API reports for a candidate its grammar forbids
TOP = 5
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


@dataclass(frozen=True)
class Leaf:
    """A scalar of the answer: byte span of its JSON text, and the sums that count as right."""

    pointer: str
    value: Any
    start: int
    stop: int
    touching: float  # every token that overlaps the JSON text, quotes included
    accepted: tuple[float, ...]  # the same with or without the quotes' shared tokens


@dataclass(frozen=True)
class Response:
    """One completion: its tokens as the API lists them, and its answer's leaves."""

    size: int  # as asked for
    split: bool
    entries: list[dict[str, Any]]
    leaves: list[Leaf]
    text: str

    @property
    def name(self) -> str:
        """How results are told apart."""
        return f"{self.size:,}{' split' if self.split else ''}"

    @property
    def count(self) -> int:
        """How many tokens."""
        return len(self.entries)

    @property
    def calls(self) -> int:
        """How many calls a sample has; with split characters only the answers matter."""
        return 1 if self.split else calls(self.count)

    @cached_property
    def raw(self) -> bytes:
        """The body as the API sends it."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": self.text, "refusal": None},
            "logprobs": {"content": self.entries, "refusal": None},
            "finish_reason": "stop",
        }
        usage = {"prompt_tokens": 420, "completion_tokens": self.count}
        body = {
            **_head("chat.completion"),
            "choices": [choice],
            "usage": {**usage, "total_tokens": 420 + self.count},
        }
        return json.dumps(body, ensure_ascii=False, indent=2).encode()

    def chunks(self) -> Iterator[dict[str, Any]]:
        """The same answer as the API streams it: one token a chunk."""
        yield _chunk({"role": "assistant", "content": ""}, [])
        decoder = codecs.getincrementaldecoder("utf-8")()
        for entry in self.entries:
            yield _chunk({"content": decoder.decode(bytes(entry["bytes"]))}, [entry])
        yield _chunk({}, None, finish_reason="stop")


def response(size: int, *, split: bool = False) -> Response:
    """A completion of about `size` tokens, always the same one."""
    rng = random.Random(f"{SEED}/{size}/{split}")
    inbox: dict[str, Any] = {"source": "mailbox", "tickets": []}
    tokens = 0
    while tokens < size:
        record = _ticket(rng, split=split)
        inbox["tickets"].append(record)
        tokens += len(
            _encoding().encode(json.dumps(record, ensure_ascii=False, separators=(",", ":")))
        )
    Inbox.model_validate(inbox)
    pieces: list[str] = []
    spans = list(_write(inbox, "", pieces, [0]))
    text = "".join(pieces)
    pointers = [span[0] for span in spans]
    starts = [span[2] for span in spans]
    tokens_bytes = [_bytes_of(token) for token in _encoding().encode(text)]
    entries: list[dict[str, Any]] = []
    offset = 0
    for piece in tokens_bytes:
        at = bisect_right(starts, offset) - 1
        inside = at >= 0 and offset < spans[at][3]
        alternatives = (
            _alternatives(pointers[at], spans[at][1], offset - starts[at], rng) if inside else []
        )
        entries.append(_entry(piece, alternatives, rng, inside=inside))
        offset += len(piece)
    leaves = _leaves(spans, tokens_bytes, [entry["logprob"] for entry in entries])
    return Response(size, split, entries, leaves, text)


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


def _write(
    value: Any, pointer: str, out: list[str], at: list[int]
) -> Iterator[tuple[str, Any, int, int]]:
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


def _alternatives(
    pointer: str, value: Any, skip: int, rng: random.Random
) -> list[tuple[bytes, bool]]:
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
    piece: bytes, alternatives: list[tuple[bytes, bool]], rng: random.Random, *, inside: bool
) -> dict[str, Any]:
    sure = not inside or rng.random() < 0.6
    probability = 1 - 10 ** -rng.uniform(3.5, 7) if sure else rng.uniform(0.45, 0.999)
    left = (1 - probability) * 0.98  # the rest of the vocabulary keeps the remainder
    ranked: list[tuple[bytes, float]] = [(piece, math.log(probability))]
    fill = [(filler, filler in b" \n") for filler in FILLERS]
    for candidate, alive in [*alternatives, *fill]:
        if len(ranked) == TOP:
            break
        if candidate in dict(ranked):
            continue
        if alive:
            ranked.append((candidate, math.log(left * 0.7)))
            left *= 0.3
        else:
            ranked.append((candidate, MASKED))
    ranked.sort(key=lambda pair: -pair[1])
    top = [_candidate(candidate, logprob) for candidate, logprob in ranked]
    return {**_candidate(piece, dict(ranked)[piece]), "top_logprobs": top}


def _candidate(piece: bytes, logprob: float) -> dict[str, Any]:
    """A token as the API writes it: a cut character is shown as literal escapes."""
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        text = "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in piece)
    return {"token": text, "logprob": round(logprob, 10), "bytes": list(piece)}


def _leaves(
    spans: list[tuple[str, Any, int, int]], pieces: list[bytes], logprobs: list[float]
) -> list[Leaf]:
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


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-bench", "object": kind, "created": 1_767_225_600, "model": MODEL}


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

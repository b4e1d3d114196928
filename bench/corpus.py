"""Made-up OpenAI chat completions with true o200k tokens, and what a right answer about them is.

In: a kind of answer (`KINDS`), a seed, how many candidates a token lists; for growth, a size.
Out: a `Response`: the body's bytes as the API sends them (indented by two), the same as events of a
    stream, and for every leaf of the answer the logprob sums that count as right.
Never: the network, a clock, a random number outside the fixed seed; two bodies of a kind that are
    alike in values, cuts or candidates: whoever keeps what it saw gets what real traffic gives it.
Why: peers and fieldconf must be timed on the same bytes, and a fast wrong answer is no answer.
    Only the probabilities are invented: bytes and cuts are the tokenizer's own, and rivals are what
    a model would weigh: other members, digits, words, keys, marks; their masses sum to less than 1.
"""

import codecs
import json
import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any, Literal, NamedTuple

import bpe_openai
import orjson
from pydantic import BaseModel

SEED = 20_260_731
MASKED = -100.0  # what the API reports for a candidate its grammar forbids
MODEL = "gpt-4o-2024-08-06"
MOST = 20  # candidates; with fewer the likeliest of these are listed
Dice = random.Random
Span = tuple[str, Any, int, int]  # of a leaf: pointer, value, first byte, the one behind


# -- kinds of answers -----------------------------------------------------------------------------


class Line(BaseModel):
    """One line of an invoice."""

    description: str
    quantity: int
    price: float


class Invoice(BaseModel):
    """What is extracted most: strings, dates, numbers, an enum, what may be null, a list."""

    number: str
    date: str
    due: str | None
    supplier: str
    city: str
    currency: Literal["EUR", "USD", "GBP", "CHF"]
    status: Literal["open", "paid", "overdue", "cancelled"]
    lines: list[Line]
    tax: float
    total: float
    reverse_charge: bool
    note: str | None


class Dense(BaseModel):
    """Many short keys of few values, some of which may be left out."""

    urgent: bool
    spam: bool
    team: Literal["billing", "business", "shipping", "technical", "other"]
    priority: Literal[1, 2, 3, 4, 5]
    mood: Literal["angry", "anxious", "calm", "happy"]
    lang: Literal["en", "de", "ja", "pt"]
    pii: bool
    legal: bool
    score: int
    age: int
    refund: bool = False
    vip: bool = False
    churn: Literal["low", "medium", "high"] = "low"
    stars: Literal[1, 2, 3, 4, 5] = 3
    channel: Literal["mail", "chat", "phone"] = "mail"
    retry: int = 0


class Text(BaseModel):
    """A summary of many words."""

    title: str
    summary: str
    language: Literal["en", "de", "ja", "pt"]


class Flag(BaseModel):
    """One boolean."""

    urgent: bool


class Inbox(BaseModel):
    """As long as one likes."""

    invoices: list[Invoice]


NAMES = ("Ana Souza", "Jörg Müller", "東京 太郎", "Mary O'Neill", "Zoë Martin", "Acme", "Nordwind",
         "Blue Harbor", "Kaito", "Lindström", "Okafor", "Vega & Sons", "Petit")  # fmt: skip
CITIES = ("São Paulo", "Köln", "東京", "Leeds", "Malmö", "Porto", "Graz", "Lyon", "Osaka", "Bergen")
WORDS = (
    "the", "a", "of", "to", "and", "in", "that", "with", "for", "on", "from", "was", "were",
    "has", "had", "by", "at", "an", "its", "this", "which", "order", "customer", "invoice",
    "delivery", "payment", "week", "month", "report", "team", "answer", "question", "refund",
    "carrier", "parcel", "address", "account", "contract", "price", "service", "agreed", "asked",
    "sent", "found", "moved", "closed", "opened", "expects", "waits", "says", "late", "early",
    "twice", "again", "soon", "only", "also", "still", "new", "small", "blue", "broken",
    "careful", "quiet", "next", "last",
)  # fmt: skip
THINGS = ("hinge", "lamp", "oak table", "steel bolt", "printer toner", "blue paint", "copper wire",
          "desk", "filter", "cable 3 m", "battery", "hosting", "support", "licence")  # fmt: skip


def _date(dice: Dice) -> str:
    return f"20{dice.randint(19, 26)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}"


def _sentence(dice: Dice, words: int) -> str:
    text = " ".join(dice.choice(WORDS) for _ in range(words))
    return f"{text[0].upper()}{text[1:]}{dice.choice('..,!?')}"


def _invoice(dice: Dice) -> dict[str, Any]:
    lines = [
        {
            "description": f"{dice.choice(THINGS)} {dice.choice('ABCDEF')}{dice.randint(1, 99)}",
            "quantity": dice.randint(1, 40), "price": dice.randrange(100, 90_000) / 100,
        }
        for _ in range(dice.randint(4, 6))
    ]  # fmt: skip
    return {
        "number": f"INV-{dice.randint(2019, 2026)}-{dice.randint(1, 9999):04d}",
        "date": _date(dice), "due": dice.choice([None, _date(dice), _date(dice)]),
        "supplier": f"{dice.choice(NAMES)} {dice.choice(['GmbH', 'Ltd', 'SA', 'Inc.'])}",
        "city": dice.choice(CITIES), "currency": dice.choice(["EUR", "USD", "GBP", "CHF"]),
        "status": dice.choice(["open", "paid", "overdue", "cancelled"]), "lines": lines,
        "tax": dice.choice([0.0, 7.0, 19.0, 20.0, 8.1]),
        "total": dice.randrange(1_000, 900_000) / 100, "reverse_charge": dice.random() < 0.3,
        "note": dice.choice([None, _sentence(dice, 6)]),
    }  # fmt: skip


def _dense(dice: Dice) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    needed = Dense.model_json_schema()["required"]
    for key, declared in Dense.model_json_schema()["properties"].items():
        members = declared.get("enum") or {"boolean": [True, False]}.get(declared["type"])
        if key in needed or dice.random() < 0.6:
            whole[key] = dice.choice(members) if members else dice.randint(0, 99)
    return whole


def _text(dice: Dice) -> dict[str, Any]:
    summary = " ".join(_sentence(dice, dice.randint(8, 16)) for _ in range(14))
    language = dice.choice(["en", "de", "ja", "pt"])
    return {"title": _sentence(dice, 5), "summary": summary, "language": language}


def _flag(dice: Dice) -> dict[str, Any]:
    return {"urgent": dice.random() < 0.5}


class Kind(NamedTuple):
    """A kind of answer: its model, what draws one, and what it is called."""

    model: type[BaseModel]
    draw: Callable[[Dice], dict[str, Any]]
    title: str


KINDS = {
    "invoice": Kind(Invoice, _invoice, "an invoice"),
    "dense": Kind(Dense, _dense, "a dense object"),
    "text": Kind(Text, _text, "a long text"),
    "boolean": Kind(Flag, _flag, "one boolean"),
}


# -- responses ------------------------------------------------------------------------------------


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

    model: type[BaseModel]
    top: int
    count: int  # how many tokens
    raw: bytes  # the body as the API sends it
    leaves: list[Leaf]

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


def responses(kind: str, seed: int, tops: tuple[int, ...]) -> list[Response]:
    """The completion of a kind and a seed, always the same, with so many candidates each."""
    dice = random.Random(f"{SEED}/{kind}/{seed}")
    known = KINDS[kind]
    return _responses(known.model, known.draw(dice), known.draw, dice, seed, tops)


def large(size: int, seed: int = 0, top: int = 5) -> Response:
    """A long one of about so many tokens, to see how time and memory grow."""
    dice = random.Random(f"{SEED}/{size}/{seed}")
    made: list[Any] = []
    tokens = 0
    while tokens < size:
        made.append(_invoice(dice))
        tokens += len(_encoding().encode(_compact(made[-1])))
    return _responses(Inbox, {"invoices": made}, _invoice, dice, seed, (top,))[0]


def _responses(
    model: type[BaseModel], answer: Any, draw: Callable[[Dice], Any], dice: Dice, seed: int,
    tops: tuple[int, ...],
) -> list[Response]:  # fmt: skip
    model.model_validate(answer)
    written: list[str] = []
    spans = list(_write(answer, "", written, [0]))
    text = "".join(written)
    pieces = [_bytes_of(token) for token in _encoding().encode(text)]
    keys = list(Dense.model_fields) if model is Dense else []
    entries = _entries(spans, pieces, _others(draw, dice), keys, dice, max(tops))
    leaves = _leaves(spans, pieces, [entry["logprob"] for entry in entries])
    return [
        Response(model, top, len(pieces), _body(text, entries, top, seed), leaves) for top in tops
    ]


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _others(draw: Callable[[Dice], Any], dice: Dice) -> dict[str, list[bytes]]:
    """What other answers have at each key."""
    found: dict[str, list[bytes]] = {}
    for _ in range(5):
        for pointer, value, *_ in _write(draw(dice), "", [], [0]):
            found.setdefault(_key(pointer), []).append(_compact(value).encode())
    return found


def _key(pointer: str) -> str:
    return [step for step in pointer.split("/") if not step.isdigit()][-1]


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


# -- tokens and candidates ------------------------------------------------------------------------

MARKS = [b'",', b'"', b",", b'"}', b"}", b'."', b".", b" ", b"\n", b"]", b"}}", b'","', b"null"]
COMMON = range(300, 20_000)  # tokens of o200k that stand for the rest of a long list


def _entries(
    spans: list[Span], pieces: list[bytes], others: dict[str, list[bytes]], keys: list[str],
    dice: Dice, top: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """The tokens as the API lists them; half of the bodies are of a server that masks."""
    starts, masks = [span[2] for span in spans], dice.random() < 0.5
    entries: list[dict[str, Any]] = []
    offset = 0
    for piece in pieces:
        at = bisect_right(starts, offset + len(piece) - 1) - 1
        inside = at >= 0 and offset < spans[at][3]
        rivals = _rivals(spans[at], offset, piece, others, dice) if inside else []
        if keys and not inside and piece.isalpha():
            rivals = [_first_token(key.encode()) for key in dice.sample(keys, 3)]
        entries.append(_entry(piece, rivals, top, dice, unsure=bool(rivals), masks=masks))
        offset += len(piece)
    return entries


def _rivals(
    span: Span, offset: int, piece: bytes, others: dict[str, list[bytes]], dice: Dice
) -> list[bytes]:
    """What else a model would weigh there: how other values go on, other digits and words."""
    pointer, value, start, _ = span
    written = _compact(value).encode()
    head, skip = (b'"' * piece.startswith(b'"'), 0) if offset < start else (b"", offset - start)
    found = [
        head + _first_token(other[skip:] + b",") for other in others.get(_key(pointer), [])
        if other[:skip] == written[:skip] and other != written and len(other) > skip
    ]  # fmt: skip
    if piece.isdigit():
        found += [str(dice.randrange(10 ** len(piece))).zfill(len(piece)).encode() for _ in "abc"]
    elif isinstance(value, str) and piece.strip().isalpha():
        blank = b" " * piece.startswith(b" ")
        found += [blank + dice.choice(WORDS).encode() for _ in "abcd"]
    return found


def _entry(
    piece: bytes, rivals: list[bytes], top: int, dice: Dice, *, unsure: bool, masks: bool
) -> dict[str, Any]:
    sure = not unsure or dice.random() < 0.6
    chance = 1 - 10 ** -dice.uniform(3.5, 7) if sure else dice.uniform(0.25, 0.999)
    left = (1 - chance) * 0.98  # the rest of the vocabulary keeps the remainder
    ranked = {piece: math.log(chance)}
    fill = [*dice.sample(MARKS, 6), *(_bytes_of(token) for token in dice.sample(COMMON, top))]
    for place, rival in enumerate([*rivals, *fill] if top else []):
        if len(ranked) == top:
            break
        if rival not in ranked:
            is_masked = masks and place >= len(rivals)
            part = left * dice.uniform(0.4, 0.9)
            ranked[rival] = MASKED if is_masked else math.log(part)
            left -= 0 if is_masked else part
    listed = sorted(ranked.items(), key=lambda pair: -pair[1]) if top else []
    return {
        **_candidate(piece, ranked[piece]),
        "top_logprobs": [_candidate(rival, logprob) for rival, logprob in listed],
    }


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


def _body(text: str, listed: list[dict[str, Any]], top: int, seed: int) -> bytes:
    entries = [{**entry, "top_logprobs": entry["top_logprobs"][:top]} for entry in listed]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": {"content": entries, "refusal": None},
        "finish_reason": "stop",
    }
    count = len(entries)
    usage = {"prompt_tokens": 420, "completion_tokens": count, "total_tokens": 420 + count}
    body = {**_head("chat.completion", seed), "choices": [choice], "usage": usage}
    return orjson.dumps(body, option=orjson.OPT_INDENT_2)


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

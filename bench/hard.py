"""Hard answers: random schemas, values, cuts and candidates, and what servers do to all of them.

In:    a number.
Out:   a `Hard`: a payload of Chat Completions, legacy completions or Responses, its schema, and a
       vocabulary for a fake probe; always the same of one number.
Never: fieldconf, which is measured with these; a candidate list that cannot be (its masses sum to
       at most 1, sorted, the token chosen among them or below all).
Why:   what a rewrite breaks stands in corners: quotes that share a token, members that begin alike,
       keys that may be left out, numbers that go on, lists that a server cut.
"""

import codecs
import json
import math
import random
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import bpe_openai

Dice = random.Random
Json = dict[str, Any]
Path = tuple[str | int, ...]


class Node(NamedTuple):
    """A part of a schema, and what draws its values."""

    schema: Json
    draw: Callable[[Dice], Any]


class Hard(NamedTuple):
    """An answer as a server sends it."""

    payload: Any
    schema: Any
    text: str
    pieces: list[bytes]
    entries: list[Json]

    @property
    def vocabulary(self) -> set[bytes]:
        """All tokens in it, and each single byte of ASCII."""
        rows = [row for entry in self.entries for row in (entry, *entry["top_logprobs"])]
        named = {bytes(row.get("bytes") or row["token"].encode()) for row in rows}
        return {*self.pieces, *named, *(bytes([byte]) for byte in range(32, 127))} - {b""}


# -- schemas and values ---------------------------------------------------------------------------

KEYS = ("a", "ab", "name", "names", "née", "a/b", 'say "hi"', "urgent", "items", "0", "", "kind~")
WORDS = ("billing", "bill", "Bill", "sales", "日本", "Straße", 'a "b"', "", "n/a", "null", "true",
         "line\nbreak", "🎉 party", "C:\\temp", "1", "-",
         "an order of two blue lamps", "no", "not")  # fmt: skip
PATTERNS = {r"^[A-Z]{2}-[0-9]{3}$": ("AB-123", "XY-900"), r"^(low|lower|high)$": ("low", "lower"),
            r"^\d{4}-\d{2}$": ("2026-11", "1999-01"), r"[0-9]+": ("a1", "22", "no 7")}  # fmt: skip
FORMATS = {"date": ("2026-11-22", "2025-01-02"), "email": ("a@b.org", "anna@example.com"),
           "uuid": ("123e4567-e89b-42d3-a456-426614174000",),
           "date-time": ("2026-11-22T10:30:00Z",)}  # fmt: skip


def _of(schema: Json, values: Any) -> Node:
    return Node(schema, lambda dice: dice.choice(values))


def _long(dice: Dice) -> str:
    return " ".join(dice.choice(WORDS[:8]) for _ in range(dice.choice([3, 20, 45])))


def _leaf(dice: Dice) -> Node:  # noqa: C901, PLR0911  # a kind each
    words = dice.sample(WORDS, dice.randint(2, 6))
    low = dice.choice([-5, 0, 1, 10])
    high = low + dice.choice([1, 4, 9, 120, 5000])
    pattern, form = dice.choice([*PATTERNS]), dice.choice([*FORMATS])
    made = dice.randrange(14)
    if made < 2:
        return _of({"type": "boolean"}, [True, False])
    if made < 4:
        return _of({"type": "string", "enum": words}, words)
    if made == 4:
        members = [1, "1", None, True, 1.5, "x", 10]
        return _of({"enum": members}, members)
    if made == 5:
        return _of({"const": words[0]}, [words[0]])
    if made == 6:
        schema = {
            "type": "integer",
            "minimum": low,
            dice.choice(["maximum", "exclusiveMaximum"]): high,
        }
        return Node(schema, lambda d: d.randint(low, high - 1))
    if made == 7:
        return Node({"type": "integer"}, lambda d: d.choice([0, -1, 7, 42, 123456, 10**20]))
    if made == 8:
        schema = {"type": "number", "minimum": low, "multipleOf": 0.5}
        return Node(schema, lambda d: low + d.randrange(40) / 2)
    if made == 9:
        return Node({"type": "number"}, lambda d: d.choice([0, 1.0, 3.25, -0.001, 1e21, 49.9, 100]))
    if made == 10:
        return _of({"type": "string", "pattern": pattern}, PATTERNS[pattern])
    if made == 11:
        return _of({"type": "string", "format": form}, FORMATS[form])
    if made == 12:
        return Node({"type": "string", "minLength": 1, "maxLength": 30}, lambda d: d.choice(WORDS))
    return Node({"type": "string"}, lambda d: _long(d) if d.random() < 0.4 else d.choice(WORDS))


def _node(dice: Dice, depth: int) -> Node:
    made = dice.random()
    if depth <= 0 or made < 0.6:
        node = _leaf(dice)
    elif made < 0.75:
        node = _object(dice, depth)
    elif made < 0.9:
        node = _list(dice, depth)
    else:
        node = _union(dice, depth)
    if dice.random() < 0.2:
        inner = node
        schema = {"anyOf": [inner.schema, {"type": "null"}]}
        return Node(schema, lambda d: None if d.random() < 0.4 else inner.draw(d))
    return node


def _object(dice: Dice, depth: int, first: Json | None = None) -> Node:
    names = dice.sample(KEYS, dice.randint(1, 6))
    nodes = {name: _node(dice, depth - 1) for name in names}
    if first is not None:
        nodes = {"type": Node(first, lambda _: first["const"])} | nodes
    needed = [name for name in nodes if name == "type" or dice.random() < 0.6]
    schema: Json = {"type": "object", "properties": {n: one.schema for n, one in nodes.items()}}
    schema |= {"required": needed} if needed or dice.random() < 0.5 else {}
    schema |= dice.choice([{"additionalProperties": False}, {}, {"title": "Part"}])

    def draw(d: Dice) -> Json:
        kept = [n for n in nodes if n in needed or d.random() < 0.6]
        if d.random() < 0.1:
            d.shuffle(kept)
        return {n: nodes[n].draw(d) for n in kept}

    return Node(schema, draw)


def _list(dice: Dice, depth: int) -> Node:
    item = _node(dice, depth - 1)
    least = dice.choice([0, 0, 1, 2])
    schema: Json = {"type": "array", "items": item.schema, "minItems": least}
    most = least + dice.randint(0, 3)
    schema |= {"maxItems": most} if dice.random() < 0.4 else {}
    return Node(schema, lambda d: [item.draw(d) for _ in range(d.randint(least, most))])


def _union(dice: Dice, depth: int) -> Node:
    if dice.random() < 0.5:
        arms = [_object(dice, depth - 1, {"const": name}) for name in ("card", "cash", "car")]
    else:
        arms = [_leaf(dice), _object(dice, depth - 1), _list(dice, depth - 1)]
    schema = {dice.choice(["anyOf", "oneOf"]): [arm.schema for arm in arms]}
    return Node(schema, lambda d: d.choice(arms).draw(d))


# -- texts ----------------------------------------------------------------------------------------


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, dict | list) and item:
            yield from _leaves(item, (*path, key))
        else:
            yield (*path, key), item


class Writer:
    """Writes JSON in one layout, and notes where each scalar and each key stands."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.comma, self.colon, self.indent = dice.choice(
            [(",", ":", 0), (",", ":", 0), (", ", ": ", 0), (",", ": ", 2)]
        )
        self.ascii = dice.random() < 0.15
        self.odd = dice.random() < 0.1  # spellings that few use
        self.out: list[str] = []
        self.at = 0
        self.spans: list[tuple[int, int, Path, str]] = []  # "value" or "key"

    def put(self, text: str) -> None:
        """Write a text."""
        self.out.append(text)
        self.at += len(text.encode())

    def scalar(self, value: Any) -> str:
        """Its text."""
        if self.odd and isinstance(value, str) and value and self.dice.random() < 0.5:
            return (
                f'"\\u{ord(value[0]):04x}{json.dumps(value[1:])[1:]}'
                if ord(value[0]) < 0xFFFF
                else json.dumps(value)
            )
        if self.odd and type(value) is int and abs(value) < 1e6 and self.dice.random() < 0.5:
            return f"{value}.0"
        return json.dumps(value, ensure_ascii=self.ascii)

    def write(self, value: Any, path: Path = ()) -> None:
        """A value at a path."""
        if not isinstance(value, dict | list) or not value:
            start = self.at
            self.put(self.scalar(value))
            self.spans.append((start, self.at, path, "value"))
            return
        is_object = isinstance(value, dict)
        self.put("{" if is_object else "[")
        for number, (key, item) in enumerate(value.items() if is_object else enumerate(value)):
            self.put(self.comma if number else "")
            self.line(len(path) + 1)
            if is_object:
                start = self.at
                self.put(self.scalar(key))
                self.spans.append((start, self.at, path, "key"))
                self.put(self.colon)
            self.write(item, (*path, key))
        self.line(len(path))
        self.put("}" if is_object else "]")

    def line(self, depth: int) -> None:
        """Begin a new line, where there are lines."""
        if self.indent:
            self.put("\n" + " " * self.indent * depth)


# -- tokens ---------------------------------------------------------------------------------------

MARKS = [b"}", b",", b'"', b"]", b" ", b"\n", b"{", b"null", b"true", b"false", b"0", b"1", b"-",
         b'",', b'"}', b"}}", b"[", b'":', b".", b"5", b"e", b"\\",
         b"Sure", b"```", b"", b"\xf0\x9f", b"]}", b',"',
         b"00", b".0", b"a", b"bill", b'"bill', b'""',
         b" null", b"nu", b"t"]  # fmt: skip
_ENCODING = bpe_openai.get_encoding("o200k_base")


def cut(data: bytes, dice: Dice) -> list[bytes]:
    """A text as tokens."""
    how = dice.choice(["bpe", "bpe", "bpe", "characters", "random", "random", "bytes"])
    if how == "bpe" or (how == "bytes" and len(data) > 300):
        ids = _ENCODING.encode(data.decode())
        return [_ENCODING.decode_single_token_bytes(one) for one in ids]
    if how == "bytes":
        return [bytes([byte]) for byte in data]
    places = [at for at in range(1, len(data)) if how == "random" or data[at] & 0xC0 != 0x80]
    few = sorted(dice.sample(places, len(places) * dice.randint(1, 10) // 10))
    return [data[a:b] for a, b in pairwise([0, *few, len(data)])]


def _others(node: Node, dice: Dice, writer: Writer) -> dict[Path, list[bytes]]:
    """What other answers have at each path; indexes count as one."""
    found: dict[Path, list[bytes]] = {}
    for _ in range(6):
        value = node.draw(dice)
        pairs = _leaves(value) if isinstance(value, dict | list) else [((), value)]
        for path, one in pairs:
            found.setdefault(_plain(path), []).append(writer.scalar(one).encode())
    return found


def _plain(path: Path) -> Path:
    return tuple(0 if isinstance(step, int) else step for step in path)


def _beginning(text: bytes, dice: Dice) -> bytes:
    """What a token of it could be: all of it, more than that, or a part."""
    how = dice.randrange(4)
    if how == 0:
        return text
    if how == 1:
        return text + dice.choice([b",", b"}", b',"', b"]", b"\n"])
    return text[: dice.randint(1, max(1, min(len(text), 6)))]


class Lister:
    """Makes the entries of an answer's tokens."""

    def __init__(self, dice: Dice, others: dict[Path, list[bytes]], data: bytes, writer: Writer):
        self.dice, self.others, self.data, self.spans = dice, others, data, writer.spans
        self.top = dice.choice([0, 1, 5, 5, 20])
        self.masks = dice.random() < 0.25
        self.sureness = dice.choice([0.2, 0.6, 0.95])
        self.keys = [json.dumps(key).encode() for key in KEYS]

    def rivals(self, offset: int, piece: bytes) -> list[bytes]:
        """What else could stand there, the more plausible first."""
        found: list[bytes] = []
        for start, stop, path, what in self.spans:
            if start >= offset + len(piece) or stop <= offset:
                continue
            written = self.data[start:stop]
            known = self.keys if what == "key" else self.others.get(_plain(path), [])
            head, skip = self.data[offset:start] if start > offset else b"", max(0, offset - start)
            found += [
                _beginning(head + other[skip:], self.dice) for other in known
                if other[:skip] == written[:skip] and len(other) > skip
            ]  # fmt: skip
        self.dice.shuffle(found)
        marks = self.dice.sample(MARKS, min(len(MARKS), self.top + 3))
        more = [
            piece[:1],
            piece + b"s",
            piece + b"0",
            piece.strip() or b"x",
            b" " + piece,
            piece[:-1],
        ]
        self.dice.shuffle(more)
        mixed = [*found, *more[:2], *marks]
        return [one for one in dict.fromkeys(mixed) if one != piece]

    def entry(self, offset: int, piece: bytes) -> Json:
        """One token as a server lists it."""
        dice = self.dice
        sure = dice.random() < self.sureness
        chance = 1 - 10 ** -dice.uniform(2, 7) if sure else dice.uniform(0.02, 0.97)
        left = (1 - chance) * dice.uniform(0.6, 1.0)
        rows = [(piece, math.log(chance))]
        for rival in self.rivals(offset, piece)[: self.top + 1]:
            part = left * (dice.choice([0.5, 0.5, 0.9, 0.1]))
            masked = self.masks and dice.random() < 0.4
            if part > 1e-12:
                rows.append((rival, -100.0 if masked else math.log(part)))
                left -= 0 if masked else part
        listed = sorted(rows, key=lambda row: -row[1])[: self.top]
        top = [_named(*row) for row in listed]
        return {**_named(*rows[0]), "top_logprobs": top}


def _named(piece: bytes, logprob: float) -> Json:
    return {"token": piece.decode("utf-8", "replace"), "bytes": list(piece), "logprob": logprob}


# -- what servers do ------------------------------------------------------------------------------


def hard(number: int) -> Hard:
    """The answer of this number."""
    dice = random.Random(f"hard/{number}")
    node = _object(dice, 3) if dice.random() < 0.75 else _node(dice, 2)
    schema: Any = node.schema
    writer = Writer(dice)
    writer.write(node.draw(dice))
    text = "".join(writer.out)
    text, schema, shift = _around(text, schema, dice)
    writer.spans = [(a + shift, b + shift, path, what) for a, b, path, what in writer.spans]
    data = text.encode()
    lister = Lister(dice, _others(node, dice, writer), data, writer)
    pieces = cut(data, dice)
    starts = [0, *accumulate(map(len, pieces))]
    entries = [lister.entry(at, piece) for at, piece in zip(starts, pieces, strict=False)]
    payload = _twisted(text, pieces, entries, dice)
    return Hard(payload, schema, text, pieces, entries)


def _around(text: str, schema: Any, dice: Dice) -> tuple[str, Any, int]:
    """What a model writes around its answer, and what else happens to a question."""
    how = dice.randrange(24)
    before, behind = "", ""
    if how == 0:
        before, behind = "```json\n", "\n```"
    elif how == 1:
        before, behind = "Sure, here it is: ", " Anything else?"
    elif how == 2:
        before = "<think>is it {1}? no.</think>\n"
    elif how == 3:
        behind = dice.choice(["\n", " {}", '\n{"a": 1}', "]", "garbage"])
    elif how == 4:
        text = text[: dice.randint(0, len(text))]
    elif how == 5:
        schema = None
    elif how == 6:
        at = dice.randint(0, len(text))
        text = text[:at] + dice.choice(["}", ",", '"', "x", "1", '"a":2,']) + text[at:]
    elif how == 7 and text.startswith("{") and len(text) > 2:
        text = '{"a":1,' + text[1:]  # perhaps twice
    return before + text + behind, schema, len(before.encode())


def _twisted(text: str, pieces: list[bytes], entries: list[Json], dice: Dice) -> Any:  # noqa: C901, PLR0912
    """The response, as one of many servers would send it."""
    how, finish = dice.randrange(22), "stop"
    some = dice.randrange(len(entries)) if entries else 0
    if how == 0 and entries:
        entries[some]["logprob"] = dice.choice([None, -9999.0, 0.3, "-0.25", -100.0, "nan"])
    elif how == 1:
        for row in (row for entry in entries for row in (entry, *entry["top_logprobs"])):
            row.pop("bytes", None)
    elif how == 2 and entries:
        kept = entries[:some]
        text = b"".join(pieces[:some]).decode("utf-8", "ignore")
        del entries[some:], pieces[some:]
        entries, finish = kept, "length"
    elif how == 3:
        for entry in entries:
            for row in (entry, *entry["top_logprobs"]):
                row.pop("bytes", None)
                row["token"] = row["token"].replace(" ", "Ġ").replace("\n", "Ċ")
    elif how == 4 and entries:
        del entries[some], pieces[some]
    elif how == 5:
        entries.append({**_named(b"", -0.01), "token": "<|im_end|>", "top_logprobs": []})
        pieces.append(b"")
    elif how == 6 and entries:
        entries[some]["top_logprobs"] = entries[some - 1]["top_logprobs"]
    elif how == 7:
        finish = "length"
    if how in (8, 9):
        rows = {
            "tokens": [e["token"] for e in entries],
            "token_logprobs": [e["logprob"] for e in entries],
            "top_logprobs": [
                {c["token"]: c["logprob"] for c in e["top_logprobs"]} for e in entries
            ],
        }
        choice = {"index": 0, "text": text, "logprobs": rows, "finish_reason": finish}
        return {"object": "text_completion", "model": "m", "choices": [choice]}
    if how in (10, 11):
        part = {"type": "output_text", "text": text, "annotations": [], "logprobs": entries}
        message = {"type": "message", "role": "assistant", "status": "completed", "content": [part]}
        return {"object": "response", "status": "completed", "model": "m", "output": [message]}
    message = {"role": "assistant", "content": text, "refusal": None}
    listed = None if how == 12 else {"content": entries, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": listed, "finish_reason": finish}
    return {"object": "chat.completion", "model": "m", "choices": [choice]}


def chunks(one: Hard, each: int) -> list[Json]:
    """The same tokens as a stream, so many a chunk."""
    head = {"object": "chat.completion.chunk", "model": "m"}

    def chunk(delta: Json, listed: Any, finish: str | None = None) -> Json:
        logprobs = None if listed is None else {"content": listed, "refusal": None}
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return {**head, "choices": [choice]}

    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    made = [chunk({"role": "assistant", "content": ""}, [])]
    for at in range(0, len(one.entries), each):
        text = decoder.decode(b"".join(one.pieces[at : at + each]))
        made.append(chunk({"content": text}, one.entries[at : at + each]))
    return [*made, chunk({}, None, "stop")]


def bare(number: int) -> tuple[Json, Any]:
    """A label that stands alone, and the labels it is one of."""
    dice = random.Random(f"bare/{number}")
    names = dice.sample([word for word in WORDS if word.strip()], dice.randint(2, 5))
    labels: Any = names if dice.random() < 0.5 else {n: i for i, n in enumerate(names)}
    text = dice.choice(["", " ", "\n"]) + dice.choice(names) + dice.choice(["", ".", " "])
    if dice.random() < 0.1:
        text = "none of them"
    data = text.encode()
    writer = Writer(dice)
    writer.spans = [(len(data) - len(data.lstrip()), len(data.rstrip()), (), "value")]
    lister = Lister(dice, {(): [name.encode() for name in names]}, data, writer)
    pieces = cut(data, dice)
    starts = [0, *accumulate(map(len, pieces))]
    entries = [lister.entry(at, piece) for at, piece in zip(starts, pieces, strict=False)]
    if dice.random() < 0.3:
        entries.append({**_named(b"", -0.05), "token": "<|im_end|>", "top_logprobs": []})
    choice = {"index": 0, "message": {"role": "assistant", "content": text},
              "logprobs": {"content": entries}, "finish_reason": "stop"}  # fmt: skip
    return {"object": "chat.completion", "model": "m", "choices": [choice]}, labels

"""The exact distribution of a field: every path of tokens that the schema allows, walked.

In:    a client of the embedded model; the prompt, the answer's tokens, and the field's members.
Out:   for each member the probability that decoding held to the schema, at temperature 1, writes
       it, given the tokens that the answer has before the field; and the mass that was not walked.
Never: anything of fieldconf but its client: this is what its numbers are judged by.
Why:   the model is asked for the next token after every prefix that is worth it, as slowly and
       plainly as it takes.

Two masks are known. The one that defines the truth allows every token after which a member can
still be written; llama.cpp's own grammars have it. The embedded runtime's JSON Schema engine
(llguidance) has it only where the text branches: a stretch of text that is the same for all
members still possible it writes in the tokenizer's own tokens, as far as no token could reach
beyond the stretch. ``forced=True`` walks that process.

The server computes a prompt in one batch, an answer token by token, and the two round differently
(by up to some percent). So the prompt is given afresh, then one token more at each request: each
finds all but its last token in the server's cache, and computes as generation did.
"""

import hashlib
import importlib.metadata
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PRUNED = 1e-5  # a branch with less probability than this is not walked further
_LOOKBACK = 4  # so many of the last tokens may be the beginning of others
FORCED = 80.0  # nats added to the legal tokens, so that no other is left beside them


@dataclass(frozen=True)
class Truth:
    """Probabilities in the order of the members; ``pruned`` (0..1) may belong to any of them."""

    probabilities: tuple[float, ...]
    pruned: float
    calls: int


@dataclass(frozen=True)
class Written:
    """A token of an answer."""

    id: int
    bytes: bytes


class NextToken:
    """The embedded model as a function from a prefix of token ids to the next token.

    Args:
        client: what ``fieldconf.local()`` gives.

    Attributes:
        name: the model and the runtime, as far as they can be told.
        calls: how often the model was asked.
        bytes_of, ids_of: the vocabulary, both ways; some texts have several ids.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._root = str(client.base_url).rstrip("/").removesuffix("/v1")
        self.name = self._identity()
        self.calls = 0
        # What cannot be shown (a byte of a character) ends without a list: ask where it is not.
        listed = self.whole(self.tokenize("Hello"), cached=False)
        self.bytes_of = {entry["id"]: bytes(entry["bytes"]) for entry in listed}
        self.ids_of: dict[bytes, list[int]] = {}
        for number, text in self.bytes_of.items():
            if text:  # the others are control tokens
                self.ids_of.setdefault(text, []).append(number)

    def tokenize(self, text: str) -> list[int]:
        """Ids of a text."""
        body = {"content": text, "add_special": True, "parse_special": True}
        return self._post("/tokenize", body)["tokens"]

    def pieces(self, text: bytes) -> list[bytes]:
        """The tokens of a text within another."""
        body = {"content": text.decode(), "add_special": False, "parse_special": False}
        return [self.bytes_of[number] for number in self._post("/tokenize", body)["tokens"]]

    def prompt(self, messages: Sequence[Any]) -> list[int]:
        """Ids of chat messages, as the server's chat endpoint makes them."""
        return self.tokenize(self._post("/apply-template", {"messages": messages})["prompt"])

    def whole(self, ids: list[int], *, cached: bool) -> list[dict[str, Any]]:
        """Every token of the vocabulary with its raw logprob (slow)."""
        return self._ask(ids, cached=cached, temperature=0, n_probs=1_000_000)["top_logprobs"]

    def step(self, ids: list[int], *, cached: bool) -> None:
        """Have the server compute a prefix, for the next question to find it in the cache."""
        self._ask(ids, cached=cached, temperature=0, n_probs=1)

    def shares(self, ids: list[int], legal: list[int], *, cached: bool) -> dict[int, float]:
        """Probability of each legal token after a prefix, among the legal ones."""
        answer = self._ask(
            ids,
            cached=cached,
            temperature=1.0,
            samplers=["temperature"],
            post_sampling_probs=True,
            logit_bias=[[number, FORCED] for number in legal],
            n_probs=len(legal),
        )
        found = {entry["id"]: entry["prob"] for entry in answer["top_probs"]}
        total = sum(found.get(number, 0.0) for number in legal)
        return {number: found.get(number, 0.0) / total for number in legal}

    def draw(self, ids: list[int], grammar: str, seed: int) -> str:
        """A text at temperature 1 after a prefix, held to a grammar of llama.cpp's own."""
        options = {"grammar": grammar, "temperature": 1.0, "samplers": ["temperature"]}
        body = {"prompt": ids, "n_predict": 64, "cache_prompt": True, "seed": seed, **options}
        return self._post("/completion", body)["content"]

    def _identity(self) -> str:
        version = importlib.metadata.version("xllamacpp")
        path = Path(self._client.get(f"{self._root}/props", cast_to=object)["model_path"])
        return f"{path.name} of {path.stat().st_size} bytes, xllamacpp {version}"

    def _ask(self, ids: list[int], *, cached: bool, **options: Any) -> dict[str, Any]:
        body = {"prompt": ids, "n_predict": 1, "cache_prompt": cached, "seed": 1, **options}
        self.calls += 1
        return self._post("/completion", body)["completion_probabilities"][0]

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._client.post(f"{self._root}{path}", cast_to=object, body=body)


@dataclass(frozen=True)
class Question:
    """What may be written from ``start`` on: one text a member, and the answer's tokens before.

    Each ends in ``follow``, the next key; where that is empty, nothing may come after the text.
    """

    start: int
    texts: tuple[bytes, ...]
    follow: bytes = b""


def question(answer: Sequence[Written], names: list[str], name: str, values: list[Any]) -> Question:
    """The field ``name`` of a compact answer with the properties ``names``.

    It starts at the first token that ends beyond the key's closing quote.
    """
    written = b"".join(token.bytes for token in answer)
    key = json.dumps(name).encode()
    key_end = written.index(key + b":") + len(key)
    offset, start = 0, 0
    while offset + len(answer[start].bytes) <= key_end:
        offset += len(answer[start].bytes)
        start += 1
    lead = written[offset:key_end] + b":"
    after = names[names.index(name) + 1 :]
    follow = f",{json.dumps(after[0])}:".encode() if after else b""
    texts = (lead + json.dumps(value).encode() + (follow or b"}") for value in values)
    return Question(start, tuple(texts), follow)


def from_the_beginning(names: list[str], values: list[Any]) -> Question:
    """The only field of an answer, before a token of it is given."""
    (key,) = map(json.dumps, names)
    return Question(0, tuple(f"{{{key}:{json.dumps(value)}}}".encode() for value in values))


class Walk:
    """Every legal path through a question; ``truth`` is the result.

    Args:
        model: the model to ask.
        prompt: ids of the prompt.
        question: what may be written.
        answer: ids of the answer's tokens.
        again: ask for the prompt twice, so that its last token is computed alone too (as it is
            when the same prompt is sent again with the server's cache on).
        forced: the process of the embedded runtime's JSON Schema engine, see above.
    """

    def __init__(
        self,
        model: NextToken,
        prompt: list[int],
        question: Question,
        answer: Sequence[int] = (),
        *,
        again: bool = False,
        forced: bool = False,
    ) -> None:
        self._model, self._prompt, self._texts = model, prompt, question.texts
        self._again, self._forced = again, forced
        self._found = [0.0] * len(self._texts)
        self._pruned = 0.0
        longer = [t for t in model.ids_of if question.follow in t[:-1]] if question.follow else []
        if longer:
            raise ValueError(f"what stands after the next key may begin in {longer[0]!r}")
        before = model.calls
        model.step(prompt, cached=False)
        for count in range(1, question.start):
            model.step([*prompt, *answer[:count]], cached=True)
        self._visit([*prompt, *answer[: question.start]], b"", 1.0)
        self.truth = Truth(tuple(self._found), self._pruned, model.calls - before)

    def _visit(self, ids: list[int], text: bytes, mass: float) -> None:
        alive = [i for i, whole in enumerate(self._texts) if whole.startswith(text)]
        if len(alive) == 1:
            self._found[alive[0]] += mass
            return
        if mass < PRUNED:
            self._pruned += mass
            return
        rests = [whole[len(text) :] for whole in self._texts if whole.startswith(text)]
        legal = (self._own(rests) if self._forced else []) or self._legal(rests)
        cached = self._again or len(ids) > len(self._prompt)
        for number, share in self._model.shares(ids, legal, cached=cached).items():
            self._visit([*ids, number], text + self._model.bytes_of[number], mass * share)

    def _legal(self, rests: list[bytes]) -> list[int]:
        """The tokens after which one of the texts can still be written."""
        pieces = {rest[:length] for rest in rests for length in range(1, len(rest) + 1)}
        return sorted(n for piece in pieces for n in self._model.ids_of.get(piece, ()))

    def _own(self, rests: list[bytes]) -> list[int]:
        """The tokenizer's own token for what all texts go on with; none if it might be longer."""
        common = _common(rests)
        pieces = self._model.pieces(common) if common else []
        open_bytes = self._open(common[-len(b"".join(pieces[-_LOOKBACK:])) :], common, rests)
        closed, end = [], 0
        for piece in pieces:
            end += len(piece)
            closed += [piece] if end <= len(common) - open_bytes else []
        return self._model.ids_of[closed[0]][:1] if closed else []

    def _open(self, tail: bytes, common: bytes, rests: list[bytes]) -> int:
        """How many of the last bytes may be the beginning of a token that reaches beyond."""
        longest = max(map(len, self._model.ids_of))
        for start in range(len(tail)):
            beginning = tail[start:]
            beyond = (rest[len(common) :][:n] for rest in rests for n in range(1, longest))
            if any(more and beginning + more in self._model.ids_of for more in beyond):
                return len(beginning)
        return 0


def _common(texts: Sequence[bytes]) -> bytes:
    """How far all of them are the same."""
    length = 0
    while all(len(t) > length and t[length] == texts[0][length] for t in texts):
        length += 1
    return texts[0][:length]


def masked(listed: list[dict[str, Any]], legal: Sequence[int]) -> dict[int, float]:
    """What ``shares`` gives, from the whole vocabulary: the check of it."""
    raw = {entry["id"]: math.exp(entry["logprob"]) for entry in listed}
    total = math.fsum(raw[number] for number in legal)
    return {number: raw[number] / total for number in legal}


class Cache:
    """Truths already walked, in a file; keyed by all that they depend on."""

    def __init__(self, path: Path, *, fresh: bool) -> None:
        self._path = path
        is_usable = path.is_file() and not fresh
        self._known: dict[str, Any] = json.loads(path.read_text()) if is_usable else {}

    def get(self, key: Any, make: Callable[[], Truth]) -> Truth:
        """The truth for a key, made and kept if it is not there."""
        name = hashlib.sha256(json.dumps(key).encode()).hexdigest()
        if name not in self._known:
            self._known[name] = asdict(make())
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._known))
        known = self._known[name]
        return Truth(tuple(known["probabilities"]), known["pruned"], known["calls"])


def written(entries: Sequence[Any]) -> Iterator[Written]:
    """The tokens of a chat answer that wrote something."""
    for entry in entries:
        if entry.bytes:
            yield Written(entry.id, bytes(entry.bytes))

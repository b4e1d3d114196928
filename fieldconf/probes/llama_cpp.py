"""llama.cpp: next-token logprobs from its server, the embedded one among them.

In:    an ``openai.OpenAI`` whose ``base_url`` is a llama.cpp server's, as ``fieldconf.local()``'s.
Out:   a ``Probe``.
Never: a number from behind a grammar; the whole vocabulary for a few tokens.
Why:   asked plainly, the server lists the most likely tokens, and a rare one only in a list of
       all: a quarter of a second and megabytes. Asked as here it is 20 ms.

What the server does, measured with xllamacpp 2026.10.11549:

- ``post_sampling_probs`` tells what is left after the samplers, so a bias lifts the wanted tokens
  above all others: they fill the list, and their proportions stay (7e-6 nats). The drawn token is
  of no interest, but the list is dropped if it is a part of a character; so a plain letter is
  lifted further, and drawn.
- A prompt is evaluated in batches, an answer token by token, and the kernels differ: by 0.08 in
  a probability. To say what generation would have said, the prompt is evaluated afresh, and then
  kept (``cache_prompt``), and never its last token alone. Answers may be evaluated some tokens at
  a time: 40 make no difference, 64 do.
- The slot is shared with whoever else asks; ``timings.cache_n`` tells that it was lost.
- ``/apply-template`` and ``/tokenize`` with ``add_special`` give the tokens of the chat endpoint.
- The list of all tokens has their true bytes; control tokens have none.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from fieldconf.errors import RequestError
from fieldconf.probes.base import Probe
from fieldconf.providers.client_errors import not_that_server, post
from fieldconf.threads import cached_property
from fieldconf.tokens.vocabulary import Vocabulary

_Tokens: TypeAlias = tuple[int, ...]

_SERVER = "a llama.cpp server"
_BIAS = 80.0  # nats: of what is not wanted, e**-80 is left
_LURE = 50.0  # further: far enough to be drawn, near enough for 32 bits to hold the others
_STEP = 16  # tokens of an answer in one batch
_ALL = 2**20  # more tokens than any model has
# The grammar lets the drawn token be a whole character; the list is from before it.
_WHOLE_LIST = {"n_probs": _ALL, "grammar": "root ::= [a-z]"}
_MOST_LIFTED = 4096  # of more tokens than these, a list of all costs less
_PROMPTS = 16


def probe(client: Any, *, template: Mapping[str, Any] | None = None) -> Probe:
    """Make a probe of a llama.cpp server.

    One server slot holds one prompt: questions about one answer should not alternate with those
    about another, nor come from several threads.

    Args:
        client: an ``openai.OpenAI`` with the server's address, or what ``fieldconf.local()`` gives.
        template: what else of your chat requests shapes the prompt, as ``chat_template_kwargs``.
    """
    return _LlamaCpp(client, template or {})


class _LlamaCpp:
    """A probe, and what it believes the server's slot to hold."""

    def __init__(self, client: Any, template: Mapping[str, Any]) -> None:
        self._client = client
        self._template = template
        self._prompts: deque[_Tokens] = deque(maxlen=_PROMPTS)
        self._held: _Tokens = ()
        self._vocabulary: Vocabulary | None = None

    @property
    def vocabulary(self) -> Vocabulary:
        if self._vocabulary is None:
            body = {"prompt": "a", "n_predict": 1, **_WHOLE_LIST}
            self._held = ()
            entries = self._listed(self._post("completion", body), "top_logprobs")
            tokens = {entry["id"]: bytes(entry["bytes"]) for entry in entries}
            self._vocabulary = Vocabulary(tokens)
        return self._vocabulary

    @cached_property
    def _letter(self) -> int:
        ids = (self.vocabulary.id_of(bytes((byte,))) for byte in b"abcdefghijklmnopqrstuvwxyz")
        return next((token for token in ids if token is not None), -1)

    def prompt(self, messages: Sequence[Mapping[str, Any]]) -> _Tokens:
        body = {**self._template, "messages": list(messages)}
        text = self._post("apply-template", body).get("prompt")
        question = {"content": text, "add_special": True, "parse_special": True}
        tokens = self._post("tokenize", question).get("tokens")
        if not isinstance(tokens, list):
            raise not_that_server(self._client, "tokenize", _SERVER)
        prompt = tuple(cast("list[int]", tokens))
        self._prompts.append(prompt)
        return prompt

    def logprobs(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[float]:
        if not wanted:
            return []
        if len(wanted) > _MOST_LIFTED:
            return self._all(tuple(prefix), wanted)
        lifts = dict.fromkeys(wanted, 0.0) | {self._letter: _LURE}
        question = {
            "n_probs": len(lifts),
            "logit_bias": [[token, _BIAS + lift] for token, lift in lifts.items()],
            "post_sampling_probs": True,
            "samplers": ["temperature"],
            "temperature": 1.0,
        }
        answer = self._ask(tuple(prefix), question)
        probabilities = {entry["id"]: entry["prob"] for entry in self._listed(answer, "top_probs")}
        return [_log(probabilities.get(token, 0.0)) - lifts[token] for token in wanted]

    def _all(self, place: _Tokens, wanted: Sequence[int]) -> list[float]:
        """The same out of a list of the whole vocabulary, from before the grammar."""
        entries = self._listed(self._ask(place, _WHOLE_LIST), "top_logprobs")
        logprobs = {entry["id"]: entry["logprob"] for entry in entries}
        return [logprobs.get(token, -math.inf) for token in wanted]

    def _ask(self, place: _Tokens, question: Mapping[str, Any]) -> dict[str, Any]:
        """Ask at a place that was reached as generation reaches it."""
        prompt = self._prompt_of(place)
        if place == prompt:
            return self._evaluate(place, question, cached=False)
        self._approach(prompt, place)
        answer = self._evaluate(place, question)
        if _kept(answer) < len(prompt):  # somebody else has used the slot meanwhile
            self._held = ()
            self._approach(prompt, place)
            answer = self._evaluate(place, question)
        return answer

    def _prompt_of(self, place: _Tokens) -> _Tokens:
        """The longest prompt that a place begins with; a place without one is a prompt."""
        prompts = [prompt for prompt in self._prompts if place[: len(prompt)] == prompt]
        if not prompts:
            self._prompts.append(place)
        return max(prompts, key=len, default=place)

    def _approach(self, prompt: _Tokens, place: _Tokens) -> None:
        """Let the slot hold all but the last few tokens before a place."""
        if self._held[: len(prompt)] != prompt:
            self._evaluate(prompt, {}, cached=False)
        for stop in range(_shared(self._held, place) + _STEP, len(place), _STEP):
            self._evaluate(place[:stop], {})

    def _evaluate(
        self, place: _Tokens, question: Mapping[str, Any], *, cached: bool = True
    ) -> dict[str, Any]:
        body = {"prompt": list(place), "n_predict": 1, "cache_prompt": cached, **question}
        answer = self._post("completion", body)
        self._held = place
        return answer

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return post(self._client, path, body, server=_SERVER)

    def _listed(self, answer: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        try:
            return answer["completion_probabilities"][0][name]
        except (KeyError, IndexError, TypeError) as error:
            raise RequestError(
                f"{self._client.base_url} gave no {name}", provider=str(self._client.base_url),
                remedy="Use a llama.cpp of 2025 or later",
            ) from error  # fmt: skip


def _kept(answer: Mapping[str, Any]) -> float:
    """How many tokens the slot still held; without the server's word, enough."""
    return answer.get("timings", {}).get("cache_n", math.inf)


def _shared(first: _Tokens, second: _Tokens) -> int:
    """How many tokens two places begin with."""
    for count, (left, right) in enumerate(zip(first, second, strict=False)):
        if left != right:
            return count
    return min(len(first), len(second))


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf

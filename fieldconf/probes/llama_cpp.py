"""llama.cpp: next-token logprobs from its server, the embedded one among them.

In:    an ``openai.OpenAI`` whose ``base_url`` is a llama.cpp server's, as ``fieldconf.local()``'s.
Out:   a ``Probe``.
Never: a number after a grammar was applied; the whole vocabulary for a few tokens.
Why:   a plain request returns the most likely tokens, and a rare one only in a list of all: a
       quarter of a second and megabytes. The request used here takes 20 ms.

What the server does, measured with xllamacpp 2026.10.11549:

- ``post_sampling_probs`` returns the probabilities after the samplers, so a bias lifts the wanted
  tokens above all others: they fill the list, and their proportions stay (7e-6 nats). The drawn
  token does not matter, but the list is missing if that token is a part of a character. So a plain
  letter is lifted further, and drawn.
- A prompt is evaluated in batches, an answer token by token, and the kernels differ: by 0.08 in a
  probability. To get the numbers of generation, the prompt is evaluated afresh, and then kept
  (``cache_prompt``), and its last token is never evaluated alone. Answers may be evaluated some
  tokens at a time: 40 make no difference, 64 do.
- The slot is shared with other clients; ``timings.cache_n`` shows that its contents were lost.
- ``/apply-template`` and ``/tokenize`` with ``add_special`` return the chat endpoint's tokens.
- The list of all tokens has their true bytes; control tokens have none.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from fieldconf.errors import RequestError
from fieldconf.probes.base import Probe
from fieldconf.providers.client_errors import not_that_server, post
from fieldconf.tokens.vocabulary import Vocabulary

_Tokens: TypeAlias = tuple[int, ...]

_SERVER = "a llama.cpp server"
_BIAS = 80.0  # nats: other tokens keep e**-80 of their probability
_LURE = 50.0  # nats more: enough to be drawn, and small enough for 32-bit floats
_STEP = 16  # tokens of an answer in one batch
_ALL = 2**20  # more tokens than any model has
# With the grammar the drawn token is a whole character; the list is from before the grammar.
_WHOLE_LIST = {"n_probs": _ALL, "grammar": "root ::= [a-z]"}
_MOST_LIFTED = 4096  # for more tokens, a list of all costs less
_PROMPTS = 16


def probe(client: Any, *, template: Mapping[str, Any] | None = None) -> Probe:
    """Make a probe of a llama.cpp server.

    One server slot holds one prompt: questions about one answer should not alternate with those
    about another, nor come from several threads.

    Args:
        client: an ``openai.OpenAI`` with the server's address, or that of ``fieldconf.local()``.
        template: other parts of your chat requests that shape the prompt, as
            ``chat_template_kwargs``.
    """
    return _LlamaCpp(client, template or {})


class _LlamaCpp:
    """A probe, and the tokens that the server's slot should hold."""

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
            entries = self._listed(self._ask(tuple(prefix), _WHOLE_LIST), "top_logprobs")
            logprobs = {entry["id"]: entry["logprob"] for entry in entries}
            return [logprobs.get(token, -math.inf) for token in wanted]
        letters = (self.vocabulary.id_of(bytes((byte,))) for byte in b"abcdefghijklmnopqrstuvwxyz")
        letter = next((token for token in letters if token is not None), -1)
        lifts = dict.fromkeys(wanted, 0.0) | {letter: _LURE}
        question = {
            "n_probs": len(lifts),
            "logit_bias": [[token, _BIAS + lift] for token, lift in lifts.items()],
            "post_sampling_probs": True,
            "samplers": ["temperature"],
            "temperature": 1.0,
        }
        answer = self._ask(tuple(prefix), question)
        entries = self._listed(answer, "top_probs")
        logprobs = {entry["id"]: math.log(entry["prob"]) for entry in entries if entry["prob"] > 0}
        return [logprobs.get(token, -math.inf) - lifts[token] for token in wanted]

    def _ask(self, place: _Tokens, question: Mapping[str, Any]) -> dict[str, Any]:
        """Ask behind a prefix, evaluated in the same steps as in generation."""
        prompts = [prompt for prompt in self._prompts if place[: len(prompt)] == prompt]
        if not prompts:
            self._prompts.append(place)
        prompt = max(prompts, key=len, default=place)  # the longest one that the prefix begins with
        if place == prompt:
            return self._evaluate(place, question, cached=False)
        self._approach(prompt, place)
        answer = self._evaluate(place, question)
        cached = answer.get("timings", {}).get("cache_n", math.inf)
        if cached < len(prompt):  # another client has used the slot meanwhile
            self._held = ()
            self._approach(prompt, place)
            answer = self._evaluate(place, question)
        return answer

    def _approach(self, prompt: _Tokens, place: _Tokens) -> None:
        """Let the slot hold all but the last few tokens of a prefix."""
        if self._held[: len(prompt)] != prompt:
            self._evaluate(prompt, {}, cached=False)
        pairs = enumerate(zip(self._held, place, strict=False))
        most = min(len(self._held), len(place))
        shared = next((count for count, (cached, token) in pairs if cached != token), most)
        for stop in range(shared + _STEP, len(place), _STEP):
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

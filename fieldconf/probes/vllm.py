"""vLLM: next-token logprobs from its completions endpoint.

In:    an ``openai.OpenAI`` whose ``base_url`` is a vLLM server's, the model's name and vocabulary.
Out:   a ``Probe``.
Never: a number for a token that the server did not list.
Why:   ``logprob_token_ids`` names the wanted tokens, whatever their rank.

Quirks, from vLLM's sources and its own tests; not run against a live server:

- The HTTP endpoints have ``logprob_token_ids`` since July 2026 (pull request 43463), for at most
  128 tokens a request; the sampled token is listed, too.
- ``logprobs`` is required, too, and used to be their number; above ``--max-logprobs`` (20) the
  server may refuse it.
- ``return_tokens_as_token_ids`` writes ``"token_id:123"``; different tokens may have one text.
- Logprobs are normalised over the whole vocabulary, so several requests can be combined; -9999.0
  is minus infinity.
- ``/tokenize`` applies the chat template of the server; it is at the root, not below ``/v1``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fieldconf.errors import RequestError
from fieldconf.probes.base import Probe, picked
from fieldconf.providers.client_errors import not_that_server, post
from fieldconf.tokens.vocabulary import Vocabulary

_SERVER = "a vLLM server"
_MOST = 128
_REMEDY = "Use a vLLM of July 2026 or later (logprob_token_ids), started with --max-logprobs -1"


def probe(
    client: Any, *, vocabulary: Vocabulary, model: str, template: Mapping[str, Any] | None = None
) -> Probe:
    """Make a probe of a vLLM server.

    Args:
        client: an ``openai.OpenAI`` with the server's address.
        vocabulary: the model's tokens, as ``vocabulary_of(tokenizer)``.
        model: the name under which the server knows the model.
        template: other parts of your chat requests that shape the prompt, as
            ``chat_template_kwargs``.
    """
    return _VLLM(vocabulary, client, model, template or {})


@dataclass(frozen=True, slots=True)
class _VLLM:
    vocabulary: Vocabulary
    _client: Any
    _model: str
    _template: Mapping[str, Any]

    def prompt(self, messages: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        body = {
            **self._template, "messages": list(messages), "add_generation_prompt": True,
            "model": self._model,
        }  # fmt: skip
        tokens = post(self._client, "tokenize", body, server=_SERVER).get("tokens")
        if not isinstance(tokens, list):
            raise not_that_server(self._client, "tokenize", _SERVER)
        return tuple(cast("list[int]", tokens))

    def logprobs(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[float]:
        by_id: dict[int, Any] = {}
        tokens = list(dict.fromkeys(wanted))
        for start in range(0, len(tokens), _MOST):
            by_id.update(self._ask(prefix, tokens[start : start + _MOST]))
        values = picked(by_id, wanted)
        if values is None:
            raise self._error("did not list every token it was asked about")
        return values

    def _ask(self, prefix: Sequence[int], wanted: Sequence[int]) -> Iterator[tuple[int, Any]]:
        body = {
            "model": self._model,
            "prompt": list(prefix),
            "max_tokens": 1,
            "temperature": 1,
            "logprobs": len(wanted),
            "logprob_token_ids": list(wanted),
            "return_tokens_as_token_ids": True,
        }
        try:
            answer = post(self._client, "v1/completions", body, server=_SERVER)
        except RequestError as error:
            if error.status == 400 and "logprobs" in str(error):
                raise self._error(f"refused: {error}", error.status) from error
            raise
        try:
            logprobs: Mapping[str, Any] = answer["choices"][0]["logprobs"]["top_logprobs"][0]
        except (KeyError, IndexError, TypeError) as error:
            raise self._error("gave no logprobs") from error
        for name, logprob in logprobs.items():
            number = name.removeprefix("token_id:")
            if number != name and number.isdecimal():
                yield int(number), logprob

    def _error(self, what: str, status: int | None = None) -> RequestError:
        address = str(self._client.base_url)
        return RequestError(f"{address} {what}", status=status, provider=address, remedy=_REMEDY)

"""SGLang: next-token logprobs from its own ``/generate``.

In:    an ``openai.OpenAI`` whose ``base_url`` is an SGLang server's, the vocabulary, the tokenizer.
Out:   a ``Probe``.
Never: a number for a token that the server did not list.
Why:   ``token_ids_logprob`` names the wanted tokens, whatever their rank.

Quirks, from SGLang's sources and reports of its users; not run against a live server:

- ``output_token_ids_logprobs`` holds a list for each generated token, of ``[logprob, id, text]``;
  the text is null, or missing.
- The smallest float stands for minus infinity.
- The server has no endpoint that applies the chat template; the given tokenizer does it, and must
  be the server's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fieldconf.errors import RequestError
from fieldconf.probes.base import Probe, picked
from fieldconf.providers.client_errors import post
from fieldconf.tokens.tokenizer import chat_tokens
from fieldconf.tokens.vocabulary import Vocabulary

_SERVER = "an SGLang server"


def probe(
    client: Any,
    *,
    vocabulary: Vocabulary,
    tokenizer: Any,
    template: Mapping[str, Any] | None = None,
) -> Probe:
    """Make a probe of an SGLang server.

    Args:
        client: an ``openai.OpenAI`` with the server's address.
        vocabulary: the model's tokens, as ``vocabulary_of(tokenizer)``.
        tokenizer: the model's Hugging Face tokenizer.
        template: further arguments of its ``apply_chat_template``, as ``enable_thinking``.
    """
    return _SGLang(vocabulary, client, tokenizer, template or {})


@dataclass(frozen=True, slots=True)
class _SGLang:
    vocabulary: Vocabulary
    _client: Any
    _tokenizer: Any
    _template: Mapping[str, Any]

    def prompt(self, messages: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        return chat_tokens(self._tokenizer, messages, self._template)

    def logprobs(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[float]:
        if not wanted:
            return []
        body = {
            "input_ids": list(prefix),
            "sampling_params": {"max_new_tokens": 1, "temperature": 1},
            "return_logprob": True,
            "token_ids_logprob": list(dict.fromkeys(wanted)),
        }
        answer = post(self._client, "generate", body, server=_SERVER)
        try:
            entries = answer["meta_info"]["output_token_ids_logprobs"][0]
            logprobs = {entry[1]: entry[0] for entry in entries}
        except (KeyError, IndexError, TypeError):
            logprobs = dict[int, Any]()
        values = picked(logprobs, wanted)
        if values is None:
            address = str(self._client.base_url)
            raise RequestError(
                f"{address} did not list every token it was asked about", provider=address,
                remedy="Use an SGLang that knows token_ids_logprob (0.4.4 or later)",
            )  # fmt: skip
        return values

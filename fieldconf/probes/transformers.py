"""Hugging Face transformers: next-token logprobs of a model in this process.

In:    a causal language model and its tokenizer.
Out:   a ``Probe``.
Never: an import of torch before the first question; a cache that is kept between questions.
Why:   the simplest probe: one forward pass over the prefix.

Each question evaluates its whole prefix, so it costs as much as reading the prompt. The calls were
tested with stand-ins for the model and torch, not with a real model.
"""

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fieldconf.probes.base import Probe
from fieldconf.tokens.tokenizer import chat_tokens, vocabulary_of
from fieldconf.tokens.vocabulary import Vocabulary


def probe(model: Any, tokenizer: Any, *, template: Mapping[str, Any] | None = None) -> Probe:
    """Make a probe of a model in this process.

    Args:
        model: an ``AutoModelForCausalLM``, or an object with the same call.
        tokenizer: its fast tokenizer.
        template: further arguments of ``apply_chat_template``, as ``enable_thinking``.
    """
    return _Transformers(vocabulary_of(tokenizer), model, tokenizer, template or {})


@dataclass(frozen=True, slots=True)
class _Transformers:
    vocabulary: Vocabulary
    _model: Any
    _tokenizer: Any
    _template: Mapping[str, Any]

    def prompt(self, messages: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        return chat_tokens(self._tokenizer, messages, self._template)

    def logprobs(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[float]:
        if not wanted:
            return []
        torch = importlib.import_module("torch")
        with torch.no_grad():
            ids = torch.tensor([list(prefix)], device=self._model.device)
            logits = cast("list[float]", self._model(input_ids=ids).logits[0][-1].tolist())
        highest = max(logits)
        total = highest + math.log(math.fsum(math.exp(logit - highest) for logit in logits))
        return [logits[token] - total for token in wanted]

"""Hugging Face transformers: next-token logprobs of a model in this process.

In:    a causal language model and its tokenizer.
Out:   a ``Probe``.
Never: an import of torch before it is asked; a cache that is kept between questions.
Why:   the plainest probe: a forward pass over the prefix, and nothing else.

Each question evaluates its whole prefix, so it costs as much as reading the prompt. The shape of
the calls was run with a stand-in for model and torch, not with a real model.
"""

import importlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from fieldconf.probes.base import Probe
from fieldconf.threads import cached_property
from fieldconf.tokens.tokenizer import chat_tokens, vocabulary_of


def probe(model: Any, tokenizer: Any, *, template: Mapping[str, Any] | None = None) -> Probe:
    """Make a probe of a model in this process.

    Args:
        model: an ``AutoModelForCausalLM``, or what is called alike.
        tokenizer: its fast tokenizer.
        template: further arguments of ``apply_chat_template``, as ``enable_thinking``.
    """
    return _Transformers(model, tokenizer, template or {})


class _Transformers:
    def __init__(self, model: Any, tokenizer: Any, template: Mapping[str, Any]) -> None:
        self.vocabulary = vocabulary_of(tokenizer)
        self._model = model
        self._tokenizer = tokenizer
        self._template = template

    @cached_property
    def _torch(self) -> Any:
        return importlib.import_module("torch")

    def prompt(self, messages: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        return chat_tokens(self._tokenizer, messages, self._template)

    def logprobs(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[float]:
        if not wanted:
            return []
        with self._torch.no_grad():
            ids = self._torch.tensor([list(prefix)], device=self._model.device)
            logits = cast("list[float]", self._model(input_ids=ids).logits[0][-1].tolist())
        highest = max(logits)
        total = highest + math.log(math.fsum(math.exp(logit - highest) for logit in logits))
        return [logits[token] - total for token in wanted]

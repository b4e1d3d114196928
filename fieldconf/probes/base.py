"""The interface of a probe: something that returns next-token logprobs after any prefix.

In:    token ids of a prefix, and the token ids whose logprobs are wanted.
Out:   ``Probe``, the protocol; ``picked``, which reads the logprobs that a server returned.
Never: a request: the modules beside this file send them.
Why:   who settles a field asks "which tokens may come here, and how likely is each?" thousands
       of times, and must not care which server answers.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fieldconf.tokens.vocabulary import Vocabulary

_NOT_AT_ALL = -9998.0  # vLLM's minus infinity is -9999.0, SGLang's -3.4e38


class Probe(Protocol):
    """Something that can be asked how likely a token is after any prefix."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        ...

    def prompt(self, messages: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        """The tokens of chat messages, and of what opens the assistant's answer after them."""
        ...

    def logprobs(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[float]:
        """The logprob of each wanted token after a prefix (of prompt and answer).

        In nats, at temperature 1, before any grammar, up to one common constant: they may be
        normalised over the whole vocabulary or among the wanted. ``-inf``: too small to be told.
        """
        ...


def picked(logprobs: Mapping[int, Any], wanted: Sequence[int]) -> list[float] | None:
    """The logprobs of the wanted tokens out of those that a server listed; None if one lacks.

    A server that was asked about a token by name and says -9999.0 means "none at all".

    >>> picked({5: -0.5, 6: -9999.0}, [6, 5, 5])
    [-inf, -0.5, -0.5]
    """
    values: list[Any] = [logprobs.get(token) for token in wanted]
    if not all(isinstance(value, (int, float)) and not math.isnan(value) for value in values):
        return None
    return [-math.inf if value <= _NOT_AT_ALL else float(value) for value in values]

"""Base: the interface of a probe, which returns next-token logprobs after any prefix.

In:    token ids of a prefix, and the token ids whose logprobs are wanted.
Out:   ``Probe``, the protocol; ``picked``, which reads the logprobs that a server returned.
Never: a request: the modules beside this file send them.
Why:   settling a field asks for the probabilities of the next tokens thousands of times, and does
       not depend on the server.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fieldconf.tokens.vocabulary import Vocabulary

_NOT_AT_ALL = -9998.0  # vLLM's minus infinity is -9999.0, SGLang's -3.4e38


class Probe(Protocol):
    """A source of next-token logprobs after any prefix."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        ...

    def prompt(self, messages: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        """The tokens of chat messages, up to the start of the assistant's answer."""
        ...

    def logprobs(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[float]:
        """The logprob of each wanted token after a prefix (of prompt and answer).

        In nats, at temperature 1, before any grammar, up to one common constant: they may be
        normalised over the whole vocabulary or over the wanted tokens. ``-inf``: too small.
        """
        ...


def picked(logprobs: Mapping[int, Any], wanted: Sequence[int]) -> list[float] | None:
    """The logprobs of the wanted tokens from those that a server listed; None if one is missing.

    A server that reports -9999.0 for a token means minus infinity.

    >>> picked({5: -0.5, 6: -9999.0}, [6, 5, 5])
    [-inf, -0.5, -0.5]
    """
    values: list[Any] = [logprobs.get(token) for token in wanted]
    if not all(isinstance(value, (int, float)) and not math.isnan(value) for value in values):
        return None
    return [-math.inf if value <= _NOT_AT_ALL else float(value) for value in values]

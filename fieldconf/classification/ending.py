"""Ending: the end of an answer as a token.

In:    a candidate; a ``Settle`` with a probe.
Out:   whether the candidate ends the answer; a probe whose vocabulary has the end of an answer.
Never: mass for the other tokens where the end is possible and no token for it is known.
Why:   the end distinguishes ``pos`` from ``positive``. Some servers list it without bytes, some as
       a control token, some not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fieldconf.distributions.settling import Settle
from fieldconf.probes import Probe
from fieldconf.threads import cached_property
from fieldconf.tokens.spelling import is_control
from fieldconf.tokens.token import Candidate, Token
from fieldconf.tokens.vocabulary import Vocabulary

END = b"<|end|>"
"""The bytes of the end of an answer in a vocabulary."""


def is_end(candidate: Candidate) -> bool:
    """Whether a candidate ends the answer: it writes nothing, or is a control token."""
    data = candidate.bytes
    if not data:
        return True
    return data[:1] in b"<[t" and is_control(
        candidate._replace(text=data.decode("utf-8", "ignore"))
    )


def with_ends(settle: Settle, tokens: Sequence[Token]) -> Settle:
    """The settings with a probe that also scores the end of the answer."""
    if settle.probe is None:
        return settle
    candidates = [c for token in tokens for c in (*token.candidates, token)]
    ends = {
        c.id for c in candidates if c.id is not None and is_end(Candidate(c.text, c.raw, 0.0))
    }  # fmt: skip
    return replace(settle, probe=_Ending(settle.probe, tuple(sorted(ends))))


class _Ending:
    """A probe whose vocabulary has the end tokens of the response."""

    def __init__(self, probe: Probe, ends: tuple[int, ...]) -> None:
        self._probe, self._ends = probe, ends

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return _WithEnds(self._probe.vocabulary, self._ends)

    def prompt(self, messages: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        return self._probe.prompt(messages)

    def logprobs(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[float]:
        return self._probe.logprobs(prefix, wanted)


class _WithEnds(Vocabulary):
    """A vocabulary, and some tokens that end an answer.

    If the end is possible and no token for it is known, no token is possible: the others would
    otherwise get all the mass.
    """

    def __init__(self, inner: Vocabulary, ends: tuple[int, ...]) -> None:
        super().__init__({})
        self._inner, self._ends = inner, ends

    def __len__(self) -> int:
        return len(self._inner) + len(self._ends)

    def id_of(self, data: bytes) -> int | None:
        return self._inner.id_of(data)

    def bytes_of(self, token: int) -> bytes | None:
        return END if token in self._ends else self._inner.bytes_of(token)

    def possible(self, is_possible: Callable[[bytes], bool]) -> list[int]:
        may_end = is_possible(END)
        if may_end and not self._ends:
            return []
        inner = self._inner.possible(lambda data: not data or is_possible(data))
        return [*inner, *(self._ends if may_end else ())]

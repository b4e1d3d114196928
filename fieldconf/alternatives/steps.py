"""Open domains: what was chosen at each step of a string or a number.

In:    the steps that wrote a value, its text, and the JSON kinds that may stand there.
Out:   a ``Choice`` a step: the mass that agrees with what was written, and that was possible.
Never: a distribution; an open domain has no list of members.
Why:   on servers whose numbers stand before the mask, a token's own probability says more of the
       grammar than of the value.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from fieldconf.align import Step
from fieldconf.alternatives.reading import listed, may_be, read, unseen_mass
from fieldconf.grammar import decode, kind_begun
from fieldconf.paths import Path
from fieldconf.spelling import is_control
from fieldconf.tokens import Candidate, Token


class Choice(NamedTuple):
    """One step of an open domain: masses (0..1) of what the candidates would have led to.

    ``agreeing`` may still lead to the value that was written, ``possible`` to any value allowed
    there (it includes ``agreeing``); ``off_schema`` to none; ``unseen`` was not listed.
    """

    token: int
    agreeing: float
    possible: float
    off_schema: float
    unseen: float

    @property
    def probability(self) -> float:
        """Agreeing over possible mass, unseen mass taken to be as valid as the seen (0..1)."""
        valid = self.possible / (self.possible + self.off_schema)
        return self.agreeing / (self.possible + self.unseen * valid)

    @property
    def low(self) -> float:
        """As ``probability``, all unseen mass possible and disagreeing."""
        return self.agreeing / (self.possible + self.unseen)

    @property
    def high(self) -> float:
        """As ``probability``, all unseen mass agreeing."""
        return (self.agreeing + self.unseen) / (self.possible + self.unseen)


# Bytes that mean themselves inside a string: a candidate of these alone needs no fork.
_PLAIN = re.compile(rb"[\x20\x21\x23-\x5b\x5d-\x7f]+")


class _Written(NamedTuple):
    """The value that was written: its JSON text, where that began, and what it means."""

    text: bytes
    start: int
    value: Any
    path: Path
    kinds: frozenset[str]


def choices(
    steps: Sequence[tuple[Step, Token]],
    path: Path,
    text: bytes,
    start: int,
    kinds: frozenset[str],
) -> list[Choice]:
    """What the model chose at each step of writing the value at ``path``.

    ``text`` is the value's JSON text, ``start`` its byte offset, ``kinds`` the JSON kinds that may
    stand there.
    """
    written = _Written(text, start, decode(text), path, kinds)
    return [_choice(step, token, written) for step, token in steps]


def _choice(step: Step, token: Token, written: _Written) -> Choice:
    candidates, position = listed(step, token)
    agreeing = possible = math.exp(candidates[position].logprob)
    off = 0.0
    for index, candidate in enumerate(candidates):
        if index == position:
            continue
        mass = math.exp(candidate.logprob)
        is_possible, is_agreeing = _judge(step, candidate, written) if mass else (False, False)
        off += 0.0 if is_possible else mass
        possible += mass if is_possible else 0.0
        agreeing += mass if is_agreeing else 0.0
    assert step.token is not None  # the callers look
    return Choice(step.token, agreeing, possible, off, unseen_mass(candidates))


def _judge(step: Step, candidate: Candidate, written: _Written) -> tuple[bool, bool]:
    """Whether a candidate may lead to a value at all, and to the one written."""
    data, at = candidate.bytes, step.parser.offset - written.start
    is_inside = step.parser.place == "string" and at > 0 and written.text[at - 1] < 0x80
    if is_inside and b"\\" not in written.text and _PLAIN.fullmatch(data):
        return not is_control(candidate), written.text.startswith(data, at)
    reading = read(step, candidate, written.path)
    if reading.state == "dead" or kind_begun(reading.text) not in written.kinds | {""}:
        return False, False
    return True, may_be(reading, written.value)

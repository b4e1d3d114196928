"""Open domains: what was chosen at each step of a string or a number.

In:    the steps that wrote a value, its text, the JSON kinds that may stand there, and a test
       whether a beginning may still become an allowed value.
Out:   a ``Choice`` a step: the mass that agrees with what was written, and that was possible; and
       the likeliest rivals.
Never: a distribution; an open domain has no list of members. What was written is not judged: it
       counts as possible even where it breaks the schema.
Why:   on servers whose numbers stand before the mask, a token's own probability says more of the
       grammar than of the value.

The closing quote is a candidate like any other: with it the value is whole, and ``"ab"`` is judged
as the value it is, not as a beginning. A number is whole with the byte behind it.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from fieldconf.align import Step
from fieldconf.alternatives.distribution import Rival, likeliest
from fieldconf.alternatives.following import Level
from fieldconf.alternatives.reading import (
    Place,
    Target,
    listed,
    may_be,
    place_before,
    read,
    unseen_mass,
)
from fieldconf.grammar import decode, kind_begun
from fieldconf.paths import Path
from fieldconf.schema import Declared
from fieldconf.spelling import is_control
from fieldconf.tokens import Candidate, Token


class Allows(Protocol):
    """Whether a beginning of a value's JSON text may still become an allowed value.

    ``Declared.allows`` is one.
    """

    def __call__(self, text: bytes, *, done: bool) -> bool:
        """``done`` says that the value closed."""
        ...


class Choice(NamedTuple):
    """One step of an open domain: masses (0..1) of what the candidates would have led to.

    ``agreeing`` may still lead to the value that was written, ``possible`` to any value allowed
    there (it includes ``agreeing``); ``off_schema`` to none; ``unseen`` was not listed. ``rivals``
    are the likeliest of the possible that do not agree, likeliest first.
    """

    token: int
    agreeing: float
    possible: float
    off_schema: float
    unseen: float
    rivals: tuple[Rival, ...] = ()

    @property
    def probability(self) -> float:
        """Agreeing over possible mass, unseen mass taken to be as valid as the seen (0..1)."""
        return self.agreeing / _whole(self.possible, self.off_schema, self.unseen)

    @property
    def low(self) -> float:
        """As ``probability``, all unseen mass possible and disagreeing."""
        return self.agreeing / (self.possible + self.unseen)

    @property
    def high(self) -> float:
        """As ``probability``, all unseen mass agreeing."""
        return (self.agreeing + self.unseen) / (self.possible + self.unseen)


def _whole(possible: float, off_schema: float, unseen: float) -> float:
    """The possible mass, with the share of the unseen that is taken to be possible."""
    return possible + unseen * possible / (possible + off_schema)


# Bytes that mean themselves inside a string: a candidate of these alone needs no fork.
PLAIN = re.compile(rb"[\x20\x21\x23-\x5b\x5d-\x7f]+")


class _Written(NamedTuple):
    """The value that was written (its JSON text, where that began, what it means), and the rules.

    ``is_plain`` says whether its text has no escapes.
    """

    text: bytes
    start: int
    value: Any
    is_plain: bool
    target: Target
    kinds: frozenset[str]
    allows: Allows


def choices(
    steps: Sequence[tuple[Step, Token]],
    path: Path,
    text: bytes,
    start: int,
    kinds: frozenset[str],
    allows: Allows | None = None,
    *,
    level: Level | None = None,
    compact: bool = False,
) -> list[Choice]:
    """What the model chose at each step of writing the value at ``path``.

    ``text`` is the value's JSON text, ``start`` its byte offset, ``kinds`` the JSON kinds that may
    stand there; ``allows`` says which beginnings may still become an allowed value (without it:
    all of these kinds). ``level`` and ``compact`` are those of ``Target``.
    """
    kinds = kinds | {""}
    value, is_plain = decode(text), b"\\" not in text
    written = _Written(
        text,
        start,
        value,
        is_plain,
        Target(path, level, compact),
        kinds,
        allows or Declared().allows,
    )
    return [_choice(step, token, written) for step, token in steps]


def _choice(step: Step, token: Token, written: _Written) -> Choice:
    candidates, position = listed(step, token)
    is_inside = step.parser.offset > written.start  # nothing else can end there before it
    place = Place(step.parser) if is_inside else place_before(step, written.target.path)
    agreeing = possible = math.exp(candidates[position].logprob)
    off = 0.0
    others: list[tuple[str, float]] = []
    for index, candidate in enumerate(candidates):
        if index == position:
            continue
        mass = math.exp(candidate.logprob)
        is_possible, is_agreeing = _judge(place, candidate, written) if mass else (False, False)
        off += 0.0 if is_possible else mass
        possible += mass if is_possible else 0.0
        agreeing += mass if is_agreeing else 0.0
        if is_possible and not is_agreeing:
            others.append((candidate.text, mass))
    assert step.token is not None  # the callers look
    unseen = unseen_mass(candidates)
    whole = _whole(possible, off, unseen)
    rivals = likeliest((text, mass / whole) for text, mass in others) if others else ()
    return Choice(step.token, agreeing, possible, off, unseen, rivals)


def _judge(place: Place, candidate: Candidate, written: _Written) -> tuple[bool, bool]:
    """Whether a candidate may lead to a value at all, and to the one written."""
    data, at = candidate.bytes, place.parser.offset - written.start
    is_inside = place.parser.place == "string" and at > 0 and written.text[at - 1] < 0x80
    if is_inside and written.is_plain and PLAIN.fullmatch(data):
        if is_control(candidate) or not written.allows(written.text[:at] + data, done=False):
            return False, False
        return True, written.text.startswith(data, at)
    reading = read(place, candidate, written.target)
    if reading.state == "before":
        return True, True
    if reading.state == "dead" or kind_begun(reading.text) not in written.kinds:
        return False, False
    if not written.allows(reading.text, done=reading.state == "done"):
        return False, False
    return True, may_be(reading, written.value)

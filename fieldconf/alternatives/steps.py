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

import re
from collections.abc import Hashable, Sequence
from itertools import count
from typing import Any, NamedTuple, Protocol

from fieldconf.align import Step
from fieldconf.alternatives.distribution import Rival, likeliest
from fieldconf.alternatives.fan import Listing
from fieldconf.alternatives.memory import MOST_ROWS, Memory
from fieldconf.alternatives.reading import Place, Reading, State, Target, may_be, place_before, read
from fieldconf.grammar import decode, kind_begun
from fieldconf.spelling import is_control
from fieldconf.tokens import Candidate, unchecked


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


_new_choice = unchecked(Choice)


def _whole(possible: float, off_schema: float, unseen: float) -> float:
    """The possible mass, with the share of the unseen that is taken to be possible."""
    return possible + unseen * possible / (possible + off_schema)


# Bytes that mean themselves inside a string: a candidate of these alone needs no fork.
PLAIN = re.compile(rb"[\x20\x21\x23-\x5b\x5d-\x7f]+")
_QUOTE = 0x22
_SILENT: dict[State, tuple[bool, bool]] = {"dead": (False, False), "before": (True, True)}


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
    allows: Allows | None
    memory: Memory


def choices(
    steps: Sequence[tuple[Step, Listing]],
    target: Target,
    kinds: frozenset[str],
    allows: Allows | None,
    memory: Memory,
) -> list[Choice]:
    """What the model chose at each step of writing the value at a target.

    ``kinds`` are the JSON kinds that may stand there; ``allows`` says which beginnings may still
    become an allowed value (without it: all of these kinds); ``memory`` is what was read before.
    """
    text = target.text
    written = _Written(
        text, target.start, decode(text), b"\\" not in text, target, kinds | {""}, allows, memory
    )
    return [_choice(step, listing, written) for step, listing in steps]


def _choice(step: Step, listing: Listing, written: _Written) -> Choice:
    candidates, position, unseen, masses = listing
    assert position is not None  # it is a step of the answer
    assert step.token is not None  # the callers look
    agreeing = possible = masses[position]
    off = 0.0
    others: list[tuple[str, float]] = []
    if possible < sum(masses):  # else the server's grammar excluded all others
        judge = _Judge(step, written)
        for index, candidate, mass in zip(count(), candidates, masses, strict=False):
            if mass == 0.0 or index == position:
                continue
            is_possible, is_agreeing = judge(candidate)
            if not is_possible:
                off += mass
            elif is_agreeing:
                possible += mass
                agreeing += mass
            else:
                possible += mass
                others.append((candidate[0], mass))
    if not others:
        return _new_choice((step.token, agreeing, possible, off, unseen, ()))
    whole = _whole(possible, off, unseen)
    rivals = likeliest([(text, mass / whole) for text, mass in others])
    return _new_choice((step.token, agreeing, possible, off, unseen, rivals))


def _agrees(state: State, begun: bytes, written: _Written) -> bool:
    """Whether a reading may end as the value that was written."""
    text = written.text
    if written.is_plain and begun[:1] == text[:1] == b'"' and b"\\" not in begun:
        # Without escapes a string has one spelling.
        return begun == text if state == "done" else text.startswith(begun)
    return may_be(Reading(state, begun), written.value)


class _Judge:
    """Says of candidates at one step whether they may lead to a value, and to the one written.

    What a candidate adds to a string does not depend on what stands there: inside of strings it is
    remembered once for all places with the same containers around.
    """

    __slots__ = ("_at", "_is_inside", "_place", "_step", "_table", "_written")

    def __init__(self, step: Step, written: _Written) -> None:
        target, text, at = written.target, written.text, step.start - written.start
        self._step, self._written, self._at = step, written, at
        self._place: Place | None = None
        self._is_inside = at > 0 and written.is_plain and text[0] == _QUOTE and text[at - 1] < 0x80
        seen: Hashable = _QUOTE
        if not self._is_inside:
            self._place = place_before(step, target)
            seen = self._place.seen_from(target.path)
        self._table = written.memory.at((target.around, target.compact), seen)

    def __call__(self, candidate: Candidate) -> tuple[bool, bool]:
        """Whether it may lead to a value at all, and to the one written."""
        found = self._table.get(candidate[:2]) or self._read(candidate)
        state, text, is_plain = found
        if state in _SILENT:
            return _SILENT[state]
        written, at = self._written, self._at
        begun = written.text[:at] + text if self._is_inside else text
        if written.allows is not None and not written.allows(begun, done=state == "done"):
            return False, False
        if is_plain:
            return True, written.text.startswith(text, at)
        is_possible = kind_begun(begun) in written.kinds
        return is_possible, is_possible and _agrees(state, begun, written)

    def _read(self, candidate: Candidate) -> tuple[State, bytes, bool]:
        """State and text of a reading; inside of a string what it adds, and whether it is plain."""
        data, target = candidate.bytes, self._written.target
        if self._is_inside and PLAIN.fullmatch(data) and not is_control(candidate):
            return "partial", data, True  # any word of the vocabulary: not to be remembered
        place = self._place or place_before(self._step, target)
        reading = read(place, candidate, target)
        found = reading.state, reading.text[self._at * self._is_inside :], False
        if len(self._table) < MOST_ROWS:
            self._table[candidate[:2]] = found
        return found

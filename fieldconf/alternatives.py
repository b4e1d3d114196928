"""Alternatives: what the tokens that were not chosen would have meant.

In:    the approach of a value (tokens with their candidates, and the parser before each), and
       what is declared at its place.
Out:   a ``Distribution`` over the members of a finite domain, or the ``Choice`` made at each step
       of an open one.
Never: a candidate's text compared with a member's text. A candidate is fed to a fork of the parser,
       and what counts is the value it leads to: the quote inside the token, labels that share a
       beginning, escapes, ``": "`` against ``":"`` all follow.
Why:   "the first token's probability" is wrong for every one of those.

What is estimated is the *masked process*: decoding held to the schema, at temperature 1. At every
step its probability of a candidate is the candidate's mass over the mass of all candidates that
are still possible; steps multiply. Off-schema mass is outside of it, and reported. Mass that the
server did not list ("unseen") is bounded: ``low`` gives it to the others, ``high`` to the member.
"""

import itertools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from fieldconf.align import Step
from fieldconf.jsonparser import Event, JSONParser, decode
from fieldconf.paths import Path
from fieldconf.prefix import may_become
from fieldconf.schema import same
from fieldconf.spelling import is_control
from fieldconf.tokens import Candidate, Token


@dataclass(frozen=True, slots=True)
class Member:
    """One value of a finite domain: its probability, and bounds that hold it (all 0..1)."""

    value: Any
    probability: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """How probable each member of a finite domain was.

    Attributes:
        candidates: the members, most probable first; their probabilities sum to 1.
        off_schema: mass (0..1) of candidates that no member allows, outside of the probabilities.
        unseen: mass (0..1) that the server did not list.
        decided_at: index of the token at which the value was decided.
    """

    candidates: tuple[Member, ...]
    off_schema: float
    unseen: float
    decided_at: int

    def __getitem__(self, value: Any) -> Member:
        """The member with this JSON value."""
        for member in self.candidates:
            if same(member.value, value):
                return member
        raise KeyError(value)

    @property
    def margin(self) -> float:
        """Probability of the first member less that of the second (0..1)."""
        if len(self.candidates) < 2:
            return 1.0
        return self.candidates[0].probability - self.candidates[1].probability


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


# -- reading one candidate ----------------------------------------------------------------------


class Reading(NamedTuple):
    """Where a candidate leads: ``text`` is the JSON text of the value at the path, so far."""

    state: Literal["dead", "before", "partial", "open", "done"]
    text: bytes = b""


_IN_SCALAR = ("string", "number", "literal")
_IN_EARLIER = ("after", *_IN_SCALAR)
_DEAD = Reading("dead")
_BEFORE = Reading("before")


def read(step: Step, candidate: Candidate, path: Path) -> Reading:
    """Feed a candidate to a fork of the parser, and say what became of the value at ``path``."""
    fed = _feed(step, candidate, lambda event: event.path == path and event.type != "key")
    if fed is None:
        return _DEAD
    fork, events = fed
    for event in events:
        if event.path == path and event.type != "key":
            return Reading("open" if event.type == "open" else "done", event.raw)
    if fork.path == path:
        return Reading("partial", fork.text) if fork.text else _BEFORE
    return _BEFORE if _is_before(fork, path) else _DEAD


def _feed(
    step: Step, candidate: Candidate, is_target: Callable[[Event], bool]
) -> tuple[JSONParser, list[Event]] | None:
    """The parser after a candidate, and the events; None if it breaks JSON or an earlier value.

    What the chosen token wrote before the target is given: a candidate that would have written
    another item before it says nothing about the target.
    """
    data = candidate.bytes
    if not data or is_control(candidate):
        return None
    fork = step.parser.fork()
    events = fork.feed(data)
    if fork.error is not None or not _keeps(step, fork, events, is_target):
        return None
    return fork, events


def _keeps(
    step: Step, fork: JSONParser, events: Sequence[Event], is_target: Callable[[Event], bool]
) -> bool:
    """Whether a candidate agrees with the chosen token as far as that wrote before the target."""
    written = step.parser.fork().feed(step.written)
    earlier = list(itertools.takewhile(lambda event: not is_target(event), written))
    for one, other in zip(earlier, events, strict=False):
        if (one.type, one.path) != (other.type, other.path):
            return False
        if one.type == "scalar" and not same(decode(one.raw), decode(other.raw)):
            return False
    if len(events) >= len(earlier) or not fork.text:
        return True
    following = earlier[len(events)]
    return following.type in ("scalar", "key") and may_become(fork.text, decode(following.raw))


def _is_before(fork: JSONParser, path: Path) -> bool:
    """Whether the fork is in the container around, and the value at the path may still follow."""
    if not path:
        return False
    if fork.place in _IN_EARLIER:
        return fork.path[:-1] == path[:-1] and fork.path != path
    if fork.place != "key" or fork.path != path[:-1]:
        return False
    return not fork.text or may_become(fork.text, path[-1])


def may_be(reading: Reading, value: Any) -> bool:
    """Whether a reading can still end as this value."""
    if reading.state == "before":
        return True
    if reading.state == "done":
        return same(decode(reading.text), value) if reading.text not in (b"{", b"[") else False
    return reading.state == "partial" and may_become(reading.text, value)


# -- one step -----------------------------------------------------------------------------------


_LEAST = -700.0  # exp of it is still above zero: what was chosen had some probability
_BROKEN = "\ufffd".encode()


def _listed(step: Step, token: Token) -> tuple[list[Candidate], int]:
    """The candidates that can be read and the position of the chosen one, put in if missing.

    Where the token itself is listed in a disguise (its bytes are not what it wrote), so are its
    candidates, and none of them can be read. What cannot be read counts as not listed.
    """
    assert token.logprob is not None  # the callers look
    shown = step.written.decode("utf-8", "replace")
    chosen = Candidate(shown, step.written, max(token.logprob, _LEAST))
    is_plain = token.bytes == step.written
    candidates = [c for c in token.candidates if _is_readable(c)] if is_plain else []
    for position, candidate in enumerate(candidates):
        if candidate.bytes == step.written:
            candidates[position] = chosen
            return candidates, position
    return [*candidates, chosen], len(candidates)


def _is_readable(candidate: Candidate) -> bool:
    """Whether its bytes are known: not for parts of characters that were made text."""
    return _BROKEN not in candidate.bytes and (candidate.raw is not None or candidate.text != "")


def _unseen(candidates: Iterable[Candidate]) -> float:
    return max(0.0, 1.0 - math.fsum(math.exp(c.logprob) for c in candidates))


# -- finite domains -----------------------------------------------------------------------------

Outcomes = frozenset[int]
# None says nothing of the value yet: white space before it, the end of a key.
Classify = Callable[[Step, Candidate], Outcomes | None]


class _Fan(NamedTuple):
    """One step: what each candidate may lead to and its mass; the chosen one's position.

    ``silent`` are the positions of the candidates that say nothing of the value yet.
    """

    outcomes: list[Outcomes]
    masses: list[float]
    position: int
    silent: frozenset[int]
    possible: float
    off: float
    unseen: float

    def tells(self, chosen: Outcomes) -> bool:
        """Whether any candidate says something about the outcome."""
        return any(outcome and outcome != chosen for outcome in self.outcomes)

    def informative(self) -> "_Fan":
        """Without the silent candidates; if the chosen one is silent, it stands for all of them.

        What they lead to is decided later, and is taken to be decided as after the chosen one.
        """
        is_silent = self.position in self.silent
        quiet = math.fsum(self.masses[i] for i in self.silent)
        kept = [i for i in range(len(self.masses)) if i not in self.silent or i == self.position]
        masses = [quiet if i == self.position and is_silent else self.masses[i] for i in kept]
        possible = self.possible if is_silent else self.possible - quiet
        outcomes = [self.outcomes[i] for i in kept]
        position = kept.index(self.position)
        return self._replace(outcomes=outcomes, masses=masses, position=position, possible=possible)


def _fan(step: Step, token: Token, chosen: Outcomes, classify: Classify) -> _Fan:
    candidates, position = _listed(step, token)
    found = [classify(step, c) for c in candidates]
    outcomes = [chosen if o is None else o & chosen for o in found]
    silent = frozenset(i for i, o in enumerate(found) if o is None)
    masses = [math.exp(c.logprob) for c in candidates]
    possible = math.fsum(m for m, o in zip(masses, outcomes, strict=True) if o)
    off = max(0.0, math.fsum(masses) - possible)
    return _Fan(outcomes, masses, position, silent, possible, off, _unseen(candidates))


class _Tally:
    """Mass on its way to the outcomes, for one treatment of the unseen mass."""

    def __init__(self, size: int) -> None:
        self.alive = 1.0  # probability of the chosen path so far
        self.resolved = [0.0] * size
        self.shared: dict[Outcomes, float] = {}

    def add(self, outcomes: Outcomes, mass: float) -> None:
        """Give mass to a set of outcomes."""
        if len(outcomes) == 1:
            self.resolved[next(iter(outcomes))] += mass
        elif mass:
            self.shared[outcomes] = self.shared.get(outcomes, 0.0) + mass

    def spread(self, fan: _Fan, unlisted: Outcomes, hidden: float) -> None:
        """Give each candidate that was not chosen its share of the mass alive; keep the chosen's.

        ``hidden`` is how much of the unseen mass is taken to be on the outcomes ``unlisted``.
        """
        total = fan.possible + hidden
        for index, (outcome, mass) in enumerate(zip(fan.outcomes, fan.masses, strict=True)):
            if outcome and index != fan.position:
                self.add(outcome, self.alive * mass / total)
        if hidden:
            self.add(unlisted, self.alive * hidden / total)
        self.alive *= fan.masses[fan.position] / total


def distribute(
    steps: Sequence[tuple[Step, Token]], size: int, classify: Classify
) -> tuple[list[tuple[float, float, float]], float, float, int | None]:
    """Follow the chosen path until it has decided between ``size`` outcomes.

    Returns (probability, low, high) for each outcome, the off-schema and the unseen mass, and the
    index of the token that decided; None if no token did. The two masses are counted from the
    first token on that says something about the outcome; the bounds heed all of them.
    """
    estimate, bound = _Tally(size), _Tally(size)
    chosen, decided_at = frozenset(range(size)), None
    off_total, unseen_total, telling = 0.0, 0.0, 0.0
    for step, token in steps:
        fan = _fan(step, token, chosen, classify)
        if not fan.outcomes[fan.position]:
            break
        telling = telling or float(fan.tells(chosen) or size == 1)
        off_total += telling * fan.off
        unseen_total += telling * fan.unseen
        telling *= fan.masses[fan.position] / (fan.possible + fan.unseen)
        telling_fan = fan.informative()
        missing = chosen.difference(*telling_fan.outcomes)
        estimate.spread(telling_fan, missing, _hidden(telling_fan, len(missing)))
        bound.spread(fan, chosen, fan.unseen)
        chosen = fan.outcomes[fan.position]
        if len(chosen) == 1:
            decided_at = step.token
            break
    estimate.add(chosen, estimate.alive)
    bound.add(chosen, bound.alive)
    return _results(estimate, bound, size), min(1.0, off_total), min(1.0, unseen_total), decided_at


def _hidden(fan: _Fan, missing: int) -> float:
    """How much of the unseen mass the estimate takes to be on outcomes that nothing listed.

    None if every outcome was seen. Otherwise the unseen mass counts as valid as the seen; and
    where a list shows how fast the masses fall, a missing outcome has at most the least of them.
    """
    if not missing:
        return 0.0
    valid = fan.unseen * fan.possible / (fan.possible + fan.off)
    return min(valid, min(fan.masses) * missing) if len(fan.masses) > 1 else valid


def _results(estimate: _Tally, bound: _Tally, size: int) -> list[tuple[float, float, float]]:
    """Shared mass is split evenly among its sharers: nothing says that the chosen one has it."""
    final = list(estimate.resolved)
    for sharers, mass in estimate.shared.items():
        for i in sharers:
            final[i] += mass / len(sharers)
    total = math.fsum(final)
    results: list[tuple[float, float, float]] = []
    for i in range(size):
        low = bound.resolved[i]
        high = low + math.fsum(mass for sharers, mass in bound.shared.items() if i in sharers)
        probability = final[i] / total if total else 1 / size
        results.append((min(1.0, max(probability, low)), low, min(1.0, max(high, probability))))
    return results


class Domain:
    """A finite domain: its members, and what each beginning may become, looked up once.

    Args:
        members: the values, all different as JSON values.
    """

    def __init__(self, members: Sequence[Any]) -> None:
        self.members = tuple(members)
        self._known: dict[Reading, Outcomes] = {}

    def outcomes(self, reading: Reading) -> Outcomes:
        """The indexes of the members that a reading can still end as."""
        if reading not in self._known:
            self._known[reading] = frozenset(
                i for i, member in enumerate(self.members) if may_be(reading, member)
            )
        return self._known[reading]


def distribution(
    steps: Sequence[tuple[Step, Token]], path: Path, domain: Domain
) -> Distribution | None:
    """The distribution over the members of a finite domain at ``path``; None if undecided."""

    def classify(step: Step, candidate: Candidate) -> Outcomes | None:
        reading = read(step, candidate, path)
        outcomes = domain.outcomes(reading)
        is_silent = reading.state == "before" or reading.text == b'"'
        return None if is_silent and len(outcomes) == len(domain.members) else outcomes

    members = domain.members
    results, off, unseen, decided_at = distribute(steps, len(members), classify)
    if decided_at is None:
        return None
    candidates = [Member(v, *r) for v, r in zip(members, results, strict=True)]
    candidates.sort(key=lambda member: -member.probability)
    return Distribution(tuple(candidates), off, unseen, decided_at)


def null_or_value(
    steps: Sequence[tuple[Step, Token]], path: Path, kinds: frozenset[str]
) -> tuple[Member, Member] | None:
    """Null against every value of the other kinds: (null, a value); None if undecided."""

    def classify(step: Step, candidate: Candidate) -> Outcomes | None:
        reading = read(step, candidate, path)
        kind = _kind(reading)
        if reading.state == "dead" or kind not in kinds | {"", "null"}:
            return _NEITHER
        if reading.state == "before":
            return None
        return _FIRST if kind == "null" else _SECOND

    return _decide_two(steps, classify)


def end_or_more(
    steps: Sequence[tuple[Step, Token]], path: Path, count: int
) -> tuple[Member, Member] | None:
    """Whether the array at ``path`` ends after ``count`` items: (it ends, it goes on); or None."""
    following = (*path, count)

    def classify(step: Step, candidate: Candidate) -> Outcomes | None:
        return _end_or_more(step, candidate, path, following)

    return _decide_two(steps, classify)


_NEITHER, _FIRST, _SECOND, _EITHER = (frozenset(s) for s in ((), (0,), (1,), (0, 1)))


def _decide_two(
    steps: Sequence[tuple[Step, Token]], classify: Classify
) -> tuple[Member, Member] | None:
    results, *_, decided_at = distribute(steps, 2, classify)
    if decided_at is None:
        return None
    yes, no = (Member(a, *result) for a, result in zip((True, False), results, strict=True))
    return yes, no


def _end_or_more(step: Step, candidate: Candidate, path: Path, following: Path) -> Outcomes | None:
    def is_target(event: Event) -> bool:
        return event.path[: len(following)] == following or event.path == path

    fed = _feed(step, candidate, is_target)
    if fed is None:
        return _NEITHER
    fork, events = fed
    if any(event.path[: len(following)] == following for event in events):
        return _SECOND  # it may end in the same token, but after one item more
    if any(event.type == "close" and event.path == path for event in events):
        return _FIRST
    if fork.path == following and fork.place == "value" and fork.may_close:
        return _EITHER  # "[" of an array that may still be empty
    if fork.path[: len(following)] == following:
        return _SECOND
    is_between = fork.place in _IN_EARLIER and fork.path[:-1] == path
    return None if is_between else _NEITHER


# -- open domains -------------------------------------------------------------------------------

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
    candidates, position = _listed(step, token)
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
    return Choice(step.token, agreeing, possible, off, _unseen(candidates))


def _judge(step: Step, candidate: Candidate, written: _Written) -> tuple[bool, bool]:
    """Whether a candidate may lead to a value at all, and to the one written."""
    data, at = candidate.bytes, step.parser.offset - written.start
    is_inside = step.parser.place == "string" and at > 0 and written.text[at - 1] < 0x80
    if is_inside and b"\\" not in written.text and _PLAIN.fullmatch(data):
        return not is_control(candidate), written.text.startswith(data, at)
    reading = read(step, candidate, written.path)
    if reading.state == "dead" or _kind(reading) not in written.kinds | {""}:
        return False, False
    return True, may_be(reading, written.value)


_KIND_OF_FIRST = {'"': "string", "t": "boolean", "f": "boolean", "n": "null", "{": "object",
                  "[": "array", "-": "number"} | dict.fromkeys("0123456789", "number")  # fmt: skip


def _kind(reading: Reading) -> str:
    """The JSON kind that a reading has begun; "" for none yet."""
    return _KIND_OF_FIRST[chr(reading.text[0])] if reading.text else ""

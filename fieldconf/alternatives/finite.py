"""Finite domains: a distribution over their members.

In:    the approach of a value, and what each candidate may become.
Out:   for each member its probability and bounds; what fits no member, and what was not listed.
Never: a probability outside of its bounds.
Why:   a boolean, an enum, null against a value, the end of a list are one and the same question:
       which of a few outcomes would decoding held to the schema have reached?
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fieldconf.align import Step
from fieldconf.alternatives.reading import (
    IN_EARLIER,
    Reading,
    feed,
    listed,
    may_be,
    read,
    unseen_mass,
)
from fieldconf.grammar import kind_begun
from fieldconf.jsonparser import Event
from fieldconf.paths import Path
from fieldconf.schema import same
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
        outcomes = [self.outcomes[i] for i in kept]
        possible = math.fsum(m for m, o in zip(masses, outcomes, strict=True) if o)
        position = kept.index(self.position)
        return self._replace(outcomes=outcomes, masses=masses, position=position, possible=possible)


def _fan(step: Step, token: Token, chosen: Outcomes, classify: Classify) -> _Fan:
    candidates, position = listed(step, token)
    found = [classify(step, c) for c in candidates]
    outcomes = [chosen if o is None else o & chosen for o in found]
    silent = frozenset(i for i, o in enumerate(found) if o is None)
    masses = [math.exp(c.logprob) for c in candidates]
    possible = math.fsum(m for m, o in zip(masses, outcomes, strict=True) if o)
    off = max(0.0, math.fsum(masses) - possible)
    return _Fan(outcomes, masses, position, silent, possible, off, unseen_mass(candidates))


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
        kind = kind_begun(reading.text)
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

    fed = feed(step, candidate, is_target)
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
    is_between = fork.place in IN_EARLIER and fork.path[:-1] == path
    return None if is_between else _NEITHER

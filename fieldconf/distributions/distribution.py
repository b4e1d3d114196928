"""Distribution: the probability of each member of a finite domain, or of an open value's rivals.

In:    a tree that has decided, and the values of its outcomes.
Out:   ``Distribution``: for each member its probability and bounds; the mass that fits no member,
       the mass that was not listed, and the likeliest alternatives.
Never: a probability outside of its bounds.
Why:   the user gets a frozen value without parsers or trees.
"""

import json
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from fieldconf import formulas
from fieldconf.distributions.outcome_tree import OutcomeTree
from fieldconf.page import notebook
from fieldconf.parsing.kinds import kind_of, same
from fieldconf.tokens.token import unchecked


class Member(NamedTuple):
    """One value of a finite domain: its probability, and bounds that hold it.

    Attributes:
        value: the JSON value.
        probability: from 0 to 1.
        low, high: bounds of the probability (0..1).
    """

    value: Any
    probability: float
    low: float
    high: float


class Rival(NamedTuple):
    """An alternative to what was written.

    Attributes:
        text: its text, or the beginning of it.
        probability: its mass, from 0 to 1.
    """

    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """How probable each value was: all members of a finite domain, or some of an open one.

    Attributes:
        candidates: the values, most probable first; of a finite domain all, and their probabilities
            sum to 1; of an open one the value written, null where it is allowed, and the likeliest
            others that are known to their end.
        off_schema: mass (0..1) of candidates that no member allows, outside of the probabilities.
        unseen: mass (0..1) that the server did not list.
        decided_at: index of the token at which the value was decided.
        other: the likeliest beginnings that no member allows, where the value was being decided.
        calls: how many next-token distributions were requested to settle it.
        rest: of an open domain: the probability (0..1) of all values that are not candidates. None
            for a finite one.
        beginnings: of an open domain: the likeliest beginnings of other values that are known no
            further (JSON text), with their probabilities, which are a part of ``rest``.
        unnormalised: of bare labels (``LabelSet``): the members in the same order, each with the
            joint mass (0..1) of the tokens that decide for it, and bounds, before what the labels
            do not allow was taken out; these do not sum to 1. Empty elsewhere, and once settled.
    """

    candidates: tuple[Member, ...]
    off_schema: float
    unseen: float
    decided_at: int
    other: tuple[Rival, ...] = ()
    calls: int = 0
    rest: float | None = None
    beginnings: tuple[Rival, ...] = ()
    unnormalised: tuple[Member, ...] = ()

    def __getitem__(self, value: Any) -> Member:
        """The candidate with this JSON value.

        Raises:
            KeyError: if there is none.
        """
        for member in self.candidates:
            if same(member.value, value):
                return member
        raise KeyError(value)

    def __iter__(self) -> Iterator[Member]:
        """The candidates, the most probable first."""
        return iter(self.candidates)

    def __len__(self) -> int:
        return len(self.candidates)

    def _repr_html_(self) -> str:
        return notebook.distribution_table(
            self.candidates, rest=self.rest, off_schema=self.off_schema, unseen=self.unseen
        )

    @property
    def probabilities(self) -> dict[Any, float]:
        """The probability (0..1) of each candidate, by its value, the most probable first.

        A value that is no key of its own in Python (a list; 1 beside true) stands as its JSON text.

        >>> members = Member("spam", 0.8, 0.8, 0.8), Member("ham", 0.2, 0.2, 0.2)
        >>> Distribution(members, 0.0, 0.0, 0).probabilities
        {'spam': 0.8, 'ham': 0.2}
        """
        probabilities: dict[Any, float] = {}
        for member in self.candidates:
            is_key = isinstance(member.value, Hashable) and member.value not in probabilities
            key = member.value if is_key else json.dumps(member.value, default=str)
            probabilities[key] = member.probability
        return probabilities

    @property
    def margin(self) -> float:
        """The largest probability less the second largest (0..1).

        Of an open domain a beginning that is known no further counts like a value. Where nothing
        else is known, all of ``rest`` does.
        """
        probabilities = [member.probability for member in self.candidates]
        probabilities += [rival.probability for rival in self.beginnings]
        if len(probabilities) < 2:
            probabilities.append(self.rest or 0.0)
        first, second = sorted(probabilities, reverse=True)[:2]
        return first - second

    @property
    def entropy(self) -> float:
        """Shannon entropy of the probabilities in nats: 0 if one value has all.

        Of an open domain ``rest`` counts as one value: the true entropy is as large or larger.

        >>> even = (Member(True, 0.5, 0.5, 0.5), Member(False, 0.5, 0.5, 0.5))
        >>> round(Distribution(even, 0.0, 0.0, 0).entropy, 6)
        0.693147
        """
        return formulas.entropy([*(m.probability for m in self.candidates), self.rest or 0.0])

    @property
    def moments(self) -> tuple[float | None, float | None]:
        """Mean and standard deviation of a finite domain of numbers; else (None, None)."""
        if self.rest is not None or any(
            kind_of(member.value) != "number" for member in self.candidates
        ):
            return None, None
        return formulas.expectation((float(m.value), m.probability) for m in self.candidates)


def distribution(tree: OutcomeTree, values: Sequence[Any]) -> Distribution | None:
    """The distribution over these values, one for each outcome; None without a decision."""
    if tree.decided_at is None:
        return None
    members = [_member((v, *r)) for v, r in zip(values, tree.results(), strict=True)]
    members.sort(key=_probability, reverse=True)
    others = likeliest(tree.others.items()) if tree.others else ()
    return Distribution(tuple(members), tree.off, tree.unseen, tree.decided_at, others, tree.calls)


_probability = attrgetter("probability")
_member, _rival = unchecked(Member), unchecked(Rival)


MOST_RIVALS = 3
"""So many rivals of a token are kept, the likeliest."""


def likeliest(masses: Iterable[tuple[Any, float]]) -> tuple[Rival, ...]:
    """The ``MOST_RIVALS`` texts with the most mass, the likeliest first."""
    pairs = [pair for pair in masses if pair[1]]
    if len(pairs) > 1:
        pairs.sort(key=_mass, reverse=True)
        del pairs[MOST_RIVALS:]
    return tuple(map(_rival, pairs))


_mass = itemgetter(1)

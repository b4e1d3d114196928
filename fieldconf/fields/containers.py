"""Containers: the state of an object or a list while it is open.

In:    its schema node, its keys or items as they begin, and the tree of each decision in it.
Out:   the question of each decision; what may follow a value in it; its presence, stops and arms
       once it closes.
Never: a token or a candidate; a cost that grows with what the container already holds.
Why:   whether a list ends, an optional key is left out or an arm of a union is taken is decided
       between values, so no value's own tokens show it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fieldconf.distributions.cache import CandidateCache
from fieldconf.distributions.context import OpenLevel
from fieldconf.distributions.distribution import (
    Distribution,
    Member,
    distribution,
)
from fieldconf.distributions.explanation import Explanation
from fieldconf.distributions.outcome_tree import OutcomeTree
from fieldconf.distributions.questions import EndQuestion, KeyQuestion
from fieldconf.fields.decisive_step import NOTHING, LeafSummary, summed_up
from fieldconf.fields.token_sums import DecisionSteps
from fieldconf.parsing.parser import Event
from fieldconf.paths import Path
from fieldconf.schema import Declared, SchemaNode, UnionVariant
from fieldconf.tokens.token import Layout

MOST_OPTIONAL = 64
"""Objects with more optional properties than this have no ``presence``: each costs at each key."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A decision to end a list (the member True is: it ends) and what decided it."""

    ends: Member
    ended: bool
    why: Explanation | None = None

    @property
    def member(self) -> Member:
        """What was decided, with its probability."""
        ends = self.ends
        if self.ended:
            return ends
        return Member(
            value=False, probability=1 - ends.probability, low=1 - ends.high, high=1 - ends.low
        )


_SURE = (1.0, 1.0, 1.0)


class OpenContainer:
    """An open object or list.

    Args:
        path: where it is.
        place: what is declared there; what is written inside may narrow it to some of its cases.
        is_list: whether it is a list.
        up: what stands around it.
        layout: what the server's grammar forbids beyond the schema.
        cache: what candidates meant in earlier answers to this schema.
        before: what stands before the next value in it, see ``ValueSite``.
    """

    def __init__(  # all that is known of it
        self, path: Path, place: SchemaNode, *, is_list: bool, up: OpenLevel | None, layout: Layout,
        cache: CandidateCache, before: Event | None = None,
    ) -> None:  # fmt: skip
        self.path, self.is_list, self.count = path, is_list, 0
        self._cache, self._filled, self.before = cache, 0, before
        self._level: OpenLevel | None = None  # as long as nothing is added
        self._items = NOTHING  # of a list
        self._values: dict[str | int, LeafSummary] = {}  # of an object, by key
        self.stops: list[Stop | None] = []
        self.first: Member | None = None  # of a list that might be something else: that it began so
        # What led to its opening bracket, and where what stands before that ends.
        self.opening: Callable[[], DecisionSteps] | None = None
        self.edge = 0
        self.kinds: Distribution | None = None  # which JSON kind it is, if it might be another
        self.variants: Distribution | None = None
        self._up, self._layout = up, layout
        self._whole = place
        self._keys: dict[str, int] = {}  # in the order in which they came; only grows
        # Of keys: (probability, low, high) that it comes where it was written; and of others, that
        # it did not come at any place so far.
        self._written: dict[str, tuple[float, float, float]] = {}
        self._passed: dict[str, tuple[float, float, float]] = {}
        self._has_presence = not is_list and len(place.declared.keys) <= MOST_OPTIONAL
        self._adopt(place)

    # -- what it holds --------------------------------------------------------------------------

    def _adopt(self, place: SchemaNode) -> None:
        """Go on with this place. It costs what the object holds, but an object has few arms."""
        self.place, self._declared, self._level = place, place.declared, None
        keys = self._declared.keys
        self._position = {name: position for position, name in enumerate(keys)}
        written = [self._position[name] for name in self._keys if name in self._position]
        self._missing = len(self._declared.required_keys - self._keys.keys())
        self._left = len(keys) - len(written)
        required = self._declared.required_keys
        self._optional = [name for name in keys if name not in required]
        self._last = written[-1] if written else -1  # position of the last one that was written

    def add(self, name: str | int) -> None:
        """Take note that a value began under this key or index."""
        self.count += 1
        self._level = None
        if not isinstance(name, str) or name in self._keys:
            return
        self._keys[name] = len(self._keys)
        if name in self._whole.declared.keys:
            self._filled = self._cache.number((self._filled, name))
        self._missing -= name in self._declared.required_keys
        if name in self._position:
            self._left -= 1
            self._last = self._position[name]
        self._narrow(self.place.with_key(name))

    def learn(self, name: str | int, text: bytes) -> None:
        """Take note of what stands under a key or index: its text, of a container "{" or "["."""
        self._narrow(self.place.with_value(name, text))

    def _narrow(self, place: SchemaNode) -> None:
        if place is not self.place:
            self._adopt(place)

    @property
    def declared(self) -> Declared:
        """What is declared of it, as far as its keys and values decide between arms."""
        return self._declared

    def sum_up(self, name: str | int, summary: LeafSummary) -> None:
        """Take note of what a value inside tells; of a key that comes twice the last one counts."""
        if self.is_list:
            self._items = self._items.joined(summary, is_required=True)
        else:
            self._values[name] = summary

    @property
    def summary(self) -> LeafSummary:
        """What is known of the values inside."""
        return self._items if self.is_list else summed_up(self._declared, self._values.items())

    @property
    def _may_end(self) -> bool:
        """Whether nothing that is required is missing in this object."""
        arms = self._declared.variants
        return self._missing == 0 and (
            not arms or any(arm.required <= self._keys.keys() for arm in arms)
        )

    @property
    def level(self) -> OpenLevel:
        """What may stand behind the value that began last."""
        if self._level is None:
            self._level = self._make_level()
        return self._level

    def _make_level(self) -> OpenLevel:
        declared, up = self._declared, self._up
        around = up.number if up else 0
        if self.is_list:
            may_end = self.count >= declared.min_items
            may_go_on = declared.max_items is None or self.count < declared.max_items
            number = self._cache.number((around, self.place, "[", may_end, may_go_on))
            return OpenLevel(self.path, may_end, may_go_on, None, up, number=number)
        number = self._cache.number((around, self.place, "{", self._filled))
        if declared.more_keys:
            return OpenLevel(self.path, self._may_end, may_go_on=True, up=up, number=number)
        names = self._possible_names() if self._layout.ordered else declared.keys
        may_go_on = self._left > 0 and bool(names)
        count = len(self._keys)
        return OpenLevel(self.path, self._may_end, may_go_on, names, up, self._keys, count, number)

    def with_opening(self, decision_steps: DecisionSteps) -> DecisionSteps:
        """What led to what comes next; where nothing came yet, with what led to its bracket.

        ``":[`` against ``":[]``: whether it is empty may be decided before it begins.
        """
        steps = decision_steps.steps
        if self.count or decision_steps.has_gap or not steps or self.opening is None:
            return decision_steps
        if steps[0].start <= self.edge:  # the same token ended what stands before the bracket
            return decision_steps
        first, opening = steps[0].piece, self.opening()
        return DecisionSteps(
            [*(step for step in opening.steps if step.piece < first), *steps],
            has_gap=opening.has_gap,
        )

    # -- the end of a list ----------------------------------------------------------------------

    def end_question(self) -> EndQuestion | bool:
        """Whether the list ends after the items so far; if the schema says it, whether it must."""
        declared = self._declared
        if self.count < declared.min_items:
            return False
        if declared.max_items is not None and self.count >= declared.max_items:
            return True
        return self._end_question(None)

    def list_question(self) -> EndQuestion | None:
        """Whether it is a list at all, and empty; None where nothing else may stand there."""
        return None if self.kinds is None else self._end_question(self._declared)

    def _end_question(self, declared: Declared | None) -> EndQuestion:
        item = self.place.inside(self.count)
        return EndQuestion(
            self.path, self.count, self._up, item.declared.allows, item, self._cache,
            compact=self._layout.compact, before=self.before, declared=declared,
        )  # fmt: skip

    # -- the keys of an object ------------------------------------------------------------------

    def key_question(self, key: Event | None) -> KeyQuestion | None:
        """Which key comes next, if an optional one may; None where nothing is to be asked.

        ``key`` is the one that was written, None at the end.
        """
        declared = self._declared
        if not self._has_presence or self._left == 0 or not self._optional:
            return None
        names = self._possible_names()
        if len(names) + self._may_end + declared.more_keys < 2:
            return None
        return KeyQuestion(
            self.path, names, self._keys, len(self._keys), self._up, self.level.number,
            self._cache, may_end=self._may_end, may_be_other=declared.more_keys,
            compact=self._layout.compact, plain=self._layout.plain, before=self.before, key=key,
        )  # fmt: skip

    def _possible_names(self) -> tuple[str, ...]:
        declared = self._declared
        if not self._layout.ordered:
            return tuple(name for name in declared.keys if name not in self._keys)
        names: list[str] = []
        for name in declared.keys[self._last + 1 :]:
            names.append(name)
            if name in declared.required_keys:
                break
        return tuple(names)

    def decide(self, question: KeyQuestion, tree: OutcomeTree | None, written: str | None) -> None:
        """Take note of what the alternatives said where a key was written (None: the end)."""
        if tree is None or tree.decided_at is None:
            self._has_presence = False
            return
        results = tree.results()
        required = self._declared.required_keys
        for name, (probability, low, high) in zip(question.names, results, strict=False):
            if name == written:
                self._written[name] = probability, low, high
            elif name not in required:
                passed = self._passed.get(name, _SURE)
                self._passed[name] = (
                    passed[0] * (1 - probability), passed[1] * (1 - high), passed[2] * (1 - low),
                )  # fmt: skip
        count = len(self._arms)
        is_telling = written is not None and len(self._whole.variants_with(written)) < count
        if self.variants is None and is_telling:
            names_and_results = zip(question.names, results, strict=False)
            sets = [
                (self._whole.variants_with(name), Member(name, *r)) for name, r in names_and_results
            ]
            self._split(sets, tree)

    @property
    def presence(self) -> Mapping[str, Member]:
        """Of each optional key: whether it was written, and the probability that it is."""
        if self.is_list or not self._has_presence:
            return {}
        presence: dict[str, Member] = {}
        for name in self._optional:
            if name in self._written:
                presence[name] = Member(True, *self._written[name])  # noqa: FBT003  # a value
            elif name in self._passed and name not in self._keys:
                passed, low, high = self._passed[name]
                presence[name] = Member(False, 1 - passed, 1 - high, 1 - low)  # noqa: FBT003
        return presence

    # -- the arms of a union --------------------------------------------------------------------

    def discriminate(self, name: str | int, tree: OutcomeTree, members: Sequence[Any]) -> None:
        """Take note of a finite value that tells the arms of a union apart, if it does."""
        if self.variants is not None or len(self._arms) < 2:
            return
        still = frozenset(self.place.cases)
        left = frozenset(i for i, case in enumerate(self._whole.object_cases) if case in still)
        arms = self._whole.variants_of(name, members)
        triples = zip(arms, members, tree.results(), strict=True)
        self._split([(own & left, Member(value, *r)) for own, value, r in triples], tree)

    @property
    def _arms(self) -> tuple[UnionVariant, ...]:
        return self._whole.declared.variants

    def _split(self, sets: Sequence[tuple[frozenset[int], Member]], tree: OutcomeTree) -> None:
        """The arms, if these members tell them apart; what several arms share is split evenly."""
        if len({arms for arms, _ in sets}) < 2 or any(not arms for arms, _ in sets):
            return
        base = distribution(tree, range(tree.size))
        assert base is not None  # the callers look
        shares: dict[int, list[tuple[int, Member]]] = {}  # of an arm: with how many it shares each
        for arms, member in sets:
            for index in arms:
                shares.setdefault(index, []).append((len(arms), member))
        members: list[Member] = []
        for index, arm in enumerate(self._arms):
            own = shares.get(index, [])
            probability = sum(m.probability / count for count, m in own)
            low = sum(m.low for count, m in own if count == 1)
            members.append(
                Member(arm.name, probability, low, min(1.0, sum(m.high for _, m in own)))
            )
        members.sort(key=lambda member: -member.probability)
        self.variants = replace(base, candidates=tuple(members))

"""Fields: from an aligned value to a scored ``Field``, by kind.

In:    values as they close, with the tokens that touch them and their approach.
Out:   ``Field`` values; ``docs/numbers.md`` has the table of which kind gets which formula.
Never: a number where a touching token has none: then the reason names that token.
Why:   what a confidence means depends on the kind of value, and that is decided in one place.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from fieldconf import formulas
from fieldconf.distributions.cache import CandidateCache
from fieldconf.distributions.continuation import ValueSite, may_be_plainly
from fieldconf.distributions.distribution import (
    Distribution,
    Member,
    distribution,
)
from fieldconf.distributions.explanation import Explanation, why_outcome, why_token
from fieldconf.distributions.label_matching import Match
from fieldconf.distributions.label_matching import domain as make_domain
from fieldconf.distributions.open_values import OpenValueStep, least_sure
from fieldconf.distributions.outcome_tree import OutcomeTree
from fieldconf.distributions.questions import (
    Domain,
    KeyQuestion,
    KindQuestion,
    MemberQuestion,
    OutcomeQuestion,
    grow,
)
from fieldconf.distributions.tree_store import TreeStore
from fieldconf.distributions.value_questions import (
    ValueQuestion,
    open_distribution,
)
from fieldconf.fields.containers import OpenContainer, Stop
from fieldconf.fields.decisive_step import NOTHING, summary_of
from fieldconf.fields.field import Field
from fieldconf.fields.readings import Basis
from fieldconf.fields.token_sums import Evidence
from fieldconf.parsing.kinds import kind_of
from fieldconf.parsing.parser import Event
from fieldconf.paths import Path, pointer
from fieldconf.schema import Declared, Schema, SchemaNode
from fieldconf.tokens.alignment import Aligned
from fieldconf.tokens.token import Layout, Token

FREE_TEXT_CHARACTERS = 40
"""A longer string that looks like prose is free text: its confidence is per token."""

LONGEST_JOINT = 400
"""A longer value (bytes of its JSON text) has its confidence per token, whatever it looks like."""

FEW_VALID = 0.1
"""Where less than this part of the listed mass keeps to the schema, the schema fights the model."""

_SHIFTED = "nothing of that can stand there: it may be a neighbouring token's list"
_UNREADABLE = "the tokens around it could not be read as its alternatives"


@dataclass(slots=True)
class _ScoredValue:
    """The score of one value; its parts are set one after the other."""

    confidence: float | None = None
    low: float | None = None
    high: float | None = None
    basis: Basis = "none"
    distribution: Distribution | None = None
    min_step: OpenValueStep | None = None
    reason: str = ""
    why: Explanation | None = None
    variants: Distribution | None = None
    valid: float = 1.0  # the least part of the listed mass that kept to the schema


class FieldScorer:
    """Scores aligned values as fields. A container closes after its values, so it can sum them up.

    Args:
        schema: the schema of the answer.
        evidence: the token sums; it has to learn a piece before a value in it is scored.
        layout: what the server's grammar forbids beyond the schema.
        store: the store of the trees.
        match: how labels are matched with the members of an enum.
    """

    def __init__(
        self,
        schema: Schema,
        evidence: Evidence,
        *,
        layout: Layout | None = None,
        store: TreeStore | None = None,
        match: Match = "exact",
    ) -> None:
        self._match: Match = match
        self._schema = schema
        self._evidence = evidence
        self._layout = layout or Layout()
        self._store = store or TreeStore(keeps=False)
        self._open: list[OpenContainer] = []  # by depth
        self._key: Event | None = None  # the last one
        self._cache = cache_of(schema, self._layout, match)

    def name(self, item: Aligned) -> None:
        """Take note of a key."""
        path = item.event.path
        self._key = item.event
        self._ask_key(self._open[len(path) - 1], item, str(path[-1]))

    def begin(self, item: Aligned) -> None:
        """Take note that a value began (``open``) or closed (``scalar``) inside its parent."""
        path = item.event.path
        parent = self._parent(path)
        if parent is not None:
            if parent.is_list:
                parent.stops.append(self._stop(parent, item, ended=False))
            parent.add(path[-1])
        if item.event.type != "open":
            return
        place = self._place(path)
        container = OpenContainer(
            path, place, is_list=item.event.raw == b"[", layout=self._layout,
            up=parent.level if parent else None, cache=self._cache,
            before=None if parent is None or parent.is_list else self._key,
        )  # fmt: skip
        container.opening, container.edge = partial(self._evidence.steps, item), item.edge
        tree = self._kind_tree(item, place.declared, self._target(item))
        self._open.append(container)
        container.kinds = tree and distribution(tree, sorted(place.declared.possible_kinds))
        if parent is not None:
            parent.learn(path[-1], item.event.raw)

    def make(self, item: Aligned, value: Any, *, is_again: bool) -> Field:
        """The field of a value that closed."""
        event, kind = item.event, kind_of(value)
        logprob, reason = self._evidence.total(item)
        container = self._open[-1] if event.type == "close" else None
        declared = container.declared if container else self._place(event.path).declared
        scored = self._judge(item, value, kind, reason, declared)
        if scored.reason == _UNREADABLE:
            scored.reason = self._evidence.doubt_reason(item) or _UNREADABLE
        own_distribution = scored.distribution
        expected, std = own_distribution.moments if own_distribution else (None, None)
        field = Field(
            path=event.path, value=value, kind=kind, logprob=logprob,  # pyright: ignore[reportArgumentType]  # kind_of gives a Kind
            confidence=scored.confidence, low=scored.low, high=scored.high, basis=scored.basis,
            distribution=own_distribution, expected=expected, std=std, variants=scored.variants,
            presence=container.presence if container else {},
            end_probabilities=tuple(s.ends for s in container.stops if s) if container else (),
            min_step=scored.min_step, why=scored.why,
            flags=self._flags(item, value, declared, is_again=is_again, valid=scored.valid),
            reason=scored.reason, start=event.start, stop=event.stop, declared=declared,
            indexes=self._evidence.indexes(item), source=self._evidence.tokens,  # pyright: ignore[reportArgumentType]
        )  # fmt: skip
        self._tell_parent(field, event)
        return field

    # -- the formulas, by kind ----------------------------------------------------------------

    def _judge(
        self, item: Aligned, value: Any, kind: str, reason: str, declared: Declared
    ) -> _ScoredValue:
        if kind == "object":
            return self._object(item, value, reason)
        if kind == "array":
            return self._list(item, reason)
        if reason:
            return self._bounded(item, value, kind, reason, declared)
        return self._scalar(item, value, kind, declared)

    def _scalar(self, item: Aligned, value: Any, kind: str, declared: Declared) -> _ScoredValue:
        target = self._target(item)
        basis = declared.conf.basis if declared.conf else None
        domain = self._domain(declared, kind)
        outcome = None if domain is None else domain.index(value)
        if domain is not None and outcome is not None:
            scored = self._finite(item, target, domain, outcome, may_not_fit=_may_not_fit(declared))
            if declared.may_be_null and value is not None:
                scored.distribution = _without_unseen_null(scored.distribution)
            if basis not in ("geometric_mean", "joint"):
                return scored
            joint = self._open_value(item, value, declared, target, basis)
            joint.distribution = scored.distribution
            return joint
        return self._open_value(item, value, declared, target, basis)

    def _open_value(
        self, item: Aligned, value: Any, declared: Declared, target: ValueSite, basis: str | None
    ) -> _ScoredValue:
        """The score of an open value, by the question whether it is exactly this value."""
        size = len(item.event.raw)
        is_free = basis == "geometric_mean" or (
            basis != "joint" and (size > LONGEST_JOINT or _is_prose(value, declared))
        )
        if is_free:
            return self._free_text(item, value, declared, target)
        tree, question = self._value_tree(item, value, declared, target)
        if tree is None:
            return _ScoredValue(reason=_UNREADABLE)
        basis_name: Basis = "joint" if value is not None else "null_or_value"
        scored = _of_outcome(tree, 0, basis_name, self._evidence.tokens)
        scored.distribution = open_distribution(tree, question)
        scored.variants, scored.min_step = _arms(tree, question, declared), least_sure(tree)
        return scored

    def _value_tree(
        self, item: Aligned, value: Any, declared: Declared, target: ValueSite, *,
        is_free: bool = False,
    ) -> tuple[OutcomeTree | None, ValueQuestion]:  # fmt: skip
        """The tree of an open value, if the tokens that touch it can be read; and its question.

        That of a free text is not settled. That of a long one ends with its first token.
        """
        question = ValueQuestion(target, value, declared, self._cache)
        steps = self._evidence.steps(item).steps
        if sum(item.first <= step.piece < item.last for step in steps) < item.last - item.first:
            return None, question
        until = item.first if len(item.event.raw) > LONGEST_JOINT else None
        tree = self._grow(question, item, is_stored=not is_free, until=until)
        if tree is not None and tree.is_broken:
            question = ValueQuestion(_followed_by_anything(target), value, declared, self._cache)
            tree = self._grow(question, item, is_stored=not is_free, until=until)
        return (None if tree is None or tree.is_broken else tree), question

    def _finite(
        self, item: Aligned, target: ValueSite, domain: Domain, outcome: int, *,
        may_not_fit: bool,
    ) -> _ScoredValue:  # fmt: skip
        path = item.event.path
        tree = self._grow(MemberQuestion(target, domain, self._cache), item)
        if tree is None or tree.decided_at is None:
            anything = _followed_by_anything(target)
            tree = self._grow(MemberQuestion(anything, domain, self._cache), item)
        scored = _of_outcome(tree, outcome, "distribution", self._evidence.tokens)
        if tree is None or scored.reason:
            return scored
        parent = self._parent(path)
        if parent is not None:
            parent.discriminate(path[-1], tree, domain.members)
        scored.distribution = distribution(tree, domain.members)
        if may_not_fit:
            _weigh_off(scored, tree)
        return scored

    def _bounded(
        self, item: Aligned, value: Any, kind: str, reason: str, declared: Declared
    ) -> _ScoredValue:
        """Bounds of a member of which a token was sampled outside of what the server listed."""
        domain = self._domain(declared, kind)
        outcome = None if domain is None else domain.index(value)
        steps = self._evidence.bounded_steps(item)
        if domain is None or outcome is None or not steps:
            return _ScoredValue(reason=reason)
        question = MemberQuestion(self._target(item), domain, self._cache)
        tree = grow(question, steps, self._evidence.bounded_candidates)
        if tree is None or tree.decided_at is None:
            return _ScoredValue(reason=reason)
        _, low, high = tree.results()[outcome]
        if high < 1:
            scored = _ScoredValue(low=low, high=high, reason=reason)
            if _may_not_fit(declared):
                _weigh_off(scored, tree)
            return scored
        return _ScoredValue(reason=f"{reason}; {_SHIFTED}")

    def _domain(self, declared: Declared, kind: str) -> Domain | None:
        """The members to tell apart; a boolean has two even where nothing was declared."""
        members = declared.members
        if members is None and kind == "boolean" and declared.is_anything:
            members = (True, False)
        if members is None:
            return None
        every = (*members, None) if declared.may_be_null else members

        def domain(_: Hashable) -> Domain:
            is_plain = self._layout.plain and self._match == "exact"
            return Domain(every, may_be_plainly) if is_plain else make_domain(every, self._match)

        return self._cache.of(declared, (Domain, kind == "boolean"), domain)

    def _free_text(
        self, item: Aligned, value: Any, declared: Declared, target: ValueSite
    ) -> _ScoredValue:
        """Per-token geometric mean, times the probability of no null where null was possible.

        The least sure token is named without a judgment of rivals.
        """
        indexes, tokens = self._evidence.indexes(item), self._evidence.tokens
        least = min(indexes, key=lambda index: tokens[index].logprob or 0.0)
        mean = formulas.geometric_mean([tokens[index].logprob for index in indexes])
        scored = _ScoredValue(mean, basis="geometric_mean", why=why_token(least, tokens))
        tree, question = self._value_tree(item, value, declared, target, is_free=True)
        if tree is None:
            return scored
        scored.variants = _arms(tree, question, declared)
        if len(item.event.raw) <= LONGEST_JOINT:
            scored.distribution = open_distribution(tree, question)
        if mean is not None and scored.variants is not None and declared.nullable:
            scored.confidence = mean * (1 - scored.variants["null"].probability)
        return scored

    def _list(self, item: Aligned, reason: str) -> _ScoredValue:
        """Product of the decisions to write a list, to go on and, at last, to end."""
        container = self._open[-1]
        container.stops.append(self._stop(container, item, ended=True))
        stops = [stop for stop in container.stops if stop is not None]
        if len(stops) < len(container.stops):
            return _ScoredValue(reason=reason or _UNREADABLE)
        members = [stop.member for stop in stops]
        least = min(stops, key=lambda stop: stop.member.probability)
        if container.first is not None:
            members[0] = container.first
        scored = _ScoredValue(
            formulas.product(member.probability for member in members),
            formulas.product(member.low for member in members),
            formulas.product(member.high for member in members),
            "list_end",
        )
        scored.why, scored.variants = least.why, container.kinds
        return scored

    def _object(self, item: Aligned, value: Any, reason: str) -> _ScoredValue:
        container = self._open[-1]
        key_tree = self._ask_key(container, item, None)
        arms = container.variants or container.kinds
        if not value:
            if reason:
                return _ScoredValue(reason=reason)
            if key_tree is not None:  # a key was possible, too
                question, tree = key_tree
                scored = _of_outcome(tree, question.end, "joint", self._evidence.tokens)
                scored.variants = arms
                return scored
            logprob, _ = self._evidence.total(item)
            assert logprob is not None  # else there is a reason
            return _ScoredValue(math.exp(logprob), basis="joint", variants=arms)
        least, reason = container.summary.result
        if least is None:
            return _ScoredValue(reason=reason, variants=arms)
        return _ScoredValue(least.confidence, basis="least_required", variants=arms, why=least.why)

    # -- questions ----------------------------------------------------------------------------

    def _place(self, path: Path) -> SchemaNode:
        """What is declared there, as far as what was written around it decides."""
        parent = self._parent(path)
        return parent.place.inside(path[-1]) if parent else self._schema.root

    def _parent(self, path: Path) -> OpenContainer | None:
        return self._open[len(path) - 1] if path else None

    def _target(self, item: Aligned) -> ValueSite:
        event, path = item.event, item.event.path
        parent = self._parent(path)
        level = parent.level if parent else None
        number = level.number if level else 0
        before = self._before(parent)
        return ValueSite(path, level, self._layout.compact, event.start, event.raw, number, before)

    def _before(self, parent: OpenContainer | None) -> Event | None:
        """What stands before the next value in a container: a key, or the scalar that closed last.

        None where another container opened and closed since.
        """
        return None if parent is None else parent.before if parent.is_list else self._key

    def _grow(
        self, question: OutcomeQuestion, item: Aligned, *, inside: OpenContainer | None = None,
        is_stored: bool = True, until: int | None = None,
    ) -> OutcomeTree | None:  # fmt: skip
        """The tree of a question about a value, or about what comes next inside of a container.

        The store keeps it for settling. ``until`` is the last piece that is looked at.
        """

        def grow_tree() -> OutcomeTree | None:
            decision_steps = self._evidence.steps(item)
            if inside is not None:
                decision_steps = inside.with_opening(decision_steps)
            steps, has_gap = decision_steps
            if until is not None:
                steps = [step for step in steps if step.piece <= until]
            return grow(question, steps, self._evidence.candidates_at, has_gap=has_gap)

        if not is_stored:
            return grow_tree()
        return self._store.tree(inside.path if inside else item.event.path, grow_tree)

    def _kind_tree(
        self, item: Aligned, declared: Declared, target: ValueSite
    ) -> OutcomeTree | None:
        """Which kind a container's place has, if several may stand there."""
        if not declared.has_several_kinds:
            return None
        allows = declared.allows if declared.restricts else None
        whose = self._place(item.event.path) if allows else None
        kinds = tuple(sorted(declared.possible_kinds))
        return self._grow(KindQuestion(target, kinds, allows, whose, self._cache), item)

    def _stop(self, container: OpenContainer, item: Aligned, *, ended: bool) -> Stop | None:
        question = container.end_question()
        if not container.count and (whole := container.list_question()) is not None:
            tree = self._grow(whole, item, inside=container)
            if tree is not None and tree.decided_at is not None:
                container.first = Member(True, *tree.results()[0 if ended else 1])  # noqa: FBT003
        if isinstance(question, bool):
            sure = float(question)
            return Stop(Member(value=True, probability=sure, low=sure, high=sure), ended=ended)
        tree = self._grow(question, item, inside=container)
        if tree is None or tree.decided_at is None:
            return None
        why = why_outcome(tree, 0 if ended else 1, self._evidence.tokens)
        probability, low, high = tree.results()[0]
        return Stop(Member(value=True, probability=probability, low=low, high=high), ended, why)

    def _ask_key(
        self, container: OpenContainer, item: Aligned, name: str | None
    ) -> tuple[KeyQuestion, OutcomeTree] | None:
        question = container.key_question(None if name is None else item.event)
        if question is None:
            return None
        tree = self._grow(question, item, inside=container)
        container.decide(question, tree, name)
        return None if tree is None else (question, tree)

    def _tell_parent(self, field: Field, event: Event) -> None:
        """Tell the container around what is inside."""
        own = None if event.type == "scalar" else self._open.pop()
        parent = self._parent(field.path)
        if parent is None:
            return
        parent.before = event if own is None else own.before if own.count else None
        if own is None:  # which arm of a union the parent is may depend on it
            parent.learn(field.path[-1], event.raw)
        parent.sum_up(field.path[-1], summary_of(field, own.summary if own else NOTHING))

    def _flags(
        self, item: Aligned, value: Any, declared: Declared, *, is_again: bool, valid: float
    ) -> tuple[str, ...]:
        event = item.event
        flags: list[str] = []
        if item.by.is_shared(item.first, item.last, event.start, event.stop):
            flags.append("shared_token")
        if is_again:
            flags.append("duplicate_key")
        is_scalar = event.type == "scalar"
        is_escaped = is_scalar and b"\\u" in event.raw and isinstance(value, str)
        if is_escaped and any("\ud800" <= char <= "\udfff" for char in value):
            flags.append("lone_surrogate")
        if isinstance(value, Decimal) or (isinstance(value, float) and math.isinf(value)):
            flags.append("overflow")
        if valid < FEW_VALID:
            flags.append("against_schema")
        if event.path in self._store.unsettled:
            flags.append("unsettled")
        domain = self._domain(declared, "") if is_scalar else None
        if domain is not None and domain.index(value) is None:
            flags.append("not_a_member")
        return tuple(flags)


# -- helpers ------------------------------------------------------------------------------------


def cache_of(schema: Schema, layout: Layout, match: Match) -> CandidateCache:
    """The cache of a schema; an empty one for a function, which may answer differently later."""
    if callable(match):
        return CandidateCache()
    cache = schema.caches.get((layout, match))
    return schema.caches.setdefault((layout, match), CandidateCache()) if cache is None else cache


def _may_not_fit(declared: Declared) -> bool:
    """Whether the members may lack the right value, see ``FieldConfig``."""
    return declared.conf is not None and bool(declared.conf.may_not_fit)


def _weigh_off(scored: _ScoredValue, tree: OutcomeTree) -> None:
    """Count the mass that leaves no member against a member.

    ``low`` takes the most mass that may leave none, ``high`` what is known to: nothing behind a
    gap, since it is not known how much came that far.
    """
    inside, least = 1 - tree.off, max(0.0, 1 - max(tree.most_off, tree.off))
    most = 1.0 if tree.has_gap else inside
    if scored.confidence is not None:
        scored.confidence *= inside
    if scored.low is not None and scored.high is not None:
        scored.low, scored.high = scored.low * least, scored.high * most


def _is_prose(value: Any, declared: Declared) -> bool:
    """Long, and of words or of a script without spaces; not an identifier or an address."""
    if not isinstance(value, str) or declared.constrained or len(value) <= FREE_TEXT_CHARACTERS:
        return False
    return " " in value or not value.isascii()


def _followed_by_anything(target: ValueSite) -> ValueSite:
    """The same where an answer may go on as the schema does not allow."""
    return target._replace(level=None, around=~target.around)


def _arms(tree: OutcomeTree, question: ValueQuestion, declared: Declared) -> Distribution | None:
    """How probable each JSON kind was, where several are declared."""
    if not declared.has_several_kinds:
        return None
    kinds = sorted({*question.kinds, kind_of(question.value)})
    results = tree.results(tuple(question.of_kind(kind) for kind in kinds))
    members = [Member(kind, *result) for kind, result in zip(kinds, results, strict=True)]
    members.sort(key=lambda member: -member.probability)
    return Distribution(tuple(members), tree.off, tree.unseen, tree.ended_at)


def _without_unseen_null(distribution: Distribution | None) -> Distribution | None:
    """Without the null that stands for "left out", where nothing says that it was considered."""
    if distribution is None or distribution[None].low > 0:
        return distribution
    left = tuple(member for member in distribution.candidates if member.value is not None)
    return replace(distribution, candidates=left)


def _of_outcome(
    tree: OutcomeTree | None, outcome: int, basis: Basis, tokens: Sequence[Token]
) -> _ScoredValue:
    if tree is None or (tree.decided_at is None and not tree.is_open):
        return _ScoredValue(reason=_UNREADABLE)
    why = why_outcome(tree, outcome, tokens)
    probability, low, high = tree.results()[outcome]
    return _ScoredValue(probability, low, high, basis, why=why, valid=tree.valid)


def truncated(path: Path, value: Any, kind: str, start: int, stop: int) -> Field:
    """The field of a value that was still open when the answer ended."""
    reason = f"the answer ends inside of {pointer(path) or 'it'}"
    return Field(path, value, kind, flags=("truncated",), reason=reason, start=start, stop=stop)  # pyright: ignore[reportArgumentType]  # callers pass a Kind

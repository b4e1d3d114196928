"""Fields: from an aligned value to a scored ``Field``, by kind.

In:    values as they close, with the tokens that touch them and their approach.
Out:   ``Field`` values; ``docs/numbers.md`` has the table of which kind gets which formula.
Never: a number where a touching token has none: then the reason names that token.
Why:   what a confidence means depends on the kind of value, and that is decided in one place.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from fieldconf import scores
from fieldconf.align import Aligned
from fieldconf.alternatives.distribution import Distribution, Member, distribution
from fieldconf.alternatives.memory import Memory
from fieldconf.alternatives.questions import (
    Domain,
    KeyQuestion,
    KindQuestion,
    MemberQuestion,
    Question,
    grow,
)
from fieldconf.alternatives.reading import Target, may_be_plainly
from fieldconf.alternatives.settle import Ledger
from fieldconf.alternatives.steps import Choice, choices
from fieldconf.alternatives.tree import Tree
from fieldconf.alternatives.why import Why, why_choice, why_outcome, why_token
from fieldconf.containers import Container, Layout, Stop
from fieldconf.evidence import Evidence
from fieldconf.grammar import kind_begun
from fieldconf.jsonparser import Event
from fieldconf.matching import Match
from fieldconf.matching import domain as make_domain
from fieldconf.paths import Path, pointer
from fieldconf.report import Basis, Field
from fieldconf.schema import Declared, Place, Schema, kind_of
from fieldconf.tokens import Token

FREE_TEXT_CHARACTERS = 40
"""A longer string that looks like prose is free text: its confidence is per token."""

LONGEST_JOINT = 400
"""A longer value (bytes of its JSON text) has its confidence per token, whatever it looks like."""

FEW_VALID = 0.1
"""Where less than this part of the listed mass keeps to the schema, the schema fights the model."""

_SHIFTED = "nothing of that can stand there: it may be a neighbouring token's list"
_UNREADABLE = "the tokens around it could not be read as its alternatives"


@dataclass(slots=True)
class _Verdict:
    """What is said of one value; its parts are found one after the other."""

    confidence: float | None = None
    low: float | None = None
    high: float | None = None
    basis: Basis = "none"
    distribution: Distribution | None = None
    min_step: Choice | None = None
    reason: str = ""
    why: Why | None = None
    arms: Distribution | None = None
    valid: float = 1.0  # the least part of the listed mass that kept to the schema


class FieldMaker:
    """Makes fields of aligned values. Containers close after what they hold, so they can sum it up.

    Args:
        schema: what was declared.
        evidence: what the tokens say; it has to learn of a piece before its values are made.
        layout: what the server's grammar forbids beyond the schema.
        ledger: where the trees are kept.
        match: how labels are matched with the members of an enum.
    """

    def __init__(
        self,
        schema: Schema,
        evidence: Evidence,
        *,
        layout: Layout | None = None,
        ledger: Ledger | None = None,
        match: Match = "exact",
    ) -> None:
        self._match: Match = match
        self._schema = schema
        self._evidence = evidence
        self._layout = layout or Layout()
        self._ledger = ledger or Ledger(keeps=False)
        self._open: list[Container] = []  # by depth
        self._key: Event | None = None  # the last one
        self._memory = memory_of(schema, self._layout, match)

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
        container = Container(
            path, place, is_list=item.event.raw == b"[", layout=self._layout,
            up=parent.level if parent else None, memory=self._memory, before=self._before(parent),
        )  # fmt: skip
        tree = self._kind_tree(item, place.declared, self._target(item))
        self._open.append(container)
        container.kinds = tree and distribution(tree, _kinds(place.declared))
        if parent is not None:
            parent.learn(path[-1], item.event.raw)

    def make(self, item: Aligned, value: Any, *, is_again: bool) -> Field:
        """The field of a value that closed."""
        event, kind = item.event, kind_of(value)
        logprob, reason = self._evidence.total(item)
        container = self._open[-1] if event.type == "close" else None
        declared = container.declared if container else self._place(event.path).declared
        verdict = self._judge(item, value, kind, reason, declared)
        if verdict.reason == _UNREADABLE:
            verdict.reason = self._evidence.doubt(item) or _UNREADABLE
        found = verdict.distribution
        expected, std = found.moments if found else (None, None)
        made = Field(
            path=event.path, value=value, kind=kind, logprob=logprob,  # pyright: ignore[reportArgumentType]  # kind_of gives a Kind
            confidence=verdict.confidence, low=verdict.low, high=verdict.high, basis=verdict.basis,
            distribution=found, expected=expected, std=std, arms=verdict.arms,
            presence=container.presence if container else {},
            stops=tuple(s.ends for s in container.stops if s) if container else (),
            min_step=verdict.min_step, why=verdict.why,
            flags=self._flags(item, value, declared, is_again=is_again, valid=verdict.valid),
            reason=verdict.reason, start=event.start, stop=event.stop, declared=declared,
            indexes=self._evidence.indexes(item), source=self._evidence.tokens,  # pyright: ignore[reportArgumentType]
        )  # fmt: skip
        self._tell_parent(made, event)
        return made

    # -- the formulas, by kind ----------------------------------------------------------------

    def _judge(
        self, item: Aligned, value: Any, kind: str, reason: str, declared: Declared
    ) -> _Verdict:
        if kind == "object":
            return self._object(item, value, reason)
        if kind == "array":
            return self._list(item, reason)
        if reason:
            return self._bounded(item, value, kind, reason, declared)
        return self._scalar(item, value, kind, declared)

    def _scalar(self, item: Aligned, value: Any, kind: str, declared: Declared) -> _Verdict:
        target = self._target(item)
        basis = declared.conf.basis if declared.conf else None
        domain = self._domain(declared, kind)
        outcome = None if domain is None else domain.index(value)
        if domain is not None and outcome is not None:
            found = self._finite(item, target, domain, outcome)
            if declared.may_be_null and value is not None:
                found.distribution = _without_unseen_null(found.distribution)
            return self._by(basis, found, item, declared, target)
        tree = self._kind_tree(item, declared, target, value)
        if kind == "null":
            outcome = _kinds(declared, value).index("null")
            return _of_outcome(tree, outcome, "null_or_value", self._evidence.tokens)
        arms = tree and distribution(tree, _kinds(declared))
        is_free = len(item.event.raw) > LONGEST_JOINT or _is_prose(value, declared)
        usual = "geometric_mean" if is_free else "joint"
        chosen = usual if basis in (None, "distribution") else basis  # here are no members
        verdict = self._by(chosen, _Verdict(), item, declared, target)
        verdict.arms = arms
        return verdict

    def _by(
        self, basis: str | None, found: _Verdict, item: Aligned, declared: Declared, target: Target
    ) -> _Verdict:
        """The verdict by the formula that the field's settings name; what was found else."""
        if basis not in ("geometric_mean", "joint"):
            return found
        is_free = basis == "geometric_mean"
        verdict = self._free_text(item) if is_free else self._joint(item, declared, target)
        verdict.distribution = found.distribution
        return verdict

    def _finite(self, item: Aligned, target: Target, domain: Domain, outcome: int) -> _Verdict:
        path = item.event.path
        tree = self._grow(MemberQuestion(target, domain, self._memory), item)
        if tree is None or tree.decided_at is None:
            # The answer itself may go on where the schema says that nothing can follow.
            free = target._replace(level=None, around=~target.around)
            tree = self._grow(MemberQuestion(free, domain, self._memory), item)
        verdict = _of_outcome(tree, outcome, "distribution", self._evidence.tokens)
        if tree is None or verdict.reason:
            return verdict
        parent = self._parent(path)
        if parent is not None:
            parent.discriminate(path[-1], tree, domain.members)
        verdict.distribution = distribution(tree, domain.members)
        return verdict

    def _bounded(
        self, item: Aligned, value: Any, kind: str, reason: str, declared: Declared
    ) -> _Verdict:
        """Bounds of a member of which a token was sampled outside of what the server listed."""
        domain = self._domain(declared, kind)
        outcome = None if domain is None else domain.index(value)
        steps = self._evidence.bounded(item)
        if domain is None or outcome is None or not steps:
            return _Verdict(reason=reason)
        question = MemberQuestion(self._target(item), domain, self._memory)
        tree = grow(question, steps, self._evidence.bounding)
        if tree is None or tree.decided_at is None:
            return _Verdict(reason=reason)
        _, low, high = tree.results()[outcome]
        if high < 1:
            return _Verdict(low=low, high=high, reason=reason)
        return _Verdict(reason=f"{reason}; {_SHIFTED}")

    def _domain(self, declared: Declared, kind: str) -> Domain | None:
        """The members to tell apart; a boolean has two even where nothing was declared."""
        members = declared.members
        if members is None and kind == "boolean":
            members = (True, False)
        if members is None:
            return None
        if declared.may_be_null:
            members = (*members, None)
        key, domains = (id(declared), kind == "boolean"), self._memory.domains
        if key not in domains:
            is_plain = self._layout.plain and self._match == "exact"
            made = (
                Domain(members, may_be_plainly) if is_plain else make_domain(members, self._match)
            )
            domains[key] = (made, declared)  # as long as it is kept, nothing else has its identity
        return domains[key][0]

    def _joint(self, item: Aligned, declared: Declared, target: Target) -> _Verdict:
        """Product of the steps: the touching tokens and, for a number, the one that ended it."""
        event = item.event
        last = item.last + (event.raw[:1] != b'"')
        inside = [
            (step, self._evidence.listing(step)) for step in self._evidence.steps(item)
            if item.first <= step.piece < last
        ]  # fmt: skip
        if len(inside) < item.last - item.first:
            return _Verdict(reason=_UNREADABLE)
        is_free = not declared.restricts and kind_begun(event.raw) in declared.kinds
        allows = None if is_free else declared.allows
        made = choices(inside, target, declared.possible_kinds, allows, self._memory)
        verdict, least = _all_of(made, "joint")
        verdict.min_step, verdict.why = made[least], why_choice(made[least], self._evidence.tokens)
        verdict.valid = min([c.possible / (c.possible + c.off_schema) for c in made])
        return verdict

    def _free_text(self, item: Aligned) -> _Verdict:
        """Per-token geometric mean; the least sure token is named without a judgment of rivals."""
        indexes = self._evidence.indexes(item)
        tokens = self._evidence.tokens
        least = min(indexes, key=lambda index: tokens[index].logprob or 0.0)
        mean = scores.geometric_mean([tokens[index].logprob for index in indexes])
        return _Verdict(mean, basis="geometric_mean", why=why_token(least, tokens))

    def _list(self, item: Aligned, reason: str) -> _Verdict:
        """Product of the decisions to go on and, at last, to end."""
        container = self._open[-1]
        container.stops.append(self._stop(container, item, ended=True))
        made = [stop for stop in container.stops if stop is not None]
        if len(made) < len(container.stops):
            return _Verdict(reason=reason or _UNREADABLE)
        verdict, least = _all_of([stop.member for stop in made], "list_end")
        verdict.why, verdict.arms = made[least].why, container.kinds
        return verdict

    def _object(self, item: Aligned, value: Any, reason: str) -> _Verdict:
        container = self._open[-1]
        asked = self._ask_key(container, item, None)
        arms = container.arms or container.kinds
        if not value:
            if reason:
                return _Verdict(reason=reason)
            if asked is not None:  # a key was possible, too
                question, tree = asked
                verdict = _of_outcome(tree, question.end, "joint", self._evidence.tokens)
                verdict.arms = arms
                return verdict
            logprob, _ = self._evidence.total(item)
            assert logprob is not None  # else there is a reason
            return _Verdict(math.exp(logprob), basis="joint", arms=arms)
        if container.unknown:
            return _Verdict(reason=f"{container.unknown} has no confidence", arms=arms)
        least = container.least or container.least_of_any
        if least is None:
            return _Verdict(reason="no value inside has a confidence", arms=arms)
        return _Verdict(least.confidence, basis="least_required", arms=arms, why=least.why)

    # -- questions ----------------------------------------------------------------------------

    def _place(self, path: Path) -> Place:
        """What is declared there, as far as what was written around it decides."""
        parent = self._parent(path)
        return parent.place.inside(path[-1]) if parent else self._schema.root

    def _parent(self, path: Path) -> Container | None:
        return self._open[len(path) - 1] if path else None

    def _target(self, item: Aligned) -> Target:
        event, path = item.event, item.event.path
        parent = self._parent(path)
        level = parent.level if parent else None
        number = level.number if level else 0
        before = self._before(parent)
        return Target(path, level, self._layout.compact, event.start, event.raw, number, before)

    def _before(self, parent: Container | None) -> Event | None:
        """What stands before the next value in a container, if it is a scalar or a key."""
        return None if parent is None else parent.before if parent.is_list else self._key

    def _grow(self, question: Question, item: Aligned, about: Path | None = None) -> Tree | None:
        """The tree of a question, kept in the ledger as one about a field."""
        path = item.event.path if about is None else about
        return self._ledger.tree(
            path, lambda: grow(question, self._evidence.steps(item), self._evidence.listing)
        )

    def _kind_tree(
        self, item: Aligned, declared: Declared, target: Target, value: Any = ""
    ) -> Tree | None:
        """Which kind stands there, if several may; of undeclared places only null is worth it."""
        if value is not None and (len(declared.possible_kinds) < 2 or declared.is_anything):
            return None
        allows = declared.allows if declared.rules else None
        whose = self._place(item.event.path) if allows else None
        question = KindQuestion(target, _kinds(declared, value), allows, whose, self._memory)
        return self._grow(question, item)

    def _stop(self, container: Container, item: Aligned, *, ended: bool) -> Stop | None:
        question = container.end_question()
        if isinstance(question, bool):
            sure = float(question)
            return Stop(Member(value=True, probability=sure, low=sure, high=sure), ended=ended)
        tree = self._grow(question, item, container.path)
        if tree is None or tree.decided_at is None:
            return None
        why = why_outcome(tree, 0 if ended else 1, self._evidence.tokens)
        probability, low, high = tree.results()[0]
        return Stop(Member(value=True, probability=probability, low=low, high=high), ended, why)

    def _ask_key(
        self, container: Container, item: Aligned, name: str | None
    ) -> tuple[KeyQuestion, Tree] | None:
        question = container.key_question()
        if question is None:
            return None
        tree = self._grow(question, item, container.path)
        container.decide(question, tree, name)
        return None if tree is None else (question, tree)

    def _tell_parent(self, made: Field, event: Event) -> None:
        """Hand the least confidence of the leaves inside on to the container around."""
        own = None if event.type == "scalar" else self._open.pop()
        parent = self._parent(made.path)
        if parent is None:
            return
        parent.before = None if own else event
        if own is None:  # which arm of a union the parent is may depend on it
            parent.learn(made.path[-1], event.raw)
        if own is None or made.is_leaf:
            unknown = made.pointer if made.confidence is None else ""
            least = any_ = None if made.confidence is None else made
        else:
            least, any_, unknown = own.least or own.least_of_any, own.least_of_any, own.unknown
        parent.least_of_any = _least(parent.least_of_any, any_)
        if parent.requires(made.path[-1]):
            parent.least = _least(parent.least, least)
            parent.unknown = parent.unknown or unknown

    def _flags(
        self, item: Aligned, value: Any, declared: Declared, *, is_again: bool, valid: float
    ) -> tuple[str, ...]:
        event = item.event
        found: list[str] = []
        if item.by.is_shared(item.first, item.last, event.start, event.stop):
            found.append("shared_token")
        if is_again:
            found.append("duplicate_key")
        is_scalar = event.type == "scalar"
        if is_scalar and b"\\u" in event.raw and _has_surrogate(value):
            found.append("lone_surrogate")
        if isinstance(value, Decimal) or (isinstance(value, float) and math.isinf(value)):
            found.append("overflow")
        if valid < FEW_VALID:
            found.append("against_schema")
        if event.path in self._ledger.unsettled:
            found.append("unsettled")
        domain = self._domain(declared, "") if is_scalar else None
        if domain is not None and domain.index(value) is None:
            found.append("not_a_member")
        return tuple(found)


# -- helpers ------------------------------------------------------------------------------------


def _all_of(
    made: Sequence[Member] | Sequence[Choice], basis: Basis
) -> tuple[_Verdict, int]:  # fmt: skip
    """The chance that every decision or step went as it did, and which was the least sure."""
    shares = [one.probability for one in made]
    low, high = [one.low for one in made], [one.high for one in made]
    verdict = _Verdict(scores.product(shares), scores.product(low), scores.product(high), basis)
    return verdict, shares.index(min(shares))


def memory_of(schema: Schema, layout: Layout, match: Match) -> Memory:
    """What was read before of answers to a schema; a function may change its mind: nothing."""
    if callable(match):
        return Memory()
    return schema.memories.setdefault((layout, match), Memory())


def _is_prose(value: Any, declared: Declared) -> bool:
    """Long, and of words or of a script without spaces; not an identifier or an address."""
    if not isinstance(value, str) or declared.constrained or len(value) <= FREE_TEXT_CHARACTERS:
        return False
    return " " in value or not value.isascii()


def _kinds(declared: Declared, value: Any = "") -> tuple[str, ...]:
    """The kinds to tell apart; null among them if it was written, whatever the schema says."""
    kinds = declared.possible_kinds
    return tuple(sorted(kinds | {"null"} if value is None else kinds))


def _without_unseen_null(distribution: Distribution | None) -> Distribution | None:
    """Without the null that stands for "left out", where nothing says that it was considered."""
    if distribution is None or distribution[None].low > 0:
        return distribution
    left = tuple(member for member in distribution.candidates if member.value is not None)
    return replace(distribution, candidates=left)


def _of_outcome(tree: Tree | None, outcome: int, basis: Basis, tokens: Sequence[Token]) -> _Verdict:
    if tree is None or tree.decided_at is None:
        return _Verdict(reason=_UNREADABLE)
    why = why_outcome(tree, outcome, tokens)
    probability, low, high = tree.results()[outcome]
    return _Verdict(probability, low, high, basis, why=why, valid=tree.valid)


def _least(one: Field | None, other: Field | None) -> Field | None:
    """The field with the lower confidence; both have one."""
    if one is None or other is None:
        return one or other
    assert one.confidence is not None  # for the type checker
    assert other.confidence is not None
    return other if other.confidence < one.confidence else one


def _has_surrogate(value: Any) -> bool:
    return isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value)


def truncated(path: Path, value: Any, kind: str, start: int, stop: int) -> Field:
    """The field of a value that was still open when the answer ended."""
    reason = f"the answer ends inside of {pointer(path) or 'it'}"
    return Field(path, value, kind, flags=("truncated",), reason=reason, start=start, stop=stop)  # pyright: ignore[reportArgumentType]  # callers pass a Kind

"""Fields: from an aligned value to a scored ``Field``, by kind.

In:    values as they close, with the tokens that touch them and their approach.
Out:   ``Field`` values; ``docs/numbers.md`` has the table of which kind gets which formula.
Never: a number where a touching token has none: then the reason names that token.
Why:   what a confidence means depends on the kind of value, and that is decided in one place.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from fieldconf import scores
from fieldconf.align import Aligned, Aligner, Step
from fieldconf.alternatives import (
    Choice,
    Distribution,
    Domain,
    Member,
    choices,
    distribution,
    end_or_more,
    null_or_value,
)
from fieldconf.paths import Path, pointer
from fieldconf.report import Basis, Field
from fieldconf.schema import Declared, Schema, kind_of, same
from fieldconf.tokens import Token

FREE_TEXT_CHARACTERS = 40
"""A longer string that looks like prose is free text: its confidence is per token."""

LONGEST_JOINT = 400
"""A longer value (bytes of its JSON text) has its confidence per token, whatever it looks like."""

_LONGEST_TOKEN = 256  # bytes; what is longer is no token of a vocabulary, and has no alternatives
_UNREADABLE = "the tokens around it could not be read as its alternatives"


@dataclass(slots=True)
class _Inside:
    """What is known so far of the leaves inside an open container."""

    least: float | None = None  # among the required leaves
    least_of_any: float | None = None
    unknown: str = ""  # pointer of a required leaf without confidence
    decisions: list[Member | None] | None = None  # of a list: it went on, it went on, it ended


class _Verdict(NamedTuple):
    confidence: float | None = None
    low: float | None = None
    high: float | None = None
    basis: Basis = "none"
    distribution: Distribution | None = None
    min_step: Choice | None = None
    reason: str = ""


class FieldMaker:
    """Makes fields of aligned values. Containers close after what they hold, so they can sum it up.

    Args:
        schema: what was declared.
        aligner: where the pieces stand.
        tokens: the tokens of the answer; may grow while the answer arrives.
        missing: why there are no tokens at all; empty where there are.
    """

    def __init__(
        self, schema: Schema, aligner: Aligner, tokens: Sequence[Token], missing: str = ""
    ) -> None:
        self._schema = schema
        self._aligner = aligner
        self._tokens = tokens
        self._missing = missing
        self._sums: list[float] = [0.0]  # of the known logprobs of the first n pieces, nats
        self._unknown: list[int] = [0]  # how many of the first n pieces have no logprob
        self._inside: dict[Path, _Inside] = {}
        self._domains: dict[int, Domain] = {}  # by the identity of the declaration

    def learn(self, index: int | None) -> None:
        """Take note of the next piece: the index of its token, or None."""
        logprob = None if index is None else self._tokens[index].logprob
        self._sums.append(self._sums[-1] + (logprob or 0.0))
        self._unknown.append(self._unknown[-1] + (logprob is None))

    def begin(self, item: Aligned) -> None:
        """Take note that a value began (``open``) or closed (``scalar``) inside its parent."""
        path = item.event.path
        if item.event.type == "open":
            self._inside[path] = _Inside(decisions=[] if item.event.raw == b"[" else None)
        parent = self._inside.get(path[:-1]) if path else None
        if parent is not None and parent.decisions is not None:
            steps = self._steps(item)
            found = end_or_more(steps, path[:-1], int(path[-1])) if steps else None
            parent.decisions.append(found[1] if found else None)

    def make(self, item: Aligned, value: Any, *, is_again: bool) -> Field:
        """The field of a value that closed."""
        event, kind = item.event, kind_of(value)
        logprob, reason = self._total(item)
        verdict = self._judge(item, value, kind, reason)
        expected, std = _expectation(verdict.distribution)
        made = Field(
            path=event.path, value=value, kind=kind, logprob=logprob,  # pyright: ignore[reportArgumentType]  # kind_of gives a Kind
            confidence=verdict.confidence, low=verdict.low, high=verdict.high, basis=verdict.basis,
            distribution=verdict.distribution, expected=expected, std=std,
            min_step=verdict.min_step, flags=self._flags(item, value, is_again=is_again),
            reason=verdict.reason, start=event.start, stop=event.stop,
            indexes=self._indexes(item.first, item.last), source=self._tokens,  # pyright: ignore[reportArgumentType]
        )  # fmt: skip
        self._tell_parent(made)
        return made

    # -- the formulas, by kind ----------------------------------------------------------------

    def _judge(self, item: Aligned, value: Any, kind: str, reason: str) -> _Verdict:
        if kind == "object" and value:
            return self._object(item.event.path)
        if kind == "array":
            return self._list(item, reason)
        if reason:
            return _Verdict(reason=reason)
        return self._plain(item) if kind == "object" else self._scalar(item, value, kind)

    def _scalar(self, item: Aligned, value: Any, kind: str) -> _Verdict:
        path = item.event.path
        declared, steps = self._schema.declared(path), self._steps(item)
        domain = self._domain(declared, kind)
        if domain is not None and any(same(value, member) for member in domain.members):
            return _finite(distribution(steps, path, domain), value)
        if kind == "null":
            return _two_way(null_or_value(steps, path, declared.kinds))
        if len(item.event.raw) > LONGEST_JOINT or _is_prose(value, declared):
            return self._free_text(item)
        return _open(item, steps, declared.kinds)

    def _domain(self, declared: Declared, kind: str) -> Domain | None:
        """The members to tell apart; a boolean has two even where nothing was declared."""
        members = declared.members
        if members is None and kind == "boolean":
            members = (True, False)
        if members is None:
            return None
        return self._domains.setdefault(id(declared), Domain(members))

    def _plain(self, item: Aligned) -> _Verdict:
        confidence = math.exp(self._sums[item.last] - self._sums[item.first])
        return _Verdict(confidence, basis="joint")

    def _free_text(self, item: Aligned) -> _Verdict:
        pieces = self._aligner.tokens[item.first : item.last]
        logprobs = [self._tokens[index].logprob for index in pieces if index is not None]
        return _Verdict(scores.geometric_mean(logprobs), basis="geometric_mean")

    def _list(self, item: Aligned, reason: str) -> _Verdict:
        """Product of the decisions to go on and, at last, to end."""
        decisions = self._inside[item.event.path].decisions or []
        steps = self._steps(item)
        ended = end_or_more(steps, item.event.path, len(decisions)) if steps else None
        made = [m for m in (*decisions, ended and ended[0]) if m is not None]
        if len(made) <= len(decisions):
            return _Verdict(reason=reason or _UNREADABLE)
        return _all_of(made, "list_end")

    def _object(self, path: Path) -> _Verdict:
        inside = self._inside[path]
        if inside.unknown:
            return _Verdict(reason=f"{inside.unknown} has no confidence")
        least = inside.least if inside.least is not None else inside.least_of_any
        if least is None:
            return _Verdict(reason="no value inside has a confidence")
        return _Verdict(least, basis="least_required")

    def _tell_parent(self, made: Field) -> None:
        """Hand the least confidence of the leaves inside on to the container around."""
        own = self._inside.pop(made.path, None)
        if not made.path:
            return
        parent = self._inside.get(made.path[:-1])
        if parent is None:
            return
        if own is None or made.is_leaf:
            least = any_ = made.confidence
            unknown = made.pointer if made.confidence is None else ""
        else:
            least = own.least if own.least is not None else own.least_of_any
            any_, unknown = own.least_of_any, own.unknown
        parent.least_of_any = _least(parent.least_of_any, any_)
        if self._schema.declared(made.path).required:
            parent.least = _least(parent.least, least)
            parent.unknown = parent.unknown or unknown

    # -- tokens -------------------------------------------------------------------------------

    def _total(self, item: Aligned) -> tuple[float | None, str]:
        """Sum of the logprobs of the touching tokens (nats), or None and the reason."""
        if self._missing:
            return None, self._missing
        first, last = item.first, item.last
        if self._unknown[last] > self._unknown[first]:
            return None, self._blame(first, last)
        if item.event.type == "close":
            return self._sums[last] - self._sums[first], ""
        indexes = self._indexes(first, last)
        return scores.total(self._tokens[index].logprob for index in indexes), ""

    def _blame(self, first: int, last: int) -> str:
        for piece in range(first, last):
            index = self._aligner.tokens[piece]
            if index is None:
                return "a part of it was written by no token that the server listed"
            token = self._tokens[index]
            if token.logprob is None:
                return f"token {index} ({token.text!r}) {token.note or 'has no logprob'}"
        return ""

    def _indexes(self, first: int, last: int) -> tuple[int, ...]:
        return tuple(index for index in self._aligner.tokens[first:last] if index is not None)

    def _steps(self, item: Aligned) -> list[tuple[Step, Token]]:
        """The approach as far as its logprobs are known without a gap up to the value's end."""
        found: list[tuple[Step, Token]] = []
        for step in item.approach:
            token = None if step.token is None else self._tokens[step.token]
            is_readable = len(step.written) <= _LONGEST_TOKEN
            if is_readable and token is not None and token.logprob is not None:
                found.append((step, token))
            elif step.piece < item.last:
                found = []
            else:
                break
        return found

    def _flags(self, item: Aligned, value: Any, *, is_again: bool) -> tuple[str, ...]:
        event = item.event
        shared = self._aligner.is_shared(item.first, item.last, event.start, event.stop)
        declared = self._schema.declared(event.path)
        is_scalar = event.type == "scalar"
        members = declared.members if is_scalar else None
        is_beyond = isinstance(value, float) and math.isinf(value)
        found = {
            "shared_token": shared,
            "duplicate_key": is_again,
            "lone_surrogate": is_scalar and b"\\u" in event.raw and _has_surrogate(value),
            "overflow": isinstance(value, Decimal) or is_beyond,
            "not_a_member": members is not None and not any(same(value, m) for m in members),
        }  # fmt: skip
        return tuple(name for name, holds in found.items() if holds)


# -- helpers ------------------------------------------------------------------------------------


def _is_prose(value: Any, declared: Declared) -> bool:
    """Long, and of words or of a script without spaces; not an identifier or an address."""
    if not isinstance(value, str) or declared.constrained or len(value) <= FREE_TEXT_CHARACTERS:
        return False
    return " " in value or not value.isascii()


def _two_way(found: tuple[Member, Member] | None) -> _Verdict:
    if found is None:
        return _Verdict(reason=_UNREADABLE)
    return _Verdict(found[0].probability, found[0].low, found[0].high, "null_or_value")


def _finite(found: Distribution | None, value: Any) -> _Verdict:
    if found is None:
        return _Verdict(reason=_UNREADABLE)
    member = found[value]
    return _Verdict(member.probability, member.low, member.high, "distribution", found)


def _open(item: Aligned, steps: Sequence[tuple[Step, Token]], kinds: frozenset[str]) -> _Verdict:
    """Product of the steps: the touching tokens and, for a number, the one that ended it."""
    event = item.event
    last = item.last + (event.raw[:1] != b'"')
    inside = [pair for pair in steps if item.first <= pair[0].piece < last]
    if len(inside) < item.last - item.first:
        return _Verdict(reason=_UNREADABLE)
    made = choices(inside, event.path, event.raw, event.start, kinds)
    least = min(made, key=lambda choice: choice.probability)
    return _all_of(made, "joint")._replace(min_step=least)


def _all_of(made: Sequence[Member] | Sequence[Choice], basis: Basis) -> _Verdict:
    """The chance that every decision or step went as it did."""
    return _Verdict(
        scores.product(one.probability for one in made),
        scores.product(one.low for one in made),
        scores.product(one.high for one in made),
        basis,
    )


def _expectation(found: Distribution | None) -> tuple[float | None, float | None]:
    """Mean and standard deviation of a distribution over numbers."""
    if found is None or any(kind_of(m.value) != "number" for m in found.candidates):
        return None, None
    return scores.expectation((float(m.value), m.probability) for m in found.candidates)


def _least(one: float | None, other: float | None) -> float | None:
    known = [x for x in (one, other) if x is not None]
    return min(known, default=None)


def _has_surrogate(value: Any) -> bool:
    return isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value)


def truncated(path: Path, value: Any, kind: str, start: int, stop: int) -> Field:
    """The field of a value that was still open when the answer ended."""
    reason = f"the answer ends inside of {pointer(path) or 'it'}"
    return Field(path, value, kind, flags=("truncated",), reason=reason, start=start, stop=stop)  # pyright: ignore[reportArgumentType]  # callers pass a Kind

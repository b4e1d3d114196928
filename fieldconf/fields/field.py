"""Fields: one value of an answer and how sure the model was of it.

In:    what alignment and the formulas found out.
Out:   ``Field``: frozen, plain to read, plain to serialise.
Never: a computation that needs the response again; a number that is not known.
Why:   people decide field by field, and they decide with what is here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from reprlib import Repr
from typing import Any, Literal, NamedTuple, TypeAlias

from fieldconf.distributions.distribution import Distribution, Member
from fieldconf.distributions.explanation import Explanation
from fieldconf.distributions.open_values import OpenValueStep
from fieldconf.fields.pickling import flat, whole
from fieldconf.fields.plain_values import (
    plain_record,
    plain_value,
)
from fieldconf.fields.readings import Agreement, Basis, Reading, SourceCandidate, SourceSpan
from fieldconf.fields.status import Judge, Outcome
from fieldconf.formulas import geometric_mean
from fieldconf.page import notebook
from fieldconf.paths import Path, pointer
from fieldconf.render.table import number, printable
from fieldconf.schema import Declared
from fieldconf.threads import cached_property
from fieldconf.tokens.token import Token

Kind: TypeAlias = Literal["object", "array", "string", "number", "boolean", "null"]

_LONGEST = 40

_BRIEF = Repr()  # answers are deep, and long
_BRIEF.maxlevel, _BRIEF.maxlist, _BRIEF.maxdict = 2, 4, 4
_BRIEF.maxstring = _BRIEF.maxlong = _BRIEF.maxother = _LONGEST


class KnownOutcome(NamedTuple):
    """The judge of a field that was pickled alone or saved as a row: it knows one outcome."""

    decision: Outcome | None

    def outcome(self, field: Any, parent: Any) -> Outcome | None:  # noqa: ARG002  # see Judge
        """The outcome that is known."""
        return self.decision


@dataclass(frozen=True, repr=False)
class Field:
    """One value of the answer and how sure the model was of it.

    Attributes:
        path: keys and indexes from the root.
        value: the decoded JSON value; None if it did not close (see ``flags``).
        kind: its JSON kind.
        confidence: 0..1 by the formula named in ``basis``; None if not known (see ``reason``).
        raw: of a calibrated field, its confidence before (0..1); None of any other, and where it
            was not known.
        low, high: bounds of it (0..1): they hold the probability of exactly this value, whatever
            the server did not list, and however what is undecided goes on. None where nothing is
            known, and where ``confidence`` is no probability (means, the least of several). Of a
            calibrated field they went through the same map as the confidence, and so hold what
            the map makes of that probability.
        logprob: sum of the logprobs (nats) of all tokens that touch the value; or None.
        basis: the formula behind ``confidence``:

            * ``distribution``: probability of the member written, among all members
            * ``decision``: the probability that a decision API gives the value
            * ``null_or_value``: probability of null against any value
            * ``joint``: probability of exactly this value, against all others that are allowed
            * ``geometric_mean``: exp of the mean logprob of the tokens (long texts), times the
              probability that null was not written where it is allowed
            * ``list_end``: chance that the list went on where it did and ended where it ended,
              times the probability of a list where something else is allowed
            * ``least_required``: the least confidence among the required leaves inside
            * ``agreement``: the share of several samples that have the value
            * ``verification``: the answer's own confidence combined with that of a second request
              whether the value is right (``verify``), or what it is (``crosscheck``)

        distribution: the members of a finite domain with their probabilities; of an open one the
            value written, its likeliest rivals and the rest; or None.
        expected, std: mean and standard deviation over a distribution of numbers; or None.
        variants: of a union: how probable each of its variants was (the names of JSON kinds, or of
            the object schemas, by a discriminator or by the keys); or None.
        presence: of an object: each optional key with the probability that it is written (``value``
            says whether it was).
        end_probabilities: of a list: at each place where it could have ended, the probability that
            it ends; the last one is where it did.
        min_step: the token of an open value at which the smallest part agreed with it; or None.
        why: the decisive token and its rivals; of a container, those of its least sure part.
        readings: where several requests were made: what each said of it; empty for one answer.
        agreement: how many of several samples have its value; or None.
        source_spans: where its value stands in the text that was read, best first; empty if
            nowhere; None if that was not looked for.
        source_candidates: of null where the schema allows a value: what stands in the text that was
            read that could have been the value, or that mentions the field; empty if nothing; None
            if that was not looked for.
        fitted_rank: the number (0..1) that a ``Ranker`` gives it; None without one. See ``rank``.
        flags: "truncated", "shared_token" (a token also wrote bytes outside the value),
            "duplicate_key" (an earlier value stood at the same path), "lone_surrogate",
            "overflow" (a number beyond a double), "not_a_member" (outside of its enum),
            "against_schema" (of the mass that the server listed at some token, the schema allows
            less than a tenth: the model wanted to say something else), "unsettled" (its bounds
            stayed wider than was asked for), "unverified" (a second reading was asked for and says
            nothing of it), "another_is_likelier" (calibration made another value more probable
            than the one written).
        reason: why there is no confidence; empty if there is one.
        declared: what the schema says of its place: kinds, members, description, settings; with
            what was written before deciding between variants of a union. None without a schema's
            look at it.
        start, stop: the half-open byte span of the value's JSON text in the answer.
        indexes: the indexes of the touching tokens.
        source: the answer's tokens.
        judged_by: what its report judges fields by, and the object in which it is written; None for
            a field of no report. See ``outcome``.
    """

    path: Path
    value: Any
    kind: Kind
    confidence: float | None = None
    raw: float | None = field(default=None, kw_only=True)
    low: float | None = None
    high: float | None = None
    logprob: float | None = None
    basis: Basis = "none"
    distribution: Distribution | None = None
    expected: float | None = None
    std: float | None = None
    variants: Distribution | None = None
    presence: Mapping[str, Member] = field(default_factory=dict[str, Member])
    end_probabilities: tuple[Member, ...] = ()
    min_step: OpenValueStep | None = None
    why: Explanation | None = None
    readings: tuple[Reading, ...] = ()
    agreement: Agreement | None = None
    source_spans: tuple[SourceSpan, ...] | None = None
    source_candidates: tuple[SourceCandidate, ...] | None = field(default=None, kw_only=True)
    fitted_rank: float | None = field(default=None, kw_only=True)
    flags: tuple[str, ...] = ()
    reason: str = ""
    declared: Declared | None = field(default=None, repr=False, compare=False)
    start: int = 0
    stop: int = 0
    indexes: tuple[int, ...] = ()
    source: Sequence[Token] | Mapping[int, Token] = field(default=(), repr=False, compare=False)
    judged_by: "tuple[Judge, Field | None] | None" = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<Field {self.brief} ({printable(self.reason) or self.basis})>"

    def _repr_html_(self) -> str:
        return notebook.field_table(self.pointer, self.to_dict())

    def __getstate__(self) -> dict[str, Any]:
        """Of the answer's tokens, a field that travels alone takes only its own."""
        own = {index: self.source[index] for index in self.indexes} if self.source else ()
        judged_by = None if self.judged_by is None else (KnownOutcome(self.outcome), None)
        state = {"source": own, "value": flat(self.value), "judged_by": judged_by}
        return self.__dict__ | state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, value=whole(state["value"]))

    @property
    def brief(self) -> str:
        """Pointer, value and confidence in a few words, whatever the answer holds."""
        confidence = "unknown" if self.confidence is None else number(self.confidence)
        where = _shorten(printable(self.pointer)) or "(whole)"
        return f"{where} {_shorten(printable(_BRIEF.repr(self.value)))} {confidence}"

    @cached_property
    def pointer(self) -> str:
        """The path as a JSON Pointer."""
        return pointer(self.path)

    @property
    def outcome(self) -> Outcome | None:
        """What its report's policy says: "accept", "review" or "reject".

        None of an object that is judged by its fields, and of a field of no report (while an answer
        is streamed). ``Report.verdicts`` has the reasons.
        """
        if self.judged_by is None:
            return None
        judge, parent = self.judged_by
        return judge.outcome(self, parent)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens that touch the value."""
        return tuple(self.source[index] for index in self.indexes)

    @property
    def null(self) -> float | None:
        """The probability of null (0..1), whatever was written; None where it is not allowed.

        Of a key that may be left out it is known only where null was listed: a request may ask for
        null in place of leaving the key out, and not every request does.
        """
        for member in self.distribution.candidates if self.distribution else ():
            if member.value is None:
                return member.probability
        for member in self.variants.candidates if self.variants else ():
            if member.value == "null":
                return member.probability
        return self.confidence if self.basis == "null_or_value" else None

    @property
    def off_schema(self) -> float | None:
        """The mass (0..1) of what the schema forbids where the value was decided; or None."""
        return None if self.distribution is None else self.distribution.off_schema

    @property
    def unseen(self) -> float | None:
        """The mass (0..1) that the server did not list where the value was decided; or None."""
        return None if self.distribution is None else self.distribution.unseen

    @property
    def margin(self) -> float | None:
        """The probability of the likeliest value less that of the next (0..1); or None.

        See ``Distribution.margin``.
        """
        return None if self.distribution is None else self.distribution.margin

    @property
    def rank(self) -> float | None:
        """A number (0..1) by which the values of one field are sorted, the surest last; or None.

        That of a ``Ranker``, where one was applied to the report. Otherwise the geometric mean of
        ``confidence`` and of the tokens' own joint probability. Where the server's logprobs stand
        before the mask, that one is low where the model wanted to say what the schema forbids, and
        a wrong value is likelier; ``confidence`` is the probability among what is allowed, and says
        nothing of that. It is no probability itself: sort by it, and let a policy and a calibration
        have the confidence. ``bench/quality`` compares the two.
        """
        if self.fitted_rank is not None:
            return self.fitted_rank
        if self.confidence is None or self.logprob is None:
            return None
        return math.sqrt(self.confidence * math.exp(min(self.logprob, 0.0)))

    @property
    def signals(self) -> dict[str, float | None]:
        """All numbers that say how sure the model was, by name, each the same for every kind.

        Of the tokens that touch the value, as probabilities (0..1): ``exp_joint`` their product,
        ``exp_mean`` their geometric mean, ``first`` and ``least`` those of the first and of the
        least sure token; ``tokens`` is how many they are. ``width`` is ``high - low``. The others
        are the attributes of the same names. None where a number is not known.
        """
        logprobs = [token.logprob for token in self.tokens]
        mean = geometric_mean(logprobs)
        shares = [] if mean is None else [math.exp(n) for n in logprobs if n is not None]
        low, high = self.low, self.high
        return {
            "confidence": self.confidence,
            "low": low,
            "high": high,
            "width": None if low is None or high is None else high - low,
            "margin": self.margin,
            "null": self.null,
            "off_schema": self.off_schema,
            "unseen": self.unseen,
            "exp_joint": None if self.logprob is None else math.exp(min(self.logprob, 0.0)),
            "exp_mean": mean,
            "first": shares[0] if shares else None,
            "least": min(shares) if shares else None,
            "tokens": float(len(logprobs)) if logprobs else None,
        }

    @property
    def is_leaf(self) -> bool:
        """Whether the value is a scalar or an empty container that closed."""
        is_scalar = self.kind not in ("object", "array")
        return is_scalar or (not self.value and "truncated" not in self.flags)

    @property
    def counts(self) -> bool:
        """Whether its own settings let it count for what is around it; see ``FieldConfig``."""
        conf = self.declared.conf if self.declared else None
        return conf is None or conf.counts is not False

    def to_dict(self, *, tokens: bool = False) -> dict[str, Any]:
        """Plain JSON values: all of the above but the tokens; containers without their value.

        ``tokens`` adds the indexes of the touching tokens, and ``min_step``.
        """
        plain: dict[str, Any] = {"kind": self.kind}
        if self.is_leaf:
            plain["value"] = plain_value(self.value)
        for name in ("confidence", "low", "high", "logprob", "basis", "expected", "std", "reason"):
            plain[name] = getattr(self, name)
        plain |= {} if self.raw is None else {"raw": self.raw}
        plain["flags"] = list(self.flags)
        plain["span"] = [self.start, self.stop]
        if self.declared and self.declared.conf and (settings := self.declared.conf.settings()):
            plain["conf"] = settings
        plain["distribution"] = plain_record(self.distribution)
        plain["variants"] = plain_record(self.variants)
        plain["presence"] = {key: plain_record(member) for key, member in self.presence.items()}
        plain["end_probabilities"] = [plain_record(member) for member in self.end_probabilities]
        plain["why"] = plain_record(self.why)
        if self.readings:
            plain["readings"] = [plain_record(reading) for reading in self.readings]
        if self.agreement is not None:
            plain["agreement"] = plain_record(self.agreement)
        for name in ("source_spans", "source_candidates"):
            if (spans := getattr(self, name)) is not None:
                plain[name] = [plain_record(span) for span in spans]
        plain |= {} if self.fitted_rank is None else {"fitted_rank": self.fitted_rank}
        if tokens:
            plain["indexes"] = list(self.indexes)
            plain["min_step"] = plain_record(self.min_step)
        return plain


def _shorten(text: str) -> str:
    """A text of at most 40 characters."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."

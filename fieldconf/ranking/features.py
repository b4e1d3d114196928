"""Features: what a ranker reads of a field, as numbers.

In:    a field of a report; located, verified or sampled, or not.
Out:   a number for each feature.
Never: the value's text, or a label; NaN: what is not known has a feature of its own.
Why:   logprobs, the source text and further readings each see errors that the others do not.

A feature is a row of ``FEATURES``: its name, its group, its sign and a function of the field. The
sign says in which direction a value becomes likelier to be right, where that is plain: 1 for "the
more the surer", -1 for "the more the less sure", 0 for "depends".

The unit of probabilities is log odds, kept within about +-14; masses are logarithms, at least -14.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, cast, get_args

from fieldconf.errors import CalibrationError
from fieldconf.fields.field import Field
from fieldconf.fields.readings import FoundHow

Group: TypeAlias = Literal["logprobs", "source", "null", "validators", "readings"]
GROUPS: tuple[Group, ...] = get_args(Group)

_LEAST = 1e-6
_PROBABILITIES = ("confidence", "low", "margin", "exp_mean", "exp_joint", "first", "least")
_MASSES = ("off_schema", "unseen", "width")
_KINDS = ("string", "number", "boolean", "null", "array")
_VALUES = frozenset({"member", "number", "date", "pattern"})


class FieldFacts(NamedTuple):
    """A field with what several features need, computed once."""

    field: Field
    signals: Mapping[str, float | None]
    candidates: frozenset[str]
    second: tuple[float | None, bool | None]

    @classmethod
    def of(cls, field: Field) -> "FieldFacts":
        """The facts of a field."""
        kinds = frozenset(candidate.kind for candidate in field.source_candidates or ())
        readings = [r for r in field.readings if r.how not in ("answer", "sample")]
        last = readings[-1] if readings else None
        second = (
            (None, None) if last is None else (_share(last.confidence, last.agrees), last.agrees)
        )
        return cls(field, field.signals, kinds, second)


class Feature(NamedTuple):
    """One number of a field.

    Attributes:
        name: its name in explanations and files.
        group: which group it belongs to, see ``Group``.
        sign: 1, -1 or 0, see the head of this file.
        of: computes it.
    """

    name: str
    group: Group
    sign: int
    of: Callable[[FieldFacts], float]


def log_odds(probability: float, *, least: float = _LEAST) -> float:
    """The log odds of a probability (0..1), kept within those of ``least`` and 1 - ``least``.

    >>> log_odds(0.5), round(log_odds(1.0), 2)
    (0.0, 13.82)
    """
    clipped = min(max(probability, least), 1 - least)
    return math.log(clipped / (1 - clipped))


def _signal(
    name: str, function: Callable[[float], float], default: float
) -> Callable[[FieldFacts], float]:
    def of(facts: FieldFacts) -> float:
        value = facts.signals[name]
        return default if value is None else function(value)

    return of


def _log_mass(mass: float) -> float:
    return math.log(max(mass, _LEAST))


def _share(confidence: float | None, agrees: bool | None) -> float | None:  # noqa: FBT001
    """How probable a second reading makes the field's value."""
    if confidence is None or agrees is None:
        return None
    return confidence if agrees else 1 - confidence


def _similarity(facts: FieldFacts) -> float:
    spans = facts.field.source_spans
    return spans[0].similarity if spans else 0.0


def _is_found(how: FoundHow) -> Callable[[FieldFacts], float]:
    def of(facts: FieldFacts) -> float:
        spans = facts.field.source_spans
        return float(bool(spans) and spans[0].how == how)

    return of


def _is_invalid(facts: FieldFacts) -> float:
    judged_by = facts.field.judged_by
    problems: Mapping[str, Any] = getattr(judged_by[0], "problems", {}) if judged_by else {}
    return float(facts.field.pointer in problems)


def _length(facts: FieldFacts) -> float:
    value: Any = facts.field.value
    is_long = isinstance(value, (str, list))
    return math.log1p(len(cast("str", value))) if is_long else 0.0


def _is_kind(kind: str) -> Callable[[FieldFacts], float]:
    return lambda facts: float(facts.field.kind == kind)


def _has_candidate(kinds: frozenset[str]) -> Callable[[FieldFacts], float]:
    return lambda facts: float(not kinds.isdisjoint(facts.candidates))


def _is_absent(signal: str) -> Callable[[FieldFacts], float]:
    return lambda facts: float(facts.signals[signal] is None)


def _is_against_schema(facts: FieldFacts) -> float:
    return float("against_schema" in facts.field.flags)


def _was_searched(facts: FieldFacts) -> float:
    return float(facts.field.source_spans is not None)


def _is_not_found(facts: FieldFacts) -> float:
    return float(facts.field.source_spans == ())


def _places(facts: FieldFacts) -> float:
    return math.log1p(len(facts.field.source_spans or ()))


def _second_disagrees(facts: FieldFacts) -> float:
    return float(facts.second[1] is False)


def _second_log_odds(facts: FieldFacts) -> float:
    probability, _ = facts.second
    return 0.0 if probability is None else log_odds(probability)


def _sample_log_odds(facts: FieldFacts) -> float:
    agreement = facts.field.agreement
    return 0.0 if agreement is None else log_odds(agreement.share)


FEATURES: tuple[Feature, ...] = (
    *(Feature(name, "logprobs", 1, _signal(name, log_odds, 0.0)) for name in _PROBABILITIES),
    *(Feature(name, "logprobs", -1, _signal(name, _log_mass, -14.0)) for name in _MASSES),
    Feature("no confidence", "logprobs", 0, _is_absent("confidence")),
    Feature("no distribution", "logprobs", 0, _is_absent("margin")),
    Feature("null", "logprobs", 0, _signal("null", log_odds, 0.0)),
    Feature("tokens", "logprobs", 0, _signal("tokens", math.log1p, 0.0)),
    Feature("length", "logprobs", 0, _length),
    Feature("against the schema", "logprobs", -1,
            _is_against_schema),
    *(Feature(f"is {kind}", "logprobs", 0, _is_kind(kind)) for kind in _KINDS),
    Feature("was searched in the source", "source", 0,
            _was_searched),
    Feature("not in the source", "source", -1,
            _is_not_found),
    *(Feature(f"found: {how}", "source", 0, _is_found(how)) for how in get_args(FoundHow)),
    Feature("similarity", "source", 1, _similarity),
    Feature("places in the source", "source", 0,
            _places),
    Feature("null, and the source has a value", "null", -1, _has_candidate(_VALUES)),
    Feature("null, and the source mentions the field", "null", -1,
            _has_candidate(frozenset({"mention"}))),
    Feature("null, and the source has a name", "null", -1, _has_candidate(frozenset({"name"}))),
    Feature("breaks the schema", "validators", -1, _is_invalid),
    Feature("second reading", "readings", 1, _second_log_odds),
    Feature("second reading disagrees", "readings", -1,
            _second_disagrees),
    Feature("share of samples", "readings", 1, _sample_log_odds),
)  # fmt: skip
"""All features. ``docs/ranking.md`` explains the groups."""


def features_of(groups: Iterable[str] | Literal["all"]) -> tuple[Feature, ...]:
    """The features of these groups.

    Raises:
        CalibrationError: if there is no such group.

    >>> [feature.name for feature in features_of(["validators"])]
    ['breaks the schema']
    """
    chosen = GROUPS if groups == "all" else tuple(groups)
    for group in chosen:
        if group not in GROUPS:
            raise CalibrationError(
                f"there is no group of features {group!r}",
                remedy=f"Use 'all', or some of {', '.join(map(repr, GROUPS))}",
            )
    return tuple(feature for feature in FEATURES if feature.group in chosen)


def numbers_of(field: Field, features: Iterable[Feature]) -> list[float]:
    """The features of a field, in the given order."""
    facts = FieldFacts.of(field)
    return [feature.of(facts) for feature in features]

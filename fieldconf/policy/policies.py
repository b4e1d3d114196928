"""Policies: the limits by which fields are accepted, reviewed or rejected.

In:    numbers from 0 to 1 by field, by kind and for all; a TOML or JSON file.
Out:   ``Policy``: frozen; as plain values, and back.
Never: an unknown name, an impossible number or a missing field without an error.
Why:   the cost of a mistake is known to the user of the values, and it changes more often than
       the model does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

from fieldconf.errors import PolicyError, nearest
from fieldconf.paths import matches, parse_pointer
from fieldconf.policy.limits import (
    ACCEPT,
    NOTHING,
    REVIEW,
    Accept,
    Limits,
    LimitsLike,
    Outcome,
    accept_of,
    limits_of,
    outcome_of,
    plain_accept,
    share_of,
)
from fieldconf.policy.pointers import (
    check_name,
    checked_name,
    name_of,
    pointers_of,
    rank,
)
from fieldconf.schema import Schema, SchemaNode, compile_schema
from fieldconf.statistics.certifying import certify
from fieldconf.statistics.costs import Costs, costs_of
from fieldconf.statistics.guarantee import Guarantee, Per, Unit
from fieldconf.statistics.judged_table import Table
from fieldconf.statistics.packages import package
from fieldconf.statistics.table_registry import labelled_table

if TYPE_CHECKING:
    from fieldconf.statistics.judged_table import Booleans

KINDS = ("string", "enum", "text", "number", "boolean", "null", "list", "object")
"""The kinds that limits may be for: the kinds of fields (an "array" is a "list" here), strings with
few values ("enum") and long texts ("text")."""


@dataclass(frozen=True, init=False)
class Policy:
    """When a field is accepted, reviewed or rejected; ``docs/policies.md`` has the details.

    If several limits are for a field, the most specific ones apply: those for exactly this field;
    for a pattern; the model's own ``fc.FieldConfig``; for the kind; ``accept`` and ``review``.

    Attributes:
        accept: a field is accepted from this confidence (0..1) on; "nothing" (then ``math.inf``)
            accepts no field.
        review: a field is reviewed from this confidence on, and rejected below; if None, .5, or
            ``accept`` if that is lower.
        fields: limits by field: a JSON Pointer ("/items/*/price": "*" is any one step, "**" any
            steps) or attributes ("items[0].price"). Limits are ``Limits(accept, review)``, a pair
            of numbers, or one number: ``accept``.
        kinds: limits by kind: "string", "enum" (a string with few values), "text" (a long one, with
            a confidence per token), "number", "boolean", "null", "list", "object" (an empty one).
        null: null against a value (or a key against its absence) is undecided if both are likelier
            than this.
        missing_item: a list may miss an item if the chance that it goes on is above this.
        off_schema: the model wanted to say something else if more of its mass than this is outside
            of the schema.
        absent: the outcome of a value that was looked for in the source and is not there: "accept"
            (no effect), "review" or "reject".
        missed: the outcome of a null field, if the source has something that it could have held or
            mentions it by name (``field.source_candidates``).
        disagree: the outcome of a value that the last second reading contradicts.
        guarantee: of a policy from labels (``guaranteed``), what holds for it, or why it accepts
            nothing; else None.

    Raises:
        PolicyError: if a number is not from 0 to 1, limits cross, a name cannot be parsed, or the
            policy would accept what the guarantee does not cover.

    >>> policy = Policy(0.8, fields={"/items/*/price": (0.95, 0.7)}, kinds={"boolean": 0.99})
    >>> policy.review, policy.fields["/items/*/price"]
    (0.5, Limits(accept=0.95, review=0.7))
    """

    accept: float
    review: float
    fields: Mapping[str, Limits]
    kinds: Mapping[str, Limits]
    null: float
    missing_item: float
    off_schema: float
    absent: Outcome
    missed: Outcome
    disagree: Outcome
    guarantee: Guarantee | None

    def __init__(  # noqa: PLR0913  # limits, by keyword
        self, accept: Accept = ACCEPT, review: float | None = None, *,
        fields: Mapping[str, LimitsLike] | None = None,
        kinds: Mapping[str, LimitsLike] | None = None,
        null: float = 0.1, missing_item: float = 0.1, off_schema: float = 0.5,
        absent: Outcome | None = None, missed: Outcome | None = None,
        disagree: Outcome | None = "review",
        guarantee: Guarantee | Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        accept = accept_of(accept)
        whole = Limits(accept, min(REVIEW, accept) if review is None else review)
        for name in kinds or {}:
            if name not in (*KINDS, "array"):
                raise PolicyError(f"unknown kind {name!r}", remedy=nearest(name, KINDS))
        values: dict[str, Any] = {
            "accept": whole.accept, "review": whole.review,
            "fields": {checked_name(name): limits_of(raw, whole.review, f"fields, {name!r}")
                       for name, raw in (fields or {}).items()},
            "kinds": {"list" if name == "array" else name: limits_of(
                raw, whole.review, f"kinds, {name!r}") for name, raw in (kinds or {}).items()},
            "null": share_of(null, "null"), "missing_item": share_of(missing_item, "missing_item"),
            "off_schema": share_of(off_schema, "off_schema"),
            "absent": outcome_of(absent, "absent"), "missed": outcome_of(missed, "missed"),
            "disagree": outcome_of(disagree, "disagree"),
        }  # fmt: skip
        if isinstance(guarantee, Mapping):
            guarantee = Guarantee.from_dict(guarantee)
        for name, value in {**values, "guarantee": guarantee}.items():
            object.__setattr__(self, name, value)
        if guarantee is not None:
            _check_covered(self, guarantee)

    def __hash__(self) -> int:
        return hash((self.accept, self.review, frozenset(self.fields.items())))

    # -- plain values and files ---------------------------------------------------------------

    @classmethod
    def of(cls, source: "PolicyLike | None") -> "Policy":
        """The policy itself, from its plain values, or from its file; the default one for None.

        Raises:
            PolicyError: as ``from_dict`` and ``read`` do.
        """
        if source is None:
            return USUAL
        if isinstance(source, Policy):
            return source
        if isinstance(source, (str, PathLike)):
            return cls.read(source)
        return cls.from_dict(source)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """The policy in a TOML or JSON file, whose names are those of the arguments.

        Raises:
            PolicyError: if the file cannot be read, or ``from_dict`` refuses its values.
        """
        import tomllib  # noqa: PLC0415

        place = Path(path)
        readers = {".toml": tomllib.loads, ".json": json.loads}
        if place.suffix not in readers:
            raise PolicyError(f"{path} is no policy file", remedy="Give a .toml or a .json file")
        try:
            return cls.from_dict(readers[place.suffix](place.read_text(encoding="utf-8")))
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise PolicyError(f"cannot read the policy {path}: {reason}") from error
        except PolicyError as error:
            error_in_file = PolicyError(f"{path}: {error}")
            error_in_file.remedy = error.remedy
            raise error_in_file from None

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The policy with these arguments, by name; the others have their defaults.

        Raises:
            PolicyError: for an unknown name, and for a value that is not allowed.

        >>> Policy.from_dict({"accept": 0.8, "fields": {"/total": 0.99}}).fields
        {'/total': Limits(accept=0.99, review=0.5)}
        """
        names = [attribute.name for attribute in fields(cls)]
        raw: Any = plain
        if not isinstance(raw, Mapping):
            raise PolicyError(
                f"{raw!r} is no policy", remedy='Give a mapping such as {"accept": 0.9}'
            )
        for name, value in plain.items():
            if name not in names:
                raise PolicyError(f"unknown name {name!r}", remedy=nearest(name, names))
            if name in ("fields", "kinds") and not (
                isinstance(value, Mapping)
                and all(isinstance(key, str) for key in cast("Mapping[Any, Any]", value))
            ):
                raise PolicyError(f"{name} {value!r} does not map names to numbers")
        return cls(**plain)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, see ``from_dict``."""
        plain = {attribute.name: getattr(self, attribute.name) for attribute in fields(self)}
        for name in ("fields", "kinds"):
            plain[name] = {
                key: [plain_accept(limits.accept), limits.review]
                for key, limits in plain[name].items()
            }
        plain["accept"] = plain_accept(self.accept)
        del plain["guarantee"]
        return plain if self.guarantee is None else plain | {"guarantee": self.guarantee.to_dict()}

    # -- from labels --------------------------------------------------------------------------

    @classmethod
    def guaranteed(  # noqa: PLR0913  # options, by keyword
        cls, source: Any, labels: Any = None, *, risk: float = 0.1,
        confidence: float = 0.95, unit: Unit = "field", per: Per = "pooled", together: bool = True,
        strict: bool = False, review: float = REVIEW, scope: Mapping[str, str] | None = None,
    ) -> Self:  # fmt: skip
        """The policy that accepts most, while at most a share ``risk`` of what it accepts is wrong.

        It accepts a labelled field from its certified cut on. It accepts no other field, and has no
        other limit (null, items, schema, second readings; add these with ``replace``: it then
        accepts less). If nothing can be certified, it accepts nothing, and
        ``policy.guarantee.reason`` says what would help. The guarantee holds for documents like the
        labelled ones: from the same source, with the same model, schema and calibration.

        Args:
            source: a table with the columns ``document, field, confidence, right`` (see
                ``fieldconf.statistics.judged_table.Table``); or, with ``labels``, reports.
            labels: the right values, see ``fc.labels``.
            risk: the share (0..1) of the accepted that may be wrong.
            confidence: the probability (0..1), over draws of the labelled documents, with which the
                guarantee holds.
            unit: what is accepted: a "field"; or a "document" with all its fields, which is wrong
                if one of them is.
            per: the risk of all fields "pooled", with one cut; or of each "field", with its own.
            together: with a cut per field, whether all guarantees hold together with this
                confidence (the error is shared), or each alone.
            strict: whether the bound must hold exactly for any number of documents and any
                dependence between the errors within one; this takes more labels. Documents are
                independent draws, with no more rows than the largest labelled one has.
            review: a field that is not accepted is reviewed from this confidence (0..1) on.
            scope: what the answers are of, by name: "model", "schema" (``Schema.digest``),
                "prompt", "calibration" (``Calibrator.digest``, or "none"); names left out are
                read from the reports. Reports of another scope are not accepted, see
                ``Report.with_policy``; "" allows any.

        Raises:
            EvaluationError: if the source is no table.
            PolicyError: if a number or a word is not allowed.
            MissingPackageError: without the extra ``calibrate``.

        >>> rows = [{"document": n, "field": "/team", "confidence": 0.9, "right": True}
        ...         for n in range(50)]
        >>> policy = Policy.guaranteed(rows, risk=0.1, confidence=0.95)
        >>> policy.fields, round(policy.guarantee.bound, 3)
        ({'/team': Limits(accept=0.9, review=0.5)}, 0.088)
        >>> Policy.guaranteed(rows, risk=0.05).guarantee.reason
        'at least 40 more labels'
        """
        share_of(review, "review")
        scope_of_reports: Mapping[str, str] = {}
        table = source
        if labels is not None:
            table, scope_of_reports = labelled_table(labels, source)
        guarantee = certify(
            table, risk=risk, confidence=confidence, unit=unit, per=per, together=together,
            strict=strict,
        )  # fmt: skip
        guarantee = replace(guarantee, scope={**scope_of_reports, **(scope or {})})
        cuts = {name: NOTHING if cut is None else cut for name, cut in guarantee.cuts.items()}
        return cls(
            "nothing", review,
            fields={name_of(name): Limits(cut, min(review, cut)) for name, cut in cuts.items()},
            null=1.0, missing_item=1.0, off_schema=1.0, absent="accept", missed="accept",
            disagree="accept",
            guarantee=guarantee,
        )  # fmt: skip

    @classmethod
    def cheapest(
        cls, source: Any, labels: Any = None, *, wrong: float, review: float,
        larger: tuple[float, float] | None = None, seed: int = 0,
    ) -> tuple[Self, Costs]:  # fmt: skip
        """The policy that accepts from the cheapest cut on, and the costs of each cut.

        It has one cut for all fields: the best on the labelled rows. It has no guarantee.

        Args:
            source: a table, or with ``labels`` reports, as for ``guaranteed``.
            labels: the right values, see ``fc.labels``.
            wrong: the cost of a wrong value that is accepted.
            review: the cost of the review of one value, which is then right; in the same unit.
            larger: a larger model instead of reviews: its price for one value, and the share
                (0..1) of its answers that is right. The cheaper of the two is used.
            seed: the seed for the documents that are drawn for the interval.

        Raises:
            EvaluationError: if the source is no table, or has no rows.
            PolicyError: if a cost is negative or no number.
            MissingPackageError: without the extra ``calibrate``.

        >>> rows = [{"document": n, "field": "/a", "confidence": c, "right": c > 0.5}
        ...         for n, c in enumerate([0.9, 0.8, 0.4, 0.3] * 5)]
        >>> policy, costs = Policy.cheapest(rows, wrong=10, review=1)
        >>> policy.accept, costs.best.coverage, costs.best.review
        (0.8, 0.5, 0.5)
        """
        table = source if labels is None else labelled_table(labels, source).table
        costs = costs_of(table, wrong=wrong, review=review, larger=larger, seed=seed)
        return cls("nothing" if costs.best.cut is None else costs.best.cut), costs

    def accepts(self, source: Any) -> "Booleans":
        """Which rows of a table are accepted, by their confidence: a boolean for each, in order.

        A row without a confidence is not accepted. A policy with a guarantee for documents accepts
        all rows of a document, or none.

        Args:
            source: a table with the columns ``document, field, confidence``.

        Raises:
            EvaluationError: if the source is no table.
            MissingPackageError: without the extra ``calibrate``.

        >>> Policy(0.8).accepts({"document": [1, 2], "field": ["a", "a"], "confidence": [0.9, 0.7]})
        array([ True, False])
        """
        np, table = package("numpy"), Table.read(source, is_labelled=False)
        limits = map(self._limits_for, table.fields, table.kinds)
        cuts = np.asarray([each.accept for each in limits], dtype=float)
        accepted = table.confidence >= cuts[table.field]
        if self.guarantee is None or self.guarantee.unit == "field":
            return accepted
        whole = np.ones(len(table.documents), dtype=bool)
        np.logical_and.at(whole, table.document, accepted)
        return whole[table.document]

    def _limits_for(self, field: str, kind: str) -> Limits:
        """The limits for a field of a table: by name, by pattern, by kind, or for all."""
        name = name_of(field)
        limits = self.fields.get(name)
        if limits is None and name.startswith("/"):
            fits = {
                pattern: rank(parse_pointer(pattern))
                for pattern in self.fields
                if pattern.startswith("/") and matches(parse_pointer(pattern), parse_pointer(name))
            }
            for pattern, place in fits.items():
                if place == min(fits.values()):
                    limits = stricter(limits, self.fields[pattern])
        return limits or self.kinds.get(kind) or Limits(self.accept, self.review)

    # -- with a schema ------------------------------------------------------------------------

    def check(self, schema: Any) -> Self:
        """The policy itself, if each of its names means fields that the schema has.

        Raises:
            PolicyError: if a name means no field, or an object: only its fields are judged.
            SchemaError: if the schema is not valid.

        >>> schema = {"properties": {"team": {"type": "string"}}}
        >>> Policy(fields={"/taem": 0.9}).check(schema)
        Traceback (most recent call last):
        fieldconf.errors.PolicyError: '/taem' is no field of the schema. Did you mean '/team'?
        """
        root = compile_schema(schema).root
        for name in self.fields:
            check_name(name, root)
        return self

    def at(self, place: "SchemaNode | Schema") -> "Policy":
        """The policy with pointers instead of attributes; for equal ones, the stricter limits."""
        if all(not name or name.startswith("/") for name in self.fields):
            return self
        root = place.root if isinstance(place, Schema) else place
        by_pattern: dict[str, Limits] = {}
        for name, limits in self.fields.items():
            for pattern in pointers_of(name, root):
                by_pattern[pattern] = stricter(by_pattern.get(pattern), limits)
        return replace(self, fields=by_pattern)


PolicyLike: TypeAlias = Policy | Mapping[str, Any] | str | PathLike[str]
"""A policy, its plain values, or the path of its file."""

USUAL = Policy()


def stricter(first: Limits | None, second: Limits) -> Limits:
    """The limits that accept and review only what both do."""
    if first is None:
        return second
    return Limits(max(first.accept, second.accept), max(first.review, second.review))


def _check_covered(policy: Policy, guarantee: Guarantee) -> None:
    """Check that all ``accept`` limits are certified cuts.

    Raises:
        PolicyError: if one is not.
    """
    certified = {NOTHING, *guarantee.cuts.values()}
    accepts = [("", policy.accept)]
    for by_name in (policy.fields, policy.kinds):
        accepts += [(name, limits.accept) for name, limits in by_name.items()]
    for name, accept in accepts:
        if accept not in certified:
            raise PolicyError(
                f"the guarantee does not cover accept {accept}{f' of {name!r}' * bool(name)}",
                remedy="Give guarantee=None with other cuts, or certify again",
            )

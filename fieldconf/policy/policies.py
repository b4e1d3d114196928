"""Policies: the limits by which fields are accepted, reviewed or rejected.

In:    numbers from 0 to 1 by field, by kind and for all; a TOML or JSON file.
Out:   ``Policy``: frozen; as plain values, and back.
Never: an unknown name, an impossible number or a field that is not there taken in silence.
Why:   what a mistake costs is known to whoever uses the values, and it changes more often than
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
from fieldconf.policy.bands import (
    ACCEPT,
    NOTHING,
    REVIEW,
    Accept,
    Limits,
    LimitsLike,
    Outcome,
    accept_of,
    band_of,
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
from fieldconf.statistics.labelled import labelled
from fieldconf.statistics.packages import package
from fieldconf.statistics.table import Table

if TYPE_CHECKING:
    from fieldconf.statistics.table import Booleans

KINDS = ("string", "enum", "text", "number", "boolean", "null", "list", "object")
"""The kinds that a band may be for: those of fields ("list" is their "array"), strings with few
values ("enum") and long texts ("text")."""


@dataclass(frozen=True, init=False)
class Policy:
    """When a field is accepted, reviewed or rejected; ``docs/policies.md`` has all of it.

    Of several bands that are for a field the most specific one counts: one for exactly this field;
    a pattern; the model's own ``fc.Conf``; one for the kind; ``accept`` and ``review``.

    Attributes:
        accept: from this confidence (0..1) on a field is accepted; "nothing" (then ``math.inf``):
            from none.
        review: from this confidence on it is reviewed, below rejected; if None, .5 or ``accept``.
        fields: bands by field: a JSON Pointer ("/items/*/price": "*" is any one step, "**" any
            steps) or attributes ("items[0].price"). A band is ``Limits(accept, review)``, a pair of
            numbers, or one: where it accepts.
        kinds: bands by kind: "string", "enum" (a string with few values), "text" (a long one, with
            a confidence per token), "number", "boolean", "null", "list", "object" (an empty one).
        null: null and a value (or a key and none) are undecided where both are likelier than this.
        missing_item: a list may miss an item where the chance that it goes on is above this.
        off_schema: the model wanted to say something else where more of its mass than this is
            outside of the schema.
        absent: what a value leads to that was looked for in the source and is not there: "accept"
            (nothing), "review" or "reject".
        disagree: what it leads to that the last second reading contradicts the value.
        guarantee: of a policy from labels (``guaranteed``), what holds for it, or why it accepts
            nothing; else None.

    Raises:
        PolicyError: if a number is none from 0 to 1, bounds cross, a name cannot be read, or what
            the guarantee does not cover would be accepted.

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
    disagree: Outcome
    guarantee: Guarantee | None

    def __init__(  # noqa: PLR0913  # limits, by keyword
        self, accept: Accept = ACCEPT, review: float | None = None, *,
        fields: Mapping[str, LimitsLike] | None = None, kinds: Mapping[str, LimitsLike] | None = None,
        null: float = 0.1, missing_item: float = 0.1, off_schema: float = 0.5,
        absent: Outcome | None = None, disagree: Outcome | None = "review",
        guarantee: Guarantee | Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        accept = accept_of(accept)
        whole = Limits(accept, min(REVIEW, accept) if review is None else review)
        for name in kinds or {}:
            if name not in (*KINDS, "array"):
                raise PolicyError(f"unknown kind {name!r}", remedy=nearest(name, KINDS))
        made: dict[str, Any] = {
            "accept": whole.accept, "review": whole.review,
            "fields": {checked_name(name): band_of(one, whole.review, f"fields, {name!r}")
                       for name, one in (fields or {}).items()},
            "kinds": {"list" if name == "array" else name: band_of(
                one, whole.review, f"kinds, {name!r}") for name, one in (kinds or {}).items()},
            "null": share_of(null, "null"), "missing_item": share_of(missing_item, "missing_item"),
            "off_schema": share_of(off_schema, "off_schema"),
            "absent": outcome_of(absent, "absent"), "disagree": outcome_of(disagree, "disagree"),
        }  # fmt: skip
        if isinstance(guarantee, Mapping):
            guarantee = Guarantee.from_dict(guarantee)
        for name, value in {**made, "guarantee": guarantee}.items():
            object.__setattr__(self, name, value)
        if guarantee is not None:
            _check_covered(self, guarantee)

    def __hash__(self) -> int:
        return hash((self.accept, self.review, frozenset(self.fields.items())))

    # -- plain values and files ---------------------------------------------------------------

    @classmethod
    def of(cls, given: "PolicyLike | None") -> "Policy":
        """The policy that was meant: one, its plain values, or its file; of None, the usual one.

        Raises:
            PolicyError: as ``from_dict`` and ``read`` do.
        """
        if given is None:
            return USUAL
        if isinstance(given, Policy):
            return given
        if isinstance(given, (str, PathLike)):
            return cls.read(given)
        return cls.from_dict(given)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """The policy in a TOML or JSON file; its names are the arguments'.

        Raises:
            PolicyError: if it cannot be read, or holds what ``from_dict`` does not take.
        """
        import tomllib  # noqa: PLC0415

        place = Path(path)
        readers = {".toml": tomllib.loads, ".json": json.loads}
        if place.suffix not in readers:
            raise PolicyError(f"{path} is no policy", remedy="Give a .toml or a .json file")
        try:
            return cls.from_dict(readers[place.suffix](place.read_text(encoding="utf-8")))
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise PolicyError(f"cannot read the policy {path}: {reason}") from error
        except PolicyError as error:
            ours = PolicyError(f"{path}: {error}")
            ours.remedy = error.remedy
            raise ours from None

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The policy of these plain values, by the arguments' names; what is not said is usual.

        Raises:
            PolicyError: for a name that is none, and for what cannot be.

        >>> Policy.from_dict({"accept": 0.8, "fields": {"/total": 0.99}}).fields
        {'/total': Limits(accept=0.99, review=0.5)}
        """
        known = [one.name for one in fields(cls)]
        given: Any = plain
        if not isinstance(given, Mapping):
            raise PolicyError(f"{given!r} is no policy", remedy='Give such as {"accept": 0.9}')
        for name, value in plain.items():
            if name not in known:
                raise PolicyError(f"unknown name {name!r}", remedy=nearest(name, known))
            if name in ("fields", "kinds") and not _is_table(value):
                raise PolicyError(f"{name} {value!r} maps no names to numbers")
        return cls(**plain)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, see ``from_dict``."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        for name in ("fields", "kinds"):
            plain[name] = {
                key: [plain_accept(one.accept), one.review] for key, one in plain[name].items()
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
        """The policy that accepts as much as can be, with accepted fields wrong at most so often.

        From the cut on that is certified for it a labelled field is accepted; nothing else is, and
        no other limit counts (null, items, schema, second readings; add them with ``replace``,
        and less is accepted). Where nothing can be certified, nothing is accepted, and
        ``policy.guarantee.reason`` says what would help. It holds for documents like the labelled
        ones: of the same source, by the same model, schema and calibration.

        Args:
            source: a table with the columns ``document, field, confidence, right`` (see
                ``fieldconf.statistics.table.Table``); or, with ``labels``, reports.
            labels: what is right, see ``fc.labels``.
            risk: which share (0..1) of the accepted may be wrong.
            confidence: how sure that has to be (0..1), over draws of the labelled documents.
            unit: what is accepted: a "field"; or a "document" with all its fields, which is wrong
                if one of them is.
            per: the risk of all fields "pooled", with one cut; or of each "field", with its own.
            together: with a cut per field, whether all hold together with this confidence (their
                error is shared), or each alone.
            strict: whether the bound must be valid for any number of documents, however their
                errors come together, with no estimate; it takes more labels. Documents are
                independent draws, with no more rows than the largest labelled one has.
            review: from this confidence (0..1) on what is not accepted is reviewed.
            scope: what the answers are of, by name: "model", "schema" (``Schema.digest``),
                "prompt", "calibration" (``Calibrator.digest``, or "none"); where it is not said,
                as reports say. Reports of another scope are not accepted, see
                ``Report.with_policy``; "" is any.

        Raises:
            EvaluationError: if it is no table.
            PolicyError: if a number or a word cannot be.
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
        known: Mapping[str, str] = {}
        table = source
        if labels is not None:
            table, known = labelled(labels, source)
        guarantee = certify(
            table, risk=risk, confidence=confidence, unit=unit, per=per, together=together,
            strict=strict,
        )  # fmt: skip
        guarantee = replace(guarantee, scope={**known, **(scope or {})})
        cuts = {name: NOTHING if cut is None else cut for name, cut in guarantee.cuts.items()}
        return cls(
            "nothing", review,
            fields={name_of(name): Limits(cut, min(review, cut)) for name, cut in cuts.items()},
            null=1.0, missing_item=1.0, off_schema=1.0, absent="accept", disagree="accept",
            guarantee=guarantee,
        )  # fmt: skip

    @classmethod
    def cheapest(
        cls, source: Any, labels: Any = None, *, wrong: float, review: float,
        larger: tuple[float, float] | None = None, seed: int = 0,
    ) -> tuple[Self, Costs]:  # fmt: skip
        """The policy that accepts from the cheapest cut on, and what each cut costs.

        It is one cut for all fields, the best on the labelled rows: no guarantee.

        Args:
            source: a table, or with ``labels`` reports, as for ``guaranteed``.
            labels: what is right, see ``fc.labels``.
            wrong: what a wrong accepted value costs.
            review: what a review of one value costs, which is then right; in the same unit.
            larger: a larger model in place of reviews: its price for one value, and the share
                (0..1) of its answers that is right. The cheaper way counts.
            seed: of the documents that are drawn for the interval.

        Raises:
            EvaluationError: if it is no table, or has no rows.
            PolicyError: if a cost is negative or no number.
            MissingPackageError: without the extra ``calibrate``.

        >>> rows = [{"document": n, "field": "/a", "confidence": c, "right": c > 0.5}
        ...         for n, c in enumerate([0.9, 0.8, 0.4, 0.3] * 5)]
        >>> policy, costs = Policy.cheapest(rows, wrong=10, review=1)
        >>> policy.accept, costs.best.coverage, costs.best.review
        (0.8, 0.5, 0.5)
        """
        table = source if labels is None else labelled(labels, source).table
        costs = costs_of(table, wrong=wrong, review=review, larger=larger, seed=seed)
        return cls("nothing" if costs.best.cut is None else costs.best.cut), costs

    def accepts(self, source: Any) -> "Booleans":
        """Which rows of a table are accepted, by their confidence: a boolean for each, in order.

        A row without a confidence is not accepted. Of a policy that is guaranteed for documents,
        all rows of a document are accepted, or none.

        Args:
            source: a table with the columns ``document, field, confidence``.

        Raises:
            EvaluationError: if it is no table.
            MissingPackageError: without the extra ``calibrate``.

        >>> Policy(0.8).accepts({"document": [1, 2], "field": ["a", "a"], "confidence": [0.9, 0.7]})
        array([ True, False])
        """
        np, table = package("numpy"), Table.read(source, is_labelled=False)
        bands = map(self._band, table.fields, table.kinds)
        cuts = np.asarray([band.accept for band in bands], dtype=float)
        accepted = table.confidence >= cuts[table.field]
        if self.guarantee is None or self.guarantee.unit == "field":
            return accepted
        whole = np.ones(len(table.documents), dtype=bool)
        np.logical_and.at(whole, table.document, accepted)
        return whole[table.document]

    def _band(self, field: str, kind: str) -> Limits:
        """The band for a field of a table: by name, by a pattern, by kind, or the usual one."""
        name = name_of(field)
        named = self.fields.get(name)
        if named is None and name.startswith("/"):
            fits = {
                pattern: rank(parse_pointer(pattern))
                for pattern in self.fields
                if pattern.startswith("/") and matches(parse_pointer(pattern), parse_pointer(name))
            }
            for pattern, place in fits.items():
                if place == min(fits.values()):
                    named = stricter(named, self.fields[pattern])
        return named or self.kinds.get(kind) or Limits(self.accept, self.review)

    # -- with a schema ------------------------------------------------------------------------

    def check(self, schema: Any) -> Self:
        """The policy itself, if each of its names means fields that the schema has.

        Raises:
            PolicyError: if one means none, or an object (whose fields are judged, not itself).
            SchemaError: if the schema is no schema.

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
        """The same with pointers in place of attributes; bands that then meet: the stricter."""
        if all(not name or name.startswith("/") for name in self.fields):
            return self
        root = place.root if isinstance(place, Schema) else place
        made: dict[str, Limits] = {}
        for name, band in self.fields.items():
            for one in pointers_of(name, root):
                made[one] = stricter(made.get(one), band)
        return replace(self, fields=made)


PolicyLike: TypeAlias = Policy | Mapping[str, Any] | str | PathLike[str]
"""A policy, its plain values, or the path of its file."""

USUAL = Policy()


def stricter(one: Limits | None, other: Limits) -> Limits:
    """The band that accepts and reviews only what both do."""
    if one is None:
        return other
    return Limits(max(one.accept, other.accept), max(one.review, other.review))


def _check_covered(policy: Policy, guarantee: Guarantee) -> None:
    """See that nothing is accepted from another confidence on than what was certified.

    Raises:
        PolicyError: if something is.
    """
    certified = {NOTHING, *guarantee.cuts.values()}
    for name, band in (("", Limits(policy.accept, policy.review)), *policy.fields.items(),
                       *policy.kinds.items()):  # fmt: skip
        if band.accept not in certified:
            raise PolicyError(
                f"the guarantee does not cover accept {band.accept}{f' of {name!r}' * bool(name)}",
                remedy="Give guarantee=None with other cuts, or certify again",
            )


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) for name in cast("Mapping[Any, Any]", value)
    )

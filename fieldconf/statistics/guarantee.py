"""Guarantee: what a certified policy states about itself.

In:    the result of a certification.
Out:   ``Guarantee``, frozen; plain values, and back.
Never: a bound for a policy that accepts nothing.
Why:   a guarantee is only worth something with the numbers it rests on.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, TypeAlias

from fieldconf.errors import CalibrationError, PolicyError, nearest

Unit: TypeAlias = Literal["field", "document"]
Per: TypeAlias = Literal["pooled", "field"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """One cut and what holds for it; all its numbers but ``labels`` are of the labelled rows.

    Attributes:
        fields: the names of the fields for which it holds, all together.
        labels: how many rows (or documents) were labelled.
        wrong_share: the share (0..1) of these that is wrong.
        cut: from this confidence (0..1) on they are accepted; None if none can be certified.
        bound: the upper bound on the share of the accepted ones that is wrong; None without a cut.
        coverage: the share that is accepted; 0 without a cut.
        accepted, wrong: how many were accepted, and how many of these are wrong.
        design_effect: accepted labels per independent label, at least 1; None where the bound
            needs none, or without a cut.
        reason: why there is no cut, and what would help; empty if there is one.
    """

    fields: tuple[str, ...]
    labels: int
    wrong_share: float | None = None
    cut: float | None = None
    bound: float | None = None
    coverage: float = 0.0
    accepted: int = 0
    wrong: int = 0
    design_effect: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Guarantee:
    """An upper bound on how often accepted values are wrong, and how sure it is.

    Attributes:
        risk: the share (0..1) of the accepted ones that may be wrong.
        confidence: how sure that is (0..1), over draws of the labelled documents.
        unit: what is accepted: a "field", or a "document" with all its fields.
        per: whether the risk is that of all fields "pooled", or that of each "field".
        together: of several certificates, whether ``confidence`` is that all of them hold
            together (the error was shared among them), or that of each alone.
        strict: whether it is valid for any number of documents, with no estimate of how errors
            come together; else by a design effect.
        documents: how many were labelled.
        most: how many labelled rows a document has at most; if ``strict``, also in the population.
        certificates: what was certified: one, or one for each field.
        scope: what the labelled answers are of, by name: "model", "schema", "prompt",
            "calibration" (the digest of the calibrator, or "none"); empty where that is not known.
    """

    risk: float
    confidence: float
    unit: Unit
    per: Per
    together: bool
    strict: bool
    documents: int
    most: int
    certificates: tuple[Certificate, ...]
    scope: Mapping[str, str] = field(default_factory=dict[str, str])

    def __hash__(self) -> int:
        return hash((self.risk, self.confidence, self.certificates))

    @property
    def cuts(self) -> dict[str, float | None]:
        """The cut of each field, by its name; None where nothing is accepted."""
        return {
            name: certificate.cut
            for certificate in self.certificates
            for name in certificate.fields
        }

    @property
    def labels(self) -> int:
        """How many fields (or documents) were labelled."""
        return sum(certificate.labels for certificate in self.certificates)

    @property
    def coverage(self) -> float:
        """The share (0..1) of the labelled ones that is accepted."""
        return sum(certificate.accepted for certificate in self.certificates) / max(self.labels, 1)

    @property
    def bound(self) -> float | None:
        """The highest of the bounds; None where nothing is accepted."""
        bounds = (certificate.bound for certificate in self.certificates)
        return max((bound for bound in bounds if bound is not None), default=None)

    @property
    def design_effect(self) -> float | None:
        """The highest of the design effects; None where there is none."""
        effects = (certificate.design_effect for certificate in self.certificates)
        return max((effect for effect in effects if effect is not None), default=None)

    @property
    def reason(self) -> str:
        """Why nothing is accepted, of each that has no cut; empty if all have one."""
        return "; ".join(
            c.reason if self.per == "pooled" else f"{', '.join(c.fields)}: {c.reason}"
            for c in self.certificates
            if c.reason
        )

    def differences(self, actual: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """By name, how the scope of the labelled answers differs from this one: (own, actual).

        Names that are unknown on either side are not compared.
        """
        return {
            name: (own, now)
            for name, own in self.scope.items()
            if own and (now := actual.get(name, "")) and own != now
        }

    def check(self, actual: Mapping[str, str]) -> None:
        """Check that the guarantee holds for answers of this scope.

        Raises:
            CalibrationError: if the labelled answers were others; with what was expected and what
                is so.
        """
        if differences := self.differences(actual):
            raise CalibrationError(
                f"the policy was certified for {in_words(differences)}",
                expected={name: own for name, (own, _) in differences.items()},
                actual={name: is_ for name, (_, is_) in differences.items()},
                remedy="Certify one on labels of these answers; force=True takes it all the same",
            )

    def __str__(self) -> str:
        several = "" if self.per == "pooled" else f" ({'together' if self.together else 'each'})"
        head = (
            f"accepted {self.unit}s are wrong in at most {self.risk:.1%}, "
            f"with {self.confidence:.0%} confidence{several}: "
        )
        if self.bound is None:
            return f"{head}nothing is accepted. {self.reason}"
        accepted = sum(certificate.accepted for certificate in self.certificates)
        wrong = sum(certificate.wrong for certificate in self.certificates)
        effect = f", design effect {self.design_effect:.2f}" if self.design_effect else ""
        return (
            f"{head}{accepted} of {self.labels} labels in {self.documents} documents accepted, "
            f"{wrong} wrong, bound {self.bound:.4f}{effect}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, see ``from_dict``."""
        plain = asdict(self)
        for certificate in plain["certificates"]:
            certificate["fields"] = list(certificate["fields"])
        return {**plain, "certificates": list(plain["certificates"])}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The guarantee of which this is the ``to_dict``.

        Raises:
            PolicyError: if it is none.
        """
        names = {attribute.name for attribute in fields(cls)}
        for name in plain:
            if name not in names:
                raise PolicyError(f"unknown name {name!r}", remedy=nearest(name, names))
        try:
            certificates = tuple(
                Certificate(**dict[str, Any](each, fields=tuple(each["fields"])))
                for each in plain["certificates"]
            )
            parts: dict[str, Any] = {**plain, "certificates": certificates}
            return cls(**parts)
        except (TypeError, KeyError) as error:
            raise PolicyError(f"no guarantee: {error}", remedy="Give what to_dict gave") from None


def in_words(differences: Mapping[str, tuple[str, str]]) -> str:
    """What ``Guarantee.differences`` gives, in words.

    >>> in_words({"model": ("a", "b")})
    "model 'a', not 'b'"
    """
    return "; ".join(f"{name} {own!r}, not {is_!r}" for name, (own, is_) in differences.items())

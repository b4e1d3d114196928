"""Readings: records of what several requests, and the source text, say of one field.

In:    nothing.
Out:   ``Reading``, ``Agreement`` and ``SourceSpan`` of a field; ``RequestCost`` and ``Calibrated``
       of a report.
Never: a rule that combines readings: the callers that read again have those.
Why:   a second reading is useful only if the first is kept beside it.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Basis: TypeAlias = Literal[
    "distribution", "decision", "null_or_value", "joint", "geometric_mean", "list_end",
    "least_required", "agreement", "verification", "none",
]  # fmt: skip
How: TypeAlias = Literal["answer", "reask", "verification", "sample", "decision", "second_prompt"]
FoundHow: TypeAlias = Literal["exact", "folded", "number", "date", "fuzzy"]
CandidateKind: TypeAlias = Literal["member", "number", "date", "pattern", "name", "mention"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one request said of a field.

    Attributes:
        how: by which kind of request: "answer" is the first one.
        value: the value it gave; of a verification, True or False.
        confidence: how sure the model was of it, 0..1; of a verification, the probability that the
            field's value is right; None if not known.
        basis: the formula behind ``confidence``, as of a field.
        model: who was asked; empty where nobody says.
        agrees: whether it is for the value that the field has now; None where that was not asked.
    """

    how: How
    value: Any
    confidence: float | None = None
    basis: Basis = "none"
    model: str = ""
    agrees: bool | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of several answers to the same question have the field's value.

    Attributes:
        count: so many have it.
        of: so many were looked at.
        low, high: bounds of the share in the long run (0..1), Wilson's at 95 %.
    """

    count: int
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """``count / of``, 0..1."""
        return self.count / self.of


@dataclass(frozen=True, slots=True)
class SourceSpan:
    """One place where a value stands in the text that was read.

    Attributes:
        start, stop: half-open, in characters of that text.
        text: what stands there.
        how: "exact"; "folded" (letter case, white space and the like differ); "number" or "date"
            (the same one, written in another way); "fuzzy" (nearly).
        similarity: 0..1; below 1 for "fuzzy", for what can be read in two ways ("1,234") and for a
            date that has not all parts of the value; ``docs/source.md`` has the formulas.
    """

    start: int
    stop: int
    text: str
    how: FoundHow
    similarity: float = 1.0


@dataclass(frozen=True, slots=True)
class SourceCandidate:
    """A span of the text that was read which a null field could have held, or that mentions it.

    Attributes:
        start, stop: half-open, in characters of that text.
        text: what stands there.
        kind: what it is: a "member" of the field's enum; a "number", "date" or word ("pattern")
            that the schema allows; a capitalised "name"; or a "mention" of the field's own name.
    """

    start: int
    stop: int
    text: str
    kind: CandidateKind


@dataclass(frozen=True, slots=True)
class Calibrated:
    """By what the confidences of a report were calibrated.

    Attributes:
        digest: that of the calibrator.
        chosen: "ridge", or "identity" where it left the confidences as they were.
        date: when it was fitted (ISO 8601).
        labels: on how many labelled values.
        documents: of how many documents.
        model: for which model; empty where that is not known.
    """

    digest: str
    chosen: str
    date: str = ""
    labels: int = 0
    documents: int = 0
    model: str = ""


@dataclass(frozen=True, slots=True)
class RequestCost:
    """One request behind a report, and what it cost.

    Attributes:
        how: what for, as of a ``Reading``.
        model: who was asked; empty where nobody says.
        input_tokens, output_tokens: as the server says; None where it does not.
    """

    how: How
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None

"""Forms: the plain form of a report, as models that say what is wrong with one.

In:    plain JSON values.
Out:   the same, typed, name by name.
Never: a key skipped that is not known; a value made to fit.
Why:   a report is saved today and read next year, by somebody else.

What came later has a default, and keys of version 1 are read as well.
"""

from typing import Annotated, Any, Literal, TypeAlias

from annotated_types import Len
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, InstanceOf
from pydantic import Field as FormKey

from fieldconf.fields.field import Kind
from fieldconf.fields.readings import Basis, FoundHow, How
from fieldconf.fields.status import Status
from fieldconf.policy import Outcome
from fieldconf.schema.field_settings import Basis as ConfBasis
from fieldconf.tokens.token import FORMER_MASKS, Mask

Text: TypeAlias = InstanceOf[str]  # pydantic's own check refuses lone surrogates


def _formerly(name: str, former: str, **more: Any) -> Any:
    """A key that had another name in version 1."""
    return FormKey(validation_alias=AliasChoices(name, former), **more)


def _current_mask(mask: Any) -> Any:
    return FORMER_MASKS.get(mask, mask) if isinstance(mask, str) else mask


class SavedRecord(BaseModel):
    """What all forms have in common."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True
    )


class SavedRival(SavedRecord):
    """The JSON form of ``Rival``."""

    text: Text
    probability: float


class SavedMember(SavedRecord):
    """The JSON form of ``Member``."""

    value: Any
    probability: float
    low: float
    high: float


class SavedDistribution(SavedRecord):
    """The JSON form of ``Distribution``."""

    candidates: list[SavedMember]
    off_schema: float
    unseen: float
    decided_at: int
    other: list[SavedRival]
    calls: int
    rest: float | None = None
    beginnings: list[SavedRival] = []
    unnormalised: list[SavedMember] = []


class SavedExplanation(SavedRecord):
    """The JSON form of ``Explanation``."""

    token: int
    text: Text
    share: float
    rivals: list[SavedRival]
    sentence: Text


class SavedStep(SavedRecord):
    """The JSON form of ``OpenValueStep``."""

    token: int
    agreeing: float
    possible: float
    off_schema: float
    unseen: float
    rivals: list[SavedRival]


class SavedCandidate(SavedRecord):
    """The JSON form of ``Candidate``."""

    text: Text
    bytes: list[int] | None = None
    logprob: float | Literal["-inf"] | None
    id: int | None = None


class SavedToken(SavedCandidate):
    """The JSON form of ``Token``."""

    candidates: list[SavedCandidate] = []
    note: Text = ""


class SavedTextScore(SavedRecord):
    """The JSON form of ``TextScore``."""

    logprob: float | None
    mean: float | None
    perplexity: float | None
    tokens: int


class SavedStopped(SavedRecord):
    """The JSON form of ``Stopped``."""

    pointer: Text
    rule: Text
    read: int
    saved: int
    saved_at_most: int | None


class SavedReading(SavedRecord):
    """The JSON form of ``Reading``."""

    how: How
    value: Any
    confidence: float | None
    basis: Basis
    model: Text
    agrees: bool | None


class SavedAgreement(SavedRecord):
    """The JSON form of ``Agreement``."""

    count: int
    of: int
    low: float
    high: float


class SavedSourceSpan(SavedRecord):
    """The JSON form of ``SourceSpan``."""

    start: int
    stop: int
    text: Text
    how: FoundHow
    similarity: float


class SavedRequestCost(SavedRecord):
    """The JSON form of ``RequestCost``."""

    how: How
    model: Text
    input_tokens: int | None
    output_tokens: int | None


class SavedCalibration(SavedRecord):
    """The JSON form of ``Calibrated``."""

    digest: Text
    chosen: Text
    date: Text
    labels: int
    documents: int
    model: Text


class SavedFieldConfig(SavedRecord):
    """The form of the settings of a field."""

    accept: float | None = _formerly("accept", "threshold", default=None)
    review: float | None = None
    basis: ConfBasis | None = None
    counts: bool | None = None


class SavedReason(SavedRecord):
    """The JSON form of ``Reason``."""

    name: Text
    sentence: Text
    outcome: Outcome


class SavedViolation(SavedRecord):
    """The JSON form of ``SchemaViolation``."""

    pointer: Text
    problem: Text
    value: Any
    confidence: float | None
    indexes: list[int] = []


class SavedField(SavedRecord):
    """The JSON form of ``Field``."""

    kind: Kind
    value: Any = None
    confidence: float | None
    raw: float | None = None
    low: float | None
    high: float | None
    logprob: float | None
    basis: Basis
    expected: float | None
    std: float | None
    reason: Text
    flags: list[Text]
    span: Annotated[list[int], Len(2, 2)]
    distribution: SavedDistribution | None
    variants: SavedDistribution | None = _formerly("variants", "arms")
    presence: dict[Text, SavedMember]
    end_probabilities: list[SavedMember] = _formerly("end_probabilities", "stops")
    why: SavedExplanation | None
    readings: list[SavedReading] = []
    agreement: SavedAgreement | None = None
    source_spans: list[SavedSourceSpan] | None = _formerly("source_spans", "found", default=None)
    conf: SavedFieldConfig | None = None
    outcome: Outcome | None = None  # it follows from the rest, and so do the reasons
    reasons: list[SavedReason] = []
    indexes: list[int] = []
    min_step: SavedStep | None = None


class SavedReport(SavedRecord):
    """The JSON form of ``Report``."""

    version: Literal[1, 2]
    status: Status
    reason: Text
    flags: list[Text]
    confidence: float | None
    mask: Annotated[Mask, BeforeValidator(_current_mask)]
    precision: float | None
    choice: int
    tool: Text
    answer_score: SavedTextScore | None = _formerly("answer_score", "answer")
    prompt_score: SavedTextScore | None = _formerly("prompt_score", "prompt")
    input_tokens: int | None
    output_tokens: int | None
    stopped: SavedStopped | None
    requests: list[SavedRequestCost] = []
    calibration: SavedCalibration | None = None
    model: Text
    finish_reason: Text | None
    refusal: Text | None
    data: Any
    errors: list[SavedViolation]
    outcome: Outcome | None = None
    policy: dict[Text, Any] = {}
    fields: dict[Text, SavedField]
    text: Text | None = None
    tokens: list[SavedToken] = []
    prompt_tokens: list[SavedToken] = []
    owners: list[Text] = []
    response: dict[Text, Any] | None = None

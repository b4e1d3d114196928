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


class Form(BaseModel):
    """What all forms have in common."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True
    )


class Rival(Form):
    """The form of a ``Rival``."""

    text: Text
    probability: float


class Member(Form):
    """The form of a ``Member``."""

    value: Any
    probability: float
    low: float
    high: float


class Distribution(Form):
    """The form of a ``Distribution``."""

    candidates: list[Member]
    off_schema: float
    unseen: float
    decided_at: int
    other: list[Rival]
    calls: int
    rest: float | None = None
    beginnings: list[Rival] = []
    unnormalised: list[Member] = []


class Why(Form):
    """The form of a ``Why``."""

    token: int
    text: Text
    share: float
    rivals: list[Rival]
    sentence: Text


class Choice(Form):
    """The form of a ``Choice``."""

    token: int
    agreeing: float
    possible: float
    off_schema: float
    unseen: float
    rivals: list[Rival]


class Candidate(Form):
    """The form of a ``Candidate``."""

    text: Text
    bytes: list[int] | None = None
    logprob: float | Literal["-inf"] | None
    id: int | None = None


class Token(Candidate):
    """The form of a ``Token``."""

    candidates: list[Candidate] = []
    note: Text = ""


class Score(Form):
    """The form of a ``TextScore``."""

    logprob: float | None
    mean: float | None
    perplexity: float | None
    tokens: int


class Stopped(Form):
    """The form of a ``Stopped``."""

    pointer: Text
    rule: Text
    read: int
    saved: int
    saved_at_most: int | None


class Reading(Form):
    """The form of a ``Reading``."""

    how: How
    value: Any
    confidence: float | None
    basis: Basis
    model: Text
    agrees: bool | None


class Agreement(Form):
    """The form of an ``Agreement``."""

    count: int
    of: int
    low: float
    high: float


class Found(Form):
    """The form of a ``Found``."""

    start: int
    stop: int
    text: Text
    how: FoundHow
    similarity: float


class Asked(Form):
    """The form of an ``Asked``."""

    how: How
    model: Text
    input_tokens: int | None
    output_tokens: int | None


class Calibrated(Form):
    """The form of a ``Calibrated``."""

    digest: Text
    chosen: Text
    date: Text
    labels: int
    documents: int
    model: Text


class Conf(Form):
    """The form of the settings of a field."""

    accept: float | None = _formerly("accept", "threshold", default=None)
    review: float | None = None
    basis: ConfBasis | None = None
    counts: bool | None = None


class Reason(Form):
    """The form of a ``Reason``."""

    name: Text
    sentence: Text
    outcome: Outcome


class Error(Form):
    """The form of an ``Invalid``."""

    pointer: Text
    problem: Text
    value: Any
    confidence: float | None
    indexes: list[int] = []


class Field(Form):
    """The form of a ``Field``."""

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
    distribution: Distribution | None
    variants: Distribution | None = _formerly("variants", "arms")
    presence: dict[Text, Member]
    end_probabilities: list[Member] = _formerly("end_probabilities", "stops")
    why: Why | None
    readings: list[Reading] = []
    agreement: Agreement | None = None
    source_spans: list[Found] | None = _formerly("source_spans", "found", default=None)
    conf: Conf | None = None
    outcome: Outcome | None = None  # it follows from the rest, and so do the reasons
    reasons: list[Reason] = []
    indexes: list[int] = []
    min_step: Choice | None = None


class Report(Form):
    """The form of a ``Report``."""

    version: Literal[1, 2]
    status: Status
    reason: Text
    flags: list[Text]
    confidence: float | None
    mask: Annotated[Mask, BeforeValidator(_current_mask)]
    precision: float | None
    choice: int
    tool: Text
    answer_score: Score | None = _formerly("answer_score", "answer")
    prompt_score: Score | None = _formerly("prompt_score", "prompt")
    input_tokens: int | None
    output_tokens: int | None
    stopped: Stopped | None
    requests: list[Asked] = []
    calibration: Calibrated | None = None
    model: Text
    finish_reason: Text | None
    refusal: Text | None
    data: Any
    errors: list[Error]
    outcome: Outcome | None = None
    policy: dict[Text, Any] = {}
    fields: dict[Text, Field]
    text: Text | None = None
    tokens: list[Token] = []
    prompt_tokens: list[Token] = []
    owners: list[Text] = []
    response: dict[Text, Any] | None = None

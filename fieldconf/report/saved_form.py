"""Saved form: the plain form of a report, as models that say what is wrong with one.

In:    plain JSON values.
Out:   the same, checked; the records inside (``Distribution``, ``Reading``, ...) as themselves.
Never: an unknown key skipped; a value made to fit; the attributes of a record listed once more.
Why:   a report is saved today and read next year, by somebody else.

The keys of a record and their types are those of its class. ``_LATER`` names the keys that older
saved reports lack, ``_FORMER`` the names that keys had in version 1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from functools import cache, reduce
from inspect import signature
from math import inf
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from annotated_types import Len
from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    InstanceOf,
    create_model,
)
from pydantic import Field as FormKey
from pydantic_core import CoreSchema

from fieldconf.distributions.explanation import Explanation
from fieldconf.fields.field import Field, Kind
from fieldconf.formulas import TextScore
from fieldconf.policy import Outcome
from fieldconf.report.docstrings import attributes_of, summary_of
from fieldconf.schema.field_settings import FieldConfig
from fieldconf.tokens.token import FORMER_MASKS, Candidate, Mask, Token

Text: TypeAlias = InstanceOf[str]  # pydantic's own check refuses lone surrogates

_LATER = {
    "Distribution": ("rest", "beginnings", "unnormalised"),
    "FieldConfig": ("accept", "review", "basis", "counts", "may_not_fit"),
    "Field": (
        "raw",
        "readings",
        "agreement",
        "source_spans",
        "source_candidates",
        "fitted_rank",
        "min_step",
    ),
    "Report": ("requests", "calibration", "owners", "text", "tokens", "prompt_tokens", "response"),
}
_FORMER = {
    "variants": "arms", "end_probabilities": "stops", "source_spans": "found",
    "accept": "threshold", "answer_score": "answer", "prompt_score": "prompt",
}  # fmt: skip


class SavedRecord(BaseModel):
    """What all forms have in common."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True
    )

    def named(self, names: Iterable[str]) -> dict[str, Any]:
        """The values of these keys, by name."""
        return {name: getattr(self, name) for name in names}


# -- tokens, which JSON cannot hold as they are ---------------------------------------------------


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


def _candidate(form: SavedCandidate) -> Candidate:
    raw = None if form.bytes is None else bytes(form.bytes)
    if form.logprob is None:
        raise ValueError(f"the candidate {form.text!r} has no logprob")
    logprob = -inf if form.logprob == "-inf" else form.logprob
    return Candidate(form.text, raw, logprob, form.id)


def _token(form: SavedToken) -> Token:
    raw = None if form.bytes is None else bytes(form.bytes)
    if form.logprob == "-inf":
        raise ValueError(f"the token {form.text!r} was written, but has the logprob -inf")
    candidates = tuple(map(_candidate, form.candidates))
    return Token(form.text, raw, form.logprob, candidates, form.id, form.note)


# -- forms made of the classes of records ---------------------------------------------------------


def _form_of(kind: Any) -> Any:
    """The form of a type: an object for a record, a list for a tuple; else the type itself."""
    inner = [_form_of(argument) for argument in get_args(kind) if argument is not ...]
    origin = get_origin(kind)
    if origin is tuple:
        return Annotated[list[inner[0]], AfterValidator(tuple)]
    if origin is Mapping or origin is dict:
        return dict[inner[0], inner[1]]
    if origin in (Union, UnionType):
        return reduce(lambda first, second: first | second, inner)
    if kind is str:
        return Text
    if kind is Token:
        return Annotated[SavedToken, AfterValidator(_token)]
    is_record = is_dataclass(kind) or hasattr(kind, "_fields")
    return _form_of_record(kind) if is_record else kind


@cache
def _form_of_record(record: Any) -> Any:
    names = [*signature(record).parameters]
    keys = _keys_of(record, names)
    if record is Explanation:
        keys["sentence"] = Text, ...  # it follows from the rest

    def made(form: SavedRecord) -> Any:
        values = form.named(names)
        if record is TextScore and values["perplexity"] is None and values["mean"] is not None:
            values["perplexity"] = inf  # JSON has no infinity; where the mean is known, this is
        return record(**values)

    form = create_model(f"Saved{record.__name__}", __base__=SavedRecord, **keys)
    form.__doc__ = summary_of(record)
    return Annotated[form, AfterValidator(made)]


def _keys_of(record: Any, names: Iterable[str]) -> dict[str, Any]:
    """The keys for these attributes, as ``create_model`` takes them."""
    types, parameters = get_type_hints(record), signature(record).parameters
    texts = attributes_of(record)
    keys: dict[str, Any] = {}
    for name in names:
        default = parameters[name].default if name in _LATER.get(record.__name__, ()) else ...
        former = AliasChoices(name, _FORMER[name]) if name in _FORMER else None
        text = texts.get(name)
        keys[name] = (
            _form_of(types[name]),
            FormKey(default, validation_alias=former, description=text),
        )
    return keys


class _AsForm:
    """Makes pydantic read a type by its form."""

    def __get_pydantic_core_schema__(self, kind: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(_form_of(kind))


# -- the form of a report -------------------------------------------------------------------------


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


_OF_FIELD = (
    "confidence", "raw", "low", "high", "logprob", "basis", "expected", "std", "reason", "flags",
    "distribution", "variants", "presence", "end_probabilities", "why", "readings", "agreement",
    "source_spans", "source_candidates", "fitted_rank", "min_step",
)  # fmt: skip


class SavedField(create_model("Saved", __base__=SavedRecord, **_keys_of(Field, _OF_FIELD))):
    """The JSON form of ``Field``."""

    kind: Kind
    value: Any = None
    span: Annotated[list[int], Len(2, 2)]
    conf: Annotated[FieldConfig | None, _AsForm()] = None
    outcome: Outcome | None = None  # it follows from the rest, and so do the reasons
    reasons: list[SavedReason] = FormKey([])
    indexes: list[int] = FormKey([])

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the field that are saved as they are."""
        return self.named(_OF_FIELD)


_OF_REPORT = (
    "status", "reason", "flags", "precision", "choice", "tool", "answer_score", "prompt_score",
    "input_tokens", "output_tokens", "stopped", "requests", "calibration", "model", "finish_reason",
    "refusal", "owners", "text", "tokens", "prompt_tokens", "response",
)  # fmt: skip


def _current_mask(mask: Any) -> Any:
    return FORMER_MASKS.get(mask, mask) if isinstance(mask, str) else mask


class SavedReport(SavedRecord):
    """The keys of a report that are no attributes of it, or differ from them."""

    version: Literal[1, 2]
    confidence: float | None
    mask: Annotated[Mask, BeforeValidator(_current_mask)]
    data: Any
    errors: list[SavedViolation]
    outcome: Outcome | None = None
    policy: dict[Text, Any] = FormKey({})
    fields: dict[Text, SavedField]

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the report that are saved as they are."""
        return self.named(_OF_REPORT)


@cache
def form_of_report(report: type) -> type[SavedReport]:
    """The JSON form of ``Report``, which is given since its module imports this one."""
    return create_model("Saved", __base__=SavedReport, **_keys_of(report, _OF_REPORT))

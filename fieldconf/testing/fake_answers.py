"""Fake answers: what a fake model says, as data.

In:    a value, the confidence of its fields, and the fault of the connection.
Out:   ``Answer``, ``Fault``, ``HttpError``: frozen values; ``AnswerError`` for an impossible one.
Never: a token, a payload or a connection.
Why:   a test states the answer of the model, not how it is sent.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from pydantic import BaseModel

from fieldconf.errors import FieldconfError
from fieldconf.paths import Path, pointer

FaultKind: TypeAlias = Literal[
    "reset", "drop", "stall", "malformed", "without_logprobs", "duplicate", "content_filter",
    "error_event",
]  # fmt: skip

_SAME = 1e-9


class AnswerError(FieldconfError):
    """An answer that a test asks for cannot be given: no such field, or no way to its number."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong behind so many tokens of an answer.

    Args:
        kind: what:

            * ``reset``: the connection is reset
            * ``drop``: the connection ends, without an error and without the end of the answer
            * ``stall``: nothing more comes; a fake client takes it for a timeout at once
            * ``malformed``: a chunk comes that is not JSON
            * ``without_logprobs``: the next token comes without its logprob
            * ``duplicate``: the last chunk comes once more
            * ``content_filter``: the answer ends there, for that reason
            * ``error_event``: an error comes in place of the rest

        after: how many tokens come before.

    An answer that is not streamed is cut at the same place; ``duplicate`` does nothing to it, and
    ``error_event`` makes it an error with the status 500.

    >>> Fault("reset", after=3)
    Fault(kind='reset', after=3)
    """

    kind: FaultKind
    after: int = 1

    def __post_init__(self) -> None:
        if self.kind not in get_args(FaultKind) or self.after < 0:
            kinds = ", ".join(get_args(FaultKind))
            raise AnswerError(
                f"{self!r} is no fault", remedy=f"after is 0 or more, kind of {kinds}"
            )


@dataclass(frozen=True, slots=True)
class HttpError:
    """An error status in place of an answer.

    Args:
        status: 400 to 599.
        message: what the server says.
        retry_after: seconds that it asks to wait; None if it does not ask.
        body: the whole body, if it should be another than OpenAI's ``{"error": {...}}``.
        code: OpenAI's word for what is wrong; None if it has none.
    """

    status: int
    message: str = "made up by fieldconf.testing"
    retry_after: float | None = None
    body: Any = None
    code: str | None = None

    @property
    def data(self) -> bytes:
        """The body as JSON."""
        error = {"message": self.message, "type": "made_up", "param": None, "code": self.code}
        return json.dumps({"error": error} if self.body is None else self.body).encode()


@dataclass(frozen=True)
class Answer:
    """What a made-up model says, and how sure it is of it.

    ``fieldconf.score`` of the answer, however it travels, gives each field named in ``confidences``
    that confidence (1e-9; OpenAI's Responses objects are rounded to 6 decimals of a logprob), if
    two candidates a token or more were asked for.

    Args:
        value: any JSON value, or a pydantic model; the answer's text is its JSON.
        confidences: above 0, up to 1, of fields by their JSON Pointers: leaves, and where a list
            ended. An object has none of its own: it is that of the least sure field in it.
        default: the confidence of all other leaves and lists.
        rivals: of a leaf, the other values that it might have been, with their probabilities.
            These and the leaf's confidence sum to 1; the confidence need not be given.
        schema: what the answer will be scored by: a pydantic model or a JSON Schema. If it is not
            given, it is the type of a pydantic ``value``, else what the request asks for.
        text: the raw text, in place of a value: what is no JSON, say. Each token has the
            probability ``default``.
        refusal: a refusal in place of a value.
        refuse_after: so many tokens of the answer come, and then the refusal.
        cut_after: so many tokens come, and then the token limit is reached.
        finish_reason: why the answer ended, in the words of Chat Completions.
        model: what the model is called.
        fault: what goes wrong on the way.

    With a schema, all that was asked for is checked before it is sent. Without one, a text of words
    of more than 40 characters is taken for free text, every other value for one of several, and at
    the head of a list for one of several of its kind; numbers and nulls need the schema there, and
    the error says so.

    Raises:
        AnswerError: where a confidence is no confidence, a field is missing in the value, or the
            number cannot be reached (a constant is always certain).

    >>> Answer({"urgent": True, "team": "billing"}, confidences={"team": 0.6}).confidences
    {'/team': 0.6}
    """

    value: Any = None
    confidences: Mapping[str | Path, float] = field(default_factory=dict[str | Path, float])
    default: float = 0.99
    rivals: Mapping[str | Path, Mapping[Any, float]] = field(
        default_factory=dict[str | Path, Mapping[Any, float]]
    )
    schema: Any = None
    text: str | None = None
    refusal: str | None = None
    refuse_after: int | None = None
    cut_after: int | None = None
    finish_reason: str = "stop"
    model: str = "made-up"
    fault: Fault | None = None

    def __post_init__(self) -> None:
        sure = {pointer_name(key): value for key, value in self.confidences.items()}
        rivals = {pointer_name(key): dict(value) for key, value in self.rivals.items()}
        for name, others in rivals.items():
            sure[name] = _beside(name, sure.get(name), others)
        for name, confidence in {**sure, "the default": self.default}.items():
            if not 0 < confidence <= 1:
                raise AnswerError(
                    f"the confidence of {name or 'the whole'} is {confidence}",
                    remedy="It must be above 0 and not above 1",
                )
        if isinstance(self.value, BaseModel):
            schema = type(self.value) if self.schema is None else self.schema
            object.__setattr__(self, "schema", schema)
            plain = self.value.model_dump(mode="json", by_alias=True)
            object.__setattr__(self, "value", plain)
        if (sure or rivals) and (self.text is not None or self.refusal is not None):
            raise AnswerError("a raw text or a refusal has no fields", remedy="Give a value")
        object.__setattr__(self, "confidences", sure)
        object.__setattr__(self, "rivals", rivals)


def pointer_name(key: str | int | Path) -> str:
    """The JSON Pointer of a field as people name it.

    >>> [pointer_name(name) for name in ("team", "/team", ("items", 0), "")]
    ['/team', '/team', '/items/0', '']
    """
    if isinstance(key, tuple):
        return pointer(key)
    if isinstance(key, int):
        return pointer((key,))
    return key if not key or key.startswith("/") else "/" + key


def _beside(name: str, confidence: float | None, rivals: Mapping[Any, float]) -> float:
    """The confidence that is left beside rivals."""
    rest = 1 - math.fsum(rivals.values())
    if any(not 0 <= mass <= 1 for mass in rivals.values()):
        raise AnswerError(f"the rivals of {name} have no probabilities: {dict(rivals)}")
    if confidence is None:
        return rest
    if abs(confidence - rest) > _SAME:
        raise AnswerError(
            f"{name} has {confidence}, and its rivals leave {rest:.6g} of the mass to it",
            remedy="Leave the confidence out, or name all rivals",
        )
    return confidence

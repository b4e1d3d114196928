"""Validation: whether an answer keeps to its schema, and where it does not.

In:    a JSON Schema with its draft, or a pydantic adapter; the answer's text and decoded data.
Out:   ``SchemaViolation`` for each thing wrong, with its place in the answer; of a model, its value.
Never: an exception, whatever the schema, the answer or a validator of the user's does; a wait
       without end; a document fetched.
Why:   who reads the report wants to know what is wrong, where, and how sure the model was of it.

What takes too long to judge is reported as ``SchemaViolation``: it is not known to be valid.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from fieldconf.errors import printable
from fieldconf.paths import Path, pointer
from fieldconf.schema.bounded_validation import (
    BUDGET,
    Budget,
    Errors,
    TooMuchError,
    bounded,
    one_line,
)
from fieldconf.schema.proving import Check, prover
from fieldconf.schema.pydantic_errors import leads, place_of
from fieldconf.tokens.token import Token

_MOST_ERRORS = 1000
# So rpds, which is Rust, says RecursionError in some versions. It is no ``Exception``.
_PANIC = "PanicException"


@dataclass(frozen=True, slots=True)
class SchemaViolation:
    """One way in which an answer breaks its schema.

    Attributes:
        pointer: the JSON Pointer, into the answer, of what is wrong.
        problem: what is wrong there, in one line.
        path: the same place as a tuple.
        value: the value there; None if there is none.
        confidence: how sure the model was of that value; None if that is not known.
        tokens: the tokens that wrote it.
    """

    pointer: str
    problem: str
    path: Path = ()
    value: Any = None
    confidence: float | None = None
    tokens: tuple[Token, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return f"{printable(self.pointer) or '(whole)'}: {self.problem}"


def _invalid(path: Path, problem: str, data: Any) -> SchemaViolation:
    return SchemaViolation(pointer(path), one_line(problem), path, _value_at(path, data))


def _distinct(found: Iterable[SchemaViolation]) -> tuple[SchemaViolation, ...]:
    """The first of those that say the same: the arms of a union repeat each other."""
    said: dict[tuple[Path, str], SchemaViolation] = {}
    for one in found:
        said.setdefault((one.path, one.problem), one)
    return tuple(said.values())


def _value_at(path: Path, data: Any) -> Any:
    for step in path:
        if not leads(step, data):
            return None
        data = data[step]
    return data


# -- JSON Schema --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checker:
    """A JSON Schema ready to be applied to any number of answers."""

    _validator: Any = field(repr=False)
    _proves: Check = field(repr=False)

    def __call__(self, data: Any) -> tuple[SchemaViolation, ...]:
        """All that is wrong with an answer."""
        try:
            if self._proves(data):
                return ()
            budget = Budget(data)
            before = BUDGET.set(budget)
            try:
                return self._judge(data, budget)
            finally:
                BUDGET.reset(before)
        except BaseException as error:
            # A reference to nowhere, a pattern that is none, a word that holds the wrong thing ...
            if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
                raise
            problem = f"the schema cannot be applied ({type(error).__name__}: {error})"
            return (_invalid((), problem, data),)

    def _judge(self, data: Any, budget: Budget) -> tuple[SchemaViolation, ...]:
        found: list[SchemaViolation] = []
        try:
            errors: Errors = self._validator.iter_errors(data)
            found.extend(_invalid(tuple(e.absolute_path), e.message, data) for e in errors)
        except TooMuchError:
            found.append(_invalid((), "the schema takes too long to apply", data))
        said = {one.problem for one in found}
        # Under a ``not`` an error makes valid; what is not known does not.
        hidden = [slow for slow in budget.slow if one_line(slow) not in said]
        return _distinct([*found, *(_invalid((), slow, data) for slow in hidden)])


Schema: TypeAlias = Mapping[str, Any] | bool


def checker(kind: Any, schema: Schema) -> Checker:
    """Make ready a schema of the dialect that a validator class of jsonschema stands for."""
    from jsonschema_specifications import REGISTRY

    before = BUDGET.set(Budget(None))
    try:
        validator = bounded(kind)(schema, registry=REGISTRY)  # the default one would fetch
        return Checker(validator, prover(kind, schema))
    finally:
        BUDGET.reset(before)


# -- pydantic -----------------------------------------------------------------------------------


def validate_model(
    adapter: TypeAdapter[Any], text: bytes, data: Any
) -> tuple[Any, tuple[SchemaViolation, ...]]:
    """The validated value and nothing, or None and all that is wrong.

    ``text`` is the answer's JSON text and ``data`` the same decoded.
    """
    try:
        return adapter.validate_json(text), ()
    except ValidationError as error:
        return None, _distinct(_model_errors(error, data))
    except Exception as error:  # noqa: BLE001  # a validator of the user's may raise anything
        problem = f"a validator raised {type(error).__name__}: {error}"
        return None, (_invalid((), problem, data),)


def _model_errors(error: ValidationError, data: Any) -> Iterator[SchemaViolation]:
    """What pydantic found; of very much, the first: nested unions double it with each level."""
    count = error.error_count()
    few = count <= _MOST_ERRORS
    found = error.errors(include_url=False, include_context=False, include_input=few)
    for one in found[:_MOST_ERRORS]:
        yield _invalid(place_of(one, data), one["msg"], data)
    if not few:
        yield _invalid((), f"{count - _MOST_ERRORS} more errors", data)

"""Validation: whether an answer satisfies its schema, and where it does not.

In:    a JSON Schema with its draft, or a pydantic adapter; the answer's text and decoded data.
Out:   a ``SchemaViolation`` for each error, with its path in the answer; the validated value of a
       pydantic type.
Never: an exception, whatever the schema, the answer or a validator of the user does; an endless
       wait; a document fetched.
Why:   the reader of a report wants to know what is wrong, where, and how sure the model was of it.

A check that takes too long is reported as a ``SchemaViolation``: the answer may be invalid there.
"""

from collections.abc import Iterable, Mapping
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
from fieldconf.schema.pydantic_errors import leads, path_of
from fieldconf.tokens.token import Token

_MOST_ERRORS = 1000
# Some versions of rpds, which is written in Rust, raise this for a recursion that is too deep. It
# is no ``Exception``.
_PANIC = "PanicException"


@dataclass(frozen=True, slots=True)
class SchemaViolation:
    """One way in which an answer violates its schema.

    Attributes:
        pointer: the JSON Pointer of the invalid value in the answer.
        problem: what is wrong there, in one line.
        path: the same as a tuple.
        value: the value there; None if there is none.
        confidence: the confidence of that value; None if it is unknown.
        tokens: the tokens that wrote the value.
    """

    pointer: str
    problem: str
    path: Path = ()
    value: Any = None
    confidence: float | None = None
    tokens: tuple[Token, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return f"{printable(self.pointer) or '(whole)'}: {self.problem}"


def _violation(path: Path, problem: str, data: Any) -> SchemaViolation:
    value = data
    for step in path:
        if not leads(step, value):
            value = None
            break
        value = value[step]
    return SchemaViolation(pointer(path), one_line(problem), path, value)


def _distinct(violations: Iterable[SchemaViolation]) -> tuple[SchemaViolation, ...]:
    """The violations without repetitions: variants of a union report the same error."""
    distinct: dict[tuple[Path, str], SchemaViolation] = {}
    for violation in violations:
        distinct.setdefault((violation.path, violation.problem), violation)
    return tuple(distinct.values())


# -- JSON Schema --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checker:
    """A JSON Schema, prepared for the validation of any number of answers."""

    _validator: Any = field(repr=False)
    _proves: Check = field(repr=False)

    def __call__(self, data: Any) -> tuple[SchemaViolation, ...]:
        """All violations in an answer."""
        try:
            if self._proves(data):
                return ()
            budget = Budget(data)
            before = BUDGET.set(budget)
            try:
                return self._violations(data, budget)
            finally:
                BUDGET.reset(before)
        except BaseException as error:
            # A reference to nowhere, an invalid pattern, a keyword with a value of a wrong type ...
            if not isinstance(error, Exception) and type(error).__name__ != _PANIC:
                raise
            problem = f"the schema cannot be applied ({type(error).__name__}: {error})"
            return (_violation((), problem, data),)

    def _violations(self, data: Any, budget: Budget) -> tuple[SchemaViolation, ...]:
        violations: list[SchemaViolation] = []
        try:
            errors: Errors = self._validator.iter_errors(data)
            violations.extend(_violation(tuple(e.absolute_path), e.message, data) for e in errors)
        except TooMuchError:
            violations.append(_violation((), "the schema takes too long to apply", data))
        problems = {violation.problem for violation in violations}
        # An error under a ``not`` makes the data valid; a pattern without a result must not.
        hidden = [slow for slow in budget.slow if one_line(slow) not in problems]
        return _distinct([*violations, *(_violation((), slow, data) for slow in hidden)])


Schema: TypeAlias = Mapping[str, Any] | bool


def checker(kind: Any, schema: Schema) -> Checker:
    """Prepare a schema in the dialect of a validator class of jsonschema."""
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
    """The validated value and no violations; or None and all violations.

    ``text`` is the answer's JSON text and ``data`` the same decoded.
    """
    try:
        return adapter.validate_json(text), ()
    except ValidationError as error:
        # Only the first errors: nested unions double their number with each level.
        more = error.error_count() - _MOST_ERRORS
        details = error.errors(include_url=False, include_context=False, include_input=more <= 0)
        violations = [_violation(path_of(d, data), d["msg"], data) for d in details[:_MOST_ERRORS]]
        violations += [_violation((), f"{more} more errors", data)] if more > 0 else []
        return None, _distinct(violations)
    except Exception as error:  # noqa: BLE001  # the user's validator may raise anything
        problem = f"a validator raised {type(error).__name__}: {error}"
        return None, (_violation((), problem, data),)

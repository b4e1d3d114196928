"""Bounded validation: validator classes of jsonschema that always terminate.

In:    a validator class of jsonschema.
Out:   a validator class with the same results, which counts its steps and stops slow patterns.
Never: another result than jsonschema's: its own functions decide, with our pattern search.
Why:   a union of unions, or one pattern, can keep jsonschema busy forever.
"""

import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from fieldconf.errors import printable
from fieldconf.schema.regexes import SlowPatternError, compiled

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError as JSONSchemaError

STEPS = 100_000
"""The steps for one answer: one step applies a part of the schema to a part of the answer."""
STEPS_PER_VALUE = 50
"""The additional steps for each value of the answer."""
SECONDS = 1.0
"""The time that all patterns of a schema may take together on one answer."""

_MOST_SHOWN = 500
_CONSTANT = 64  # a container costs one step more for so many values, a string for its square
_FEW_ITEMS = 100
_FEW_MEMBERS = 20

Errors: TypeAlias = Iterator["JSONSchemaError"]
Keyword: TypeAlias = Callable[[Any, Any, Any, Any], Errors]


class TooMuchError(Exception):
    """The validation takes more steps than the budget has."""


class Budget:
    """The steps and seconds that are left for one answer.

    Steps are counted, not timed: the same answer gets the same result on a slow machine. Error
    messages contain the invalid value, so a step with a large value costs more.
    """

    __slots__ = ("seconds", "sizes", "slow", "steps")

    def __init__(self, data: Any) -> None:
        self.sizes = _sizes(data)
        self.steps = STEPS + STEPS_PER_VALUE * self.sizes.get(id(data), 1)
        self.seconds = SECONDS
        self.slow: list[str] = []

    def spend(self, value: Any) -> None:
        """Count a step with this value.

        Raises:
            TooMuchError: if no steps are left.
        """
        cost = 1
        if isinstance(value, str):
            cost += len(value) // _CONSTANT**2
        elif isinstance(value, (dict, list)):
            cost += self.sizes.get(id(cast("Any", value)), 0) // _CONSTANT
        self.steps -= cost
        if self.steps < 0:
            raise TooMuchError


BUDGET: ContextVar[Budget] = ContextVar("BUDGET")


def _sizes(data: Any) -> dict[int, int]:
    """The number of values in each object and array, by its id; long strings count more."""
    containers: list[Any] = [data] if isinstance(data, (dict, list)) else []
    for container in containers:  # grows in the loop: no recursion, since answers may be deep
        containers += [v for v in _values_in(container) if isinstance(v, (dict, list))]
    sizes: dict[int, int] = {}
    for container in reversed(containers):
        size = 1
        for value in _values_in(container):
            if isinstance(value, str):
                size += 1 + len(value) // _CONSTANT
            else:
                size += sizes.get(id(value), 1)
        sizes[id(container)] = size
    return sizes


def _values_in(container: Any) -> Any:
    is_object = isinstance(container, dict)
    return cast("dict[str, Any]", container).values() if is_object else container


def _search(pattern: str, text: str) -> Any:
    """``re.search`` with the time limit of the budget.

    Raises:
        SlowPatternError: if the time is over before there is a result.
    """
    expression, budget = compiled(pattern), BUDGET.get()
    start = time.perf_counter()
    try:
        return expression.search(text, timeout=max(budget.seconds, 0))
    except TimeoutError:
        raise SlowPatternError(pattern) from None
    finally:
        budget.seconds -= time.perf_counter() - start


def one_line(text: str) -> str:
    """The text without line breaks; of a long text the beginning and the end."""
    if len(text) > _MOST_SHOWN:
        text = f"{text[: _MOST_SHOWN // 2]} ... {text[-_MOST_SHOWN // 2 :]}"
    return printable(" ".join(text.splitlines()).strip())


# -- keywords -----------------------------------------------------------------------------------


def _error(message: str, *, context: Any = (), **details: Any) -> "JSONSchemaError":
    """An error without its causes: the messages of nested unions would fill the memory."""
    from jsonschema.exceptions import ValidationError as JSONSchemaError

    del context
    return JSONSchemaError(one_line(message), **details)


_OURS = {
    "re": SimpleNamespace(search=_search),
    "ValidationError": _error,
    "set": dict.fromkeys,  # a set would give errors in a random order
}


def _with_our_search(function: Any, scopes: dict[int, dict[str, Any]]) -> Any:
    """A function of jsonschema with our pattern search, also in the helpers that it calls.

    So jsonschema's own code decides, whatever its version; for example, it has 60 lines about
    which keys and items count as evaluated.
    """
    module = function.__globals__
    if id(module) not in scopes:
        scope = scopes[id(module)] = {**module, **_OURS}
        for name, value in module.items():
            if _is_theirs(value):
                scope[name] = _with_our_search(value, scopes)
    copy = FunctionType(
        function.__code__, scopes[id(module)], function.__name__,
        function.__defaults__, function.__closure__,
    )  # fmt: skip
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _is_theirs(value: Any) -> bool:
    return isinstance(value, FunctionType) and value.__module__.startswith("jsonschema.")


def _patient(keyword: Keyword) -> Keyword:
    """A keyword that reports a slow pattern as an error at its place."""

    def apply(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
        try:
            yield from keyword(validator, value, instance, schema)
        except SlowPatternError as slow:
            BUDGET.get().slow.append(str(slow))
            yield _error(str(slow))

    return apply


def _quick_enum(keyword: Keyword) -> Keyword:
    """``enum`` with Python's fast list search, for values that Python compares as JSON does."""

    def apply(validator: Any, members: Any, instance: Any, schema: Any) -> Errors:
        if isinstance(instance, (bool, dict, list)) or instance in (0, 1):
            yield from keyword(validator, members, instance, schema)
        elif instance not in members:
            shown = repr(members[:_FEW_MEMBERS])
            more = f" or {more} more" if (more := len(members) - _FEW_MEMBERS) > 0 else ""
            yield _error(f"{instance!r} is not one of {shown}{more}")

    return apply


def _quick_unique(keyword: Keyword) -> Keyword:
    """``uniqueItems`` by hash: jsonschema compares all pairs, an hour for a long list."""

    def apply(validator: Any, is_required: Any, instance: Any, schema: Any) -> Errors:
        if not isinstance(instance, list) or len(cast("Any", instance)) <= _FEW_ITEMS:
            yield from keyword(validator, is_required, instance, schema)
            return
        items = cast("list[Any]", instance)
        if is_required and len({_hashable(item) for item in items}) < len(items):
            yield _error("has non-unique elements")

    return apply


def _hashable(value: Any) -> Any:
    """Equal for values that are equal in JSON: for 1 and 1.0, but not for 1 and true."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return "object", frozenset((key, _hashable(member)) for key, member in members)
    if isinstance(value, list):
        return "array", tuple(map(_hashable, cast("list[Any]", value)))
    return ("boolean", value) if isinstance(value, bool) else value


_WITH_PATTERNS = (
    "pattern",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
)


@lru_cache(maxsize=32)
def bounded(kind: Any) -> Any:
    """A validator class of jsonschema that spends the budget.

    All unions and references go through ``descend``, ``iter_errors`` or ``evolve``.
    """
    from jsonschema.validators import extend  # pyright: ignore[reportUnknownVariableType]  # untyped package

    scopes = dict[int, dict[str, Any]]()
    ours = {
        name: _with_our_search(value, scopes) if _is_theirs(value) else value
        for name, value in kind.VALIDATORS.items()
    }
    ours |= {name: _patient(ours[name]) for name in _WITH_PATTERNS if name in ours}
    ours |= {"enum": _quick_enum(ours["enum"]), "uniqueItems": _quick_unique(ours["uniqueItems"])}

    def is_integer(_types: Any, value: Any) -> bool:  # a Decimal has too many digits for int
        return isinstance(value, Decimal) or kind.TYPE_CHECKER.is_type(value, "integer")

    types = kind.TYPE_CHECKER.redefine("integer", is_integer)
    validator = cast("Any", extend(kind, ours, type_checker=types))
    validator.descend = _spending(validator.descend)
    validator.iter_errors = _spending(validator.iter_errors)
    validator.evolve = _evolving(validator)
    return validator


def _spending(method: Any) -> Any:
    def apply(self: Any, instance: Any, *rest: Any, **options: Any) -> Any:
        BUDGET.get().spend(instance)
        return method(self, instance, *rest, **options)

    return apply


def _evolving(validator: Any) -> Any:
    """``evolve`` that returns a bounded class also for a schema that names its dialect."""
    import attrs
    from jsonschema.validators import validator_for

    parts = [(part.alias, part.name) for part in attrs.fields(validator) if part.init]

    def evolve(self: Any, **changes: Any) -> Any:
        BUDGET.get().spend(None)
        kind = validator_for(changes.get("schema", self.schema), default=validator)
        for alias, name in parts:
            if alias not in changes:
                changes[alias] = getattr(self, name)
        return (validator if kind is validator else bounded(kind))(**changes)

    return evolve

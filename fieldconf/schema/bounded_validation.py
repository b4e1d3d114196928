"""Bounded: validator classes of jsonschema that always come to an end.

In:    a validator class of jsonschema.
Out:   the same with its own verdicts, which counts its steps and gives up on slow patterns.
Never: another verdict than jsonschema's: its own functions decide, with our search in them.
Why:   a union of unions, or one pattern, can keep jsonschema busy for ever.
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
"""How many times a part of a schema may be applied to a part of an answer, at least."""
STEPS_PER_VALUE = 50
"""How many times more for each value of the answer."""
SECONDS = 1.0
"""How long the patterns of a schema may take, together, on one answer."""

_MOST_SHOWN = 500
_CONSTANT = 64  # what takes so many values, or so many times as many characters, is one step
_FEW_ITEMS = 100
_FEW_MEMBERS = 20

Errors: TypeAlias = Iterator["JSONSchemaError"]
Keyword: TypeAlias = Callable[[Any, Any, Any, Any], Errors]


class TooMuchError(Exception):
    """The schema takes more steps than there are."""


class Budget:
    """What may still be done for one answer.

    Steps are counted, not timed: the same answer gets the same verdict on a slow machine. Messages
    show the value that is wrong, so a step with a large value is a long one.
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
            TooMuchError: if there was none left.
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
    """Of each object and array, by its id, how many values are in it; long strings count more."""
    nodes: list[Any] = [data] if isinstance(data, (dict, list)) else []
    for node in nodes:  # grows as it goes: no recursion, answers may be deep
        nodes += [child for child in _inside(node) if isinstance(child, (dict, list))]
    sizes: dict[int, int] = {}
    for node in reversed(nodes):
        size = 1
        for child in _inside(node):
            if isinstance(child, str):
                size += 1 + len(child) // _CONSTANT
            else:
                size += sizes.get(id(child), 1)
        sizes[id(node)] = size
    return sizes


def _inside(node: Any) -> Any:
    return cast("dict[str, Any]", node).values() if isinstance(node, dict) else node


def _search(pattern: str, text: str) -> Any:
    """``re.search``, which may give up.

    Raises:
        SlowPatternError: if there is no time left before the answer is known.
    """
    found, budget = compiled(pattern), BUDGET.get()
    start = time.perf_counter()
    try:
        return found.search(text, timeout=max(budget.seconds, 0))
    except TimeoutError:
        raise SlowPatternError(pattern) from None
    finally:
        budget.seconds -= time.perf_counter() - start


def one_line(text: str) -> str:
    """The text without line breaks; of a long one, its two ends."""
    if len(text) > _MOST_SHOWN:
        text = f"{text[: _MOST_SHOWN // 2]} ... {text[-_MOST_SHOWN // 2 :]}"
    return printable(" ".join(text.splitlines()).strip())


# -- keywords -----------------------------------------------------------------------------------


def _error(message: str, *, context: Any = (), **named: Any) -> "JSONSchemaError":
    """An error without its causes: those of nested unions, with their messages, fill a memory."""
    del context
    return _as_is(one_line(message), **named)


def _as_is(message: str, **named: Any) -> "JSONSchemaError":
    from jsonschema.exceptions import ValidationError as JSONSchemaError

    return JSONSchemaError(message, **named)


_OURS = {
    "re": SimpleNamespace(search=_search),
    "ValidationError": _error,
    "set": dict.fromkeys,  # a set gives errors in another order each time
}


def _relinked(function: Any, scopes: dict[int, dict[str, Any]]) -> Any:
    """A function of jsonschema with our search, in itself and in the helpers that it calls.

    So its own code decides, whatever its version: what counts as evaluated, say, is 60 lines of it.
    """
    known = function.__globals__
    if id(known) not in scopes:
        scope = scopes[id(known)] = {**known, **_OURS}
        scope |= {
            name: _relinked(value, scopes) for name, value in known.items() if _is_theirs(value)
        }
    made = FunctionType(
        function.__code__, scopes[id(known)], function.__name__,
        function.__defaults__, function.__closure__,
    )  # fmt: skip
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _is_theirs(value: Any) -> bool:
    return isinstance(value, FunctionType) and value.__module__.startswith("jsonschema.")


def _patient(keyword: Keyword) -> Keyword:
    """A keyword that reports a slow pattern as an error of its place."""

    def apply(validator: Any, value: Any, instance: Any, schema: Any) -> Errors:
        try:
            yield from keyword(validator, value, instance, schema)
        except SlowPatternError as slow:
            BUDGET.get().slow.append(str(slow))
            yield _as_is(str(slow))

    return apply


def _quick_enum(keyword: Keyword) -> Keyword:
    """A search at the speed of lists, for what Python compares as JSON does."""

    def apply(validator: Any, members: Any, instance: Any, schema: Any) -> Errors:
        if isinstance(instance, (bool, dict, list)) or instance in (0, 1):
            yield from keyword(validator, members, instance, schema)
        elif instance not in members:
            shown = repr(members[:_FEW_MEMBERS])
            more = f" or {more} more" if (more := len(members) - _FEW_MEMBERS) > 0 else ""
            yield _as_is(f"{instance!r} is not one of {shown}{more}")

    return apply


def _quick_unique(keyword: Keyword) -> Keyword:
    """Uniqueness by hash: jsonschema compares each object with each, an hour for a long list."""

    def apply(validator: Any, wanted: Any, instance: Any, schema: Any) -> Errors:
        if not isinstance(instance, list) or len(cast("Any", instance)) <= _FEW_ITEMS:
            yield from keyword(validator, wanted, instance, schema)
            return
        items = cast("list[Any]", instance)
        if wanted and len({_frozen(item) for item in items}) < len(items):
            yield _as_is("has non-unique elements")

    return apply


def _frozen(value: Any) -> Any:
    """The same for values that are the same in JSON: 1 and 1.0, but not 1 and true."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return "object", frozenset((key, _frozen(member)) for key, member in members)
    if isinstance(value, list):
        return "array", tuple(map(_frozen, cast("list[Any]", value)))
    return ("boolean", value) if isinstance(value, bool) else value


_WITH_PATTERNS = (
    "pattern",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
)


def _with_long_integers(types: Any) -> Any:
    """A type checker to which a ``Decimal`` is an integer: one of more digits than Python reads."""

    def is_integer(_types: Any, value: Any) -> bool:
        return isinstance(value, Decimal) or types.is_type(value, "integer")

    return types.redefine("integer", is_integer)


@lru_cache(maxsize=32)
def bounded(kind: Any) -> Any:
    """A validator class of jsonschema that spends the budget.

    All that branches or refers goes through ``descend``, ``iter_errors`` or ``evolve``.
    """
    from jsonschema.validators import extend  # pyright: ignore[reportUnknownVariableType]  # untyped package

    given, scopes = kind.VALIDATORS, dict[int, dict[str, Any]]()
    ours = {
        name: _relinked(value, scopes) if _is_theirs(value) else value
        for name, value in given.items()
    }
    ours |= {name: _patient(ours[name]) for name in _WITH_PATTERNS if name in ours}
    ours |= {"enum": _quick_enum(ours["enum"]), "uniqueItems": _quick_unique(ours["uniqueItems"])}
    types = _with_long_integers(kind.TYPE_CHECKER)
    made = cast("Any", extend(kind, ours, type_checker=types))
    made.descend = _spending(made.descend)
    made.iter_errors = _spending(made.iter_errors)
    made.evolve = _evolving(made)
    return made


def _spending(method: Any) -> Any:
    def apply(self: Any, instance: Any, *rest: Any, **named: Any) -> Any:
        BUDGET.get().spend(instance)
        return method(self, instance, *rest, **named)

    return apply


def _evolving(made: Any) -> Any:
    """``evolve``, which stays with bounded classes when a schema names its dialect."""
    import attrs
    from jsonschema.validators import validator_for

    parts = [(part.alias, part.name) for part in attrs.fields(made) if part.init]

    def evolve(self: Any, **changes: Any) -> Any:
        BUDGET.get().spend(None)
        kind = validator_for(changes.get("schema", self.schema), default=made)
        for alias, name in parts:
            if alias not in changes:
                changes[alias] = getattr(self, name)
        return (made if kind is made else bounded(kind))(**changes)

    return evolve

"""Validation: whether an answer keeps to its schema, and where it does not.

In:    a JSON Schema with its dialect, or a pydantic adapter; the answer's text and decoded data.
Out:   ``Invalid`` for each thing wrong, with its place in the answer; of a model, its value.
Never: an exception, whatever the schema, the answer or a validator of the user's does; a wait
       without end; a document fetched.
Why:   schemas come from strangers, and a pattern of ten characters can take a century.

What takes too long to judge is reported as ``Invalid``: it is not known to be valid.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from types import FunctionType, SimpleNamespace
from typing import Any, NamedTuple, TypeAlias, cast

import attrs
import regex
from jsonschema.exceptions import UnknownType
from jsonschema.exceptions import ValidationError as JSONSchemaError
from jsonschema.validators import extend, validator_for  # pyright: ignore[reportUnknownVariableType]  # untyped package
from jsonschema_specifications import REGISTRY
from pydantic import TypeAdapter, ValidationError
from referencing.exceptions import Unresolvable

from fieldconf.paths import Path, pointer
from fieldconf.tokens import Token

STEPS = 100_000
"""How many times a part of a schema may be applied to a part of an answer, at least."""
STEPS_PER_VALUE = 50
"""How many times more for each value of the answer."""
SECONDS = 1.0
"""How long the patterns of a schema may take, together, on one answer."""

_MOST_SHOWN = 500
_CONSTANT = 64  # what takes so many values, or so many times as many characters, is one step
_LONGEST = 200_000
_FEW_ITEMS = 100
_FEW_MEMBERS = 20
_MOST_ERRORS = 1000
_MOST_WAYS = 64
# What jsonschema raises where it cannot judge; ValueError: a number too long to be shown.
_CANNOT = (
    Unresolvable, UnknownType, re.error, regex.error,
    RecursionError, ArithmeticError, ValueError, TypeError,
)  # fmt: skip
# So rpds, which is Rust, says RecursionError in some versions. It is no Exception.
_PANIC = "PanicException"

Errors: TypeAlias = Iterator[JSONSchemaError]
Keyword: TypeAlias = Callable[[Any, Any, Any, Any], Errors]


@dataclass(frozen=True, slots=True)
class Invalid:
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
    tokens: tuple[Token, ...] = ()

    def __str__(self) -> str:
        return f"{self.pointer or '(whole)'}: {self.problem}"


def _invalid(path: Path, problem: str, data: Any) -> Invalid:
    return Invalid(pointer(path), _one_line(problem), path, _value_at(path, data))


def _distinct(found: Iterable[Invalid]) -> tuple[Invalid, ...]:
    """The first of those that say the same: the arms of a union repeat each other."""
    said: dict[tuple[Path, str], Invalid] = {}
    for one in found:
        said.setdefault((one.path, one.problem), one)
    return tuple(said.values())


def _one_line(text: str) -> str:
    """The text without line breaks; of a long one, its two ends."""
    if len(text) > _MOST_SHOWN:
        text = f"{text[: _MOST_SHOWN // 2]} ... {text[-_MOST_SHOWN // 2 :]}"
    return " ".join(text.splitlines()).strip()


def _value_at(path: Path, data: Any) -> Any:
    for step in path:
        if not _leads(step, data):
            return None
        data = data[step]
    return data


def _leads(step: str | int, value: Any) -> bool:
    """Whether a step leads from a value to one inside of it."""
    if isinstance(value, dict):
        return isinstance(step, str) and step in value
    return isinstance(value, list) and isinstance(step, int) and 0 <= step < len(cast("Any", value))


# -- how much work there may be -----------------------------------------------------------------


class _TooMuchError(Exception):
    """The schema takes more steps than there are."""


class _SlowPatternError(Exception):
    """A pattern takes longer than patterns may."""

    def __init__(self, pattern: str) -> None:
        super().__init__(f"the pattern {pattern!r} takes too long to match")


class _Budget:
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
        cost = 1
        if isinstance(value, str):
            cost += len(value) // _CONSTANT**2
        elif isinstance(value, (dict, list)):
            cost += self.sizes.get(id(cast("Any", value)), 0) // _CONSTANT
        self.steps -= cost
        if self.steps < 0:
            raise _TooMuchError


_BUDGET: ContextVar[_Budget] = ContextVar("_BUDGET")


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


# -- patterns -----------------------------------------------------------------------------------

# Where ``regex`` reads a pattern otherwise than ``re``: a brace that repeats nothing ("{e}" would
# be a fuzzy match), and a bracket inside of brackets.
_UNLIKE = re.compile(
    r"(?P<same>\\N\{[^}]*\}|\\.|\{(?:[0-9]+|[0-9]*,[0-9]*)\})"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<brace>\{)",
    re.DOTALL,
)
_IN_SET = re.compile(r"(\\.)|(\[)", re.DOTALL)
_PART = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<least>[0-9]{1,9})(?:,[0-9]*)?\}|.", re.DOTALL
)


def _respelled(pattern: str) -> str:
    r"""A pattern that means the same to ``re`` and to ``regex``.

    >>> _respelled("[[:x]{e}a{2}")
    '[\\[:x]\\{e}a{2}'
    """
    return _UNLIKE.sub(_escaped, pattern)


def _escaped(word: "re.Match[str]") -> str:
    if word["set"]:
        inner = _IN_SET.sub(lambda found: found[1] or r"\[", word["set"][1:])
        return f"[{inner}"
    return r"\{" if word["brace"] else word[0]


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> "regex.Pattern[str]":
    """The pattern as ``re`` reads it; as ``regex`` does where ``re`` refuses.

    Raises:
        re.error: if both refuse.
        _SlowPatternError: if it is long when its repetitions are written out, as ``regex`` does.
    """
    if _written_out(pattern) > _LONGEST:
        raise _SlowPatternError(pattern)
    spelled = _respelled(pattern)
    try:
        re.compile(spelled)
    except re.error as error:
        try:
            return regex.compile(pattern, regex.V0)  # \p{L} is good JSON Schema
        except regex.error:
            raise error from None
    return regex.compile(spelled, regex.V0)


def _written_out(pattern: str) -> int:
    """About how long a pattern is when ``a{3}`` is written ``aaa``.

    >>> _written_out("(ab{3}){10,}c")
    41
    """
    totals, last = [0], 0
    for word in _PART.finditer(pattern):
        if word[0] == "(":
            totals.append(0)
        elif word[0] == ")" and len(totals) > 1:
            last = totals.pop()
            totals[-1] += last
        elif word["least"]:
            totals[-1] += last * (int(word["least"]) - 1)
            last *= int(word["least"])
        else:
            last = 1
            totals[-1] += 1
    return sum(totals)


def _search(pattern: str, text: str) -> Any:
    """``re.search``, which may give up.

    Raises:
        _SlowPatternError: if there is no time left before the answer is known.
    """
    compiled, budget = _compiled(pattern), _BUDGET.get()
    start = time.perf_counter()
    try:
        return compiled.search(text, timeout=max(budget.seconds, 0))
    except TimeoutError:
        raise _SlowPatternError(pattern) from None
    finally:
        budget.seconds -= time.perf_counter() - start


# -- keywords -----------------------------------------------------------------------------------


def _error(message: str, *, context: Any = (), **named: Any) -> JSONSchemaError:
    """An error without its causes: those of nested unions, with their messages, fill a memory."""
    del context
    return JSONSchemaError(_one_line(message), **named)


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
        except _SlowPatternError as slow:
            _BUDGET.get().slow.append(str(slow))
            yield JSONSchemaError(str(slow))

    return apply


def _quick_enum(keyword: Keyword) -> Keyword:
    """A search at the speed of lists, for what Python compares as JSON does."""

    def apply(validator: Any, members: Any, instance: Any, schema: Any) -> Errors:
        if isinstance(instance, (bool, dict, list)) or instance in (0, 1):
            yield from keyword(validator, members, instance, schema)
        elif instance not in members:
            shown = repr(members[:_FEW_MEMBERS])
            more = f" or {more} more" if (more := len(members) - _FEW_MEMBERS) > 0 else ""
            yield JSONSchemaError(f"{instance!r} is not one of {shown}{more}")

    return apply


def _quick_unique(keyword: Keyword) -> Keyword:
    """Uniqueness by hash: jsonschema compares each object with each, an hour for a long list."""

    def apply(validator: Any, wanted: Any, instance: Any, schema: Any) -> Errors:
        if not isinstance(instance, list) or len(cast("Any", instance)) <= _FEW_ITEMS:
            yield from keyword(validator, wanted, instance, schema)
            return
        items = cast("list[Any]", instance)
        if wanted and len({_frozen(item) for item in items}) < len(items):
            yield JSONSchemaError("has non-unique elements")

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


@lru_cache(maxsize=32)
def _bounded(kind: Any) -> Any:
    """A validator class of jsonschema that spends the budget.

    All that branches or refers goes through ``descend``, ``iter_errors`` or ``evolve``.
    """
    given, scopes = kind.VALIDATORS, dict[int, dict[str, Any]]()
    ours = {
        name: _relinked(value, scopes) if _is_theirs(value) else value
        for name, value in given.items()
    }
    ours |= {name: _patient(ours[name]) for name in _WITH_PATTERNS if name in ours}
    ours |= {"enum": _quick_enum(ours["enum"]), "uniqueItems": _quick_unique(ours["uniqueItems"])}
    made = cast("Any", extend(kind, ours))
    made.descend = _spending(made.descend)
    made.iter_errors = _spending(made.iter_errors)
    made.evolve = _evolving(made)
    return made


def _spending(method: Any) -> Any:
    def apply(self: Any, instance: Any, *rest: Any, **named: Any) -> Any:
        _BUDGET.get().spend(instance)
        return method(self, instance, *rest, **named)

    return apply


def _evolving(made: Any) -> Any:
    """``evolve``, which stays with bounded classes when a schema names its dialect."""
    parts = [(part.alias, part.name) for part in attrs.fields(made) if part.init]

    def evolve(self: Any, **changes: Any) -> Any:
        _BUDGET.get().spend(None)
        kind = validator_for(changes.get("schema", self.schema), default=made)
        for alias, name in parts:
            if alias not in changes:
                changes[alias] = getattr(self, name)
        return (made if kind is made else _bounded(kind))(**changes)

    return evolve


# -- JSON Schema --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checker:
    """A JSON Schema ready to be applied to any number of answers."""

    _validator: Any = field(repr=False)

    def __call__(self, data: Any) -> tuple[Invalid, ...]:
        """All that is wrong with an answer."""
        try:
            budget = _Budget(data)
            before = _BUDGET.set(budget)
            try:
                return self._judge(data, budget)
            finally:
                _BUDGET.reset(before)
        except BaseException as error:
            if not isinstance(error, _CANNOT) and type(error).__name__ != _PANIC:
                raise
            problem = f"the schema cannot be applied ({type(error).__name__}: {error})"
            return (_invalid((), problem, data),)

    def _judge(self, data: Any, budget: _Budget) -> tuple[Invalid, ...]:
        found: list[Invalid] = []
        try:
            errors: Errors = self._validator.iter_errors(data)
            found.extend(_invalid(tuple(e.absolute_path), e.message, data) for e in errors)
        except _TooMuchError:
            found.append(_invalid((), "the schema takes too long to apply", data))
        said = {one.problem for one in found}
        # Under a ``not`` an error makes valid; what is not known does not.
        hidden = [slow for slow in budget.slow if _one_line(slow) not in said]
        return _distinct([*found, *(_invalid((), slow, data) for slow in hidden)])


Schema: TypeAlias = Mapping[str, Any] | bool


def checker(kind: Any, schema: Schema) -> Checker:
    """Make ready a schema of the dialect that a validator class of jsonschema stands for."""
    before = _BUDGET.set(_Budget(None))
    try:
        return Checker(_bounded(kind)(schema, registry=REGISTRY))  # the default one would fetch
    finally:
        _BUDGET.reset(before)


def validate_json(kind: Any, schema: Schema, data: Any) -> tuple[Invalid, ...]:
    """All that is wrong with one answer. For many, keep the ``checker``."""
    return checker(kind, schema)(data)


# -- pydantic -----------------------------------------------------------------------------------


def validate_model(
    adapter: TypeAdapter[Any], text: bytes, data: Any
) -> tuple[Any, tuple[Invalid, ...]]:
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


def _model_errors(error: ValidationError, data: Any) -> Iterator[Invalid]:
    """What pydantic found; of very much, the first: nested unions double it with each level."""
    count = error.error_count()
    few = count <= _MOST_ERRORS
    found = error.errors(include_url=False, include_context=False, include_input=few)
    for one in found[:_MOST_ERRORS]:
        yield _invalid(_place(one, data), one["msg"], data)
    if not few:
        yield _invalid((), f"{count - _MOST_ERRORS} more errors", data)


_UNSEEN = object()


class _Way(NamedTuple):
    """One reading of the steps that pydantic names: which of them are in the answer."""

    path: Path
    value: Any
    skipped: int = 0


def _place(error: Any, data: Any) -> Path:
    """Where in the answer an error of pydantic's is.

    Some steps of its ``loc`` are not in the answer: the arms of a union, the names of validators,
    what is inside of a JSON text. The place's value is the error's input, where it can be found.
    """
    loc: Path = error["loc"]
    seen = error.get("input", _UNSEEN)
    if error["type"] == "missing":
        return _missing_place(loc, seen, data)
    if loc[-1:] == ("[key]",):  # the input is the key, and no value
        loc, seen = loc[:-1], _UNSEEN
    ways = _ways(loc, data)[-1]
    return next((way for way in ways if _equal(way.value, seen)), ways[0]).path


def _missing_place(loc: Path, parent: Any, data: Any) -> Path:
    """Where the missing value would be: in its parent, by one step or (aliases) by several."""
    found: list[tuple[int, int, Path]] = []
    *known, last = _ways(loc, data)[:-1]
    for count, ways in enumerate((*known, last)):
        rest = loc[count:]
        found += [
            (way.skipped + _absent(rest, way.value), len(rest), (*way.path, *rest))
            for way in ways
            if _equal(way.value, parent)
        ]
    if found:
        return min(found, key=lambda one: one[:2])[2]
    likeliest = last[0]  # inside of a JSON text there are no places
    return (*likeliest.path, *(loc[-1:] if isinstance(likeliest.value, dict) else ()))


def _absent(steps: Path, value: Any) -> int:
    """How many steps lead nowhere, the last one apart."""
    for count, step in enumerate(steps[:-1]):
        if not _leads(step, value):
            return len(steps) - 1 - count
        value = value[step]
    return 0


def _skipped(way: _Way) -> int:
    return way.skipped


def _ways(loc: Path, data: Any) -> list[list[_Way]]:
    """The readings of the first 0, 1, ... steps, the likeliest first."""
    ways = [[_Way((), data)]]
    for step in loc:
        ways.append(_likeliest(_onward(ways[-1], step)))
    return ways


def _onward(ways: Iterable[_Way], step: str | int) -> Iterator[_Way]:
    for way in ways:
        if _leads(step, way.value):
            yield _Way((*way.path, step), way.value[step], way.skipped)
        yield way._replace(skipped=way.skipped + 1)


def _likeliest(ways: Iterable[_Way]) -> list[_Way]:
    """Those that leave out few steps; of the same number, late ones."""
    best: dict[Path, _Way] = {}
    for way in sorted(ways, key=_skipped):
        best.setdefault(way.path, way)
    return list(best.values())[:_MOST_WAYS]


def _equal(one: Any, other: Any) -> bool:
    """Whether a value of the answer is the one that pydantic read there."""
    return type(one) is type(other) and bool(one == other)

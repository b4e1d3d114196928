"""Proving: a fast proof, without jsonschema, that data satisfies a JSON Schema.

In:    a JSON Schema and the validator class of its draft; an answer's decoded data.
Out:   a predicate: True if the data certainly satisfies the schema; False if that is not proved.
Never: True where jsonschema finds an error; an exception.
Why:   most answers are valid, and jsonschema takes fifty times as long to find no error.

A schema becomes a table with a check for each type of data, so a union with null is one more entry
in a table. A check is exact (``oneOf`` counts variants) or gives up the whole proof.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from decimal import Decimal
from itertools import chain, repeat
from types import NoneType
from typing import Any, TypeAlias, cast

from fieldconf.schema.references import Subschema, root_of

_MOST_NODES = 10_000
"""The greatest number of schemas in a document, each counted once for each reference to it."""
_MOST_RETURNS = 10_000
"""How often recursive references may be followed for one answer."""

Check: TypeAlias = Callable[[Any], bool]
Table: TypeAlias = Mapping[type, Check]  # has all ``_TYPES``: another type of data is a KeyError


class _UnknownError(Exception):
    """The proof is not possible: only jsonschema can decide."""


_LEFT: ContextVar[Iterator[int]] = ContextVar("_LEFT")


def prover(kind: Any, schema: Any) -> Check:
    """Prepare a schema in the dialect of a validator class of jsonschema."""
    root = root_of(schema)
    # Not proved: a dialect other than the document's; draft 3, whose ``properties`` require keys.
    if root.draft.validator is not kind or not root.draft.knows("required"):
        return _no
    try:
        table = _Tables(root).of(schema)
    except RecursionError:
        return _no

    def proves(data: Any) -> bool:
        before = _LEFT.set(iter(range(_MOST_RETURNS)))
        try:
            return table[type(data)](data)
        except (_UnknownError, KeyError, RecursionError, ArithmeticError):
            return False
        finally:
            _LEFT.reset(before)

    return proves


# -- tables -------------------------------------------------------------------------------------


def _yes(_data: Any) -> bool:
    return True


def _no(_data: Any) -> bool:
    return False


def _unknown(_data: Any) -> bool:
    raise _UnknownError


_NUMBERS = (int, float, Decimal)
_TYPES = (dict, list, str, *_NUMBERS, bool, NoneType)
_ALL: Table = dict.fromkeys(_TYPES, _yes)
_NONE: Table = dict.fromkeys(_TYPES, _no)
_UNKNOWN: Table = dict.fromkeys(_TYPES, _unknown)


def _for(types: Iterable[type], check: Check) -> Table:
    """A check of these types; values of other types are valid."""
    return {**_ALL, **dict.fromkeys(types, check)}


def _combined(combine: Callable[[list[Check]], Check], tables: list[Table]) -> Table:
    """The table in which each type has the combination of its checks in these tables."""
    return {kind: combine([table[kind] for table in tables]) for kind in _TYPES}


def _all_of(checks: list[Check]) -> Check:
    for decided in (_unknown, _no):  # jsonschema goes on after an error and may not come to an end
        if decided in checks:
            return decided
    first, *more = [check for check in checks if check is not _yes] or [_yes]
    if not more:
        return first

    def check(data: Any) -> bool:
        if not first(data):
            return False
        for other in more:  # noqa: SIM110  # a loop is twice as fast, and no call into C
            if not other(data):
                return False
        return True

    return check


def _any_of(checks: list[Check]) -> Check:
    checks = [check for check in checks if check is not _no] or [_no]
    if len(checks) == 1 or checks[0] is _yes:
        return checks[0]

    def check(data: Any) -> bool:
        for variant in checks:  # noqa: SIM110  # as above
            if variant(data):
                return True
        return False

    return check


def _one_of(checks: list[Check]) -> Check:
    checks = [check for check in checks if check is not _no] or [_no]
    if len(checks) == 1:
        return checks[0]

    def check(data: Any) -> bool:
        count = 0
        for variant in checks:
            count += variant(data)
        return count == 1

    return check


def _later(table: Table) -> Table:
    """A table that is still being built, for a schema that refers to itself."""

    def check(data: Any) -> bool:
        if next(_LEFT.get(), None) is None:
            raise _UnknownError
        return table[type(data)](data)

    return dict.fromkeys(_TYPES, check)


# -- keywords -----------------------------------------------------------------------------------

_OBJECT = frozenset({"properties", "required", "additionalProperties"})
_ARRAY = frozenset({"items", "prefixItems", "additionalItems"})
_ADDRESSES = frozenset({"$schema", "$id", "id"})  # they change how the schemas inside are read
_GROUPED = _OBJECT | _ARRAY | {"format"}  # jsonschema does not check formats here
_COMBINED: Mapping[str, Callable[[list[Check]], Check]] = {
    "allOf": _all_of, "anyOf": _any_of, "oneOf": _one_of,
}  # fmt: skip
_NAMED: Mapping[str, Iterable[type]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,), "null": (NoneType,),
    "number": _NUMBERS, "integer": (int, Decimal),
}  # fmt: skip
_SIZED = (("Length", (str,)), ("Items", (list,)), ("Properties", (dict,)))
# For each bound the types that it bounds, and the check, which agrees with jsonschema also for NaN.
_BOUNDS: Mapping[str, tuple[Iterable[type], Callable[[Any], Check]]] = {
    "minimum": (_NUMBERS, lambda bound: lambda data: not data < bound),
    "maximum": (_NUMBERS, lambda bound: lambda data: not data > bound),
    "exclusiveMinimum": (_NUMBERS, lambda bound: lambda data: not data <= bound),
    "exclusiveMaximum": (_NUMBERS, lambda bound: lambda data: not data >= bound),
    **{
        f"min{what}": (kinds, lambda bound: lambda data: len(data) >= bound)
        for what, kinds in _SIZED
    },
    **{
        f"max{what}": (kinds, lambda bound: lambda data: len(data) <= bound)
        for what, kinds in _SIZED
    },
}
# Keywords that are not proved here, with the types that they restrict; others restrict all types.
_ABOUT: Mapping[str, Iterable[type]] = {
    word: types
    for types, words in (
        ((str,), ("pattern",)),
        (_NUMBERS, ("multipleOf",)),
        ((list,), ("uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems")),
        ((dict,), (
            "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas",
            "dependencies", "unevaluatedProperties",
        )),
    )
    for word in words
}  # fmt: skip


class _Tables:
    """The tables of one document's schemas."""

    __slots__ = ("_cached", "_count", "_draft", "_is_early", "_root")

    def __init__(self, root: Subschema) -> None:
        self._root, self._draft = root, root.draft
        # In draft 4, 1.0 is no integer and exclusive bounds are booleans.
        self._is_early = root.draft.boolean_exclusive
        self._count = 0
        self._cached: dict[int, tuple[dict[type, Check], int]] = {}

    def of(self, schema: Any) -> Table:
        """The table of a schema in the document."""
        if isinstance(schema, bool):
            return _ALL if schema else _NONE
        if id(schema) in self._cached:
            table, count = self._cached[id(schema)]
            self._count += count
            if self._count > _MOST_NODES:
                return _UNKNOWN
            return table or _later(table)
        table, before = dict[type, Check](), self._count
        self._cached[id(schema)] = table, 0
        self._count += 1
        try:
            table |= self._read(schema)
        except _UnknownError:
            table |= _UNKNOWN
        self._cached[id(schema)] = table, self._count - before
        return table

    def _read(self, schema: Any) -> Table:
        if self._count > _MOST_NODES:
            raise _UnknownError
        own = _of_type(schema, dict)
        if not _ADDRESSES.isdisjoint(own) and schema is not self._root.schema:
            raise _UnknownError
        words = {word: value for word, value in own.items() if self._draft.knows(word)}
        if self._draft.ref_alone and "$ref" in own:
            words = {"$ref": own["$ref"]}
        return _combined(_all_of, list(self._parts(words)))

    def _parts(self, words: Mapping[str, Any]) -> Iterator[Table]:
        if not _OBJECT.isdisjoint(words):
            yield _for((dict,), self._object(words))
        if not _ARRAY.isdisjoint(words):
            yield _for((list,), self._array(words))
        for word, value in words.items():
            if word not in _GROUPED:
                yield self._word(word, value)

    def _object(self, words: Mapping[str, Any]) -> Check:
        parts = _of_type(words.get("properties", {}), dict)
        table_of = {key: self.of(part) for key, part in parts.items()}.get
        rest = self.of(words.get("additionalProperties", True))
        keys = _of_type(words.get("required", []), list)
        required = frozenset(_of_type(key, str) for key in keys)

        def check(data: Any) -> bool:
            if not data.keys() >= required:
                return False
            for key, value in data.items():
                is_valid = table_of(key, rest)[type(value)]
                if is_valid is not _yes and not is_valid(value):
                    return False
            return True

        return check

    def _array(self, words: Mapping[str, Any]) -> Check:
        first, rest = words.get("prefixItems", []), words.get("items", {})
        if isinstance(rest, list) and not self._draft.knows("prefixItems"):
            first, rest = cast("list[Any]", rest), words.get("additionalItems", True)
        elif isinstance(rest, bool) and (self._is_early or "additionalItems" in words):
            raise _UnknownError  # jsonschema treats the boolean as a list
        tables, others = [self.of(part) for part in _of_type(first, list)], self.of(rest)

        def check(data: Any) -> bool:
            for table, value in zip(chain(tables, repeat(others)), data, strict=False):
                is_valid = table[type(value)]
                if is_valid is not _yes and not is_valid(value):
                    return False
            return True

        return check

    def _word(self, word: str, value: Any) -> Table:
        if word in _COMBINED:
            return _combined(_COMBINED[word], [self.of(v) for v in _of_type(value, list)])
        if word in _BOUNDS and not (self._is_early and word.startswith("exclusive")):
            types, bounded = _BOUNDS[word]
            return _for(types, bounded(_of_type(value, int, float)))
        if word == "type":
            return self._types(cast("list[Any]", value) if isinstance(value, list) else [value])
        if word in ("const", "enum"):
            return _members([value] if word == "const" else _of_type(value, list))
        if word == "$ref":
            return self._followed(value)
        return _for(_ABOUT.get(word, _TYPES), _unknown)

    def _types(self, names: list[Any]) -> Table:
        table = dict(_NONE)
        for name in names:
            if _of_type(name, str) not in _NAMED:
                raise _UnknownError
            table |= dict.fromkeys(_NAMED[name], _yes)
        if "integer" in names and "number" not in names and not self._is_early:
            table[float] = float.is_integer
        return table

    def _followed(self, reference: Any) -> Table:
        if not isinstance(reference, str) or reference[:2] not in ("#", "#/"):
            raise _UnknownError
        target = self._root.follow("$ref", reference)
        # "#" must be the same document there; otherwise there is an ``$id`` on the way.
        if target is None or target.resolver.lookup("#").contents is not self._root.schema:
            raise _UnknownError
        return self.of(target.schema)


def _members(members: list[Any]) -> Table:
    """The table of an enum; lists and objects in it are not compared."""

    def check(kind: type) -> Check:
        alike = _NUMBERS if kind in _NUMBERS else (kind,)
        same = [member for member in members if type(member) in alike]
        if same and kind in (dict, list):
            return _unknown
        return frozenset(same).__contains__ if same else _no

    return {kind: check(kind) for kind in _TYPES}


def _of_type(value: Any, *types: type) -> Any:
    """The value of a keyword, if it has one of the types: jsonschema may raise for others."""
    if type(value) not in types:
        raise _UnknownError
    return value

"""Strict losses: what the strict form of a schema cannot express.

In:    a JSON Schema; a written strict form, and the server's ``Grammar``.
Out:   a ``Loss`` for each keyword that relates variants, keys or schemas to each other, and for
       each limit of the server that the form exceeds.
Never: a loss that the writer reports: it reports the keywords of single cases.
Why:   who sends less than was declared should know what only the validation checks.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from fieldconf.paths import Path, pointer
from fieldconf.providers.grammars import Grammar
from fieldconf.schema.declared import is_closed, keys_of, kinds_of_parts, required_of
from fieldconf.schema.keywords import Keywords
from fieldconf.schema.references import Subschema, dict_in, list_in, root_of
from fieldconf.schema.unions import Reader

ANY_ITEM = "*"
"""Stands for every index, and for undeclared keys, in the pointer of a loss."""

_OTHERS = (
    "items", "additionalItems", "unevaluatedItems", "additionalProperties", "unevaluatedProperties",
)  # fmt: skip
_MOST_COMPARED = 300  # cases of a oneOf; more count as overlapping without a comparison


class Loss(NamedTuple):
    """Something that the strict form does not express.

    Attributes:
        pointer: the place in the answer; ``*`` stands for any index and for undeclared keys.
        lost: what is lost, in a few words.
    """

    pointer: str
    lost: str

    def __str__(self) -> str:
        return f"{self.pointer or '(whole)'}: {self.lost}"


def shown(word: str, value: Any) -> str:
    """A keyword and its value, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return f"{word} {text if len(text) <= 40 else text[:37] + '...'}"


# -- relations ----------------------------------------------------------------------------------


def lost_relations(schema: Any) -> Iterator[Loss]:
    """The keywords that relate variants, keys or schemas, each where it occurs first.

    These are ``oneOf`` with overlapping variants, lists of ``dependencies``, and references that
    cannot be resolved.
    """
    reader = Reader()
    seen = set[tuple[Any, ...]]()
    todo: list[tuple[Path, Subschema]] = [((), root_of(schema))]
    while todo:
        path, subschema = todo.pop()
        if isinstance(subschema.schema, dict) and subschema.key not in seen:
            seen.add(subschema.key)
            yield from (Loss(pointer(path), lost) for lost in _relations(subschema, reader))
            todo += reversed([((*path, *step), inner) for step, inner in _applied(subschema)])


def _relations(subschema: Subschema, reader: Reader) -> Iterator[str]:
    for word, reference in subschema.references:
        if subschema.follow(word, reference) is None:
            yield f"{shown(word, reference)}: the reference cannot be resolved"
    dependencies = dict_in(subschema.words.get("dependencies"))
    if keys := {k: v for k, v in dependencies.items() if not isinstance(v, (dict, bool))}:
        yield shown("dependencies", keys)
    if "discriminator" not in subschema.schema and _overlap(subschema, reader):
        yield "oneOf: that only one variant is valid"


def _overlap(subschema: Subschema, reader: Reader) -> bool:
    """Whether some value may be valid in two variants of a ``oneOf``."""
    schemas = list_in(subschema.words.get("oneOf"))
    variants = [reader.cases(subschema.inside(schema)) for schema in schemas]
    if sum(map(len, variants)) > _MOST_COMPARED:
        return True
    return any(
        not _misses_a_key(case.parts, other.parts)
        for cases, others in combinations(variants, 2)
        for case in cases
        for other in others
        if reader.both((case,), (other,))
    )


def _misses_a_key(parts: Sequence[Keywords], others: Sequence[Keywords]) -> bool:
    """Whether both are objects, and one of them does not allow a key that the other requires."""
    if kinds_of_parts([*parts, *others]) != frozenset({"object"}):
        return False
    return any(
        is_closed(own) and not required_of(other) <= set(keys_of(own))
        for own, other in ((parts, others), (others, parts))
    )


def _applied(subschema: Subschema) -> Iterator[tuple[Path, Subschema]]:
    """The schemas that a schema applies, each with the steps to the value that it is applied to."""
    words = subschema.words
    for word, reference in subschema.references:
        if (target := subschema.follow(word, reference)) is not None:
            yield (), target
    schemas: list[tuple[Path, Any]] = []
    for word in ("allOf", "anyOf", "oneOf"):
        schemas += [((), inner) for inner in list_in(words.get(word))]
    schemas += [((), words.get(word)) for word in ("if", "then", "else")]
    for word in ("dependentSchemas", "dependencies"):
        schemas += [((), inner) for inner in dict_in(words.get(word)).values()]
    schemas += [((key,), inner) for key, inner in dict_in(words.get("properties")).items()]
    schemas += [((ANY_ITEM,), v) for v in dict_in(words.get("patternProperties")).values()]
    for word in ("items", "prefixItems"):
        schemas += [((index,), inner) for index, inner in enumerate(list_in(words.get(word)))]
    schemas += [((ANY_ITEM,), words.get(word)) for word in _OTHERS]
    for steps, inner in schemas:
        if isinstance(inner, dict):
            yield steps, subschema.inside(inner)


# -- limits -------------------------------------------------------------------------------------


_UNITS = {
    "keys": "properties", "members": "members of enums",
    "characters": "characters of names and members",
    "enum_characters": "characters in one long enum", "depth": "levels of objects",
}  # fmt: skip


def exceeded_limits(document: Mapping[str, Any], grammar: Grammar) -> Iterator[Loss]:
    """The limits that a strict form exceeds: the server refuses the request."""
    for name, size in _sizes(document, grammar.long_enum).items():
        most = getattr(grammar, name)
        if most is not None and size > most:
            yield Loss("", f"{size:,} {_UNITS[name]}: {grammar.title} refuses more than {most:,}")


def _sizes(document: Mapping[str, Any], long_enum: int) -> dict[str, int]:
    keys = members = characters = longest = 0
    todo: list[Mapping[str, Any]] = [document]
    while todo:
        schema = todo.pop()
        definitions = schema.get("$defs", {})
        todo += [*_inner(schema), *definitions.values()]
        properties, enum = schema.get("properties", {}), schema.get("enum", ())
        const = [schema["const"]] if "const" in schema else []
        enum_characters = _length(enum)
        keys, members = keys + len(properties), members + len(enum)
        characters += _length([*properties, *definitions, *const]) + enum_characters
        longest = max(longest, enum_characters) if len(enum) > long_enum else longest
    return {
        "keys": keys, "members": members, "characters": characters, "enum_characters": longest,
        "depth": _depth(document),
    }  # fmt: skip


def _length(values: Sequence[Any]) -> int:
    return sum(len(str(value)) for value in values)


def _inner(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The direct subschemas of a schema in a strict form."""
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    inner += [*schema.get("prefixItems", ()), schema.get("items")]
    inner += [schema.get("additionalProperties")]
    return [subschema for subschema in inner if isinstance(subschema, dict)]


def _depth(document: Mapping[str, Any]) -> int:
    """The greatest depth of objects, through references too; recursive references add none."""
    depths: dict[str, int] = {}

    def depth_of(schema: Mapping[str, Any]) -> int:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name == "#":
                return 0
            if name not in depths:
                depths[name] = 0  # while it is being measured
                depths[name] = depth_of(document["$defs"][name])
            return depths[name]
        return max(map(depth_of, _inner(schema)), default=0) + ("properties" in schema)

    return depth_of(document)

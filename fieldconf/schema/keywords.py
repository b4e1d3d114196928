"""Keywords: the requirements of one schema's own keywords.

In:    a ``Subschema``; its references and unions are resolved elsewhere.
Out:   ``Keywords``: the allowed kinds and members, the rule for scalars, and the schemas of the
       declared keys and items.
Never: a reference followed; a keyword that the draft does not know.
Why:   a value usually has to satisfy several schemas at once.
"""

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from fieldconf.parsing.kinds import KINDS, kind_of, same
from fieldconf.schema.constraints import ScalarRule, rule_of, size_of
from fieldconf.schema.field_settings import ATTRIBUTES, CONF
from fieldconf.schema.references import Subschema, dict_in, list_in
from fieldconf.schema.regexes import Patience, SlowPatternError, compiled
from fieldconf.threads import cached_property

if TYPE_CHECKING:
    import regex

APPLIED = frozenset({
    "$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "if", "then", "else",
    "dependentSchemas", "dependencies", "extends", "discriminator",
})  # fmt: skip
"""Keywords with other schemas for the same value; ``unions`` resolves them."""
_NOTES = frozenset({"title", "description", "default", CONF, ATTRIBUTES})


@dataclass(frozen=True, eq=False)
class Keywords:
    """The keywords of one schema, compared by identity."""

    subschema: Subschema
    _inside: "dict[str, Keywords]" = field(
        default_factory=dict[str, "Keywords"], init=False, repr=False
    )

    @cached_property
    def words(self) -> Mapping[str, Any]:
        """The schema's own keywords."""
        return {word: v for word, v in self.subschema.words.items() if word not in APPLIED}

    @property
    def notes(self) -> Mapping[str, Any]:
        """The keywords that require nothing: title, description, default, field settings."""
        own = dict_in(self.subschema.schema)
        return {word: v for word, v in own.items() if word in _NOTES}

    # -- any value ------------------------------------------------------------------------------

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The allowed JSON kinds."""
        kinds, negated = kinds_of(self.words), self._negated
        if set(negated) == {"type"} and "integer" not in types_of(negated):
            kinds -= kinds_of(negated)
        if self.members is not None:
            kinds &= {kind_of(member) for member in self.members}
        return kinds

    @property
    def is_integer(self) -> bool:
        """Whether the allowed numbers are whole."""
        names = types_of(self.words)
        return "integer" in names and "number" not in names

    @cached_property
    def members(self) -> tuple[Any, ...] | None:
        """The values that ``const`` or ``enum`` allows; None if there is neither."""
        values = [self.words["const"]] if "const" in self.words else self.words.get("enum")
        if not isinstance(values, list):
            return None
        kinds = kinds_of(self.words)
        return tuple(
            value for value in cast("list[Any]", values)
            if kind_of(value) in kinds and not any(same(value, other) for other in self.forbidden)
        )  # fmt: skip

    @cached_property
    def forbidden(self) -> tuple[Any, ...]:
        """The values that ``not`` forbids."""
        negated = self._negated
        if negated.keys() & {"const", "enum"} and len(negated) == 1:
            return tuple(list_in(negated["enum"])) if "enum" in negated else (negated["const"],)
        return ()

    @property
    def _negated(self) -> dict[str, Any]:
        """The keywords of the schema under ``not``."""
        schema = self.words.get("not")
        return self.subschema.inside(schema).words if isinstance(schema, dict) else {}

    @cached_property
    def rule(self) -> ScalarRule:
        """The rule for scalars."""
        return rule_of(self.words, self.kinds, never=self.forbidden)

    # -- objects --------------------------------------------------------------------------------

    @cached_property
    def properties(self) -> dict[str, Any]:
        """The schemas of the declared keys; ``not`` of one key forbids the key or its values."""
        properties = dict_in(self.words.get("properties"))
        negated = self._negated
        keys, inner = list_in(negated.get("required")), dict_in(negated.get("properties"))
        if set(negated) == {"required"} and len(keys) == 1:
            return {**properties, keys[0]: False}
        is_plain = set(negated) <= {"required", "properties", "type"}
        if is_plain and len(inner) == 1 and keys in ([], list(inner)):
            ((key, schema),) = inner.items()
            other: Any = {"not": schema}
            if key in properties:
                other = {"allOf": [properties[key], other]}
            return {**properties, key: other}
        return properties

    @cached_property
    def required(self) -> Set[str]:
        """The required keys, in order."""
        keys = list_in(self.words.get("required"))
        return dict.fromkeys(key for key in keys if isinstance(key, str)).keys()

    @cached_property
    def mentions_more_keys(self) -> bool:
        """Whether a keyword is about keys other than the declared ones."""
        return bool(
            self.words.keys()
            & {"additionalProperties", "unevaluatedProperties", "patternProperties"}
        )

    @cached_property
    def _patterns(self) -> list[tuple["regex.Pattern[str] | None", Patience, Any]]:
        by_pattern = dict_in(self.words.get("patternProperties"))
        return [(_compiled(pattern), Patience(), schema) for pattern, schema in by_pattern.items()]

    def inside(self, key: str) -> "Keywords":
        """The keywords of the schema of a declared key."""
        if key not in self._inside:
            self._inside[key] = Keywords(self.subschema.inside(self.properties[key]))
        return self._inside[key]

    def of_key(self, key: str) -> Iterator[Any]:
        """The schemas for the value of a key; none if no keyword is about the key."""
        is_declared = key in self.properties
        if is_declared:
            yield self.properties[key]
        for pattern, patience, schema in self._patterns:
            # A search that takes too long counts as a match.
            if pattern is None or patience.search(pattern, key) is not False:
                is_declared = True
                yield schema
        rest = self.words.get("additionalProperties")
        if not is_declared and rest is not None:
            yield rest

    # -- arrays ---------------------------------------------------------------------------------

    @cached_property
    def prefix(self) -> list[Any]:
        """The schemas of the first items, one for each."""
        has_prefix = self.subschema.draft.knows("prefixItems")  # else a list in ``items``
        return list_in(self.words.get("prefixItems" if has_prefix else "items"))

    @cached_property
    def rest_of_items(self) -> Any:
        """The schema of the items after ``prefix``; None if there is no such schema."""
        items = self.words.get("items")
        if not isinstance(items, list):
            return items
        return self.words.get("additionalItems")

    @property
    def fewest_items(self) -> int:
        """The minimal number of items."""
        fewest = size_of(self.words.get("minItems")) or 0
        contained = size_of(self.words.get("minContains", 1)) if "contains" in self.words else 0
        return max(fewest, contained or 0)

    @property
    def most_items(self) -> int | None:
        """The maximal number of items; None if there is no limit."""
        counts = [size_of(self.words.get("maxItems"))]
        if self.rest_of_items is False:
            counts.append(len(self.prefix))
        return min((count for count in counts if count is not None), default=None)


def types_of(words: Mapping[str, Any]) -> list[Any]:
    """The names in ``type``; in draft 3 there may be schemas among them."""
    types = words.get("type")
    return [types] if isinstance(types, str) else list_in(types)


def kinds_of(words: Mapping[str, Any]) -> frozenset[str]:
    """The JSON kinds that ``type`` allows; all if there is no ``type``.

    >>> sorted(kinds_of({"type": ["integer", "null"]}))
    ['null', 'number']
    """
    names = types_of(words)
    if not names or not all(isinstance(name, str) for name in names):
        return KINDS
    kinds = frozenset("number" if name == "integer" else name for name in names)
    return KINDS if "any" in kinds else kinds & KINDS


def schema_of_container(value: Any) -> dict[str, Any]:
    """A schema that allows only this object or array, by its keys or items.

    >>> schema_of_container([1])
    {'type': 'array', 'prefixItems': [{'const': 1}], 'items': False, 'minItems': 1}
    """
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {
            "type": "object", "properties": {key: {"const": v} for key, v in members.items()},
            "required": list(members), "additionalProperties": False,
        }  # fmt: skip
    items = cast("list[Any]", value)
    return {
        "type": "array", "prefixItems": [{"const": v} for v in items], "items": False,
        "minItems": len(items),
    }  # fmt: skip


def _compiled(pattern: str) -> "regex.Pattern[str] | None":
    import regex

    try:
        return compiled(pattern)
    except (regex.error, re.error, RecursionError, OverflowError, SlowPatternError):
        return None

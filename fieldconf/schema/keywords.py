"""Parts: what one plain schema asks of a value by its own words.

In:    a ``Subschema`` whose references and unions are followed elsewhere.
Out:   ``Keywords``: the kinds and members it allows, the rule for scalars, and the schemas of the keys
       and items it declares.
Never: a look behind a reference; a word that the draft does not know.
Why:   a value usually has to keep to several schemas at once, and each says a part of it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from fieldconf.parsing.kinds import KINDS, kind_of, same
from fieldconf.schema.constraints import ScalarRule, rule_of, size_of
from fieldconf.schema.field_settings import ATTRIBUTES, CONF
from fieldconf.schema.references import Subschema, draft_of, listed_in, named_in
from fieldconf.schema.regexes import Patience, SlowPatternError, compiled
from fieldconf.threads import cached_property

if TYPE_CHECKING:
    import regex

APPLIED = frozenset({
    "$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "if", "then", "else",
    "dependentSchemas", "dependencies", "extends", "discriminator",
})  # fmt: skip
"""Words that lead to other schemas for the same value; ``cases`` follows them."""
_NOTES = frozenset({"title", "description", "default", CONF, ATTRIBUTES})


@dataclass(frozen=True, eq=False)
class Keywords:
    """One plain schema. Two are the same only if they are the same object."""

    node: Subschema

    @cached_property
    def words(self) -> Mapping[str, Any]:
        """Its own words."""
        return {word: v for word, v in self.node.words.items() if word not in APPLIED}

    @property
    def notes(self) -> Mapping[str, Any]:
        """What it says without asking for it: its title, its description, the field's settings."""
        own = named_in(self.node.schema)
        return {word: v for word, v in own.items() if word in _NOTES}

    @property
    def says_nothing(self) -> bool:
        """Whether it neither asks nor notes anything."""
        return not self.words and not self.notes

    # -- any value ------------------------------------------------------------------------------

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The JSON kinds that it allows."""
        kinds = kinds_of(self.words) - self._forbidden_kinds
        if self.members is not None:
            kinds &= {kind_of(member) for member in self.members}
        return kinds

    @property
    def is_integer(self) -> bool:
        """Whether the numbers that it allows are whole."""
        names = types_of(self.words)
        return "integer" in names and "number" not in names

    @cached_property
    def members(self) -> tuple[Any, ...] | None:
        """The scalars that its ``const`` or ``enum`` allows; None if it has neither."""
        given = [self.words["const"]] if "const" in self.words else self.words.get("enum")
        if not isinstance(given, list):
            return None
        allowed = kinds_of(self.words)
        never = self.forbidden
        return tuple(
            m for m in cast("list[Any]", given)
            if kind_of(m) in allowed and not any(same(m, other) for other in never)
        )  # fmt: skip

    @cached_property
    def forbidden(self) -> tuple[Any, ...]:
        """The values that its ``not`` names."""
        no = self._no
        if no.keys() & {"const", "enum"} and len(no) == 1:
            return tuple(listed_in(no.get("enum"))) if "enum" in no else (no["const"],)
        return ()

    @property
    def _no(self) -> dict[str, Any]:
        no = self.words.get("not")
        return self.node.inside(no).words if isinstance(no, dict) else {}

    @property
    def _forbidden_kinds(self) -> frozenset[str]:
        no = self._no
        is_plain = set(no) == {"type"} and "integer" not in types_of(no)
        return kinds_of(no) if is_plain else frozenset()

    @cached_property
    def rule(self) -> ScalarRule:
        """What it asks of a scalar."""
        return rule_of(self.words, self.kinds, never=self.forbidden)

    # -- objects --------------------------------------------------------------------------------

    @cached_property
    def properties(self) -> dict[str, Any]:
        """The schemas of the keys that it names."""
        found = named_in(self.words.get("properties"))
        return {**found, **self._forbidden_keys(found)}

    def _forbidden_keys(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """``not`` of one key: where it is read, the key cannot stand, or not with these values."""
        no = self._no
        keys, inner = listed_in(no.get("required")), named_in(no.get("properties"))
        if set(no) == {"required"} and len(keys) == 1:
            return {keys[0]: False}
        is_plain = set(no) <= {"required", "properties", "type"} and keys in ([], list(inner))
        if is_plain and len(inner) == 1:
            ((key, schema),) = inner.items()
            negated = {"not": schema}
            return {key: {"allOf": [found[key], negated]} if key in found else negated}
        return {}

    @cached_property
    def demanded(self) -> list[str]:
        """The keys that it demands, in order."""
        return [key for key in listed_in(self.words.get("required")) if isinstance(key, str)]

    @cached_property
    def required(self) -> frozenset[str]:
        """The keys that it demands."""
        return frozenset(self.demanded)

    @cached_property
    def says_more_keys(self) -> bool:
        """Whether it says something of keys that it does not name."""
        return bool(
            self.words.keys()
            & {"additionalProperties", "unevaluatedProperties", "patternProperties"}
        )

    @cached_property
    def _patterns(self) -> list[tuple["regex.Pattern[str] | None", Patience, Any]]:
        given = named_in(self.words.get("patternProperties"))
        return [(_compiled(pattern), Patience(), schema) for pattern, schema in given.items()]

    def inside(self, key: str) -> "Keywords":
        """The schema of a key that it names, by its own words only."""
        if key not in self._inside:
            self._inside[key] = Keywords(self.node.inside(self.properties[key]))
        return self._inside[key]

    @cached_property
    def _inside(self) -> "dict[str, Keywords]":
        return {}

    def of_key(self, key: str) -> Iterator[Any]:
        """The schemas for the value of a key; none where it says nothing."""
        named = key in self.properties
        if named:
            yield self.properties[key]
        for pattern, patience, schema in self._patterns:
            # What takes too long counts as a match.
            if pattern is None or patience.search(pattern, key) is not False:
                named = True
                yield schema
        rest = self.words.get("additionalProperties")
        if not named and rest is not None:
            yield rest

    @property
    def unevaluated(self) -> Any:
        """The schema of keys that no part declares; None where it says nothing."""
        return self.words.get("unevaluatedProperties")

    # -- arrays ---------------------------------------------------------------------------------

    @cached_property
    def prefix(self) -> list[Any]:
        """The schemas of the first items, one by one."""
        given = self.words.get("prefixItems" if self.node.draft.has_prefix else "items")
        return listed_in(given)

    @cached_property
    def rest(self) -> Any:
        """The schema of the items behind those; None where it says nothing."""
        items = self.words.get("items")
        if not isinstance(items, list):
            return items
        return self.words.get("additionalItems")

    @property
    def unevaluated_items(self) -> Any:
        """The schema of items that no part declares; None where it says nothing."""
        return self.words.get("unevaluatedItems")

    @property
    def fewest_items(self) -> int:
        """The fewest items that it allows."""
        fewest = size_of(self.words.get("minItems")) or 0
        needed = size_of(self.words.get("minContains", 1)) if "contains" in self.words else 0
        return max(fewest, needed or 0)

    @property
    def most_items(self) -> int | None:
        """The most items that it allows; None if nothing says."""
        counts = [size_of(self.words.get("maxItems"))]
        if self.rest is False:
            counts.append(len(self.prefix))
        return min((count for count in counts if count is not None), default=None)


def types_of(words: Mapping[str, Any]) -> list[Any]:
    """The names that a ``type`` gives; draft 3 may have schemas among them."""
    given = words.get("type")
    return [given] if isinstance(given, str) else listed_in(given)


def kinds_of(words: Mapping[str, Any]) -> frozenset[str]:
    """The JSON kinds that a ``type`` allows; all where there is none.

    >>> sorted(kinds_of({"type": ["integer", "null"]}))
    ['null', 'number']
    """
    names = types_of(words)
    if not names or not all(isinstance(name, str) for name in names):
        return KINDS
    found = frozenset("number" if name == "integer" else name for name in names)
    return KINDS if "any" in found else found & KINDS


def spelled(value: Any) -> dict[str, Any]:
    """A schema that allows one container only, spelled by its keys or items.

    >>> spelled([1])
    {'type': 'array', 'prefixItems': [{'const': 1}], 'items': False, 'minItems': 1}
    """
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return {
            "type": "object", "properties": {key: {"const": v} for key, v in named.items()},
            "required": list(named), "additionalProperties": False,
        }  # fmt: skip
    items = cast("list[Any]", value)
    return {
        "type": "array", "prefixItems": [{"const": v} for v in items], "items": False,
        "minItems": len(items),
    }  # fmt: skip


def own_node(node: Subschema, schema: Any) -> Subschema:
    """A schema of our own making, at the place of another; read by the latest draft."""
    return Subschema(schema, draft_of({}), node.resolver)


def _compiled(pattern: str) -> "regex.Pattern[str] | None":
    import regex

    try:
        return compiled(pattern)
    except (regex.error, re.error, RecursionError, OverflowError, SlowPatternError):
        return None

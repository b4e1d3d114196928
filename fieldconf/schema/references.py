"""Documents: a JSON Schema, where its references lead, and which draft reads it.

In:    a JSON Schema as a dict or a boolean.
Out:   ``Subschema``: one schema inside of a document, with its words as its draft understands them.
Never: our own reading of ``$id``, ``$anchor``, ``$dynamicRef`` or a fragment: that is done by
       ``referencing``, and which words a draft has is asked of ``jsonschema``. Nothing is fetched.
Why:   drafts 4 to 2020-12 are all found in the wild, sometimes in one document.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from fieldconf.threads import cached_property

if TYPE_CHECKING:
    from referencing import Specification

# Words without a function of their own in jsonschema, and the word that reads them.
_READ_BY = {
    "then": "if", "else": "if", "minContains": "contains", "maxContains": "contains",
    "exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum",
}  # fmt: skip
_SCHEMA, _NUMBER = (dict, bool), (int, float)
_HOLDS = {
    "type": (str, list), "enum": list, "required": list, "pattern": str, "format": str,
    "properties": dict, "patternProperties": dict, "additionalProperties": _SCHEMA,
    "items": (dict, list, bool), "prefixItems": list, "additionalItems": _SCHEMA,
    "unevaluatedProperties": _SCHEMA, "unevaluatedItems": _SCHEMA, "not": _SCHEMA,
    "if": _SCHEMA, "then": _SCHEMA, "else": _SCHEMA,
    "minLength": _NUMBER, "maxLength": _NUMBER, "minItems": _NUMBER, "maxItems": _NUMBER,
    "minimum": _NUMBER, "maximum": _NUMBER, "multipleOf": _NUMBER,
    "minContains": _NUMBER, "maxContains": _NUMBER,
}  # fmt: skip
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


@dataclass(frozen=True, eq=False)
class Draft:
    """One draft of JSON Schema, as jsonschema's validator class knows it.

    Attributes:
        validator: that class.
        specification: the same draft, as referencing knows it.
        ref_alone: whether words beside ``$ref`` do not count.
        boolean_exclusive: whether a boolean beside a bound says that it is exclusive.
    """

    validator: Any
    specification: "Specification[Any]"
    ref_alone: bool
    boolean_exclusive: bool

    def knows(self, word: str) -> bool:
        """Whether the word means something in this draft."""
        known = self.validator.VALIDATORS
        return word in known or _READ_BY.get(word) in known

    @cached_property
    def has_prefix(self) -> bool:
        """Whether ``prefixItems`` declares the first items; else a list of ``items`` does."""
        return self.knows("prefixItems")


@lru_cache(maxsize=16)
def _draft(validator: Any) -> Draft:
    from jsonschema import Draft3Validator, Draft4Validator, Draft6Validator, Draft7Validator
    from referencing import Specification
    from referencing.jsonschema import specification_with

    name = validator.META_SCHEMA.get("$schema") or validator.META_SCHEMA.get("id") or ""
    specification = specification_with(name, default=Specification.OPAQUE)
    is_early = validator in (Draft3Validator, Draft4Validator)
    ref_alone = is_early or validator in (Draft6Validator, Draft7Validator)
    return Draft(validator, specification, ref_alone, is_early)


def draft_of(schema: Any, default: Any = None) -> Draft:
    """The draft that a document names in ``$schema``; where it names none we know, the default.

    ``default`` is a validator class; the latest draft's if it is None.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    default = default or Draft202012Validator
    is_named = isinstance(named_in(schema).get("$schema"), str)
    return _draft(validator_for(schema, default=default) if is_named else default)


@dataclass(frozen=True, eq=False)
class Subschema:
    """One schema of a document.

    Attributes:
        schema: the dict or boolean, as it stands in the document.
        draft: by which it is read.
        resolver: knows where references lead from here.
    """

    schema: Any
    draft: Draft
    resolver: Any = field(repr=False)

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """Nodes with the same key mean the same. The document must be kept alive meanwhile."""
        is_dynamic = self.draft.knows("$dynamicRef") or self.draft.knows("$recursiveRef")
        scope = (uri for uri, _ in self.resolver.dynamic_scope()) if is_dynamic else ()
        return id(self.schema), self.draft, self._base, tuple(dict.fromkeys(scope))

    @property
    def _base(self) -> str:
        return self.resolver._base_uri  # noqa: SLF001  # referencing shows it nowhere else

    @cached_property
    def words(self) -> dict[str, Any]:
        """Its words, without those that its draft does not know; none for a boolean."""
        own = named_in(self.schema)
        if self.draft.ref_alone and isinstance(own.get("$ref"), str):
            return {"$ref": own["$ref"]}
        known = {w: v for w, v in own.items() if self.draft.knows(w) and _is_sound(w, v)}
        return _exclusive(known) if self.draft.boolean_exclusive else known

    @property
    def references(self) -> list[tuple[str, str]]:
        """The words that refer to another schema, and what they refer to."""
        found = [(word, self.words.get(word)) for word in _REFERENCES]
        return [(word, to) for word, to in found if isinstance(to, str)]

    def inside(self, schema: Any) -> "Subschema":
        """A schema that stands inside of this one."""
        from referencing.exceptions import CannotDetermineSpecification

        named = named_in(schema)
        draft = draft_of(named, self.draft.validator) if "$schema" in named else self.draft
        if "$id" not in named and "id" not in named:
            return Subschema(schema, draft, self.resolver)
        try:
            resource = draft.specification.create_resource(named)
            return Subschema(schema, draft, self.resolver.in_subresource(resource))
        except (CannotDetermineSpecification, AttributeError, TypeError, ValueError):
            return Subschema(schema, draft, self.resolver)  # an "id" that is none

    def follow(self, word: str, reference: str) -> "Subschema | None":
        """The schema that a reference leads to; None if it leads nowhere that is known."""
        from referencing.exceptions import Unresolvable, Unretrievable
        from referencing.jsonschema import lookup_recursive_ref

        try:
            if word == "$recursiveRef":
                found = lookup_recursive_ref(self.resolver)
            else:
                found = self.resolver.lookup(reference)
        except (Unresolvable, Unretrievable, AttributeError, TypeError, ValueError):
            return None
        draft = draft_of(found.contents, self.draft.validator)
        return Subschema(found.contents, draft, found.resolver)


def _is_sound(word: str, value: Any) -> bool:
    """Whether a word holds what it should: a reference may lead to where nobody has checked."""
    kinds = _HOLDS.get(word)
    if kinds is _NUMBER and isinstance(value, bool):
        return False
    return kinds is None or isinstance(value, kinds)


def named_in(value: Any) -> dict[str, Any]:
    """A dict of a schema; an empty one where something else stands."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def listed_in(value: Any) -> list[Any]:
    """A list of a schema; an empty one where something else stands."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def _exclusive(words: dict[str, Any]) -> dict[str, Any]:
    """The early drafts have a boolean beside the bound where later ones have the bound itself."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if words.pop(exclusive, False) is True and bound in words:
            words[exclusive] = words.pop(bound)
    return words


def root_of(schema: Any) -> Subschema:
    """The node of a whole document."""
    from jsonschema_specifications import REGISTRY

    draft = draft_of(schema)
    resource = draft.specification.create_resource(schema)
    try:
        resolver = REGISTRY.resolver_with_root(resource)
    except (AttributeError, TypeError, ValueError):  # an "$id" that is none
        resolver = REGISTRY.resolver()
    return Subschema(schema, draft, resolver)

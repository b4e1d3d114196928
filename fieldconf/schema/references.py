"""References: the subschemas of a JSON Schema, their drafts, and the targets of references.

In:    a JSON Schema as a dict or a boolean.
Out:   ``Subschema``: one schema inside of a document, with its keywords as its draft defines them.
Never: our own resolution of ``$id``, ``$anchor``, ``$dynamicRef`` or fragments (``referencing``
       does that) or our own list of keywords (``jsonschema`` has it); nothing is fetched.
Why:   drafts 4 to 2020-12 are all in use, sometimes in one document.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from fieldconf.threads import cached_property

if TYPE_CHECKING:
    from referencing import Specification

# Keywords without a function of their own in jsonschema, and the keyword whose function reads them.
_READ_BY = {
    "then": "if", "else": "if", "minContains": "contains", "maxContains": "contains",
    "exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum",
}  # fmt: skip
_SCHEMA, _NUMBER = (dict, bool), (int, float)
_VALUE_TYPES = {
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
        ref_alone: whether keywords beside ``$ref`` are ignored.
        boolean_exclusive: whether ``exclusiveMinimum`` and ``exclusiveMaximum`` are booleans.
    """

    validator: Any
    specification: "Specification[Any]"
    ref_alone: bool
    boolean_exclusive: bool

    def knows(self, word: str) -> bool:
        """Whether the draft has this keyword."""
        keywords = self.validator.VALIDATORS
        return word in keywords or _READ_BY.get(word) in keywords


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
    """The draft that a document names in ``$schema``; the default if it names no known draft.

    ``default`` is a validator class; None is that of the latest draft.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    default = default or Draft202012Validator
    is_named = isinstance(dict_in(schema).get("$schema"), str)
    return _draft(validator_for(schema, default=default) if is_named else default)


@dataclass(frozen=True, eq=False)
class Subschema:
    """One schema of a document.

    Attributes:
        schema: the dict or boolean in the document.
        draft: the draft that defines its keywords.
        resolver: resolves references from here.
    """

    schema: Any
    draft: Draft
    resolver: Any = field(repr=False)

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """Equal for subschemas with the same meaning, as long as the document is alive."""
        is_dynamic = self.draft.knows("$dynamicRef") or self.draft.knows("$recursiveRef")
        scope = (uri for uri, _ in self.resolver.dynamic_scope()) if is_dynamic else ()
        base = self.resolver._base_uri  # noqa: SLF001  # referencing has no public name for it
        return id(self.schema), self.draft, base, tuple(dict.fromkeys(scope))

    @cached_property
    def words(self) -> dict[str, Any]:
        """Its keywords, without those that its draft does not have; none for a boolean."""
        own = dict_in(self.schema)
        if self.draft.ref_alone and isinstance(own.get("$ref"), str):
            return {"$ref": own["$ref"]}
        words = {w: v for w, v in own.items() if self.draft.knows(w) and _has_valid_type(w, v)}
        if self.draft.boolean_exclusive:  # in today's form the exclusive bound is a number
            for bound in ("minimum", "maximum"):
                exclusive = f"exclusive{bound.capitalize()}"
                if words.pop(exclusive, False) is True and bound in words:
                    words[exclusive] = words.pop(bound)
        return words

    @property
    def references(self) -> list[tuple[str, str]]:
        """The keywords that refer to another schema, each with its reference."""
        references = [(word, self.words.get(word)) for word in _REFERENCES]
        return [(word, reference) for word, reference in references if isinstance(reference, str)]

    def inside(self, schema: Any) -> "Subschema":
        """The ``Subschema`` of a schema inside of this one."""
        from referencing.exceptions import CannotDetermineSpecification

        words = dict_in(schema)
        draft = draft_of(words, self.draft.validator) if "$schema" in words else self.draft
        if "$id" not in words and "id" not in words:
            return Subschema(schema, draft, self.resolver)
        try:
            resource = draft.specification.create_resource(words)
            return Subschema(schema, draft, self.resolver.in_subresource(resource))
        except (CannotDetermineSpecification, AttributeError, TypeError, ValueError):
            return Subschema(schema, draft, self.resolver)  # the "id" is invalid

    def follow(self, word: str, reference: str) -> "Subschema | None":
        """The target of a reference; None if it cannot be resolved."""
        from referencing.exceptions import Unresolvable, Unretrievable
        from referencing.jsonschema import lookup_recursive_ref

        try:
            if word == "$recursiveRef":
                target = lookup_recursive_ref(self.resolver)
            else:
                target = self.resolver.lookup(reference)
        except (Unresolvable, Unretrievable, AttributeError, TypeError, ValueError):
            return None
        draft = draft_of(target.contents, self.draft.validator)
        return Subschema(target.contents, draft, target.resolver)


def _has_valid_type(word: str, value: Any) -> bool:
    """Whether a keyword has a value of the right type: targets of references are not checked."""
    types = _VALUE_TYPES.get(word)
    if types is _NUMBER and isinstance(value, bool):
        return False
    return types is None or isinstance(value, types)


def dict_in(value: Any) -> dict[str, Any]:
    """The value if it is a dict; else an empty dict."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def list_in(value: Any) -> list[Any]:
    """The value if it is a list; else an empty list."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def root_of(schema: Any) -> Subschema:
    """The ``Subschema`` of a whole document."""
    from jsonschema_specifications import REGISTRY

    draft = draft_of(schema)
    resource = draft.specification.create_resource(schema)
    try:
        resolver = REGISTRY.resolver_with_root(resource)
    except (AttributeError, TypeError, ValueError):  # the "$id" is invalid
        resolver = REGISTRY.resolver()
    return Subschema(schema, draft, resolver)

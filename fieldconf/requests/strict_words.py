"""Strict words: several schemas that must hold together, as the strict form spells them.

In:    the parts of a case, or the cases of a schema node.
Out:   their notes, members, types and kinds.
Never: a loss: the writer lists those.
Why:   a schema node has several schemas, and the server needs one.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fieldconf.parsing.json_writing import json_text
from fieldconf.parsing.kinds import is_container, kind_of
from fieldconf.providers.grammars import NUMBERS, STRING
from fieldconf.schema import MAX_MEMBERS, SchemaNode
from fieldconf.schema.declared import kinds_of_parts, members_of
from fieldconf.schema.keywords import Keywords, types_of
from fieldconf.schema.unions import MOST_CASES, Alternative

READ = frozenset({
    "type", "enum", "const", "properties", "required", "items", "prefixItems", "additionalItems",
    "additionalProperties", "minItems", "maxItems", "unevaluatedItems", "unevaluatedProperties",
    *STRING, *NUMBERS,
})  # fmt: skip
"""Keywords that the writer handles, or that need no handling."""
_OF_CONTAINERS = {
    "object": ("properties", "required", "additionalProperties", "patternProperties"),
    "array": ("items", "prefixItems", "additionalItems", "minItems", "maxItems"),
}


def core_of(node: SchemaNode) -> SchemaNode:
    """The node of a single case without parts that are only notes, so that all uses share it."""
    (case,) = node.cases
    return node.with_only(Alternative(tuple(part for part in case.parts if part.words), case.name))


def has_any(parts: Sequence[Keywords], words: Collection[str]) -> bool:
    """Whether any part has one of these keywords."""
    return any(word in words for part in parts for word in part.words)


def containers_described(parts: Sequence[Keywords]) -> frozenset[str]:
    """The kinds of containers that the parts have keywords for."""
    return frozenset(kind for kind, words in _OF_CONTAINERS.items() if has_any(parts, words))


def possible_cases(node: SchemaNode) -> list[Alternative]:
    """The cases of a node that allow at least one value."""
    return [c for c in node.cases if kinds_of_parts(c.parts) and members_of(c.parts) != []]


def has_null_as_default(cases: Sequence[Alternative]) -> bool:
    """Whether the default is null, so that null and a left-out key mean the same."""
    notes = [part.notes for case in cases for part in case.parts]
    return any("default" in note and note["default"] is None for note in notes)


def described(reference: dict[str, Any], parts: Sequence[Keywords]) -> dict[str, Any]:
    """A reference with its description in ``anyOf``: servers accept nothing beside ``$ref``."""
    own = notes_of([part for part in parts if not part.words])
    return {**own, "anyOf": [reference]} if "description" in own else reference


def shared_by(cases: Sequence[Alternative]) -> list[Keywords]:
    """The parts that all cases have."""
    return [part for part in cases[0].parts if all(part in c.parts for c in cases)] if cases else []


def notes_of(parts: Sequence[Keywords]) -> dict[str, Any]:
    """The first title and the first description of the parts."""
    notes: dict[str, Any] = {}
    for part in parts:
        for word in ("title", "description"):
            if isinstance(text := part.notes.get(word), str) and text:
                notes.setdefault(word, text)
    return notes


def without_notes(schema: Mapping[str, Any], notes: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without the notes that the schema around it already has."""
    return {word: v for word, v in schema.items() if word not in notes or v != notes[word]}


def members_in(parts: Sequence[Keywords]) -> Sequence[Any] | None:
    """All values that the parts allow, without a limit for enums of scalars; else None."""
    enums = [part.members for part in parts if part.members is not None]
    smallest = min(enums, key=len, default=())
    if len(smallest) <= MAX_MEMBERS or any(map(is_container, smallest)):
        return members_of(parts)
    kinds = kinds_of_parts(parts)
    texts = [(member, json_text(member)) for member in smallest]
    return [
        member for member, text in texts
        if kind_of(member) in kinds and all(part.rule.allows(text, done=True) for part in parts)
    ]  # fmt: skip


def is_long(parts: Sequence[Keywords]) -> bool:
    """Whether an enum has more containers than there are cases for."""
    return any(sum(map(is_container, part.members or ())) > MOST_CASES for part in parts)


def enum_of(parts: Sequence[Keywords], members: Sequence[Any]) -> dict[str, Any] | None:
    """The schema of members from an enum or const; None if types and bounds imply them."""
    if not any(part.members is not None for part in parts):
        return None
    types = {"integer" if type(member) is int else kind_of(member) for member in members}
    own_type = {"type": types.pop()} if len(types) == 1 else {}
    if len(members) == 1 and any("const" in part.words for part in parts):
        return {**own_type, "const": members[0]}
    return {**own_type, "enum": list(members)}


def in_order(kinds: frozenset[str], parts: Sequence[Keywords]) -> list[str]:
    """The kinds in the order of ``type``, with null last."""
    types = [name for part in parts for name in types_of(part.words) if isinstance(name, str)]
    order = dict.fromkeys(["number" if name == "integer" else name for name in types])
    ordered = [kind for kind in (order | dict.fromkeys(sorted(kinds))) if kind in kinds]
    return sorted(ordered, key=lambda kind: kind == "null")

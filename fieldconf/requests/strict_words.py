"""Words: what several schemas that hold at once ask together, as the strict form spells it.

In:    the parts of a case, or the cases of a place.
Out:   their notes, members, types and kinds.
Never: a loss: the writer lists those.
Why:   a place is a set of schemas, and what is sent is one.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

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
"""Keywords that are understood while reading, or ask for nothing."""
_OF_CONTAINERS = {
    "object": ("properties", "required", "additionalProperties", "patternProperties"),
    "array": ("items", "prefixItems", "additionalItems", "minItems", "maxItems"),
}


def core_of(place: SchemaNode) -> SchemaNode:
    """The place of a single case without what it only notes, so that all uses of it are one."""
    (case,) = place.cases
    return place.of(Alternative(tuple(part for part in case.parts if part.words), case.name))


def asks(parts: Sequence[Keywords], words: Collection[str]) -> bool:
    """Whether any of some schemas has one of these words."""
    return any(word in words for part in parts for word in part.words)


def meant(parts: Sequence[Keywords]) -> frozenset[str]:
    """The containers that some schemas speak of, though they allow all kinds."""
    return frozenset(kind for kind, words in _OF_CONTAINERS.items() if asks(parts, words))


def possible_cases(place: SchemaNode) -> list[Alternative]:
    """The cases of a place that leave a kind, and one of its members."""
    return [c for c in place.cases if kinds_of_parts(c.parts) and members_of(c.parts) != []]


def has_null_as_default(cases: Sequence[Alternative]) -> bool:
    """Whether null and "left out" are the same."""
    notes = [part.notes for case in cases for part in case.parts]
    return any("default" in note and note["default"] is None for note in notes)


def described(reference: dict[str, Any], parts: Sequence[Keywords]) -> dict[str, Any]:
    """A reference with the description that stands beside it; servers take nothing beside one."""
    own = notes_of([part for part in parts if not part.words])
    return {**own, "anyOf": [reference]} if "description" in own else reference


def shared_by(cases: Sequence[Alternative]) -> list[Keywords]:
    """The parts that all cases have."""
    return [part for part in cases[0].parts if all(part in c.parts for c in cases)] if cases else []


def notes_of(parts: Sequence[Keywords]) -> dict[str, Any]:
    """Title and description; of several parts the first ones."""
    notes: dict[str, Any] = {}
    for part in parts:
        for word in ("title", "description"):
            if isinstance(text := part.notes.get(word), str) and text:
                notes.setdefault(word, text)
    return notes


def without_notes(schema: Mapping[str, Any], notes: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without the notes that stand above it already."""
    return {word: v for word, v in schema.items() if word not in notes or v != notes[word]}


def each_once(schemas: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Schemas without those that are the same."""
    return list({json.dumps(schema, sort_keys=True): schema for schema in schemas}.values())


def members_in(parts: Sequence[Keywords]) -> Sequence[Any] | None:
    """All values that some schemas allow, however many scalars they name; or None."""
    sets = [part.members for part in parts if part.members is not None]
    small = min(sets, key=len, default=())
    if len(small) <= MAX_MEMBERS or any(map(is_container, small)):
        return members_of(parts)
    kinds = kinds_of_parts(parts)
    texts = [(member, json.dumps(member).encode()) for member in small]
    return [
        member for member, text in texts
        if kind_of(member) in kinds and all(part.rule.allows(text, done=True) for part in parts)
    ]  # fmt: skip


def is_long(parts: Sequence[Keywords]) -> bool:
    """Whether containers are named of which the cases of a place tell nothing."""
    named = [[m for m in part.members or () if is_container(m)] for part in parts]
    return any(len(containers) > MOST_CASES for containers in named)


def as_stated(parts: Sequence[Keywords], members: Sequence[Any]) -> dict[str, Any] | None:
    """Members that the schema spells itself; None for those that follow from types and bounds."""
    if not any(part.members is not None for part in parts):
        return None
    kinds = {_type_of(member) for member in members}
    typed = {"type": kinds.pop()} if len(kinds) == 1 else {}
    if len(members) == 1 and any("const" in part.words for part in parts):
        return {**typed, "const": members[0]}
    return {**typed, "enum": list(members)}


def _type_of(member: Any) -> str:
    return "integer" if type(member) is int else kind_of(member)


def in_order(kinds: frozenset[str], parts: Sequence[Keywords]) -> list[str]:
    """Kinds as a ``type`` lists them, null last."""
    listed = [name for part in parts for name in types_of(part.words)]
    named = [name for name in listed if isinstance(name, str)]
    names = ["number" if name == "integer" else name for name in named]
    known = [name for name in dict.fromkeys([*names, *sorted(kinds)]) if name in kinds]
    return sorted(known, key=lambda name: name == "null")


def invented() -> Iterator[str]:
    """Keys that nobody names."""
    return (f"any key {number}" for number in range(1000))

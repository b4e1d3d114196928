"""The strict form: a schema as strict structured output demands it, what is lost, the way back.

In:    a compiled ``Schema``; what a server's grammar understands.
Out:   ``StrictForm``: the JSON Schema to send, and a list of what it cannot say.
Never: a changed argument; a loss that is not listed; another order of fields than the model's,
       since it is the order in which the model thinks.
Why:   servers that hold the model to a schema refuse most of JSON Schema, and say so by a 400.

The form is written from the schema's places, where references, ``allOf``, conditions and drafts
are undone already. Every key is required and no other is allowed; what may be left out may be null
instead, and null comes back as the default (``Schema.validate`` sees to that).
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, NamedTuple, cast

from fieldconf.errors import SchemaError
from fieldconf.paths import Path, pointer
from fieldconf.providers.grammars import NUMBERS, STRICT, STRING, Grammar
from fieldconf.schema import KINDS, MAX_MEMBERS, Place, Schema, compile_schema, kind_of
from fieldconf.schema.cases import MOST_CASES, Case, Reader
from fieldconf.schema.declared import is_closed, keys_of, kinds_of_parts, members_of, required_of
from fieldconf.schema.documents import Node, named_in, root_of
from fieldconf.schema.parts import Part

ANY_ITEM = "*"
"""Stands for every index, and for keys without a name, in the pointer of a loss."""


_LOWS, _HIGHS = ("minLength", "minimum", "exclusiveMinimum"), (
    "maxLength", "maximum", "exclusiveMaximum",
)  # fmt: skip
# Keywords that are understood while reading, or ask for nothing.
_READ = frozenset({
    "type", "enum", "const", "properties", "required", "items", "prefixItems", "additionalItems",
    "additionalProperties", "minItems", "maxItems", "unevaluatedItems", "unevaluatedProperties",
    *STRING, *NUMBERS,
})  # fmt: skip
_OF_CONTAINERS = {
    "object": ("properties", "required", "additionalProperties", "patternProperties"),
    "array": ("items", "prefixItems", "additionalItems", "minItems", "maxItems"),
}
_OTHERS = (
    "items", "additionalItems", "unevaluatedItems", "additionalProperties", "unevaluatedProperties",
)  # fmt: skip
_MOST_COMPARED = 300  # cases of a oneOf; of more it is not looked at whether they overlap


class Loss(NamedTuple):
    """Something that the strict form does not say.

    Attributes:
        pointer: where, in the answer; ``*`` stands for any index and for keys without a name.
        lost: what, a few words.
    """

    pointer: str
    lost: str

    def __str__(self) -> str:
        return f"{self.pointer or '(whole)'}: {self.lost}"


@dataclass(frozen=True)
class StrictForm:
    """A schema as strict structured output demands it. Made by ``strict``.

    Attributes:
        schema: the JSON Schema to send.
        lost: what it cannot say; the answer is still validated by the whole schema.
        source: the schema that it was made of; ``score`` and ``request`` take it.
    """

    schema: dict[str, Any]
    lost: tuple[Loss, ...]
    source: Schema = field(repr=False)


def strict(schema: Any, grammar: Grammar = STRICT) -> StrictForm:
    """The strict form of a pydantic model or a JSON Schema, and what is lost on the way.

    Raises:
        SchemaError: if the schema is no schema, or nested deeper than Python goes.

    >>> form = strict({"type": "object", "properties": {"a": {"type": "string", "minLength": 2}}})
    >>> form.schema["required"], form.schema["properties"]["a"]
    (['a'], {'anyOf': [{'type': 'string'}, {'type': 'null'}]})
    >>> print(*form.lost)
    /a: minLength 2
    """
    source = compile_schema(schema).asked
    writer = _Writer(grammar)
    try:
        made = writer.document(source.root)
        lost = [*writer.lost, *_Relations().lost(source.json), *_limits(made, grammar)]
    except RecursionError:
        raise SchemaError("the schema is nested too deep", remedy="Make it flatter") from None
    return StrictForm(made, tuple(dict.fromkeys(lost)), source)


class _Writer:
    """Writes the places of one schema as one document."""

    def __init__(self, grammar: Grammar) -> None:
        self.lost: list[Loss] = []
        self._grammar = grammar
        self._names: dict[Place, str] = {}  # of the places that are written as definitions
        self._defs: dict[str, dict[str, Any]] = {}
        self._writing: list[Place] = []

    def document(self, root: Place) -> dict[str, Any]:
        """The whole, with its definitions behind it."""
        if len(_possible(root)) == len(root.cases) == 1:
            self._names[_core(root)] = ""
            made = {**self._inline(_core(root), ()), **_notes(root.cases[0].parts)}
        else:
            made = self._write(root, ())
        if self._grammar.object_root and made.get("type") != "object":
            self._lose((), "the whole is not one object, which is refused: put it into a field")
        return {**made, "$defs": self._defs} if self._defs else made

    def _lose(self, path: Path, lost: str) -> None:
        self.lost.append(Loss(pointer(path), lost))

    # -- one place ------------------------------------------------------------------------------

    def _write(self, place: Place, path: Path) -> dict[str, Any]:
        """The schema of a place: one of its cases, or null where it may be left out."""
        cases = _possible(place)
        shared = _shared(cases)
        notes = _notes(shared)
        arms = [_without(self._case(place.of(case), path, shared), notes) for case in cases]
        flat = [a for arm in arms for a in (arm["anyOf"] if set(arm) == {"anyOf"} else [arm])]
        if place.declared.may_be_null:
            flat.append({"type": "null"})
        elif place.is_optional and place.declared.nullable:
            self._lose(path, "null and left out are not told apart")
        made = _each_once(flat)
        if not made:
            self._lose(path, "no value is allowed")
            return {"type": "null"}
        one = made[0] if len(made) == 1 else {"anyOf": made}
        return _described(one, shared) if "$ref" in one else {**notes, **one}

    def _case(self, place: Place, path: Path, shared: Sequence[Part]) -> dict[str, Any]:
        """The schema of one case: by reference, if it has a name or is being written."""
        core, own = _core(place), [part for part in place.cases[0].parts if part not in shared]
        if core in self._names or core in self._writing or core.cases[0].name:
            name = self._define(core, path)
            return _described({"$ref": f"#/$defs/{name}" if name else "#"}, own)
        return {**self._inline(core, path), **_notes(own)}

    def _define(self, place: Place, path: Path) -> str:
        name = self._names.get(place)
        if name is None:
            name = self._names[place] = self._unused(place.cases[0].name or "Part")
            self._defs[name] = {}  # keeps the order in which they are first met
            self._defs[name].update(self._inline(place, path))
        return name

    def _unused(self, name: str) -> str:
        plain = re.sub(r"[^a-zA-Z0-9_.-]", "_", name)
        taken, number = plain, 2
        while taken in self._defs:
            taken, number = f"{plain}_{number}", number + 1
        return taken

    def _inline(self, place: Place, path: Path) -> dict[str, Any]:
        self._writing.append(place)
        try:
            return self._parts(place, path)
        finally:
            self._writing.pop()

    # -- one case -------------------------------------------------------------------------------

    def _parts(self, place: Place, path: Path) -> dict[str, Any]:
        (case,) = place.cases
        parts = case.parts
        self._note_unread(parts, path)
        members = _members(parts)
        if members is None and _asks(parts, ("enum", "const")) and _is_long(parts):
            self._lose(path, "which objects and lists: too many are named")
        notes = _notes(parts)
        if members is not None and (stated := _stated(parts, members)):
            return {**notes, **stated}
        kinds = kinds_of_parts(parts)
        if kinds == KINDS and self._grammar.free_keys and not _asks(parts, _READ):
            return notes
        if len(kinds) > 4 and not self._grammar.free_keys:
            kinds = _meant(parts) & kinds or kinds - {"object", "array"}
            what = "s and ".join(sorted(kinds)) if len(kinds) < 3 else "scalar"
            self._lose(path, f"anything may stand here: only {what}s are asked for")
        arms = [self._kind(kind, place, path) for kind in _ordered(kinds, parts)]
        return {**notes, **arms[0]} if len(arms) == 1 else {**notes, "anyOf": arms}

    def _note_unread(self, parts: Sequence[Part], path: Path) -> None:
        for part in parts:
            for word in [word for word in part.words if word not in _READ]:
                self._lose(path, _shown(word, part.words[word]))

    def _kind(self, kind: str, place: Place, path: Path) -> dict[str, Any]:
        (case,) = place.cases
        if kind == "object":
            return self._object(place, path)
        if kind == "array":
            return self._array(place, path)
        if kind == "string":
            return {"type": "string", **self._asked(case.parts, STRING, path)}
        if kind == "number":
            whole = any(_is_integer(part) for part in case.parts)
            asked = self._asked(case.parts, NUMBERS, path)
            return {"type": "integer" if whole else "number", **asked}
        return {"type": kind}

    def _asked(self, parts: Sequence[Part], words: Sequence[str], path: Path) -> dict[str, Any]:
        """What several parts ask by these words, as one."""
        made: dict[str, Any] = {}
        for word in words:
            given = [part.words[word] for part in parts if word in part.words]
            if not given:
                continue
            one = max(given) if word in _LOWS else min(given) if word in _HIGHS else given[0]
            if self._knows(word, one):
                made[word] = one
            else:
                self._lose(path, _shown(word, one))
            if word not in (*_LOWS, *_HIGHS):
                for other in given[1:]:
                    if other != one:
                        self._lose(path, _shown(word, other))
        return made

    def _knows(self, word: str, value: Any) -> bool:
        formats = self._grammar.formats
        if word not in self._grammar.words:
            return False
        return word != "format" or formats is None or value in formats

    def _object(self, place: Place, path: Path) -> dict[str, Any]:
        (case,) = place.cases
        keys = keys_of(case.parts)
        needed = required_of(case.parts)
        keys += sorted(key for key in needed if key not in keys)
        keys = [key for key in keys if key in needed or _possible(place.inside(key))]
        inner = {key: self._write(place.inside(key), (*path, key)) for key in keys}
        made: dict[str, Any] = {"type": "object", "properties": inner, "required": keys}
        is_open = not is_closed(case.parts)
        if is_open and self._grammar.free_keys and not keys:
            return {"type": "object", **self._free(place, path)}
        if is_open:
            self._lose(path, "keys that are not named")
        return {**made, "additionalProperties": False}

    def _free(self, place: Place, path: Path) -> dict[str, Any]:
        (case,) = place.cases
        free = next(key for key in _invented() if key not in keys_of(case.parts))
        inner = place.inside(free)
        if inner.declared.is_anything or any("patternProperties" in p.words for p in case.parts):
            return {}
        return {"additionalProperties": self._write(inner, (*path, ANY_ITEM))}

    def _array(self, place: Place, path: Path) -> dict[str, Any]:
        (case,) = place.cases
        declared = place.declared
        longest = max((len(part.prefix) for part in case.parts), default=0)
        counted: dict[str, Any] = {"minItems": declared.min_items} if declared.min_items else {}
        if declared.max_items is not None:
            counted["maxItems"] = declared.max_items
        first = [self._write(place.inside(i), (*path, i)) for i in range(longest)]
        is_whole = declared.max_items is not None and declared.max_items <= longest
        rest = [] if is_whole else [self._write(place.inside(longest), (*path, ANY_ITEM))]
        if first and self._grammar.prefix:
            more: Any = rest[0] if rest else False
            return {"type": "array", "prefixItems": first, "items": more, **counted}
        if len(first) > 1 or (first and rest):
            self._lose(path, "which item is of which kind")
        items = _each_once([*first, *rest]) or [{"type": "null"}]  # there is none
        return {
            "type": "array",
            "items": items[0] if len(items) == 1 else {"anyOf": items},
            **counted,
        }


# -- words ----------------------------------------------------------------------------------------


def _core(place: Place) -> Place:
    """The place of a single case without what it only notes, so that all uses of it are one."""
    (case,) = place.cases
    return place.of(Case(tuple(part for part in case.parts if part.words), case.name))


def _asks(parts: Sequence[Part], words: Collection[str]) -> bool:
    return any(word in words for part in parts for word in part.words)


def _meant(parts: Sequence[Part]) -> frozenset[str]:
    """The containers that some schemas speak of, though they allow all kinds."""
    return frozenset(kind for kind, words in _OF_CONTAINERS.items() if _asks(parts, words))


def _possible(place: Place) -> list[Case]:
    """The cases of a place that leave a kind, and one of its members."""
    return [c for c in place.cases if kinds_of_parts(c.parts) and members_of(c.parts) != []]


def _described(reference: dict[str, Any], parts: Sequence[Part]) -> dict[str, Any]:
    """A reference with the description that stands beside it; servers take nothing beside one."""
    own = _notes([part for part in parts if not part.words])
    return {**own, "anyOf": [reference]} if "description" in own else reference


def _shared(cases: Sequence[Case]) -> list[Part]:
    """The parts that all cases have."""
    return [part for part in cases[0].parts if all(part in c.parts for c in cases)] if cases else []


def _notes(parts: Sequence[Part]) -> dict[str, Any]:
    """Title and description; of several parts the first ones."""
    notes: dict[str, Any] = {}
    for part in parts:
        for word in ("title", "description"):
            if isinstance(text := part.notes.get(word), str) and text:
                notes.setdefault(word, text)
    return notes


def _without(schema: Mapping[str, Any], notes: Mapping[str, Any]) -> dict[str, Any]:
    return {word: v for word, v in schema.items() if word not in notes or v != notes[word]}


def _each_once(schemas: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({json.dumps(schema, sort_keys=True): schema for schema in schemas}.values())


def _members(parts: Sequence[Part]) -> Sequence[Any] | None:
    """All values that some schemas allow, however many scalars they name; or None."""
    sets = [part.members for part in parts if part.members is not None]
    small = min(sets, key=len, default=())
    if len(small) <= MAX_MEMBERS or any(map(_is_container, small)):
        return members_of(parts)
    kinds = kinds_of_parts(parts)
    texts = [(member, json.dumps(member).encode()) for member in small]
    return [
        member for member, text in texts
        if kind_of(member) in kinds and all(part.rule.allows(text, done=True) for part in parts)
    ]  # fmt: skip


def _is_long(parts: Sequence[Part]) -> bool:
    """Whether containers are named of which the cases of a place tell nothing."""
    named = [[m for m in part.members or () if _is_container(m)] for part in parts]
    return any(len(containers) > MOST_CASES for containers in named)


def _is_container(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _stated(parts: Sequence[Part], members: Sequence[Any]) -> dict[str, Any] | None:
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


def _is_integer(part: Part) -> bool:
    given: Any = part.words.get("type")
    names = cast("list[Any]", given) if isinstance(given, list) else [given]
    return "integer" in names and "number" not in names


def _ordered(kinds: frozenset[str], parts: Sequence[Part]) -> list[str]:
    """Kinds as a ``type`` lists them, null last."""
    listed: list[str] = []
    for part in parts:
        given: Any = part.words.get("type")
        listed += [given] if isinstance(given, str) else list(given or ())
    names = ["number" if name == "integer" else name for name in listed]
    known = [name for name in dict.fromkeys([*names, *sorted(kinds)]) if name in kinds]
    return sorted(known, key=lambda name: name == "null")


def _shown(word: str, value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"{word} {text if len(text) <= 40 else text[:37] + '...'}"


def _invented() -> Iterator[str]:
    """Keys that nobody names."""
    return (f"any key {number}" for number in range(1000))


# -- relations ------------------------------------------------------------------------------------


class _Relations:
    """Finds what relates arms, keys or schemas to each other: the cases of a place do not show it.

    These are ``oneOf`` where arms overlap, lists of ``dependencies``, and references to nothing.
    """

    def __init__(self) -> None:
        self._reader = Reader()

    def lost(self, schema: Any) -> Iterator[Loss]:
        """What a schema says so, each where it is first met."""
        seen = set[tuple[Any, ...]]()
        todo: list[tuple[Path, Node]] = [((), root_of(schema))]
        while todo:
            path, node = todo.pop()
            if isinstance(node.schema, dict) and node.key not in seen:
                seen.add(node.key)
                yield from (Loss(pointer(path), lost) for lost in self._said(node))
                todo += reversed([((*path, *step), inner) for step, inner in _inner(node)])

    def _said(self, node: Node) -> Iterator[str]:
        for word, reference in node.references:
            if node.follow(word, reference) is None:
                yield f"{_shown(word, reference)}: it leads nowhere"
        needs = named_in(node.words.get("dependencies"))
        if lists := {
            key: keys for key, keys in needs.items() if not isinstance(keys, (dict, bool))
        }:
            yield _shown("dependencies", lists)
        if "discriminator" not in node.schema and self._overlap(node):
            yield "oneOf: that no other holds"

    def _overlap(self, node: Node) -> bool:
        """Whether some value may keep to two arms of a ``oneOf``."""
        arms = [self._reader.cases(node.inside(arm)) for arm in _list(node.words.get("oneOf"))]
        if sum(map(len, arms)) > _MOST_COMPARED:
            return True
        return any(
            not _misses_a_key(one.parts, other.parts)
            for some, others in combinations(arms, 2)
            for one in some
            for other in others
            if self._reader.both((one,), (other,))
        )


def _misses_a_key(some: Sequence[Part], others: Sequence[Part]) -> bool:
    """Whether of two objects each has its own keys, and one of them lacks what the other needs."""
    if kinds_of_parts([*some, *others]) != frozenset({"object"}):
        return False
    return any(
        is_closed(one) and not required_of(other) <= set(keys_of(one))
        for one, other in ((some, others), (others, some))
    )


def _inner(node: Node) -> Iterator[tuple[Path, Node]]:
    """The schemas that a schema applies, and to what of a value."""
    words = node.words
    for word, reference in node.references:
        if (target := node.follow(word, reference)) is not None:
            yield (), target
    found: list[tuple[Path, Any]] = []
    for word in ("allOf", "anyOf", "oneOf"):
        found += [((), inner) for inner in _list(words.get(word))]
    found += [((), words.get(word)) for word in ("if", "then", "else")]
    for word in ("dependentSchemas", "dependencies"):
        found += [((), inner) for inner in named_in(words.get(word)).values()]
    found += [((key,), inner) for key, inner in named_in(words.get("properties")).items()]
    found += [((ANY_ITEM,), v) for v in named_in(words.get("patternProperties")).values()]
    for word in ("items", "prefixItems"):
        found += [((index,), inner) for index, inner in enumerate(_list(words.get(word)))]
    found += [((ANY_ITEM,), words.get(word)) for word in _OTHERS]
    yield from ((step, node.inside(inner)) for step, inner in found if isinstance(inner, dict))


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


# -- limits ---------------------------------------------------------------------------------------


class _Sizes(NamedTuple):
    keys: int
    members: int
    characters: int
    enum_characters: int
    depth: int


def _limits(document: Mapping[str, Any], grammar: Grammar) -> Iterator[Loss]:
    """What is more than the server takes: it refuses the request then."""
    sizes = _sizes(document, grammar.long_enum)
    for name in _Sizes._fields:
        most, size = getattr(grammar, name), getattr(sizes, name)
        if most is not None and size > most:
            yield Loss("", f"{size:,} {_COUNTED[name]}: {grammar.title} refuses more than {most:,}")


_COUNTED = {
    "keys": "properties", "members": "members of enums",
    "characters": "characters of names and members",
    "enum_characters": "characters in one long enum", "depth": "levels of objects",
}  # fmt: skip


def _sizes(document: Mapping[str, Any], long_enum: int) -> _Sizes:
    keys = members = characters = longest = 0
    for node in _nodes(document):
        names = [*node.get("properties", ()), *node.get("$defs", ())]
        listed, const = node.get("enum", ()), ([node["const"]] if "const" in node else ())
        own = _length(listed)
        keys, members = keys + len(node.get("properties", ())), members + len(listed)
        characters += _length(names) + _length(const) + own
        longest = max(longest, own) if len(listed) > long_enum else longest
    return _Sizes(keys, members, characters, longest, _depth(document))


def _length(texts: Sequence[Any]) -> int:
    return sum(len(str(text)) for text in texts)


def _nodes(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All schemas inside of a written one, itself first."""
    todo: list[Mapping[str, Any]] = [document]
    while todo:
        node = todo.pop()
        yield node
        todo += [*_below(node), *node.get("$defs", {}).values()]


def _below(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    inner = [*node.get("properties", {}).values(), *node.get("anyOf", ())]
    inner += [*node.get("prefixItems", ()), node.get("items"), node.get("additionalProperties")]
    return [one for one in inner if isinstance(one, dict)]


def _depth(document: Mapping[str, Any]) -> int:
    """The most levels of objects, through references too; one that leads back adds none."""
    known: dict[str, int] = {}

    def levels(node: Mapping[str, Any]) -> int:
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            if name == "#":
                return 0
            if name not in known:
                known[name] = 0  # while it is being measured
                known[name] = levels(document["$defs"][name])
            return known[name]
        return max(map(levels, _below(node)), default=0) + ("properties" in node)

    return levels(document)

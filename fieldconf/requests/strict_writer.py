"""Strict writer: from the schema nodes of a schema to the document of its strict form.

In:    the root node; the server's ``Grammar``.
Out:   the document; what it cannot express, as ``lost``.
Never: two copies of a definition; a keyword that the grammar does not know.
Why:   references, ``allOf``, conditions and drafts are already resolved in the nodes.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

from fieldconf.parsing.json_writing import distinct_json, json_text
from fieldconf.parsing.kinds import KINDS, is_container, kind_of
from fieldconf.paths import Path, pointer
from fieldconf.providers.grammars import NUMBERS, STRING, Grammar
from fieldconf.requests.strict_losses import ANY_ITEM, Loss, shown
from fieldconf.schema import MAX_MEMBERS, SchemaNode
from fieldconf.schema.declared import is_closed, keys_of, kinds_of_parts, members_of, required_of
from fieldconf.schema.keywords import Keywords, types_of
from fieldconf.schema.unions import MOST_CASES, Alternative

_LOWS, _HIGHS = ("minLength", "minimum", "exclusiveMinimum"), (
    "maxLength", "maximum", "exclusiveMaximum",
)  # fmt: skip

_READ = frozenset({
    "type", "enum", "const", "properties", "required", "items", "prefixItems", "additionalItems",
    "additionalProperties", "minItems", "maxItems", "unevaluatedItems", "unevaluatedProperties",
    *STRING, *NUMBERS,
})  # fmt: skip
"""Keywords that the writer handles, or that need no handling."""
_OF_CONTAINERS = {
    "object": ("properties", "required", "additionalProperties", "patternProperties"),
    "array": ("items", "prefixItems", "additionalItems", "minItems", "maxItems"),
}


class Writer:
    """Writes the nodes of one schema as one document."""

    def __init__(self, grammar: Grammar) -> None:
        self.lost: list[Loss] = []
        self._grammar = grammar
        self._names: dict[SchemaNode, str] = {}  # of the nodes that have a definition
        self._defs: dict[str, dict[str, Any]] = {}
        self._writing: list[SchemaNode] = []

    def document(self, root: SchemaNode) -> dict[str, Any]:
        """The document with its definitions."""
        if len(_possible_cases(root)) == len(root.cases) == 1:
            core = _core_of(root)
            self._names[core] = ""
            document = {**self._inline(core, ()), **_notes_of(root.cases[0].parts)}
        else:
            document = self._write(root, ())
        if self._grammar.object_root and document.get("type") != "object":
            self._lose((), "the whole is not one object, which is refused: put it into a field")
        return {**document, "$defs": self._defs} if self._defs else document

    def _lose(self, path: Path, lost: str) -> None:
        self.lost.append(Loss(pointer(path), lost))

    # -- one node -------------------------------------------------------------------------------

    def _write(self, node: SchemaNode, path: Path) -> dict[str, Any]:
        """The schema of a node: one of its cases, or null where the value may be left out."""
        cases = _possible_cases(node)
        parts = cases[0].parts if cases else ()
        shared = [part for part in parts if all(part in case.parts for case in cases)]
        notes = _notes_of(shared)
        variants: list[dict[str, Any]] = []
        for case in cases:
            schema = self._case(node.with_only(case), path, shared)
            schema = {k: v for k, v in schema.items() if k not in notes or v != notes[k]}
            variants += schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
        if node.declared.may_be_null:
            variants.append({"type": "null"})
        elif node.is_optional and node.declared.nullable:
            all_notes = [part.notes for case in cases for part in case.parts]
            if not any("default" in each and each["default"] is None for each in all_notes):
                self._lose(path, "null and a left-out key cannot be distinguished")
        variants = distinct_json(variants)
        if not variants:
            self._lose(path, "no value is allowed")
            return {"type": "null"}
        schema = variants[0] if len(variants) == 1 else {"anyOf": variants}
        return _described(schema, shared) if "$ref" in schema else {**notes, **schema}

    def _case(self, node: SchemaNode, path: Path, shared: Sequence[Keywords]) -> dict[str, Any]:
        """The schema of one case; a reference if it has a name or is being written."""
        core, own = _core_of(node), [part for part in node.cases[0].parts if part not in shared]
        if core in self._names or core in self._writing or core.cases[0].name:
            name = self._define(core, path)
            return _described({"$ref": f"#/$defs/{name}" if name else "#"}, own)
        return {**self._inline(core, path), **_notes_of(own)}

    def _define(self, node: SchemaNode, path: Path) -> str:
        """The name of the definition of a node, which is written if there is none yet."""
        name = self._names.get(node)
        if name is None:
            plain = re.sub(r"[^a-zA-Z0-9_.-]", "_", node.cases[0].name or "Part")
            name, number = plain, 2
            while name in self._defs:
                name, number = f"{plain}_{number}", number + 1
            self._names[node] = name
            self._defs[name] = {}  # now, for the order in which definitions are first needed
            self._defs[name].update(self._inline(node, path))
        return name

    def _inline(self, node: SchemaNode, path: Path) -> dict[str, Any]:
        self._writing.append(node)
        try:
            return self._parts(node, path)
        finally:
            self._writing.pop()

    # -- one case -------------------------------------------------------------------------------

    def _parts(self, node: SchemaNode, path: Path) -> dict[str, Any]:
        (case,) = node.cases
        parts = case.parts
        for part in parts:
            for word in [word for word in part.words if word not in _READ]:
                self._lose(path, shown(word, part.words[word]))
        members = _members_in(parts)
        is_enum = members is None and _has_any(parts, ("enum", "const"))
        if is_enum and any(sum(map(is_container, p.members or ())) > MOST_CASES for p in parts):
            self._lose(path, "which objects and lists are allowed: there are too many")
        notes = _notes_of(parts)
        if members is not None and (enum := _enum_of(parts, members)):
            return {**notes, **enum}
        kinds = kinds_of_parts(parts)
        if kinds == KINDS and self._grammar.free_keys and not _has_any(parts, _READ):
            return notes
        if len(kinds) > 4 and not self._grammar.free_keys:
            described = {k for k, words in _OF_CONTAINERS.items() if _has_any(parts, words)}
            kinds = kinds & described or kinds - {"object", "array"}
            what = "s and ".join(sorted(kinds)) if len(kinds) < 3 else "scalar"
            self._lose(path, f"any value is allowed here, but only {what}s are requested")
        variants = [self._kind(kind, node, path) for kind in _in_order(kinds, parts)]
        return {**notes, **(variants[0] if len(variants) == 1 else {"anyOf": variants})}

    def _kind(self, kind: str, node: SchemaNode, path: Path) -> dict[str, Any]:
        (case,) = node.cases
        if kind == "object":
            return self._object(node, path)
        if kind == "array":
            return self._array(node, path)
        if kind == "string":
            return {"type": "string", **self._constraints(case.parts, STRING, path)}
        if kind == "number":
            is_integer = any(part.is_integer for part in case.parts)
            constraints = self._constraints(case.parts, NUMBERS, path)
            return {"type": "integer" if is_integer else "number", **constraints}
        return {"type": kind}

    def _constraints(
        self, parts: Sequence[Keywords], words: Sequence[str], path: Path
    ) -> dict[str, Any]:
        """The values of these keywords that satisfy all parts, where the grammar knows them."""
        constraints: dict[str, Any] = {}
        for word in words:
            values = [part.words[word] for part in parts if word in part.words]
            if not values:
                continue
            is_bound = word in _LOWS or word in _HIGHS
            value = max(values) if word in _LOWS else min(values) if is_bound else values[0]
            formats = self._grammar.formats
            is_known = word != "format" or formats is None or value in formats
            if word in self._grammar.words and is_known:
                constraints[word] = value
            else:
                self._lose(path, shown(word, value))
            if not is_bound:
                for other in values[1:]:
                    if other != value:
                        self._lose(path, shown(word, other))
        return constraints

    def _object(self, node: SchemaNode, path: Path) -> dict[str, Any]:
        (case,) = node.cases
        keys = keys_of(case.parts)
        required = required_of(case.parts)
        keys += sorted(key for key in required if key not in keys)
        keys = [key for key in keys if key in required or _possible_cases(node.inside(key))]
        properties = {key: self._write(node.inside(key), (*path, key)) for key in keys}
        is_open = not is_closed(case.parts)
        if is_open and self._grammar.free_keys and not keys:
            names = (f"any key {number}" for number in range(1000))
            inner = node.inside(next(name for name in names if name not in keys_of(case.parts)))
            if inner.declared.is_anything or _has_any(case.parts, ("patternProperties",)):
                return {"type": "object"}
            value = self._write(inner, (*path, ANY_ITEM))
            return {"type": "object", "additionalProperties": value}
        if is_open:
            self._lose(path, "undeclared keys")
        return {
            "type": "object", "properties": properties, "required": keys,
            "additionalProperties": False,
        }  # fmt: skip

    def _array(self, node: SchemaNode, path: Path) -> dict[str, Any]:
        declared = node.declared
        count = len(node.first_items)
        lengths: dict[str, Any] = {"minItems": declared.min_items} if declared.min_items else {}
        if declared.max_items is not None:
            lengths["maxItems"] = declared.max_items
        first = [self._write(node.inside(i), (*path, i)) for i in range(count)]
        has_rest = declared.max_items is None or declared.max_items > count
        rest = [self._write(node.inside(count), (*path, ANY_ITEM))] if has_rest else []
        if first and self._grammar.prefix:
            items: Any = rest[0] if rest else False
            return {"type": "array", "prefixItems": first, "items": items, **lengths}
        if len(first) > 1 or (first and rest):
            self._lose(path, "which item has which schema")
        schemas = distinct_json([*first, *rest]) or [{"type": "null"}]  # the list is always empty
        items = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        return {"type": "array", "items": items, **lengths}


# -- several schemas that must hold together, as one ---------------------------------------------


def _core_of(node: SchemaNode) -> SchemaNode:
    """The node of a single case without parts that are only notes, so that all uses share it."""
    (case,) = node.cases
    return node.with_only(Alternative(tuple(part for part in case.parts if part.words), case.name))


def _has_any(parts: Sequence[Keywords], words: Collection[str]) -> bool:
    """Whether any part has one of these keywords."""
    return any(word in words for part in parts for word in part.words)


def _possible_cases(node: SchemaNode) -> list[Alternative]:
    """The cases of a node that allow at least one value."""
    return [c for c in node.cases if kinds_of_parts(c.parts) and members_of(c.parts) != []]


def _described(reference: dict[str, Any], parts: Sequence[Keywords]) -> dict[str, Any]:
    """A reference with its description in ``anyOf``: servers accept nothing beside ``$ref``."""
    own = _notes_of([part for part in parts if not part.words])
    return {**own, "anyOf": [reference]} if "description" in own else reference


def _notes_of(parts: Sequence[Keywords]) -> dict[str, Any]:
    """The first title and the first description of the parts."""
    notes: dict[str, Any] = {}
    for part in parts:
        for word in ("title", "description"):
            if isinstance(text := part.notes.get(word), str) and text:
                notes.setdefault(word, text)
    return notes


def _members_in(parts: Sequence[Keywords]) -> Sequence[Any] | None:
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


def _enum_of(parts: Sequence[Keywords], members: Sequence[Any]) -> dict[str, Any] | None:
    """The schema of members from an enum or const; None if types and bounds imply them."""
    if not any(part.members is not None for part in parts):
        return None
    types = {"integer" if type(member) is int else kind_of(member) for member in members}
    own_type = {"type": types.pop()} if len(types) == 1 else {}
    if len(members) == 1 and any("const" in part.words for part in parts):
        return {**own_type, "const": members[0]}
    return {**own_type, "enum": list(members)}


def _in_order(kinds: frozenset[str], parts: Sequence[Keywords]) -> list[str]:
    """The kinds in the order of ``type``, with null last."""
    types = [name for part in parts for name in types_of(part.words) if isinstance(name, str)]
    order = dict.fromkeys(["number" if name == "integer" else name for name in types])
    ordered = [kind for kind in (order | dict.fromkeys(sorted(kinds))) if kind in kinds]
    return sorted(ordered, key=lambda kind: kind == "null")

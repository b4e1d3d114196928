"""Writer: from the places of a schema to one document, and what is lost on the way.

In:    the root place; the server's ``Grammar``.
Out:   the document; its ``lost``.
Never: two copies of a definition; a word that the grammar does not know.
Why:   references, ``allOf``, conditions and drafts are undone in the places already.
"""

import re
from collections.abc import Sequence
from typing import Any

from fieldconf.parsing.kinds import KINDS
from fieldconf.paths import Path, pointer
from fieldconf.providers.grammars import NUMBERS, STRING, Grammar
from fieldconf.requests.strict_losses import ANY_ITEM, Loss, shown
from fieldconf.requests.strict_words import (
    READ,
    as_stated,
    asks,
    core_of,
    described,
    each_once,
    has_null_as_default,
    in_order,
    invented,
    is_long,
    meant,
    members_in,
    notes_of,
    possible_cases,
    shared_by,
    without_notes,
)
from fieldconf.schema import SchemaNode
from fieldconf.schema.declared import (
    is_closed,
    keys_of,
    kinds_of_parts,
    required_of,
)
from fieldconf.schema.keywords import Keywords

_LOWS, _HIGHS = ("minLength", "minimum", "exclusiveMinimum"), (
    "maxLength", "maximum", "exclusiveMaximum",
)  # fmt: skip


class Writer:
    """Writes the places of one schema as one document."""

    def __init__(self, grammar: Grammar) -> None:
        self.lost: list[Loss] = []
        self._grammar = grammar
        self._names: dict[SchemaNode, str] = {}  # of the places that are written as definitions
        self._defs: dict[str, dict[str, Any]] = {}
        self._writing: list[SchemaNode] = []

    def document(self, root: SchemaNode) -> dict[str, Any]:
        """The whole, with its definitions behind it."""
        if len(possible_cases(root)) == len(root.cases) == 1:
            self._names[core_of(root)] = ""
            made = {**self._inline(core_of(root), ()), **notes_of(root.cases[0].parts)}
        else:
            made = self._write(root, ())
        if self._grammar.object_root and made.get("type") != "object":
            self._lose((), "the whole is not one object, which is refused: put it into a field")
        return {**made, "$defs": self._defs} if self._defs else made

    def _lose(self, path: Path, lost: str) -> None:
        self.lost.append(Loss(pointer(path), lost))

    # -- one place ------------------------------------------------------------------------------

    def _write(self, place: SchemaNode, path: Path) -> dict[str, Any]:
        """The schema of a place: one of its cases, or null where it may be left out."""
        cases = possible_cases(place)
        shared = shared_by(cases)
        notes = notes_of(shared)
        arms = [without_notes(self._case(place.of(case), path, shared), notes) for case in cases]
        flat = [a for arm in arms for a in (arm["anyOf"] if set(arm) == {"anyOf"} else [arm])]
        if place.declared.may_be_null:
            flat.append({"type": "null"})
        elif place.is_optional and place.declared.nullable and not has_null_as_default(cases):
            self._lose(path, "null and left out are not told apart")
        made = each_once(flat)
        if not made:
            self._lose(path, "no value is allowed")
            return {"type": "null"}
        one = made[0] if len(made) == 1 else {"anyOf": made}
        return described(one, shared) if "$ref" in one else {**notes, **one}

    def _case(self, place: SchemaNode, path: Path, shared: Sequence[Keywords]) -> dict[str, Any]:
        """The schema of one case: by reference, if it has a name or is being written."""
        core, own = core_of(place), [part for part in place.cases[0].parts if part not in shared]
        if core in self._names or core in self._writing or core.cases[0].name:
            name = self._define(core, path)
            return described({"$ref": f"#/$defs/{name}" if name else "#"}, own)
        return {**self._inline(core, path), **notes_of(own)}

    def _define(self, place: SchemaNode, path: Path) -> str:
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

    def _inline(self, place: SchemaNode, path: Path) -> dict[str, Any]:
        self._writing.append(place)
        try:
            return self._parts(place, path)
        finally:
            self._writing.pop()

    # -- one case -------------------------------------------------------------------------------

    def _parts(self, place: SchemaNode, path: Path) -> dict[str, Any]:
        (case,) = place.cases
        parts = case.parts
        self._note_unread(parts, path)
        members = members_in(parts)
        if members is None and asks(parts, ("enum", "const")) and is_long(parts):
            self._lose(path, "which objects and lists: too many are named")
        notes = notes_of(parts)
        if members is not None and (stated := as_stated(parts, members)):
            return {**notes, **stated}
        kinds = kinds_of_parts(parts)
        if kinds == KINDS and self._grammar.free_keys and not asks(parts, READ):
            return notes
        if len(kinds) > 4 and not self._grammar.free_keys:
            kinds = meant(parts) & kinds or kinds - {"object", "array"}
            what = "s and ".join(sorted(kinds)) if len(kinds) < 3 else "scalar"
            self._lose(path, f"anything may stand here: only {what}s are asked for")
        arms = [self._kind(kind, place, path) for kind in in_order(kinds, parts)]
        return {**notes, **arms[0]} if len(arms) == 1 else {**notes, "anyOf": arms}

    def _note_unread(self, parts: Sequence[Keywords], path: Path) -> None:
        for part in parts:
            for word in [word for word in part.words if word not in READ]:
                self._lose(path, shown(word, part.words[word]))

    def _kind(self, kind: str, place: SchemaNode, path: Path) -> dict[str, Any]:
        (case,) = place.cases
        if kind == "object":
            return self._object(place, path)
        if kind == "array":
            return self._array(place, path)
        if kind == "string":
            return {"type": "string", **self._asked(case.parts, STRING, path)}
        if kind == "number":
            whole = any(part.is_integer for part in case.parts)
            asked = self._asked(case.parts, NUMBERS, path)
            return {"type": "integer" if whole else "number", **asked}
        return {"type": kind}

    def _asked(self, parts: Sequence[Keywords], words: Sequence[str], path: Path) -> dict[str, Any]:
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
                self._lose(path, shown(word, one))
            if word not in (*_LOWS, *_HIGHS):
                for other in given[1:]:
                    if other != one:
                        self._lose(path, shown(word, other))
        return made

    def _knows(self, word: str, value: Any) -> bool:
        formats = self._grammar.formats
        if word not in self._grammar.words:
            return False
        return word != "format" or formats is None or value in formats

    def _object(self, place: SchemaNode, path: Path) -> dict[str, Any]:
        (case,) = place.cases
        keys = keys_of(case.parts)
        needed = required_of(case.parts)
        keys += sorted(key for key in needed if key not in keys)
        keys = [key for key in keys if key in needed or possible_cases(place.inside(key))]
        inner = {key: self._write(place.inside(key), (*path, key)) for key in keys}
        made: dict[str, Any] = {"type": "object", "properties": inner, "required": keys}
        is_open = not is_closed(case.parts)
        if is_open and self._grammar.free_keys and not keys:
            return {"type": "object", **self._free(place, path)}
        if is_open:
            self._lose(path, "keys that are not named")
        return {**made, "additionalProperties": False}

    def _free(self, place: SchemaNode, path: Path) -> dict[str, Any]:
        (case,) = place.cases
        free = next(key for key in invented() if key not in keys_of(case.parts))
        inner = place.inside(free)
        if inner.declared.is_anything or any("patternProperties" in p.words for p in case.parts):
            return {}
        return {"additionalProperties": self._write(inner, (*path, ANY_ITEM))}

    def _array(self, place: SchemaNode, path: Path) -> dict[str, Any]:
        declared = place.declared
        longest = len(place.first_items)
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
        items = each_once([*first, *rest]) or [{"type": "null"}]  # there is none
        return {
            "type": "array",
            "items": items[0] if len(items) == 1 else {"anyOf": items},
            **counted,
        }

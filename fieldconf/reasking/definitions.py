"""Carrying: schemas of one document, put into another with all that they refer to.

In:    the nodes that a schema declares for one place.
Out:   plain JSON Schema for each, whose references lead to ``definitions``.
Never: a word of the schema lost or read: what is not understood here is carried, too; a reference
       to the old document, or to one that only it knows.
Why:   a question about three fields must ask of each what the whole schema asks, and recursive
       schemas have no end that one could copy to.

The strict writer is no way to this: it leaves out what servers do not understand, and makes all
keys required. What is written here is the whole truth, and the strict form is made of that.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, cast

from referencing import Resource

from fieldconf.schema import SchemaNode
from fieldconf.schema.places import nodes_at
from fieldconf.schema.references import Draft, Subschema

_OF_DOCUMENTS = frozenset({
    "$id", "id", "$schema", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary",
    "definitions", "$defs",
})  # fmt: skip
"""Words that say where a schema stands, and not what it asks."""
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})


class Carrier:
    """Writes schemas of one document anew.

    Args:
        draft: of the document that is being written: the old one's.

    Attributes:
        definitions: what the schemas written so far refer to, by name, for ``$defs``.
    """

    def __init__(self, draft: Draft) -> None:
        self.definitions: dict[str, Any] = {}
        self._draft = draft
        self._names: dict[tuple[Any, ...], str] = {}
        self._waiting: list[tuple[str, Subschema]] = []

    def inside(self, place: SchemaNode, step: str | int) -> dict[str, Any]:
        """What the value under a key or an index of a place is asked for.

        Args:
            place: an object or a list, with only those cases that may hold.
            step: the key or the index.
        """
        cases = [case for case in place.cases if place.of(case).inside(step).cases]
        found = [_by_key(nodes_at(case.parts, step)) for case in cases]
        shared = [node for key, node in found[0].items() if all(key in f for f in found)]
        own = [[n for n in case.values() if n not in shared] for case in found] if found else []
        made = [self._carried(node) for node in shared]
        if own and all(own):
            arms = _each_once(_joined([self._carried(node) for node in arm]) for arm in own)
            made.append(arms[0] if len(arms) == 1 else {"anyOf": arms})
        self._define()
        return _joined(_each_once(made))

    def _define(self) -> None:
        """Write what was referred to; that may refer to more."""
        while self._waiting:
            name, node = self._waiting.pop()
            self.definitions[name] = self._carried(node)

    # -- one schema -----------------------------------------------------------------------------

    def _carried(self, node: Subschema) -> dict[str, Any]:
        schema: Any = node.schema
        if not isinstance(schema, dict):
            return {} if schema is not False else {"not": {}}  # early drafts have no booleans
        inner = _inner(node)
        made: dict[str, Any] = {}
        for word, value in cast("dict[str, Any]", schema).items():
            if word in _OF_DOCUMENTS or word in _REFERENCES:
                continue
            made[word] = self._word(node, value, inner)
        if "const" in made and not self._draft.knows("const"):
            made["enum"] = [made.pop("const")]  # of a schema of our own making
        if isinstance(made.get("discriminator"), dict):  # its mapping names what stays behind
            made["discriminator"] = {
                k: v for k, v in made["discriminator"].items() if k != "mapping"
            }
        return {**self._references(node, made), **made}

    def _word(self, node: Subschema, value: Any, inner: set[int]) -> Any:
        """What a word holds: a schema, some of them, or something else."""
        if id(value) in inner:
            return self._schema(node, value)
        if isinstance(value, dict):
            named = cast("dict[str, Any]", value)
            return {
                k: self._schema(node, v) if id(v) in inner else deepcopy(v)
                for k, v in named.items()
            }
        if isinstance(value, list):
            listed = cast("list[Any]", value)
            return [self._schema(node, v) if id(v) in inner else deepcopy(v) for v in listed]
        return value

    def _schema(self, node: Subschema, schema: Any) -> Any:
        return self._carried(node.inside(schema)) if isinstance(schema, dict) else schema

    def _references(self, node: Subschema, made: dict[str, Any]) -> dict[str, Any]:
        """What a schema refers to, by its new name; the second one and so on among ``allOf``."""
        targets = [(to, node.follow(word, to)) for word, to in node.references]
        first, *more = [{"$ref": self._name(t, to)} for to, t in targets if t is not None] or [{}]
        if more:
            made["allOf"] = [*made.get("allOf", []), *more]
        return first

    def _name(self, node: Subschema, reference: str) -> str:
        name = self._names.get(node.key)
        if name is None:
            plain = re.sub(r"[^a-zA-Z0-9_.-]", "_", reference.rpartition("/")[2].strip("#"))
            name, number = plain or "Whole", 2
            while name in self._names.values():
                name, number = f"{plain or 'Whole'}_{number}", number + 1
            self._names[node.key] = name
            self._waiting.append((name, node))
        return f"#/$defs/{name}"


def _by_key(nodes: Iterable[Subschema]) -> dict[tuple[Any, ...], Subschema]:
    """Those that ask for something, each once."""
    return {node.key: node for node in nodes if node.schema is not True and node.schema != {}}


def _inner(node: Subschema) -> set[int]:
    """The ids of the schemas right inside of one."""
    try:
        resource = Resource.from_contents(node.schema, node.draft.specification)
        return {id(one.contents) for one in resource.subresources()}
    except (AttributeError, TypeError, ValueError):  # a word that holds the wrong thing
        return set()


def _each_once(schemas: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({json.dumps(one, sort_keys=True): one for one in schemas}.values())


def _joined(schemas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One schema of those that hold at once."""
    return dict(schemas[0]) if len(schemas) == 1 else {"allOf": [*schemas]} if schemas else {}

"""Definitions: schemas copied from one document into another, with all that they refer to.

In:    the nodes that a schema declares for one place.
Out:   plain JSON Schema for each, whose references point to ``definitions``.
Never: a keyword lost: unknown keywords are copied, too; a reference to the old document, or to a
       document that only the old one can resolve.
Why:   a request for three fields must require of each what the whole schema requires, and
       recursive schemas cannot be copied without references.

The writer of strict schemas cannot be used: it leaves out what servers do not understand, and makes
all keys required. This module keeps everything; the strict form is derived from its result.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, cast

from referencing import Resource

from fieldconf.parsing.json_writing import distinct_json
from fieldconf.schema import SchemaNode
from fieldconf.schema.places import subschemas_at
from fieldconf.schema.references import Draft, Subschema

_OF_DOCUMENTS = frozenset({
    "$id", "id", "$schema", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary",
    "definitions", "$defs",
})  # fmt: skip
"""Keywords that identify a schema, and do not constrain values."""
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})


class Carrier:
    """Copies schemas of one document.

    Args:
        draft: the draft of both documents.

    Attributes:
        definitions: the schemas that the copies so far refer to, by name, for ``$defs``.
    """

    def __init__(self, draft: Draft) -> None:
        self.definitions: dict[str, Any] = {}
        self._draft = draft
        self._names: dict[tuple[Any, ...], str] = {}
        self._undefined: list[tuple[str, Subschema]] = []

    def inside(self, node: SchemaNode, step: str | int) -> dict[str, Any]:
        """The schema of the value at a key or an index of a container.

        Args:
            node: of an object or a list, with only those cases that are possible.
            step: the key or the index.
        """
        cases: list[dict[tuple[Any, ...], Subschema]] = []
        for case in node.cases:
            if node.with_only(case).inside(step).cases:
                subschemas = subschemas_at(case.parts, step)
                cases.append(
                    {n.key: n for n in subschemas if n.schema is not True and n.schema != {}}
                )
        shared = [inner for key, inner in cases[0].items() if all(key in case for case in cases)]
        own = [[inner for inner in case.values() if inner not in shared] for case in cases]
        schemas = [self._copied(inner) for inner in shared]
        if own and all(own):
            variants = distinct_json(_all_of([*map(self._copied, inner)]) for inner in own)
            schemas.append(variants[0] if len(variants) == 1 else {"anyOf": variants})
        while self._undefined:  # a definition may refer to further ones
            name, inner = self._undefined.pop()
            self.definitions[name] = self._copied(inner)
        return _all_of(distinct_json(schemas))

    # -- one schema -----------------------------------------------------------------------------

    def _copied(self, node: Subschema) -> dict[str, Any]:
        schema: Any = node.schema
        if not isinstance(schema, dict):
            return {} if schema is not False else {"not": {}}  # early drafts have no booleans
        try:
            resource = Resource.from_contents(schema, node.draft.specification)
            subschemas = {id(inner.contents) for inner in resource.subresources()}
        except (AttributeError, TypeError, ValueError):  # a keyword has a value of the wrong type
            subschemas = set[int]()
        copy: dict[str, Any] = {}
        for keyword, value in cast("dict[str, Any]", schema).items():
            if keyword not in _OF_DOCUMENTS and keyword not in _REFERENCES:
                copy[keyword] = self._copied_value(node, value, subschemas)
        if "const" in copy and not self._draft.knows("const"):
            copy["enum"] = [copy.pop("const")]  # fieldconf itself writes const in any draft
        if isinstance(copy.get("discriminator"), dict):  # its mapping refers to the old document
            copy["discriminator"] = {
                k: v for k, v in copy["discriminator"].items() if k != "mapping"
            }
        targets = [(to, node.follow(word, to)) for word, to in node.references]
        references = [{"$ref": self._name(t, to)} for to, t in targets if t is not None]
        if len(references) > 1:
            copy["allOf"] = [*copy.get("allOf", []), *references[1:]]
        return {**references[0], **copy} if references else copy

    def _copied_value(self, node: Subschema, value: Any, subschemas: set[int]) -> Any:
        """The value of a keyword: a schema, a container of schemas, or something else."""
        if id(value) in subschemas:
            return self._copied(node.inside(value)) if isinstance(value, dict) else value

        def inner(item: Any) -> Any:
            is_schema = id(item) in subschemas
            return self._copied_value(node, item, subschemas) if is_schema else deepcopy(item)

        if isinstance(value, dict):
            return {key: inner(item) for key, item in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            return [inner(item) for item in cast("list[Any]", value)]
        return value

    def _name(self, node: Subschema, reference: str) -> str:
        name = self._names.get(node.key)
        if name is None:
            plain = re.sub(r"[^a-zA-Z0-9_.-]", "_", reference.rpartition("/")[2].strip("#"))
            name, number = plain or "Whole", 2
            while name in self._names.values():
                name, number = f"{plain or 'Whole'}_{number}", number + 1
            self._names[node.key] = name
            self._undefined.append((name, node))
        return f"#/$defs/{name}"


def _all_of(schemas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The schema of values that are valid under all of some schemas."""
    return dict(schemas[0]) if len(schemas) == 1 else {"allOf": [*schemas]} if schemas else {}

"""Places: the tree of schema nodes, which hold the declarations for each path of an answer.

In:    the root ``Subschema`` of a JSON Schema document.
Out:   ``SchemaNode``: one for each set of cases; from it one steps to the nodes of keys and items.
Never: the same node built twice: a recursive schema has the same few nodes at every depth.
Why:   an answer is followed while it is written, and what was written narrows unions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from fieldconf.parsing.json_writing import json_text
from fieldconf.parsing.kinds import kind_of
from fieldconf.paths import Path
from fieldconf.schema.declared import (
    Declared,
    declare,
    is_closed,
    kinds_of_parts,
    required_of,
)
from fieldconf.schema.keywords import Keywords
from fieldconf.schema.references import Subschema
from fieldconf.schema.unions import ANYTHING, Alternative, Reader
from fieldconf.threads import cached_property

K = TypeVar("K")
V = TypeVar("V")

_Index: TypeAlias = tuple[
    Mapping[tuple[str, Any], frozenset[int]], Sequence[tuple[int, Alternative]]
]
"""The variants that enumerate a value, by its kind and the value; and all other variants."""

_MAX_CACHED = 10_000  # entries of a cache: answers may hold any number of undeclared keys
_MAX_CACHED_BYTES = 64  # the longest JSON text that is a key of a cache


class SchemaNodes:
    """The nodes of one schema, each built when it is first needed.

    Args:
        root: the whole schema.
        may_be_null: whether the value of an optional key may also be null, as in the form that
            strict structured output demands.
    """

    def __init__(self, root: Subschema, *, may_be_null: bool = False) -> None:
        self.reader = Reader()
        self._nodes: dict[tuple[tuple[Alternative, ...], bool], SchemaNode] = {}
        self.may_be_null = may_be_null
        self.root = self.node(self.reader.cases(root))

    def node(self, cases: Iterable[Alternative], *, is_optional: bool = False) -> "SchemaNode":
        """The node with these cases, whose value may be left out if ``is_optional``."""
        key = (tuple(dict.fromkeys(cases)), is_optional and self.may_be_null)
        node = self._nodes.get(key)
        return node or self._nodes.setdefault(key, SchemaNode(self, *key))

    def inside(self, case: Alternative, step: str | int) -> Sequence[Alternative]:
        """The cases of the value under a key or index of a container that this case describes."""
        if ("array" if isinstance(step, int) else "object") not in kinds_of_parts(case.parts):
            return ()
        subschemas = subschemas_at(case.parts, step)
        is_undeclared = not subschemas and step not in required_of(case.parts)
        if isinstance(step, str) and is_undeclared and is_closed(case.parts):
            return ()
        cases: Sequence[Alternative] = ANYTHING
        for subschema in subschemas:
            cases = self.reader.both(cases, self.reader.cases(subschema))
            if not cases:
                break
        return cases


class SchemaNode:
    """What a schema declares for one value of an answer. Built by ``SchemaNodes``.

    Attributes:
        cases: the ways in which a value here can satisfy the schema; none where no value can.
        is_optional: whether the value may be left out and null may stand for that.
    """

    def __init__(
        self,
        nodes: SchemaNodes,
        cases: tuple[Alternative, ...],
        is_optional: bool,  # noqa: FBT001
    ) -> None:
        self._nodes = nodes
        self.cases = cases
        self.is_optional = is_optional
        self._inside: dict[str | int, SchemaNode] = {}
        self._with_values: dict[tuple[str | int, bytes], SchemaNode] = {}
        self._with_keys: dict[str, SchemaNode] = {}
        self._variants_with: dict[str, frozenset[int]] = {}
        self._variants_by_value: dict[str | int, _Index] = {}

    @cached_property
    def declared(self) -> Declared:
        """The declarations of all cases, summed up; anything is allowed where there are none."""
        return declare(self.cases, may_be_null=self.is_optional)

    @cached_property
    def object_cases(self) -> list[Alternative]:
        """The cases that allow an object, in the order of ``declared.variants``."""
        return [case for case in self.cases if "object" in kinds_of_parts(case.parts)]

    @property
    def is_simplified(self) -> bool:
        """Whether the schema, as far as it was read, had too many combinations of cases."""
        return self._nodes.reader.is_simplified

    @property
    def default(self) -> Any:
        """The schema's ``default`` for a value that was left out; None if it has none."""
        notes = (part.notes for case in self.cases for part in case.parts)
        return next((note["default"] for note in notes if "default" in note), None)

    def with_only(self, case: Alternative) -> "SchemaNode":
        """The node with only this case."""
        return self._nodes.node((case,))

    def inside(self, step: str | int) -> "SchemaNode":
        """The node under a key or an index."""
        if isinstance(step, int) and step not in self.first_items:
            step = len(self.first_items)
        node = self._inside.get(step)
        if node is None:
            inner = [c for case in self.cases for c in self._nodes.inside(case, step)]
            is_optional = any(
                step not in required_of(case.parts)
                for case in self.cases
                if any(step in part.properties for part in case.parts)
            )
            node = self._nodes.node(inner, is_optional=is_optional)
            _cache(self._inside, step, node)
        return node

    def at(self, path: Path) -> "SchemaNode":
        """The node at a path from here."""
        node = self
        for step in path:
            node = node.inside(step)
        return node

    @cached_property
    def first_items(self) -> range:
        """The indexes of the items with schemas of their own; all later items share one schema."""
        parts = [part for case in self.cases for part in case.parts]
        return range(max((len(part.prefix) for part in parts), default=0))

    # -- what was written narrows unions --------------------------------------------------------

    def with_key(self, key: str) -> "SchemaNode":
        """The node narrowed to the cases that allow a key in the object here."""
        if len(self.cases) < 2:
            return self
        node = self._with_keys.get(key)
        if node is None:
            cases = [case for case in self.cases if self.with_only(case).inside(key).cases]
            node = _cache(self._with_keys, key, self._narrowed_to(cases))
        return node

    def with_value(self, step: str | int, text: bytes) -> "SchemaNode":
        """The node narrowed to the cases that allow a value under a key or an index.

        ``text`` is the JSON text of a scalar, or the opening byte of a container.
        """
        if len(self.cases) < 2:
            return self
        node = self._with_values.get((step, text))
        if node is None:
            node = self._narrowed_to([c for c in self.cases if self.allows(c, step, text)])
            if len(text) <= _MAX_CACHED_BYTES:
                _cache(self._with_values, (step, text), node)
        return node

    def allows(self, case: Alternative, step: str | int, text: bytes) -> bool:
        """Whether a case of this node allows a value under a key or an index."""
        node = self.with_only(case).inside(step)
        is_open = text in (b"{", b"[")
        return bool(node.cases) and node.declared.allows(text, done=not is_open)

    def variants_with(self, key: str) -> frozenset[int]:
        """Which of the ``object_cases`` allow a key, by their positions."""
        variants = self._variants_with.get(key)
        if variants is None:
            allowing = set(self.with_key(key).cases)
            variants = frozenset(i for i, case in enumerate(self.object_cases) if case in allowing)
            _cache(self._variants_with, key, variants)
        return variants

    def variants_of(self, step: str | int, values: Sequence[Any]) -> list[frozenset[int]]:
        """For each scalar: which of the ``object_cases`` allow it under a key or an index.

        Variants that enumerate their values are found by a look-up, so that many variants with one
        value each do not cost the number of values times the number of variants.
        """
        index = self._variants_by_value.get(step)
        if index is None:
            index = _cache(self._variants_by_value, step, self._index(step))
        by_value, others = index
        variants: list[frozenset[int]] = []
        for value in values:
            enumerating = by_value.get((kind_of(value), value), frozenset())
            text = json_text(value) if others else b""
            allowing = (i for i, case in others if self.allows(case, step, text))
            variants.append(enumerating.union(allowing))
        return variants

    def _index(self, step: str | int) -> "_Index":
        by_value: dict[tuple[str, Any], set[int]] = {}
        others: list[tuple[int, Alternative]] = []
        for number, case in enumerate(self.object_cases):
            node = self.with_only(case).inside(step)
            if node.cases and (node.declared.members is None or node.declared.may_be_null):
                others.append((number, case))
            elif node.cases:
                for member in node.declared.members or ():
                    by_value.setdefault((kind_of(member), member), set()).add(number)
        return {value: frozenset(variants) for value, variants in by_value.items()}, others

    def _narrowed_to(self, cases: Sequence[Alternative]) -> "SchemaNode":
        """The node with some of its cases; with all of them if none fits the answer."""
        if not cases or len(cases) == len(self.cases):
            return self
        return self._nodes.node(cases, is_optional=self.is_optional)


def every_node(root: SchemaNode) -> Iterator[tuple[Path, SchemaNode]]:
    """A node and all nodes inside of it, each once, with a path to it.

    The path of the values of all undeclared keys has the key "*".
    """
    waiting: list[tuple[Path, SchemaNode]] = [((), root)]
    seen: set[SchemaNode] = set()
    while waiting:
        path, node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        yield path, node
        declared = node.declared
        steps: list[str | int] = [*declared.keys]
        steps += ["*"] if declared.more_keys and "object" in declared.kinds else []
        if "array" in declared.kinds:
            steps += range(len(node.first_items) + 1)
        if not declared.is_anything or declared.keys:
            waiting += [((*path, step), node.inside(step)) for step in reversed(steps)]


def _cache(cache: dict[K, V], key: K, value: V) -> V:
    if len(cache) >= _MAX_CACHED:
        cache.clear()
    cache[key] = value
    return value


def subschemas_at(parts: Sequence[Keywords], step: str | int) -> list[Subschema]:
    """The schemas that some parts have for the value under a key or an index."""
    if isinstance(step, str):
        own = [(part, schema) for part in parts for schema in part.of_key(step)]
        rest = [(part, part.words.get("unevaluatedProperties")) for part in parts]
    else:
        own = [
            (part, part.prefix[step] if step < len(part.prefix) else part.rest_of_items)
            for part in parts
        ]
        rest = [(part, part.words.get("unevaluatedItems")) for part in parts]
    declared = [part.subschema.inside(schema) for part, schema in own if schema is not None]
    return declared or [
        part.subschema.inside(schema) for part, schema in rest if schema is not None
    ]

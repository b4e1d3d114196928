"""Places: what is declared here, and where the keys and items of this place lead.

In:    the node of a whole schema.
Out:   ``Place``: from it one steps to the places inside; there is one for each set of cases.
Never: work done twice: the places of a recursive schema are the same few at every depth.
Why:   an answer is walked along as it is written, and what was written decides between the arms.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

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
"""The arms that list a value, by its kind and itself; and the arms that list none."""

_MOST_KNOWN = 10_000  # answers may hold any number of free keys
_LONGEST_KNOWN = 64  # bytes of a value of which it is remembered which arms it leaves


class SchemaNodes:
    """The places of one schema, each made when it is first asked for.

    Args:
        root: the node of the whole schema.
        may_be_null: whether the value of a key that may be left out may also be null, as in the
            form that strict structured output demands.
    """

    def __init__(self, root: Subschema, *, may_be_null: bool = False) -> None:
        self.reader = Reader()
        self._made: dict[tuple[tuple[Alternative, ...], bool], SchemaNode] = {}
        self.may_be_null = may_be_null
        self.root = self.place(self.reader.cases(root))

    def place(self, cases: Iterable[Alternative], *, is_optional: bool = False) -> "SchemaNode":
        """The place where these cases hold, or that may be left out."""
        key = (tuple(dict.fromkeys(cases)), is_optional and self.may_be_null)
        found = self._made.get(key)
        return found or self._made.setdefault(key, SchemaNode(self, *key))

    def inside(self, case: Alternative, step: str | int) -> Sequence[Alternative]:
        """The cases of the value under a key or index, if this case holds around it."""
        if ("array" if isinstance(step, int) else "object") not in kinds_of_parts(case.parts):
            return ()
        nodes = nodes_at(case.parts, step)
        if isinstance(step, int):
            return self._all_of(nodes)
        is_unknown = not nodes and step not in required_of(case.parts)
        return () if is_unknown and is_closed(case.parts) else self._all_of(nodes)

    def _all_of(self, nodes: Iterable[Subschema]) -> Sequence[Alternative]:
        found: Sequence[Alternative] = ANYTHING
        for node in nodes:
            found = self.reader.both(found, self.reader.cases(node))
            if not found:
                break
        return found


class SchemaNode:
    """What holds at one place of an answer. Made by ``Places``.

    Attributes:
        cases: the ways in which a value can keep to the schema here; none where no value can.
        is_optional: whether it may be left out, where null may say so.
    """

    def __init__(
        self,
        places: SchemaNodes,
        cases: tuple[Alternative, ...],
        is_optional: bool,  # noqa: FBT001
    ) -> None:
        self._places = places
        self.cases = cases
        self.is_optional = is_optional
        self._inside: dict[str | int, SchemaNode] = {}
        self._after: dict[tuple[str | int, bytes], SchemaNode] = {}
        self._having: dict[str, SchemaNode] = {}
        self._variants_with: dict[str, frozenset[int]] = {}
        self._variants_by_value: dict[str | int, _Index] = {}

    @cached_property
    def declared(self) -> Declared:
        """What is declared here; anything goes where nothing is."""
        return declare(self.cases, may_be_null=self.is_optional)

    @cached_property
    def objects(self) -> list[Alternative]:
        """The cases in which an object may stand here: those of ``declared.variants``."""
        return [case for case in self.cases if "object" in kinds_of_parts(case.parts)]

    @property
    def is_simplified(self) -> bool:
        """Whether words of the schema, as far as it was read, multiplied into too many cases."""
        return self._places.reader.is_simplified

    @property
    def default(self) -> Any:
        """What the schema says a value is that was left out; None if it says nothing."""
        notes = (part.notes for case in self.cases for part in case.parts)
        return next((note["default"] for note in notes if "default" in note), None)

    def of(self, case: Alternative) -> "SchemaNode":
        """The place where only this case holds."""
        return self._places.place((case,))

    def inside(self, step: str | int) -> "SchemaNode":
        """The place under a key or an index."""
        if isinstance(step, int) and step not in self.first_items:
            step = len(self.first_items)
        found = self._inside.get(step)
        if found is None:
            cases = [c for case in self.cases for c in self._places.inside(case, step)]
            place = self._places.place(cases, is_optional=self._is_optional(step))
            found = _keep(self._inside, step, place)
        return found

    def at(self, path: Path) -> "SchemaNode":
        """The place at a path from here."""
        place = self
        for step in path:
            place = place.inside(step)
        return place

    def _is_optional(self, step: str | int) -> bool:
        named = [c for c in self.cases if any(step in part.properties for part in c.parts)]
        return any(step not in required_of(case.parts) for case in named)

    @cached_property
    def first_items(self) -> range:
        """The indexes of the items that are told apart; those behind are declared alike."""
        parts = [part for case in self.cases for part in case.parts]
        return range(max((len(part.prefix) for part in parts), default=0))

    # -- what was written decides between the arms ----------------------------------------------

    def having(self, key: str) -> "SchemaNode":
        """The place if a key stands in the object here."""
        if len(self.cases) < 2:
            return self
        known = self._having.get(key)
        if known is None:
            known = self._only([case for case in self.cases if self.of(case).inside(key).cases])
            _keep(self._having, key, known)
        return known

    def after(self, step: str | int, text: bytes) -> "SchemaNode":
        """The place if this value stands under a key or an index; JSON text.

        Of a container the opening byte is enough.
        """
        if len(self.cases) < 2:
            return self
        known = self._after.get((step, text))
        if known is None:
            kept = [case for case in self.cases if self.allows(case, step, text)]
            known = self._only(kept)
            if len(text) <= _LONGEST_KNOWN:
                _keep(self._after, (step, text), known)
        return known

    def allows(self, case: Alternative, step: str | int, text: bytes) -> bool:
        """Whether a case of this place allows a value under a key or an index."""
        place = self.of(case).inside(step)
        is_open = text in (b"{", b"[")
        return bool(place.cases) and place.declared.allows(text, done=not is_open)

    def variants_with(self, key: str) -> frozenset[int]:
        """Which of the ``objects`` allow a key, by their position."""
        known = self._variants_with.get(key)
        if known is None:
            allowing = set(self.having(key).cases)
            known = frozenset(i for i, case in enumerate(self.objects) if case in allowing)
            _keep(self._variants_with, key, known)
        return known

    def variants_of(self, step: str | int, values: Sequence[Any]) -> list[frozenset[int]]:
        """Of each of these scalars: which of the ``objects`` allow it under a key or an index.

        An arm that lists its values is looked up by them, so that many arms with a value each cost
        as much as there are values, not as many times as there are arms.
        """
        index = self._variants_by_value.get(step)
        if index is None:
            index = _keep(self._variants_by_value, step, self._index(step))
        by_value, others = index
        found: list[frozenset[int]] = []
        for value in values:
            listed = by_value.get((kind_of(value), value), frozenset())
            text = json.dumps(value).encode() if others else b""
            found.append(listed.union(i for i, case in others if self.allows(case, step, text)))
        return found

    def _index(self, step: str | int) -> "_Index":
        by_value: dict[tuple[str, Any], set[int]] = {}
        others: list[tuple[int, Alternative]] = []
        for number, case in enumerate(self.objects):
            place = self.of(case).inside(step)
            if place.cases and (place.declared.members is None or place.declared.may_be_null):
                others.append((number, case))
            elif place.cases:
                for member in place.declared.members or ():
                    by_value.setdefault((kind_of(member), member), set()).add(number)
        return {value: frozenset(arms) for value, arms in by_value.items()}, others

    def _only(self, kept: Sequence[Alternative]) -> "SchemaNode":
        """The place with some of its cases; with all of them if an answer fits none."""
        if not kept or len(kept) == len(self.cases):
            return self
        return self._places.place(kept, is_optional=self.is_optional)


def every_place(root: SchemaNode) -> Iterator[tuple[Path, SchemaNode]]:
    """The places inside of one, each once, and a path to it; of items, the first of each kind.

    The values of keys that are not named count as one, under the key "*".
    """
    waiting: list[tuple[Path, SchemaNode]] = [((), root)]
    seen: set[SchemaNode] = set()
    while waiting:
        path, place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        yield path, place
        declared = place.declared
        steps: list[str | int] = [*declared.keys]
        steps += ["*"] if declared.more_keys and "object" in declared.kinds else []
        if "array" in declared.kinds:
            steps += range(len(place.first_items) + 1)
        if not declared.is_anything or declared.keys:
            waiting += [((*path, step), place.inside(step)) for step in reversed(steps)]


def _keep(known: dict[K, V], key: K, value: V) -> V:
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known[key] = value
    return value


def nodes_at(parts: Sequence[Keywords], step: str | int) -> list[Subschema]:
    """The schemas that some parts have for the value under a key or an index, as they stand."""
    if isinstance(step, str):
        found = [(part, schema) for part in parts for schema in part.of_key(step)]
        rest = [(part, part.unevaluated) for part in parts]
    else:
        found = [
            (part, part.prefix[step] if step < len(part.prefix) else part.rest) for part in parts
        ]
        rest = [(part, part.unevaluated_items) for part in parts]
    known = [part.node.inside(schema) for part, schema in found if schema is not None]
    return known or [part.node.inside(schema) for part, schema in rest if schema is not None]

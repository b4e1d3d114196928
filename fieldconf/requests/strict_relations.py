"""Relations: what a schema says of its arms, keys and references to each other.

In:    a JSON Schema.
Out:   a ``Loss`` for each such word that the strict form does not say.
Never: a word that the cases of a place show: the writer lists those.
Why:   ``oneOf`` is read as ``anyOf``, and where arms overlap that is less than was asked.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from fieldconf.paths import Path, pointer
from fieldconf.requests.strict_losses import ANY_ITEM, Loss, shown
from fieldconf.schema.declared import (
    is_closed,
    keys_of,
    kinds_of_parts,
    required_of,
)
from fieldconf.schema.keywords import Keywords
from fieldconf.schema.references import Subschema, dict_in, list_in, root_of
from fieldconf.schema.unions import Reader

_OTHERS = (
    "items", "additionalItems", "unevaluatedItems", "additionalProperties", "unevaluatedProperties",
)  # fmt: skip
_MOST_COMPARED = 300  # cases of a oneOf; of more it is not looked at whether they overlap


class Relations:
    """Finds what relates arms, keys or schemas to each other: the cases of a place do not show it.

    These are ``oneOf`` where arms overlap, lists of ``dependencies``, and references to nothing.
    """

    def __init__(self) -> None:
        self._reader = Reader()

    def lost(self, schema: Any) -> Iterator[Loss]:
        """What a schema says so, each where it is first met."""
        seen = set[tuple[Any, ...]]()
        todo: list[tuple[Path, Subschema]] = [((), root_of(schema))]
        while todo:
            path, node = todo.pop()
            if isinstance(node.schema, dict) and node.key not in seen:
                seen.add(node.key)
                yield from (Loss(pointer(path), lost) for lost in self._said(node))
                todo += reversed([((*path, *step), inner) for step, inner in _inner(node)])

    def _said(self, node: Subschema) -> Iterator[str]:
        for word, reference in node.references:
            if node.follow(word, reference) is None:
                yield f"{shown(word, reference)}: it leads nowhere"
        needs = dict_in(node.words.get("dependencies"))
        if lists := {
            key: keys for key, keys in needs.items() if not isinstance(keys, (dict, bool))
        }:
            yield shown("dependencies", lists)
        if "discriminator" not in node.schema and self._overlap(node):
            yield "oneOf: that no other holds"

    def _overlap(self, node: Subschema) -> bool:
        """Whether some value may keep to two arms of a ``oneOf``."""
        arms = [self._reader.cases(node.inside(arm)) for arm in list_in(node.words.get("oneOf"))]
        if sum(map(len, arms)) > _MOST_COMPARED:
            return True
        return any(
            not _misses_a_key(one.parts, other.parts)
            for some, others in combinations(arms, 2)
            for one in some
            for other in others
            if self._reader.both((one,), (other,))
        )


def _misses_a_key(some: Sequence[Keywords], others: Sequence[Keywords]) -> bool:
    """Whether of two objects each has its own keys, and one of them lacks what the other needs."""
    if kinds_of_parts([*some, *others]) != frozenset({"object"}):
        return False
    return any(
        is_closed(one) and not required_of(other) <= set(keys_of(one))
        for one, other in ((some, others), (others, some))
    )


def _inner(node: Subschema) -> Iterator[tuple[Path, Subschema]]:
    """The schemas that a schema applies, and to what of a value."""
    words = node.words
    for word, reference in node.references:
        if (target := node.follow(word, reference)) is not None:
            yield (), target
    found: list[tuple[Path, Any]] = []
    for word in ("allOf", "anyOf", "oneOf"):
        found += [((), inner) for inner in list_in(words.get(word))]
    found += [((), words.get(word)) for word in ("if", "then", "else")]
    for word in ("dependentSchemas", "dependencies"):
        found += [((), inner) for inner in dict_in(words.get(word)).values()]
    found += [((key,), inner) for key, inner in dict_in(words.get("properties")).items()]
    found += [((ANY_ITEM,), v) for v in dict_in(words.get("patternProperties")).values()]
    for word in ("items", "prefixItems"):
        found += [((index,), inner) for index, inner in enumerate(list_in(words.get(word)))]
    found += [((ANY_ITEM,), words.get(word)) for word in _OTHERS]
    yield from ((step, node.inside(inner)) for step, inner in found if isinstance(inner, dict))

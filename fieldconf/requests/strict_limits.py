"""Limits: how large a schema is, and whether a server takes it.

In:    a written strict form; the server's ``Grammar``.
Out:   a ``Loss`` for each limit that it exceeds.
Never: a schema made smaller: what to leave out is for its author to say.
Why:   a server refuses what is too large, after the request was made.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fieldconf.providers.grammars import Grammar
from fieldconf.requests.strict_losses import Loss


class _Sizes(NamedTuple):
    keys: int
    members: int
    characters: int
    enum_characters: int
    depth: int


def exceeded(document: Mapping[str, Any], grammar: Grammar) -> Iterator[Loss]:
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

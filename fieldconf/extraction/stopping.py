"""Stopping: when enough of an answer is known, and what the rest would have cost.

In:    rules on fields; a field that closed; what of an answer is still to be written.
Out:   the rule that fired, in words; the shortest rest that the schema allows, in bytes.
Never: a rule that fires on a confidence that is not known.
Why:   when a text turns out to be irrelevant, its other forty fields need not be paid for.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from fieldconf.fields.field import Field
from fieldconf.fields.pickling import value_at
from fieldconf.parsing.kinds import is_container, same
from fieldconf.paths import Path, matches, parse_pointer
from fieldconf.schema import SchemaNode
from fieldconf.schema.attribute_paths import paths_of, steps_of


class _Any:
    """Stands for every value."""

    def __repr__(self) -> str:
        return "ANY"


ANY: Final = _Any()
"""A rule that says no value holds for all of them."""

_DEEPEST = 8  # places inside of places; a recursive schema has no shortest rest otherwise


@dataclass(frozen=True, slots=True)
class StopWhen:
    """Stop when a field closes with this value or this confidence.

    Args:
        field: which one: a JSON Pointer ("/items/*/price": "*" stands for any step, "**" for any
            steps), attributes ("customer.email") or ``lambda ticket: ticket.customer.email``. None:
            any leaf.
        value: its value; any, if none is said.
        above: its confidence is above this (0..1).
        below: its confidence is below this (0..1). What is not known is neither.
        required: whether only fields count that every valid answer has.

    >>> StopWhen("relevant", value=False, above=0.95)
    StopWhen('relevant', value=False, above=0.95)
    >>> StopWhen(below=0.3, required=True)
    StopWhen(below=0.3, required=True)
    """

    field: str | Callable[[Any], Any] | None = None
    value: Any = ANY
    above: float | None = None
    below: float | None = None
    required: bool = False

    def __post_init__(self) -> None:
        for bound in (self.above, self.below):
            if bound is not None and not 0 <= bound <= 1:
                message = f"a confidence is between 0 and 1, not {bound}"
                raise ValueError(message)
        if self.field is None and self.value is ANY and self.above is None and self.below is None:
            message = "StopWhen would stop at the first field: say a field, a value, above or below"
            raise ValueError(message)

    def __repr__(self) -> str:
        parts = [] if self.field is None else [repr(self.field)]
        parts += [] if self.value is ANY else [f"value={self.value!r}"]
        parts += [f"above={self.above}"] if self.above is not None else []
        parts += [f"below={self.below}"] if self.below is not None else []
        parts += ["required=True"] if self.required else []
        return f"StopWhen({', '.join(parts)})"


Rule: TypeAlias = StopWhen | Callable[[Field], bool]
StopRules: TypeAlias = Rule | Sequence[Rule]


def rules_of(stop_when: StopRules | None) -> tuple[Rule, ...]:
    """The rules, one by one."""
    if stop_when is None:
        return ()
    if isinstance(stop_when, Sequence):
        return tuple(cast("Sequence[Rule]", stop_when))
    return (stop_when,)


def words_of(rule: Rule) -> str:
    """What a rule says."""
    return repr(rule) if isinstance(rule, StopWhen) else getattr(rule, "__name__", repr(rule))


def fires(rule: Rule, field: Field, root: SchemaNode) -> bool:
    """Whether a rule says to stop at a field that closed."""
    if not isinstance(rule, StopWhen):
        return bool(rule(field))
    return (
        _applies_to(rule, field, root)
        and (rule.value is ANY or _is_same(rule.value, field.value))
        and (rule.above is None or _or(field.confidence, -1.0) > rule.above)
        and (rule.below is None or _or(field.confidence, 2.0) < rule.below)
        and (not rule.required or is_required(field.path, root))
    )


def is_required(path: Path, root: SchemaNode) -> bool:
    """Whether every valid answer has a value at a path, as far as its lists reach."""
    place = root
    for step in path:
        declared = place.declared
        if isinstance(step, str) and declared.keys and step not in declared.required_keys:
            return False
        place = place.inside(step)
    return True


def _or(confidence: float | None, otherwise: float) -> float:
    return otherwise if confidence is None else confidence


def _is_same(expected: Any, value: Any) -> bool:
    return expected == value if is_container(expected) else same(expected, value)


def _applies_to(rule: StopWhen, field: Field, root: SchemaNode) -> bool:
    if rule.field is None:
        return field.is_leaf
    if isinstance(rule.field, str) and rule.field.startswith("/"):
        return matches(parse_pointer(rule.field), field.path)
    return field.path in paths_of(steps_of(rule.field), root) or (
        isinstance(rule.field, str) and field.path == (rule.field,)
    )


# -- what is spared -----------------------------------------------------------------------------


def shortest_rest(root: SchemaNode, data: Any, open_paths: Sequence[Path]) -> int:
    """The fewest bytes that end an answer: what its open objects and lists still must have.

    Args:
        root: the place of the whole answer.
        data: the JSON value, as far as it was written.
        open_paths: where its open containers stand, outermost first.
    """
    size = 0
    for path in open_paths:
        size += 1 + sum(_missing(root.at(path), value_at(path, data)))
    return size


def _missing(place: SchemaNode, value: Any) -> Iterator[int]:
    """The sizes of what a container still must have, with the commas before it."""
    if isinstance(value, dict):
        for key in _requested_keys(place):
            if key not in value:
                yield 1 + _pair(place, key, 0)
    elif isinstance(value, list):
        written = cast("list[Any]", value)
        for index in range(len(written), place.declared.min_items):
            yield 1 + _shortest(place.inside(index), 0)


def _requested_keys(place: SchemaNode) -> list[str]:
    """The keys that an object has to have; where null may stand for a key, it is asked for, too."""
    declared = place.declared
    needed = declared.required_keys
    return [key for key in declared.keys if key in needed or place.inside(key).is_optional]


def _pair(place: SchemaNode, key: str, depth: int) -> int:
    return len(json.dumps(key)) + 1 + _shortest(place.inside(key), depth + 1)


def _shortest(place: SchemaNode, depth: int) -> int:
    """The fewest bytes of a value at a place."""
    declared = place.declared
    if declared.members is not None and declared.members:
        return min(len(json.dumps(member, ensure_ascii=False)) for member in declared.members)
    return min((_sizes[kind](place, depth) for kind in declared.possible_kinds), default=0)


def _object(place: SchemaNode, depth: int) -> int:
    if depth >= _DEEPEST:
        return 2
    pairs = [_pair(place, key, depth) for key in _requested_keys(place)]
    return 2 + sum(pairs) + max(len(pairs) - 1, 0)


def _list(place: SchemaNode, depth: int) -> int:
    fewest = place.declared.min_items
    if depth >= _DEEPEST or not fewest:
        return 2
    return 1 + fewest * (1 + _shortest(place.inside(0), depth + 1))


_sizes: dict[str, Callable[[SchemaNode, int], int]] = {
    "object": _object,
    "array": _list,
    "string": lambda _place, _depth: 2,
    "number": lambda _place, _depth: 1,
    "boolean": lambda _place, _depth: 4,
    "null": lambda _place, _depth: 4,
}

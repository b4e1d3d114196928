"""Stopping: when enough of an answer is known, and what the rest would have cost.

In:    rules on fields; a field that closed; the open containers of an answer.
Out:   the rule that fired, in words; the shortest rest that the schema allows, in bytes.
Never: a rule that fires on an unknown confidence.
Why:   if a text turns out to be irrelevant, its other forty fields need not be paid for.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq
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

_DEEPEST = 8  # levels of containers, for recursive schemas


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
    confidence, equal = field.confidence, eq if is_container(rule.value) else same
    return (
        _applies_to(rule, field, root)
        and (rule.value is ANY or equal(rule.value, field.value))
        and (rule.above is None or (confidence is not None and confidence > rule.above))
        and (rule.below is None or (confidence is not None and confidence < rule.below))
        and (not rule.required or is_required(field.path, root))
    )


def is_required(path: Path, root: SchemaNode) -> bool:
    """Whether every valid answer has a value at a path, as far as its lists reach."""
    node = root
    for step in path:
        declared = node.declared
        if isinstance(step, str) and declared.keys and step not in declared.required_keys:
            return False
        node = node.inside(step)
    return True


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
    """The fewest bytes that complete an answer: what its open objects and lists still need.

    Args:
        root: the node of the whole answer.
        data: the JSON value so far.
        open_paths: the paths of its open containers, outermost first.
    """
    size = 0
    for path in open_paths:
        node, value = root.at(path), value_at(path, data)
        size += 1  # the closing bracket; each missing part has a comma before it
        if isinstance(value, dict):
            missing = [key for key in _requested_keys(node) if key not in value]
            size += sum(1 + _pair(node, key, 0) for key in missing)
        elif isinstance(value, list):
            missing = range(len(cast("list[Any]", value)), node.declared.min_items)
            size += sum(1 + _shortest(node.inside(index), 0) for index in missing)
    return size


def _requested_keys(node: SchemaNode) -> list[str]:
    """The required keys of an object, and those that the strict form requests as null."""
    declared = node.declared
    needed = declared.required_keys
    return [key for key in declared.keys if key in needed or node.inside(key).is_optional]


def _pair(node: SchemaNode, key: str, depth: int) -> int:
    return len(json.dumps(key)) + 1 + _shortest(node.inside(key), depth + 1)


_SCALARS = {"string": 2, "number": 1, "boolean": 4, "null": 4}


def _shortest(node: SchemaNode, depth: int) -> int:
    """The fewest bytes of a value."""
    if node.declared.members:
        members = node.declared.members
        return min(len(json.dumps(member, ensure_ascii=False)) for member in members)
    kinds = node.declared.possible_kinds
    sizes = [
        _SCALARS[kind] if kind in _SCALARS else _container(kind, node, depth) for kind in kinds
    ]
    return min(sizes, default=0)


def _container(kind: str, node: SchemaNode, depth: int) -> int:
    if depth >= _DEEPEST:
        return 2
    if kind == "array":
        fewest = node.declared.min_items
        return 1 + fewest * (1 + _shortest(node.inside(0), depth + 1)) if fewest else 2
    pairs = [_pair(node, key, depth) for key in _requested_keys(node)]
    return 2 + sum(pairs) + max(len(pairs) - 1, 0)

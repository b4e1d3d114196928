"""Declared: what a schema declares for one value of an answer.

In:    the cases of the value: the ways in which it can satisfy the schema.
Out:   ``Declared``: kinds, members, keys, lengths, rules for scalars, and the variants of a union.
Never: a value refused that one of the cases allows.
Why:   the other values that a field could have are known from its declaration only.

One assumption: an object schema that has ``properties`` and does not mention other keys allows no
other keys. JSON Schema would allow them; constrained decoders do not, and pydantic writes object
schemas in this form.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

from fieldconf.parsing.json_writing import json_text
from fieldconf.parsing.kinds import KINDS, is_container, kind_of
from fieldconf.schema.constraints import ScalarRule, exact, step_of
from fieldconf.schema.field_settings import CONF, FieldConfig, conf_of, merged
from fieldconf.schema.keywords import Keywords
from fieldconf.schema.unions import Alternative

MAX_MEMBERS = 1000
"""Bounded integers and enums with more members than this count as open domains."""

_CONSTRAINTS = {"pattern", "format"}


class UnionVariant(NamedTuple):
    """One object schema of a union.

    Attributes:
        name: its title, else the last part of the reference to it, else "arm 0" and so on.
        keys: the keys that it declares.
        closed: whether it allows no other keys.
        required: the keys that it requires.
    """

    name: str
    keys: frozenset[str]
    closed: bool
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Declared:
    """What the schema declares for one value.

    Attributes:
        kinds: the JSON kinds allowed ("integer" counts as "number").
        members: all values allowed, where they are few scalars; None for an open domain.
        constrained: whether strings must match a pattern or a format.
        keys: the keys that objects may have, of all variants of a union, in declared order.
        required_keys: the keys that every object must have.
        more_keys: whether other keys are allowed.
        min_items: the minimal number of items of a list.
        max_items: the maximal number of items of a list; None if there is no limit.
        variants: the variants of a union of object schemas; empty if there are fewer than two.
        title, description: as the schema has them; empty if it has none.
        conf: the field's own settings, see ``FieldConfig``; or None.
        may_be_null: whether null may stand for a key that was left out although the schema does
            not allow null; ``kinds`` and ``members`` do not contain this null.
        rules: the rules for scalars, for each case all that must hold; empty if one has none.
        restricts: whether the rules restrict more than the kinds.
    """

    kinds: frozenset[str] = KINDS
    members: tuple[Any, ...] | None = None
    constrained: bool = False
    keys: tuple[str, ...] = ()
    required_keys: frozenset[str] = frozenset()
    more_keys: bool = True
    min_items: int = 0
    max_items: int | None = None
    variants: tuple[UnionVariant, ...] = ()
    title: str = ""
    description: str = ""
    conf: FieldConfig | None = None
    may_be_null: bool = False
    rules: tuple[tuple[ScalarRule, ...], ...] = field(default=(), repr=False)

    restricts: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compute once whether the rules restrict more than the kinds."""
        restricts = any(rule.restricts for rules in self.rules for rule in rules)
        object.__setattr__(self, "restricts", restricts)

    def allows(self, text: bytes, *, done: bool) -> bool:
        """Whether this prefix of a value's JSON text can still become the text of an allowed value.

        Only the first byte of an object or array counts; ``done`` says that the value has closed.
        """
        if not self.rules or (self.may_be_null and b"null".startswith(text)):
            return True
        for rules in self.rules:  # loops: this runs for every candidate of every token
            for rule in rules:
                if not rule.allows(text, done=done):
                    break
            else:
                return True
        return False

    def requires(self, step: str | int) -> bool:
        """Whether a value must be there: written items and required keys.

        Where no key is declared, every written key counts as required.
        """
        return isinstance(step, int) or not self.keys or step in self.required_keys

    @property
    def is_anything(self) -> bool:
        """Whether no kind is excluded."""
        return self.kinds == KINDS

    @property
    def has_several_kinds(self) -> bool:
        """Whether values of several kinds may stand here, but not of every kind."""
        return len(self.possible_kinds) > 1 and not self.is_anything

    @property
    def nullable(self) -> bool:
        """Whether null is one of several kinds."""
        return "null" in self.kinds and len(self.kinds) > 1

    @property
    def possible_kinds(self) -> frozenset[str]:
        """The kinds that may stand here; also null where it may stand for a left-out key."""
        return self.kinds | {"null"} if self.may_be_null else self.kinds


def declare(cases: Sequence[Alternative], *, may_be_null: bool = False) -> Declared:
    """What these cases declare together; anything is allowed where there are none."""
    if not cases:
        return Declared()
    parts_of_cases = [case.parts for case in cases]
    all_parts = [part for parts in parts_of_cases for part in parts]
    objects = [case for case in cases if "object" in kinds_of_parts(case.parts)]
    lists = [parts for parts in parts_of_cases if "array" in kinds_of_parts(parts)]
    with_words = [tuple(part for part in parts if part.words) for parts in parts_of_cases]
    rules = tuple(tuple(part.rule for part in parts) for parts in dict.fromkeys(with_words))
    notes = [part.notes for part in all_parts]
    settings = [note[CONF] for note in notes if CONF in note]
    kinds = frozenset[str]().union(*map(kinds_of_parts, parts_of_cases))
    limits = [[p.most_items for p in parts if p.most_items is not None] for parts in lists]
    most_items = max((min(own, default=math.inf) for own in limits), default=math.inf)
    return Declared(
        kinds=kinds,
        members=_members(parts_of_cases),
        constrained=any(part.words.keys() & _CONSTRAINTS for part in all_parts),
        keys=tuple(dict.fromkeys(key for case in objects for key in keys_of(case.parts))),
        required_keys=frozenset[str].intersection(*(required_of(o.parts) for o in objects))
        if objects else frozenset(),
        more_keys=not objects or not all(is_closed(case.parts) for case in objects),
        min_items=min((max((p.fewest_items for p in ps), default=0) for ps in lists), default=0),
        max_items=None if most_items == math.inf else int(most_items),
        variants=_union_variants(objects) if len(objects) > 1 else (),
        title=_first_text(notes, "title"), description=_first_text(notes, "description"),
        conf=conf_of(reduce(merged, reversed(settings)), "") if settings else None,
        may_be_null=may_be_null and "null" not in kinds,
        rules=() if () in rules else rules,
    )  # fmt: skip


# -- one case -------------------------------------------------------------------------------------


def kinds_of_parts(parts: Sequence[Keywords]) -> frozenset[str]:
    """The kinds that every part allows."""
    return KINDS.intersection(*(part.kinds for part in parts)) if parts else KINDS


def keys_of(parts: Sequence[Keywords]) -> list[str]:
    """The keys that the parts declare or require, in order, without those that they forbid."""
    keys = dict.fromkeys(key for part in parts for key in part.properties)
    keys |= dict.fromkeys(key for part in parts for key in part.required)
    return [
        key for key in keys
        if all(schema is not False for part in parts for schema in part.of_key(key))
    ]  # fmt: skip


def required_of(parts: Sequence[Keywords]) -> frozenset[str]:
    """The keys that the parts require of one object."""
    return frozenset[str]().union(*(part.required for part in parts))


def is_closed(parts: Sequence[Keywords]) -> bool:
    """Whether an object may have no other keys than those that the parts declare."""
    if any(part.words.get("additionalProperties") is False for part in parts):
        return not any("patternProperties" in part.words for part in parts)
    if any(part.words.get("unevaluatedProperties") is False for part in parts):
        return not any(
            part.words.keys() & {"patternProperties", "additionalProperties"} for part in parts
        )
    mentions_others = any(part.mentions_more_keys for part in parts)
    return not mentions_others and any("properties" in part.words for part in parts)


def members_of(parts: Sequence[Keywords]) -> list[Any] | None:
    """All values that the parts allow, where they are few scalars; else None."""
    kinds = kinds_of_parts(parts)
    enums = [part.members for part in parts if part.members is not None]
    members: Sequence[Any] | None = min(enums, key=len) if enums else _few(parts, kinds)
    if members is None or len(members) > MAX_MEMBERS or any(map(is_container, members)):
        return None
    other_rules = [part.rule for part in parts if part.members is not members]
    return [
        member for member in members
        if kind_of(member) in kinds
        and all(rule.allows(json_text(member), done=True) for rule in other_rules)
    ]  # fmt: skip


def _few(parts: Sequence[Keywords], kinds: frozenset[str]) -> list[Any] | None:
    """All values of these kinds, where they are few; else None."""
    if kinds & {"string", "object", "array"}:
        return None
    numbers = _range(parts) if "number" in kinds else []
    if numbers is None:
        return None
    booleans = [True, False] if "boolean" in kinds else []
    return [*numbers, *booleans, *([None] if "null" in kinds else [])]


def _range(parts: Sequence[Keywords]) -> list[Any] | None:
    """All integers between the bounds, where they are few; else None."""
    words = [part.words for part in parts]
    if not any(part.is_integer for part in parts):
        return None
    lows = [math.ceil(n) for n in _numbers(words, "minimum")]
    lows += [math.floor(n) + 1 for n in _numbers(words, "exclusiveMinimum")]
    highs = [math.floor(n) for n in _numbers(words, "maximum")]
    highs += [math.ceil(n) - 1 for n in _numbers(words, "exclusiveMaximum")]
    steps = [step_of({"multipleOf": w.get("multipleOf"), "type": "integer"}) for w in words]
    step = math.lcm(*(int(factor or 1) for factor in steps))
    if not lows or not highs or (min(highs) - max(lows)) // step >= MAX_MEMBERS:
        return None
    first = -(-max(lows) // step) * step
    return list(range(first, min(highs) + 1, step))


def _numbers(words: Sequence[Mapping[str, Any]], word: str) -> Iterable[Any]:
    return [number for w in words if (number := exact(w.get(word))) is not None]


# -- several cases --------------------------------------------------------------------------------


def _members(parts_of_cases: Sequence[tuple[Keywords, ...]]) -> tuple[Any, ...] | None:
    all_members: dict[tuple[str, Any], Any] = {}
    for parts in parts_of_cases:
        members = members_of(parts)
        if members is None:
            return None
        for member in members:
            all_members.setdefault((kind_of(member), member), member)
    return tuple(all_members.values()) if len(all_members) <= MAX_MEMBERS else None


def _union_variants(objects: Sequence[Alternative]) -> tuple[UnionVariant, ...]:
    shared = set(objects[0].parts).intersection(*(case.parts for case in objects))
    return tuple(
        UnionVariant(
            _first_text([p.notes for p in reversed(case.parts) if p not in shared], "title")
            or case.name or f"arm {number}",
            frozenset(keys_of(case.parts)), is_closed(case.parts), required_of(case.parts),
        )
        for number, case in enumerate(objects)
    )  # fmt: skip


def _first_text(notes: Sequence[Mapping[str, Any]], word: str) -> str:
    texts = (note.get(word) for note in notes)
    return next((text for text in texts if isinstance(text, str) and text), "")

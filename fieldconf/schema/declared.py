"""Declared: what a schema says of one place of an answer.

In:    the cases of the place.
Out:   ``Declared``: kinds, members, keys, lengths, the rules for scalars, and the arms of a union.
Never: "no" to what a case allows.
Why:   a boolean's rivals are known only from its declaration.

One assumption: an object that declares ``properties`` and says nothing of other keys is taken to
have no others. JSON Schema would allow them; constrained decoders do not, and pydantic writes
schemas so.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple

from fieldconf.parsing.kinds import KINDS, is_container, kind_of
from fieldconf.schema.constraints import ScalarRule, exact, step_of
from fieldconf.schema.field_settings import CONF, FieldConfig, conf_of, merged
from fieldconf.schema.keywords import Keywords
from fieldconf.schema.unions import Alternative

MAX_MEMBERS = 1000
"""Bounded integers and enums with more members than this count as open."""

_CONSTRAINTS = {"pattern", "format"}


class UnionVariant(NamedTuple):
    """One object schema of a union.

    Attributes:
        name: its title, else the last part of the reference to it, else "arm 0" and so on.
        keys: the keys it declares.
        closed: whether it has no other keys.
        required: the keys that it must have.
    """

    name: str
    keys: frozenset[str]
    closed: bool
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Declared:
    """What the schema says of one place.

    Attributes:
        kinds: the JSON kinds allowed ("integer" counts as "number").
        members: all values allowed, where they are few scalars; None for an open domain.
        constrained: whether a pattern or a format says how a string must look.
        keys: the keys that objects here may have, of all arms of a union, in declared order.
        required_keys: those that every object here must have.
        more_keys: whether other keys may stand here too.
        min_items: the fewest items of a list here.
        max_items: the most items of a list here; None if nothing says.
        variants: the object schemas of a union; none where there are fewer than two.
        title, description: as the schema has them; empty if it has none.
        conf: the field's own settings, see ``FieldConfig``; or None.
        may_be_null: whether null may stand here for a key that was left out, though the schema
            does not allow null; ``kinds`` and ``members`` are without it.
        rules: what is asked of scalars here: of one arm, every rule; none where nothing is.
        restricts: whether they ask for more than some kinds.
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
        """Look once whether the rules ask for more than a kind."""
        asking = any(rule.asks for rules in self.rules for rule in rules)
        object.__setattr__(self, "restricts", asking)

    def allows(self, text: bytes, *, done: bool) -> bool:
        """Whether this beginning of a value's JSON text may still become an allowed one.

        Of objects and arrays only the first byte counts; ``done`` says that the value closed.
        """
        if not self.rules or (self.may_be_null and b"null".startswith(text)):
            return True
        for rules in self.rules:  # loops, since this is asked of every candidate of every token
            for rule in rules:
                if not rule.allows(text, done=done):
                    break
            else:
                return True
        return False

    def requires(self, step: str | int) -> bool:
        """Whether a value must stand there: items that were written, required keys.

        Where no key is declared, every key that was written counts as required.
        """
        return isinstance(step, int) or not self.keys or step in self.required_keys

    @property
    def is_anything(self) -> bool:
        """Whether no kind is excluded."""
        return self.kinds == KINDS

    @property
    def has_several_kinds(self) -> bool:
        """Whether values of some kinds may stand here, and not just anything."""
        return len(self.possible_kinds) > 1 and not self.is_anything

    @property
    def nullable(self) -> bool:
        """Whether null is one of several kinds."""
        return "null" in self.kinds and len(self.kinds) > 1

    @property
    def possible_kinds(self) -> frozenset[str]:
        """The kinds that may stand here, null for what was left out among them."""
        return self.kinds | {"null"} if self.may_be_null else self.kinds


def declare(cases: Sequence[Alternative], *, may_be_null: bool = False) -> Declared:
    """What is declared where these cases hold; of none, anything goes."""
    if not cases:
        return Declared()
    parts = [case.parts for case in cases]
    objects = [case for case in cases if "object" in kinds_of_parts(case.parts)]
    lists = [p for p in parts if "array" in kinds_of_parts(p)]
    asking = dict.fromkeys(tuple(part for part in p if part.words) for p in parts)
    rules = tuple(tuple(part.rule for part in p) for p in asking)
    notes = [part.notes for p in parts for part in p]
    kinds = frozenset[str]().union(*map(kinds_of_parts, parts))
    return Declared(
        kinds=kinds,
        members=_members(parts),
        constrained=any(part.words.keys() & _CONSTRAINTS for p in parts for part in p),
        keys=tuple(dict.fromkeys(key for case in objects for key in keys_of(case.parts))),
        required_keys=frozenset[str].intersection(*(required_of(o.parts) for o in objects))
        if objects else frozenset(),
        more_keys=not objects or not all(is_closed(case.parts) for case in objects),
        min_items=min((max((p.fewest_items for p in ps), default=0) for ps in lists), default=0),
        max_items=_most_items(lists),
        variants=_union_variants(objects) if len(objects) > 1 else (),
        title=_first_text(notes, "title"), description=_first_text(notes, "description"),
        conf=_conf(notes), may_be_null=may_be_null and "null" not in kinds,
        rules=() if () in rules else rules,
    )  # fmt: skip


# -- one case -------------------------------------------------------------------------------------


def kinds_of_parts(parts: Sequence[Keywords]) -> frozenset[str]:
    """The kinds that all of some schemas allow."""
    return KINDS.intersection(*(part.kinds for part in parts)) if parts else KINDS


def keys_of(parts: Sequence[Keywords]) -> list[str]:
    """The keys that some schemas declare or demand, in order, without those they forbid."""
    named = dict.fromkeys(key for part in parts for key in part.properties)
    named |= dict.fromkeys(key for part in parts for key in part.demanded)
    return [key for key in named if not _forbids(parts, key)]


def _forbids(parts: Sequence[Keywords], key: str) -> bool:
    return any(schema is False for part in parts for schema in part.of_key(key))


def required_of(parts: Sequence[Keywords]) -> frozenset[str]:
    """The keys that some schemas demand of one object."""
    return frozenset[str]().union(*(part.required for part in parts))


def is_closed(parts: Sequence[Keywords]) -> bool:
    """Whether an object has the keys that these schemas declare, and no others."""
    if any(part.words.get("additionalProperties") is False for part in parts):
        return not any("patternProperties" in part.words for part in parts)
    if any(part.unevaluated is False for part in parts):
        return not any(
            part.words.keys() & {"patternProperties", "additionalProperties"} for part in parts
        )
    silent = not any(part.says_more_keys for part in parts)
    return silent and any("properties" in part.words for part in parts)


def members_of(parts: Sequence[Keywords]) -> list[Any] | None:
    """All values that some schemas allow, where they are few scalars; or None."""
    kinds = kinds_of_parts(parts)
    sets = [part.members for part in parts if part.members is not None]
    found: Sequence[Any] | None = min(sets, key=len) if sets else _few(parts, kinds)
    if found is None or len(found) > MAX_MEMBERS or any(map(is_container, found)):
        return None
    others = [rule for part in parts for rule in [part.rule] if part.members is not found]
    return [
        m for m in found
        if kind_of(m) in kinds and all(rule.allows(_spell(m), done=True) for rule in others)
    ]  # fmt: skip


def _spell(member: Any) -> bytes:
    return json.dumps(member).encode()


def _few(parts: Sequence[Keywords], kinds: frozenset[str]) -> list[Any] | None:
    """The members of kinds that have few."""
    found: list[Any] = [True, False] if "boolean" in kinds else []
    found += [None] if "null" in kinds else []
    if "number" in kinds:
        numbers = _range(parts)
        if numbers is None:
            return None
        found = numbers + found
    return None if kinds & {"string", "object", "array"} else found


def _range(parts: Sequence[Keywords]) -> list[Any] | None:
    """All integers between the bounds, where they are few."""
    words = [part.words for part in parts]
    if not any(part.is_integer for part in parts):
        return None
    lows = [math.ceil(n) for n in _numbers(words, "minimum")]
    lows += [math.floor(n) + 1 for n in _numbers(words, "exclusiveMinimum")]
    highs = [math.floor(n) for n in _numbers(words, "maximum")]
    highs += [math.ceil(n) - 1 for n in _numbers(words, "exclusiveMaximum")]
    integers = [step_of({"multipleOf": w.get("multipleOf"), "type": "integer"}) for w in words]
    step = math.lcm(*(int(one or 1) for one in integers))
    if not lows or not highs or (min(highs) - max(lows)) // step >= MAX_MEMBERS:
        return None
    first = -(-max(lows) // step) * step
    return list(range(first, min(highs) + 1, step))


def _numbers(words: Sequence[Mapping[str, Any]], word: str) -> Iterable[Any]:
    return [number for w in words if (number := exact(w.get(word))) is not None]


# -- several cases --------------------------------------------------------------------------------


def _members(cases: Sequence[tuple[Keywords, ...]]) -> tuple[Any, ...] | None:
    found: dict[tuple[str, Any], Any] = {}
    for parts in cases:
        own = members_of(parts)
        if own is None:
            return None
        for member in own:
            found.setdefault((kind_of(member), member), member)
    return tuple(found.values()) if len(found) <= MAX_MEMBERS else None


def _most_items(lists: Sequence[tuple[Keywords, ...]]) -> int | None:
    most = [
        min((m for part in parts if (m := part.most_items) is not None), default=None)
        for parts in lists
    ]
    known = [count for count in most if count is not None]
    return max(known) if known and len(known) == len(most) else None


def _union_variants(objects: Sequence[Alternative]) -> tuple[UnionVariant, ...]:
    shared = set(objects[0].parts).intersection(*(case.parts for case in objects))
    made: list[UnionVariant] = []
    for number, case in enumerate(objects):
        own = [part.notes for part in reversed(case.parts) if part not in shared]
        name = _first_text(own, "title") or case.name or f"arm {number}"
        keys = frozenset(keys_of(case.parts))
        made.append(UnionVariant(name, keys, is_closed(case.parts), required_of(case.parts)))
    return tuple(made)


def _first_text(notes: Sequence[Mapping[str, Any]], word: str) -> str:
    found = (note.get(word) for note in notes)
    return next((text for text in found if isinstance(text, str) and text), "")


def _conf(notes: Sequence[Mapping[str, Any]]) -> FieldConfig | None:
    given = [note[CONF] for note in notes if CONF in note]
    return conf_of(reduce(merged, reversed(given)), "") if given else None

"""Instances of real JSON Schemas, and what the schemas say of their places.

In:    a JSON Schema, a seed, and seconds that drawing may take.
Out:   instances drawn by hypothesis-jsonschema or made by hand, and changed ones; what the schema
       says of each place of an instance.
Never: fieldconf, which is measured against this; the network; a number outside the seed.
Why:   that any schema works can only be shown with schemas that other people wrote, and no model
       answers 1,500 of them here: what it could have answered is made.
"""

import json
import math
import random
import re
import signal
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, cached_property, reduce
from re import _constants as ops
from re import _parser as regexes
from types import SimpleNamespace
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from jsonschema_specifications import REGISTRY
from referencing.exceptions import Unresolvable
from referencing.jsonschema import specification_with

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = list[tuple[Any, Any]]  # schemas that apply at once, each with its resolver

KINDS = frozenset({"object", "array", "string", "number", "boolean", "null"})
DEEP = 6  # from here on only what is required is made
DEEPEST = 40  # and here nothing more
MOST_LEAVES = 120  # after so many, the same
MOST_TEXT = 60_000  # characters; what hypothesis draws beyond is left out
LIKELY = (0.7, 0.7, 0.4, 0.9, 0.2, 0.0)  # an optional key is made so often, one a try
TRIES = 20


# -- time ---------------------------------------------------------------------------------------


class TimeUpError(BaseException):
    """The seconds are over. No ``Exception``: what is measured may catch those."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Break off what takes longer. Only in a process's main thread, and not nested.

    The seconds are those of this process's work: on a busy machine nothing is broken off earlier.
    """

    def stop(*_: Any) -> None:
        raise TimeUpError(f"longer than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, stop)
    # It rings again: an exception raised inside a destructor is lost.
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# -- a schema and its dialect -------------------------------------------------------------------


class Ground:
    """A schema as jsonschema and referencing read it: its dialect, its references."""

    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self.kind = validator_for(schema, default=Draft202012Validator)
        meta = self.kind.META_SCHEMA
        self.dialect = specification_with(meta["$schema"])
        self.root = REGISTRY.resolver_with_root(self.dialect.create_resource(schema))
        # Up to draft 7, what stands beside a reference counts for nothing.
        self.ref_alone = "dependentSchemas" not in self.kind.VALIDATORS
        self._known = {*self.kind.VALIDATORS, "then", "else"}
        if "if" not in self.kind.VALIDATORS:
            self._known -= {"then", "else"}

    @cached_property
    def required(self) -> set[str]:
        """The keys that are required anywhere."""
        lists = [said for path, said in places_of(self.schema) if path[-1:] == ("required",)]
        return {key for listed in lists for key in strings(listed)}

    def words(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """What the dialect knows of a schema's words."""
        if self.ref_alone and "$ref" in node:
            return {"$ref": node["$ref"]}
        return {word: said for word, said in node.items() if word in self._known}

    def enter(self, node: Any, resolver: Any) -> Any:
        """The resolver inside a schema, which may have an address of its own."""
        if isinstance(node, dict) and ("$id" in node or "id" in node):
            with suppress(Exception):  # an "id" may be a property's schema
                return resolver.in_subresource(self.dialect.create_resource(node))
        return resolver

    def target(self, reference: Any, resolver: Any) -> tuple[Any, Any]:
        """What a reference leads to; anything goes behind one that leads nowhere."""
        try:
            found = resolver.lookup(reference)
        except (Unresolvable, TypeError, ValueError, AttributeError):
            return True, resolver
        return found.contents, found.resolver

    def is_valid(self, node: Any, resolver: Any, value: Any) -> bool:
        """Whether a value keeps to a part of the schema. False where jsonschema gives up."""
        try:
            return self.kind(node, _resolver=resolver).is_valid(value)
        except (Unresolvable, re.error, RecursionError):
            return False

    def keeps(self, value: Any) -> bool:
        """Whether a value keeps to the whole."""
        return self.is_valid(self.schema, self.root, value)


def kind_of(value: Any) -> str:
    """The JSON kind of a decoded value."""
    for kind, name in ((bool, "boolean"), (str, "string"), (dict, "object"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "null" if value is None else "number"


def matches(pattern: str, text: str) -> bool:
    """As jsonschema matches; False for an expression that Python does not know."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


# -- what a schema says of the places of an instance --------------------------------------------


@dataclass(frozen=True)
class Said:
    """What a schema says of an instance's places, found with the instance at hand.

    Attributes:
        kinds: of each place of which something is said, the kinds allowed there.
        keyed: the places whose key or index some schema declares.
        closing: the objects of which some schema declares keys.
        formatted: the places that some schema gives a format, which jsonschema does not look at.
    """

    kinds: Mapping[Path, frozenset[str]] = field(default_factory=dict)
    keyed: frozenset[Path] = frozenset()
    closing: frozenset[Path] = frozenset()
    formatted: frozenset[Path] = frozenset()

    def both(self, other: "Said") -> "Said":
        """What is said where both schemas apply."""
        kinds = dict(self.kinds)
        for path, said in other.kinds.items():
            kinds[path] = kinds.get(path, KINDS) & said
        return self._with(kinds, other)

    def either(self, other: "Said") -> "Said":
        """What is said where one of both applies: of a place that one leaves open, nothing."""
        known = {*self.kinds} & {*other.kinds}
        kinds = {path: self.kinds[path] | other.kinds[path] for path in known}
        return self._with(kinds, other)

    def _with(self, kinds: Mapping[Path, frozenset[str]], other: "Said") -> "Said":
        keyed, closing = self.keyed | other.keyed, self.closing | other.closing
        return Said(kinds, keyed, closing, self.formatted | other.formatted)

    def is_undeclared(self, path: Path) -> bool:
        """Whether a key on the way to a place is declared by nothing."""
        return any(path[:end] not in self.keyed for end in range(1, len(path) + 1))


class Reader:
    """Walks a schema and an instance side by side. Only arms that the instance keeps to count."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._open: set[tuple[int, Path]] = set()

    def read(self, instance: Any) -> Said:
        """What the schema says of the instance's places."""
        return self._read(self.ground.schema, self.ground.root, instance, ())

    def _read(self, node: Any, resolver: Any, value: Any, path: Path) -> Said:
        if not isinstance(node, dict):
            return Said({path: frozenset()}) if node is False else Said()
        if (id(node), path) in self._open:
            return Said()
        self._open.add((id(node), path))
        try:
            inner = self.ground.enter(node, resolver)
            parts = self._parts(self.ground.words(node), inner, value, path)
            return reduce(Said.both, parts, Said())
        finally:
            self._open.discard((id(node), path))

    def _parts(self, words: dict[str, Any], inner: Any, value: Any, path: Path) -> Iterator[Said]:
        yield self._own(words, value, path)
        if "$ref" in words:
            yield self._read(*self.ground.target(words["$ref"], inner), value, path)
        for part in words.get("allOf", ()):
            yield self._read(part, inner, value, path)
        for word in ("anyOf", "oneOf"):
            if arms := words.get(word):
                kept = [arm for arm in arms if self.ground.is_valid(arm, inner, value)]
                yield reduce(Said.either, [self._read(a, inner, value, path) for a in kept or arms])
        for part in self._conditional(words, inner, value):
            yield self._read(part, inner, value, path)
        for key, child in items_of(value):
            for node in declared_children(words, key):
                yield Said(keyed=frozenset({(*path, key)}))
                yield self._read(node, inner, child, (*path, key))

    def _conditional(self, words: dict[str, Any], inner: Any, value: Any) -> Iterator[Any]:
        if "if" in words:
            met = self.ground.is_valid(words["if"], inner, value)
            yield words.get("then" if met else "else", True)
        for word in ("dependencies", "dependentSchemas"):
            for key, part in words.get(word, {}).items():
                if isinstance(value, dict) and key in value and not isinstance(part, list):
                    yield part

    def _own(self, words: dict[str, Any], value: Any, path: Path) -> Said:
        kinds, here = own_kinds(words), frozenset({path})
        is_closing = isinstance(value, dict) and bool(words.get("properties"))
        return Said(
            kinds={} if kinds == KINDS else {path: kinds},
            closing=here if is_closing else frozenset(),
            formatted=here if "format" in words else frozenset(),
        )


def own_kinds(words: Mapping[str, Any]) -> frozenset[str]:
    """The kinds that ``type``, ``enum`` and ``const`` allow."""
    allowed = set(KINDS)
    if "type" in words:
        named = words["type"] if isinstance(words["type"], list) else [words["type"]]
        allowed &= {"number" if name == "integer" else name for name in named}
    if "enum" in words:
        allowed &= set(map(kind_of, words["enum"]))
    if "const" in words:
        allowed &= {kind_of(words["const"])}
    return frozenset(allowed)


def declared_children(words: Mapping[str, Any], key: str | int) -> list[Any]:
    """The schemas that one schema declares for a key or an index."""
    if isinstance(key, str):
        found = [words["properties"][key]] if key in words.get("properties", {}) else []
        patterns = words.get("patternProperties", {})
        found += [node for pattern, node in patterns.items() if matches(pattern, key)]
        more = words.get("additionalProperties", words.get("unevaluatedProperties"))
        return found or ([] if more is None else [more])
    items = words.get("items")
    first = items if isinstance(items, list) else words.get("prefixItems", [])
    if key < len(first):
        return [first[key]]
    rest = words.get("additionalItems") if isinstance(items, list) else items
    return [] if rest is None else [rest]


def items_of(value: Any) -> Iterable[tuple[str | int, Any]]:
    """What stands in a value, each with its key or index."""
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def closed(value: Any, said: Said, path: Path = ()) -> Any:
    """The instance without the keys that a schema of some keys does not declare."""
    if isinstance(value, list):
        return [closed(item, said, (*path, i)) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    return {
        key: closed(item, said, (*path, key))
        for key, item in value.items()
        if path not in said.closing or (*path, key) in said.keyed
    }


# -- drawing: by hypothesis -----------------------------------------------------------------------


def drawn(schema: Any, count: int, seconds: float) -> tuple[list[Any], str]:
    """Instances by hypothesis-jsonschema, and why there are none."""
    from hypothesis import HealthCheck, Phase, given, seed, settings

    found: list[Any] = []

    def take(value: Any) -> None:
        found.append(value)

    try:
        with warnings.catch_warnings(), limited(seconds):
            warnings.simplefilter("ignore")
            drawing = given(_strategies()(deepcopy(schema)))(take)
            options = settings(
                max_examples=4 * count, phases=[Phase.generate], database=None, deadline=None,
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            seed(0)(options(drawing))()
    except (Exception, TimeUpError) as error:  # noqa: BLE001  # it gives up in many ways
        if not found:
            return [], type(error).__name__
    texts = dict.fromkeys(text for v in found if (text := text_of(v)) and len(text) <= MOST_TEXT)
    return [json.loads(text) for text in [*texts][-count:]], ""


@cache
def _strategies() -> Any:
    """``hypothesis_jsonschema.from_schema``; 0.23 expects an inside of hypothesis that is gone."""
    from hypothesis.internal.conjecture import utils
    from hypothesis_jsonschema import _from_schema as library

    class Many(utils.many):
        inside: Any = None

        def more(self) -> bool:
            if self.inside is None:
                self.__enter__()
                self.inside = iter(self)
            for _ in self.inside:
                return True
            self.__exit__(None)
            return False

    if not hasattr(utils.many, "more"):
        library.cu = SimpleNamespace(**vars(utils) | {"many": Many})
    return library.from_schema


def text_of(value: Any) -> str:
    """A value as JSON text; empty if it is no JSON."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):  # not JSON
        return ""
    return text


# -- drawing: by hand -----------------------------------------------------------------------------


def made(ground: Ground, seed: Any) -> tuple[Any, bool]:
    """An instance made by hand, and whether it is valid; of several tries the first that is."""
    first = None
    for number in range(TRIES):
        maker = Maker(ground, f"{seed}/{number}", LIKELY[number % len(LIKELY)])
        with suppress(RecursionError):
            value = maker.value([(ground.schema, ground.root)], 0)
            if ground.keeps(value):
                return value, True
            first = value if first is None else first
    return first, False


class Maker:
    """Makes what a schema describes: a wish, not a promise, so what it makes is checked."""

    def __init__(self, ground: Ground, seed: str, likely: float) -> None:
        self.ground = ground
        self.dice = random.Random(seed)
        self.likely = likely
        self.left = MOST_LEAVES

    def value(self, place: Place, depth: int) -> Any:
        """A value for a place."""
        facts = [fact for node, resolver in place for fact in self._facts(node, resolver, depth)]
        listed = self._listed([words for words, _ in facts])
        if listed:
            return deepcopy(self.dice.choice(listed))
        kind = self._kind([words for words, _ in facts], depth)
        self.left -= kind not in ("object", "array")
        if kind in ("object", "array") and depth < DEEPEST:
            return getattr(self, f"_{kind}")(facts, depth)
        merged = _strictest([words for words, _ in facts])
        return self._scalar(kind, merged)

    def is_short(self, depth: int) -> bool:
        """Whether only what is required is made from here on."""
        return depth >= DEEP or self.left <= 0

    def _facts(
        self, node: Any, resolver: Any, depth: int, seen: tuple[int, ...] = ()
    ) -> Iterator[tuple[dict[str, Any], Any]]:
        """What applies at a place, references undone and arms chosen."""
        if not isinstance(node, dict) or id(node) in seen:
            return
        seen = (*seen, id(node))
        inner = self.ground.enter(node, resolver)
        words = self.ground.words(node)
        yield words, inner
        following = [self.ground.target(words["$ref"], inner)] if "$ref" in words else []
        following += [(part, inner) for part in words.get("allOf", ())]
        for word in ("anyOf", "oneOf"):
            if arms := words.get(word):
                following.append((self._arm(arms, own_kinds(words), depth), inner))
        if "if" in words:
            met = [words["if"], words.get("then", True)]
            chosen = self.dice.choice([met, [words.get("else", True)]])
            following += [(part, inner) for part in chosen]
        for part, its in following:
            yield from self._facts(part, its, depth, seen)

    def _arm(self, arms: list[Any], kinds: frozenset[str], depth: int) -> Any:
        fitting = [arm for arm in arms if not isinstance(arm, dict) or own_kinds(arm) & kinds]
        if self.is_short(depth):
            return min(fitting or arms, key=lambda arm: len(repr(arm)))
        return self.dice.choice(fitting or arms)

    def _listed(self, facts: list[dict[str, Any]]) -> list[Any]:
        lists = [[words["const"]] for words in facts if "const" in words]
        lists += [words["enum"] for words in facts if "enum" in words]
        if not lists:
            return []
        kinds = frozenset.intersection(*map(own_kinds, facts))
        texts = [set(map(text_of, values)) for values in lists]
        return [
            value for value in min(lists, key=len)
            if kind_of(value) in kinds and all(text_of(value) in known for known in texts)
        ]  # fmt: skip

    def _kind(self, facts: list[dict[str, Any]], depth: int) -> str:
        allowed = {*KINDS, "integer"}
        for words in facts:
            if "type" in words:
                named = words["type"] if isinstance(words["type"], list) else [words["type"]]
                allowed &= {*named, *(["integer"] if "number" in named else [])}
        if "integer" in allowed and "number" in allowed and self.dice.random() < 0.5:
            allowed -= {"integer"}
        if len(allowed) > 4:  # nothing is said of the kind: the words tell what was meant
            hinted = [kind for words in facts for kind, known in HINTS.items() if known & {*words}]
            scalars = ["string", "integer", "boolean"]
            return self.dice.choice(hinted or scalars)
        if len(allowed) > 1 and self.is_short(depth):
            allowed = allowed - {"object", "array"} or allowed
        if len(allowed) > 1 and self.dice.random() < 0.7:
            allowed = allowed - {"null"}
        return self.dice.choice(sorted(allowed)) if allowed else "null"

    # -- objects

    def _object(self, facts: Place, depth: int) -> dict[str, Any]:
        every = [words for words, _ in facts]
        result: dict[str, Any] = {}
        queue = self._keys(every, depth)
        while queue:
            key = queue.pop(0)
            if key not in result:
                place = _children(facts, key)
                result[key] = self.value(place, depth + 1)
                queue += _drawn_along(every, key)
        return result

    def _keys(self, every: list[dict[str, Any]], depth: int) -> list[str]:
        """Which keys an object gets: all required ones, and of the others as many as it may."""
        known = list(dict.fromkeys(key for words in every for key in words.get("properties", {})))
        needed = {key for words in every for key in strings(words.get("required"))}
        chosen = [
            key for key in known if key in needed or (self._wants(depth) and _may(every, key))
        ]
        chosen += sorted(needed - {*chosen})
        names = [n for words in every for n in _names(words.get("propertyNames"))]
        for words in every:
            chosen += self._invented(words, names, depth)
        chosen = list(dict.fromkeys(chosen))
        least = max((words.get("minProperties", 0) for words in every), default=0)
        most = min((words.get("maxProperties", 10**6) for words in every), default=10**6)
        spare = [*known, *names, *(f"key{i}" for i in range(least))]
        more = [key for key in dict.fromkeys(spare) if key not in chosen and _may(every, key)]
        chosen += more[: max(0, least - len(chosen))]
        fewer = [key for key in chosen if key not in needed][: max(0, len(chosen) - most)]
        return [key for key in chosen if key not in fewer]

    def _wants(self, depth: int) -> bool:
        return not self.is_short(depth) and self.dice.random() < self.likely

    def _invented(self, words: dict[str, Any], names: list[str], depth: int) -> Iterator[str]:
        """Keys for schemas that declare keys without naming them."""
        for pattern, node in words.get("patternProperties", {}).items():
            if node is not False and self._wants(depth):
                yield self.text(pattern)
        if isinstance(words.get("additionalProperties"), dict) and self._wants(depth):
            count = self.dice.randint(1, 2)
            yield from names[:count] or [f"extra{i + 1}" for i in range(count)]

    # -- arrays

    def _array(self, facts: Place, depth: int) -> list[Any]:
        every = [words for words, _ in facts]
        first = max((len(_listed_items(words)) for words in every), default=0)
        least = max((words.get("minItems", 0) for words in every), default=0)
        most = min((words.get("maxItems", 10**6) for words in every), default=10**6)
        wanted = 0 if self.is_short(depth) else max(first, self.dice.randint(0, 3))
        wanted = max(wanted, any("contains" in words for words in every))
        unique = any(words.get("uniqueItems") for words in every)
        result: list[Any] = []
        for _ in range(5 * min(max(least, wanted), most, 200)):  # some may be drawn twice
            item = self._item(facts, len(result), depth)
            if not unique or text_of(item) not in set(map(text_of, result)):
                result.append(item)
            if len(result) >= min(max(least, wanted), most):
                break
        return result

    def _item(self, facts: Place, index: int, depth: int) -> Any:
        place = _children(facts, index)
        if index == 0:
            place += [(w["contains"], inner) for w, inner in facts if "contains" in w]
        return self.value(place, depth + 1)

    # -- scalars

    def _scalar(self, kind: str, words: dict[str, Any]) -> Any:
        if kind == "string":
            return self._string(words)
        if kind in ("integer", "number"):
            return self._number(words, whole=kind == "integer")
        return {"boolean": self.dice.random() < 0.5, "object": {}, "array": []}.get(kind)

    def _string(self, words: dict[str, Any]) -> str:
        least, most = words.get("minLength", 0), words.get("maxLength", 10**6)
        patterns = words["patterns"]
        for _ in range(8):
            text = self.text(patterns[0], max(4, least)) if patterns else self._plain(words)
            if len(text) < least and not (patterns or words.get("format")):
                text += "x" * (least - len(text))
            if len(text) > most and not patterns:
                text = text[:most]
            if least <= len(text) <= most and all(matches(p, text) for p in patterns):
                return text
        return text

    def _plain(self, words: dict[str, Any]) -> str:
        return FORMATS.get(words.get("format")) or self.dice.choice(TEXTS)

    def _number(self, words: dict[str, Any], *, whole: bool) -> int | float:
        low, high = words["low"], words["high"]
        low = (0 if high is None else min(0, high - 100)) if low is None else low
        high = low + 1000 if high is None else high
        step = Fraction(str(words.get("multipleOf") or (1 if whole else "0.25")))
        if whole and step.denominator > 1:
            step = Fraction(1)
        first, last = math.ceil(Fraction(low) / step), math.floor(Fraction(high) / step)
        if words["above"] and first * step == low and first < last:
            first += 1
        if words["below"] and last * step == high and first < last:
            last -= 1
        if first > last:  # the bounds are nearer to each other than the step
            return float((Fraction(low) + Fraction(high)) / 2)
        found = self.dice.randint(first, last) * step
        return int(found) if found.denominator == 1 else float(found)

    def text(self, pattern: str, most: int = 4) -> str:
        """A text that a regular expression matches, if Python knows the expression.

        What may be repeated is repeated so often at most.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parsed = regexes.parse(pattern)
        except (re.error, RecursionError):
            return "a"
        return "".join(_spell(parsed, self.dice, {}, most))


HINTS = {
    "object": {"properties", "required", "additionalProperties", "patternProperties"},
    "array": {"items", "minItems", "maxItems", "prefixItems", "uniqueItems"},
    "string": {"pattern", "minLength", "maxLength", "format"},
    "number": {"minimum", "maximum", "multipleOf"},
}
TEXTS = [
    "", "a", "billing", "Anna Berg", "2 rue d'Été", "日本語 🎉", 'he said "no"', "line\nbreak",
    "C:\\temp", "a longer text of several words, with a comma", "{not: json}", "12", "null",
]  # fmt: skip
FORMATS: dict[Any, str] = {
    "date-time": "2026-11-22T10:30:00Z", "date": "2026-11-22", "time": "10:30:00Z",
    "email": "anna@example.com", "idn-email": "anna@example.com", "hostname": "example.com",
    "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "uri": "https://example.com/a?b=c",
    "url": "https://example.com/", "uri-reference": "/a/b", "iri": "https://example.com/é",
    "uuid": "123e4567-e89b-42d3-a456-426614174000", "json-pointer": "/a/0", "regex": "^a+$",
    "uri-template": "https://example.com/{id}", "duration": "P3D", "color": "#aabbcc",
}  # fmt: skip


def strings(found: Any) -> list[str]:
    """The texts in what may be a list."""
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _may(every: list[dict[str, Any]], key: str) -> bool:
    """Whether no schema forbids a key."""
    return not any(node is False for words in every for node in declared_children(words, key))


def _children(facts: Place, key: str | int) -> Place:
    return [(node, inner) for words, inner in facts for node in declared_children(words, key)]


def _drawn_along(every: list[dict[str, Any]], key: str) -> list[str]:
    """The keys that must stand beside a key."""
    along: list[str] = []
    for words in every:
        for word in ("dependencies", "dependentRequired", "dependentSchemas"):
            asked = words.get(word, {}).get(key)
            along += strings(asked.get("required") if isinstance(asked, dict) else asked)
    return along


def _names(node: Any) -> list[str]:
    return strings(node.get("enum")) if isinstance(node, dict) else []


def _listed_items(words: Mapping[str, Any]) -> list[Any]:
    items = words.get("items")
    return items if isinstance(items, list) else words.get("prefixItems", [])


def _strictest(facts: list[dict[str, Any]]) -> dict[str, Any]:
    """What several schemas say of a scalar, as one."""
    merged: dict[str, Any] = {"patterns": [w["pattern"] for w in facts if "pattern" in w]}
    for word, choose in (("minLength", max), ("maxLength", min), ("format", min)):
        if given := [words[word] for words in facts if word in words]:
            merged[word] = choose(given)
    if steps := [words["multipleOf"] for words in facts if "multipleOf" in words]:
        merged["multipleOf"] = max(steps)
    low = [b for words in facts if (b := _bound(words, "minimum", "exclusiveMinimum"))]
    high = [b for words in facts if (b := _bound(words, "maximum", "exclusiveMaximum"))]
    merged["low"], merged["above"] = max(low, default=(None, False))
    least = min(high, key=lambda bound: (bound[0], not bound[1]), default=(None, False))
    merged["high"], merged["below"] = least
    return merged


def _bound(words: Mapping[str, Any], word: str, exclusive: str) -> tuple[Any, bool] | None:
    """A bound and whether it is excluded, as draft 4 and as later ones say it."""
    apart = words.get(exclusive)
    if isinstance(apart, int | float) and not isinstance(apart, bool):
        return apart, True
    return (words[word], apart is True) if word in words else None


def _spell(parsed: Any, dice: random.Random, groups: dict[int, str], room: int) -> Iterator[str]:
    """Texts whose join a parsed expression matches; what looks around is not looked at."""
    for op, said in parsed:
        if op is ops.LITERAL:
            yield chr(said)
        elif op in (ops.IN, ops.NOT_LITERAL, ops.ANY):
            yield _character(op, said, dice)
        elif op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            least, most, inner = said
            for _ in range(dice.randint(least, min(most, least + room))):
                yield from _spell(inner, dice, groups, room)
        elif op is ops.BRANCH:
            yield from _spell(dice.choice(said[1]), dice, groups, room)
        elif op is ops.SUBPATTERN:
            groups[said[0]] = "".join(_spell(said[-1], dice, groups, room))
            yield groups[said[0]]
        elif op is ops.ATOMIC_GROUP:
            yield from _spell(said, dice, groups, room)
        elif op is ops.GROUPREF:
            yield groups.get(said, "")


_ALPHABET = [chr(code) for code in range(32, 127)] + ["é", "日"]
_CLASSES = {
    ops.CATEGORY_DIGIT: r"\d", ops.CATEGORY_NOT_DIGIT: r"\D", ops.CATEGORY_SPACE: r"\s",
    ops.CATEGORY_NOT_SPACE: r"\S", ops.CATEGORY_WORD: r"\w", ops.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _character(op: Any, said: Any, dice: random.Random) -> str:
    if op is ops.ANY:
        return dice.choice("abcxyz019 -")
    if op is ops.NOT_LITERAL:
        return dice.choice([c for c in "abcxyz019" if ord(c) != said])
    negated = said[0][0] is ops.NEGATE
    within = [c for c in _ALPHABET if any(_is_in(c, part) for part in said)]
    if negated:
        within = [c for c in _ALPHABET if c not in {*within}]
    ranges = [part for part in said if part[0] in (ops.RANGE, ops.LITERAL)]
    if not within and ranges and not negated:  # outside of the alphabet
        low = ranges[0][1]
        return chr(low if isinstance(low, int) else low[0])
    return dice.choice(within or ["a"])


def _is_in(character: str, part: tuple[Any, Any]) -> bool:
    op, said = part
    if op is ops.LITERAL:
        return ord(character) == said
    if op is ops.RANGE:
        return said[0] <= ord(character) <= said[1]
    return op is ops.CATEGORY and re.match(_CLASSES.get(said, "a"), character) is not None


# -- changing -------------------------------------------------------------------------------------


def mutated(ground: Ground, instance: Any, seed: Any) -> Iterator[tuple[str, Any]]:
    """The instance with a key less, a key more, and a scalar of another kind."""
    dice = random.Random(f"{seed}/mutated")
    objects = [path for path, value in places_of(instance) if isinstance(value, dict)]
    scalars = [path for path, value in places_of(instance) if not isinstance(value, dict | list)]
    if filled := [path for path in objects if _at(instance, path)]:
        changed = deepcopy(instance)
        there = _at(changed, dice.choice(filled))
        del there[_needed_or_any(ground, there, dice)]
        yield "a key less", changed
    if objects:
        changed = deepcopy(instance)
        _at(changed, dice.choice(objects))["zz_added"] = dice.choice(["x", 1, None])
        yield "a key more", changed
    if scalars:
        path = dice.choice(scalars)
        kind = kind_of(_at(instance, path))
        others = [value for value in ("x", 7, True, None, {}, []) if kind_of(value) != kind]
        yield "another kind", _replaced(instance, path, dice.choice(others))


def _needed_or_any(ground: Ground, there: dict[str, Any], dice: random.Random) -> str:
    """A key to drop: one that some schema requires, if there is one."""
    return dice.choice([key for key in there if key in ground.required] or [*there])


def places_of(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The value and all that stands in it, each with its path."""
    yield path, value
    for key, item in items_of(value):
        yield from places_of(item, (*path, key))


def _at(value: Any, path: Path) -> Any:
    return reduce(lambda inner, step: inner[step], path, value)


def _replaced(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    changed = deepcopy(value)
    _at(changed, path[:-1])[path[-1]] = new
    return changed

"""Cases: the ways in which a value can keep to a schema, references and unions undone.

In:    nodes.
Out:   for each node its ``Alternative`` values: a value that keeps to the schema keeps to all the parts
       of at least one case.
Never: a case too few: a value that the schema allows has its case. A schema may have cases that no
       value fits (``oneOf`` is read as ``anyOf``, most of ``not`` is left out); those that plainly
       contradict themselves are dropped.
Why:   what is declared at a place depends on which arm of a union is being written.

``$ref`` and its kin, ``allOf``, ``anyOf``, ``oneOf`` and its ``discriminator``, conditions,
``dependentSchemas`` and enums of containers are undone here. A reference that leads back to where
it stands says nothing. Where words would multiply into more than ``MOST_CASES`` cases, of the last
ones only what they say of keys is kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from threading import local
from typing import Any, NamedTuple
from urllib.parse import unquote

from fieldconf.parsing.kinds import KINDS, is_container, same
from fieldconf.schema.keywords import Keywords, own_node, spelled
from fieldconf.schema.references import Subschema, named_in

MOST_CASES = 128
"""More ways than this of writing one value, where words multiply, are not told apart."""
_MOST_PAIRS = 4_000


class Alternative(NamedTuple):
    """Schemas of which a value must keep to each; of none, and anything goes.

    Attributes:
        parts: in the order in which they stand.
        name: the last part of the reference that led here; empty if none did.
    """

    parts: tuple[Keywords, ...] = ()
    name: str = ""


ANYTHING = (Alternative(),)
_BACK: tuple[Alternative, ...] = (Alternative((), "\0"),)  # a reference that led back to itself


class _Trail(local):
    """What one thread is reading: the nodes it is inside of, by their keys.

    Each thread has its own; a lock would hang a process that is forked while it is held.
    """

    def __init__(self) -> None:
        self.keys: list[tuple[Any, ...]] = []
        self.back_to = 0  # how deep the outermost node is that was led back to


class Reader:
    """Reads nodes into cases, each once. It keeps the schemas that it makes itself alive.

    Compiled schemas are shared by threads: two may read the same node, and read the same in it.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Alternative, ...]] = {}
        self._parts: dict[tuple[Any, ...], Keywords] = {}
        self._made: dict[tuple[int, str], tuple[Any, Any]] = {}
        self._trail = _Trail()
        self.is_simplified = False  # words multiplied into too many cases

    def cases(self, node: Subschema) -> tuple[Alternative, ...]:
        """The cases of a node; none if no value keeps to it."""
        try:
            found = self._read(node)
        except RecursionError:  # nested deeper than Python goes
            found = ANYTHING
        return ANYTHING if found is _BACK else found

    def _read(self, node: Subschema) -> tuple[Alternative, ...]:
        if not isinstance(node.schema, dict):
            return () if node.schema is False else ANYTHING
        if node.key in self._known:
            return self._known[node.key]
        trail = self._trail
        if node.key in trail.keys:
            trail.back_to = min(trail.back_to, trail.keys.index(node.key))
            return _BACK
        depth = len(trail.keys)
        trail.keys.append(node.key)
        outer, trail.back_to = trail.back_to, depth + 1
        try:
            expanded = self._expand(node)
            found = _BACK if expanded is _BACK else _first(expanded)
        finally:
            trail.keys.pop()
        if trail.back_to >= depth:  # it does not depend on what is being read around it
            self._known[node.key] = found
        trail.back_to = min(outer, trail.back_to)
        return found

    def _expand(self, node: Subschema) -> Sequence[Alternative]:
        part = self._part(node)
        made: Sequence[Alternative] = ANYTHING if part.says_nothing else (Alternative((part,)),)
        for other in self._applied(node, part):
            made = self.both(made, other)
        return made

    def _part(self, node: Subschema) -> Keywords:
        return self._parts.setdefault(node.key, Keywords(node))

    def both(
        self, some: Sequence[Alternative], others: Sequence[Alternative]
    ) -> Sequence[Alternative]:
        """The cases of values that keep to one of each."""
        if others is _BACK:
            return _BACK if some == ANYTHING else some
        if some in (ANYTHING, _BACK):
            return others
        if others == ANYTHING:
            return some
        if len(some) * len(others) <= _MOST_PAIRS:
            found = _every(some, others)
            if len(found) <= MOST_CASES:
                return found
        self.is_simplified = True
        parts = (part for case in (*some, *others) for part in case.parts)
        loose = self._loose(others, is_open=any(part.says_more_keys for part in parts))
        return _every(some, [loose]) if loose else some

    def _loose(self, cases: Sequence[Alternative], *, is_open: bool) -> Alternative | None:
        """One case that any of these implies; it still says what their keys hold.

        Args:
            cases: those that are too many.
            is_open: whether objects may have other keys: a case that does not name one allows it.
        """
        named = [part for case in cases for part in case.parts if part.properties]
        schemas: dict[str, list[Any]] = {}
        for part in dict.fromkeys(named):
            for key, schema in part.properties.items():
                schemas.setdefault(key, []).append(schema)
        if not named or len({part.node.key[1:] for part in named}) > 1:
            return None
        rest = [True] if is_open else []
        properties = {key: {"anyOf": [*given, *rest]} for key, given in schemas.items()}
        node = self._own(named[0].node, cases, {"properties": properties}, "loose")
        return Alternative((self._part(node),))

    # -- words that lead to other schemas for the same value ------------------------------------

    def _applied(self, node: Subschema, part: Keywords) -> Iterator[Sequence[Alternative]]:
        words = node.words
        for word, reference in node.references:
            yield self._referred(node, word, reference)
        for inner in _schemas(words.get("allOf")):
            yield self._read(node.inside(inner))
        yield from self._unions(node)
        if "if" in words and ("then" in words or "else" in words):
            yield self._if(node)
        for word in ("dependentSchemas", "dependencies"):
            for key, inner in named_in(words.get(word)).items():
                if isinstance(inner, (dict, bool)):
                    yield self._depends(node, key, inner)
        if part.members is not None and any(is_container(member) for member in part.members):
            yield self._containers(node, part)

    def _unions(self, node: Subschema) -> Iterator[Sequence[Alternative]]:
        for word in ("anyOf", "oneOf"):
            if union := _schemas(node.words.get(word)):
                yield self._any(node.inside(inner) for inner in union)
        tag = named_in(node.schema.get("discriminator")).get("propertyName")
        if isinstance(tag, str):  # OpenAPI's word; pydantic writes it, and demands the key
            yield self._read(self._own(node, node.schema, {"required": [tag]}, "tag"))

    def _referred(self, node: Subschema, word: str, reference: str) -> Sequence[Alternative]:
        target = node.follow(word, reference)
        if target is None:
            return ANYTHING
        found = self._read(target)
        if found is _BACK:
            return found
        name = unquote(reference.rpartition("/")[2]).lstrip("#")
        return tuple(case if case.name else case._replace(name=name) for case in found)

    def _any(self, nodes: Iterable[Subschema]) -> Sequence[Alternative]:
        read = [self._read(node) for node in nodes]
        known = [found for found in read if found is not _BACK]
        if not known:
            return _BACK
        return _first(case for found in known for case in found)

    def _if(self, node: Subschema) -> Sequence[Alternative]:
        words = node.words
        condition = node.inside(words["if"])
        negated = self._own(node, words["if"], {"not": words["if"]}, "not")
        then = self.both(self._read(condition), self._read(node.inside(words.get("then", True))))
        other = self.both(self._read(negated), self._read(node.inside(words.get("else", True))))
        return _first((*then, *other))

    def _depends(self, node: Subschema, key: str, inner: Any) -> Sequence[Alternative]:
        absent = self._own(node, inner, {"not": {"required": [key]}}, f"absent {key}")
        present = self._own(node, inner, {"required": [key]}, f"present {key}")
        then = self.both(self._read(present), self._read(node.inside(inner)))
        return _first((*then, *self._read(absent)))

    def _containers(self, node: Subschema, part: Keywords) -> Sequence[Alternative]:
        """One case for each container of an enum, so that what is inside is declared, too."""
        assert part.members is not None  # or this would not be asked
        whole = [member for member in part.members if is_container(member)]
        if len(whole) > MOST_CASES:
            return ANYTHING
        scalars = [member for member in part.members if not is_container(member)]
        made = [self._own(node, member, spelled(member), "spelled") for member in whole]
        if scalars:
            made.append(self._own(node, part.members, {"enum": scalars}, "scalars"))
        return _first(case for one in made for case in self._read(one))

    def _own(self, node: Subschema, about: Any, schema: Any, why: str) -> Subschema:
        """A schema of our making, the same one each time for what it is about."""
        _, made = self._made.setdefault((id(about), why), (about, schema))
        if why in ("not", "loose"):  # what it holds is the document's own, in its own draft
            return Subschema(made, node.draft, node.resolver)
        return own_node(node, made)


def _first(cases: Iterable[Alternative]) -> tuple[Alternative, ...]:
    """Each case once."""
    return tuple(dict.fromkeys(cases))


def _every(some: Sequence[Alternative], others: Sequence[Alternative]) -> tuple[Alternative, ...]:
    """Each of some with each of others, where they do not contradict each other."""
    return _first(filter(None, (_joined(one, other) for one in some for other in others)))


def _joined(one: Alternative, other: Alternative) -> Alternative | None:
    """The case of values that keep to both; None if there are none."""
    parts = tuple(dict.fromkeys([*one.parts, *(p for p in other.parts if _adds(p, one.parts))]))
    name = one.name if not other.name else other.name
    if len(parts) in (len(one.parts), len(other.parts)):  # one of them says it all
        return Alternative(parts, name)
    return None if _contradicts(parts) else Alternative(parts, name)


def _adds(part: Keywords, parts: Sequence[Keywords]) -> bool:
    """Whether a part says more than that keys are required which these require already."""
    return set(part.words) != {"required"} or any(
        all(key not in other.required for other in parts) for key in part.required
    )


def _contradicts(parts: Sequence[Keywords]) -> bool:
    """Whether plainly no value keeps to all; only what costs little is looked at."""
    kinds = KINDS.intersection(*(part.kinds for part in parts))
    if not kinds:
        return True
    if not _common([part.members for part in parts if part.members is not None]):
        return True
    return kinds == frozenset({"object"}) and _lacks_a_key(parts)


def _lacks_a_key(parts: Sequence[Keywords]) -> bool:
    """Whether a key is demanded of which no value is allowed."""
    required = frozenset[str]().union(*(part.required for part in parts))
    return any(_is_impossible(parts, key) for key in required)


def _is_impossible(parts: Sequence[Keywords], key: str) -> bool:
    given = [part for part in parts if key in part.properties]
    if any(part.properties[key] is False for part in given):
        return True
    if len(given) < 2:
        return False
    inner = [part.inside(key) for part in given]
    sets = [part.members for part in inner if part.members is not None]
    if not KINDS.intersection(*(part.kinds for part in inner)) or not _common(sets):
        return True
    never = [value for part in inner for value in part.forbidden]
    return bool(sets) and not _common([*sets], never)


def _common(sets: Sequence[Sequence[Any]], never: Sequence[Any] = ()) -> bool:
    """Whether some value is in each set; containers are not compared."""
    if not sets:
        return True
    small = min(sets, key=len)
    return any(
        is_container(value)
        or (
            not any(same(value, other) for other in never)
            and all(any(is_container(v) or same(value, v) for v in values) for values in sets)
        )
        for value in small
    )


def _schemas(value: Any) -> list[Any]:
    return [v for v in value if isinstance(v, (dict, bool))] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]

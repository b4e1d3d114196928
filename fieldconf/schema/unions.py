"""Unions: the cases of a schema, with references and unions resolved.

In:    a ``Subschema``.
Out:   its cases, each an ``Alternative``: a value satisfies the schema if it satisfies all parts of
       at least one case.
Never: a missing case: every value that the schema allows has its case. There may be cases that no
       value satisfies (``oneOf`` is read as ``anyOf``, most of ``not`` is ignored); cases that
       obviously contradict themselves are dropped.
Why:   the declarations for a value depend on the variant of the union that is being written.

Resolved are ``$ref`` and the other references, ``allOf``, ``anyOf``, ``oneOf`` and its
``discriminator``, conditions, ``dependentSchemas``, and enums of containers. A reference that leads
back to itself requires nothing. Where combinations would give more than ``MOST_CASES`` cases, only
the declarations of keys are kept of the last keywords.
"""

from collections.abc import Iterable, Iterator, Sequence
from threading import local
from typing import Any, NamedTuple
from urllib.parse import unquote

from fieldconf.parsing.kinds import KINDS, is_container, same
from fieldconf.schema.keywords import Keywords, schema_of_container
from fieldconf.schema.references import Subschema, dict_in, draft_of

MOST_CASES = 128
"""Where combinations of keywords give more cases than this, the cases are simplified."""
_MOST_PAIRS = 4_000


class Alternative(NamedTuple):
    """One case of a schema: a value must satisfy each part; without parts anything is allowed.

    Attributes:
        parts: the schemas, in the order of the document.
        name: the last part of the reference to this case; empty if there is no reference.
    """

    parts: tuple[Keywords, ...] = ()
    name: str = ""


ANYTHING = (Alternative(),)
_CYCLE: tuple[Alternative, ...] = (Alternative((), "\0"),)  # of a reference that led back to itself


class _Trail(local):
    """The subschemas that a thread is reading, from the outermost to the innermost.

    Each thread has its own; a lock would hang a process that is forked while it is held.
    """

    def __init__(self) -> None:
        self.keys: list[tuple[Any, ...]] = []
        self.back_to = 0  # the depth of the outermost subschema to which a reference led back


class Reader:
    """Reads subschemas into cases, each once. It keeps the schemas that it builds alive.

    Threads share compiled schemas: two may read the same subschema, with the same result.
    """

    def __init__(self) -> None:
        self._cases: dict[tuple[Any, ...], tuple[Alternative, ...]] = {}
        self._parts: dict[tuple[Any, ...], Keywords] = {}
        self._built: dict[tuple[int, str], tuple[Any, Any]] = {}
        self._trail = _Trail()
        self.is_simplified = False  # whether there were too many combinations of cases

    def cases(self, subschema: Subschema) -> tuple[Alternative, ...]:
        """The cases of a subschema; none if no value satisfies it."""
        try:
            cases = self._read(subschema)
        except RecursionError:  # nested deeper than the interpreter's stack
            cases = ANYTHING
        return ANYTHING if cases is _CYCLE else cases

    def _read(self, subschema: Subschema) -> tuple[Alternative, ...]:
        if not isinstance(subschema.schema, dict):
            return () if subschema.schema is False else ANYTHING
        if subschema.key in self._cases:
            return self._cases[subschema.key]
        trail = self._trail
        if subschema.key in trail.keys:
            trail.back_to = min(trail.back_to, trail.keys.index(subschema.key))
            return _CYCLE
        depth = len(trail.keys)
        trail.keys.append(subschema.key)
        outer, trail.back_to = trail.back_to, depth + 1
        try:
            part = self._part(subschema)
            is_empty = not part.words and not part.notes
            read: Sequence[Alternative] = ANYTHING if is_empty else (Alternative((part,)),)
            for other in self._applied(subschema, part):
                read = self.both(read, other)
            cases = _CYCLE if read is _CYCLE else _distinct(read)
        finally:
            trail.keys.pop()
        if trail.back_to >= depth:  # the result does not depend on the subschemas around it
            self._cases[subschema.key] = cases
        trail.back_to = min(outer, trail.back_to)
        return cases

    def _part(self, subschema: Subschema) -> Keywords:
        return self._parts.setdefault(subschema.key, Keywords(subschema))

    def both(
        self, some: Sequence[Alternative], others: Sequence[Alternative]
    ) -> Sequence[Alternative]:
        """The cases of values that satisfy one of ``some`` and one of ``others``."""
        if others is _CYCLE:
            return _CYCLE if some == ANYTHING else some
        if some in (ANYTHING, _CYCLE):
            return others
        if others == ANYTHING:
            return some
        if len(some) * len(others) <= _MOST_PAIRS:
            pairs = _combinations(some, others)
            if len(pairs) <= MOST_CASES:
                return pairs
        self.is_simplified = True
        parts = (part for case in (*some, *others) for part in case.parts)
        loose = self._loose(others, is_open=any(part.mentions_more_keys for part in parts))
        return _combinations(some, [loose]) if loose else some

    def _loose(self, cases: Sequence[Alternative], *, is_open: bool) -> Alternative | None:
        """One case that each of these implies; it still declares the values of their keys.

        Args:
            cases: the cases to replace; there are too many of them.
            is_open: whether objects may have other keys, so that a case that does not declare a
                key allows it.
        """
        objects = [part for case in cases for part in case.parts if part.properties]
        schemas: dict[str, list[Any]] = {}
        for part in dict.fromkeys(objects):
            for key, schema in part.properties.items():
                schemas.setdefault(key, []).append(schema)
        if not objects or len({part.subschema.key[1:] for part in objects}) > 1:
            return None
        rest = [True] if is_open else []
        properties = {key: {"anyOf": [*own, *rest]} for key, own in schemas.items()}
        subschema = self._build(objects[0].subschema, cases, {"properties": properties}, "loose")
        return Alternative((self._part(subschema),))

    # -- keywords with other schemas for the same value -----------------------------------------

    def _applied(self, subschema: Subschema, part: Keywords) -> Iterator[Sequence[Alternative]]:
        """The cases of each keyword that has other schemas for the same value."""
        words = subschema.words
        for word, reference in subschema.references:
            yield self._referenced(subschema, word, reference)
        for schema in _schemas(words.get("allOf")):
            yield self._read(subschema.inside(schema))
        yield from self._unions(subschema)
        if "if" in words and ("then" in words or "else" in words):
            condition = words["if"]
            negated = self._build(subschema, condition, {"not": condition}, "not")
            yield self._either(
                (subschema.inside(condition), subschema.inside(words.get("then", True))),
                (negated, subschema.inside(words.get("else", True))),
            )
        for word in ("dependentSchemas", "dependencies"):
            for key, schema in dict_in(words.get(word)).items():
                if isinstance(schema, (dict, bool)):
                    without, having = {"not": {"required": [key]}}, {"required": [key]}
                    absent = self._build(subschema, schema, without, f"absent {key}")
                    present = self._build(subschema, schema, having, f"present {key}")
                    yield self._either((present, subschema.inside(schema)), (absent, absent))
        if part.members is not None and any(map(is_container, part.members)):
            yield self._containers(subschema, part.members)

    def _referenced(self, subschema: Subschema, word: str, reference: str) -> Sequence[Alternative]:
        target = subschema.follow(word, reference)
        if target is None:
            return ANYTHING
        cases = self._read(target)
        if cases is _CYCLE:
            return cases
        name = unquote(reference.rpartition("/")[2]).lstrip("#")
        return tuple(case if case.name else case._replace(name=name) for case in cases)

    def _unions(self, subschema: Subschema) -> Iterator[Sequence[Alternative]]:
        for word in ("anyOf", "oneOf"):
            if schemas := _schemas(subschema.words.get(word)):
                read = [self._read(subschema.inside(schema)) for schema in schemas]
                variants = [cases for cases in read if cases is not _CYCLE]
                together = _distinct(case for cases in variants for case in cases)
                yield together if variants else _CYCLE
        tag = dict_in(subschema.schema.get("discriminator")).get("propertyName")
        if isinstance(tag, str):  # OpenAPI's keyword; pydantic writes it, and requires the key
            required = {"required": [tag]}
            yield self._read(self._build(subschema, subschema.schema, required, "tag"))

    def _either(self, *pairs: tuple[Subschema, Subschema]) -> Sequence[Alternative]:
        """The cases of values that satisfy both schemas of one of these pairs."""
        both = [self.both(self._read(some), self._read(other)) for some, other in pairs]
        return _distinct(case for cases in both for case in cases)

    def _containers(self, subschema: Subschema, members: Sequence[Any]) -> Sequence[Alternative]:
        """One case for each container of an enum, which declares the values inside of it."""
        containers = [member for member in members if is_container(member)]
        if len(containers) > MOST_CASES:
            return ANYTHING
        built = [
            self._build(subschema, container, schema_of_container(container), "container")
            for container in containers
        ]
        if scalars := [member for member in members if not is_container(member)]:
            built.append(self._build(subschema, members, {"enum": scalars}, "scalars"))
        return _distinct(case for variant in built for case in self._read(variant))

    def _build(self, subschema: Subschema, source: Any, schema: Any, purpose: str) -> Subschema:
        """A schema of our own, built once for each source and purpose."""
        _, schema = self._built.setdefault((id(source), purpose), (source, schema))
        # These contain schemas of the document, which keep their draft.
        draft = subschema.draft if purpose in ("not", "loose") else draft_of({})
        return Subschema(schema, draft, subschema.resolver)


def _distinct(cases: Iterable[Alternative]) -> tuple[Alternative, ...]:
    return tuple(dict.fromkeys(cases))


def _combinations(
    some: Sequence[Alternative], others: Sequence[Alternative]
) -> tuple[Alternative, ...]:
    """Each case of ``some`` with each of ``others``, where they do not contradict each other."""
    return _distinct(filter(None, (_joined(case, other) for case in some for other in others)))


def _joined(case: Alternative, other: Alternative) -> Alternative | None:
    """The case of values that satisfy both; None if there are none."""
    required = frozenset[str]().union(*(part.required for part in case.parts))
    # A part that only requires keys which are already required adds nothing.
    added = [
        part for part in other.parts
        if set(part.words) != {"required"} or not part.required <= required
    ]  # fmt: skip
    parts = tuple(dict.fromkeys([*case.parts, *added]))
    name = other.name or case.name
    if len(parts) in (len(case.parts), len(other.parts)):  # one of them implies the other
        return Alternative(parts, name)
    return None if _contradicts(parts) else Alternative(parts, name)


def _contradicts(parts: Sequence[Keywords]) -> bool:
    """Whether obviously no value satisfies all parts; only cheap checks are made."""
    kinds = KINDS.intersection(*(part.kinds for part in parts))
    if not kinds:
        return True
    if not _intersect([part.members for part in parts if part.members is not None]):
        return True
    required = frozenset[str]().union(*(part.required for part in parts))
    return kinds == frozenset({"object"}) and any(_is_impossible(parts, key) for key in required)


def _is_impossible(parts: Sequence[Keywords], key: str) -> bool:
    """Whether obviously no value is allowed under a key."""
    declaring = [part for part in parts if key in part.properties]
    if any(part.properties[key] is False for part in declaring):
        return True
    if len(declaring) < 2:
        return False
    inner = [part.inside(key) for part in declaring]
    enums = [part.members for part in inner if part.members is not None]
    if not KINDS.intersection(*(part.kinds for part in inner)) or not _intersect(enums):
        return True
    forbidden = [value for part in inner for value in part.forbidden]
    return bool(enums) and not _intersect([*enums], forbidden)


def _intersect(sets: Sequence[Sequence[Any]], forbidden: Sequence[Any] = ()) -> bool:
    """Whether some value is in each set and not forbidden; containers are not compared."""
    if not sets:
        return True
    small = min(sets, key=len)
    return any(
        is_container(value)
        or (
            not any(same(value, other) for other in forbidden)
            and all(any(is_container(v) or same(value, v) for v in values) for values in sets)
        )
        for value in small
    )


def _schemas(value: Any) -> list[Any]:
    return [v for v in value if isinstance(v, (dict, bool))] if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]

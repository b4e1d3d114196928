"""Instances: JSON values that are valid for a schema.

In:    a pydantic model or type, a JSON Schema, or None.
Out:   a strategy of plain JSON values, each of which validates.
Never: a value that was not validated; an endless search: a schema without values is an error.
Why:   property tests of a pipeline need any answer that a model may give.

The cases of each place say which schemas a value must keep to. How deep a value may become is
counted down, so that recursive schemas end; what the cases do not say is left to the validation.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from fieldconf.errors import SchemaError
from fieldconf.parsing.kinds import KINDS
from fieldconf.paths import pointer
from fieldconf.schema import Schema, SchemaNode, compile_schema
from fieldconf.schema.declared import (
    is_closed,
    keys_of,
    kinds_of_parts,
    members_of,
    required_of,
)
from fieldconf.schema.references import dict_in
from fieldconf.schema.unions import Alternative
from fieldconf.strategies.scalars import TEXT, numbers, strings

DEEPEST = 24
"""Levels of a value; a schema whose smallest values are deeper is refused."""

_PATIENCE = 30  # values drawn in vain before anybody says so
_MOST_MORE = 3  # items and keys beyond the fewest
_SHARED = ("$schema", "$defs", "definitions")  # what inner references lead to
_SIMPLEST = ("null", "boolean", "number", "string", "array", "object")
_KEYS = st.from_regex(r"[a-z][a-z_]{0,7}", fullmatch=True)
_SCALARS = st.none() | st.booleans() | st.integers() | TEXT
ANYTHING: SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=4,
)
"""Small JSON values of any kind."""


def instances(schema: Any = None, *, max_depth: int = 5) -> SearchStrategy[Any]:
    """JSON values that keep to a schema. They shrink to the first member, the least optional keys.

    Args:
        schema: a pydantic model (or any type pydantic understands), a JSON Schema, or None for
            any small JSON value.
        max_depth: levels of a value; deeper only where the schema's smallest values are.

    Raises:
        SchemaError: if it is no schema; if no value fits, or only values deeper than ``DEEPEST``;
            if there is a pattern or a rule for which no values can be found. The last is known only
            after some were drawn, then the test that draws them fails with this error.

    >>> from hypothesis import given
    >>> schema = {"type": "object", "properties": {"team": {"enum": ["billing", "sales"]}},
    ...           "required": ["team"]}
    >>> @given(instances(schema))
    ... def test(value):
    ...     assert value["team"] in ("billing", "sales")
    >>> test()
    """
    compiled = compile_schema(schema)
    builder = _Builder(compiled)
    least = next((n for n in range(1, DEEPEST) if builder.fits(compiled.root, n)), None)
    if least is None:
        raise SchemaError(
            f"no value keeps to the schema {compiled.name!r}, or only one without end",
            remedy="Let what is recursive be left out, or mend what contradicts itself",
        )
    return builder.value(compiled.root, max(least, max_depth)).filter(_valid(compiled))


def _valid(schema: Schema) -> Callable[[Any], bool]:
    """The validation as a filter, which says so if nothing ever passes."""
    tried, passed = 0, 0

    def is_valid(value: Any) -> bool:
        nonlocal tried, passed
        _, errors = schema.validate(json.dumps(value).encode(), value)
        tried, passed = tried + 1, passed + (not errors)
        if errors and not passed and tried >= _PATIENCE:
            first = errors[0]
            raise SchemaError(
                f"none of {tried} values drawn for {schema.name!r} keeps to it: "
                f"{first.problem} (at {pointer(first.path) or 'the root'})",
                remedy="Draw its values yourself and give them to completions(values=...)",
            )
        return not errors

    return is_valid


class _Builder:
    """Builds the strategy of each place and depth once."""

    def __init__(self, schema: Schema) -> None:
        self._is_python = schema.type is not None
        self._shared = {word: schema.json[word] for word in _SHARED if word in schema.json}
        self._fits: dict[tuple[SchemaNode, int], bool] = {}
        self._made: dict[tuple[SchemaNode, int], SearchStrategy[Any]] = {}

    # -- how deep ---------------------------------------------------------------------------------

    def fits(self, node: SchemaNode, depth: int) -> bool:
        """Whether some value of at most so many levels is valid for a schema node."""
        key = (node, depth)
        if key not in self._fits:
            cases = [(node.with_only(case), case) for case in node.cases]
            self._fits[key] = depth > 0 and any(self._kinds(own, c, depth) for own, c in cases)
        return self._fits[key]

    def _kinds(self, own: SchemaNode, case: Alternative, depth: int) -> list[str]:
        """The kinds that a value of a case may have, simplest first; "member" of few values."""
        members = members_of(case.parts)
        if members is not None:
            return ["member"] if members else []
        kinds = kinds_of_parts(case.parts)
        needed = {"array": range(own.declared.min_items), "object": required_of(case.parts)}
        return [
            kind
            for kind in _SIMPLEST
            if kind in kinds
            and all(self.fits(own.inside(step), depth - 1) for step in needed.get(kind, ()))
        ]

    # -- strategies -------------------------------------------------------------------------------

    def value(self, node: SchemaNode, depth: int) -> SearchStrategy[Any]:
        """Values for a schema node, of at most so many levels."""
        key = (node, depth)
        if key not in self._made:
            options = [
                self._of_kind(own, case, kind, depth)
                for case in node.cases
                for own in [node.with_only(case)]
                for kind in self._kinds(own, case, depth)
            ]
            is_free = any(
                kinds_of_parts(case.parts) == KINDS and not any(part.words for part in case.parts)
                for case in node.cases
            )
            self._made[key] = ANYTHING if is_free else st.one_of(*options)
        return self._made[key]

    def _of_kind(
        self, own: SchemaNode, case: Alternative, kind: str, depth: int
    ) -> SearchStrategy[Any]:
        if kind == "member":
            return st.sampled_from(members_of(case.parts) or [])
        if kind in ("array", "object"):
            build = self._arrays if kind == "array" else self._objects
            return build(own, case, depth)
        words = [part.words for part in case.parts]
        if kind == "number":
            is_whole = any(part.is_integer for part in case.parts)
            return self._by_rules(numbers(words, is_whole=is_whole), case)
        if kind == "string":
            for part in case.parts:
                schema = dict_in(part.subschema.schema)
                if schema.get("contentMediaType") == "application/json":
                    content = dict_in(schema.get("contentSchema"))
                    inner = {**self._shared, **content} if content else None
                    return instances(inner).map(json.dumps)
            return self._by_rules(strings(words, is_python=self._is_python), case)
        return st.none() if kind == "null" else st.booleans()

    def _by_rules(self, strategy: SearchStrategy[Any], case: Alternative) -> SearchStrategy[Any]:
        rules = [part.rule for part in case.parts if part.words]

        def is_allowed(value: Any) -> bool:
            text = json.dumps(value).encode()
            return all(rule.allows(text, done=True) for rule in rules)

        return strategy.filter(is_allowed)

    # -- containers -------------------------------------------------------------------------------

    def _arrays(self, own: SchemaNode, case: Alternative, depth: int) -> SearchStrategy[Any]:
        least = own.declared.min_items
        if any("contains" in part.words for part in case.parts):
            least = max(least, 1)
        first, other = [own.inside(i) for i in own.first_items], own.inside(len(own.first_items))
        most = max(least, len(first) + _MOST_MORE) if first else least + _MOST_MORE
        if own.declared.max_items is not None:
            most = min(most, own.declared.max_items)
        can_be_more = other.cases and self.fits(other, depth - 1)
        rest = max(0, most - len(first)) if can_be_more else 0
        is_unique = any(part.words.get("uniqueItems") is True for part in case.parts)
        items = st.lists(
            self.value(other, depth - 1) if rest else st.nothing(),
            min_size=min(rest, max(0, least - len(first))), max_size=rest,
            unique_by=partial(json.dumps, sort_keys=True) if is_unique else None,
        )  # fmt: skip
        if not first:
            return items
        if any(not self.fits(item, depth - 1) for item in first):
            return st.just([])
        heads = st.tuples(*(self.value(item, depth - 1) for item in first))
        return st.tuples(heads, items).map(lambda parts: [*parts[0], *parts[1]][:most])

    def _objects(self, own: SchemaNode, case: Alternative, depth: int) -> SearchStrategy[Any]:
        parts = case.parts
        keys, needed = keys_of(parts), required_of(parts)
        fitting = [key for key in keys if self.fits(own.inside(key), depth - 1)]
        values = {key: self.value(own.inside(key), depth - 1) for key in fitting}
        fixed = st.fixed_dictionaries(
            {key: strategy for key, strategy in values.items() if key in needed},
            optional={key: strategy for key, strategy in values.items() if key not in needed},
        ).map(lambda value: {key: value[key] for key in keys if key in value})
        invites_more = any(
            isinstance(part.words.get("additionalProperties"), dict)
            or "patternProperties" in part.words
            or "minProperties" in part.words
            for part in parts
        )
        if is_closed(parts) or (keys and not invites_more):
            return fixed
        more = self._more_keys(own, case, depth, len(needed))
        return st.tuples(fixed, more).map(lambda parts: {**parts[0], **parts[1]})

    def _more_keys(
        self, own: SchemaNode, case: Alternative, depth: int, keys_used: int
    ) -> SearchStrategy[Any]:
        """Keys that are not named."""
        words = [part.words for part in case.parts]
        least = max((w["minProperties"] for w in words if "minProperties" in w), default=0)
        least = max(0, least - keys_used)
        most = min((w["maxProperties"] for w in words if "maxProperties" in w), default=None)
        keys = own.declared.keys
        size = least + _MOST_MORE if most is None else max(0, most - len(keys))
        fresh = st.lists(_names(words), min_size=least, max_size=size, unique=True)

        def filled(keys_free: list[str]) -> SearchStrategy[dict[str, Any]]:
            inner = {key: own.inside(key) for key in keys_free if key not in keys}
            fitting = {key: node for key, node in inner.items() if self.fits(node, depth - 1)}
            return st.fixed_dictionaries(
                {key: self.value(node, depth - 1) for key, node in fitting.items()}
            )

        return fresh.flatmap(filled)


def _names(words: Sequence[Any]) -> SearchStrategy[str]:
    name_rules = [w["propertyNames"] for w in words if isinstance(w.get("propertyNames"), dict)]
    names = [member for w in name_rules for member in w.get("enum", [])]
    if names:
        return st.sampled_from(names)
    patterns = [pattern for w in words for pattern in w.get("patternProperties", {})]
    is_open = any(isinstance(w.get("additionalProperties"), dict) for w in words)
    by_pattern = [strings([{"pattern": pattern}], is_python=False) for pattern in patterns]
    if name_rules:
        by_pattern.append(strings(name_rules, is_python=False))
    elif is_open or not by_pattern:
        by_pattern.append(_KEYS)
    return st.one_of(*by_pattern)

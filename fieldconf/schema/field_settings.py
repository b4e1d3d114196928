"""Field settings: limits and the formula of a field's confidence, declared with the model.

In:    ``FieldConfig(...)`` in an ``Annotated`` type, or ``"x-fieldconf": {...}`` in a JSON Schema.
Out:   the keyword ``x-fieldconf`` in the type's JSON Schema; a ``FieldConfig`` read from it; a
       schema without keywords of ours.
Never: a setting that is ignored silently: one that is misspelled or not applicable is an error.
Why:   the author of a field knows what a wrong value costs; the person who scores it may not.

Settings are read only where a subschema stands: a property with the name ``x-fieldconf`` and data
in an ``enum`` or a ``default`` are no settings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast, get_args
from urllib.parse import unquote

from pydantic import VERSION, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from fieldconf.errors import SchemaError, nearest
from fieldconf.paths import Path, parse_pointer, pointer

if TYPE_CHECKING:
    from referencing import Specification

CONF = "x-fieldconf"
"""The keyword in a JSON Schema that holds the settings of a field."""
ATTRIBUTES = "x-fieldconf-attributes"
"""The keyword that maps Python attributes to JSON steps. Written by ``pydantic_models``."""
PYDANTIC = tuple(map(int, VERSION.split(".")[:2]))
"""The installed version: older versions lose keywords of ours."""

Basis: TypeAlias = Literal["distribution", "joint", "geometric_mean"]

_BASES: tuple[str, ...] = get_args(Basis)
_IN_NUMBERS = frozenset({"basis", "counts", "may_not_fit"})
"""The settings that change a field's scores; the others are limits for its confidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConfig:
    """Settings of one field: ``Annotated[bool, FieldConfig(accept=0.9)]``.

    If a type has two of them, the outer one overrides the inner one, setting by setting.

    Attributes:
        accept: from 0 to 1: the lowest confidence at which the value is accepted; None: not
            set.
        review: from 0 to ``accept``: the lowest confidence at which the value is reviewed; below
            it the field is asked for again. None: not set. See docs/policies.md.
        basis: the formula for the confidence of a scalar; "distribution" applies only to fields
            with few allowed values. None: by kind, see docs/numbers.md.
        counts: False excludes the field, and all fields inside of it, from the confidence of the
            objects around it and from the report's confidence and outcome; for example, the
            reason that a judge writes beside its score. The field's own confidence and verdict
            stay. None or True: it is included, also a free text.
        may_not_fit: True: the allowed values may lack the right one, so what the model would have
            written outside of them counts against each: the confidence is the probability of the
            value, times 1 - ``off_schema``. Only for fields with few allowed values; it says
            something only where logprobs are from before the mask. None or False: not so.
    """

    accept: float | None = None
    review: float | None = None
    basis: Basis | None = None
    counts: bool | None = None
    may_not_fit: bool | None = None

    def __post_init__(self) -> None:
        for problem in _problems(self.settings()):
            raise SchemaError(problem.what, remedy=problem.remedy)

    def settings(self) -> dict[str, Any]:
        """The settings that are not None, by name, as ``x-fieldconf`` has them."""
        values = {name: getattr(self, name) for name in _NAMES}
        return {name: value for name, value in values.items() if value is not None}

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        # Before 2.11 a type alias comes as a reference, and keywords beside a reference are lost.
        aliased = PYDANTIC < (2, 11) and "ref" in core_schema and "$ref" in schema
        target = handler.resolve_ref_schema(schema) if aliased else {**schema}
        inner = target.get(CONF, {})
        if not self.settings() or not isinstance(inner, dict):
            return schema  # ``check_settings`` reports an ``inner`` that is no dict
        target[CONF] = merged(cast("dict[str, Any]", inner), self.settings())
        return schema if aliased else target


_NAMES = tuple(field.name for field in fields(FieldConfig))


def conf_of(settings: Any, where: str) -> FieldConfig:
    """The ``FieldConfig`` of the value of ``x-fieldconf``.

    ``where`` is the JSON Pointer of that value, for messages.

    Raises:
        SchemaError: for an unknown setting or an invalid value.
    """
    if not isinstance(settings, Mapping):
        raise SchemaError(
            f"{CONF} is no object (at {where})", remedy='Write one such as {"accept": 0.9}'
        )
    mapping = cast("Mapping[str, Any]", settings)
    for problem in _problems(mapping):
        setting = f"{where}{pointer([problem.setting])}"
        raise SchemaError(f"{problem.what} (at {setting})", remedy=problem.remedy)
    return FieldConfig(**mapping)


def merged(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of both; the outer override the inner, setting by setting.

    If accept and review of different origin contradict each other, the inner is adjusted.

    >>> merged({"accept": 0.9, "review": 0.8}, {"accept": 0.6})
    {'accept': 0.6, 'review': 0.6}
    """
    both = {**inner, **outer}
    if _contradict(both) and not _contradict(inner) and not _contradict(outer):
        limit = outer["accept" if "accept" in outer else "review"]
        both |= {"accept": limit, "review": limit}
    return both


def check_settings(
    schema: Mapping[str, Any], specification: "Specification[Any] | None" = None
) -> None:
    """Check the settings in a JSON Schema and all its subschemas.

    Args:
        schema: the document; a valid JSON Schema.
        specification: the draft of the document if its ``$schema`` names no known draft; None is
            the latest draft.

    Raises:
        SchemaError: for the first invalid setting.
    """
    for path, subschema in _subschemas(schema, specification):
        _check_keywords(subschema, path)
        if CONF in subschema:
            conf_of(subschema[CONF], pointer((*path, CONF)))


def without_settings(
    schema: Mapping[str, Any], specification: "Specification[Any] | None" = None
) -> dict[str, Any]:
    """A copy of a JSON Schema without our keywords, which servers do not know."""
    copy = cast("dict[str, Any]", _copied(schema))
    for _, subschema in _subschemas(copy, specification):
        for keyword in (CONF, ATTRIBUTES):
            subschema.pop(keyword, None)
    return copy


def _copied(value: Any) -> Any:
    """A deep copy; unlike ``deepcopy``, an object that occurs twice is copied twice."""
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_copied(item) for item in cast("list[Any]", value)]
    return value


# -- checks -------------------------------------------------------------------------------------


class _Problem(NamedTuple):
    setting: str
    what: str
    remedy: str


def _problems(settings: Mapping[str, Any]) -> Iterator[_Problem]:
    for name, value in settings.items():
        if name not in _NAMES:
            yield _Problem(name, f"unknown setting {name!r}", nearest(name, _NAMES))
        elif value is None:
            continue
        elif name == "basis":
            if not isinstance(value, str) or value not in _BASES:
                yield _Problem(name, f"unknown basis {value!r}", nearest(value, _BASES))
        elif name in ("counts", "may_not_fit"):
            if not isinstance(value, bool):
                yield _Problem(name, f"{name} {value!r} is no boolean", "Use true or false")
        elif not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
            what = f"the {name} {value!r} is no number from 0 to 1"
            yield _Problem(name, what, "Use a number such as 0.9")
    if _contradict(settings):
        what = f"review {settings['review']} is above accept {settings['accept']}"
        yield _Problem("review", what, "Use a review that is not above accept")


def _contradict(settings: Mapping[str, Any]) -> bool:
    """Whether review is above accept."""
    review, accept = settings.get("review"), settings.get("accept")
    if not isinstance(review, (int, float)) or not isinstance(accept, (int, float)):
        return False
    return review > accept


def _check_keywords(subschema: Mapping[str, Any], path: Path) -> None:
    for keyword in subschema:
        if str(keyword).startswith(CONF) and keyword not in (CONF, ATTRIBUTES):
            raise SchemaError(
                f"unknown keyword {keyword!r} (at {pointer((*path, keyword))})",
                remedy=nearest(keyword, (CONF, ATTRIBUTES)),
            )
    attributes = subschema.get(ATTRIBUTES, {})
    paths: list[Any] = list(attributes.values()) if isinstance(attributes, Mapping) else [None]  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    for steps in paths:
        if not isinstance(steps, list) or not all(
            isinstance(step, (str, int)) and not isinstance(step, bool)
            for step in cast("list[Any]", steps)
        ):
            raise SchemaError(
                f"{ATTRIBUTES} does not map names to lists of steps"
                f" (at {pointer((*path, ATTRIBUTES))})",
                remedy="Remove it: fieldconf writes it itself for a Python type",
            )


# -- subschemas ---------------------------------------------------------------------------------


def _subschemas(
    root: Mapping[str, Any], specification: "Specification[Any] | None"
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each subschema of a document that is an object, once, with its path."""
    from referencing import Resource
    from referencing.jsonschema import DRAFT202012

    draft = specification or DRAFT202012
    waiting: list[tuple[Path, Any]] = [((), root)]
    seen: set[int] = set()
    while waiting:
        path, schema = waiting.pop()
        if not isinstance(schema, dict) or id(schema := cast("dict[str, Any]", schema)) in seen:
            continue
        seen.add(id(schema))
        yield path, schema
        try:
            resource = Resource.from_contents(schema, default_specification=draft)
            ids = {id(sub.contents) for sub in resource.subresources()}
        except (AttributeError, TypeError, ValueError):  # a wrong value of another draft's keyword
            ids = set[int]()
        inner = [(steps, child) for steps, child in _two_steps(schema) if id(child) in ids]
        waiting += [((*path, *steps), child) for steps, child in reversed(inner)]
        if target := _target(schema.get("$ref"), root):  # it may be where no draft has a subschema
            waiting.insert(0, target)


def _two_steps(schema: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The values one or two steps below a schema; no draft has subschemas deeper."""
    for keyword, value in schema.items():
        yield (keyword,), value
        if isinstance(value, dict):
            for key, child in cast("dict[str, Any]", value).items():
                yield (keyword, key), child
        elif isinstance(value, list):
            for index, child in enumerate(cast("list[Any]", value)):
                yield (keyword, index), child


def _target(reference: Any, root: Mapping[str, Any]) -> tuple[Path, Any] | None:
    """The path and value to which a JSON Pointer reference leads; None if it leads nowhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    value: Any = root
    try:
        steps = parse_pointer(unquote(reference[1:]))
        for step in steps:
            value = value[int(step) if isinstance(value, list) else step]
    except (KeyError, IndexError, ValueError, TypeError):
        return None
    return steps, value


def without_limits(value: Any) -> Any:
    """A JSON Schema without the settings that do not change scores."""
    if isinstance(value, list):
        return [without_limits(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    schema = {key: without_limits(inner) for key, inner in cast("dict[str, Any]", value).items()}
    settings = schema.pop(CONF, None)
    if isinstance(settings, dict):
        settings = {k: v for k, v in cast("dict[str, Any]", settings).items() if k in _IN_NUMBERS}
    return {**schema, CONF: settings} if settings not in (None, {}) else schema

"""Settings of a field that live with the model: when it is sure enough, and by what formula.

In:    ``FieldConfig(...)`` in an ``Annotated`` type, or ``"x-fieldconf": {...}`` in a JSON Schema.
Out:   the same word in the type's JSON Schema; a ``FieldConfig`` of it again; a schema without such words.
Never: a setting that is ignored in silence: what is misspelled or cannot apply is an error at once.
Why:   whoever declares a field knows what it costs to be wrong there; whoever scores it may not.

Only places where a JSON Schema stands are read: a property *called* ``x-fieldconf``, and data in an
``enum`` or a ``default``, are no settings.
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
"""The word in a JSON Schema that holds the settings of the place."""
ATTRIBUTES = "x-fieldconf-attributes"
"""The word that maps Python attributes to JSON steps. Written by ``schema.models``."""
PYDANTIC = tuple(map(int, VERSION.split(".")[:2]))
"""The version that is installed: older ones lose words of ours."""

Basis: TypeAlias = Literal["distribution", "joint", "geometric_mean"]

_BASES: tuple[str, ...] = get_args(Basis)
_IN_NUMBERS = frozenset({"basis", "counts"})
"""Settings of a field that change its numbers; the others say what is sure enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldConfig:
    """Settings of one field: ``Annotated[bool, FieldConfig(accept=0.9)]``.

    Of two on one type the outer one wins, setting by setting.

    Attributes:
        accept: from 0 to 1: the confidence from which the field is sure enough; None: not set.
        review: from 0 to ``accept``: the confidence below which it is not worth a look, but is
            to be asked for again; None: not set. See docs/policies.md.
        basis: which formula gives the confidence of a scalar; "distribution" is for domains with
            few values only. None: by kind, see docs/numbers.md.
        counts: False leaves the field, with all that is inside of it, out of the confidence of the
            objects around it and out of the report's confidence and outcome, such as the reason
            that a judge writes beside its score. Its own confidence and verdict stay. None or True:
            it counts, a free text too.
    """

    accept: float | None = None
    review: float | None = None
    basis: Basis | None = None
    counts: bool | None = None

    def __post_init__(self) -> None:
        for _, wrong in _problems(self.settings()):
            raise SchemaError(wrong.what, remedy=wrong.remedy)

    def settings(self) -> dict[str, Any]:
        """What is set, by name, as ``x-fieldconf`` writes it."""
        named = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in named.items() if value is not None}

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        # Before 2.11 a type alias comes as a reference to it, and what is put beside that is lost.
        aliased = PYDANTIC < (2, 11) and "ref" in core_schema and "$ref" in schema
        place = handler.resolve_ref_schema(schema) if aliased else {**schema}
        inner = place.get(CONF, {})
        if not self.settings() or not isinstance(inner, dict):
            return schema  # ``check_settings`` names the latter
        place[CONF] = merged(cast("dict[str, Any]", inner), self.settings())
        return schema if aliased else place


_NAMES = tuple(one.name for one in fields(FieldConfig))


def conf_of(settings: Any, where: str) -> FieldConfig:
    """The settings that ``x-fieldconf`` holds; ``where`` is its JSON Pointer, for messages.

    Raises:
        SchemaError: for an unknown name or a value that cannot be.
    """
    if not isinstance(settings, Mapping):
        raise SchemaError(
            f"{CONF} is no object (at {where})", remedy='Write one such as {"accept": 0.9}'
        )
    given = cast("Mapping[str, Any]", settings)
    for name, wrong in _problems(given):
        raise SchemaError(f"{wrong.what} (at {where}{pointer([name])})", remedy=wrong.remedy)
    return FieldConfig(**given)


def merged(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> dict[str, Any]:
    """Two settings of one place: the outer wins, setting by setting.

    Where ``accept`` and ``review`` of different settings cross, the inner one gives way.

    >>> merged({"accept": 0.9, "review": 0.8}, {"accept": 0.6})
    {'accept': 0.6, 'review': 0.6}
    """
    made = {**inner, **outer}
    if _cross(made) and not _cross(inner) and not _cross(outer):
        own = "accept" if "accept" in outer else "review"
        made |= {"accept": outer[own], "review": outer[own]}
    return made


def check_settings(
    schema: Mapping[str, Any], specification: "Specification[Any] | None" = None
) -> None:
    """Look at the settings of a JSON Schema, its subschemas included.

    Args:
        schema: the document; a valid JSON Schema.
        specification: the draft it is of where its ``$schema`` names none that is known; the
            latest one if it is None.

    Raises:
        SchemaError: for the first setting that is wrong.
    """
    for path, node in _subschemas(schema, specification):
        _check_words(node, path)
        if CONF in node:
            conf_of(node[CONF], pointer((*path, CONF)))


def without_settings(
    schema: Mapping[str, Any], specification: "Specification[Any] | None" = None
) -> dict[str, Any]:
    """A copy of a JSON Schema without our words, as servers know it."""
    copied = cast("dict[str, Any]", _copied(schema))
    for _, node in _subschemas(copied, specification):
        for word in (CONF, ATTRIBUTES):
            node.pop(word, None)
    return copied


def _copied(value: Any) -> Any:
    """A copy in which no two places are the same object."""
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_copied(item) for item in cast("list[Any]", value)]
    return value


# -- what is wrong ------------------------------------------------------------------------------


class _Wrong(NamedTuple):
    what: str
    remedy: str


def _problems(settings: Mapping[str, Any]) -> Iterator[tuple[str, _Wrong]]:
    """What is wrong, each with the name of the setting."""
    for name, value in settings.items():
        if wrong := _problem(name, value):
            yield name, wrong
    if _cross(settings):
        both = f"review {settings['review']} is above accept {settings['accept']}"
        yield "review", _Wrong(both, "What is sure enough needs no review: give a lower one")


def _cross(settings: Mapping[str, Any]) -> bool:
    """Whether ``review`` is above ``accept``."""
    review, accept = settings.get("review"), settings.get("accept")
    if not isinstance(review, (int, float)) or not isinstance(accept, (int, float)):
        return False
    return review > accept


def _problem(name: str, value: Any) -> _Wrong | None:
    if name not in _NAMES:
        return _Wrong(f"unknown setting {name!r}", nearest(name, _NAMES))
    if value is None:
        return None
    if name == "basis":
        known = isinstance(value, str) and value in _BASES
        return None if known else _Wrong(f"unknown basis {value!r}", nearest(value, _BASES))
    if name == "counts":
        known = isinstance(value, bool)
        return None if known else _Wrong(f"counts {value!r} is no boolean", "Give true or false")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and 0 <= value <= 1:
        return None
    return _Wrong(f"the {name} {value!r} is no number from 0 to 1", "Give one such as 0.9")


def _check_words(node: Mapping[str, Any], path: Path) -> None:
    for word in node:
        if str(word).startswith(CONF) and word not in (CONF, ATTRIBUTES):
            raise SchemaError(
                f"unknown word {word!r} (at {pointer((*path, word))})",
                remedy=nearest(word, (CONF, ATTRIBUTES)),
            )
    attributes = node.get(ATTRIBUTES, {})
    if not isinstance(attributes, Mapping) or not all(
        map(_are_steps, cast("Mapping[str, Any]", attributes).values())
    ):
        raise SchemaError(
            f"{ATTRIBUTES} does not map names to lists of steps"
            f" (at {pointer((*path, ATTRIBUTES))})",
            remedy="Leave it out: fieldconf writes it itself, from a Python type",
        )


def _are_steps(value: Any) -> bool:
    steps = cast("list[Any]", value) if isinstance(value, list) else [None]
    return all(isinstance(step, (str, int)) and not isinstance(step, bool) for step in steps)


# -- where schemas stand ------------------------------------------------------------------------


def _subschemas(
    root: Mapping[str, Any], specification: "Specification[Any] | None"
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each schema of a document that is an object, once, and its path."""
    from referencing.jsonschema import DRAFT202012

    waiting: list[tuple[Path, Any]] = [((), root)]
    seen: set[int] = set()
    while waiting:
        path, node = waiting.pop()
        if not isinstance(node, dict) or id(node := cast("dict[str, Any]", node)) in seen:
            continue
        seen.add(id(node))
        yield path, node
        inner = _inner(node, specification or DRAFT202012)
        below = [(place, child) for place, child in _two_steps(node) if id(child) in inner]
        waiting += [((*path, *place), child) for place, child in reversed(below)]
        if target := _target(node.get("$ref"), root):  # it may lead to where no schema is expected
            waiting.insert(0, target)


def _inner(node: dict[str, Any], specification: "Specification[Any]") -> set[int]:
    """The ids of the schemas right inside of one."""
    from referencing import Resource

    try:
        resource = Resource.from_contents(node, default_specification=specification)
        return {id(sub.contents) for sub in resource.subresources()}
    except (AttributeError, TypeError, ValueError):  # a word of another draft, wrongly filled
        return set()


def _two_steps(node: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """What stands one or two steps below; no draft has subschemas deeper."""
    for word, value in node.items():
        yield (word,), value
        if isinstance(value, dict):
            for key, child in cast("dict[str, Any]", value).items():
                yield (word, key), child
        elif isinstance(value, list):
            for index, child in enumerate(cast("list[Any]", value)):
                yield (word, index), child


def _target(reference: Any, root: Mapping[str, Any]) -> tuple[Path, Any] | None:
    """Where a reference by JSON Pointer leads inside of the document; None if nowhere."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    node: Any = root
    try:
        steps = parse_pointer(unquote(reference[1:]))
        for step in steps:
            node = node[int(step) if isinstance(node, list) else step]
    except (KeyError, IndexError, ValueError, TypeError):
        return None
    return steps, node


def scored_by(form: Any) -> Any:
    """A JSON Schema without what says when a field is sure enough."""
    if isinstance(form, list):
        return [scored_by(one) for one in cast("list[Any]", form)]
    if not isinstance(form, dict):
        return form
    made = {key: scored_by(one) for key, one in cast("dict[str, Any]", form).items()}
    settings = made.pop(CONF, None)
    if not isinstance(settings, dict):
        return made if settings is None else {**made, CONF: settings}
    kept = {k: v for k, v in cast("dict[str, Any]", settings).items() if k in _IN_NUMBERS}
    return {**made, CONF: kept} if kept else made

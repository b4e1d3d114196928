"""Compiling: from a pydantic model or a JSON Schema to a ``Schema`` that is ready for use.

In:    a pydantic model (or any type that pydantic understands), a JSON Schema as a dict, a
       ``LabelSet``, or None.
Out:   a ``Schema``: its JSON Schema, the places of its answers, and a validation.
Never: a look at tokens or logprobs; a change to what was given; the same schema compiled twice.
Why:   thousands of answers are read by one schema.
"""

import hashlib
import inspect
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, cast

from pydantic import BaseModel, PydanticUserError, TypeAdapter

from fieldconf.errors import SchemaError
from fieldconf.paths import Path, pointer
from fieldconf.schema.declared import Declared
from fieldconf.schema.field_settings import check_settings, scored_by
from fieldconf.schema.labels import LabelSet
from fieldconf.schema.omitted import restored, written
from fieldconf.schema.places import SchemaNode, SchemaNodes, every_place
from fieldconf.schema.references import draft_of, root_of
from fieldconf.schema.validation import Checker, SchemaViolation, checker, validate_model
from fieldconf.threads import cached_property
from fieldconf.tokens.token import Layout

_CONTAINERS = frozenset({"object", "array"})
_REMEDY = "Give a pydantic model, a JSON Schema or an fc.LabelSet"


@dataclass(frozen=True)
class Schema:
    """A schema ready for use. Made by ``compile_schema``.

    Attributes:
        json: the JSON Schema; {} where none was given.
        type: the pydantic model or other Python type; None for a plain JSON Schema.
        may_be_null: whether what may be left out may also be answered with null.
        labels: of a label set, that: answers are then bare texts, and no JSON; else None.
    """

    json: dict[str, Any] = field(default_factory=dict[str, Any])
    type: Any = None
    may_be_null: bool = False
    labels: LabelSet | None = None
    adapter: TypeAdapter[Any] | None = field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        plain = self.json if self.type is None else self.type
        return _again, (self.labels or plain, self.may_be_null)

    @property
    def name(self) -> str:
        """A name for the schema: the type's, the title, or "answer"; of a label set "label"."""
        title = "label" if self.labels else self.json.get("title")
        return getattr(self.type, "__name__", "") or (isinstance(title, str) and title) or "answer"

    @property
    def is_free(self) -> bool:
        """Whether it asks for nothing: there is no schema."""
        return not self.json and self.adapter is None

    @cached_property
    def memories(self) -> dict[Any, Any]:
        """What others found out of this schema and keep for its next answer; not this one's."""
        return {}

    @cached_property
    def digest(self) -> str:
        """A short text that stands for what answers are read by, the same in each process.

        Two schemas have the same where only the limits of fields (``accept``, ``review``)
        differ: these change no number.

        >>> compile_schema({"type": "boolean"}).digest == compile_schema(bool).digest
        True
        """
        form = scored_by(self.json) if self.labels is None else self.labels.plain
        text = json.dumps(form, ensure_ascii=False, default=_name_of)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.json, ensure_ascii=False)

    def says(self, parts: Iterable[str]) -> bool:
        """Whether one of some texts stands anywhere in it."""
        return any(part in self._text for part in parts)

    @cached_property
    def root(self) -> SchemaNode:
        """The place of the whole answer."""
        return SchemaNodes(root_of(self.json), may_be_null=self.may_be_null).root

    @cached_property
    def asked(self) -> "Schema":
        """The schema as a request asks for it: what may be left out may be null.

        Strict structured output demands every key; a model then says "left out" by null.
        """
        return self if self.may_be_null else replace(self, may_be_null=True)

    def read_with(self, layout: Layout | None) -> "Schema":
        """The schema by which answers are read that a server's grammar laid out."""
        return self if layout is not None and layout.no_null else self.asked

    def at(self, path: Path) -> SchemaNode:
        """The place at a path."""
        return self.root.at(path)

    def declared(self, path: Path) -> Declared:
        """What is declared at a path, all arms of unions together; anything where nothing is."""
        return self.at(path).declared

    # -- validation -----------------------------------------------------------------------------

    def validate(self, text: bytes, data: Any) -> tuple[Any, tuple[SchemaViolation, ...]]:
        """The validated value and no errors, or None and the errors.

        ``text`` is the answer's JSON text and ``data`` the same decoded. Where null may stand for
        what was left out and the answer does not validate with it, the default takes its place.
        """
        value, errors = self._validate(text, data)
        if not errors or not self.may_be_null:
            return value, errors
        # Pydantic fills in defaults itself; those of a JSON Schema may break it.
        for has_defaults in (False,) if self.adapter else (True, False):
            mended = restored(data, self.root, has_defaults=has_defaults)
            text = written(mended)
            if mended is data or not text:
                break
            value, errors = self._validate(text, mended)
            if not errors:
                break
        return value, errors

    @cached_property
    def _check(self) -> Checker:
        return checker(draft_of(self.json).validator, self.json)

    def _validate(self, text: bytes, data: Any) -> tuple[Any, tuple[SchemaViolation, ...]]:
        if self.labels is not None:
            return self.labels.validated(data)
        if self.adapter is not None:
            return validate_model(self.adapter, text, data)
        errors = self._check(data) if self.json else ()
        return (None if errors else data), errors


def _name_of(value: Any) -> str:
    """A name for what JSON cannot hold, such as a function that matches labels."""
    return getattr(value, "__qualname__", None) or type(value).__qualname__


# -- compiling ----------------------------------------------------------------------------------


def compile_schema(schema: Any) -> Schema:
    """Make a ``Schema`` of a pydantic model or type, a JSON Schema, a ``LabelSet``, or None.

    A ``Schema`` is given back as it is. A JSON Schema is a dict or a boolean.

    What was compiled before is not compiled again: types are remembered, and JSON Schemas by their
    text, of which the ``Schema`` keeps a copy of its own.

    Raises:
        SchemaError: if it is none of these, a JSON Schema that is itself invalid, or if it holds
            settings of fields (``x-fieldconf``) that do not exist.

    >>> compile_schema({"properties": {"ok": {"type": "boolean"}}}).declared(("ok",)).members
    (True, False)
    """
    if schema is None or isinstance(schema, Schema):
        return schema or Schema()
    if isinstance(schema, LabelSet):
        return _compile_labels(schema.bare)
    if isinstance(schema, bool):  # JSON Schema's own: everything keeps to True, nothing to False
        schema = {} if schema else {"not": {}}
    if isinstance(schema, dict):
        return _compile_text(_text_of(cast("dict[str, Any]", schema)))
    if isinstance(schema, BaseModel):
        schema = cast("Any", type(schema))
    if inspect.isroutine(schema) or inspect.ismodule(schema):  # pydantic would call it
        raise SchemaError(f"{schema!r} is no schema", remedy=_REMEDY)
    try:
        return _compile_type(schema)
    except TypeError:  # not hashable, or no type: the first is compiled anew each time
        return _compile_type.__wrapped__(schema)


def _compile_labels(labels: LabelSet) -> Schema:
    try:
        return _compile_known_labels(labels)
    except TypeError:  # its function is not hashable
        return _compile_known_labels.__wrapped__(labels)


@lru_cache(maxsize=256)
def _compile_known_labels(labels: LabelSet) -> Schema:
    return Schema({"enum": list(labels.members)}, labels=labels)


def _again(schema: Any, may_be_null: bool) -> Schema:  # noqa: FBT001  # called by pickle
    made = compile_schema(schema)
    return made.asked if may_be_null else made


@lru_cache(maxsize=256)
def _compile_type(kind: Any) -> Schema:
    from fieldconf.schema.pydantic_models import adapter_of, json_schema_of

    try:
        adapter = adapter_of(kind)
        made = json_schema_of(adapter)
    except (PydanticUserError, TypeError, NameError, SyntaxError) as error:
        shown = str(error).splitlines()[0].split(". ")[0]
        raise SchemaError(f"{kind!r} is no schema ({shown})", remedy=_REMEDY) from None
    check_settings(made)
    return _checked(Schema(made, kind, adapter=adapter))


def _text_of(schema: Mapping[str, Any]) -> str:
    try:
        return json.dumps(schema)
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaError(f"not a JSON Schema: {error}", remedy="Give plain JSON values") from None


@lru_cache(maxsize=256)
def _compile_text(text: str) -> Schema:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import SchemaError as InvalidSchema

    schema = cast("dict[str, Any]", json.loads(text))
    try:
        # Formats are not looked at: a pattern may be of another dialect than Python's.
        draft_of(schema).validator.check_schema(schema, format_checker=FormatChecker(()))
    except InvalidSchema as error:
        where = pointer(error.absolute_path)
        raise SchemaError(
            f"not a JSON Schema: {error.message} (at {where or 'its root'})",
            remedy="Mend the schema",
        ) from None
    except RecursionError:
        pass  # nested deeper than jsonschema can check: it is taken at its word
    check_settings(schema, draft_of(schema).specification)
    return _checked(Schema(schema))


def _checked(schema: Schema) -> Schema:
    """The schema, if each basis can apply where it stands."""
    if '"basis"' in json.dumps(schema.json):
        for path, place in every_place(schema.root):
            _check_basis(place.declared, pointer(path) or "the root")
    return schema


def _check_basis(declared: Declared, where: str) -> None:
    basis = declared.conf.basis if declared.conf else None
    kinds = declared.kinds - {"null"}
    if basis and kinds and kinds <= _CONTAINERS:
        raise SchemaError(
            f"a basis is for scalars, and here stands an object or a list (at {where})",
            remedy="Leave it out, or give it to the fields inside",
        )
    is_open = declared.members is None and not kinds & _CONTAINERS
    if basis == "distribution" and is_open:
        raise SchemaError(
            f"the basis 'distribution' needs few values, and here is no end of them (at {where})",
            remedy="Declare an enum or bounds, or take 'joint'",
        )

"""Schema: a pydantic model or a JSON Schema, compiled for reading and validating answers.

In:    a pydantic model (or any type that pydantic understands), a JSON Schema as a dict, a
       ``LabelSet``, or None.
Out:   a ``Schema``: its JSON Schema, the schema nodes of its answers, and a validation.
Never: tokens or logprobs; a change to the caller's object; the same schema compiled twice.
Why:   thousands of answers are read with one schema.
"""

import hashlib
import inspect
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, cast

from pydantic import BaseModel, PydanticUserError, TypeAdapter

from fieldconf.errors import SchemaError
from fieldconf.parsing.json_writing import json_text
from fieldconf.paths import Path, pointer
from fieldconf.schema.declared import Declared
from fieldconf.schema.field_settings import check_settings, without_limits
from fieldconf.schema.label_set import LabelSet
from fieldconf.schema.omitted import restored
from fieldconf.schema.places import SchemaNode, SchemaNodes, every_node
from fieldconf.schema.references import draft_of, root_of
from fieldconf.schema.validation import Checker, SchemaViolation, checker, validate_model
from fieldconf.threads import cached_property
from fieldconf.tokens.token import Layout

_CONTAINERS = frozenset({"object", "array"})
_REMEDY = "Give a pydantic model, a JSON Schema or an fc.LabelSet"


@dataclass(frozen=True)
class Schema:
    """A schema ready for use. Built by ``compile_schema``.

    Attributes:
        json: the JSON Schema; {} if there is none.
        type: the pydantic model or other Python type; None for a plain JSON Schema.
        may_be_null: whether the value of an optional key may also be null.
        labels: the label set if it is one: answers are then bare texts, not JSON; else None.
    """

    json: dict[str, Any] = field(default_factory=dict[str, Any])
    type: Any = None
    may_be_null: bool = False
    labels: LabelSet | None = None
    adapter: TypeAdapter[Any] | None = field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        plain = self.json if self.type is None else self.type
        return _unpickled, (self.labels or plain, self.may_be_null)

    @property
    def name(self) -> str:
        """A name for the schema: the type's name, the title, or "answer"; "label" for labels."""
        title = "label" if self.labels else self.json.get("title")
        return getattr(self.type, "__name__", "") or (isinstance(title, str) and title) or "answer"

    @property
    def is_free(self) -> bool:
        """Whether there is no schema, so that every answer is allowed."""
        return not self.json and self.adapter is None

    @cached_property
    def caches(self) -> dict[Any, Any]:
        """Caches that other modules keep with the schema between its answers."""
        return {}

    @cached_property
    def digest(self) -> str:
        """A short hash of all that influences scores, the same in each process.

        Schemas that differ only in the limits of fields (``accept``, ``review``) have the same
        digest: limits change no score.

        >>> compile_schema({"type": "boolean"}).digest == compile_schema(bool).digest
        True
        """
        form = without_limits(self.json) if self.labels is None else self.labels.plain
        text = json.dumps(form, ensure_ascii=False)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.json, ensure_ascii=False)

    def mentions(self, texts: Iterable[str]) -> bool:
        """Whether one of the texts occurs anywhere in the JSON Schema."""
        return any(text in self._text for text in texts)

    @cached_property
    def root(self) -> SchemaNode:
        """The node of the whole answer."""
        return SchemaNodes(root_of(self.json), may_be_null=self.may_be_null).root

    @cached_property
    def as_requested(self) -> "Schema":
        """The schema of requested answers: the value of an optional key may be null.

        Strict structured output requires every key; a model writes null for "left out".
        """
        return self if self.may_be_null else replace(self, may_be_null=True)

    def read_with(self, layout: Layout | None) -> "Schema":
        """The schema for reading answers whose layout a server's grammar determined."""
        return self if layout is not None and layout.no_null else self.as_requested

    def at(self, path: Path) -> SchemaNode:
        """The node at a path."""
        return self.root.at(path)

    def declared(self, path: Path) -> Declared:
        """What is declared at a path by all variants of unions together.

        Where nothing is declared, everything is allowed.
        """
        return self.at(path).declared

    # -- validation -----------------------------------------------------------------------------

    def validate(self, text: bytes, data: Any) -> tuple[Any, tuple[SchemaViolation, ...]]:
        """The validated value and no errors, or None and the errors.

        ``text`` is the answer's JSON text and ``data`` the same decoded. Where null may stand for a
        left-out key and the answer is not valid with it, the default replaces null.
        """
        value, errors = self._validate(text, data)
        if not errors or not self.may_be_null:
            return value, errors
        # Pydantic fills in defaults itself; those of a JSON Schema may break it.
        for has_defaults in (False,) if self.adapter else (True, False):
            completed = restored(data, self.root, has_defaults=has_defaults)
            if completed is data:
                break
            value, errors = self._validate(json_text(completed), completed)
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


# -- compiling ----------------------------------------------------------------------------------


def compile_schema(schema: Any) -> Schema:
    """Compile a pydantic model or type, a JSON Schema, a ``LabelSet``, or None.

    A JSON Schema is a dict or a boolean. A ``Schema`` is returned as it is. Types are cached, and
    JSON Schemas are cached by their text, of which the ``Schema`` keeps its own copy.

    Raises:
        SchemaError: if it is none of these, if the JSON Schema is invalid, or if it has unknown
            settings of fields (``x-fieldconf``).

    >>> compile_schema({"properties": {"ok": {"type": "boolean"}}}).declared(("ok",)).members
    (True, False)
    """
    if schema is None or isinstance(schema, Schema):
        return schema or Schema()
    if isinstance(schema, bool):  # the JSON Schema True allows every value, False none
        schema = {} if schema else {"not": {}}
    if isinstance(schema, dict):
        try:
            text = json.dumps(schema)
        except (TypeError, ValueError, RecursionError) as error:
            message = f"not a JSON Schema: {error}"
            raise SchemaError(message, remedy="Use plain JSON values") from None
        return _compile_text(text)
    if isinstance(schema, BaseModel):
        schema = cast("Any", type(schema))
    if inspect.isroutine(schema) or inspect.ismodule(schema):  # pydantic would call it
        raise SchemaError(f"{schema!r} is no schema", remedy=_REMEDY)
    compiled = _compile_labels if isinstance(schema, LabelSet) else _compile_type
    source = schema.bare if isinstance(schema, LabelSet) else schema
    try:
        return compiled(source)
    except TypeError:  # not hashable: compiled without the cache; or no type: this raises again
        return compiled.__wrapped__(source)


@lru_cache(maxsize=256)
def _compile_labels(labels: LabelSet) -> Schema:
    return Schema({"enum": list(labels.members)}, labels=labels)


def _unpickled(schema: Any, may_be_null: bool) -> Schema:  # noqa: FBT001  # called by pickle
    compiled = compile_schema(schema)
    return compiled.as_requested if may_be_null else compiled


@lru_cache(maxsize=256)
def _compile_type(kind: Any) -> Schema:
    from fieldconf.schema.pydantic_models import json_schema_of

    try:
        adapter = TypeAdapter[Any](kind)
        json_schema = json_schema_of(adapter)
    except (PydanticUserError, TypeError, NameError, SyntaxError) as error:
        cause = str(error).splitlines()[0].split(". ")[0]
        raise SchemaError(f"{kind!r} is no schema ({cause})", remedy=_REMEDY) from None
    check_settings(json_schema)
    return _with_valid_bases(Schema(json_schema, kind, adapter=adapter))


@lru_cache(maxsize=256)
def _compile_text(text: str) -> Schema:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import SchemaError as InvalidSchema

    schema = cast("dict[str, Any]", json.loads(text))
    try:
        # Formats are not checked: a pattern may be valid in another dialect than Python's.
        draft_of(schema).validator.check_schema(schema, format_checker=FormatChecker(()))
    except InvalidSchema as error:
        where = pointer(error.absolute_path)
        raise SchemaError(
            f"not a JSON Schema: {error.message} (at {where or 'its root'})",
            remedy="Correct the schema at this place",
        ) from None
    except RecursionError:
        pass  # nested deeper than jsonschema can check: it counts as valid
    check_settings(schema, draft_of(schema).specification)
    return _with_valid_bases(Schema(schema))


def _with_valid_bases(schema: Schema) -> Schema:
    """The schema itself, if the ``basis`` and ``may_not_fit`` of each field apply there."""
    if not schema.mentions(['"basis"', '"may_not_fit"']):
        return schema
    for path, node in every_node(schema.root):
        declared = node.declared
        basis, where = declared.conf and declared.conf.basis, pointer(path) or "the root"
        kinds = declared.kinds - {"null"}
        if basis and kinds and kinds <= _CONTAINERS:
            raise SchemaError(
                f"a basis applies to scalars only, not to an object or a list (at {where})",
                remedy="Remove it, or set it on the fields inside",
            )
        is_open = declared.members is None and not kinds & _CONTAINERS
        if basis == "distribution" and is_open:
            raise SchemaError(
                "the basis 'distribution' needs a small set of allowed values, and this field has"
                f" an open domain (at {where})",
                remedy="Declare an enum or bounds, or use the basis 'joint'",
            )
        if declared.conf is None or not declared.conf.may_not_fit:
            continue
        if declared.members is None:
            raise SchemaError(
                "may_not_fit needs a small set of allowed values, and this field has another domain"
                f" (at {where})",
                remedy="Declare an enum or bounds, or remove it",
            )
        if basis not in (None, "distribution"):
            raise SchemaError(
                f"may_not_fit changes the basis 'distribution', and this field has {basis!r}"
                f" (at {where})",
                remedy="Remove one of the two",
            )
    return schema

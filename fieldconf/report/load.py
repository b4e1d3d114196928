"""Loading: the arguments of a report, from its plain JSON values.

In:    what ``Report.to_dict`` returned, as a dict or as JSON text; the schema, if there is one.
Out:   the values of a ``Report``'s attributes, by name.
Never: an unknown key skipped; an error of another library, whatever the text is.
Why:   a report is saved today and read next year, by other people.

The plain form of a container's field has no value: the value is looked up in the data. What JSON
cannot hold (inf, huge integers, deep nesting) is in the fields, and is put back into the data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from fieldconf.distributions.distribution import Distribution
from fieldconf.errors import PayloadError, PolicyError, SchemaError
from fieldconf.fields.field import Field
from fieldconf.fields.pickling import value_at
from fieldconf.fields.plain_values import DEEPEST, number_of, plain_value
from fieldconf.fields.status import WHOLE
from fieldconf.parsing.json_writing import json_text
from fieldconf.parsing.kinds import kind_of
from fieldconf.paths import Path, pointer
from fieldconf.policy import Policy
from fieldconf.render.table import printable
from fieldconf.schema import Declared, Schema, SchemaNode, SchemaViolation
from fieldconf.tokens.token import Token, utf8

if TYPE_CHECKING:
    from fieldconf.report import saved_form

VERSION = 2
"""Of the plain form. It changes when a key goes or comes to mean something else."""

_REMEDY = "Give what Report.to_dict or Report.to_json wrote, with this version of fieldconf"

R = TypeVar("R")


def read_text(text: str | bytes) -> Any:
    """The plain values in a JSON text.

    Raises:
        PayloadError: if it is no JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"not a saved report: {error}", remedy=_REMEDY) from None
    except TypeError:
        shown = type(text).__name__
        raise PayloadError(
            "not the text of a saved report", found=shown, remedy="Give str or bytes"
        ) from None


def read(plain: Any, schema: Schema, report: type) -> dict[str, Any]:
    """The arguments of ``report``, which is the class ``Report``, by name.

    Raises:
        PayloadError: if it is not the plain form of a report; it says what is wrong, and where.
    """
    from fieldconf.report import saved_form  # noqa: PLC0415  # models take long to import

    try:
        form = saved_form.form_of_report(report).model_validate(dict(plain))
        return _made(form, schema)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "/".join(map(str, first["loc"]))
        problem = f"{where}: {first['msg']}" if where else first["msg"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        problem = str(error)
    except (PolicyError, SchemaError) as error:
        problem = str(error)
    raise PayloadError(f"not a saved report: {printable(problem)}", remedy=_REMEDY) from None


def _made(form: saved_form.SavedReport, schema: Schema) -> dict[str, Any]:
    attributes = form.attributes
    tokens: tuple[Token, ...] = attributes["tokens"]
    paths = _paths(form.fields)
    leaves = {name: _leaf_value(saved) for name, saved in form.fields.items()}
    data = _mended(form.data, [(paths[name], form.fields[name], leaves[name]) for name in paths])
    fields: dict[str, Field] = {}
    for name, saved in form.fields.items():
        has_value = "value" in saved.model_fields_set
        value = leaves[name] if has_value else value_at(paths[name], data)
        fields[name] = _field(saved, paths[name], value, tokens)
    text = None if attributes["text"] is None else utf8(attributes["text"])
    fields = with_declared(fields, text, schema)
    if not schema.json:  # then a field has the settings that it had when it was saved
        for name, saved in form.fields.items():
            declared = fields[name].declared
            if saved.conf is not None and declared is not None:
                fields[name] = replace(fields[name], declared=replace(declared, conf=saved.conf))
    errors = tuple(_error(saved, data, tokens) for saved in form.errors)
    value = None
    if attributes["status"] in WHOLE and "" in fields:
        root = fields[""]
        written = json_text(data) if text is None else text[root.start : root.stop]
        value, errors = _validated(written, data, errors, schema, fields)
    return attributes | {
        "value": value, "data": data, "fields": fields, "errors": errors, "mask": form.mask,
        "policy": Policy.from_dict(form.policy), "schema": schema,
    }  # fmt: skip


def _paths(fields: Mapping[str, saved_form.SavedField]) -> dict[str, Path]:
    """The path of each pointer: a step into a list is an index."""
    paths: dict[str, Path] = {}
    for name in fields:
        up, slash, last = name.rpartition("/")
        if name and not slash:
            raise ValueError(f"fields: {name!r} is no JSON Pointer")
        step = last.replace("~1", "/").replace("~0", "~")
        parent = fields.get(up)
        is_index = parent is not None and parent.kind == "array"
        paths[name] = (*paths.get(up, ()), int(step) if is_index else step) if name else ()
    return paths


def _leaf_value(form: saved_form.SavedField) -> Any:
    is_number = form.kind == "number" and isinstance(form.value, str)
    return number_of(form.value) if is_number else form.value


def _mended(data: Any, fields: Sequence[tuple[Path, saved_form.SavedField, Any]]) -> Any:
    """The data, with the numbers that JSON cannot hold and with what is nested too deep."""
    containers: dict[Path, Any] = {(): data}
    for path, form, value in fields:
        is_container = form.kind in ("object", "array")
        is_open = "truncated" in form.attributes["flags"] and not is_container
        is_deep = len(path) > DEEPEST or (is_container and len(path) == DEEPEST)
        parent = containers.get(path[:-1]) if path else None
        if is_deep and not is_open:
            item: Any = ({} if form.kind == "object" else []) if is_container else value
            _put(parent, path[-1], item)
        elif value is not form.value:  # a number
            if path and value_at(path[-1:], parent) == form.value:
                _put(parent, path[-1], value)
            elif not path and data == form.value:
                data = value
        if is_container and path:
            containers[path] = value_at(path[-1:], parent)
    return data


def _put(parent: Any, step: str | int, value: Any) -> None:
    if isinstance(step, int) and step == len(parent):
        parent.append(value)
    else:
        parent[step] = value


def _field(form: saved_form.SavedField, path: Path, value: Any, tokens: tuple[Token, ...]) -> Field:
    start, stop = form.span
    if any(not 0 <= index < len(tokens) for index in form.indexes):
        raise ValueError(f"fields: a token index of {pointer(path)!r} is out of range")
    attributes = form.attributes
    attributes["distribution"] = _restored(attributes["distribution"], value)
    return Field(
        path, value, form.kind, start=start, stop=stop, indexes=tuple(form.indexes), source=tokens,
        **attributes,
    )  # fmt: skip


def _restored(distribution: Distribution | None, value: Any) -> Distribution | None:
    """The same where the field's own number, which had to be written as text, is a candidate."""
    text = plain_value(value)
    if distribution is None or not isinstance(text, str) or isinstance(value, str):
        return distribution
    members = (m._replace(value=value) if m.value == text else m for m in distribution.candidates)
    return replace(distribution, candidates=tuple(members))


def with_declared(
    fields: Mapping[str, Field], text: bytes | None, schema: Schema
) -> dict[str, Field]:
    """The fields with what the schema says of each; the value decides between variants."""
    places: dict[Path, SchemaNode] = {}
    declared: dict[Path, Declared] = {}
    for field in fields.values():
        parent, step = places.get(field.path[:-1]), field.path[-1] if field.path else ""
        if not field.path or parent is None:
            place = schema.at(field.path)
        else:
            narrowed = parent.with_key(step) if isinstance(step, str) else parent
            place = narrowed.inside(step)
            if field.is_leaf or field.kind in ("object", "array"):
                narrowed = narrowed.with_value(step, _written(field, text))
            places[field.path[:-1]] = narrowed
        places[field.path] = place
        declared[field.path] = place.declared
    completed: dict[str, Field] = {}
    for name, field in fields.items():
        last = places[field.path].declared  # of a container, with what was written inside
        own = declared[field.path] if field.is_leaf else last
        completed[name] = replace(field, declared=own)
    return completed


def _written(field: Field, text: bytes | None) -> bytes:
    """The JSON text of a field, as far as it decides: of a container its opening byte."""
    if field.kind in ("object", "array"):
        return b"{" if field.kind == "object" else b"["
    return json_text(field.value) if text is None else text[field.start : field.stop]


def _error(
    form: saved_form.SavedViolation, data: Any, tokens: tuple[Token, ...]
) -> SchemaViolation:
    path: Path = ()
    inside = data
    for part in form.pointer.split("/")[1:]:
        step = part.replace("~1", "/").replace("~0", "~")
        is_index = isinstance(inside, list) and step.isdecimal()
        path = (*path, int(step) if is_index else step)
        inside = value_at(path[-1:], inside)
    is_there = plain_value(inside) == form.value and kind_of(form.value) != "boolean"
    return SchemaViolation(
        form.pointer, form.problem, path, inside if is_there else form.value, form.confidence,
        tuple(tokens[index] for index in form.indexes),
    )  # fmt: skip


def _validated(
    text: bytes,
    data: Any,
    errors: tuple[SchemaViolation, ...],
    schema: Schema,
    fields: Mapping[str, Field],
) -> tuple[Any, tuple[SchemaViolation, ...]]:
    """The value and the errors by the schema of today; without one, as they were saved."""
    if schema.is_free:
        return (None if errors else data), errors
    if schema.labels is not None and errors:  # what was written is not among the data
        return None, errors
    value, errors_now = schema.validate(text, data)
    if [(e.pointer, e.problem) for e in errors_now] == [(e.pointer, e.problem) for e in errors]:
        return value, errors
    return value, tuple(how_sure(error, fields) for error in errors_now)


def how_sure(error: SchemaViolation, fields: Mapping[str, Field]) -> SchemaViolation:
    """An error, and how sure the model was of what is wrong."""
    field = fields.get(error.pointer)
    if field is None:
        return error
    return replace(error, confidence=field.confidence, tokens=field.tokens)

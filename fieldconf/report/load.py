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
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from fieldconf.distributions.distribution import Distribution, Member, Rival
from fieldconf.distributions.explanation import Explanation
from fieldconf.distributions.open_values import OpenValueStep
from fieldconf.errors import PayloadError, PolicyError, SchemaError
from fieldconf.fields.field import Field
from fieldconf.fields.pickling import value_at
from fieldconf.fields.plain_values import DEEPEST, number_of, plain_value
from fieldconf.fields.readings import Agreement, Calibrated, Reading, RequestCost, SourceSpan
from fieldconf.fields.status import WHOLE, Stopped
from fieldconf.formulas import TextScore
from fieldconf.parsing.json_writing import json_text
from fieldconf.parsing.kinds import kind_of
from fieldconf.paths import Path, pointer
from fieldconf.policy import Policy
from fieldconf.render.table import printable
from fieldconf.schema import Declared, Schema, SchemaNode, SchemaViolation
from fieldconf.schema.field_settings import FieldConfig
from fieldconf.tokens.token import Candidate, Token, utf8

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


def read(plain: Any, schema: Schema) -> dict[str, Any]:
    """What a report is made of, by name.

    Raises:
        PayloadError: if it is not the plain form of a report; it says what is wrong, and where.
    """
    from fieldconf.report import saved_form  # noqa: PLC0415  # models take long to import

    try:
        form = saved_form.SavedReport.model_validate(dict(plain))
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


# -- the parts ----------------------------------------------------------------------------------


def _maybe(make: Callable[[Any], R], form: Any) -> R | None:
    return None if form is None else make(form)


def _rivals(forms: Sequence[saved_form.SavedRival]) -> tuple[Rival, ...]:
    return tuple(Rival(form.text, form.probability) for form in forms)


def _member(form: saved_form.SavedMember) -> Member:
    return Member(form.value, form.probability, form.low, form.high)


def _distribution(form: saved_form.SavedDistribution) -> Distribution:
    return Distribution(
        tuple(map(_member, form.candidates)), form.off_schema, form.unseen, form.decided_at,
        _rivals(form.other), form.calls, form.rest, _rivals(form.beginnings),
        tuple(map(_member, form.unnormalised)),
    )  # fmt: skip


def _restored(distribution: Distribution | None, value: Any) -> Distribution | None:
    """The same where the field's own number, which had to be written as text, is a candidate."""
    text = plain_value(value)
    if distribution is None or not isinstance(text, str) or isinstance(value, str):
        return distribution
    members = (m._replace(value=value) if m.value == text else m for m in distribution.candidates)
    return replace(distribution, candidates=tuple(members))


def _why(form: saved_form.SavedExplanation) -> Explanation:
    return Explanation(form.token, form.text, form.share, _rivals(form.rivals))


def _choice(form: saved_form.SavedStep) -> OpenValueStep:
    rivals = _rivals(form.rivals)
    return OpenValueStep(
        form.token, form.agreeing, form.possible, form.off_schema, form.unseen, rivals
    )


def _candidate(form: saved_form.SavedCandidate) -> Candidate:
    raw = None if form.bytes is None else bytes(form.bytes)
    if form.logprob is None:
        raise ValueError(f"the candidate {form.text!r} has no logprob")
    logprob = -math.inf if form.logprob == "-inf" else form.logprob
    return Candidate(form.text, raw, logprob, form.id)


def _token(form: saved_form.SavedToken) -> Token:
    raw = None if form.bytes is None else bytes(form.bytes)
    if form.logprob == "-inf":
        raise ValueError(f"the token {form.text!r} was written, but has the logprob -inf")
    candidates = tuple(map(_candidate, form.candidates))
    return Token(form.text, raw, form.logprob, candidates, form.id, form.note)


def _score(form: saved_form.SavedTextScore) -> TextScore:
    """JSON has no infinity: where the mean is known, the perplexity is."""
    is_beyond = form.perplexity is None and form.mean is not None
    perplexity = math.inf if is_beyond else form.perplexity
    return TextScore(form.logprob, form.mean, perplexity, form.tokens)


def _record(kind: Callable[..., R]) -> Callable[[saved_form.SavedRecord], R]:
    """From the plain form of a small record to the record, name by name."""
    return lambda form: kind(**{name: getattr(form, name) for name in type(form).model_fields})


# -- the whole ----------------------------------------------------------------------------------


def _made(form: saved_form.SavedReport, schema: Schema) -> dict[str, Any]:
    tokens = tuple(map(_token, form.tokens))
    paths = _paths(form.fields)
    leaves = {name: _leaf_value(saved) for name, saved in form.fields.items()}
    data = _mended(form.data, [(paths[name], form.fields[name], leaves[name]) for name in paths])
    values = {
        name: value if "value" in form.fields[name].model_fields_set
        else value_at(paths[name], data)
        for name, value in leaves.items()
    }  # fmt: skip
    fields = {
        name: _field(saved, paths[name], values[name], tokens)
        for name, saved in form.fields.items()
    }
    text = None if form.text is None else utf8(form.text)
    fields = with_declared(fields, text, schema)
    if not schema.json:
        fields = {name: _with_conf(field, form.fields[name].conf) for name, field in fields.items()}
    errors = tuple(_error(saved, data, tokens) for saved in form.errors)
    value = None
    if form.status in WHOLE and "" in fields:
        root = fields[""]
        written = json_text(data) if text is None else text[root.start : root.stop]
        value, errors = _validated(written, data, errors, schema, fields)
    return {
        "status": form.status, "value": value, "data": data, "fields": fields, "errors": errors,
        "reason": form.reason, "flags": tuple(form.flags), "mask": form.mask,
        "precision": form.precision, "choice": form.choice, "tool": form.tool,
        "answer_score": _maybe(_score, form.answer_score),
        "prompt_score": _maybe(_score, form.prompt_score),
        "stopped": _maybe(_record(Stopped), form.stopped),
        "calibration": _maybe(_record(Calibrated), form.calibration),
        "requests": tuple(map(_record(RequestCost), form.requests)),
        "input_tokens": form.input_tokens, "output_tokens": form.output_tokens,
        "policy": Policy.from_dict(form.policy),
        "owners": tuple(form.owners), "text": form.text, "tokens": tokens, "model": form.model,
        "prompt_tokens": tuple(map(_token, form.prompt_tokens)),
        "finish_reason": form.finish_reason, "refusal": form.refusal, "schema": schema,
        "response": form.response,
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
        is_open = "truncated" in form.flags and not is_container
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
    return Field(
        path, value, form.kind, confidence=form.confidence, raw=form.raw, low=form.low,
        high=form.high, logprob=form.logprob, basis=form.basis,
        distribution=_restored(_maybe(_distribution, form.distribution), value),
        expected=form.expected, std=form.std, variants=_maybe(_distribution, form.variants),
        presence={name: _member(member) for name, member in form.presence.items()},
        end_probabilities=tuple(map(_member, form.end_probabilities)),
        min_step=_maybe(_choice, form.min_step),
        why=_maybe(_why, form.why),
        readings=tuple(map(_record(Reading), form.readings)),
        agreement=_maybe(_record(Agreement), form.agreement),
        source_spans=_maybe(
            lambda forms: tuple(map(_record(SourceSpan), forms)), form.source_spans
        ),
        flags=tuple(form.flags), reason=form.reason,
        start=start, stop=stop, indexes=tuple(form.indexes), source=tokens,
    )  # fmt: skip


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


def _with_conf(field: Field, form: saved_form.SavedFieldConfig | None) -> Field:
    """A field of no schema with the settings that it had when it was saved."""
    if form is None or field.declared is None:
        return field
    return replace(field, declared=replace(field.declared, conf=_record(FieldConfig)(form)))


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

"""JSON Schema of a report: for programs in other languages that read what ``to_json`` wrote.

In:    nothing: the saved form and the docstrings of the records.
Out:   a JSON Schema (draft 2020-12) of the form that this version writes, with a text for each key.
Never: keys or texts that are listed once more here; the older forms that ``from_dict`` reads too.
Why:   TypeScript types, validators and forms are made from a schema.
"""

import re
from typing import Any, cast

from fieldconf.distributions.explanation import Explanation
from fieldconf.fields.field import Field
from fieldconf.policy import Reason
from fieldconf.report.docstrings import attributes_of, summary_of
from fieldconf.report.load import VERSION
from fieldconf.report.report import Report
from fieldconf.report.saved_form import form_of_report
from fieldconf.schema import SchemaViolation
from fieldconf.tokens.token import Candidate, Token

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PREFIX = "Saved"

_SOMETIMES: dict[str, tuple[str, ...]] = {
    "Report": (
        "requests", "calibration", "response", "text", "tokens", "prompt_tokens", "owners",
    ),
    "Field": (
        "value", "raw", "conf", "readings", "agreement", "source_spans", "source_candidates",
        "fitted_rank", "indexes", "min_step",
    ),
    "FieldConfig": ("accept", "review", "basis", "counts", "may_not_fit"),
    "Distribution": ("unnormalised",),
    "Violation": ("indexes",),
    "Token": ("bytes", "id", "candidates", "note"),
    "Candidate": ("bytes", "id"),
}  # fmt: skip
"""The keys that ``to_dict`` leaves out where they are empty; all others are always there."""


_RECORDS: dict[str, type] = {
    "Report": Report, "Field": Field, "Explanation": Explanation, "Reason": Reason,
    "Violation": SchemaViolation, "Token": Token, "Candidate": Candidate,
}  # fmt: skip
"""The records whose saved form has keys that are no attributes of them, or differ from them."""

_TEXTS = {
    "version": "the version of this form.",
    "span": "the half-open byte span of the value's JSON text in the answer.",
    "conf": "the settings of the field in its schema.",
    "reasons": "what speaks against the value, by the policy.",
    "indexes": "the indexes of the touching tokens.",
    "bytes": "its bytes, 0 to 255 each.",
}


def report_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what ``Report.to_dict`` and ``to_json`` return.

    >>> schema = report_schema()
    >>> schema["title"], schema["properties"]["confidence"]["anyOf"]
    ('Report', [{'type': 'number'}, {'type': 'null'}])
    """
    plain = form_of_report(Report).model_json_schema()
    inner: dict[str, Any] = {
        name.removeprefix(_PREFIX): _object(schema) for name, schema in plain.pop("$defs").items()
    }
    schema = _object(plain | {"title": "Report"})
    schema["properties"]["version"] |= {"enum": [VERSION]}
    return {"$schema": _DIALECT, **schema, "$defs": inner}


def _object(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of one object, with its name, its texts and the keys that are always there."""
    title = schema["title"].removeprefix(_PREFIX)
    keys: dict[str, Any] = {name: _named(key) for name, key in schema["properties"].items()}
    if record := _RECORDS.get(title):
        texts = attributes_of(record) | _TEXTS
        keys = {
            name: key if "description" in key else key | {"description": _in_json(texts[name])}
            for name, key in keys.items()
        }
        schema = schema | {"description": summary_of(record)}
    named = {
        "title": title,
        "description": schema["description"],
        "type": "object",
        "properties": keys,
        "required": [name for name in keys if name not in _SOMETIMES.get(title, ())],
        "additionalProperties": False,
    }
    assert named.keys() >= schema.keys(), schema.keys()
    return named


def _named(part: Any) -> Any:
    """A part of a schema with the names above, without titles and defaults."""
    if isinstance(part, list):
        return [_named(item) for item in cast("list[Any]", part)]
    if not isinstance(part, dict):
        return part.replace(f"/{_PREFIX}", "/") if isinstance(part, str) else part
    members = cast("dict[str, Any]", part)
    if text := members.get("description"):
        members = members | {"description": _in_json(text)}
    return {key: _named(value) for key, value in members.items() if key not in ("title", "default")}


def _in_json(text: str) -> str:
    """The words of a docstring with the names that JSON has for Python's constants."""
    return re.sub(r"\b(None|True|False)\b", lambda name: _JSON_NAMES[name[0]], text)


_JSON_NAMES = {"None": "null", "True": "true", "False": "false"}

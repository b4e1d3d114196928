"""Schemas: the declarations for each path of an answer, and the validation of answers.

In:    a pydantic model, a JSON Schema or a ``LabelSet``; answers.
Out:   a ``Schema``: its ``SchemaNode`` tree with the declarations, and its validation.
Never: tokens or logprobs.
Why:   the alternatives of a value are known only from the schema.

From a JSON Schema to declarations:

* ``references``: the subschemas of a document, their drafts, and the targets of references;
* ``keywords``: what one schema requires by its own keywords;
* ``unions``: references and unions resolved into cases;
* ``constraints``: whether a prefix of a scalar can still become an allowed value (``regexes``:
  patterns that always terminate);
* ``declared``: the declarations of all cases of one node;
* ``places``: schema nodes, each with the nodes inside of it, narrowed by what was written;
* ``schema``: all of this compiled into one ``Schema``.

Other kinds of schemas and settings:

* ``pydantic_models``: the JSON Schema of a pydantic model;
* ``label_set``: label sets, whose answers are bare texts;
* ``field_settings``: thresholds and formulas that are declared with a field;
* ``attribute_paths``: from Python attributes to paths of an answer;
* ``omitted``: null values that stand for left-out keys;
* ``outline``: a schema for some paths of an answer.

Validation:

* ``validation``: the violations of an answer;
* ``proving``: a fast proof that there are none;
* ``bounded_validation``: jsonschema that always terminates;
* ``pydantic_errors``: the paths of pydantic's errors.
"""

from fieldconf.parsing.kinds import KINDS, kind_of, same
from fieldconf.schema.declared import MAX_MEMBERS, Declared, UnionVariant
from fieldconf.schema.label_set import LabelSet
from fieldconf.schema.places import SchemaNode
from fieldconf.schema.schema import Schema, compile_schema
from fieldconf.schema.validation import SchemaViolation

__all__ = [
    "KINDS",
    "MAX_MEMBERS",
    "Declared",
    "LabelSet",
    "Schema",
    "SchemaNode",
    "SchemaViolation",
    "UnionVariant",
    "compile_schema",
    "kind_of",
    "same",
]  # fmt: skip

"""Schema: what was declared at each place of an answer, and whether an answer keeps to it.

* ``values``: the kinds of JSON values, and when two are the same;
* ``settings``: the settings of a field that live with the model;
* ``documents``: a JSON Schema, where its references lead, and which draft reads it;
* ``parts``: what one plain schema asks of a value;
* ``cases``: references and unions undone: the ways in which a value can keep to a schema;
* ``declared``: what all of them say of one place;
* ``places``: the places of an answer, and what was written decides between the arms;
* ``models``: from a pydantic model to its JSON Schema;
* ``attributes``: from Python attributes to places;
* ``restoring``: the way back from the strict form;
* ``labels``: labels as a schema: answers that are bare texts;
* ``validation``: where and how an answer breaks its schema (``proving``: that it surely does not;
  ``bounded``: jsonschema that always comes to an end; ``located``: where an error of pydantic's
  is);
* ``compiling``: all of it as one ``Schema``.
"""

from fieldconf.parsing.kinds import KINDS, kind_of, same
from fieldconf.schema.declared import MAX_MEMBERS, Declared, UnionVariant
from fieldconf.schema.labels import LabelSet
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

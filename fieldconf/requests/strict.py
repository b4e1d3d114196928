"""Strict form: a schema in the form that strict structured output demands.

In:    a compiled ``Schema``; the server's ``Grammar``.
Out:   ``StrictForm``: the JSON Schema to send, and a list of what it cannot express.
Never: a change to the argument; a loss that is not listed; another order of fields than the
       schema's, since the model writes, and so reasons, in this order.
Why:   servers that constrain decoding to a schema refuse most of JSON Schema, with a status of 400.

The form is written from the schema nodes, where references, ``allOf``, conditions and drafts are
already resolved. Every key is required and no other key is allowed. An optional key may be null
instead, and ``Schema.validate`` replaces this null by the default.
"""

from dataclasses import dataclass, field
from typing import Any

from fieldconf.errors import SchemaError
from fieldconf.providers.grammars import STRICT, Grammar
from fieldconf.requests.strict_losses import Loss, exceeded_limits, lost_relations
from fieldconf.requests.strict_writer import Writer
from fieldconf.schema import Schema, compile_schema

__all__ = ["Loss", "StrictForm", "strict"]


@dataclass(frozen=True)
class StrictForm:
    """A schema in the form that strict structured output demands. Built by ``strict``.

    Attributes:
        schema: the JSON Schema to send.
        lost: what it cannot express; the answer is still validated with the whole schema.
        source: the original schema; ``score`` and ``request`` accept it.
    """

    schema: dict[str, Any]
    lost: tuple[Loss, ...]
    source: Schema = field(repr=False)


def strict(schema: Any, grammar: Grammar = STRICT) -> StrictForm:
    """The strict form of a pydantic model or a JSON Schema, and what it cannot express.

    Raises:
        SchemaError: if the schema is no schema, a label set, or nested deeper than Python goes.

    >>> form = strict({"type": "object", "properties": {"a": {"type": "string", "minLength": 2}}})
    >>> form.schema["required"], form.schema["properties"]["a"]
    (['a'], {'anyOf': [{'type': 'string'}, {'type': 'null'}]})
    >>> print(*form.lost)
    /a: minLength 2
    """
    source = compile_schema(schema).as_requested
    if source.labels is not None:
        raise SchemaError(
            "a label set has no strict form: its answers are not JSON",
            remedy="Use fc.request for a label set",
        )
    writer = Writer(grammar)
    try:
        document = writer.document(source.root)
        lost = [*writer.lost, *lost_relations(source.json), *exceeded_limits(document, grammar)]
        if source.root.is_simplified:
            lost.append(Loss("", "some conditions and unions, which have too many combinations"))
    except RecursionError:
        raise SchemaError(
            "the schema is nested too deep", remedy="Use fewer levels of objects and lists"
        ) from None
    return StrictForm(document, tuple(dict.fromkeys(lost)), source)

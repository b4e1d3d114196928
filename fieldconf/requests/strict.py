"""The strict form: a schema as strict structured output demands it, what is lost, the way back.

In:    a compiled ``Schema``; what a server's grammar understands.
Out:   ``StrictForm``: the JSON Schema to send, and a list of what it cannot say.
Never: a changed argument; a loss that is not listed; another order of fields than the model's,
       since it is the order in which the model thinks.
Why:   servers that hold the model to a schema refuse most of JSON Schema, and say so by a 400.

The form is written from the schema's places, where references, ``allOf``, conditions and drafts
are undone already. Every key is required and no other is allowed; what may be left out may be null
instead, and null comes back as the default (``Schema.validate`` sees to that).

* ``losses``: what cannot be said;
* ``words``: several schemas that hold at once, as one;
* ``writer``: from places to a document;
* ``relations`` and ``limits``: what the document does not say, and whether it is too large.
"""

from dataclasses import dataclass, field
from typing import Any

from fieldconf.errors import SchemaError
from fieldconf.providers.grammars import STRICT, Grammar
from fieldconf.requests.strict_limits import exceeded
from fieldconf.requests.strict_losses import Loss
from fieldconf.requests.strict_relations import Relations
from fieldconf.requests.strict_writer import Writer
from fieldconf.schema import Schema, compile_schema

__all__ = ["Loss", "StrictForm", "strict"]


@dataclass(frozen=True)
class StrictForm:
    """A schema as strict structured output demands it. Made by ``strict``.

    Attributes:
        schema: the JSON Schema to send.
        lost: what it cannot say; the answer is still validated by the whole schema.
        source: the schema that it was made of; ``score`` and ``request`` take it.
    """

    schema: dict[str, Any]
    lost: tuple[Loss, ...]
    source: Schema = field(repr=False)


def strict(schema: Any, grammar: Grammar = STRICT) -> StrictForm:
    """The strict form of a pydantic model or a JSON Schema, and what is lost on the way.

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
            "a label set has no strict form: its answers are no JSON",
            remedy="fc.request says how labels are asked for",
        )
    writer = Writer(grammar)
    try:
        made = writer.document(source.root)
        lost = [*writer.lost, *Relations().lost(source.json), *exceeded(made, grammar)]
        if source.root.is_simplified:
            lost.append(Loss("", "some of the conditions and unions that multiply"))
    except RecursionError:
        raise SchemaError("the schema is nested too deep", remedy="Make it flatter") from None
    return StrictForm(made, tuple(dict.fromkeys(lost)), source)

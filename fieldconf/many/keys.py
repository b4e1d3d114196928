"""Keys: they tell whether a saved answer belongs to this input and these settings.

In:    a schema, the request that is made of it, an input.
Out:   short texts: equal where the same would be asked, and read by the same schema.
Never: an address of memory, of a server or a process: tomorrow they are others.
Why:   answers to another question must not pass for these in silence.

What decides when a field is sure enough (thresholds, policies) is no part of a key: it does not
change what was answered. Where further steps are asked for what is in doubt, it does, and is one.
Time limits and HTTP headers are none.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar

from pydantic import BaseModel

from fieldconf.extraction.calls import PreparedRequest
from fieldconf.extraction.inputs import Image
from fieldconf.extraction.options import Options
from fieldconf.providers.provider_table import PROVIDERS
from fieldconf.schema import Schema
from fieldconf.schema.field_settings import without_limits

_INDECISIVE_OPTIONS = frozenset(
    {"observe", "log_values", "request_options", "policy", "calibration"}
)
"""Options that do not change the answer; ``request_options`` are arguments of the call already."""
_INDECISIVE_ARGUMENTS = frozenset({"timeout", "extra_headers"})


def settings_key(call: PreparedRequest, options: Options) -> tuple[str, str]:
    """The keys of the schema, and of all else that decides the answers.

    Args:
        call: the request as it is for an empty text.
        options: those of which it was made.
    """
    return _digest(_scored(call.schema), 8), _digest(_decisive_parts(call, options), 8)


@dataclass(frozen=True, slots=True)
class StepKey:
    """One step: what it would ask of an empty text, and how.

    Attributes:
        call, options: the request, and the options of which it was made.
        blind, price: as in ``Step``.
    """

    call: PreparedRequest
    options: Options
    blind: bool
    price: tuple[float, float] | None


def steps_key(steps: Sequence[StepKey], budget: float | None) -> tuple[str, str]:
    """The same of several steps, each asked for what those before it left in doubt."""
    parts = [
        [
            _decisive_parts(step.call, step.options), step.blind,
            json.dumps(step.call.policy.to_dict(), sort_keys=True),
            None if budget is None else step.price,
        ]
        for step in steps
    ]  # fmt: skip
    schema = steps[0].call.schema
    return _digest(_read_by(schema, schema.json), 8), _digest([*parts, budget], 8)


def _decisive_parts(call: PreparedRequest, options: Options) -> list[Any]:
    """What decides the answers to a request."""
    arguments = {
        name: value for name, value in _sorted(call.arguments) if name not in _INDECISIVE_ARGUMENTS
    }
    provider = call.provider if call.provider in PROVIDERS else None  # else it is an address
    settings = {name: value for name, value in _sorted(options) if name not in _INDECISIVE_OPTIONS}
    parts = [arguments, provider, call.api.title, call.mask, settings]
    return parts if call.calibration is None else [*parts, call.calibration.digest]


def _sorted(mapping: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The items in the order of their names; the order inside a value, as in a schema, stays."""
    return sorted(mapping.items(), key=lambda item: item[0])


def input_key(input: Any) -> str:
    """The key of what there is to read.

    Raises:
        TypeError: if nothing is known that tells it from others.

    >>> input_key("Hello") == input_key("Hello"), input_key("Hello") == input_key("hello")
    (True, False)
    """
    return _digest(input, 16, is_input=True)


def _digest(value: Any, size: int, *, is_input: bool = False) -> str:
    plain = _Plain(is_input=is_input).of(value)
    return hashlib.blake2b(json.dumps(plain).encode(), digest_size=size).hexdigest()


class _Plain:
    """Anything as JSON values that tell it from everything else."""

    def __init__(self, *, is_input: bool) -> None:
        self._is_input = is_input

    def of(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        for kind, plain in self._kinds.items():
            if isinstance(value, kind):
                return plain(self, value)
        return self._object(value)

    def _object(self, value: Any) -> Any:
        name = getattr(value, "__qualname__", None) or type(value).__qualname__
        if is_dataclass(value) and not isinstance(value, type):
            return [name, *(self.of(getattr(value, field.name)) for field in fields(value))]
        if self._is_input:
            message = f"a {name} cannot be told from another, so no answer to it is kept"
            raise TypeError(message)
        return name

    _kinds: ClassVar[Mapping[type, Callable[[Any, Any], Any]]] = {
        bytes: lambda _, value: ["bytes", base64.b64encode(value).decode()],
        Image: lambda _, value: ["image", value.url, value.detail],
        BaseModel: lambda self, value: self.of(value.model_dump(mode="json")),
        Mapping: lambda self, value: {
            "object": [[self.of(key), self.of(inner)] for key, inner in value.items()]
        },
        AbstractSet: lambda self, value: [
            "set",
            *sorted(json.dumps(self.of(member)) for member in value),
        ],
        Sequence: lambda self, value: [self.of(item) for item in value],
    }


def _scored(schema: Schema) -> Any:
    return _read_by(schema, without_limits(schema.json))


def _read_by(schema: Schema, form: Any) -> Any:
    """The form; of a label set all that it says, since a form does not say how texts match."""
    return form if schema.labels is None else schema.labels.plain

"""Keys: they tell whether a saved answer belongs to this input and these settings.

In:    a schema, its request, an input.
Out:   short texts, equal if the same would be asked and read by the same schema.
Never: an address of memory, of a server or of a process: they differ in the next run.
Why:   the answer to another question must never be reused.

Thresholds and policies are not part of a key, because they do not change what was answered. With
further steps they are, because they decide what is asked again. Time limits and HTTP headers are
not part of a key.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any, cast

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
    schema = _read_by(call.schema, without_limits(call.schema.json))
    return _digest(schema, 8), _digest(_decisive_parts(call, options), 8)


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
    # Sorted by name only: the order inside a value, as in a schema, stays.
    arguments, settings = (
        {name: mapping[name] for name in sorted(mapping) if name not in indecisive}
        for mapping, indecisive in (
            (call.arguments, _INDECISIVE_ARGUMENTS),
            (cast("Mapping[str, Any]", options), _INDECISIVE_OPTIONS),
        )
    )
    provider = call.provider if call.provider in PROVIDERS else None  # else it is an address
    parts = [arguments, provider, call.api.title, call.mask, settings]
    return parts if call.calibration is None else [*parts, call.calibration.digest]


def input_key(input: Any) -> str:
    """The key of what there is to read.

    Raises:
        TypeError: if nothing is known that tells it from others.

    >>> input_key("Hello") == input_key("Hello"), input_key("Hello") == input_key("hello")
    (True, False)
    """
    return _digest(input, 16, is_input=True)


def _digest(value: Any, size: int, *, is_input: bool = False) -> str:
    plain = _plain(value, is_input=is_input)
    return hashlib.blake2b(json.dumps(plain).encode(), digest_size=size).hexdigest()


def _plain(value: Any, *, is_input: bool) -> Any:  # noqa: PLR0911  # one for each type
    """Anything as JSON values that distinguish it from everything else."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    plain = partial(_plain, is_input=is_input)
    if isinstance(value, bytes):
        return ["bytes", base64.b64encode(value).decode()]
    if isinstance(value, Image):
        return ["image", value.url, value.detail]
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {"object": [[plain(key), plain(inner)] for key, inner in items]}
    if isinstance(value, AbstractSet):
        members = cast("AbstractSet[Any]", value)
        return ["set", *sorted(json.dumps(plain(member)) for member in members)]
    if isinstance(value, Sequence):
        return [plain(item) for item in cast("Sequence[Any]", value)]
    name = getattr(value, "__qualname__", None) or type(value).__qualname__
    if is_dataclass(value) and not isinstance(value, type):
        return [name, *(plain(getattr(value, field.name)) for field in fields(value))]
    if is_input:
        message = f"a {name} cannot be told from another, so no answer to it is kept"
        raise TypeError(message)
    return name


def _read_by(schema: Schema, form: Any) -> Any:
    """The form; of a label set all that it says, since a form does not say how texts match."""
    return form if schema.labels is None else schema.labels.plain

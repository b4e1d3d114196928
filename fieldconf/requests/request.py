"""Request: the parameters for an answer in the form of a schema, with logprobs.

In:    a schema, which may be a label set; a provider, and perhaps a model.
Out:   the parameters of the provider's own call.
Never: a request sent; parameters that the provider is known to refuse.
Why:   each provider spells the same request in another way, and some charge for a refused one.
"""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, TypeAlias

from fieldconf.decision_endpoint.schema_questions import questions
from fieldconf.errors import NoLogprobsError, RequestError
from fieldconf.probes import Probe
from fieldconf.providers.forms import BARE, LABELS, AnswerForm, Ask
from fieldconf.providers.models import Model, model_row
from fieldconf.providers.provider_table import PROVIDERS, Provider
from fieldconf.requests.strict import strict
from fieldconf.schema import LabelSet, Schema, compile_schema
from fieldconf.schema.field_settings import without_settings
from fieldconf.tokens.token import Layout, Mask, utf8

MakeSchema: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]

_EXTRA_TOKENS = 16
"""Tokens in addition to those of a label: its end, and tokens that a server adds. Some models
refuse a smaller limit."""

INSTRUCTIONS = "Extract the fields from the message and answer with one JSON object."


def plain_messages(
    schema: Mapping[str, Any], text: str, instructions: str | None
) -> list[dict[str, Any]]:
    """Instructions as the system message, the text as the user's."""
    del schema  # it is in response_format
    return [
        {"role": "system", "content": instructions or INSTRUCTIONS},
        {"role": "user", "content": text},
    ]


@dataclass(frozen=True, slots=True)
class Defaults:
    """The parts of a request that the caller does not set.

    A client may have its own as the attribute ``fieldconf_defaults``.

    Attributes:
        options: arguments of ``client.chat.completions.create`` (model, temperature, ...).
        mask: whether the server's logprobs are from before or after the mask, if that is known.
        make_schema: from a JSON Schema to the form that is sent; None is the strict form, in which
            null stands for a left-out key.
        make_messages: from (schema, text, instructions) to the messages for a plain text.
        layout: what the server's grammar forbids in addition to the schema.
        make_probe: from the client to the probe for settling; None if there is no probe.
        provider: the server's provider, as in ``request``; None: recognised by the address.
    """

    request_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    mask: Mask | None = None
    make_schema: MakeSchema | None = None
    make_messages: Callable[[Mapping[str, Any], str, str | None], list[dict[str, Any]]] = (
        plain_messages
    )
    layout: Layout | None = None
    make_probe: Callable[[Any], Probe] | None = None
    provider: str | None = None

    @property
    def forbids(self) -> Layout:
        """What the answers cannot contain; null for left-out keys is in the strict form only."""
        return replace(self.layout or Layout(), no_null=self.make_schema is not None)

    def read(self, schema: Schema) -> Schema:
        """The schema for reading the answers to the form that is sent."""
        return schema.read_with(self.forbids)


def request(
    schema: Any,
    *,
    provider: str = "openai",
    model: str | None = None,
    top_logprobs: int | None = None,
    defaults: Defaults | None = None,
) -> dict[str, Any]:
    """The parameters to add to your own call of a provider; give the response to ``fc.score``.

    The call is ``client.chat.completions.create`` for "openai" and most others; docs/providers.md
    has the list.

    Args:
        schema: a pydantic model or a JSON Schema. Its strict form is sent: ``strict`` lists what
            this form cannot express, and what a server would refuse. For a ``LabelSet`` no form is
            sent. Instead the request restricts the answer to the labels, if the provider supports
            that, and sets a small limit of tokens; both only if there is no mark before the label.
            Put its ``instruction`` into your messages.
        provider: such as "openai-responses", "gemini", "ollama", "vllm".
        model: the model's name, since some models need other parameters or give no logprobs. It is
            not part of the result.
        top_logprobs: the number of candidates for each token; by default 5 (for labels 20), or
            fewer if the provider lists fewer.
        defaults: another form of the schema than the strict form.

    Raises:
        NoLogprobsError: if the provider or the model gives no logprobs; its remedy names another.
        RequestError: if the provider is unknown, or does not list so many candidates.
        SchemaError: if the schema is no schema.

    >>> sorted(request({"type": "object", "properties": {}}))
    ['logprobs', 'response_format', 'top_logprobs']
    >>> request({"type": "boolean"}, provider="ollama", top_logprobs=3)
    {'logprobs': True, 'top_logprobs': 3, 'format': {'type': 'boolean'}}
    >>> request({"type": "boolean"}, model="gpt-5.4-mini")["reasoning_effort"]
    'none'
    >>> request(LabelSet(["spam", "ham"]), provider="vllm")["extra_body"]
    {'structured_outputs': {'choice': ['spam', 'ham']}}
    """
    make_schema = (defaults or Defaults()).make_schema
    row = provider_row(provider)
    return parameters_for(row, compile_schema(schema), model, top_logprobs, make_schema)


def parameters_for(
    row: Provider,
    schema: Schema,
    model: str | None,
    top_logprobs: int | None,
    make_schema: MakeSchema | None = None,
) -> dict[str, Any]:
    """The parameters of a provider's call for a model, with logprobs.

    Raises:
        NoLogprobsError: if the provider or the model gives no logprobs; its remedy names another.
        RequestError: if the provider does not list so many candidates.
    """
    special = model_row(model, row.key) if model else None
    if special and special.instead:
        raise NoLogprobsError(f"{model}: {special.says}", provider=row.key, remedy=special.instead)
    if schema.labels is not None and top_logprobs is None:
        top_logprobs = most_of(row, model)  # texts other than the labels are of interest, too
    options = parameters(row, schema, _count(row, special, top_logprobs), make_schema)
    return merged(options, row.quiet) if special and special.quiet else options


def most_of(row: Provider, model: str | None) -> int:
    """The largest useful number of candidates that a provider lists for a model."""
    special = model_row(model, row.key) if model else None
    return row.most if special is None or special.cap is None else min(row.most, special.cap)


def parameters(
    row: Provider,
    schema: Schema,
    count: int,
    make_schema: MakeSchema | None = None,
) -> dict[str, Any]:
    """The parameters of a provider's call, without checks of the cap and the model.

    Raises:
        NoLogprobsError: if the provider gives no logprobs.
    """
    if row.ask is None:
        raise NoLogprobsError(
            f"{row.title} gives no logprobs", provider=row.key, remedy=row.instead
        )
    form, ask = _answer_form(row, schema, make_schema), row.ask
    if schema.labels is None or ask not in LABELS:
        return merged(ask(form, count), row.also)
    options = merged(LABELS[ask](form, count), _label_limits(row, schema.labels))
    return merged(options, row.also)


def _label_limits(row: Provider, labels: LabelSet) -> dict[str, Any]:
    """The parameters that restrict an answer to labels and limit its length.

    None if the answer may begin with other text, or if a function matches the labels, since it may
    accept other texts.
    """
    if labels.after or callable(labels.match):
        return {}
    longest = max(len(utf8(text)) for text in labels.texts)  # each token has at least one byte
    limits: Any = longest + _EXTRA_TOKENS
    for name in reversed(row.limit.split(".")):
        limits = {name: limits}
    return merged(limits, row.choice(labels.texts) if row.choice else {})


def bare_form(row: Provider) -> Ask | None:
    """The function for requests without logprobs; None if there is none for the provider."""
    return row.bare if row.ask is None else BARE.get(row.ask)


def bare_parameters(
    row: Provider, schema: Schema, make_schema: MakeSchema | None = None
) -> dict[str, Any]:
    """The parameters of a provider's call for an answer without logprobs.

    Raises:
        NoLogprobsError: if requests without logprobs are not supported for the provider.
    """
    ask = bare_form(row)
    if ask is None:
        raise NoLogprobsError(
            f"{row.title}: requests without logprobs are not supported",
            provider=row.key,
            remedy="Send several requests yourself, and give the reports of fc.score to fc.agree",
        )
    if schema.labels is not None:
        return merged(_label_limits(row, schema.labels), row.also)
    return merged(ask(_answer_form(row, schema, make_schema), 0), row.also)


def _answer_form(row: Provider, schema: Schema, make_schema: MakeSchema | None) -> AnswerForm:
    """The form of the answer, as the provider's grammar allows it."""
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", schema.name)[:64]
    if schema.labels is not None:
        form = dict[str, Any]()  # labels have no form, only questions
    elif make_schema is None:
        form = strict(schema, row.grammar).schema
    else:
        form = make_schema(without_settings(schema.json))
    return AnswerForm(name, form, lambda: questions(schema).asked)


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Two sets of parameters as one; objects that both have (``extra_body``) are merged, too.

    The result shares no object with the second.

    >>> merged({"a": 1, "extra_body": {"b": 2}}, {"extra_body": {"c": 3}})
    {'a': 1, 'extra_body': {'b': 2, 'c': 3}}
    """
    both = dict(first)
    for key, value in deepcopy(dict(second)).items():
        own: Any = both.get(key)
        both[key] = merged(own, value) if isinstance(own, Mapping) else value  # pyright: ignore[reportUnknownArgumentType]
    return both


def provider_row(provider: str) -> Provider:
    """The provider of this name.

    Raises:
        RequestError: if there is no such provider; its remedy lists the providers.
    """
    row = PROVIDERS.get(provider)
    if row is None:
        near = get_close_matches(provider.lower(), PROVIDERS, n=1)
        guess = f"Did you mean {near[0]!r}? " if near else ""
        *names, last = sorted(PROVIDERS)
        raise RequestError(
            f"unknown provider {provider!r}",
            remedy=f"{guess}Use one of {', '.join(names)} and {last}",
        )
    return row


def _count(row: Provider, special: Model | None, requested: int | None) -> int:
    """The number of candidates to request.

    Raises:
        RequestError: if the provider, or the model, does not list so many.
    """
    if row.ask is None:
        return 0  # there are no candidates
    caps = [row.cap, special.cap if special else None]
    cap = min((cap for cap in caps if cap is not None), default=None)
    if requested is None:
        return row.default if cap is None else min(row.default, cap)
    if requested < row.least or (cap is not None and requested > cap):
        who = "this model" if cap != row.cap else row.title
        raise RequestError(
            f"top_logprobs={requested}: {who} lists {_bounds(row.least, cap)} for each token",
            provider=row.key, remedy=f"Request {_bounds(row.least, cap)}",
        )  # fmt: skip
    return requested


def _bounds(least: int, cap: int | None) -> str:
    if cap is None:
        return f"at least {least} candidates"
    return f"{least} to {cap} candidates" if cap else "no candidates"

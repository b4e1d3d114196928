"""Requesting: what to send, so that an answer comes in the schema's form and with logprobs.

In:    a schema, which may be a label set; a provider, and perhaps a model.
Out:   the parameters of the provider's own call.
Never: a request sent; parameters that are known to be refused.
Why:   each provider spells the same wish in another way, and some refuse it after they were paid.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, TypeAlias, cast

from fieldconf.decisions.questions import questions
from fieldconf.errors import NoLogprobsError, RequestError
from fieldconf.probes import Probe
from fieldconf.providers.forms import BARE, LABELS, AnswerForm, Ask
from fieldconf.providers.models import Model, model_row
from fieldconf.providers.table import PROVIDERS, Provider
from fieldconf.requests.strict import strict
from fieldconf.schema import LabelSet, Schema, compile_schema
from fieldconf.schema.field_settings import without_settings
from fieldconf.tokens.token import Layout, Mask, utf8

MakeSchema: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]

_ROOM = 16
"""Tokens beside those of a label: its end, and what a server writes of its own. Fewer are refused
by some models."""

INSTRUCTIONS = "Extract the fields from the message and answer with one JSON object."


def plain_messages(
    schema: Mapping[str, Any], text: str, instructions: str | None
) -> list[dict[str, Any]]:
    """Instructions as the system message, the text as the user's."""
    del schema  # the server is told by response_format
    return [
        {"role": "system", "content": instructions or INSTRUCTIONS},
        {"role": "user", "content": text},
    ]


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a request holds where the caller says nothing.

    A client may bring its own as the attribute ``fieldconf_defaults``.

    Attributes:
        options: arguments of ``client.chat.completions.create`` (model, temperature, ...).
        mask: where the server's logprobs stand, if that is known.
        make_schema: from a JSON Schema to the form that is sent; the strict form if None, in which
            null stands for what is left out.
        make_messages: from (schema, text, instructions) to the messages of a plain text.
        layout: what the server's grammar forbids beyond the schema.
        make_probe: from the client to whom to ask when settling; None if it cannot be asked.
        provider: who the server is, as in ``request``; told by its address if None.
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
        """What answers cannot hold beyond the schema; null is in the strict form only."""
        return replace(self.layout or Layout(), no_null=self.make_schema is not None)

    def read(self, schema: Schema) -> Schema:
        """The schema that answers are read by: as the form that is sent has it."""
        return schema.read_with(self.forbids)


def request(
    schema: Any,
    *,
    provider: str = "openai",
    model: str | None = None,
    top_logprobs: int | None = None,
    defaults: Defaults | None = None,
) -> dict[str, Any]:
    """What to add to your own call of a provider, for ``fc.score`` after it.

    The call is ``client.chat.completions.create`` for "openai" and most others; docs/providers.md
    has the list.

    Args:
        schema: a pydantic model or a JSON Schema. What is sent is its strict form: ``strict`` says
            what that loses, and what a server would refuse. Of a ``LabelSet`` no form is sent:
            what holds the answer to the labels, where the provider has such a thing, and a small
            limit of tokens, both only if there is no mark before the label. Put its
            ``instruction`` into your messages.
        provider: who is asked, such as "openai-responses", "gemini", "ollama", "vllm".
        model: the model's name, for those models that want to be asked in another way or not at
            all. It is not part of what is returned.
        top_logprobs: how many candidates to list for each token; by default 5 (of labels 20), or
            fewer where the provider lists fewer.
        defaults: another form of the schema than strict structured output's.

    Raises:
        NoLogprobsError: if the provider or the model gives no logprobs; it names the way out.
        RequestError: if nobody of that name is known, or it does not list so many candidates.
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
    return asked_of(row, compile_schema(schema), model, top_logprobs, make_schema)


def asked_of(
    row: Provider,
    schema: Schema,
    model: str | None,
    top_logprobs: int | None,
    make_schema: MakeSchema | None = None,
) -> dict[str, Any]:
    """The parameters of a provider's call for a model, with logprobs.

    Raises:
        NoLogprobsError: if the provider or the model gives no logprobs; it names the way out.
        RequestError: if it does not list so many candidates.
    """
    known = model_row(model, row.key) if model else None
    if known and known.instead:
        raise NoLogprobsError(f"{model}: {known.says}", provider=row.key, remedy=known.instead)
    if schema.labels is not None and top_logprobs is None:
        top_logprobs = most_of(row, model)  # what is said beside them is of interest, too
    made = parameters(row, schema, _count(row, known, top_logprobs), make_schema)
    return merged(made, row.quiet) if known and known.quiet else made


def most_of(row: Provider, model: str | None) -> int:
    """How many candidates a provider lists for a model, where more are of use."""
    known = model_row(model, row.key) if model else None
    return row.most if known is None or known.cap is None else min(row.most, known.cap)


def parameters(
    row: Provider,
    schema: Schema,
    count: int,
    make_schema: MakeSchema | None = None,
) -> dict[str, Any]:
    """The parameters of a provider's call, whatever its cap and the model are.

    Raises:
        NoLogprobsError: if the provider gives no logprobs.
    """
    if row.ask is None:
        raise NoLogprobsError(
            f"{row.title} gives no logprobs", provider=row.key, remedy=row.instead
        )
    shape, form = _shape(row, schema, make_schema), row.ask
    if schema.labels is None or form not in LABELS:
        return merged(form(shape, count), row.also)
    made = merged(LABELS[form](shape, count), _held(row, schema.labels))
    return merged(made, row.also)


def _held(row: Provider, labels: LabelSet) -> dict[str, Any]:
    """What holds an answer to labels, and bounds it; nothing where something else may come first.

    A function may take other texts than the labels for labels.
    """
    if labels.after or callable(labels.match):
        return {}
    longest = max(len(utf8(text)) for text in labels.texts)  # a token has a byte, at least
    made: Any = longest + _ROOM
    for name in reversed(row.limit.split(".")):
        made = {name: made}
    return merged(made, row.choice(labels.texts) if row.choice else {})


def bare_form(row: Provider) -> Ask | None:
    """How a provider is asked for an answer without logprobs; None if that is not known."""
    return row.bare if row.ask is None else BARE.get(row.ask)


def bare_parameters(
    row: Provider, schema: Schema, make_schema: MakeSchema | None = None
) -> dict[str, Any]:
    """The parameters of a provider's call for an answer without logprobs.

    Raises:
        NoLogprobsError: if it is not known how it is asked for one.
    """
    form = bare_form(row)
    if form is None:
        raise NoLogprobsError(
            f"{row.title}: it is not known how to ask for answers without logprobs",
            provider=row.key,
            remedy="Ask it yourself, several times, and give the reports of fc.score to fc.agree",
        )
    if schema.labels is not None:
        return merged(_held(row, schema.labels), row.also)
    return merged(form(_shape(row, schema, make_schema), 0), row.also)


def _shape(row: Provider, schema: Schema, make_schema: MakeSchema | None) -> AnswerForm:
    """The form an answer should have, as the provider wants it."""
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", schema.name)[:64]
    if schema.labels is not None:
        made = dict[str, Any]()  # it has questions at most
    elif make_schema is None:
        made = strict(schema, row.grammar).schema
    else:
        made = make_schema(without_settings(schema.json))
    return AnswerForm(name, made, lambda: questions(schema).asked)


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Two sets of parameters as one; what both hold as objects (``extra_body``), too.

    It shares nothing with the second.

    >>> merged({"a": 1, "extra_body": {"b": 2}}, {"extra_body": {"c": 3}})
    {'a': 1, 'extra_body': {'b': 2, 'c': 3}}
    """
    both = dict(first)
    for key, value in deepcopy(dict(second)).items():
        mine = both.get(key)
        both[key] = _joined(mine, value) if isinstance(mine, Mapping) else value
    return both


def _joined(first: Any, second: Any) -> dict[str, Any]:
    return merged(cast("Mapping[str, Any]", first), cast("Mapping[str, Any]", second))


def provider_row(provider: str) -> Provider:
    """The provider of this name.

    Raises:
        RequestError: if nobody of that name is known; it says who is meant, perhaps.
    """
    row = PROVIDERS.get(provider)
    if row is None:
        near = get_close_matches(provider.lower(), PROVIDERS, n=1)
        meant = f"Did you mean {near[0]!r}? " if near else ""
        raise RequestError(
            f"no provider is called {provider!r}",
            remedy=f"{meant}Known are {_listed(sorted(PROVIDERS))}",
        )
    return row


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}"


def _count(row: Provider, known: Model | None, wanted: int | None) -> int:
    """How many candidates to ask for.

    Raises:
        RequestError: if the provider, or the model, does not list so many.
    """
    if row.ask is None:
        return 0  # there is nothing to count
    caps = [row.cap, known.cap if known else None]
    cap = min((one for one in caps if one is not None), default=None)
    if wanted is None:
        return row.default if cap is None else min(row.default, cap)
    if wanted < row.least or (cap is not None and wanted > cap):
        who = "this model" if cap != row.cap else row.title
        raise RequestError(
            f"top_logprobs={wanted}: {who} lists {_bounds(row.least, cap)} for each token",
            provider=row.key, remedy=f"Ask for {_bounds(row.least, cap)}",
        )  # fmt: skip
    return wanted


def _bounds(least: int, cap: int | None) -> str:
    if cap is None:
        return f"at least {least} candidates"
    return f"{least} to {cap} candidates" if cap else "no candidates"

"""Calls: put one request together.

In:    a schema, what to read, a client, options.
Out:   ``PreparedRequest``: the arguments of the client's own call, and how to read the answer.
Never: a request sent; one that is known to be refused.
Why:   sync and async, whole and streamed ask and read the same.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast, get_args
from urllib.parse import urlsplit

from fieldconf.calibration.calibrator import Calibrator, digest_of
from fieldconf.classification import check_match
from fieldconf.distributions.label_matching import Match
from fieldconf.distributions.settling import Settle
from fieldconf.errors import RequestError
from fieldconf.extraction import telemetry
from fieldconf.extraction.endpoints import APIS, CHAT, Api
from fieldconf.extraction.inputs import Input, is_messages
from fieldconf.extraction.options import Options
from fieldconf.extraction.stopping import Rule, rules_of
from fieldconf.grounding.locating import Ways, requested_ways
from fieldconf.policy import Policy
from fieldconf.providers.forms import Ask
from fieldconf.providers.provider_table import PROVIDERS, Provider, provider_at
from fieldconf.report import Report
from fieldconf.requests.request import (
    INSTRUCTIONS,
    Defaults,
    bare_form,
    bare_parameters,
    most_of,
    parameters,
    parameters_for,
    provider_row,
)
from fieldconf.requests.strict import strict
from fieldconf.schema import Schema, compile_schema
from fieldconf.scoring.window import Keep
from fieldconf.tokens.token import Layout, Mask

_MERGED = ("extra_body", "extra_headers", "extra_query")


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request that is ready to be sent.

    Attributes:
        client: who sends it.
        api: by which of its calls.
        arguments: of that call.
        streamed: further arguments where the answer is streamed.
        provider: who is asked; the host where nobody is known there.
        input, instructions: the input and the instructions, as the caller gave them.
        schema: what the answer is read by.
        mask, layout, match, settle: how the answer is read.
        rules: when to stop reading.
        ways: how values are looked for in what is read; None if they are not.
        policy: how its fields are judged.
        calibration: what calibrates them before that; or None.
        keep: what is kept of the answer.
        limit: the most tokens of the answer, if that was said.
        observe: to be told of each report.
        log_values: whether log records may hold values.
    """

    client: Any
    api: Api
    arguments: Mapping[str, Any]
    streamed: Mapping[str, Any]
    provider: str
    input: Input
    instructions: str | None
    schema: Schema
    mask: Mask | None
    layout: Layout
    match: Match
    settle: Settle | None
    rules: tuple[Rule, ...]
    policy: Policy
    calibration: Calibrator | None
    ways: Ways | None
    keep: Keep
    limit: int | None
    observe: Callable[[Report[Any]], object] | None
    log_values: bool

    @property
    def model(self) -> str:
        """The name of the model that is asked."""
        return str(self.arguments["model"])

    def create(self, *, stream: bool = False) -> Any:
        """Log and send the request; an asynchronous client returns an awaitable."""
        messages = self.arguments.get("messages")
        telemetry.log_request(
            provider=self.provider, model=self.model, schema=self.schema.name,
            top_logprobs=self.arguments.get("top_logprobs"),
            messages=len(messages) if isinstance(messages, list) else 1,  # pyright: ignore[reportUnknownArgumentType]
        )  # fmt: skip
        arguments = {**self.arguments}
        if stream:
            arguments = {**self.streamed, **arguments, "stream": True}
        return self.api.create(self.client, arguments)


def prepare(
    schema: Any, input: Input, client: Any, options: Options, *, bare: bool = False
) -> PreparedRequest:
    """Put a request together; a ``bare`` one asks for no logprobs.

    Raises:
        SchemaError: if the schema is no schema.
        NoLogprobsError: if the provider or the model is known to give none.
        RequestError: if something is missing, or known to be refused.
        PolicyError: if the policy is none, or not one for the schema.
        CalibrationError: if the calibration is none, or not one for such answers.
        MissingPackageError: if a package is missing by which values are looked for.
    """
    if options.get("samples") not in (None, 1):
        raise RequestError(
            "samples are several answers, and this is about one",
            remedy="Use extract or aextract for them, or say samples=1",
        )
    compiled = compile_schema(schema)
    _check_labels(compiled, options)
    if client is None:
        raise RequestError(
            "no client was given", remedy="Give client=openai.OpenAI(), or client=fc.local()"
        )
    defaults: Defaults = getattr(client, "fieldconf_defaults", None) or Defaults()
    provider = _provider(client, options, defaults)
    row = provider or PROVIDERS["openai"]  # the face of the client; the cap is its server's
    api = _api(row, bare_form(row) if bare else row.ask)
    schema_arguments = _schema_arguments(
        row, compiled, options, defaults, has_provider=provider is not None, bare=bare
    )
    arguments = _with_defaults(defaults, schema_arguments) | _option_arguments(
        provider, api, options
    )
    arguments |= _messages(api, input, options, schema_arguments, defaults, compiled)
    arguments = _with_options(arguments, options.get("request_options") or {})
    if not arguments.get("model"):
        raise RequestError("no model was named", remedy="Give model='...'")
    mask = options.get("mask") or defaults.mask
    maps = Calibrator.of(options.get("calibration"))
    call = PreparedRequest(
        client=client, api=api, arguments=arguments, streamed=row.streamed if provider else {},
        provider=provider.key if provider else _host(client),
        input=input, instructions=options.get("instructions"),
        schema=defaults.read(compiled), mask=mask, layout=defaults.forbids,
        match=options.get("match") or "exact",
        settle=_settle(client, arguments, defaults, options.get("settle")),
        rules=rules_of(options.get("stop_when")), ways=requested_ways(input, options.get("locate")),
        policy=Policy.of(options.get("policy")).check(compiled), calibration=maps,
        keep=_checked_keep(options.get("keep")), limit=_token_limit(arguments),
        observe=options.get("observe"), log_values=bool(options.get("log_values")),
    )  # fmt: skip
    if maps is not None:  # of the model the answer says more than the request
        instructions = call.instructions
        maps.check(
            {
                "schema": "" if call.schema.is_free else call.schema.digest,
                "provider": call.provider,
                "prompt": (instructions and digest_of(instructions)) or "",
            }
        )
    return call


def _check_labels(schema: Schema, options: Options) -> None:
    """Nothing, unless a label set is asked for with what it cannot have.

    Raises:
        SchemaError: if it is to be matched in another way than it says.
        RequestError: if reading is to stop before the answer has ended.
    """
    check_match(schema, options.get("match"))
    if schema.labels is not None and options.get("stop_when") is not None:
        raise RequestError(
            "a label is known when the answer has ended, and stop_when= would end it before",
            remedy="Leave stop_when= out, or bound the answer by max_tokens",
        )


# -- who is asked -------------------------------------------------------------------------------


def _provider(client: Any, options: Options, defaults: Defaults) -> Provider | None:
    """The provider that the options name, or that of the client's address; None if unknown."""
    name = options.get("provider") or defaults.provider
    if name:
        return provider_row(name)
    return provider_at(_host(client))


def _host(client: Any) -> str:
    """The host that a client asks, with its port; empty if it says none."""
    return urlsplit(str(getattr(client, "base_url", ""))).netloc


def _api(row: Provider, ask: Ask | None) -> Api:
    if ask is None:
        return CHAT  # it gives no logprobs, which is said where it is asked for them
    match = next((api for api in APIS if ask in api.asks), None)
    if match is None:
        raise RequestError(
            f"{row.title} is asked by {row.call}, which fieldconf does not call itself",
            provider=row.key,
            remedy=f"Call it yourself with fc.request(..., provider={row.key!r}) and give the "
            "response to fc.score",
        )
    return match


# -- what is asked ------------------------------------------------------------------------------


def _schema_arguments(
    row: Provider, schema: Schema, options: Options, defaults: Defaults, *, has_provider: bool,
    bare: bool,
) -> dict[str, Any]:  # fmt: skip
    """The arguments that ask this provider for the schema and for logprobs."""
    if bare:
        return bare_parameters(row, schema, defaults.make_schema)
    model = options.get("model") or defaults.request_options.get("model")
    requested = options.get("top_logprobs")
    if requested is None:
        requested = defaults.request_options.get("top_logprobs")
    if not has_provider:  # what this server would refuse is not known, either
        count = row.default if requested is None else requested
        return parameters(replace(row, limit="max_tokens"), schema, count, defaults.make_schema)
    count = most_of(row, model) if requested is None else requested
    return parameters_for(row, schema, model, count, defaults.make_schema)


def _with_defaults(defaults: Defaults, schema_arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The client's default arguments, overridden by those of the schema."""
    defaults_sent = {
        name: value for name, value in defaults.request_options.items() if name != "top_logprobs"
    }
    return _with_options(defaults_sent, schema_arguments)


def _option_arguments(provider: Provider | None, api: Api, options: Options) -> dict[str, Any]:
    arguments = {name: options.get(name) for name in ("model", "temperature", "seed")}
    if arguments["seed"] is not None and not api.has_seed:
        raise RequestError(
            f"{api.title} has no seed", remedy="Leave it out, or ask by Chat Completions"
        )
    arguments[provider.limit if provider else "max_tokens"] = options.get("max_tokens")
    return {name: value for name, value in arguments.items() if value is not None}


def _messages(
    api: Api, input: Input, options: Options, schema_arguments: Mapping[str, Any],
    defaults: Defaults, schema: Schema,
) -> dict[str, Any]:  # fmt: skip
    instructions = options.get("instructions")
    if schema.labels is not None and "questions" not in schema_arguments:
        instructions = "\n".join(filter(None, [instructions, schema.labels.instruction]))
        return _with_instructions(api, input, instructions)
    form = schema_arguments.get("response_format", {}).get("json_schema")
    if isinstance(input, str) and form and api is CHAT:
        return {"messages": defaults.make_messages(form["schema"], input, instructions)}
    if api is CHAT and form is None and "schema" not in schema_arguments.get("response_format", {}):
        instructions = _with_schema(instructions, schema)
    return api.ask(input, instructions)


def _with_instructions(api: Api, input: Input, instructions: str) -> dict[str, Any]:
    """Messages with instructions, added to the system message if the input has one."""
    if api is CHAT and is_messages(input):
        first, *others = cast("Any", input)
        is_system = isinstance(first, Mapping) and first.get("role") in ("system", "developer")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        content: Any = cast("Any", first).get("content") if is_system else None
        if isinstance(content, str):
            joined = {**cast("Any", first), "content": f"{content}\n{instructions}"}
            return api.ask([joined, *others], None)
    return api.ask(input, instructions)


def _with_schema(instructions: str | None, schema: Schema) -> str:
    """Instructions that contain the JSON Schema, for servers that have no argument for it."""
    form = json.dumps(strict(schema).schema)
    return f"{instructions or INSTRUCTIONS}\nThe JSON object keeps to this JSON Schema:\n{form}"


def _with_options(arguments: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments and further ones, which win; what both add to the request's body is joined."""
    merged = {**arguments, **more}
    for name in _MERGED:
        parts = [part.get(name) for part in (arguments, more)]
        if all(isinstance(part, Mapping) for part in parts):
            merged[name] = {**cast("dict[str, Any]", parts[0]), **cast("dict[str, Any]", parts[1])}
    return merged


def _checked_keep(keep: Any) -> Keep:
    if keep not in (None, *get_args(Keep)):
        raise RequestError(
            f"nothing is known of keep={keep!r}",
            remedy=f"Give one of {', '.join(map(repr, get_args(Keep)))}",
        )
    return keep or "all"


def _token_limit(arguments: Mapping[str, Any]) -> int | None:
    names = ("max_completion_tokens", "max_tokens", "max_output_tokens")
    return next((arguments[n] for n in names if isinstance(arguments.get(n), int)), None)


def _settle(
    client: Any, arguments: Mapping[str, Any], defaults: Defaults, requested: Any
) -> Settle | None:
    """The requested ``Settle``, with the probe and the prompt of this request."""
    if not requested:
        return None
    settle: Settle = Settle() if requested is True else requested
    if settle.probe is None:
        if defaults.make_probe is None:
            raise RequestError(
                "settling: it is not known how to ask this server for next-token logprobs",
                remedy="Give Settle(probe=...), see fieldconf.probes",
            )
        settle = replace(settle, probe=defaults.make_probe(client))
    if settle.prompt is None:
        settle = replace(settle, prompt=arguments.get("messages") or arguments.get("input"))
    return settle

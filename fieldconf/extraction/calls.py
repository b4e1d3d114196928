"""Calls: put one request together.

In:    a schema, an input, a client, options.
Out:   ``PreparedRequest``: the arguments of the client's own call, and how to read the answer.
Never: a request that is known to be refused.
Why:   sync and async, whole and streamed answers share their request.
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
from fieldconf.extraction.inputs import Input, with_system_text
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
from fieldconf.tokens.temperature import UNKNOWN_TEMPERATURE
from fieldconf.tokens.token import Layout, Mask

_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_MERGED = ("extra_body", "extra_headers", "extra_query")


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request that is ready to be sent, and how to read its answer.

    Attributes:
        client: the client that sends it.
        api: which of the client's calls.
        arguments: the arguments of that call.
        streamed: further arguments if the answer is streamed.
        provider: the provider's key; the host if the provider is not known.
        input, instructions: the input and the instructions, as the caller gave them.
        schema: the schema for reading the answer.
        mask, layout, match, settle: how the answer is read.
        rules: when to stop reading.
        ways: how values are located in the input; None if they are not.
        policy: the policy that judges the fields.
        calibration: calibrates the confidences before that; or None.
        keep: what is kept of the answer.
        limit: the most tokens that the answer may have; None if there is no limit.
        observe: called with each report.
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
    def temperature(self) -> float | None:
        """The temperature after which the server takes its logprobs; None: 1, or before it."""
        sent = self._temperature_sent
        return sent if sent and self._row_temperature == "after" else None  # 0: SGLang does not

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that the request tells of a report with logprobs."""
        # At 0 servers take the likeliest token; numbers after it would have the flag "saturated".
        is_unknown = bool(self._temperature_sent) and self._row_temperature == "unknown"
        return (UNKNOWN_TEMPERATURE,) if is_unknown else ()

    @property
    def _row_temperature(self) -> str:
        row = PROVIDERS.get(self.provider)
        return row.temperature if row else "unknown"

    @property
    def _temperature_sent(self) -> float | None:
        """The temperature that the request sets, other than 1."""
        body: Any = self.arguments.get("extra_body")
        sent: Any = self.arguments.get("temperature")
        if isinstance(body, Mapping):  # it overrides the arguments
            sent = cast("Mapping[str, Any]", body).get("temperature", sent)
        is_number = isinstance(sent, (int, float)) and not isinstance(sent, bool)
        return sent if is_number and sent != 1 else None

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
        SchemaError: if the schema is invalid, or a label set cannot be matched in this way.
        NoLogprobsError: if the provider or the model is known to give none.
        RequestError: if an argument is missing, or known to be refused.
        PolicyError: if the policy is invalid, or does not fit the schema.
        CalibrationError: if the calibration is invalid, or was fitted for other requests.
        MissingPackageError: if locating values needs a package that is not installed.
    """
    compiled = compile_schema(schema)
    _check(compiled, client, options)
    defaults: Defaults = getattr(client, "fieldconf_defaults", None) or Defaults()
    name = options.get("provider") or defaults.provider
    provider = provider_row(name) if name else provider_at(_host(client))
    row = provider or PROVIDERS["openai"]  # the client has its interface
    api = _api(row, bare_form(row) if bare else row.ask)
    schema_arguments = _schema_arguments(
        row, compiled, options, defaults, has_provider=provider is not None, bare=bare
    )
    own = {k: v for k, v in defaults.request_options.items() if k != "top_logprobs"}
    arguments = _with_options(own, schema_arguments) | _option_arguments(provider, api, options)
    arguments |= _messages(api, input, options, schema_arguments, defaults, compiled)
    arguments = _with_options(arguments, options.get("request_options") or {})
    if not arguments.get("model"):
        raise RequestError("no model was named", remedy="Give model='...'")
    limits = [arguments.get(name) for name in _LIMITS]
    maps = Calibrator.of(options.get("calibration"))
    call = PreparedRequest(
        client=client, api=api, arguments=arguments, streamed=row.streamed if provider else {},
        provider=provider.key if provider else _host(client),
        input=input, instructions=options.get("instructions"),
        schema=defaults.read(compiled), mask=options.get("mask") or defaults.mask,
        layout=defaults.forbids, match=options.get("match") or "exact",
        settle=_settle(client, arguments, defaults, options.get("settle")),
        rules=rules_of(options.get("stop_when")), ways=requested_ways(input, options.get("locate")),
        policy=Policy.of(options.get("policy")).check(compiled), calibration=maps,
        keep=options.get("keep") or "all",
        limit=next((limit for limit in limits if isinstance(limit, int)), None),
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


def _check(schema: Schema, client: Any, options: Options) -> None:
    """Check what needs no provider.

    Raises:
        SchemaError: if a label set is to be matched in another way than it says.
        RequestError: if there is no client, or an option cannot be used here.
    """
    if options.get("samples") not in (None, 1):
        raise RequestError(
            "samples are several answers, and this is about one",
            remedy="Use extract or aextract for them, or say samples=1",
        )
    check_match(schema, options.get("match"))
    if schema.labels is not None and options.get("stop_when") is not None:
        raise RequestError(
            "a label is known when the answer has ended, and stop_when= would end it before",
            remedy="Leave stop_when= out, or bound the answer by max_tokens",
        )
    keep = options.get("keep")
    if keep not in (None, *get_args(Keep)):
        raise RequestError(
            f"nothing is known of keep={keep!r}",
            remedy=f"Give one of {', '.join(map(repr, get_args(Keep)))}",
        )
    if client is None:
        raise RequestError(
            "no client was given", remedy="Give client=openai.OpenAI(), or client=fc.local()"
        )


# -- who is asked -------------------------------------------------------------------------------


def _host(client: Any) -> str:
    """The host of a client's address, with its port; empty if it has none."""
    return urlsplit(str(getattr(client, "base_url", ""))).netloc


def _api(row: Provider, ask: Ask | None) -> Api:
    if ask is None:
        return CHAT  # without logprobs: the error comes where they are requested
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
    if not has_provider:  # the limits of an unknown server are not known
        count = row.default if requested is None else requested
        return parameters(replace(row, limit="max_tokens"), schema, count, defaults.make_schema)
    count = most_of(row, model) if requested is None else requested
    return parameters_for(row, schema, model, count, defaults.make_schema)


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
        joined = with_system_text(input, instructions) if api is CHAT else None
        return api.ask(input, instructions) if joined is None else api.ask(joined, None)
    form = schema_arguments.get("response_format", {}).get("json_schema")
    if isinstance(input, str) and form and api is CHAT:
        return {"messages": defaults.make_messages(form["schema"], input, instructions)}
    if api is CHAT and form is None and "schema" not in schema_arguments.get("response_format", {}):
        # The server has no argument for the JSON Schema, so the instructions contain it.
        sent = json.dumps(strict(schema).schema)
        instructions = (
            f"{instructions or INSTRUCTIONS}\nThe JSON object keeps to this JSON Schema:\n{sent}"
        )
    return api.ask(input, instructions)


def _with_options(arguments: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments, overridden by further ones; additions to the request's body are merged."""
    merged = {**arguments, **more}
    for name in _MERGED:
        parts = [part.get(name) for part in (arguments, more)]
        if all(isinstance(part, Mapping) for part in parts):
            merged[name] = {**cast("dict[str, Any]", parts[0]), **cast("dict[str, Any]", parts[1])}
    return merged


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

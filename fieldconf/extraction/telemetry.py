"""Telemetry: what logs and traces may contain of a report.

In:    a report, and the names of provider, model and schema.
Out:   OpenTelemetry attributes and evaluation events; one log record a request, and one a report.
Never: a value, a prompt or a text of the answer, unless the caller asks for it (``values=True``);
       a line printed; a handler or a level set.
Why:   logs are read by more people, and kept longer, than the input.

A key that the schema does not declare is a text of the answer, too: the fields under it are left
out, and counted. Also left out are reasons (they quote tokens), the text of a refusal, the words of
a rule and the name of a tool. The server's names for the model and the finish reason are given.

Names follow OpenTelemetry's conventions for generative AI; if these have no name, it begins with
``fieldconf.``. To set the attributes on the span in which a request is made, with the events::

    fc.extract(Ticket, text, client=client, observe=fc.telemetry.on_current_span)
"""

import importlib
import inspect
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from fieldconf.errors import MissingPackageError
from fieldconf.fields.field import Field
from fieldconf.fields.plain_values import plain_value
from fieldconf.fields.status import is_alone
from fieldconf.paths import Path, general
from fieldconf.render.lines import problems
from fieldconf.render.table import number, printable
from fieldconf.report import Report
from fieldconf.schema import SchemaNode

Attributes: TypeAlias = dict[str, str | bool | int | float | Sequence[str]]

MOST_FIELDS = 64
"""So many fields have attributes of their own, the least sure: spans hold 128 by default."""

_EVENT = "gen_ai.evaluation.result"
_EVALUATION = "fieldconf.confidence"

logger = logging.getLogger("fieldconf")
logger.addHandler(logging.NullHandler())


# -- OpenTelemetry ------------------------------------------------------------------------------


def attributes(report: Report[Any], *, values: bool = False, fields: bool = True) -> Attributes:
    """What a report says, as flat OpenTelemetry attributes; what is not known is left out.

    Args:
        report: any report.
        values: whether values, reasons, errors and undeclared keys may be in it: texts of the
            answer.
        fields: whether the leaves and lists have attributes of their own,
            ``fieldconf.field.<pointer>.confidence``; of more than ``MOST_FIELDS``, the least sure.

    >>> attributes(Report(status="refused", model="m", finish_reason="stop"))["fieldconf.status"]
    'refused'
    """
    declared = _declared_fields(report, values=values)
    facts = {
        **_general(report),
        "fieldconf.fields.undeclared": len(_shown(report.fields)) - len(declared),
    }
    for field in sorted(declared.values(), key=_sureness)[:MOST_FIELDS] if fields else ():
        name = f"fieldconf.field.{field.pointer or '(whole)'}"
        facts[f"{name}.confidence"] = field.confidence
        facts[f"{name}.flags"] = field.flags or None
        if values and field.is_leaf:
            facts[f"{name}.value"] = json.dumps(plain_value(field.value), ensure_ascii=False)
            facts[f"{name}.reason"] = field.reason
    if values:
        facts |= {
            "fieldconf.reason": report.reason,
            "fieldconf.refusal": report.refusal,
            "fieldconf.problems": tuple(problems(report.to_dict())) or None,
            "fieldconf.stopped.rule": report.stopped and report.stopped.rule,
            "gen_ai.tool.name": report.tool,
        }
    stopped = report.fields.get(report.stopped.pointer) if report.stopped else None
    if report.stopped and (
        values or (stopped is not None and _are_declared(stopped.path, report.schema.root))
    ):
        facts["fieldconf.stopped.pointer"] = report.stopped.pointer
    return {
        _utf8(name): _utf8(value)
        for name, value in facts.items()
        if value is not None and value != ""
    }


def evaluations(report: Report[Any], *, values: bool = False) -> list[Attributes]:
    """The confidences and outcomes of a report as results of evaluations, one for the whole first.

    Each has the attributes of OpenTelemetry's event ``gen_ai.evaluation.result``: the score is the
    confidence (0 to 1; left out if unknown), the label the outcome, and the explanation the names
    of the reasons for it. The name has "*" for positions in lists, so that it is the same in all
    answers; ``fieldconf.field.pointer`` says which item it is.

    Args:
        report: any report.
        values: whether the sentences of the reasons, which quote the answer, and undeclared keys
            may be in it.

    >>> evaluations(Report(status="refused"))[0]["gen_ai.evaluation.score.label"]
    'reject'
    """
    counts = f"{len(report.accepted)} accepted, {len(report.to_review)} to review"
    whole: dict[str, Any] = {
        "gen_ai.evaluation.name": _EVALUATION,
        "gen_ai.evaluation.score.value": report.confidence,
        "gen_ai.evaluation.score.label": report.outcome,
        "gen_ai.evaluation.explanation": (
            f"{report.status}: {counts}, {len(report.rejected)} rejected"
        ),
    }
    declared = sorted(_declared_fields(report, values=values).values(), key=_sureness)
    judged = [(field, report.verdicts[field.pointer]) for field in declared[:MOST_FIELDS]]
    parts: list[dict[str, Any]] = [
        {
            "gen_ai.evaluation.name": f"{_EVALUATION}{general(field.path)}",
            "gen_ai.evaluation.score.value": field.confidence,
            "gen_ai.evaluation.score.label": verdict.outcome,
            "gen_ai.evaluation.explanation": ", ".join(
                f"{reason.name}: {reason.sentence}" if values else reason.name
                for reason in verdict.reasons
            ),
            "fieldconf.field.pointer": field.pointer or "(whole)",
        }
        for field, verdict in judged
    ]
    return [
        {name: _utf8(value) for name, value in result.items() if value is not None and value != ""}
        for result in (whole, *parts)
    ]


def on_current_span(report: Report[Any]) -> None:
    """Set the attributes of a report on the current OpenTelemetry span; without one, do nothing.

    Each result of ``evaluations`` is sent as an event of that span, ``gen_ai.evaluation.result``:
    by the logs API, or, where that has no events yet (before 2025), as a span event.

    Raises:
        MissingPackageError: if OpenTelemetry is not installed; it is an ImportError as well.
    """
    try:
        trace: Any = importlib.import_module("opentelemetry.trace")
        logs: Any = importlib.import_module("opentelemetry._logs")
    except ImportError:
        raise MissingPackageError("fieldconf.telemetry", "opentelemetry", extra="otel") from None
    span = trace.get_current_span()
    if not span.is_recording():
        return
    span.set_attributes(attributes(report))
    emit = logs.get_logger("fieldconf").emit
    has_events = "event_name" in inspect.signature(emit).parameters
    for result in evaluations(report):
        if has_events:
            emit(event_name=_EVENT, attributes=result)
        else:
            span.add_event(_EVENT, result)


def _general(report: Report[Any]) -> dict[str, Any]:
    stopped = report.stopped
    is_text = report.status == "text" or report.schema.labels is not None
    return {
        "gen_ai.response.model": report.model,
        "gen_ai.response.finish_reasons": (report.finish_reason,) if report.finish_reason else None,
        "gen_ai.usage.input_tokens": report.input_tokens,
        "gen_ai.usage.output_tokens": report.output_tokens,
        "gen_ai.output.type": "text" if is_text else "json" if report.schema.json else None,
        "fieldconf.status": report.status,
        "fieldconf.valid": _is_valid(report) if report.status == "complete" else None,
        "fieldconf.confidence": report.confidence,
        "fieldconf.mask": report.mask,
        "fieldconf.flags": report.flags or None,
        "fieldconf.errors": len(report.errors),
        "fieldconf.fields": len(_shown(report.fields)),
        "fieldconf.fields.unknown": sum(f.confidence is None for f in report.leaves.values()),
        "fieldconf.tokens": len(report.tokens),
        "fieldconf.stopped": True if stopped else None,
        "fieldconf.stopped.tokens_read": stopped and stopped.read,
        "fieldconf.stopped.tokens_saved": stopped and stopped.saved,
        "fieldconf.stopped.tokens_saved_at_most": stopped and stopped.saved_at_most,
    }


def _utf8(value: Any) -> Any:
    """Exporters write UTF-8, which has no lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return tuple(map(_utf8, value)) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _sureness(field: Field) -> float:
    return 2.0 if field.confidence is None else field.confidence


def _shown(fields: Mapping[str, Field]) -> dict[str, Field]:
    """Leaves and lists; the whole where it is one."""
    return {name: field for name, field in fields.items() if field.is_leaf or field.kind == "array"}


def _declared_fields(report: Report[Any], *, values: bool) -> dict[str, Field]:
    """The fields that may be named: those whose keys are the schema's own words."""
    return {
        name: field for name, field in _shown(report.fields).items()
        if values or _are_declared(field.path, report.schema.root)
    }  # fmt: skip


def _are_declared(path: Path, node: SchemaNode) -> bool:
    for step in path:
        if isinstance(step, str) and step not in node.declared.keys:
            return False
        node = node.inside(step)
    return True


# -- the standard library's logging -------------------------------------------------------------


def log_request(
    *, provider: str, model: str, schema: str, top_logprobs: int | None, messages: int
) -> None:
    """Say, at DEBUG, what is about to be asked of whom; never what the messages say."""
    facts = {
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "fieldconf.schema": schema,
        "fieldconf.request.top_logprobs": top_logprobs,
        "fieldconf.request.messages": messages,
    }
    line = (
        f"asking {model or 'the only model'} at {provider} for {schema}: "
        f"{messages} messages, {top_logprobs} candidates a token"
    )
    present = {name: value for name, value in facts.items() if value is not None}
    logger.debug("%s", printable(line), extra={"fieldconf": present})


def log_report(
    report: Report[Any], *, provider: str, model: str, schema: str, values: bool = False
) -> None:
    """Say in one line how an answer ended and how sure the model was.

    INFO where it is complete, valid and scored, a free text with logprobs, or was stopped by a rule
    of the caller's; else WARNING. ``record.fieldconf`` has the ``attributes``, with values only if
    asked for.
    """
    is_text = report.status == "text" and report.answer_score is not None
    is_scored = report.confidence is not None and _is_valid(report)
    is_sound = is_text or is_scored or report.stopped is not None
    level = logging.INFO if is_sound else logging.WARNING
    if not logger.isEnabledFor(level):
        return
    names = {
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
        "fieldconf.schema": schema,
    }
    line = f"{schema} from {model or report.model or 'the only model'} at {provider}: "
    extra = {"fieldconf": names | attributes(report, values=values)}
    logger.log(level, "%s", printable(line + _line(report)), extra=extra)


def _is_valid(report: Report[Any]) -> bool:
    return not report.errors and is_alone(report.flags)


def _line(report: Report[Any]) -> str:
    scored = {
        name: field for name, field in _declared_fields(report, values=False).items()
        if field.is_leaf and field.confidence is not None
    }  # fmt: skip
    least = min(scored.values(), key=_sureness, default=None)
    parts = [report.status + (", stopped by a rule" if report.stopped else "")]
    if report.confidence is not None:
        parts.append(f"least required confidence {number(report.confidence)}")
    if least is not None and least.confidence is not None:
        parts.append(f"least sure of {least.pointer or '(whole)'} ({number(least.confidence)})")
    parts.append(f"{len(report.leaves)} values, {len(report.errors)} errors")
    parts.append(f"{len(report.tokens)} tokens")
    return ", ".join(parts)

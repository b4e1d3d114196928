"""Verifying: one further request that asks of each value whether it is right.

In:    a report, what it was read from, a client.
Out:   the same report with other confidences: each made of the first one and of the probability
       that the model, shown the value, says it is right.
Never: another value; a "yes" that the model wrote down as a number: P(true) is scored.
Why:   to judge a value is another task than to write it, and it is asked all fields at once.

What is asked is an object of booleans over the paths of the values: the items of a list by
position ("0", "1" ...), and beside them ``complete``: whether the list lacks nothing. An answer
that is one scalar is asked about under ``value``.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TypeVar, Unpack, cast

from fieldconf.agreement.labels import is_label
from fieldconf.extraction.calls import prepare
from fieldconf.extraction.inputs import Input, is_messages
from fieldconf.extraction.options import Options, explicit
from fieldconf.fields.field import Field
from fieldconf.fields.plain import json_text
from fieldconf.fields.readings import Reading
from fieldconf.paths import Path, pointer
from fieldconf.report import Report
from fieldconf.schema.outline import outline
from fieldconf.verification.checks import (
    Check,
    Pick,
    checked,
    checked_async,
    given_of,
    picked,
    weighed,
)
from fieldconf.verification.combining import UNKNOWN, Combine, CombinedConfidence, rule_of

T = TypeVar("T")

COMPLETE, VALUE = "complete", "value"
"""Under what names a list, and an answer that is one scalar, are asked about."""

_TOLD = """\
A first reading of the message gave this JSON:
{data}
Check it against the message. For each field that is asked for, answer true if its value is what \
the message says, and false if it is wrong or made up. Where the value is null, answer true if the \
message does not say it. For "complete", answer true if no item is missing from the list."""


@explicit
def verify(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[Pick] | None = None,
    combine: Combine = "pool",
    **options: Unpack[Options],
) -> Report[T]:
    """Ask a model, of each value of a report, whether it is right; and combine the answers.

    One request asks about all fields at once. A field's ``confidence`` is then that of the first
    reading combined with P(true), the probability (0..1) of "yes, it is right"; its ``basis`` is
    "verification", both stand in its ``readings``, and the costs of both requests in the report's
    ``requests``. Values, text, tokens and distributions stay those of the first reading.

    Args:
        report: the first reading.
        input: what it was read from; by default what ``extract`` read for this report.
        client: as for ``extract``; it may be another model's.
        fields: which fields to ask about: JSON Pointers (with "*" and "**"), attributes or fields,
            of which an object stands for all that is in it, and a list for whether it is complete;
            by default all values and lists.
        combine: how the two become one:

            * "pool": the mean in log odds, which lies between the two (Genest & Zidek 1986)
            * "minimum": the smaller
            * "product": both are right, if they err independently
            * "verification": P(true) alone
            * a function of the first confidence and of P(true)

            Where the first is not known, it is P(true). Where P(true) is not known, the field
            keeps its confidence and has the flag "unverified".
        options: those of ``extract``; ``instructions`` stand before the question, by default those
            of the first reading; ``policy`` judges the report that is returned, by default that of
            the first; ``observe`` is told of the report of the second request.

    Returns:
        The first report with these confidences; the one given, where nothing is to be asked.

    Raises:
        RequestError: if the request failed or cannot be made; if it is not known what was read; if
            there is no such field or rule. It carries the first ``report``.

    >>> from fieldconf.extraction.extract import extract
    >>> from fieldconf.testing import Answer, FakeClient
    >>> client = FakeClient(Answer({"urgent": True}, confidences={"urgent": 0.9}),
    ...                     Answer({"urgent": True}, confidences={"urgent": 0.5}))
    >>> ticket = {"type": "object", "properties": {"urgent": {"type": "boolean"}}}
    >>> report = extract(ticket, "Hurry!", client=client, model="m")
    >>> field = verify(report, client=client, model="m")["urgent"]
    >>> round(field.confidence, 6), [reading.how for reading in field.readings]
    (0.75, ['answer', 'verification'])
    """
    asked = partial(_check, input=input, client=client, fields=fields, combine=combine)
    return checked(report, cast("Mapping[str, Any]", options), asked)


@explicit
async def averify(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[Pick] | None = None,
    combine: Combine = "pool",
    **options: Unpack[Options],
) -> Report[T]:
    """As ``verify``, for an asynchronous client such as ``openai.AsyncOpenAI``."""
    asked = partial(_check, input=input, client=client, fields=fields, combine=combine)
    return await checked_async(report, cast("Mapping[str, Any]", options), asked)


def _reading(answer: Field | None, model: str) -> tuple[Reading, CombinedConfidence]:
    """What is said of a value, and how sure that is that it is right."""
    second = _right(answer)
    reading = Reading(
        "verification", answer.value if answer else None, second.confidence,
        answer.basis if answer else "none", model,
        agrees=None if second.confidence is None else second.confidence >= 0.5,
    )  # fmt: skip
    return reading, second


def _right(answer: Field | None) -> CombinedConfidence:
    """The probability of true, whatever was written."""
    if answer is None or answer.distribution is None:
        return UNKNOWN
    found = next((m for m in answer.distribution.candidates if m.value is True), None)
    return CombinedConfidence(found.probability, found.low, found.high) if found else UNKNOWN


# -- the request --------------------------------------------------------------------------------


def _check(
    report: Report[Any], options: Options, *, input: Input | None, client: Any,
    fields: Iterable[Pick] | None, combine: Combine,
) -> Check | None:  # fmt: skip
    """The request; None where there is nothing to ask."""
    rule_of(combine)  # before the request is paid for
    asked = _asked(report, picked(report, fields))
    if not asked:
        return None
    given = given_of(report, input, "verify")
    told = _TOLD.format(data=json_text(report.data).decode())
    lead = options.get("instructions") or report.instructions
    if is_messages(given):
        messages = [*cast("Any", given), {"role": "user", "content": told}]
        made = prepare(_schema(report, asked), messages, client, _with(options, lead))
    else:
        joined = f"{lead}\n\n{told}" if lead else told
        made = prepare(_schema(report, asked), given, client, _with(options, joined))
    places = {path: place for place, path in asked.items()}

    def weigh(path: Path, answer: Report[Any], model: str) -> Field:
        reading, second = _reading(answer.fields.get(pointer(places[path])), model)
        return weighed(
            report.fields[pointer(path)], reading, second, combine,
            model=report.model, basis="verification",
        )  # fmt: skip

    return Check(report, made, "verification", tuple(places), weigh)


def _with(options: Options, instructions: str | None) -> Options:
    return cast("Options", {**options, "instructions": instructions})


def _asked(report: Report[Any], wanted: set[Path]) -> dict[Path, Path]:
    """Where each value and each list is asked about: in the order in which they end.

    What was said beside the labels is no value.
    """
    if report.schema.labels is not None and not is_label(report):
        return {}
    found = [
        field for field in report.fields.values()
        if field.path in wanted and "truncated" not in field.flags
        and (field.is_leaf or field.kind == "array")
    ]  # fmt: skip
    return {_place(field): field.path for field in sorted(found, key=lambda field: field.stop)}


def _place(field: Field) -> Path:
    if field.kind == "array":
        return (*field.path, COMPLETE)
    return field.path or (VALUE,)


def _schema(report: Report[Any], asked: Mapping[Path, Path]) -> dict[str, Any]:
    def leaf(place: Path) -> dict[str, Any]:
        field = report.fields[pointer(asked[place])]
        return {"type": "boolean", "description": _about(field)}

    return outline(asked, leaf)


def _about(field: Field) -> str:
    """What true means there. The value is not said: servers keep schemas that they have seen."""
    name = str(field.path[-1]) if field.path else "the whole"
    if field.kind == "array":
        return f"no item is missing from {name}"
    meaning = field.declared.description.strip().rstrip(".") if field.declared else ""
    return f"the value given for {name} is right" + (f" ({meaning})" if meaning else "")

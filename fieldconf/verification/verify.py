"""Verify: one further request asks, for each value, whether it is right.

In:    a report, what it was read from, a client.
Out:   the same report with other confidences: each combines the first confidence with the
       probability that the model, shown the value, says it is right.
Never: another value; a confidence that the model wrote as a number: P(true) comes from logprobs.
Why:   judging a value is another task than writing it, and one request covers all fields.

The request asks for an object of booleans with the paths of the values: the items of a list by
position ("0", "1" ...), and beside them ``complete``: whether no item is missing. An answer that is
one scalar is asked about under ``value``.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar, Unpack, cast

from fieldconf.agreement.label_votes import is_label
from fieldconf.extraction.calls import prepare
from fieldconf.extraction.inputs import Input, is_messages
from fieldconf.extraction.options import Options, explicit
from fieldconf.fields.field import Field
from fieldconf.fields.readings import Reading
from fieldconf.parsing.json_writing import json_text
from fieldconf.paths import Path, pointer
from fieldconf.report import Report
from fieldconf.schema.outline import outline
from fieldconf.verification.checks import (
    Check,
    FieldSelector,
    SecondReading,
    input_of,
    run_check,
    run_check_async,
    select_paths,
    with_second_reading,
)
from fieldconf.verification.combining import UNKNOWN, BoundedConfidence, Combine, rule_of

T = TypeVar("T")

COMPLETE, VALUE = "complete", "value"
"""The keys of the question about a list, and of that about an answer that is one scalar."""

_QUESTION = """\
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
    fields: Iterable[FieldSelector] | None = None,
    combine: Combine = "pool",
    **options: Unpack[Options],
) -> Report[T]:
    """Ask a model whether each value of a report is right, and combine the confidences.

    One request asks about all fields at once. A field's ``confidence`` then combines that of the
    first reading with P(true), the probability (0..1) of "yes, it is right". Its ``basis`` is
    "verification", its ``readings`` are both readings, and the report's ``requests`` have the
    costs of both requests. Values, input, tokens and distributions stay those of the first reading.

    Args:
        report: the first reading.
        input: what it was read from; by default what ``extract`` read for this report.
        client: as in ``extract``; it may be that of another model.
        fields: which fields to ask about: JSON Pointers (with "*" and "**"), attributes or fields.
            An object stands for everything inside it, a list for whether it is complete. By
            default all values and lists.
        combine: how the two confidences are combined:

            * "pool": the mean in log odds, which lies between the two (Genest & Zidek 1986)
            * "minimum": the smaller
            * "product": both are right, if their errors are independent
            * "verification": P(true) alone
            * a function of the first confidence and of P(true)

            If the first confidence is not known, the result is P(true). If P(true) is not known,
            the field keeps its confidence and gets the flag "unverified".
        options: those of ``extract``. ``instructions`` precede the question, by default those of
            the first reading; ``policy`` judges the report that is returned, by default that of
            the first report; ``observe`` is called with the report of the second request.

    Returns:
        The first report with these confidences; unchanged if there is nothing to ask.

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
    build = partial(_check, input=input, client=client, fields=fields, combine=combine)
    return run_check(report, options, build)


@explicit
async def averify(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[FieldSelector] | None = None,
    combine: Combine = "pool",
    **options: Unpack[Options],
) -> Report[T]:
    """``verify`` with an asynchronous client such as ``openai.AsyncOpenAI``."""
    build = partial(_check, input=input, client=client, fields=fields, combine=combine)
    return await run_check_async(report, options, build)


def _reading(answer: Field | None, model: str) -> tuple[Reading, BoundedConfidence]:
    """The answer about a value as a reading, and the probability of true, whatever it was."""
    second = UNKNOWN
    if answer is not None and answer.distribution is not None:
        candidates = answer.distribution.candidates
        right = next((candidate for candidate in candidates if candidate.value is True), None)
        if right is not None:
            second = BoundedConfidence(right.probability, right.low, right.high)
    reading = Reading(
        "verification", answer.value if answer else None, second.confidence,
        answer.basis if answer else "none", model,
        agrees=None if second.confidence is None else second.confidence >= 0.5,
    )  # fmt: skip
    return reading, second


# -- the request --------------------------------------------------------------------------------


def _check(
    report: Report[Any], options: Options, *, input: Input | None, client: Any,
    fields: Iterable[FieldSelector] | None, combine: Combine,
) -> Check | None:  # fmt: skip
    """The request; None where there is nothing to ask."""
    rule_of(combine)  # an unknown rule is an error before the request is paid for
    fields_by_question = _questions(report, select_paths(report, fields))
    if not fields_by_question:
        return None
    source = input_of(report, input, "fc.verify")
    question = _QUESTION.format(data=json_text(report.data).decode())
    instructions = options.get("instructions") or report.instructions
    if is_messages(source):
        source = [*cast("Any", source), {"role": "user", "content": question}]
    else:
        instructions = f"{instructions}\n\n{question}" if instructions else question
    schema = outline(fields_by_question, lambda path: _boolean(fields_by_question[path]))
    request_options = cast("Options", {**options, "instructions": instructions})
    call = prepare(schema, source, client, request_options)
    questions = {field.path: path for path, field in fields_by_question.items()}

    def update_field(path: Path, answer: Report[Any], model: str) -> Field:
        reading, second = _reading(answer.fields.get(pointer(questions[path])), model)
        return with_second_reading(
            report.fields[pointer(path)], reading, second, combine,
            model=report.model, basis="verification",
        )  # fmt: skip

    return Check(call, SecondReading(
        report=report, how="verification", paths=tuple(questions),
        update_field=update_field, model=call.model,
    ))  # fmt: skip


def _questions(report: Report[Any], selected: set[Path]) -> dict[Path, Field]:
    """The values and lists to ask about, by the path of their question, in the order of their ends.

    An answer that is none of the labels is not a value.
    """
    if report.schema.labels is not None and not is_label(report):
        return {}
    questions: dict[Path, Field] = {}
    for field in sorted(report.fields.values(), key=lambda field: field.stop):
        if field.path not in selected or "truncated" in field.flags:
            continue
        if field.kind == "array":
            questions[*field.path, COMPLETE] = field
        elif field.is_leaf:
            questions[field.path or (VALUE,)] = field
    return questions


def _boolean(field: Field) -> dict[str, Any]:
    """The schema of a question. It does not contain the value: servers cache schemas."""
    name = str(field.path[-1]) if field.path else "the whole"
    if field.kind == "array":
        return {"type": "boolean", "description": f"no item is missing from {name}"}
    meaning = field.declared.description.strip().rstrip(".") if field.declared else ""
    description = f"the value given for {name} is right" + (f" ({meaning})" if meaning else "")
    return {"type": "boolean", "description": description}

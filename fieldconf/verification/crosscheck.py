"""Crosscheck: a decision endpoint is asked for the fields that have few possible values.

In:    a report, what it was read from, a client with a decision endpoint.
Out:   the same report with other confidences: each combines the first confidence with the
       probability that the endpoint gives to the same value.
Never: another value; a question about a field that the answer does not have.
Why:   the endpoint answers with probabilities, reads each field independently, and has not seen
       the first answer.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, Unpack, cast

from fieldconf.agreement.label_votes import is_label
from fieldconf.decision_endpoint.schema_questions import path_of
from fieldconf.errors import RequestError
from fieldconf.extraction.calls import prepare
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.options import Options, explicit
from fieldconf.fields.field import Field
from fieldconf.fields.readings import Reading
from fieldconf.parsing.kinds import same
from fieldconf.paths import Path, pointer
from fieldconf.report import Report
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

PROVIDER = "openai-decisions"


@explicit
def crosscheck(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[FieldSelector] | None = None,
    combine: Combine = "pool",
    **options: Unpack[Options],
) -> Report[T]:
    """Ask a decision endpoint for the fields with few values, and combine its answers.

    One request asks a question for each boolean, enum and bounded integer of the schema for which
    the answer has a value (``fc.questions`` lists them, and says why others are left out). The
    endpoint does not see the first reading. A field's ``confidence`` then combines that of the
    first reading with the probability (0..1) that the endpoint gives to the same value. Both are
    in its ``readings``, the second with the value that the endpoint prefers. No value changes.

    Args:
        report: the first reading, with the schema that it was read by.
        input: what it was read from; by default what ``extract`` read for this report.
        client: an ``openai.OpenAI`` with ``decisions`` (openai>=3.54), any base_url.
        fields: which fields to ask for, as in ``verify``; by default all that can be asked.
        combine: how the two confidences are combined, as in ``verify``: "pool" by default. With
            "decision" the endpoint's probability and distribution replace those of the field.
        options: those of ``extract``: ``model``, ``instructions``, ``policy`` ...; ``provider`` is
            "openai-decisions" by default.

    Returns:
        The first report with these confidences; unchanged if there is nothing to ask.

    Raises:
        RequestError: if the request failed or cannot be made (a client without decisions); if it is
            not known what was read; if there is no such field or rule. It has the first ``report``.
        SchemaError: if no field of the schema can be asked for.

    >>> from types import SimpleNamespace
    >>> from fieldconf.extraction.extract import extract
    >>> from fieldconf.testing import Answer, FakeClient
    >>> client = FakeClient(Answer({"urgent": True}, confidences={"urgent": 0.9}))
    >>> ticket = {"type": "object", "properties": {"urgent": {"type": "boolean"}}}
    >>> report = extract(ticket, "Hurry!", client=client, model="m")
    >>> answers = [{"type": "predicate", "name": "/urgent", "probability": 0.5}]
    >>> endpoint = SimpleNamespace(create=lambda **request: {"answers": answers})
    >>> other = SimpleNamespace(decisions=endpoint)  # or an openai.OpenAI
    >>> field = crosscheck(report, client=other, model="gpt-6-luna")["urgent"]
    >>> round(field.confidence, 6), field.readings[1].how
    (0.75, 'decision')
    """
    build = partial(_check, input=input, client=client, fields=fields, combine=combine)
    return run_check(report, options, build)


@explicit
async def acrosscheck(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[FieldSelector] | None = None,
    combine: Combine = "pool",
    **options: Unpack[Options],
) -> Report[T]:
    """``crosscheck`` with an asynchronous client such as ``openai.AsyncOpenAI``."""
    build = partial(_check, input=input, client=client, fields=fields, combine=combine)
    return await run_check_async(report, options, build)


def _with_decision(
    field: Field, decision: Field | None, combine: Combine, *, first_model: str, model: str
) -> Field:
    """A field with the endpoint's decision as its second reading."""
    if decision is None or decision.distribution is None:
        return with_second_reading(
            field, Reading("decision", None, None, "none", model), UNKNOWN, combine,
            model=first_model, basis="decision",
        )  # fmt: skip
    reading = Reading(
        "decision", decision.value, decision.confidence, "decision", model,
        agrees=same(decision.value, field.value),
    )  # fmt: skip
    candidates = decision.distribution.candidates
    match = next((c for c in candidates if same(c.value, field.value)), None)
    second = BoundedConfidence(0.0, 0.0, 0.0)
    if match is not None:
        second = BoundedConfidence(match.probability, match.low, match.high)
    is_decision_alone = combine == "decision" or field.confidence is None
    checked = with_second_reading(
        field, reading, second, combine, model=first_model,
        basis="decision" if is_decision_alone else "verification",
    )  # fmt: skip
    if combine != "decision":
        return checked
    return replace(
        checked, distribution=decision.distribution, expected=decision.expected, std=decision.std
    )


def _check(
    report: Report[Any], options: Options, *, input: Input | None, client: Any,
    fields: Iterable[FieldSelector] | None, combine: Combine,
) -> Check | None:  # fmt: skip
    """The request with the questions about selected values; None where there are none."""
    rule_of(combine)  # an unknown rule is an error before the request is paid for
    selected = {path for path in select_paths(report, fields) if pointer(path) in report.leaves}
    if not selected or (report.schema.labels is not None and not is_label(report)):
        return None
    source = input_of(report, input, "fc.crosscheck")
    request_options = cast("Options", {"provider": PROVIDER, **options})
    call = prepare(report.schema, source, client, request_options)
    if "questions" not in call.arguments:
        raise RequestError(
            f"crosscheck needs a decision endpoint, and {call.api.title} is not one",
            remedy=f"Leave provider= out, or pass {PROVIDER!r}; fc.verify works with any model",
        )
    pairs = [(q, path_of(q["name"], report.schema)) for q in call.arguments["questions"]]
    pairs = [(question, path) for question, path in pairs if path in selected]
    if not pairs:
        return None
    questions = [question for question, _ in pairs]
    call = replace(call, arguments={**call.arguments, "questions": questions})

    def update_field(path: Path, answer: Report[Any], model: str) -> Field:
        name = pointer(path)
        return _with_decision(
            report.fields[name], answer.fields.get(name), combine,
            first_model=report.model, model=model,
        )  # fmt: skip

    return Check(call, SecondReading(
        report=report, how="decision", paths=tuple(path for _, path in pairs),
        update_field=update_field, model=call.model,
    ))  # fmt: skip

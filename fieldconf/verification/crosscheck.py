"""Crosschecking: the fields with few values, asked for again at a decision endpoint.

In:    a report, what it was read from, a client with such an endpoint.
Out:   the same report with other confidences: each made of the first one and of the probability
       that the endpoint gives the same value.
Never: another value; a question about a field that the answer does not have.
Why:   an endpoint that answers with probabilities reads the fields anew, one by one, and has not
       seen the first answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, Unpack, cast

from fieldconf.agreement.labels import is_label
from fieldconf.decisions.questions import path_of
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
    Pick,
    checked,
    checked_async,
    given_of,
    picked,
    weighed,
)
from fieldconf.verification.combining import UNKNOWN, Combine, CombinedConfidence, rule_of

T = TypeVar("T")

PROVIDER = "openai-decisions"


@explicit
def crosscheck(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[Pick] | None = None,
    combine: Combine = "pool",
    **options: Unpack[Options],
) -> Report[T]:
    """Ask a decision endpoint for the fields with few values, and combine its answers.

    One request asks a question for each boolean, enum and bounded integer of the schema that the
    answer has a value of (``fc.questions`` says which and why not the others). The endpoint has not
    seen the first reading. A field's ``confidence`` is then that of the first reading combined with
    the probability (0..1) that the endpoint gives to the same value; both stand in its
    ``readings``, the second with the value that the endpoint would have chosen. No value changes.

    Args:
        report: the first reading, with the schema it was read by.
        input: what it was read from; by default what ``extract`` read for this report.
        client: an ``openai.OpenAI`` with ``decisions`` (openai>=3.54), any base_url.
        fields: which fields to ask for, as in ``verify``; by default all that can be asked.
        combine: how the two become one, as in ``verify``: "pool" by default; with "decision" the
            endpoint's probability replaces the first confidence, and its distribution the first.
        options: those of ``extract``: ``model``, ``instructions``, ``policy`` ...; ``provider`` is
            "openai-decisions" if nothing else is said.

    Returns:
        The first report with these confidences; the one given, where nothing is to be asked.

    Raises:
        RequestError: if the request failed or cannot be made (a client without decisions); if it is
            not known what was read; if there is no such field or rule. It has the first ``report``.
        SchemaError: if no field of the schema can be asked.

    >>> from types import SimpleNamespace
    >>> from fieldconf.extraction.extract import extract
    >>> from fieldconf.testing import Answer, FakeClient
    >>> client = FakeClient(Answer({"urgent": True}, confidences={"urgent": 0.9}))
    >>> ticket = {"type": "object", "properties": {"urgent": {"type": "boolean"}}}
    >>> report = extract(ticket, "Hurry!", client=client, model="m")
    >>> answers = [{"type": "predicate", "name": "/urgent", "probability": 0.5}]
    >>> endpoint = SimpleNamespace(create=lambda **asked: {"answers": answers})
    >>> other = SimpleNamespace(decisions=endpoint)  # an openai.OpenAI has it, too
    >>> field = crosscheck(report, client=other, model="gpt-6-luna")["urgent"]
    >>> round(field.confidence, 6), field.readings[1].how
    (0.75, 'decision')
    """
    asked = partial(_check, input=input, client=client, fields=fields, combine=combine)
    return checked(report, cast("Mapping[str, Any]", options), asked)


@explicit
async def acrosscheck(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[Pick] | None = None,
    combine: Combine = "pool",
    **options: Unpack[Options],
) -> Report[T]:
    """As ``crosscheck``, for an asynchronous client such as ``openai.AsyncOpenAI``."""
    asked = partial(_check, input=input, client=client, fields=fields, combine=combine)
    return await checked_async(report, cast("Mapping[str, Any]", options), asked)


def _reading(other: Field | None, value: Any, model: str) -> tuple[Reading, CombinedConfidence]:
    """What the endpoint would have chosen, and how sure it is of a value."""
    reading = Reading(
        "decision", other.value if other else None, other.confidence if other else None,
        "decision" if other else "none", model,
        agrees=same(other.value, value) if other else None,
    )  # fmt: skip
    return reading, _of_value(other, value)


def _weigh(field: Field, other: Field | None, combine: Combine, *, first: str, model: str) -> Field:
    """A field with what the endpoint says of it; ``first`` and ``model`` are who gave either."""
    reading, second = _reading(other, field.value, model)
    is_its_own = combine == "decision" or field.confidence is None
    made = weighed(
        field, reading, second, combine, model=first,
        basis="decision" if is_its_own else "verification",
    )  # fmt: skip
    if other is None or combine != "decision":
        return made
    return replace(made, distribution=other.distribution, expected=other.expected, std=other.std)


def _of_value(other: Field | None, value: Any) -> CombinedConfidence:
    """The probability that the endpoint gives to a value."""
    if other is None or other.distribution is None:
        return UNKNOWN
    found = next((m for m in other.distribution.candidates if same(m.value, value)), None)
    return (
        CombinedConfidence(found.probability, found.low, found.high)
        if found
        else CombinedConfidence(0.0, 0.0, 0.0)
    )


def _check(
    report: Report[Any], options: Options, *, input: Input | None, client: Any,
    fields: Iterable[Pick] | None, combine: Combine,
) -> Check | None:  # fmt: skip
    """The request, with those questions that are about a value; None where there are none."""
    rule_of(combine)  # before the request is paid for
    wanted = {path for path in picked(report, fields) if pointer(path) in report.leaves}
    if not wanted or (report.schema.labels is not None and not is_label(report)):
        return None
    given = given_of(report, input, "crosscheck")
    made = prepare(report.schema, given, client, cast("Options", {"provider": PROVIDER, **options}))
    if "questions" not in made.arguments:
        raise RequestError(
            f"crosscheck asks a decision endpoint, and {made.api.title} is none",
            remedy=f"Leave provider= out, or give {PROVIDER!r}; fc.verify asks any model",
        )
    paths = {
        one["name"]: path_of(one["name"], report.schema) for one in made.arguments["questions"]
    }
    questions = [one for one in made.arguments["questions"] if paths[one["name"]] in wanted]
    if not questions:
        return None
    asked = tuple(paths[one["name"]] for one in questions)
    call = replace(made, arguments={**made.arguments, "questions": questions})

    def weigh(path: Path, answer: Report[Any], model: str) -> Field:
        other = answer.fields.get(pointer(path))
        known = other if other is not None and other.distribution is not None else None
        field = report.fields[pointer(path)]
        return _weigh(field, known, combine, first=report.model, model=model)

    return Check(report, call, "decision", asked, weigh)

"""Checks: a further request about fields of a report, and the fields with both readings.

In:    a report, the selected fields, a second reading of each.
Out:   the report whose fields have both readings and a confidence combined from both.
Never: another value; a missing second reading that goes unnoticed: its field gets a flag.
Why:   a verification and a decision endpoint ask different questions, but their answers are
       combined with the first reading in the same way.
"""

from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

from fieldconf.errors import RequestError, carry
from fieldconf.extraction.calls import PreparedRequest
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.options import Options, merged_options
from fieldconf.extraction.streams import ask, ask_async
from fieldconf.fields.field import Field
from fieldconf.fields.readings import Basis, How, Reading, RequestCost
from fieldconf.fields.status import WHOLE
from fieldconf.paths import Path, matches, parse_pointer, pointer
from fieldconf.report import Report
from fieldconf.report.combine import assembled, requests_of
from fieldconf.schema.attribute_paths import paths_of, steps_of
from fieldconf.verification.combining import BoundedConfidence, Combine, combined

T = TypeVar("T")

FieldSelector: TypeAlias = str | Path | Field | Callable[[Any], Any]
"""Selects fields: a JSON Pointer ("*" stands for one step, "**" for any number of steps), an
attribute ("customer.email", or a function of the value), a path, or a field."""

UNVERIFIED = "unverified"
"""The flag of a field whose second reading was requested and has no confidence."""


def with_second_reading(
    field: Field,
    reading: Reading,
    second: BoundedConfidence,
    combine: Combine,
    *,
    model: str,
    basis: Basis,
) -> Field:
    """A field with a second reading of its value, and the combined confidence.

    Args:
        field: the field of the first reading.
        reading: the second reading.
        second: the second reading's confidence that the field's value is right, with bounds.
        combine: the rule that combines the two confidences.
        model: the model of the first reading.
        basis: the basis of the combined confidence.
    """
    answer = Reading("answer", field.value, field.confidence, field.basis, model, agrees=True)
    readings = (*(field.readings or (answer,)), reading)
    flags = tuple(flag for flag in field.flags if flag != UNVERIFIED)
    if second.confidence is None:
        return replace(field, readings=readings, flags=(*flags, UNVERIFIED))
    first = BoundedConfidence(field.confidence, field.low, field.high)
    confidence, low, high = combined(first, second, combine)
    return replace(
        field, confidence=confidence, low=low, high=high, basis=basis,
        readings=readings, flags=flags, reason="",
    )  # fmt: skip


# -- one further request ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """What a second answer does to fields of a report.

    Attributes:
        report: the first reading.
        how: the kind of the second request.
        paths: the fields that the second answer is about.
        update_field: called with the path of such a field, the report of the second answer and the
            name of its model; returns the field with both readings.
        model: the model of the second answer, where the answer does not say it.
    """

    report: Report[Any]
    how: How
    paths: Collection[Path]
    update_field: Callable[[Path, Report[Any], str], Field]
    model: str = ""

    def read(self, answer: Report[Any]) -> Report[Any]:
        """The first report, with both readings of the checked fields and the cost of the request.

        A report without logprobs becomes complete once the second reading gives it a confidence.
        """
        model = answer.model or self.model
        parts = {path: (0, self.update_field(path, answer, model)) for path in self.paths}
        cost = RequestCost(self.how, model, answer.input_tokens, answer.output_tokens)
        requests = (*requests_of(self.report), cost)
        report = assembled(self.report, (), self.report.data, parts, requests=requests)
        if report.status in WHOLE and report.fields[""].confidence is not None:
            return replace(report, status="complete", reason="")
        return report


class Check(NamedTuple):
    """A request about fields of a report, and what its answer does to them."""

    call: PreparedRequest
    second: SecondReading


CheckBuilder: TypeAlias = Callable[[Report[Any], Options], Check | None]
"""From the first report and the options of a further request to the check; None where there is
nothing to check."""


def run_check(report: Report[T], options: Options, build: CheckBuilder) -> Report[T]:
    """The report after a further request; the first report where there is nothing to check."""
    with attaching_report(report):
        first, check = _prepared(report, options, build)
        return check.second.read(ask(check.call)) if check else first


async def run_check_async(report: Report[T], options: Options, build: CheckBuilder) -> Report[T]:
    """``run_check`` with an asynchronous client."""
    with attaching_report(report):
        first, check = _prepared(report, options, build)
        return check.second.read(await ask_async(check.call)) if check else first


def _prepared(
    report: Report[T], options: Options, build: CheckBuilder
) -> tuple[Report[T], Check | None]:
    """The report judged by the policy of the options, and the further request.

    Raises:
        PolicyError: if the policy is invalid, or does not fit the report's schema.
    """
    request_options = merged_options(options)
    policy = request_options.pop("policy", None)
    request_options.pop("calibration", None)
    first = report if policy is None else report.with_policy(policy)
    return first, build(first, request_options)


def input_of(report: Report[Any], input: Input | None, caller: str) -> Input:
    """What the second request reads: ``input``, or what the report says the model was given.

    Raises:
        RequestError: if there is no ``input``, and the report does not have the source either.
    """
    source = report.input if input is None else input
    if source is None:
        raise RequestError(
            "the report does not contain the text that the model read",
            remedy=f"Pass the text: {caller}(report, input, client=...)",
        )
    return cast("Input", source)


@contextmanager
def attaching_report(report: Report[Any]) -> Generator[None]:
    """Attach the first report to any error: its request was paid for."""
    try:
        yield
    except BaseException as error:
        carry(error, report)
        raise


# -- which fields -------------------------------------------------------------------------------


def select_paths(report: Report[Any], selectors: Iterable[FieldSelector] | None) -> set[Path]:
    """The paths of the selected fields; of all fields if there are no selectors.

    A selected object selects everything inside it.

    Raises:
        RequestError: if neither the answer nor its schema has such a field.
    """
    paths = [field.path for field in report.fields.values()]
    if selectors is None:
        return {*paths}
    if isinstance(selectors, (str, Field)):
        selectors = [selectors]
    selected = {path for selector in selectors for path in _select(report, selector)}
    objects = {path for path in selected if report.fields[pointer(path)].kind == "object"}
    return selected.union(path for path in paths if any(path[: len(o)] == o for o in objects))


def _select(report: Report[Any], selector: FieldSelector) -> list[Path]:
    """The paths of the answer that a selector matches; none if the schema alone has them."""
    paths = _possible_paths(report, selector)
    matching = [path for path in paths if pointer(path) in report.fields]
    # A pattern may match places that this answer lacks.
    is_declared = any("*" in p or "**" in p or report.schema.at(p).cases for p in paths)
    if not matching and not is_declared:
        names = ", ".join(map(repr, list(report.fields)[:8]))
        raise RequestError(
            f"neither the answer nor its schema has a field {selector!r}",
            remedy=f"The answer has {names or 'no fields'}",
        )
    return matching


def _possible_paths(report: Report[Any], selector: FieldSelector) -> list[Path]:
    if isinstance(selector, Field):
        return [selector.path]
    if isinstance(selector, tuple):
        return [selector]
    if isinstance(selector, str) and (selector.startswith("/") or not selector):
        steps = parse_pointer(selector)
        return [f.path for f in report.fields.values() if matches(steps, f.path)] or [steps]
    paths = paths_of(steps_of(selector), report.schema.root)
    return [*paths, *([(selector,)] if isinstance(selector, str) else [])]

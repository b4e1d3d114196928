"""Weighing: a second reading beside the first, and what the field says then.

In:    a report, which of its fields are meant; a second reading of one of them.
Out:   the field with both readings and a confidence made of both.
Never: another value; a doubt that is forgotten: a second reading that says nothing is said.
Why:   a verification and a decision endpoint differ in what they ask, not in what they are worth.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar, cast

from fieldconf.errors import RequestError, carry
from fieldconf.extraction.calls import PreparedRequest
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.options import Options, said
from fieldconf.extraction.streams import ask, ask_async
from fieldconf.fields.field import Field
from fieldconf.fields.readings import Basis, How, Reading, RequestCost
from fieldconf.fields.status import WHOLE
from fieldconf.paths import Path, matches, parse_pointer, pointer
from fieldconf.report import Report
from fieldconf.report.combine import assembled, requests_of
from fieldconf.schema.attribute_paths import paths_of, steps_of
from fieldconf.verification.combining import Combine, CombinedConfidence, combined

T = TypeVar("T")

Pick: TypeAlias = str | Path | Field | Callable[[Any], Any]
"""A field: a JSON Pointer, in which "*" is any one step and "**" any steps; an attribute
("customer.email", or a function of the value); a path; or the field itself."""

UNVERIFIED = "unverified"
"""The flag of a field whose second reading was asked for and says nothing."""


def weighed(
    field: Field,
    reading: Reading,
    second: CombinedConfidence,
    combine: Combine,
    *,
    model: str,
    basis: Basis,
) -> Field:
    """A field with a second reading of its value.

    Args:
        field: as the first reading left it.
        reading: what the second one said.
        second: how sure that one was that the field's value is right, with bounds.
        combine: the rule by which the two become one.
        model: who gave the first reading.
        basis: what the confidence is then called.
    """
    first = Reading("answer", field.value, field.confidence, field.basis, model, agrees=True)
    readings = (*(field.readings or (first,)), reading)
    flags = tuple(flag for flag in field.flags if flag != UNVERIFIED)
    if second.confidence is None:
        return replace(field, readings=readings, flags=(*flags, UNVERIFIED))
    made = combined(CombinedConfidence(field.confidence, field.low, field.high), second, combine)
    return replace(
        field, confidence=made.confidence, low=made.low, high=made.high, basis=basis,
        readings=readings, flags=flags, reason="",
    )  # fmt: skip


# -- one further request ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
    """A request about fields of a report, and what its answer says of them.

    Attributes:
        report: the first reading.
        call: the request.
        how: of what kind it is.
        paths: of the fields that it is about.
        weigh: from such a path, the report of the answer and the model's name to the field with
            both readings.
    """

    report: Report[Any]
    call: PreparedRequest
    how: How
    paths: Collection[Path]
    weigh: Callable[[Path, Report[Any], str], Field]

    def read(self, answer: Report[Any]) -> Report[Any]:
        """The first report, with what the answer says of its fields."""
        model = answer.model or self.call.model
        fields = {path: self.weigh(path, answer, model) for path in self.paths}
        cost = RequestCost(self.how, model, answer.input_tokens, answer.output_tokens)
        return _with_second(self.report, fields, cost)


Checking: TypeAlias = Callable[[Report[Any], Options], Check | None]
"""From the first report, judged, and the options of a further request to what is asked, if any."""


def checked(report: Report[T], options: Mapping[str, Any], checking: Checking) -> Report[T]:
    """The report after a further request; the one given, where nothing is to be asked."""
    with keeping(report):
        first, asking = _judged(report, said(options))
        check = checking(first, asking)
        return check.read(ask(check.call)) if check else first


async def checked_async(
    report: Report[T], options: Mapping[str, Any], checking: Checking
) -> Report[T]:
    """The same with an asynchronous client."""
    with keeping(report):
        first, asking = _judged(report, said(options))
        check = checking(first, asking)
        return check.read(await ask_async(check.call)) if check else first


def _with_second(report: Report[T], fields: Mapping[Path, Field], cost: RequestCost) -> Report[T]:
    """A report with fields that have a second reading, and the request that was made for it.

    An answer without logprobs is like any other once a second reading says how sure it is.
    """
    parts = {path: (0, field) for path, field in fields.items()}
    requests = (*requests_of(report), cost)
    made = assembled(report, (), report.data, parts, requests=requests)
    is_known = made.fields[""].confidence is not None
    return (
        replace(made, status="complete", reason="") if made.status in WHOLE and is_known else made
    )


def _judged(report: Report[T], options: Options) -> tuple[Report[T], Options]:
    """The report under the policy of the options, and the options for the further request.

    Raises:
        PolicyError: if the policy is none, or not one for the report's schema.
    """
    policy = options.get("policy")
    others = {
        name: value for name, value in options.items() if name not in ("policy", "calibration")
    }
    return (report if policy is None else report.with_policy(policy)), cast("Options", others)


def given_of(report: Report[Any], input: Input | None, who: str) -> Input:
    """What is read again.

    Raises:
        RequestError: if nothing was given, and the report does not know what was read.
    """
    given = report.input if input is None else input
    if given is None:
        raise RequestError(
            "the report does not know what was read",
            remedy=f"Give it: {who}(report, input, client=...)",
        )
    return cast("Input", given)


@contextmanager
def keeping(report: Report[Any]) -> Generator[None]:
    """Whatever goes wrong, the error has the first report: it was paid for."""
    try:
        yield
    except BaseException as error:
        carry(error, report)
        raise


# -- which fields -------------------------------------------------------------------------------


def picked(report: Report[Any], fields: Iterable[Pick] | None) -> set[Path]:
    """The paths of the fields that are meant: all of them if nothing is said.

    An object stands for all that is in it.

    Raises:
        RequestError: if neither the answer nor its schema has such a field.
    """
    if fields is None:
        return {field.path for field in report.fields.values()}
    if isinstance(fields, (str, Field)):
        fields = [fields]
    named = {path for pick in fields for path in _named(report, pick)}
    objects = [path for path in named if report.fields[pointer(path)].kind == "object"]
    return named.union(*(_inside(report, path) for path in objects))


def _inside(report: Report[Any], around: Path) -> Iterator[Path]:
    size = len(around)
    return (one.path for one in report.fields.values() if one.path[:size] == around)


def _named(report: Report[Any], pick: Pick) -> list[Path]:
    paths = _wanted(report, pick)
    found = [path for path in paths if pointer(path) in report.fields]
    if not found and not any(_may_be(report, path) for path in paths):
        known = ", ".join(map(repr, list(report.fields)[:8]))
        raise RequestError(
            f"neither the answer nor its schema has a field {pick!r}",
            remedy=f"The answer has {known or 'no fields'}",
        )
    return found


def _wanted(report: Report[Any], pick: Pick) -> list[Path]:
    if isinstance(pick, Field):
        return [pick.path]
    if isinstance(pick, tuple):
        return [pick]
    if isinstance(pick, str) and (pick.startswith("/") or not pick):
        steps = parse_pointer(pick)
        found = [one.path for one in report.fields.values() if matches(steps, one.path)]
        return found or [steps]
    paths = paths_of(steps_of(pick), report.schema.root)
    return [*paths, *([(pick,)] if isinstance(pick, str) else [])]


def _may_be(report: Report[Any], path: Path) -> bool:
    """Whether the schema has such a place; a pattern may mean places that this answer lacks."""
    return "*" in path or "**" in path or bool(report.schema.at(path).cases)

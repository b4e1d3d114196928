"""Reask: a second request for the fields that are in doubt.

In:    a report with its verdicts, and a client.
Out:   a report with both readings.
Never: a request if nothing is in doubt; a doubtful value in the prompt, which would lead the
       model; a first report lost because the second request failed.
Why:   a larger model is worth its price only where the smaller one was uncertain.

Synchronous and asynchronous calls share the generators of ``Request``: a generator yields a request
and receives its report. Only ``run_steps`` and ``run_steps_async`` wait for answers.
"""

import json
from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, Unpack, cast

from fieldconf.agreement.label_votes import merged_labels
from fieldconf.extraction.inputs import Input, with_system_text
from fieldconf.extraction.options import Options, explicit, merged_options
from fieldconf.extraction.sampling import answer, answer_async
from fieldconf.fields.pickling import value_at
from fieldconf.fields.plain_values import DEEPEST, plain_value
from fieldconf.grounding.locating import locate_merged
from fieldconf.paths import Path, parse_pointer, pointer
from fieldconf.policy import PolicyLike
from fieldconf.reasking.doubts import accepted, doubtful
from fieldconf.reasking.merging import merged
from fieldconf.reasking.subschema import SubschemaRequest, node_at, request_for
from fieldconf.report import Report
from fieldconf.requests.request import INSTRUCTIONS
from fieldconf.verification.checks import FieldSelector, attaching_report, input_of, select_paths

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """A request: the arguments of ``extract``."""

    schema: Any
    input: Input
    client: Any
    options: Options


RequestSteps: TypeAlias = Generator[Request, Report[Any], Report[T]]
"""Yields requests, receives the report of each, and returns the last report."""

_ACCEPTED_HEADING = "The other fields are known already (items of a list by position, from 0):"


@explicit
def reask(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[FieldSelector] | None = None,
    blind: bool = False,
    replace: bool = False,
    **options: Unpack[Options],
) -> Report[T]:
    """Ask again for the fields of a report that are in doubt, and for no others.

    In doubt are: fields whose outcome is not "accept", fields that are missing from a truncated
    answer, and fields that violate the schema. The request has a sub-schema: objects with only
    these keys, and items of lists by position. A list that may lack an item, an object that is
    wrong as a whole, and an object whose discriminator is in doubt are asked for as a whole.
    ``merging`` has the rule for two readings: the result validates, or has the first values.

    Args:
        report: the first reading; from ``extract``, ``score`` or an earlier ``reask``.
        input: what was read; by default what ``extract`` was given.
        client: the client of the second request, as in ``extract``.
        fields: what to ask for instead of the doubtful fields: JSON Pointers (with "*" and "**"),
            attributes, paths or fields.
        blind: leave the accepted values out of the prompt, so that they do not lead the model.
        replace: whether accepted fields may change if they are asked for, or are inside of a value
            that is. By default they keep their values.
        options: those of ``extract``. ``instructions`` are by default those of the first request;
            the accepted values are appended to them. ``policy`` judges both readings, by default
            the report's policy; ``observe`` gets the report of the second answer. With ``samples``
            the second reading is a vote, which a model without logprobs can give. If the first
            report was located, new values are located, too; with ``locate`` all values are.

    Returns:
        A report of the whole answer. Each field that was asked for has all its ``readings``;
        ``requests`` has each request with its tokens. If nothing is in doubt, ``report`` itself.

    Raises:
        RequestError: if there is nothing to read, if the request failed, or if there is no such
            field. It carries the first ``report``.
        NoLogprobsError: as in ``extract``, with the first ``report``.
        PolicyError: if the policy is invalid.

    >>> from fieldconf.extraction.extract import extract
    >>> from fieldconf.testing import Answer, FakeClient
    >>> schema = {"properties": {"team": {"enum": ["billing", "sales"]}, "late": {"enum": [0, 1]}},
    ...           "required": ["team", "late"]}
    >>> client = FakeClient(Answer({"team": "sales", "late": 1}, {"team": 0.6}))
    >>> first = extract(schema, "The invoice is late.", client=client, model="small")
    >>> report = reask(first, client=FakeClient({"team": "billing"}), model="large")
    >>> report.data, [reading.value for reading in report["team"].readings]
    ({'team': 'billing', 'late': 1}, ['sales', 'billing'])
    """
    steps = reask_steps(
        report, input, client=client, fields=fields, blind=blind, replace=replace,
        options=merged_options(options),
    )  # fmt: skip
    return run_steps(steps)


@explicit
async def areask(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[FieldSelector] | None = None,
    blind: bool = False,
    replace: bool = False,
    **options: Unpack[Options],
) -> Report[T]:
    """``reask`` with an asynchronous client such as ``openai.AsyncOpenAI``.

    >>> import asyncio
    >>> import fieldconf as fc
    >>> from fieldconf.testing import AsyncFakeClient, FakeClient
    >>> first = fc.extract(bool, "Is it urgent?", client=FakeClient(False), model="small")
    >>> asking = areask(first, client=AsyncFakeClient(True), model="m", fields=[""], replace=True)
    >>> asyncio.run(asking).value
    True
    """
    steps = reask_steps(
        report, input, client=client, fields=fields, blind=blind, replace=replace,
        options=merged_options(options),
    )  # fmt: skip
    return await run_steps_async(steps)


# -- sending the requests -----------------------------------------------------------------------


def run_steps(steps: RequestSteps[T]) -> Report[T]:
    """Send each request with its synchronous client, and return the last report."""
    try:
        request = next(steps)
        while True:
            try:
                report = answer(request.schema, request.input, request.client, request.options)
            except BaseException as error:  # noqa: BLE001  # the steps raise it again
                request = steps.throw(error)
            else:
                request = steps.send(report)
    except StopIteration as end:
        return end.value


async def run_steps_async(steps: RequestSteps[T]) -> Report[T]:
    """Send each request with its asynchronous client, and return the last report."""
    try:
        request = next(steps)
        while True:
            try:
                report = await answer_async(
                    request.schema, request.input, request.client, request.options
                )
            except BaseException as error:  # noqa: BLE001  # the steps raise it again
                request = steps.throw(error)
            else:
                request = steps.send(report)
    except StopIteration as end:
        return end.value


# -- the request --------------------------------------------------------------------------------


def reask_steps(
    report: Report[T], input: Input | None, *, client: Any, fields: Iterable[FieldSelector] | None,
    blind: bool, replace: bool, options: Options,
) -> RequestSteps[T]:  # fmt: skip
    """The steps of ``reask``: one request, or none."""
    plan = plan_reask(report, options.get("policy"), fields, replace=replace)
    if not plan.subschema.paths:
        return report
    with attaching_report(report):
        second = yield plan.request(client, input, options, blind=blind)
        source = input_of(report, input, "fc.reask")
        return locate_merged(plan.merged(second), report, source, options.get("locate"))


@dataclass(frozen=True, slots=True)
class ReaskPlan:
    """What to ask for again.

    Attributes:
        report: the first reading, judged.
        subschema: the places that are asked for, with their schema.
        accepted: the leaves that were accepted.
        settled: those of them that must keep their values.
    """

    report: Report[Any]
    subschema: SubschemaRequest
    accepted: Collection[Path]
    settled: Collection[Path]

    def request(
        self, client: Any, input: Input | None, options: Options, *, blind: bool
    ) -> Request:  # fmt: skip
        """The request.

        Raises:
            RequestError: if there is nothing to read.
        """
        source = input_of(self.report, input, "fc.reask")
        values = "" if blind else self._accepted_values()
        instructions = options.get("instructions") or self.report.instructions
        joined = with_system_text(source, values) if values else source
        if joined is not None:
            source = joined
        else:
            instructions = f"{instructions or INSTRUCTIONS}\n{values}"
        # The policy and the calibration are about the paths of the whole answer.
        own: Options = {**options, "instructions": instructions, "policy": None,
                        "calibration": None}  # fmt: skip
        return Request(self.subschema.schema, source, client, own)

    def merged(self, second: Report[Any]) -> Report[Any]:
        """One report of the first reading and of the answer to the request."""
        if self.report.schema.labels is not None:
            return merged_labels(self.report, second, is_settled=() in self.settled)
        return merged(self.report, second, self.subschema, settled=self.settled)

    def _accepted_values(self) -> str:
        """The accepted values as a part of the prompt; empty if there are none."""
        if self.report.schema.labels is not None:
            return ""  # the label that is asked for again would lead the model
        leaves = [f.path for f in self.report.leaves.values() if f.path in self.accepted]
        paths = [path for path in leaves if len(path) <= DEEPEST]
        if not paths:
            return ""
        values = plain_value(only_leaves(self.report.data, paths))
        return f"{_ACCEPTED_HEADING}\n{json.dumps(values, ensure_ascii=False)}"


def plan_reask(
    report: Report[Any],
    policy: PolicyLike | None,
    fields: Iterable[FieldSelector] | None,
    *,
    replace: bool,
) -> ReaskPlan:
    """What to ask for again.

    Raises:
        RequestError: if neither the answer nor its schema has one of the ``fields``.
        PolicyError: if the policy is invalid.
        SchemaError: if the schema is nested deeper than Python's recursion limit.
    """
    judged = report if policy is None else report.with_policy(policy)
    paths = doubtful(judged) if fields is None else _selected(judged, [*fields])
    subschema = request_for(report.schema, report.data, paths)
    leaves = accepted(judged)
    return ReaskPlan(judged, subschema, leaves, () if replace else leaves)


def _selected(report: Report[Any], selectors: Collection[FieldSelector]) -> set[Path]:
    """The selected places; a pointer or a path may also select a declared key that is missing."""
    paths: list[Path] = [selector for selector in selectors if isinstance(selector, tuple)]
    paths += [_parsed(selector, report.data) for selector in selectors if isinstance(selector, str)]
    selected = select_paths(report, selectors)
    for path in paths:
        if not path or pointer(path) in report.fields or pointer(path[:-1]) not in report.fields:
            continue
        if path[-1] in node_at(report.schema.root, report.data, path[:-1]).declared.keys:
            selected.add(path)
    return selected


def _parsed(name: str, data: Any) -> Path:
    """The path of a pointer or a key; a step into a list is an index."""
    path: Path = ()
    for step in parse_pointer(name if name.startswith("/") else f"/{name}"):
        is_index = isinstance(value_at(path, data), list) and step.isdecimal()
        path = (*path, int(step) if is_index else step)
    return path


def only_leaves(data: Any, leaves: Sequence[Path]) -> Any:
    """A value without its other leaves; a list that lacks items becomes an object by position.

    >>> only_leaves({"a": [1, 2], "b": [3, 4]}, [("a", 0), ("a", 1), ("b", 1)])
    {'a': [1, 2], 'b': {'1': 4}}
    """
    if () in leaves:
        return data
    inside: dict[str | int, list[Path]] = {}
    for path in leaves:
        inside.setdefault(path[0], []).append(path[1:])
    inner = {step: only_leaves(data[step], paths) for step, paths in inside.items()}
    if not isinstance(data, list):
        return inner
    is_full = len(inner) == len(cast("list[Any]", data))
    return [*inner.values()] if is_full else {str(step): value for step, value in inner.items()}

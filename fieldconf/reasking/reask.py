"""Re-asking: a second request, for what is in doubt only.

In:    a report with its verdicts, and a client.
Out:   a report with both readings.
Never: a request where nothing is in doubt; a doubtful value shown to who is asked about it: it
       would lead; a first report lost because the second request failed.
Why:   a larger model is worth its price where the smaller one was not sure, and only there.

Synchronous and asynchronous, one request and many differ in how they wait, and in nothing else: the
steps are generators, which give a ``Request`` and take its report.
"""

import json
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, Unpack, cast

from fieldconf.agreement.labels import merged_labels
from fieldconf.extraction.inputs import Input, is_messages
from fieldconf.extraction.options import Options, explicit, said
from fieldconf.extraction.sampling import answer, answer_async
from fieldconf.fields.pickling import value_at
from fieldconf.fields.plain import DEEPEST, plain_value
from fieldconf.paths import Path, parse_pointer, pointer
from fieldconf.policy import PolicyLike
from fieldconf.reasking.doubts import accepted, doubtful
from fieldconf.reasking.finding import found_again
from fieldconf.reasking.merging import merged
from fieldconf.reasking.subschema import SubschemaRequest, place_at, question
from fieldconf.report import Report
from fieldconf.requests.request import INSTRUCTIONS
from fieldconf.verification.checks import Pick, given_of, keeping, picked

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be asked: the arguments of ``extract``."""

    schema: Any
    input: Input
    client: Any
    options: Options


Steps: TypeAlias = Generator[Request, Report[Any], Report[T]]
"""What is to be asked, one by one; it takes the report of each, and gives the last one."""

KNOWN = "The other fields are known already (items of a list by position, from 0):"


@explicit
def reask(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[Pick] | None = None,
    blind: bool = False,
    replace: bool = False,
    **options: Unpack[Options],
) -> Report[T]:
    """Ask again for the fields of a report that are in doubt, and for no others.

    Which are: those whose outcome is not "accept", what is missing of an answer that broke off, and
    what breaks the schema. What is asked is a sub-schema: objects with just these keys, items of
    lists by position; a list that may miss an item, an object that is wrong as a whole, and one
    whose discriminator is in doubt are asked for as a whole. ``merging`` says how two readings
    become one: the result validates, or has the first values.

    Args:
        report: the first reading; of ``extract``, ``score`` or an earlier ``reask``.
        input: what was read; by default what ``extract`` was given.
        client: who is asked now, as in ``extract``.
        fields: what to ask for, in place of what is in doubt: JSON Pointers (with "*" and "**"),
            attributes, paths or fields.
        blind: do not show what is known already, so that it does not lead.
        replace: whether accepted fields may change, where they are asked for or stand inside of
            what is. By default they keep their values.
        options: those of ``extract``. ``instructions`` are by default those of the first request,
            and what is known is put behind them; ``policy`` judges both readings, by default as
            the report is judged; ``observe`` gets the report of the second answer. With ``samples``
            the second reading is a vote, and a model without logprobs can give it. If the first
            report was located, new values are, too; with ``locate`` all are.

    Returns:
        A report of the whole. Each field that was asked for has all its ``readings``; ``requests``
        has each request with its tokens. If nothing is in doubt, the report that was given.

    Raises:
        RequestError: if there is nothing to read, if the request failed, or if there is no such
            field. It carries the first ``report``.
        NoLogprobsError: as in ``extract``, with the first ``report``.
        PolicyError: if the policy is none.

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
    steps = reasking(
        report, input, client=client, fields=fields, blind=blind, replace=replace,
        options=said(options),
    )  # fmt: skip
    return driven(steps)


@explicit
async def areask(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[Pick] | None = None,
    blind: bool = False,
    replace: bool = False,
    **options: Unpack[Options],
) -> Report[T]:
    """As ``reask``, for an asynchronous client such as ``openai.AsyncOpenAI``.

    Args and errors are those of ``reask``.

    >>> import asyncio
    >>> import fieldconf as fc
    >>> from fieldconf.testing import AsyncFakeClient, FakeClient
    >>> first = fc.extract(bool, "Is it urgent?", client=FakeClient(False), model="small")
    >>> asking = areask(first, client=AsyncFakeClient(True), model="m", fields=[""], replace=True)
    >>> asyncio.run(asking).value
    True
    """
    steps = reasking(
        report, input, client=client, fields=fields, blind=blind, replace=replace,
        options=said(options),
    )  # fmt: skip
    return await driven_async(steps)


# -- who waits ----------------------------------------------------------------------------------


def driven(steps: Steps[T]) -> Report[T]:
    """Take the steps, each with a synchronous client."""
    try:
        one = next(steps)
        while True:
            try:
                report = answer(one.schema, one.input, one.client, one.options)
            except BaseException as error:  # noqa: BLE001  # the steps raise it again
                one = steps.throw(error)
            else:
                one = steps.send(report)
    except StopIteration as end:
        return end.value


async def driven_async(steps: Steps[T]) -> Report[T]:
    """Take the steps, each with an asynchronous client."""
    try:
        one = next(steps)
        while True:
            try:
                report = await answer_async(one.schema, one.input, one.client, one.options)
            except BaseException as error:  # noqa: BLE001  # the steps raise it again
                one = steps.throw(error)
            else:
                one = steps.send(report)
    except StopIteration as end:
        return end.value


# -- what is asked ------------------------------------------------------------------------------


def reasking(
    report: Report[T], input: Input | None, *, client: Any, fields: Iterable[Pick] | None,
    blind: bool, replace: bool, options: Options,
) -> Steps[T]:  # fmt: skip
    """The steps of ``reask``: one request, or none."""
    plan = planned(report, options.get("policy"), fields, replace=replace)
    if not plan.question.paths:
        return report
    with keeping(report):
        again = yield plan.request(client, input, options, blind=blind)
        made = plan.merged(again)
        given = given_of(report, input, "fc.reask")
        return found_again(report, made, given, options.get("locate"))


@dataclass(frozen=True, slots=True)
class ReaskPlan:
    """What to ask for again.

    Attributes:
        report: the first reading, judged.
        question: the places that are asked for.
        known: the leaves that were accepted.
        settled: those of them that must keep their values.
    """

    report: Report[Any]
    question: SubschemaRequest
    known: Collection[Path]
    settled: Collection[Path]

    def request(
        self, client: Any, input: Input | None, options: Options, *, blind: bool
    ) -> Request:  # fmt: skip
        """The request.

        Raises:
            RequestError: if there is nothing to read.
        """
        given = given_of(self.report, input, "fc.reask")
        known = "" if blind else self._said()
        told = options.get("instructions") or self.report.instructions
        if known and is_messages(given) and _has_system(given):
            system, *others = cast("Sequence[Any]", given)
            given = [{**system, "content": f"{system['content']}\n{known}"}, *others]
        elif known:
            told = f"{told or INSTRUCTIONS}\n{known}"
        own: Options = {**options, "instructions": told, "policy": None,  # it names other places
                        "calibration": None}  # fmt: skip
        return Request(self.question.schema, given, client, own)

    def merged(self, again: Report[Any]) -> Report[Any]:
        """One report of the first reading and of the answer to the request."""
        if self.report.schema.labels is not None:
            return merged_labels(self.report, again, is_settled=() in self.settled)
        return merged(self.report, again, self.question, settled=self.settled)

    def _said(self) -> str:
        """What is known already, in words; empty where nothing is."""
        if self.report.schema.labels is not None:
            return ""  # a label that is asked for again would lead
        leaves = [field.path for field in self.report.leaves.values() if field.path in self.known]
        paths = [path for path in leaves if len(path) <= DEEPEST]
        if not paths:
            return ""
        shown = plain_value(shown_of(self.report.data, paths))
        return f"{KNOWN}\n{json.dumps(shown, ensure_ascii=False)}"


def _has_system(messages: Any) -> bool:
    """Whether messages begin with instructions of their own: servers take them once."""
    first = messages[0]
    is_system = isinstance(first, Mapping) and first.get("role") in ("system", "developer")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return is_system and isinstance(first.get("content"), str)  # pyright: ignore[reportUnknownMemberType]


def planned(
    report: Report[Any], policy: PolicyLike | None, fields: Iterable[Pick] | None, *, replace: bool
) -> ReaskPlan:
    """What to ask for again.

    Raises:
        RequestError: if neither the answer nor its schema has one of the ``fields``.
        PolicyError: if the policy is none.
        SchemaError: if the schema is nested deeper than Python goes.
    """
    judged = report if policy is None else report.with_policy(policy)
    paths = doubtful(judged) if fields is None else _named(judged, [*fields])
    asked = question(report.schema, report.data, paths)
    known = accepted(judged)
    return ReaskPlan(judged, asked, known, () if replace else known)


def _named(report: Report[Any], fields: Collection[Pick]) -> set[Path]:
    """The places that somebody names; by a pointer or a path also those that are missing."""
    paths: list[Path] = [one for one in fields if isinstance(one, tuple)]
    paths += [_parsed(one, report.data) for one in fields if isinstance(one, str)]
    missing = {path for path in paths if _is_missing(report, path)}
    return picked(report, fields) | missing


def _is_missing(report: Report[Any], path: Path) -> bool:
    if not path or pointer(path) in report.fields or pointer(path[:-1]) not in report.fields:
        return False
    return path[-1] in place_at(report.schema.root, report.data, path[:-1]).declared.keys


def _parsed(name: str, data: Any) -> Path:
    path: Path = ()
    for step in parse_pointer(name if name.startswith("/") else f"/{name}"):
        is_index = isinstance(value_at(path, data), list) and step.isdecimal()
        path = (*path, int(step) if is_index else step)
    return path


def shown_of(data: Any, leaves: Sequence[Path]) -> Any:
    """A value with some of its leaves only; lists with holes as objects, by position.

    >>> shown_of({"a": [1, 2], "b": [3, 4]}, [("a", 0), ("a", 1), ("b", 1)])
    {'a': [1, 2], 'b': {'1': 4}}
    """
    if () in leaves:
        return data
    inside: dict[str | int, list[Path]] = {}
    for path in leaves:
        inside.setdefault(path[0], []).append(path[1:])
    inner = {step: shown_of(data[step], paths) for step, paths in inside.items()}
    if not isinstance(data, list):
        return inner
    is_full = len(inner) == len(cast("list[Any]", data))
    return [*inner.values()] if is_full else {str(step): one for step, one in inner.items()}

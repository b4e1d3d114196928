"""Sampling: ask the same question several times and combine the answers.

In:    what ``extract`` takes, with ``samples``.
Out:   one report; without ``samples`` it is the report of a single answer.
Never: an answer lost that came because another one failed; more requests at once than ``AT_ONCE``;
       a temperature that nobody asked for.
Why:   for a model without logprobs, only repeated answers show how sure it is.

A provider or a model that is known to give no logprobs is asked without them; so is a server that
refuses them, once more for each answer.
"""

import asyncio
import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Any, cast

from fieldconf.agreement.agree import agree
from fieldconf.calibration.calibrator import Calibrator
from fieldconf.errors import (
    CalibrationError,
    NoLogprobsError,
    RequestError,
    carry,
)
from fieldconf.extraction.calls import PreparedRequest, prepare
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.options import Options
from fieldconf.extraction.streams import ask, ask_async
from fieldconf.report import Report
from fieldconf.threads import cached_property

AT_ONCE = 8
"""So many requests are sent at the same time."""
FEWER = "fewer_samples"
"""The flag of a report of which some of the requests failed."""

_WAY_OUT = "Or have it answer several times: samples=5"


def answer(schema: Any, input: Input, client: Any, options: Options) -> Report[Any]:
    """The report of one answer, or of as many as ``samples`` says.

    Raises:
        RequestError: as ``extract``; where all requests fail, the error of the first of them.
    """
    if _count(options) == 1:
        with _SamplesHint():
            return ask(prepare(schema, input, client, _without_samples(options)))
    samples = _Samples(schema, input, client, options)
    calls = list(samples.calls())
    reports: dict[int, Report[Any]] = {}
    errors: dict[int, RequestError] = {}
    with ThreadPoolExecutor(min(len(calls), AT_ONCE)) as pool:
        running: dict[Future[Report[Any]], int] = {
            pool.submit(copy_context().run, samples.ask, call): number
            for number, call in enumerate(calls)
        }
        try:
            for done in as_completed(running):
                try:
                    reports[running[done]] = done.result()
                except RequestError as error:
                    errors[running[done]] = error
                else:
                    samples.observed(reports[running[done]])  # in the caller's own thread
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)  # those that run are waited for
            _carry_answers(error, reports, len(calls))
            raise
    return samples.calibrated(_combined(reports, errors, len(calls)))


async def answer_async(schema: Any, input: Input, client: Any, options: Options) -> Report[Any]:
    """The same for an asynchronous client. A cancelled task ends all requests."""
    if _count(options) == 1:
        with _SamplesHint():
            return await ask_async(prepare(schema, input, client, _without_samples(options)))
    samples = _Samples(schema, input, client, options)
    calls = list(samples.calls())
    reports: dict[int, Report[Any]] = {}
    errors: dict[int, RequestError] = {}
    turn = asyncio.Semaphore(AT_ONCE)

    async def ask_one(number: int, call: PreparedRequest) -> None:
        try:
            async with turn:
                reports[number] = await samples.ask_async(call)
        except RequestError as error:
            errors[number] = error
        else:
            samples.observed(reports[number])

    tasks = [asyncio.ensure_future(ask_one(number, call)) for number, call in enumerate(calls)]
    try:
        await asyncio.gather(*tasks)
    except BaseException as error:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _carry_answers(error, reports, len(calls))
        raise
    return samples.calibrated(_combined(reports, errors, len(calls)))


class _SamplesHint:
    """Adds to the error of an answer without logprobs that ``samples`` would help."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, NoLogprobsError):
            error.remedy = f"{error.remedy.rstrip('.')}. {_WAY_OUT}"
            error.args = (f"{str(error).rstrip('.')}. {_WAY_OUT}",)


def _count(options: Options) -> int:
    """How many answers are wanted.

    Raises:
        RequestError: if that is no number of answers.
    """
    count: Any = options.get("samples")
    if count is None:
        return 1
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise RequestError(f"samples={count!r}", remedy="Say how many answers you want, as 5")
    return count


def _without_samples(options: Options) -> Options:
    return cast("Options", {name: v for name, v in options.items() if name != "samples"})


# -- the requests -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Samples:
    """The requests of several answers to the same question."""

    schema: Any
    input: Input
    client: Any
    options: Options

    def calls(self) -> Iterator[PreparedRequest]:
        """Each request.

        Raises:
            RequestError: if they cannot be made, or would all have the same answer.
        """
        count = _count(self.options)
        if self.options.get("stop_when") is not None:
            raise RequestError(
                "samples are compared as a whole, and stop_when= ends them early",
                remedy="Leave one of the two out",
            )
        call = self._call
        seed = call.arguments.get("seed")
        if not isinstance(seed, int):
            return iter([call] * count)
        return (_with(call, "seed", value) for value in seeds(seed, count))

    @cached_property
    def _call(self) -> PreparedRequest:
        """One that asks for logprobs, if they are to be had."""
        try:
            return self._prepared(bare=False)
        except NoLogprobsError:
            return self._bare

    @cached_property
    def _bare(self) -> PreparedRequest:
        """One that asks for no logprobs."""
        return self._prepared(bare=True)

    def _prepared(self, *, bare: bool) -> PreparedRequest:
        call = prepare(
            self.schema, self.input, self.client, _without_samples(self.options), bare=bare
        )
        # Both are for where the answers are collected.
        call = replace(call, observe=None, calibration=None)
        if call.arguments.get("temperature") != 0:
            return call
        further = self.options.get("request_options") or {}
        if self.options.get("temperature") is not None or "temperature" in further:
            raise RequestError(
                "at temperature 0 several answers are one and the same",
                remedy="Leave temperature out, or say 1",
            )
        arguments = {name: v for name, v in call.arguments.items() if name != "temperature"}
        return replace(call, arguments=arguments)  # 0 is a default of the client's, for one answer

    def ask(self, call: PreparedRequest) -> Report[Any]:
        """Send one; without logprobs, if the server refuses them."""
        try:
            return ask(call)
        except NoLogprobsError as error:
            return ask(self._without(call, error))

    async def ask_async(self, call: PreparedRequest) -> Report[Any]:
        """The same for an asynchronous client."""
        try:
            return await ask_async(call)
        except NoLogprobsError as error:
            return await ask_async(self._without(call, error))

    def _without(self, call: PreparedRequest, error: NoLogprobsError) -> PreparedRequest:
        """The request without logprobs that stands for one that was refused."""
        if self._call is self._bare:
            raise error
        return _with(self._bare, "seed", call.arguments.get("seed"))

    def calibrated(self, report: Report[Any]) -> Report[Any]:
        """The report that the answers led to, calibrated if that is wanted.

        Raises:
            CalibrationError: if it is of another model; it carries the ``report``.
        """
        maps = Calibrator.of(self.options.get("calibration"))
        try:
            return maps(report, provider=self._call.provider) if maps else report
        except CalibrationError as error:
            carry(error, report)
            raise

    def observed(self, report: Report[Any]) -> None:
        """Pass the report of one answer to ``observe``."""
        observe = self.options.get("observe")
        if observe is not None:
            observe(report)


def _with(call: PreparedRequest, name: str, value: Any) -> PreparedRequest:
    return call if value is None else replace(call, arguments={**call.arguments, name: value})


def seeds(first: int, count: int) -> list[int]:
    """As many seeds, all of which follow from the first.

    Not ``first + 1`` and so on: on some servers neighbouring seeds draw alike.

    >>> seeds(7, 3) == seeds(7, 5)[:3], seeds(7, 1)
    (True, [7])
    """
    drawn = random.Random(first)  # noqa: S311  # nobody should not guess them
    return [first, *(drawn.getrandbits(31) for _ in range(count - 1))]


# -- the answers --------------------------------------------------------------------------------


def _combined(
    reports: dict[int, Report[Any]], errors: dict[int, RequestError], count: int
) -> Report[Any]:
    """The report of the answers that came, in the order of the requests.

    Raises:
        RequestError: that of the first request, if none came.
    """
    if not reports:
        raise errors[min(errors)]
    report = agree([reports[number] for number in sorted(reports)])
    return report if len(reports) == count else replace(report, flags=(*report.flags, FEWER))


def _carry_answers(error: BaseException, reports: dict[int, Report[Any]], count: int) -> None:
    """Attach the report of the answers so far to the error that ended the run."""
    if reports:
        carry(error, _combined(reports, {}, count))

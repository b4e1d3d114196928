"""Sampling: ask the same question several times and combine the answers.

In:    the arguments of ``extract``, with ``samples``.
Out:   one report; without ``samples`` it is the report of a single answer.
Never: an answer lost because another request failed; more than ``AT_ONCE`` requests at once; a
       temperature that the caller did not set.
Why:   for a model without logprobs, only repeated answers show how sure it is.

A provider or a model that is known to give no logprobs is asked without them. If a server refuses
them, each request is sent again without them.
"""

import asyncio
import random
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import replace
from typing import Any, cast

from fieldconf.agreement.agree import agree
from fieldconf.calibration.calibrator import Calibrator
from fieldconf.errors import CalibrationError, NoLogprobsError, RequestError, carry
from fieldconf.extraction.calls import PreparedRequest, prepare
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.options import Options
from fieldconf.extraction.streams import ask, ask_async
from fieldconf.report import Report
from fieldconf.threads import cached_property

AT_ONCE = 8
"""The largest number of requests at the same time."""
FEWER = "fewer_samples"
"""The flag of a report of which some of the requests failed."""

_HINT = "Or have it answer several times: samples=5"


def answer(schema: Any, input: Input, client: Any, options: Options) -> Report[Any]:
    """The report of one answer, or of as many as ``samples`` says.

    Raises:
        RequestError: as ``extract``; if all requests fail, the error of the first.
    """
    count = _count(options)
    if count == 1:
        with _samples_hint():
            return ask(prepare(schema, input, client, _without_samples(options)))
    samples = _Samples(schema, input, client, options, count)
    with ThreadPoolExecutor(min(count, AT_ONCE)) as pool:
        running: dict[Future[Report[Any]], int] = {
            pool.submit(copy_context().run, samples.ask, call): number
            for number, call in enumerate(samples.calls)
        }
        try:
            for done in as_completed(running):
                try:
                    report = done.result()
                except RequestError as error:
                    samples.errors[running[done]] = error
                else:
                    samples.take(running[done], report)  # in the caller's own thread
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)  # running requests are waited for
            samples.attach_to(error)
            raise
    return samples.report()


async def answer_async(schema: Any, input: Input, client: Any, options: Options) -> Report[Any]:
    """``answer`` for an asynchronous client. A cancelled task ends all requests."""
    count = _count(options)
    if count == 1:
        with _samples_hint():
            return await ask_async(prepare(schema, input, client, _without_samples(options)))
    samples = _Samples(schema, input, client, options, count)
    turn = asyncio.Semaphore(AT_ONCE)

    async def ask_one(number: int, call: PreparedRequest) -> None:
        try:
            async with turn:
                report = await samples.ask_async(call)
        except RequestError as error:
            samples.errors[number] = error
        else:
            samples.take(number, report)

    tasks = [asyncio.ensure_future(ask_one(*numbered)) for numbered in enumerate(samples.calls)]
    try:
        await asyncio.gather(*tasks)
    except BaseException as error:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        samples.attach_to(error)
        raise
    return samples.report()


@contextmanager
def _samples_hint() -> Generator[None]:
    """Add to the error of an answer without logprobs that ``samples`` would help."""
    try:
        yield
    except NoLogprobsError as error:
        error.remedy = f"{error.remedy.rstrip('.')}. {_HINT}"
        error.args = (f"{str(error).rstrip('.')}. {_HINT}",)
        raise


def _count(options: Options) -> int:
    """The number of answers to request.

    Raises:
        RequestError: if ``samples`` is not a positive integer.
    """
    count: Any = options.get("samples")
    if count is None:
        return 1
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise RequestError(f"samples={count!r}", remedy="Say how many answers you want, as 5")
    return count


def _without_samples(options: Options) -> Options:
    return cast("Options", {name: v for name, v in options.items() if name != "samples"})


class _Samples:
    """The requests of several answers to the same question, and their reports.

    Attributes:
        calls: each request.
        errors: of the requests that failed, by their number.

    Raises:
        RequestError: if they cannot be made, or would all have the same answer.
    """

    def __init__(
        self, schema: Any, input: Input, client: Any, options: Options, count: int
    ) -> None:
        self._arguments = schema, input, client, _without_samples(options)
        self._options = options
        self._reports: dict[int, Report[Any]] = {}
        self.errors: dict[int, RequestError] = {}
        if options.get("stop_when") is not None:
            raise RequestError(
                "samples are compared as a whole, and stop_when= ends them early",
                remedy="Leave one of the two out",
            )
        seed = self._call.arguments.get("seed")
        self.calls = [self._call] * count
        if isinstance(seed, int):
            self.calls = [_with_seed(self._call, number) for number in seeds(seed, count)]

    # -- the requests ---------------------------------------------------------------------------

    @cached_property
    def _call(self) -> PreparedRequest:
        """The request with logprobs; without them if there are none."""
        try:
            return self._prepared(bare=False)
        except NoLogprobsError:
            return self._bare

    @cached_property
    def _bare(self) -> PreparedRequest:
        """The request without logprobs."""
        return self._prepared(bare=True)

    def _prepared(self, *, bare: bool) -> PreparedRequest:
        call = prepare(*self._arguments, bare=bare)
        # Both apply where the answers are collected.
        call = replace(call, observe=None, calibration=None)
        if call.arguments.get("temperature") != 0:
            return call
        further = self._options.get("request_options") or {}
        if self._options.get("temperature") is not None or "temperature" in further:
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
            return ask(self._without_logprobs(call, error))

    async def ask_async(self, call: PreparedRequest) -> Report[Any]:
        """``ask`` for an asynchronous client."""
        try:
            return await ask_async(call)
        except NoLogprobsError as error:
            return await ask_async(self._without_logprobs(call, error))

    def _without_logprobs(self, call: PreparedRequest, error: NoLogprobsError) -> PreparedRequest:
        """The request without logprobs in place of one that was refused."""
        if self._call is self._bare:
            raise error
        seed = call.arguments.get("seed")
        return self._bare if seed is None else _with_seed(self._bare, seed)

    # -- the answers ----------------------------------------------------------------------------

    def take(self, number: int, report: Report[Any]) -> None:
        """Keep the report of a request, and pass it to ``observe``."""
        self._reports[number] = report
        observe = self._options.get("observe")
        if observe is not None:
            observe(report)

    def report(self) -> Report[Any]:
        """The combined report, calibrated if the options say so.

        Raises:
            RequestError: that of the first request, if all failed.
            CalibrationError: if it is of another model; it carries the ``report``.
        """
        if not self._reports:
            raise self.errors[min(self.errors)]
        report = self._combined()
        maps = Calibrator.of(self._options.get("calibration"))
        try:
            return maps(report, provider=self._call.provider) if maps else report
        except CalibrationError as error:
            carry(error, report)
            raise

    def attach_to(self, error: BaseException) -> None:
        """Attach the combined report so far to the error that ended the run."""
        if self._reports:
            carry(error, self._combined())

    def _combined(self) -> Report[Any]:
        """The report of the answers that came, in the order of the requests."""
        report = agree([self._reports[number] for number in sorted(self._reports)])
        if len(self._reports) == len(self.calls):
            return report
        return replace(report, flags=(*report.flags, FEWER))


def _with_seed(call: PreparedRequest, seed: Any) -> PreparedRequest:
    return replace(call, arguments={**call.arguments, "seed": seed})


def seeds(first: int, count: int) -> list[int]:
    """As many seeds as there are answers; all follow from the first.

    They are not consecutive: on some servers neighbouring seeds give similar answers.

    >>> seeds(7, 3) == seeds(7, 5)[:3], seeds(7, 1)
    (True, [7])
    """
    drawn = random.Random(first)  # noqa: S311  # not secret
    return [first, *(drawn.getrandbits(31) for _ in range(count - 1))]

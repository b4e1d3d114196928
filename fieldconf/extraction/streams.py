"""Streams: events of an answer while it arrives, synchronous and asynchronous.

In:    a call.
Out:   ``FieldStream`` and ``AsyncFieldStream``, which yield events and have the report.
Never: a connection left open: it is closed at the answer's end, when a rule fires, on an error,
       when the stream is closed, and when it is garbage-collected.
Why:   all I/O is here; ``live_answer`` reads the chunks.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from inspect import isawaitable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from fieldconf.errors import RequestError
from fieldconf.extraction.calls import PreparedRequest
from fieldconf.extraction.events import Event, FieldEvent, ReportEvent
from fieldconf.extraction.live_answer import LiveAnswer, whole
from fieldconf.fields.field import Field
from fieldconf.providers.client_errors import our_errors
from fieldconf.report import Report

T = TypeVar("T")


# -- whole answers ------------------------------------------------------------------------------


def ask(call: PreparedRequest) -> Report[Any]:
    """Send a request and score the answer; streamed if a rule may stop it."""
    if call.rules:
        return FieldStream[Any](call).report
    return whole(call, _sent(call, stream=False))


async def ask_async(call: PreparedRequest) -> Report[Any]:
    """``ask`` for an asynchronous client."""
    if call.rules:
        async with AsyncFieldStream[Any](call) as stream:
            return await stream.finish()
    response = await _sent_async(call, stream=False)
    if call.settle is None:
        return whole(call, response)
    return await asyncio.to_thread(whole, call, response)  # settling asks the server, and blocks


def _sent(call: PreparedRequest, *, stream: bool) -> Any:
    with our_errors(call.client):
        response = call.create(stream=stream)
    if isawaitable(response):
        close = getattr(response, "close", None)  # of a coroutine: it never runs
        if close is not None:
            close()
        raise RequestError("the client is asynchronous", remedy="Use aextract or astream with it")
    return response


async def _sent_async(call: PreparedRequest, *, stream: bool) -> Any:
    import openai  # noqa: PLC0415  # a client's package is not needed to score a saved response

    if isinstance(call.client, openai.OpenAI):
        raise RequestError(
            "the client is synchronous",
            remedy="Give an openai.AsyncOpenAI (fc.local().aio() for the embedded model), or use "
            "extract or stream",
        )
    with our_errors(call.client):
        response = call.create(stream=stream)
        return await response if isawaitable(response) else response


# -- streams ------------------------------------------------------------------------------------


class FieldStream(Generic[T]):
    """Events of an answer as it arrives. Made by ``stream``; the request has been sent.

    Iterate over it, or over ``fields()``. Leaving it early (``close``, the end of a ``with`` block,
    or letting go of it) closes the connection; ``report`` is then that of what has arrived.
    """

    def __init__(self, call: PreparedRequest) -> None:
        self._reading: LiveAnswer[T] = LiveAnswer(call)
        self._events = _events(call, _sent(call, stream=True), self._reading)
        next(self._events, None)  # into its ``try``: from now on the connection will be closed

    def __iter__(self) -> Iterator[Event[T]]:
        return self._events  # pyright: ignore[reportReturnType]  # None was only the first

    def fields(self) -> Iterator[Field]:
        """Only the fields, each the moment its value closes."""
        return (event.field for event in self if isinstance(event, FieldEvent))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        self._reading.interrupted(error)

    @property
    def report(self) -> Report[T]:
        """The report; reads the rest of the stream first."""
        for _ in self._events:
            pass
        return self._reading.left()

    def close(self) -> None:
        """Stop reading and close the connection."""
        self._events.close()


def _events(
    call: PreparedRequest, chunks: Any, reading: LiveAnswer[T]
) -> Generator[Event[T] | None]:
    """First None, then the events. No reference to the ``FieldStream``: deleting that ends it."""
    try:
        with reading.watched():
            yield None
            coming = iter(chunks)
            while not reading.stopped:
                try:
                    chunk = next(coming)
                except StopIteration:
                    break
                except Exception:  # looked at only now: each chunk comes by here
                    with our_errors(call.client, midway=True):
                        raise
                events = reading.feed(chunk)
                if reading.stopped:
                    _close(chunks)  # now: the consumer of the events may be slow
                yield from events
            report = reading.end()
            yield from reading.last
            yield ReportEvent(report)
    finally:
        _close(chunks)


def _close(chunks: Any) -> None:
    close = getattr(chunks, "close", None)
    if close is not None:
        close()


class AsyncFieldStream(Generic[T]):
    """A ``FieldStream`` for an asynchronous client. Made by ``astream``; iterating sends a request.

    ``async for event in fc.astream(...)``, or ``async with`` to be sure that the connection is
    closed when you leave it. ``await stream.finish()`` reads the rest and gives the report.
    """

    def __init__(self, call: PreparedRequest) -> None:
        self._reading: LiveAnswer[T] = LiveAnswer(call)
        self._events = _async_events(call, self._reading)

    def __aiter__(self) -> AsyncIterator[Event[T]]:
        return self._events

    async def fields(self) -> AsyncIterator[Field]:
        """Only the fields, each the moment its value closes."""
        async for event in self._events:
            if isinstance(event, FieldEvent):
                yield event.field

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
        self._reading.interrupted(error)

    async def finish(self) -> Report[T]:
        """The report; reads the rest of the stream first."""
        async for _ in self._events:
            pass
        return self.report

    @property
    def report(self) -> Report[T]:
        """The report, once the answer was read, stopped, left or broke off.

        Raises:
            RequestError: if the answer is still arriving, or the request failed.
        """
        if self._reading.report is None:
            raise RequestError(
                "the answer has not arrived", remedy="Read it to its end: await stream.finish()"
            )
        return self._reading.report

    async def close(self) -> None:
        """Stop reading and close the connection."""
        await self._events.aclose()


async def _async_events(call: PreparedRequest, reading: LiveAnswer[T]) -> AsyncGenerator[Event[T]]:
    try:
        chunks = await _sent_async(call, stream=True)
    except BaseException as error:
        reading.interrupted(error)
        raise
    try:
        with reading.watched():
            coming = aiter(chunks)
            while not reading.stopped:
                try:
                    chunk = await anext(coming)
                except StopAsyncIteration:
                    break
                except Exception:  # looked at only now: each chunk comes by here
                    with our_errors(call.client, midway=True):
                        raise
                events = reading.feed(chunk)
                if reading.stopped:
                    await _close_async(chunks)
                for event in events:
                    yield event
            # Settling asks the server, and so blocks.
            report = await asyncio.to_thread(reading.end) if reading.needs_asking else reading.end()
            for event in reading.last:
                yield event
            yield ReportEvent(report)
    finally:
        await _close_async(chunks)


async def _close_async(chunks: Any) -> None:
    close = getattr(chunks, "close", None) or getattr(chunks, "aclose", None)
    closing = close() if close is not None else None
    if isawaitable(closing):
        await closing

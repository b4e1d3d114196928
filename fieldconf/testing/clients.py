"""Fake clients: the openai package's own, without a network.

In:    answers in order, and the requests of the code under test.
Out:   ``FakeClient``, ``AsyncFakeClient``: real clients with real objects, errors and streams;
       only the transport is a fake.
Never: a socket, a thread, a wait.
Why:   the client behaves like the real one in everything that the code under test does with it.
"""

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Self, cast

import openai

from fieldconf.testing.replies import Given, Reply, Script, reply

BASE_URL = "http://fake.invalid/v1"
"""No such address exists, by standard (RFC 2606)."""

_DEFAULTS: dict[str, Any] = {"api_key": "none", "base_url": BASE_URL, "max_retries": 0}


class _ClientScript(Script):
    """What a fake client and its copies share: the script, and what became of the streams."""

    def __init__(self, *replies: Given) -> None:
        super().__init__(replies)
        self.closed_early = 0
        self._raised: list[BaseException] = []

    def play(self, request: Any) -> Any:
        """Answer a request of the HTTP package."""
        path, body = request.url.path, json.loads(request.content or b"{}")
        try:
            number, source = self.take(body)
            answer = reply(source, path, body)
        except BaseException as error:
            self._raised.append(error)
            raise
        stream = _stream_type()(self, number, answer)
        return _http().Response(answer.status, headers=dict(answer.headers), stream=stream)

    @contextmanager
    def unwrapped(self) -> Generator[None]:
        """Raise what a test gave, or got wrong, without the error that openai wraps it in."""
        try:
            yield
        except Exception as error:
            cause = error.__cause__
            if cause is not None and any(cause is own for own in self._raised):
                raise cause from None
            raise


@lru_cache(maxsize=1)
def _http() -> Any:
    """The package that the openai package speaks HTTP with: ``httpx2``, or ``httpx`` of old."""
    base = next(c for c in openai.DefaultHttpxClient.__mro__ if c.__name__ == "Client")
    return importlib.import_module(base.__module__.partition(".")[0])


@lru_cache(maxsize=1)
def _stream_type() -> Any:
    """A stream of bytes as the HTTP package wants it, for clients of both kinds."""
    http = _http()
    faults = {
        "stall": (http.ReadTimeout, "nothing more comes"),
        "reset": (http.ReadError, "connection reset by peer"),
    }

    class Stream(http.SyncByteStream, http.AsyncByteStream):
        """The bytes of one reply, handed out part by part, and then what goes wrong."""

        def __init__(self, script: _ClientScript, number: int, answer: Reply) -> None:
            self._script, self._number, self._reply = script, number, answer
            self._left = len(answer.parts)

        def __iter__(self) -> Iterator[bytes]:
            for part in self._reply.parts:
                self._left -= 1
                self._script.sent[self._number] += part.tokens
                yield part.data
            if self._reply.ending in faults:
                error, message = faults[self._reply.ending]
                raise error(message)
            if self._reply.missing:
                raise http.RemoteProtocolError("the connection ends before the body does")

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for data in self:
                await asyncio.sleep(0)  # others have their turn, and a cancelled task ends here
                yield data

        def close(self) -> None:
            self._script.closed_early += bool(self._left)
            self._left = 0

        async def aclose(self) -> None:
            self.close()

    return Stream


class _Scripted:
    """What synchronous and asynchronous fake clients have in common."""

    _transport: str  # the name of the HTTP package's client

    def __init__(self, *answers: Given, **options: Any) -> None:
        self._script: _ClientScript = options.pop("script", None) or _ClientScript(*answers)
        self.requests, self.sent = self._script.requests, self._script.sent
        if options.get("http_client") is None:
            transport = _http().MockTransport(self._script.play)
            options["http_client"] = getattr(_http(), self._transport)(transport=transport)
        cast("Any", super()).__init__(**_DEFAULTS | options)

    @property
    def closed_early(self) -> int:
        """How many answers were closed before their end."""
        return self._script.closed_early

    def copy(self, **options: Any) -> Self:
        """Make a client with other options and the same answers."""
        return cast("Any", super()).copy(**options, _extra_kwargs={"script": self._script})

    with_options = copy


class FakeClient(_Scripted, openai.OpenAI):
    """An ``openai.OpenAI`` that gives the answers of a test, in this process.

    Args:
        answers: what is answered: an ``Answer``, an ``HttpError``, an exception to raise, a
            function from the request's body to one of these, or any JSON value. One is given to
            every request, several one after the other; then an ``AnswerError`` is raised.
        options: those of ``openai.OpenAI``; there are no retries if nothing else is said.

    Attributes:
        requests: the JSON bodies of the requests so far.
        sent: of each request, how many tokens of the answer the code under test took.
        closed_early: how many answers were closed before their end.

    >>> client = FakeClient({"ok": True})
    >>> answer = client.chat.completions.create(model="any", messages=[])
    >>> answer.choices[0].message.content, client.requests[0]["model"]
    ('{"ok":true}', 'any')
    """

    _transport = "Client"

    def request(self, *args: Any, **options: Any) -> Any:
        """Ask, and raise what the test gave to be raised."""
        with self._script.unwrapped():
            return super().request(*args, **options)  # pyright: ignore[reportUnknownVariableType]  # it depends on what was asked


class AsyncFakeClient(_Scripted, openai.AsyncOpenAI):
    """An ``openai.AsyncOpenAI`` that gives the answers of a test; see ``FakeClient``."""

    _transport = "AsyncClient"

    async def request(self, *args: Any, **options: Any) -> Any:
        """Ask, and raise what the test gave to be raised."""
        with self._script.unwrapped():
            return await super().request(*args, **options)

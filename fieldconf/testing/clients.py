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
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any, Self

import openai

from fieldconf.testing.replies import Given, Reply, Script, reply

BASE_URL = "http://fake.invalid/v1"
"""No such address exists, by standard (RFC 2606)."""

_DEFAULTS: dict[str, Any] = {"api_key": "none", "base_url": BASE_URL, "max_retries": 0}


class _Stage:
    """What a fake client and its copies share: the script, and what became of the streams."""

    def __init__(self, *replies: Given) -> None:
        self.script = Script(replies)
        self.closed_early = 0
        self._raised: list[BaseException] = []

    def play(self, request: Any) -> Any:
        """Answer a request of the HTTP package."""
        path, body = request.url.path, json.loads(request.content or b"{}")
        try:
            number, source = self.script.take(body)
            answer = reply(source, path, body)
        except BaseException as error:
            self._raised.append(error)
            raise
        stream = _stream_type()(_Body(self, number, answer))
        return _http().Response(answer.status, headers=dict(answer.headers), stream=stream)

    def raised(self, error: BaseException) -> BaseException:
        """What a test gave or got wrong, where the openai package wrapped it; else the error."""
        cause = error.__cause__
        return cause if cause is not None and any(cause is own for own in self._raised) else error


class _Body:
    """The bytes of one reply, handed out part by part."""

    def __init__(self, stage: _Stage, number: int, answer: Reply) -> None:
        self._stage, self._number, self._reply = stage, number, answer
        self._left = len(answer.parts)

    def parts(self) -> Iterator[bytes]:
        """The bytes, and then what goes wrong."""
        for part in self._reply.parts:
            self._left -= 1
            self._stage.script.sent[self._number] += part.tokens
            yield part.data
        http = _http()
        if self._reply.ending == "stall":
            raise http.ReadTimeout("nothing more comes")
        if self._reply.ending == "reset":
            raise http.ReadError("connection reset by peer")
        if self._reply.missing:
            raise http.RemoteProtocolError("the connection ends before the body does")

    def close(self) -> None:
        """Note whether something was left."""
        self._stage.closed_early += bool(self._left)
        self._left = 0


@lru_cache(maxsize=1)
def _http() -> Any:
    """The package that the openai package speaks HTTP with: ``httpx2``, or ``httpx`` of old."""
    base = next(c for c in openai.DefaultHttpxClient.__mro__ if c.__name__ == "Client")
    return importlib.import_module(base.__module__.partition(".")[0])


@lru_cache(maxsize=1)
def _stream_type() -> Any:
    """A stream of bytes as the HTTP package wants it, for clients of both kinds."""
    http = _http()

    class Stream(http.SyncByteStream, http.AsyncByteStream):
        def __init__(self, body: _Body) -> None:
            self._body = body

        def __iter__(self) -> Iterator[bytes]:
            return self._body.parts()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for data in self._body.parts():
                await asyncio.sleep(0)  # others have their turn, and a cancelled task ends here
                yield data

        def close(self) -> None:
            self._body.close()

        async def aclose(self) -> None:
            self._body.close()

    return Stream


class _Staged:
    """What a test may look at, whichever way its client waits."""

    _stage: _Stage

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The JSON bodies of the requests so far."""
        return self._stage.script.requests

    @property
    def sent(self) -> list[int]:
        """Of each request, how many tokens of the answer the code under test took."""
        return self._stage.script.sent

    @property
    def closed_early(self) -> int:
        """How many answers were closed before their end."""
        return self._stage.closed_early


class FakeClient(_Staged, openai.OpenAI):
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

    def __init__(self, *answers: Given, **options: Any) -> None:
        self._stage = options.pop("stage", None) or _Stage(*answers)
        if options.get("http_client") is None:
            transport = _http().MockTransport(self._stage.play)
            options["http_client"] = _http().Client(transport=transport)
        super().__init__(**_DEFAULTS | options)

    def copy(self, **options: Any) -> Self:
        """Make a client with other options and the same answers."""
        return super().copy(**options, _extra_kwargs={"stage": self._stage})

    with_options = copy

    def request(self, *args: Any, **options: Any) -> Any:
        """Ask, and raise what the test gave to be raised."""
        try:
            return super().request(*args, **options)  # pyright: ignore[reportUnknownVariableType]  # it depends on what was asked
        except Exception as error:
            raised = self._stage.raised(error)
            if raised is error:
                raise
            raise raised from None


class AsyncFakeClient(_Staged, openai.AsyncOpenAI):
    """An ``openai.AsyncOpenAI`` that gives the answers of a test; see ``FakeClient``."""

    def __init__(self, *answers: Given, **options: Any) -> None:
        self._stage = options.pop("stage", None) or _Stage(*answers)
        if options.get("http_client") is None:
            transport = _http().MockTransport(self._stage.play)
            options["http_client"] = _http().AsyncClient(transport=transport)
        super().__init__(**_DEFAULTS | options)

    def copy(self, **options: Any) -> Self:
        """Make a client with other options and the same answers."""
        return super().copy(**options, _extra_kwargs={"stage": self._stage})

    with_options = copy

    async def request(self, *args: Any, **options: Any) -> Any:
        """Ask, and raise what the test gave to be raised."""
        try:
            return await super().request(*args, **options)
        except Exception as error:
            raised = self._stage.raised(error)
            if raised is error:
                raise
            raise raised from None

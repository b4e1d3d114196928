"""A fake server: the answers of a test, over a real connection.

In:    answers in order; requests of any client that speaks HTTP.
Out:   ``FakeServer``, on a port of the loopback interface, for the length of a ``with`` block.
Never: a thread or a socket after the block, whatever its clients did; another interface.
Why:   timeouts, resets and hang-ups only happen between two sockets.
"""

import contextlib
import json
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from fieldconf.testing.fake_answers import AnswerError, HttpError
from fieldconf.testing.replies import Given, Reply, Script, reply
from fieldconf.threads import Lock

if TYPE_CHECKING:
    import openai

_LOOK = 0.005  # seconds between two looks at a connection while a stream waits
_LINGER_NOT = struct.pack("ii", 1, 0)  # on closing, reset the connection


class _HungUp(Exception):  # noqa: N818  # it is no error: clients may
    """The client, or the end of the test, closed the connection."""


class FakeServer:
    """A loopback HTTP server that gives the answers of a test.

    It speaks Chat Completions (``/v1/chat/completions``) and Responses (``/v1/responses``), whole
    and streamed, one token a chunk.

    Args:
        answers: as for ``FakeClient``; an exception closes the connection without a word.
        pace: seconds between two tokens of a stream; for demonstrations.
        hold_at: a stream waits before the token of this number (from 0) until ``release()``.

    Attributes:
        base_url: what a client is given.
        requests: the JSON bodies of the requests so far.
        sent: of each request, how many tokens of its answer were written to the connection.
        held: set once a stream waits at ``hold_at``.
        hung_up: set once a client closed its connection before the end of an answer, or of its
            request, which then reaches no answer. While a stream waits this is seen within
            milliseconds; what was written whole before the client hung up cannot be known to have
            been left unread.

    >>> with FakeServer({"ok": True}) as server, server.client() as client:
    ...     answer = client.chat.completions.create(model="any", messages=[])
    >>> answer.choices[0].message.content
    '{"ok":true}'
    """

    def __init__(self, *answers: Given, pace: float = 0.0, hold_at: int | None = None) -> None:
        self.held, self.hung_up = threading.Event(), threading.Event()
        self._script = Script(answers)
        self.requests, self.sent = self._script.requests, self._script.sent
        self._pace, self._hold_at = pace, hold_at
        self._released, self._is_over = threading.Event(), threading.Event()
        self._http: _Http | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """Where it listens.

        Raises:
            AnswerError: if it does not, outside of its ``with`` block.
        """
        if self._http is None:
            raise AnswerError("the server does not run", remedy="Use it in a with statement")
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def client(self, **options: Any) -> "openai.OpenAI":
        """A client of the openai package; ``options`` are its own. There are no retries."""
        import openai  # noqa: PLC0415  # only who asks for a client needs it

        return openai.OpenAI(**self._options(options))

    def async_client(self, **options: Any) -> "openai.AsyncOpenAI":
        """The same for asynchronous code."""
        import openai  # noqa: PLC0415

        return openai.AsyncOpenAI(**self._options(options))

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"api_key": "none", "base_url": self.base_url, "max_retries": 0, **options}

    def release(self) -> None:
        """Let streams that wait at ``hold_at`` go on, now and later."""
        self._released.set()

    def __enter__(self) -> Self:
        self._http = _Http(self)
        loop = {"poll_interval": 0.01}
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs=loop)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        assert self._http is not None  # entered
        assert self._thread is not None
        self._is_over.set()
        self._http.shutdown()
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()  # waits for the handlers
        self._http = None

    # -- one request, on its handler's thread ---------------------------------------------------

    def answer(self, handler: "_Handler", body: dict[str, Any]) -> None:
        """Answer one request."""
        number = -1
        try:
            number, source = self._script.take(body)
            if isinstance(source, BaseException):
                handler.reset()
                return
            answer = reply(source, handler.path.partition("?")[0], body)
        except AnswerError as error:
            answer = reply(HttpError(500, str(error)), handler.path, body)
        handler.begin(answer)
        try:
            self._send(handler, answer, number)
        except (OSError, _HungUp):
            self.lost()

    def lost(self) -> None:
        """Note that a client hung up, unless the server did."""
        if not self._is_over.is_set():
            self.hung_up.set()

    def _send(self, handler: "_Handler", reply: Reply, number: int) -> None:
        for part in reply.parts:
            if part.tokens and reply.streams:
                self._wait(handler, self.sent[number])
            elif reply.streams:
                handler.look()
            if part.tokens:
                self.sent[number] += part.tokens
            handler.wfile.write(part.data)
        if reply.ending == "stall":
            self._wait_for(handler, lambda: False)
        if reply.ending == "reset":
            handler.reset()

    def _wait(self, handler: "_Handler", came: int) -> None:
        """Wait as long as the test wants before a token."""
        if came == self._hold_at:
            self.held.set()
            self._wait_for(handler, self._released.is_set)
        until = time.monotonic() + (self._pace if came else 0.0)
        self._wait_for(handler, lambda: time.monotonic() >= until)

    def _wait_for(self, handler: "_Handler", is_enough: Callable[[], bool]) -> None:
        """Look at the connection until it is enough, at least once."""
        handler.look(0.0)
        while not is_enough():
            if self._is_over.is_set():
                raise _HungUp
            handler.look(_LOOK)


class _Http(ThreadingHTTPServer):
    """Threads that are waited for, and connections that can be closed from outside."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128  # with the usual 5, many clients at once try again after a second

    def __init__(self, server: FakeServer) -> None:
        self.fake = server
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, and answer it on a thread."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; one that is to be reset must not be shut down first."""
        with self._lock:
            self._open.discard(request)
        lingers = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_LINGER_NOT))
        if lingers == _LINGER_NOT:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def hang_up(self) -> None:
        """End what clients left open, so that no handler waits for them."""
        with self._lock:
            for request in self._open:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; anything else is an error of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection, which holds one request."""

    server: _Http  # pyright: ignore[reportIncompatibleVariableOverride]
    disable_nagle_algorithm = True  # each token at once

    def do_POST(self) -> None:
        """Answer a request for an answer, if all of it came."""
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.server.fake.lost()
            return
        try:
            body_read = json.loads(body or b"{}")
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST, "the body is no JSON")
            return
        self.server.fake.answer(self, body_read)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the parent's name
        """Say nothing."""

    def begin(self, reply: Reply) -> None:
        """Send what comes before the body; the end of a stream is that of the connection."""
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if not reply.streams:
            length = sum(len(part.data) for part in reply.parts) + reply.missing
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()

    def look(self, seconds: float = 0.0) -> None:
        """Wait so long, or until the client hangs up.

        Raises:
            _HungUp: if it did.
        """
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            raise _HungUp

    def reset(self) -> None:
        """Let the connection be reset once it is closed."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)

"""A loopback server for tests: says what the test tells it to, and ends with the test."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Server:
    """A running server: its address, and the bodies of the requests it got."""

    base_url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set when a client closed the connection before the answer was finished."""


Answer = Callable[[BaseHTTPRequestHandler], None]


def answer_json(body: Any, status: int = 200) -> Answer:
    """One JSON body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def answer_stream(chunks: list[Any], *, promise_more: bool = False, hold: Any = None) -> Answer:
    """Server-sent events. ``promise_more`` breaks off before the end; ``hold`` waits first."""
    events = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
    end = b"" if promise_more else b"data: [DONE]\n\n"
    length = sum(map(len, events)) + len(end) + promise_more

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        for event in events:
            handler.wfile.write(event)
            handler.wfile.flush()
        if hold is not None:
            hold.wait(30)
        handler.wfile.write(end)

    return answer


def answer_as_asked(body: Any, chunks: list[Any]) -> Answer:
    """One JSON body, or the chunks where the request asks for a stream."""

    def answer(handler: Any) -> None:
        made = answer_stream(chunks) if handler.asked.get("stream") else answer_json(body)
        made(handler)

    return answer


def answer_endless(first: list[Any], filler: Any, hung_up: threading.Event) -> Answer:
    """Some chunks, then the same one until the client hangs up."""
    beginning = b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in first)
    event = f"data: {json.dumps(filler)}\n\n".encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        try:
            handler.wfile.write(beginning)
            for _ in range(1_000_000):
                handler.wfile.write(event)
        except OSError:
            hung_up.set()

    return answer


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    """Run a server for the length of a ``with`` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            self.asked = json.loads(self.rfile.read(length))
            server.requests.append(self.asked)
            answer(self)
            self.close_connection = True

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = False
        server = Server(f"http://127.0.0.1:{http.server_port}/v1")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def closed_port() -> int:
    """A loopback port on which nothing listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as http:
        return http.server_port

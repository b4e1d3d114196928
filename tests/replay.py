"""A loopback server that answers as a provider did: with a sample, whole or as the stream it is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from servers import Answer, Server, answer_json, answer_stream, serving


@contextmanager
def replaying(whole: Any = None, stream: list[Any] | None = None) -> Iterator[Server]:
    """Answer every request with ``whole``, or with ``stream`` where a stream is asked for.

    What a stream looks like is the path's business: lines of JSON at Ollama's, events with names
    at the Responses API, events without elsewhere.
    """

    def answer(handler: Any) -> None:
        path = handler.path.partition("?")[0]
        if not _asks_for_a_stream(path, handler.asked):
            made = answer_json(whole) if whole is not None else _absent("a whole answer")
        elif stream is None:
            made = _absent("a stream")
        elif path.startswith("/api/"):
            made = _lines(stream)
        elif path.endswith("/responses"):
            made = _named_events(stream)
        else:
            made = answer_stream(stream)
        made(handler)

    with serving(answer) as server:
        yield server


def origin(server: Server) -> str:
    """The server's address without a path."""
    return server.base_url.removesuffix("/v1")


def _asks_for_a_stream(path: str, asked: dict[str, Any]) -> bool:
    return bool(asked.get("stream")) or path.endswith(":streamGenerateContent")


def _absent(what: str) -> Answer:
    return answer_json({"error": {"message": f"the test has no {what} for this request"}}, 500)


def _lines(stream: list[Any]) -> Answer:
    body = "".join(f"{json.dumps(item)}\n" for item in stream)
    return _text(body, "application/x-ndjson")


def _named_events(stream: list[Any]) -> Answer:
    events = (f"event: {item['type']}\ndata: {json.dumps(item)}\n\n" for item in stream)
    return _text("".join(events), "text/event-stream")


def _text(body: str, content_type: str) -> Answer:
    data = body.encode()

    def answer(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer

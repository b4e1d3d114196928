"""Faults: one answer, all that can go wrong with it, and every face that may meet that.

The answers come from ``fieldconf.testing.FakeServer`` or, where it has no such fault, from
``servers.serving``; the requests from the openai package's real clients.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import openai
import pytest
from installed import needs_responses
from pydantic import BaseModel

import fieldconf as fc
from fieldconf.testing import Answer, payloads


class Ticket(BaseModel):
    relevant: bool
    team: Literal["billing", "sales"]
    summary: str
    tags: list[Literal["new", "old"]]
    urgent: bool


VALUE = Ticket(
    relevant=True,
    team="billing",
    summary="The customer was charged twice for one and the same invoice, and asks why.",
    tags=["new", "old"],
    urgent=False,
)
SURE = {"relevant": 0.8, "team": 0.7, "summary": 0.9, "tags": 0.75, "urgent": 0.6}
CHAT, RESPONSES = "openai", "openai-responses"
APIS = (CHAT, pytest.param(RESPONSES, marks=needs_responses))
ASKED = payloads.RequestShape(top=2, usage=True)
"""Few candidates: a whole stream fits between two sockets, and is there when one is reset."""


def answer(**more: Any) -> Answer:
    """The answer, with what goes wrong."""
    return Answer(VALUE, SURE, **more)


TOKENS = [
    event["delta"]
    for event in payloads.response_events(answer(), ASKED)
    if event["type"] == "response.output_text.delta"
]
HALF = next(n for n, text in enumerate(TOKENS) if "twice" in text)
"""So many tokens, and a text is half written: two fields closed before it."""
IN_LIST = next(n for n, text in enumerate(TOKENS) if "old" in text)
CLOSED_AT_HALF = ["/relevant", "/team"]


def chunks(api: str, given: Answer) -> list[dict[str, Any]]:
    """An answer as the chunks of a stream."""
    return (payloads.chat_chunks if api == CHAT else payloads.response_events)(given, ASKED)


@cache
def unbroken(api: str, *, streamed: bool = True) -> fc.Report[Any]:
    """The report of the whole answer, by ``score``; Responses objects are rounded."""
    if streamed:
        return fc.score(chunks(api, answer()), Ticket)
    return fc.score((payloads.chat if api == CHAT else payloads.response)(answer(), ASKED), Ticket)


def closed_after(api: str, tokens: int) -> dict[str, fc.Field]:
    """Of the whole answer's fields those that end within so many tokens."""
    size = len("".join(TOKENS[:tokens]).encode())
    fields = unbroken(api).fields.values()
    return {field.pointer: field for field in fields if field.stop <= size}


def plain(fields: dict[str, fc.Field]) -> dict[str, Any]:
    """Fields as JSON."""
    return {pointer: field.to_dict() for pointer, field in fields.items()}


def known(report: fc.Report[Any]) -> dict[str, fc.Field]:
    """The fields of a report that closed."""
    return {p: field for p, field in report.fields.items() if "truncated" not in field.flags}


# -- what is left open --------------------------------------------------------------------------

OPEN = Path("/proc/self/fd")
WAIT = 30  # seconds at most, for what comes within milliseconds


def sockets() -> frozenset[str]:
    """The sockets that this process has open; none are seen where the system does not tell."""
    found: set[str] = set()
    for link in OPEN.iterdir() if OPEN.exists() else ():
        with contextlib.suppress(OSError):  # of the listing itself
            found.add(str(link.readlink()))
    return frozenset(name for name in found if name.startswith("socket:"))


async def no_other_task() -> None:
    """Nothing else runs, once the event loop has closed generators that were let go of."""
    await asyncio.sleep(0)  # one turn: it makes its tasks
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=WAIT)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def threads() -> frozenset[threading.Thread]:
    """The threads that run."""
    return frozenset(threading.enumerate())


# -- faces --------------------------------------------------------------------------------------


@dataclass
class Met:
    """What a face gave.

    Attributes:
        events: what was given before the end.
        report: what was returned.
        error: what was raised.
        kept: the stream's own report, after an error too.
        observed: the reports that ``observe`` was told.
    """

    events: list[Any] = field(default_factory=list[Any])
    report: Any = None
    error: BaseException | None = None
    kept: Any = None
    observed: list[Any] = field(default_factory=list[Any])

    @property
    def fields(self) -> dict[str, fc.Field]:
        """The fields that were given out while the answer arrived."""
        return {e.pointer: e.field for e in self.events if e.type == "field"}


REQUEST: dict[str, Any] = {"model": "any", "top_logprobs": ASKED.top}


def client_of(server: Any, **more: Any) -> openai.OpenAI:
    """A client of the openai package; it reads no certificates, which takes long."""
    http = openai.DefaultHttpxClient(verify=False)  # there is no TLS
    return openai.OpenAI(**_client_options(server, more), http_client=http)


def async_client_of(server: Any, **more: Any) -> openai.AsyncOpenAI:
    """The same for asynchronous code."""
    http = openai.DefaultAsyncHttpxClient(verify=False)
    return openai.AsyncOpenAI(**_client_options(server, more), http_client=http)


def _client_options(server: Any, more: dict[str, Any]) -> dict[str, Any]:
    return {"base_url": server.base_url, "api_key": "none", "max_retries": 0, **more}


def never(_field: fc.Field) -> bool:
    """A rule that lets an answer be streamed to its end."""
    return False


def options(api: str, met: Met, **more: Any) -> dict[str, Any]:
    return {**REQUEST, "provider": api, "observe": met.observed.append, **more}


def use_extract(client: Any, api: str, met: Met, **more: Any) -> None:
    met.report = fc.extract(Ticket, "x", client=client, **options(api, met, **more))


def use_stopping(client: Any, api: str, met: Met) -> None:
    use_extract(client, api, met, stop_when=never)


def use_stream(client: Any, api: str, met: Met) -> None:
    with fc.stream(Ticket, "x", client=client, **options(api, met)) as stream:
        try:
            for event in stream:
                met.events.append(event)  # kept where the stream breaks
            met.report = stream.report
        finally:
            met.kept = stream.report


async def use_aextract(client: Any, api: str, met: Met, **more: Any) -> None:
    met.report = await fc.aextract(Ticket, "x", client=client, **options(api, met, **more))


async def use_astopping(client: Any, api: str, met: Met) -> None:
    await use_aextract(client, api, met, stop_when=never)


async def use_astream(client: Any, api: str, met: Met) -> None:
    stream = fc.astream(Ticket, "x", client=client, **options(api, met))
    try:
        async for event in stream:
            met.events.append(event)  # kept where the stream breaks
        met.report = stream.report
    finally:
        with contextlib.suppress(fc.RequestError):  # where nothing ever came
            met.kept = stream.report


@dataclass(frozen=True)
class Face:
    """One way to ask.

    Attributes:
        use: asks once.
        is_async: whether it is for asynchronous clients.
        streams: whether the answer is streamed.
        shows: whether the stream itself is in the user's hands.
    """

    use: Callable[[Any, str, Met], Any]
    is_async: bool = False
    streams: bool = True
    shows: bool = False

    def __str__(self) -> str:
        return self.use.__name__.removeprefix("use_")


FACES = (
    Face(use_stream, shows=True),
    Face(use_astream, is_async=True, shows=True),
    Face(use_stopping),
    Face(use_astopping, is_async=True),
    Face(use_extract, streams=False),
    Face(use_aextract, is_async=True, streams=False),
)
STREAMED = tuple(face for face in FACES if face.streams)


def ask(face: Face, serve: Any, api: str, *, times: int = 2, **client_options: Any) -> list[Met]:
    """Ask so many times by one client; then nothing of it is open, though the client is not closed.

    Args:
        face: how to ask.
        serve: a context manager that runs a server.
        api: by which API.
        times: how often; the second request shows that the client can be used after a fault.
        client_options: of the openai client.
    """
    if face.is_async:
        return asyncio.run(_ask_async(face, serve, api, times, client_options))
    return _ask(face, serve, api, times, client_options)


def _ask(face: Face, serve: Any, api: str, times: int, client_options: Any) -> list[Met]:
    before, mets = sockets(), [Met() for _ in range(times)]
    with contextlib.ExitStack() as ends:
        with serve as server:
            client = ends.enter_context(client_of(server, **client_options))
            for met in mets:
                try:
                    face.use(client, api, met)
                except BaseException as error:  # noqa: BLE001  # looked at by the test
                    met.error = error
        assert sockets() == before
    return mets


async def _ask_async(face: Face, serve: Any, api: str, times: int, client_options: Any) -> Any:
    before, mets = sockets(), [Met() for _ in range(times)]
    async with contextlib.AsyncExitStack() as ends:
        with serve as server:
            client = await ends.enter_async_context(async_client_of(server, **client_options))
            for met in mets:
                try:
                    await face.use(client, api, met)
                except BaseException as error:  # noqa: BLE001  # looked at by the test
                    met.error = error
        assert sockets() == before
        await no_other_task()
    return mets


# -- answers that the fake server does not give -------------------------------------------------


def body(data: bytes, kind: str) -> Callable[[Any], None]:
    """A body of some kind, with the status 200."""

    def send(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return send


def events(made: list[Any], *, missing: int = 0) -> Callable[[Any], None]:
    """Server-sent events; of the promised length some bytes are ``missing``."""
    heads = [f"event: {one['type']}\n" if "type" in one else "" for one in made]
    lines = [f"{head}data: {json.dumps(one)}\n\n" for head, one in zip(heads, made, strict=True)]
    data = "".join(lines).encode()

    def send(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", str(len(data) + missing))
        handler.end_headers()
        handler.wfile.write(data)

    return send

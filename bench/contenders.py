"""What is measured in this interpreter: others' parsing, and fieldconf's doors.

In: responses.
Out: `CONTENDERS`: for each, a maker of its argument and the call that is measured.
Never: the building of SDK objects or chunks in fieldconf's time; a lazy report left unread.
Why: speed, memory and instructions are of the same calls on the same bytes. The openai package's
    parse is called as its client calls it: `with_raw_response`, then `.parse()`, or as a stream of
    events, over a transport that hands out the bytes at once.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import cycle
from typing import Any, NamedTuple

import openai
from corpus import Inbox, Response
from decoding import DECODERS, JSON, ORJSON, RAW, TYPED

import fieldconf
from fieldconf.schema import compile_schema
from fieldconf.streaming import LiveScorer

try:
    import httpx2 as httpx  # what openai 3 stands on
except ImportError:
    import httpx

Door = Callable[[Response, int], Callable[[], Any]]
SCHEMA = compile_schema(Inbox)
ASK = [{"role": "user", "content": "?"}]


class Contender(NamedTuple):
    """One row: how it is called, what it is given, and what its note says of it."""

    call: Callable[[Any], Any]
    door: Door
    note: str
    beside: str = ORJSON  # what its ratio is to
    ours: bool = False


# -- what is called -----------------------------------------------------------------------------


def score(payload: Any, schema: Any = SCHEMA) -> Any:
    """A report, and of every field what it may compute late."""
    report = fieldconf.score(payload, schema)
    return report, read(report.fields.values())


def follow(chunks: Iterable[Any], **options: Any) -> Any:
    """The report of chunks that come one by one; every field is read when it closes."""
    live = LiveScorer(SCHEMA, **options)
    for chunk in chunks:
        read(live.feed(chunk))
    report = live.finish()
    return report, read(report.fields.values())


def read(fields: Iterable[Any]) -> list[Any]:
    """What the user came for."""
    return [(field.confidence, field.low, field.high, field.distribution) for field in fields]


def drain(stream: Iterable[Any]) -> int:
    """Read to the end, and keep nothing."""
    return sum(1 for _ in stream)


# -- the doors: what a contender is given, made ahead. Of objects there are as many copies as a
# sample has calls, so that short responses do not have the caches to themselves.


def body(response: Response, _copies: int) -> Callable[[], bytes]:
    return lambda: response.raw


def completion(response: Response, copies: int) -> Callable[[], Any]:
    arrive = arrived(response, copies)
    return cycle([arrive().parse() for _ in range(copies)]).__next__


def chunks(response: Response, copies: int) -> Callable[[], Any]:
    opened = streamed(response, copies)
    return cycle([list(opened()) for _ in range(copies)]).__next__


def arrived(response: Response, _copies: int) -> Callable[[], Any]:
    """A maker of raw responses as the openai client holds them before it parses."""
    create = _client("application/json", lambda: response.raw).with_raw_response.create
    return lambda: create(model="none", messages=ASK)


def streamed(response: Response, _copies: int) -> Callable[[], Any]:
    """A maker of streams as the openai client gives them out; one event is one read."""
    return opened(list(response.events()))


def opened(events: Iterable[bytes]) -> Callable[[], Any]:
    """The same of any events; what gives them but once can be opened but once."""
    create = _client("text/event-stream", lambda: _Events(events)).create
    return lambda: create(model="none", messages=ASK, stream=True)


class _Events(httpx.SyncByteStream):
    def __init__(self, events: Iterable[bytes]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[bytes]:
        yield from self._events


def _client(kind: str, content: Callable[[], Any]) -> Any:
    """The chat completions of a client whose server says this."""

    def reply(_request: Any) -> Any:
        made = content()
        how = {"content": made} if isinstance(made, bytes) else {"stream": made}
        return httpx.Response(200, headers={"content-type": kind}, **how)

    http = httpx.Client(transport=httpx.MockTransport(reply), trust_env=False)
    client = openai.OpenAI(api_key="none", base_url="http://localhost", http_client=http)
    return client.chat.completions


# -- the rows -----------------------------------------------------------------------------------

PARSE, STREAM = "openai parse", "openai stream"
BYTES, NO_SCHEMA = "fieldconf: bytes, Model", "fieldconf: bytes"
OBJECT, CHUNKS = "fieldconf: ChatCompletion, Model", "fieldconf: chunks, Model"
CONTENDERS = {
    ORJSON: Contender(DECODERS[ORJSON], body, "the body's bytes to dicts; what the ratios are to."),
    JSON: Contender(DECODERS[JSON], body, "the standard library's."),
    TYPED: Contender(DECODERS[TYPED], body, "structs, every candidate decoded."),
    RAW: Contender(
        DECODERS[RAW], body, "the same with top_logprobs as msgspec.Raw."
    ),
    PARSE: Contender(
        lambda held: held.parse(), arrived, "with_raw_response, then .parse(): what its client does"
        " once the bytes have arrived."
    ),
    STREAM: Contender(
        drain, streamed, "its Stream over server-sent events, a token each: decoding, JSON,"
        " objects, none of them kept; what the ratio of chunks is to.", STREAM
    ),
    BYTES: Contender(
        score, body, "a pydantic model as schema: validated; confidence, bounds and distribution of"
        " every field are read in the time.", ours=True
    ),
    NO_SCHEMA: Contender(
        lambda raw: score(raw, None), body, "no schema; every field read in the time.", ours=True
    ),
    OBJECT: Contender(
        score, completion, "the SDK's object, built before; read as above.", ours=True
    ),
    CHUNKS: Contender(
        follow, chunks, "the SDK's chunks, one token each, built before; every field read when it"
        " closes, and the report at the end.", STREAM, ours=True
    ),
}  # fmt: skip

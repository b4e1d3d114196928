"""What is measured in this interpreter: others' parsing, and fieldconf's doors.

In: responses.
Out: `CONTENDERS`: for each, a maker of its argument and the call that is measured.
Never: the building of SDK objects or chunks in fieldconf's time; a lazy report left unread.
Why: speed, memory and instructions are of the same calls on the same bytes. The openai package's
    parse is called as its client calls it: `with_raw_response`, then `.parse()`, or as a stream of
    events, over a transport that hands out the bytes at once.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import openai
from corpus import Response
from decoding import DECODERS, ORJSON, TYPED

import fieldconf as fc

try:
    import httpx2 as httpx  # what openai 3 stands on
except ImportError:
    import httpx

ASK = [{"role": "user", "content": "?"}]


class Contender(NamedTuple):
    """One row: how it is called, what it is given, and what its note says of it."""

    call: Callable[[Any], Any]
    door: Callable[[Response], Any]
    note: str
    ours: bool = False


# -- what is called -----------------------------------------------------------------------------


def score(given: tuple[Any, Any]) -> Any:
    """A report, all of it read."""
    report = fc.score(*given)
    numbers(report.fields.values())
    return report


def score_little(given: tuple[Any, Any]) -> Any:
    """A report, of which only the confidences are read."""
    report = fc.score(*given)
    for field in report.fields.values():
        _ = field.confidence
    return report


def follow(stream: Iterable[Any]) -> Any:
    """The report of a stream; every field is read when it closes, and again at the end."""
    report = None
    for event in stream:
        if event.type == "field":
            numbers([event.field])
        elif event.type == "report":
            report = event.report
            numbers(report.fields.values())
    return report


def numbers(fields: Iterable[Any]) -> None:
    """Read every number that a user can read, so that nothing can be put off."""
    for f in fields:
        _ = (f.confidence, f.low, f.high, f.logprob, f.expected, f.std, f.rank, f.null, f.reason)
        members = [*f.presence.values(), *f.end_probabilities]
        for known in (f.distribution, f.variants):
            if known is not None:
                members += [*known.candidates, *known.unnormalised]
                _ = (known.off_schema, known.unseen, known.rest, known.margin, known.entropy)
                _ = [(r.text, r.probability) for r in (*known.other, *known.beginnings)]
        _ = [(m.value, m.probability, m.low, m.high) for m in members]
        for place in (f.why, f.min_step):
            if place is not None:
                _ = [(r.text, r.probability) for r in place.rivals]


def drain(stream: Iterable[Any]) -> int:
    """Read to the end, and keep nothing."""
    return sum(1 for _ in stream)


# -- the doors: what a contender is given, made ahead ---------------------------------------------


def body(response: Response) -> bytes:
    return response.raw


def mine(response: Response) -> tuple[bytes, Any]:
    return response.raw, response.model


def completion(response: Response) -> tuple[Any, Any]:
    return arrived(response).parse(), response.model


def arrived(response: Response) -> Any:
    """A raw response as the openai client holds it before it parses."""
    create = _client("application/json", content=response.raw).with_raw_response.create
    return create(model="none", messages=ASK)


def streamed(response: Response) -> Any:
    """A stream as the openai client gives it out; one event is one read."""
    return opened(list(response.events()))


def opened(events: Iterable[bytes]) -> Any:
    """The same of any events."""
    create = _client("text/event-stream", stream=_Events(events)).create
    return create(model="none", messages=ASK, stream=True)


def live(response: Response) -> Any:
    """Fieldconf's stream of the openai client's chunks, which were built before."""
    return beside(list(streamed(response)), response.model)


def beside(chunks: Iterable[Any], model: Any, **options: Any) -> Any:
    """Fieldconf's stream of these chunks."""
    return fc.stream(model, "?", client=_Handed(chunks), model="none", **options)


class _Handed:
    """A client that hands out these chunks."""

    base_url = "http://localhost"

    def __init__(self, chunks: Iterable[Any]) -> None:
        self.chat = self.completions = self
        self.chunks = chunks

    def create(self, **_asked: Any) -> Iterator[Any]:
        return iter(self.chunks)


class _Events(httpx.SyncByteStream):
    def __init__(self, events: Iterable[bytes]) -> None:
        self._events = events

    def __iter__(self) -> Iterator[bytes]:
        yield from self._events


class _Server:
    """A client of the openai package, and what its server says next."""

    def __init__(self) -> None:
        http = httpx.Client(transport=httpx.MockTransport(self._reply), trust_env=False)
        client = openai.OpenAI(api_key="none", base_url="http://localhost", http_client=http)
        self.completions, self.said = client.chat.completions, {}

    def _reply(self, _request: Any) -> Any:
        return httpx.Response(200, **self.said)


_SERVER = _Server()


def _client(kind: str, **content: Any) -> Any:
    """The chat completions of a client whose server says this."""
    _SERVER.said = {"headers": {"content-type": kind}, **content}
    return _SERVER.completions


# -- the rows -----------------------------------------------------------------------------------

PARSE, STREAM = "openai parse", "openai stream"
BYTES, LITTLE = "fieldconf: bytes", "fieldconf: bytes, confidences only"
OBJECT, CHUNKS = "fieldconf: ChatCompletion", "fieldconf: chunks"
CONTENDERS = {
    ORJSON: Contender(DECODERS[ORJSON], body, "the body's bytes to dicts."),
    TYPED: Contender(DECODERS[TYPED], body, "structs, every candidate decoded."),
    PARSE: Contender(
        lambda held: held.parse(), arrived, "with_raw_response, then .parse(): what its client does"
        " once the bytes have arrived."
    ),
    STREAM: Contender(
        drain, streamed, "its Stream over server-sent events, a token each, none of them kept."
    ),
    BYTES: Contender(
        score, mine, "by a pydantic model; every number of every field is read.", ours=True
    ),
    LITTLE: Contender(score_little, mine, "the same, and of each field its confidence.", ours=True),
    OBJECT: Contender(score, completion, "the SDK's object, built before; all is read.", ours=True),
    CHUNKS: Contender(
        follow, live, "fc.stream of the SDK's chunks, built before; each field is read when it"
        " closes, and all again at the end.", ours=True
    ),
}  # fmt: skip

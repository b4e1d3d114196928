"""What runs in this interpreter: json.loads, the openai package's parse, fieldconf's four doors.

In: responses.
Out: measurements, one a contender and response.
Never: the building of SDK objects or chunks in fieldconf's time; a lazy report left unread.
Why: the openai package's parse is the yardstick, since everybody who has logprobs has paid it. It
    is called as its client calls it: `with_raw_response`, then `.parse()`, over a transport that
    hands out the bytes at once.
"""

import json
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import openai
from corpus import Inbox, Response
from measure import Measurement, documented, failed, judged, timed
from openai.types.chat import ChatCompletionChunk
from timing import Run, Taken, in_turns

import fieldconf

try:
    import httpx2 as httpx  # what openai 3 stands on
except ImportError:
    import httpx

JSON = "json.loads(bytes)"
YARDSTICK = "openai: response.parse()"
BYTES = "fieldconf.score(bytes)"
OBJECT = "fieldconf.score(ChatCompletion)"
SCHEMA = "fieldconf.score(bytes, Model)"
STREAM = "fieldconf.score([ChatCompletionChunk])"
FIELDCONF = (BYTES, OBJECT, SCHEMA, STREAM)
SECONDS = 45.0  # for all of it
ROUNDS = 5  # at least


def run(responses: list[Response]) -> Iterator[Measurement]:
    """Time everything on every response, the yardsticks first."""
    contenders = {
        JSON: (json.loads, _bytes),
        YARDSTICK: (lambda arrived: arrived.parse(), _arrived),
        BYTES: (_score, _bytes),
        OBJECT: (_score, _completions),
        SCHEMA: (lambda payload: _score(payload, Inbox), _bytes),
        STREAM: (_score, _chunks),
    }
    runs = {
        (name, response.name): Run(call, door(response), response.calls)
        for name, (call, door) in contenders.items()
        for response in responses
    }
    taken = in_turns(runs, seconds=SECONDS, fewest=ROUNDS)
    for name in contenders:
        for response in responses:
            yield _judged(name, response, taken[name, response.name])


def _score(payload: Any, schema: Any = None) -> Any:
    report = fieldconf.score(payload, schema)
    return report, [(field.confidence, field.distribution) for field in report.fields.values()]


def _judged(contender: str, response: Response, taken: Taken) -> Measurement:
    if taken.error is not None:
        return failed(contender, response, taken.error)
    time = timed(contender, response, taken.samples)
    if contender not in FIELDCONF:
        return time
    report, read = taken.result
    if report.status != "complete":
        return failed(contender, response, f"the report's status is {report.status!r}")
    if contender == SCHEMA and all(distribution is None for _, distribution in read):
        return failed(contender, response, "no distribution was computed")
    answer = {pointer: field.logprob for pointer, field in report.fields.items()}
    return judged(time, response, answer, documented)


# The doors: what a contender is given, made ahead. As many copies as a sample has calls, so that
# short responses do not have the caches to themselves.


def _bytes(response: Response) -> Callable[[], bytes]:
    return lambda: response.raw


def _completions(response: Response) -> Callable[[], Any]:
    arrive = _arrived(response)
    return cycle([arrive().parse() for _ in range(response.calls)]).__next__


def _chunks(response: Response) -> Callable[[], Any]:
    chunks = list(response.chunks())
    made = [
        [ChatCompletionChunk.model_validate(chunk) for chunk in chunks]
        for _ in range(response.calls)
    ]
    return cycle(made).__next__


def _arrived(response: Response) -> Callable[[], Any]:
    """A maker of raw responses as the openai client holds them before it parses."""
    headers = {"content-type": "application/json"}

    def reply(_request: Any) -> Any:
        return httpx.Response(200, content=response.raw, headers=headers)

    client = openai.OpenAI(
        api_key="none",
        base_url="http://localhost",
        http_client=httpx.Client(transport=httpx.MockTransport(reply)),
    )
    ask = [{"role": "user", "content": "?"}]
    return lambda: client.chat.completions.with_raw_response.create(model="none", messages=ask)

"""The fake clients and the fake server: what the real client sees, and what is left behind."""

import asyncio
import contextlib
import importlib.util
import socket
import struct
import threading

import openai
import pytest
from test_testing_answers import TICKET, VALUE

import fieldconf as fc
from fieldconf.testing import (
    Answer,
    AnswerError,
    AsyncFakeClient,
    FakeClient,
    FakeServer,
    Fault,
    HttpError,
)
from fieldconf.testing.token_writing import entries

SURE = {"team": 0.6, "urgent": 0.7, "note": 0.8}
ANSWER = Answer(VALUE, SURE)
SCHEMA = fc.strict(TICKET).schema
CHAT = {
    "model": "any", "messages": [], "logprobs": True, "top_logprobs": 5,
    "response_format": {
        "type": "json_schema", "json_schema": {"name": "t", "schema": SCHEMA, "strict": True}
    },
}  # fmt: skip
RESPONSES = {
    "model": "any", "input": "x", "include": ["message.output_text.logprobs"], "top_logprobs": 5,
    "text": {"format": {"type": "json_schema", "name": "t", "schema": SCHEMA, "strict": True}},
}  # fmt: skip
APIS = {
    "chat": lambda client, **more: client.chat.completions.create(**CHAT, **more),
    "responses": lambda client, **more: client.responses.create(**RESPONSES, **more),
}


@pytest.fixture(autouse=True)
def nothing_is_left():
    """No thread stays behind a test; those of a client's own may take a moment to end."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        assert not thread.name.startswith("Thread-")  # as the server's are
        thread.join(30)
        assert not thread.is_alive()


class Fake:
    """Answers given in this process."""

    def __init__(self, *answers, **options):
        self._answers, self._options = answers, options

    def __enter__(self):
        self.client = self.fake = FakeClient(*self._answers)
        return self

    def __exit__(self, *error):
        self.client.close()


class Served:
    """The same over a connection."""

    def __init__(self, *answers, timeout=30.0):
        self.fake, self._timeout = FakeServer(*answers), timeout

    def __enter__(self):
        self.fake.__enter__()
        self.client = self.fake.client(timeout=self._timeout)
        return self

    def __exit__(self, *error):
        self.client.close()
        self.fake.__exit__(*error)


BOTH = pytest.mark.parametrize("serve", [Fake, Served])
HAS_RESPONSES = pytest.mark.skipif(
    importlib.util.find_spec("openai.types.responses") is None, reason="openai is older than 1.66"
)
EACH_API = pytest.mark.parametrize("api", ["chat", pytest.param("responses", marks=HAS_RESPONSES)])


def sure(report):
    return {name: report[name].confidence for name in SURE}


# -- what is answered -----------------------------------------------------------------------------


@BOTH
@EACH_API
@pytest.mark.parametrize("stream", [False, True])
def test_the_real_client_gets_the_confidences_that_were_chosen(serve, api, stream):
    with serve(ANSWER) as it:
        made = APIS[api](it.client, stream=stream)
        report = fc.score(list(made) if stream else made, TICKET)
        assert sure(report) == pytest.approx(SURE, abs=1e-5 if api == "responses" else 1e-9)
        (request,), (sent,) = it.fake.requests, it.fake.sent
        assert (request["model"], sent) == ("any", len(report.tokens))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("make", [AsyncFakeClient, FakeServer])
@EACH_API
def test_so_does_the_asynchronous_one(make, stream, api):
    async def ask(client):
        async with client:
            made = await APIS[api](client, stream=stream)
            return [chunk async for chunk in made] if stream else made

    if make is FakeServer:
        with FakeServer(ANSWER) as server:
            payload = asyncio.run(ask(server.async_client()))
    else:
        payload = asyncio.run(ask(AsyncFakeClient(ANSWER)))
    assert sure(fc.score(payload, TICKET)) == pytest.approx(SURE, abs=1e-5)


@BOTH
def test_no_logprobs_come_where_none_were_asked_for(serve):
    with serve(ANSWER) as it:
        made = it.client.chat.completions.create(model="any", messages=[])
        assert fc.score(made).status == "no_logprobs"
        chunks = list(it.client.chat.completions.create(model="any", messages=[], stream=True))
        assert fc.score(chunks).status == "no_logprobs"


@HAS_RESPONSES
@BOTH
def test_nor_with_responses(serve):
    with serve(ANSWER) as it:
        assert fc.score(it.client.responses.create(model="any")).status == "no_logprobs"


@HAS_RESPONSES
def test_a_stream_that_is_read_to_its_end_is_not_left_early():
    with FakeClient(ANSWER) as client:
        list(APIS["responses"](client, stream=True))
        assert client.closed_early == 0


@BOTH
def test_answers_come_in_their_order_and_then_an_error(serve):
    with serve(1, 2) as it:
        ask = it.client.chat.completions.create
        said = [ask(model="m", messages=[]).choices[0].message.content for _ in range(2)]
        assert said == ["1", "2"]
        expected = AnswerError if serve is Fake else openai.InternalServerError
        with pytest.raises(expected, match="request 3 has no answer: all 2"):
            ask(model="m", messages=[])


@BOTH
def test_one_answer_is_given_to_every_request(serve):
    with serve(True) as it:
        for _ in range(3):
            it.client.chat.completions.create(model="m", messages=[])
        assert len(it.fake.requests) == 3


@BOTH
def test_an_answer_may_depend_on_the_request(serve):
    with serve(lambda request: Answer(request["model"])) as it:
        made = it.client.chat.completions.create(model="mine", messages=[])
        assert made.choices[0].message.content == '"mine"'


@BOTH
@EACH_API
def test_an_answer_that_cannot_be_given_says_why(serve, api):
    expected = AnswerError if serve is Fake else openai.InternalServerError
    with serve(Answer({"wrong": 1}, {"/team": 0.5})) as it:
        with pytest.raises(expected, match="has no '/team'"):
            APIS[api](it.client)


@BOTH
def test_the_schema_of_the_request_finds_rivals(serve):
    """What else may stand at the head of a list, the schema says."""
    schema = {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 5}}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    with serve(Answer([3], {"/0": 0.4})) as it:
        made = it.client.chat.completions.create(**{**CHAT, "response_format": form})
        report = fc.score(made, schema)
    assert (report["/0"].confidence, report[""].confidence) == pytest.approx((0.4, 0.99))


def test_a_server_answers_at_its_two_addresses_only():
    with FakeServer(1) as server, server.client() as client:
        with pytest.raises(openai.NotFoundError, match="there is no /v1/embeddings"):
            client.embeddings.create(model="m", input="x")


def test_without_an_answer_nothing_is_faked():
    with pytest.raises(AnswerError, match="no answer"):
        FakeClient()


def test_a_server_outside_of_its_block_has_no_address():
    with pytest.raises(AnswerError, match="with statement"):
        FakeServer(1).base_url  # noqa: B018


# -- the fake client ------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
def test_an_exception_is_raised_as_it_is(error):
    with FakeClient(error) as client:
        with pytest.raises(type(error)) as caught:
            client.chat.completions.create(model="m", messages=[])
    assert caught.value is error
    assert len(client.requests) == 1

    async def ask():
        async with AsyncFakeClient(error) as client:
            await client.chat.completions.create(model="m", messages=[])

    with pytest.raises(type(error)) as caught:
        asyncio.run(ask())
    assert caught.value is error


def test_a_stream_that_is_left_early_is_counted():
    with FakeClient(ANSWER) as client:
        with APIS["chat"](client, stream=True) as stream:
            for _, _ in zip(range(4), stream, strict=False):
                pass
        assert (client.closed_early, client.sent) == (1, [3])
        list(APIS["chat"](client, stream=True))
        assert client.closed_early == 1


def test_an_asynchronous_stream_that_is_left_early_is_counted():
    async def leave():
        async with AsyncFakeClient(ANSWER) as client:
            stream = await APIS["chat"](client, stream=True)
            await anext(stream)
            await stream.close()
            return client

    client = asyncio.run(leave())
    assert (client.closed_early, client.sent) == (1, [0])


def test_copies_share_the_answers():
    with FakeClient(1, 2) as client:
        client.with_options(timeout=3).chat.completions.create(model="m", messages=[])
        made = client.copy(max_retries=1).chat.completions.create(model="m", messages=[])
        assert made.choices[0].message.content == "2"
        assert len(client.requests) == 2
        assert isinstance(client.copy(), FakeClient)


def test_a_fake_client_is_one_of_the_openai_package():
    with FakeClient(1) as client:
        assert isinstance(client, openai.OpenAI)
        assert str(client.base_url) == "http://fake.invalid/v1/"
    assert isinstance(AsyncFakeClient(1), openai.AsyncOpenAI)


# -- what goes wrong ------------------------------------------------------------------------------


def outcome(serve, api, fault, *, stream):
    """What the code under test sees of a fault."""
    with serve(Answer(VALUE, fault=fault), **_PATIENCE.get(fault.kind, {})) as it:
        came, error = [], None
        try:
            made = APIS[api](it.client, stream=stream)
            for chunk in made if stream else [made]:
                came.append(chunk.model_dump(exclude={"id", "created"}))  # noqa: PERF401
        except Exception as raised:  # noqa: BLE001  # both must see the same, whatever it is
            error = raised
    return came, type(error)


_PATIENCE = {"stall": {"timeout": 1.0}}  # it never ends: the client gives up
BROKEN = {
    "reset": openai.APIConnectionError,
    "drop": type(None),
    "stall": openai.APITimeoutError,
    "malformed": ValueError,
    "error_event": openai.APIError,
}
SAID = {"without_logprobs", "duplicate", "content_filter"}


@EACH_API
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", sorted([*BROKEN, *SAID]))
def test_a_fault_is_the_same_in_process_and_over_a_connection(api, stream, kind):
    fault = Fault(kind, after=5)
    (came, error), other = (outcome(s, api, fault, stream=stream) for s in (Fake, Served))
    assert (came, error) == other
    if stream and kind in BROKEN:
        # An error event is an error to the Chat client, and an event to the other.
        expected = type(None) if (api, kind) == ("responses", "error_event") else BROKEN[kind]
        is_old = error.__module__ == "httpx"  # older openai packages let its errors through
        assert is_old or issubclass(error, expected)
    elif not stream and kind in BROKEN:
        assert not came
        assert error is not type(None)
    else:
        assert error is type(None)


@BOTH
@pytest.mark.parametrize("kind", sorted(BROKEN.keys() - {"stall"}))
@pytest.mark.parametrize("after", [0, 1, 5, 1000])
def test_a_fault_comes_behind_so_many_tokens(serve, kind, after):
    all_of_them = len(entries(Answer(VALUE)))
    with serve(Answer(VALUE, fault=Fault(kind, after))) as it:
        tokens = 0
        with contextlib.suppress(Exception):
            for chunk in APIS["chat"](it.client, stream=True):
                tokens += bool(chunk.choices[0].delta.content)
        assert tokens == min(after, all_of_them)


@BOTH
def test_a_duplicate_is_one_chunk_twice(serve):
    with serve(Answer(VALUE, fault=Fault("duplicate", after=4))) as it:
        chunks = list(APIS["chat"](it.client, stream=True))
    assert chunks[4] == chunks[5]
    assert len({chunk.model_dump_json() for chunk in chunks}) < len(chunks)


@BOTH
def test_a_rate_limit_and_then_success(serve):
    with serve(HttpError(429, "slow down", retry_after=0), VALUE) as it:
        with pytest.raises(openai.RateLimitError, match="slow down") as caught:
            APIS["chat"](it.client)
        assert caught.value.response.headers["retry-after"] == "0"
        assert APIS["chat"](it.client).choices[0].finish_reason == "stop"


@BOTH
def test_a_client_that_tries_again(serve):
    with serve(HttpError(429, retry_after=0.001), VALUE) as it:
        made = APIS["chat"](it.client.with_options(max_retries=1))
        assert made.choices[0].finish_reason == "stop"
        assert len(it.fake.requests) == 2


@BOTH
def test_a_server_error(serve):
    with serve(HttpError(500)) as it:
        with pytest.raises(openai.InternalServerError):
            APIS["chat"](it.client)


# -- hang-ups and waits ---------------------------------------------------------------------------


def test_the_server_sees_that_a_client_hangs_up():
    with FakeServer(ANSWER, hold_at=3) as server, server.client() as client:
        with APIS["chat"](client, stream=True) as stream:
            got = [next(stream) for _ in range(4)]
            assert server.held.wait(30)
        assert server.hung_up.wait(30)
        assert (len(got), server.sent) == (4, [3])


def test_a_stream_goes_on_once_it_is_released():
    with FakeServer(ANSWER, hold_at=3) as server, server.client() as client:
        stream = APIS["chat"](client, stream=True)
        got = [next(stream) for _ in range(4)]
        assert server.held.wait(30)
        server.release()
        report = fc.score([*got, *stream], TICKET)
        assert report.status == "complete"
        assert not server.hung_up.is_set()


def test_a_paced_stream_is_the_same():
    with FakeServer(ANSWER, pace=0.0001) as server, server.client() as client:
        assert fc.score(list(APIS["chat"](client, stream=True)), TICKET).status == "complete"


def test_a_stall_ends_when_the_client_hangs_up():
    with FakeServer(Answer(VALUE, fault=Fault("stall", 2))) as server, server.client() as client:
        stream = APIS["chat"](client, stream=True)
        got = [next(stream) for _ in range(3)]
        stream.close()
        assert server.hung_up.wait(30)
        assert (len(got), server.sent) == (3, [2])


@pytest.mark.parametrize("options", [{}, {"hold_at": 3}])
def test_the_server_ends_whatever_its_clients_do(options):
    """A stream that nobody reads, and a connection on which nothing was asked."""
    answer = ANSWER if options else Answer(VALUE, fault=Fault("stall", 2))
    with FakeServer(answer, **options) as server:
        address = server.base_url.partition("//")[2].partition("/")[0].split(":")
        silent = socket.create_connection((address[0], int(address[1])))
        client = server.client()
        stream = APIS["chat"](client, stream=True)
        next(stream)
    assert not server.hung_up.is_set()  # it was the server that did
    stream.close()
    client.close()
    silent.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address[0], int(address[1])))


BODY = b'{"model": "m", "messages": []}'
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


def sent(server, data, *, killed=False):
    """What a server says to some bytes behind which the client is gone."""
    address = server.base_url.partition("//")[2].partition("/")[0].split(":")
    with socket.create_connection((address[0], int(address[1]))) as connection:
        connection.settimeout(30)
        connection.sendall(data)
        if killed:  # as the system does for a process that left bytes unread
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return b""
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.mark.parametrize("killed", [False, True], ids=["closed", "reset"])
def test_a_client_that_goes_in_the_middle_of_its_request_is_asked_nothing(killed, capfd):
    """Wherever it was cut, no answer is used up for it, and nobody prints anything."""
    with FakeServer({"ok": True}) as server:
        for length in range(len(REQUEST)):
            assert b"200" not in sent(server, REQUEST[:length], killed=killed)
        if not killed:
            assert server.hung_up.is_set()
            assert sent(server, REQUEST).startswith(b"HTTP/1.0 200")
    assert len(server.requests) == (0 if killed else 1)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (REQUEST.replace(b"Content-Length", b"X"), b"411"),
        (REQUEST.replace(b"Content-Length: ", b"Content-Length: x"), b"411"),
        (REQUEST.replace(b"{", b"["), b"400"),
    ],
)
def test_a_request_that_is_none_is_refused(data, status, capfd):
    with FakeServer({"ok": True}) as server:
        assert sent(server, data).split()[1] == status
    assert server.requests == []
    assert capfd.readouterr() == ("", "")


def test_an_exception_closes_the_connection_of_a_server():
    with FakeServer(ValueError("anything")) as server, server.client() as client:
        with pytest.raises(openai.APIConnectionError):
            APIS["chat"](client)

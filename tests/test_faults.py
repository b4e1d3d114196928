"""What goes wrong on the way: what was scored is kept, the error is ours, nothing stays open.

Every row of the table is met by every face, by Chat Completions and by Responses, through the
openai package's real clients.
"""

import asyncio
import contextlib
import gc
import threading
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import anyio
import openai
import pytest
from faults import (
    APIS,
    CHAT,
    CLOSED_AT_HALF,
    FACES,
    HALF,
    IN_LIST,
    OPEN,
    REQUEST,
    RESPONSES,
    STREAMED,
    TOKENS,
    WAIT,
    Ticket,
    answer,
    ask,
    async_client_of,
    body,
    chunks,
    client_of,
    closed_after,
    events,
    known,
    no_other_task,
    plain,
    sockets,
    threads,
    unbroken,
)
from hypothesis import assume, example, given
from hypothesis import strategies as st
from installed import needs_responses
from servers import serving

import fieldconf as fc
from fieldconf.extraction.calls import prepare
from fieldconf.extraction.live_answer import LiveAnswer
from fieldconf.testing import Answer, FakeServer, Fault, HttpError

pytestmark = pytest.mark.filterwarnings("error")  # also what is said of unclosed sockets and tasks

WHOLE = answer()


@pytest.fixture(autouse=True)
def nothing_stays_open():
    """No thread and no socket outlives a test, and none waits for the garbage collector."""
    before = threads(), sockets()
    gc.disable()
    yield
    gc.enable()
    for told in threads() - before[0]:  # older clients have workers, which end behind their loop
        told.join(WAIT)
    assert threads() <= before[0]
    assert sockets() <= before[1]


def test_sockets_are_seen():
    if not OPEN.exists():
        pytest.skip(f"there is no {OPEN} here: sockets left open are not looked for")
    before = sockets()
    with FakeServer(WHOLE):
        assert len(sockets() - before) == 1


# -- the table ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """What goes wrong, and what comes of it.

    Attributes:
        name: of the row.
        given: the answers of the server; the whole answer comes behind them.
        error: words of the error; empty where none is raised.
        whole_error: the same of an answer that is not streamed.
        status: of a streamed answer's report; empty where there is no report, as nothing came.
        reason: words of its reason.
        tokens: so many came before the fault.
        client: options of the client.
    """

    name: str
    given: tuple[Any, ...]
    error: str = ""
    whole_error: str = ""
    status: str = "truncated"
    reason: str = ""
    tokens: int = HALF
    client: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return self.name


def fault(kind: str, *, after: int = HALF) -> tuple[Answer]:
    return (answer(fault=Fault(kind, after)),)


LOST = "lost the connection"
ROWS = (
    Row("reset", fault("reset"), LOST, LOST, reason=LOST),
    Row("dropped", fault("drop"), "", LOST, reason="ends before its JSON does"),
    Row("stalled", fault("stall"), "in time", "in time", reason="in time",
        client=(("timeout", 0.3),)),
    Row("malformed chunk", fault("malformed"), "not JSON", "not JSON", reason="not JSON"),
    Row("error event", fault("error_event"), "made up by", "made up by", reason="made up by"),
    Row("content filter", fault("content_filter"), reason="content filter"),
    Row("length", (answer(cut_after=HALF),), reason="token limit"),
    Row("refusal midway", (answer(refuse_after=HALF),), reason="refused midway"),
    Row("refusal", (Answer(refusal="I will not."),), status="refused",
        reason="refused: I will not.", tokens=0),
    Row("duplicate chunk", fault("duplicate"), status="complete", tokens=len(TOKENS)),
    Row("429, then success", (HttpError(429, retry_after=0.01),), status="complete",
        tokens=len(TOKENS), client=(("max_retries", 1),)),
    Row("429", (HttpError(429),), "answered 429: made up", "answered 429: made up", status=""),
    Row("500", (HttpError(500),), "answered 500: made up", "answered 500: made up", status=""),
    Row("401", (HttpError(401),), "Check the API key", "Check the API key", status=""),
    Row("closed at once", (ConnectionResetError(),), "connection", "connection", status=""),
)  # fmt: skip


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("face", STREAMED, ids=str)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_streamed_answer(row, face, api):
    """What closed before the fault is the same as in the whole answer, to the last digit."""
    met, after = ask(face, FakeServer(*row.given, WHOLE, WHOLE), api, **dict(row.client))
    expected = closed_after(api, row.tokens)
    raised = bool(row.error)
    assert isinstance(met.error, fc.RequestError) == raised, met.error
    assert row.error in str(met.error)
    report = met.error.report if raised else met.report
    if row.status:
        assert report.status == row.status
        assert row.reason in report.reason
        assert plain(known(report)) == plain(expected)
        assert met.observed == [report]
    else:
        assert report is None
    if face.shows and row.status:
        assert met.fields == expected
        assert met.kept is report
        assert [e.type for e in met.events].count("report") == (not raised)
    assert after.error is None
    assert after.report.to_dict() == unbroken(api).to_dict()


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("face", [face for face in FACES if not face.streams], ids=str)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_answer_that_is_not_streamed(row, face, api):
    """It comes, or it does not."""
    met, after = ask(face, FakeServer(*row.given, WHOLE, WHOLE), api, **dict(row.client))
    assert isinstance(met.error, fc.RequestError) == bool(row.whole_error), met.error
    assert row.whole_error in str(met.error)
    expected = unbroken(api, streamed=False)
    if row.whole_error:
        assert met.error.report is None
        assert met.observed == []
    else:
        assert met.report.status == row.status
        assert row.reason in met.report.reason
        closed = {pointer: expected[pointer] for pointer in closed_after(api, row.tokens)}
        assert plain(known(met.report)) == plain(closed)
        assert met.observed == [met.report]
    assert after.report.to_dict() == expected.to_dict()


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("status", [429, 500, 401])
def test_the_error_has_the_status_and_the_address(status, api):
    (met,) = ask(FACES[0], FakeServer(HttpError(status)), api, times=1)
    assert met.error.status == status
    assert met.error.provider.startswith("http://127.0.0.1:")
    assert isinstance(met.error.__cause__, openai.APIStatusError)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("face", FACES, ids=str)
def test_what_the_model_refused_midway(face, api):
    met, _ = ask(face, FakeServer(answer(refuse_after=HALF), WHOLE), api)
    assert met.report.refusal == "I cannot help with that."
    assert list(known(met.report)) == CLOSED_AT_HALF


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("face", STREAMED, ids=str)
def test_a_chunk_without_logprobs(face, api):
    """The value in it has no number and says why; those beside it keep theirs."""
    without, _ = ask(face, FakeServer(*fault("without_logprobs"), WHOLE), api)
    report, expected = without.report, unbroken(api)
    assert report.status == "complete"
    assert report.value == expected.value
    hit = {"", "/summary"}
    assert {p for p, f in report.fields.items() if f.confidence is None} == hit
    assert "without logprobs" in report["summary"].reason
    kept = {p: field for p, field in report.fields.items() if p not in hit}
    sums = {p: field.logprob for p, field in kept.items()}  # over all tokens: not to the last digit
    assert sums == pytest.approx({p: expected[p].logprob for p in kept}, rel=1e-12)
    same = {p: replace(field, logprob=expected[p].logprob) for p, field in kept.items()}
    assert plain(same) == plain({p: f for p, f in expected.fields.items() if p not in hit})
    assert without.fields.items() <= report.fields.items()


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("face", [face for face in FACES if not face.streams], ids=str)
def test_a_whole_answer_that_lacks_a_logprob(face, api):
    """Where it is missing cannot be told: no number is given, and all values are."""
    (met,) = ask(face, FakeServer(*fault("without_logprobs")), api, times=1)
    assert met.report.status == "unaligned"
    assert met.report.value == unbroken(api).value
    assert {field.confidence for field in met.report.fields.values()} == {None}
    assert all(field.reason for field in met.report.leaves.values())


@pytest.mark.parametrize("tokens", [0, 1, 5, HALF - 1, IN_LIST, len(TOKENS) - 1, len(TOKENS)])
@pytest.mark.parametrize("face", STREAMED, ids=str)
def test_wherever_the_answer_breaks_off(face, tokens):
    met, after = ask(face, FakeServer(*fault("error_event", after=tokens), WHOLE), CHAT)
    report = met.error.report
    assert plain(known(report)) == plain(closed_after(CHAT, tokens))
    assert report.status == ("truncated" if tokens < len(TOKENS) else "complete")
    assert after.report.status == "complete"


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("face", STREAMED, ids=str)
def test_a_body_that_is_shorter_than_promised(face, api):
    """The same as a reset: the HTTP library can tell."""
    half = chunks(api, WHOLE)[: HALF + (1 if api == CHAT else 4)]
    (met,) = ask(face, serving(events(half, missing=9)), api, times=1)
    assert LOST in str(met.error)
    assert plain(known(met.error.report)) == plain(closed_after(api, HALF))


@needs_responses
@pytest.mark.parametrize("face", STREAMED, ids=str)
def test_responses_that_fail(face):
    """Their own event for it is an error like any other."""
    half = chunks(RESPONSES, WHOLE)[: HALF + 4]
    failed = {
        "id": "resp_made-up", "object": "response", "created_at": 1, "status": "failed",
        "model": "m", "output": [], "error": {"code": "server_error", "message": "made up"},
    }  # fmt: skip
    half.append({"type": "response.failed", "response": failed, "sequence_number": 99})
    (met,) = ask(face, serving(events(half)), RESPONSES, times=1)
    assert isinstance(met.error, fc.RequestError)
    assert "broke the answer off" in str(met.error)
    assert "made up" in str(met.error)
    assert plain(known(met.error.report)) == plain(closed_after(RESPONSES, HALF))


HTML = b"<html><body>Sign in</body></html>"
NO_ANSWERS = {
    "a page": body(HTML, "text/html"),
    "a page that says it is JSON": body(HTML, "application/json"),
    "a page that says it is a stream": body(HTML, "text/event-stream"),
    "an error with the status 200": body(
        b'{"error": {"message": "overloaded"}}', "application/json"
    ),
    "another JSON": body(b'{"hello": "you"}', "application/json"),
    "an empty stream": body(b"", "text/event-stream"),
    "nothing but an end": body(b"data: [DONE]\n\n", "text/event-stream"),
    "no JSON": body(b"data: hello\n\n", "text/event-stream"),
    "no UTF-8": body(b"data: \xff\n\n", "text/event-stream"),
}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("face", [f for f in FACES if f.shows or not f.streams], ids=str)
@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_an_error_of_ours(name, face, api):
    (met,) = ask(face, serving(NO_ANSWERS[name]), api, times=1)
    assert isinstance(met.error, fc.RequestError), met
    assert str(met.error).startswith("http://127.0.0.1:")
    assert "\n" not in str(met.error)
    assert "Check the server" in met.error.remedy
    assert "as an SDK object" not in str(met.error)  # that is for saved responses
    if face.streams:
        assert met.error.report.status == "truncated"  # nothing is wrong with what came
        assert met.error.report.reason == str(met.error)
        assert not met.error.report.fields


# -- leaving early ------------------------------------------------------------------------------


class MineError(Exception):
    """An error of the user's."""


class Interrupt(BaseException):
    """As Ctrl-C is."""


class ClosedError(Exception):
    """An error that carries nothing more."""

    @property
    def report(self):
        """It cannot be set."""
        return "mine"


HELD = {"hold_at": HALF}


def is_half(event) -> bool:
    """Whether a text is half written."""
    return event.type == "partial" and event.pointer == "/summary"


def check_left(report, reason):
    """What closed is kept."""
    assert report.status == "truncated"
    assert reason in report.reason
    assert list(known(report)) == CLOSED_AT_HALF
    assert plain(known(report)) == plain(closed_after(CHAT, HALF))


@pytest.fixture
def held():
    """A server that waits in the middle of a text, and a client of it."""
    with FakeServer(WHOLE, **HELD) as server, client_of(server) as client:
        yield server, client


def opened(client, api=CHAT, **more):
    return fc.stream(Ticket, "x", client=client, provider=api, **REQUEST, **more)


ENDED = "reading was ended"


def leave_by_break(stream):
    with stream:
        for event in stream:
            if is_half(event):
                break


def leave_by_close(stream):
    next(event for event in stream if is_half(event))
    stream.close()


def read_and_raise(stream, error):
    with stream:
        for event in stream:
            if is_half(event):
                raise error


def leave_by_error(stream):
    with pytest.raises(MineError) as caught:
        read_and_raise(stream, MineError())
    assert not hasattr(caught.value, "report")  # it is none of ours


def leave_by_interrupt(stream):
    with pytest.raises(Interrupt) as caught:
        read_and_raise(stream, Interrupt())
    assert caught.value.report is stream.report


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "leave", [leave_by_break, leave_by_close, leave_by_error, leave_by_interrupt]
)
def test_leaving_closes_the_connection(held, leave, api):
    server, client = held
    stream = opened(client, api)
    leave(stream)
    assert server.hung_up.wait(WAIT)
    check_left(stream.report, ENDED)
    assert list(stream) == []
    with stream:  # once more does no harm
        pass


@pytest.mark.parametrize("what", ["stream", "iterator", "fields", "untouched", "error"])
def test_letting_go_closes_the_connection(held, what):
    """At once: the garbage collector is off."""
    server, client = held
    seen = []
    stream = opened(client, observe=seen.append)
    if what == "stream":
        next(event for event in stream if is_half(event))
    elif what == "iterator":
        stream = iter(stream)
        next(stream)
    elif what == "fields":
        stream = stream.fields()
        next(stream)
    elif what == "error":
        with contextlib.suppress(MineError):
            for event in stream:
                if is_half(event):
                    raise MineError
    assert not server.hung_up.is_set()
    event = None  # nor is the last one kept
    del stream
    assert server.hung_up.wait(WAIT)
    assert [report.status for report in seen] == ["truncated"]
    assert ENDED in seen[0].reason


def raising(error, at="/team"):
    def rule(field):
        if field.pointer == at:
            raise error
        return False

    return rule


ERRORS = [MineError, Interrupt, ClosedError, KeyError, TimeoutError]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", ERRORS)
def test_a_rule_that_raises(held, kind, api):
    """Its error comes through as itself, and has the report, where it can carry it."""
    (server, client), error = held, kind()
    stream = opened(client, api, stop_when=raising(error))
    with pytest.raises(kind) as caught:
        list(stream)
    assert caught.value is error
    assert server.hung_up.wait(WAIT)
    check_left(stream.report, "reading was interrupted")
    assert (
        error.report == "mine" if isinstance(error, ClosedError) else error.report is stream.report
    )
    with pytest.raises(kind):
        fc.extract(Ticket, "x", client=client, provider=api, stop_when=raising(error), **REQUEST)


@pytest.mark.parametrize("kind", ERRORS)
def test_an_observer_that_raises(held, kind):
    (server, client), error = held, kind()

    def observe(_report):
        raise error

    server.release()
    stream = opened(client, observe=observe)
    with pytest.raises(kind) as caught:
        list(stream)
    assert caught.value is error
    assert stream.report.to_dict() == unbroken(CHAT).to_dict()


def test_an_observer_that_raises_where_the_stream_is_left(held):
    server, client = held

    def observe(_report):
        raise MineError

    stream = opened(client, observe=observe)
    next(event for event in stream if is_half(event))
    with pytest.raises(MineError):
        stream.close()
    assert server.hung_up.wait(WAIT)
    check_left(stream.report, ENDED)


@pytest.mark.parametrize("api", APIS)
def test_a_rule_that_fires_closes_the_connection_before_its_field_is_given_out(held, api):
    server, client = held
    for event in opened(client, api, stop_when=fc.StopWhen("team", value="billing")):
        if event.type == "field" and event.pointer == "/team":
            assert server.hung_up.wait(WAIT)
    assert event.report.stopped.pointer == "/team"


# -- leaving early, asynchronously --------------------------------------------------------------


def in_loop(main, **more):
    """Run ``main(server, client)`` to its end, with no task and no socket left."""

    async def run():
        before = sockets()
        with FakeServer(WHOLE, **{**HELD, **more}) as server:
            async with async_client_of(server) as client:
                await main(server, client)
                await no_other_task()
                assert await hung_up(server)
        assert sockets() == before

    asyncio.run(run())


async def hung_up(server):
    return await asyncio.to_thread(server.hung_up.wait, WAIT)


def aopened(client, api=CHAT, **more):
    return fc.astream(Ticket, "x", client=client, provider=api, **REQUEST, **more)


async def aleave_by_break(stream):
    async with stream:
        async for event in stream:
            if is_half(event):
                break


async def aleave_by_close(stream):
    async for event in stream:
        if is_half(event):
            await stream.close()


async def aread_and_raise(stream, error):
    async with stream:
        async for event in stream:
            if is_half(event):
                raise error


async def aleave_by_error(stream):
    with pytest.raises(MineError) as caught:
        await aread_and_raise(stream, MineError())
    assert not hasattr(caught.value, "report")


async def aleave_by_interrupt(stream):
    with pytest.raises(Interrupt) as caught:
        await aread_and_raise(stream, Interrupt())
    assert caught.value.report is stream.report


async def aleave_by_scope(stream):
    """anyio cancels again and again until its scope is left."""
    with anyio.CancelScope() as scope:
        async with stream:
            async for event in stream:
                if is_half(event):
                    scope.cancel()
    assert scope.cancelled_caught


async def aleave_by_cancelling_in_the_block(stream):
    """What the user awaits there is cancelled, not the stream."""

    async def read():
        async with stream:
            async for event in stream:
                if is_half(event):
                    half.set()
                    await asyncio.Event().wait()

    half = asyncio.Event()
    task = asyncio.create_task(read())
    await half.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert caught.value.report is stream.report


LEAVE = [
    aleave_by_break, aleave_by_close, aleave_by_error, aleave_by_interrupt,
    aleave_by_cancelling_in_the_block,
]  # fmt: skip


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("leave", LEAVE)
def test_leaving_closes_the_connection_async(leave, api):
    async def main(server, client):
        stream = aopened(client, api)
        await leave(stream)
        assert await hung_up(server)
        check_left(stream.report, ENDED)

    in_loop(main)


def test_leaving_by_a_scope_of_anyio():
    async def main(server, client):
        stream = aopened(client)
        await aleave_by_scope(stream)
        assert await hung_up(server)
        check_left(stream.report, "reading was")

    in_loop(main)


@pytest.mark.parametrize("what", ["stream", "fields"])
def test_letting_go_closes_the_connection_async(what):
    """The event loop closes it."""

    async def main(server, client):
        stream = aopened(client)
        if what == "stream":
            async for event in stream:
                if is_half(event):
                    break
        else:
            async for _ in stream.fields():
                break
        assert not server.hung_up.is_set()
        del stream
        assert await hung_up(server)

    in_loop(main)


def test_a_stream_that_is_still_open_when_the_event_loop_ends():
    kept = []

    async def main(client):
        stream = aopened(client)
        kept.append(stream)
        async for event in stream:
            if is_half(event):
                return

    with FakeServer(WHOLE, **HELD) as server:
        asyncio.run(main(async_client_of(server)))
        assert server.hung_up.wait(WAIT)
    check_left(kept[0].report, ENDED)


@pytest.mark.parametrize("api", APIS)
def test_a_cancelled_task(api):
    """It waits for the rest of a text when it is cancelled; its error has the report."""

    async def main(server, client):
        half, stream = asyncio.Event(), aopened(client, api)

        async def read():
            async for event in stream:
                if is_half(event):
                    half.set()

        task = asyncio.create_task(read())
        await half.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        check_left(caught.value.report, "reading was interrupted")
        assert stream.report is caught.value.report
        assert await hung_up(server)

    in_loop(main)


@pytest.mark.parametrize("api", APIS)
def test_cancelled_aextract(api):
    async def main(server, client):
        half = asyncio.Event()

        def rule(field):
            if field.pointer == "/team":
                half.set()
            return False

        asking = fc.aextract(Ticket, "x", client=client, provider=api, stop_when=rule, **REQUEST)
        task = asyncio.create_task(asking)
        await half.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        check_left(caught.value.report, "reading was interrupted")
        assert await hung_up(server)

    in_loop(main)


@pytest.mark.parametrize("api", APIS)
def test_a_timeout_of_asyncio(api):
    """Of asyncio's own error, the cause has the report."""

    async def main(server, client):
        stream = aopened(client, api)

        async def read():
            async with asyncio.timeout(None) as deadline:
                async for event in stream:
                    if is_half(event):
                        deadline.reschedule(asyncio.get_running_loop().time())

        with pytest.raises(TimeoutError) as caught:
            await read()
        check_left(caught.value.__cause__.report, "reading was interrupted")
        assert stream.report is caught.value.__cause__.report
        assert await hung_up(server)

    in_loop(main)


@pytest.mark.parametrize("streamed", [True, False])
def test_cancelled_before_anything_came(streamed):
    """There is nothing to keep; where the answer would be streamed, the error says so."""
    asked, done = threading.Event(), threading.Event()

    def silent(_handler):
        asked.set()
        done.wait(WAIT)

    async def main(server):
        async with async_client_of(server) as client:
            stop_when = fc.StopWhen("team") if streamed else None
            task = asyncio.create_task(
                fc.aextract(Ticket, "x", client=client, stop_when=stop_when, **REQUEST)
            )
            await asyncio.to_thread(asked.wait, WAIT)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            await no_other_task()
        if streamed:
            assert caught.value.report.status == "truncated"
            assert caught.value.report.reason == "reading was interrupted"

    with serving(silent) as server:
        asyncio.run(main(server))
        done.set()


def test_a_request_that_failed_leaves_a_stream_without_a_report():
    async def main():
        with FakeServer(HttpError(500)) as server:
            async with async_client_of(server) as client:
                stream = aopened(client)
                with pytest.raises(fc.RequestError, match="answered 500"):
                    async for _ in stream:
                        pass
                with pytest.raises(fc.RequestError, match="has not arrived"):
                    _ = stream.report

    asyncio.run(main())


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("where", ["rule", "observer"])
def test_a_callback_that_raises_async(where, kind):
    error = kind()

    def observe(_report):
        raise error

    async def main(server, client):
        more = {"stop_when": raising(error)} if where == "rule" else {"observe": observe}
        stream = aopened(client, **more)
        with pytest.raises(kind) as caught:
            await aleave_by_break(stream)
        assert caught.value is error
        assert await hung_up(server)
        check_left(stream.report, "reading was interrupted" if where == "rule" else ENDED)

    in_loop(main)


# -- wherever it breaks -------------------------------------------------------------------------


class Nobody:
    """A client that is not asked."""

    base_url = "http://127.0.0.1/v1"


TEXTS = st.sampled_from(["", "a", 'né "quoted"', "🎉\\", "a longer text, in several tokens of it"])
LEAVES = st.none() | st.booleans() | st.integers(-99, 9999) | st.floats(-9, 9) | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "né"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    VALUES,
    st.sampled_from([1.0, 0.9]),
    st.integers(0, 99),
    st.sampled_from([ConnectionResetError, asyncio.CancelledError, None]),
)
@example(12, 0.9, 1, None)  # it may become 123
@example({}, 0.9, 0, None)  # nothing came yet: nothing is malformed
def test_wherever_it_breaks_what_closed_is_kept(value, sure, place, kind):
    """Fields that were given out are those of the whole answer that closed before; the report has
    them and no others, and the error carries it."""
    made = chunks(CHAT, Answer(value, default=sure))
    assume(all(before != after for before, after in pairwise(made)))  # or one is a duplicate
    said = [piece for piece in made if piece["choices"]]  # the last of them says why it ended
    came = said[: 1 + place % (len(said) - 1)]
    seen, given_out = [], {}
    reading = LiveAnswer(prepare(None, "x", Nobody(), {"model": "m", "observe": seen.append}))
    for piece in came:
        given_out |= {e.pointer: e.field for e in reading.feed(piece) if e.type == "field"}
    error = kind() if kind else None
    if error:
        assert reading.failed(error) is error
    report = error.report if error else reading.left()
    assert reading.report is report
    assert seen == [report]
    expected, kept = fc.score(made).fields, known(report)
    assert given_out.items() <= kept.items()
    assert plain(kept) == plain({p: expected[p] for p in kept})
    size = sum(len((c["choices"][0]["delta"].get("content") or "").encode()) for c in came)
    closed = {p for p, f in expected.items() if f.stop + (f.kind == "number") <= size}
    assert set(kept) == closed
    assert (report.status == "complete") == ("" in closed)


def test_of_a_request_that_failed_nobody_is_told_a_report():
    """Nothing of an answer came, so there is nothing to report; neither face makes one up."""
    told = []

    async def asking(server):
        async with server.async_client() as client:
            stream = fc.astream(bool, "x", client=client, model="m", observe=told.append)
            with pytest.raises(fc.RequestError, match="500"):
                async with stream:
                    await stream.finish()
            with pytest.raises(fc.RequestError, match="has not arrived"):
                await stream.finish()

    with FakeServer(HttpError(500)) as server:
        asyncio.run(asking(server))
        with server.client() as client, pytest.raises(fc.RequestError, match="500"):
            fc.stream(bool, "x", client=client, model="m", observe=told.append)
    assert told == []

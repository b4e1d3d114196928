"""Extract: ``extract``, ``aextract``, ``stream`` and ``astream``.

In:    a schema, something to read, a client, options.
Out:   a report, or a stream of events.
Never: more than a signature and a docstring.
Why:   this is the whole loop for those who have no code of their own around the model yet.
"""

from typing import Any, TypeVar, Unpack, overload

from fieldconf.extraction.calls import prepare
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.options import Options, explicit, merged_options
from fieldconf.extraction.sampling import answer, answer_async
from fieldconf.extraction.streams import AsyncFieldStream, FieldStream
from fieldconf.report import Report

T = TypeVar("T")


@overload
def extract(
    schema: type[T], input: Input, *, client: Any, **options: Unpack[Options]
) -> Report[T]: ...
@overload
def extract(
    schema: Any, input: Input, *, client: Any, **options: Unpack[Options]
) -> Report[Any]: ...
@explicit
def extract(
    schema: Any, input: Input, *, client: Any, **options: Unpack[Options]
) -> Report[Any]:  # fmt: skip
    """Ask a model for the fields of a schema, and say how sure it was of each.

    Args:
        schema: a pydantic model (or any type pydantic understands) or a JSON Schema.
        input: what to read: a text, an ``fc.Image``, a list of both, or messages in the client's
            own format.
        client: an ``openai.OpenAI`` (any base_url), another client with its face, or what
            ``fc.local()`` gives. Timeouts, retries and rate limits are its own.
        model: the model's name; a client with only one needs none.
        provider: who is asked, as in ``request``; told by the client's address where it can be.
            "openai-responses" asks by the Responses API, all others by Chat Completions.
        instructions: what the model is told to do: the system message.
        temperature: as the server understands it; 0 for the likeliest answer.
        seed: as the server understands it; Responses have none.
        max_tokens: the most tokens that the answer may have; each server's own word is used.
        top_logprobs: how many candidates to list for each token. By default as many as are of use
            and the provider allows (20 at most), or 5 where it is not known who answers.
        mask: where the server's logprobs stand ("before", "after"), if you know.
        match: how the answer's strings are matched with the members of an enum, see ``score``.
        settle: ask the server for what the answer's own logprobs leave open: True, or a
            ``Settle`` that says how far. The embedded model can be asked; for others give a probe.
        stop_when: when to stop reading: a ``StopWhen``, a function of a ``Field``, or a list of
            both. The answer is then streamed, and the report's ``stopped`` says what was spared.
        samples: ask so many times, and take what most answers say; each field then says how many
            of them agree. It needs no logprobs: a model without them is asked without, and the
            share that agrees is the confidence. The further seeds follow from ``seed``. Each answer
            costs what one costs. Say nothing of ``temperature``, or 1: at 0 all would be alike.
        locate: look where the values stand in the text: True, or the ways to look, see
            ``fc.locate``. Each field of the report then says where it stands (``source_spans``).
        policy: by which limits the fields are accepted, reviewed or rejected: a ``Policy``, its
            plain values, or the path of its file.
        calibration: what calibrates the confidences before the policy judges them, as in ``score``.
            Of ``samples`` the one report that they lead to is calibrated. Further readings
            (``reask`` and its like) are as they are scored.
        keep: "fields" keeps no tokens: the report and its fields have all their numbers, and
            ``report.tokens`` is empty. While an answer is streamed, each token is let go of as soon
            as no open value can need it. "all" (the default) keeps them. "response" keeps the whole
            response as well, see ``Report.response``.
        request_options: further arguments of the client's own call (``extra_body``, ``timeout``
            ...).
        observe: called with each report, also with that of an answer that broke off; of samples
            with that of each.
        log_values: whether records of the log ("fieldconf") may hold values of the answer.

    Raises:
        RequestError: if the request failed or cannot be made; if the answer broke off while it
            was streamed, it carries the ``report`` so far. Of samples, if all requests failed: the
            first error; if only some did, the report has the flag "fewer_samples".
        NoLogprobsError: if the provider, the model or the server gives no logprobs.
        SchemaError: if the schema is no schema.
        PolicyError: if the policy is none, or names a field that the schema does not have.
        CalibrationError: if the calibration is none, or was fitted for another schema, prompt or
            provider; then nothing was sent. If for another model, it carries the ``report``.
        MissingPackageError: if ``locate`` needs a package that is not installed; nothing was sent.

    >>> from fieldconf.testing import FakeClient
    >>> client = FakeClient(True)
    >>> extract(bool, "It is urgent!", client=client, model="m").value
    True
    """
    return answer(schema, input, client, merged_options(options))


@overload
async def aextract(
    schema: type[T], input: Input, *, client: Any, **options: Unpack[Options]
) -> Report[T]: ...
@overload
async def aextract(
    schema: Any, input: Input, *, client: Any, **options: Unpack[Options]
) -> Report[Any]: ...
@explicit
async def aextract(
    schema: Any, input: Input, *, client: Any, **options: Unpack[Options]
) -> Report[Any]:  # fmt: skip
    """As ``extract``, for an asynchronous client such as ``openai.AsyncOpenAI``.

    Args and errors are those of ``extract``. Cancelling the task ends the request; where the answer
    was streamed (``stop_when``), the ``CancelledError`` carries the ``report`` so far.

    >>> import asyncio
    >>> from fieldconf.testing import AsyncFakeClient
    >>> asking = aextract(bool, "It is urgent!", client=AsyncFakeClient(True), model="m")
    >>> asyncio.run(asking).value
    True
    """
    return await answer_async(schema, input, client, merged_options(options))


@overload
def stream(
    schema: type[T], input: Input, *, client: Any, **options: Unpack[Options]
) -> FieldStream[T]: ...
@overload
def stream(
    schema: Any, input: Input, *, client: Any, **options: Unpack[Options]
) -> FieldStream[Any]: ...
@explicit
def stream(
    schema: Any, input: Input, *, client: Any, **options: Unpack[Options]
) -> FieldStream[Any]:  # fmt: skip
    """As ``extract``, but gives events while the answer arrives: each field as its value closes.

    Iterate over what it returns; ``docs/streaming.md`` shows the events. Its ``report`` is the same
    as that of the whole response. Fields are settled and calibrated in the report only: the server
    cannot be asked while it answers.

    Args and errors are those of ``extract``, but there are no ``samples``; errors midway are raised
    where one iterates.

    >>> from fieldconf.testing import FakeClient
    >>> client = FakeClient({"urgent": True})
    >>> for event in stream({"type": "object"}, "Hurry!", client=client, model="m"):
    ...     if event.type == "field":
    ...         print(event.pointer, event.value)
    /urgent True
     {'urgent': True}
    """
    return FieldStream(prepare(schema, input, client, merged_options(options)))


@overload
def astream(
    schema: type[T], input: Input, *, client: Any, **options: Unpack[Options]
) -> AsyncFieldStream[T]: ...
@overload
def astream(
    schema: Any, input: Input, *, client: Any, **options: Unpack[Options]
) -> AsyncFieldStream[Any]: ...
@explicit
def astream(
    schema: Any, input: Input, *, client: Any, **options: Unpack[Options]
) -> AsyncFieldStream[Any]:  # fmt: skip
    """As ``stream``, for an asynchronous client; nothing is awaited before one iterates.

    Args and errors are those of ``extract``. A cancelled task ends the request at once; the
    stream's ``report``, and the ``CancelledError``'s, is then that of what had arrived.

    >>> import asyncio
    >>> from fieldconf.testing import AsyncFakeClient
    >>> async def show(client):
    ...     async for event in astream({"type": "object"}, "Hurry!", client=client, model="m"):
    ...         print(event.type)
    >>> asyncio.run(show(AsyncFakeClient({"urgent": True})))
    field
    field
    report
    """
    return AsyncFieldStream(prepare(schema, input, client, merged_options(options)))

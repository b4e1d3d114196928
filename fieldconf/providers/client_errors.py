"""Client errors: a client's errors as ours, and requests to endpoints that the client lacks.

In:    an ``openai.OpenAI``, whose connections, key, retries and timeouts apply.
Out:   a ``RequestError`` for an error of the client, a ``NoLogprobsError`` if the server gives no
       logprobs; the JSON of a server's own endpoints.
Never: our own HTTP.
Why:   an error reads the same whichever module sent the request.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from fieldconf.errors import (
    FieldconfError,
    NoLogprobsError,
    PayloadError,
    RequestError,
    one_line,
)
from fieldconf.providers.refusals import advice, refusal, server_message


@contextmanager
def our_errors(client: Any, *, midway: bool = False) -> Generator[None]:
    """Turn the client's errors into one line of ours.

    ``midway`` says that an answer was arriving.
    """
    try:
        yield
    except Exception as error:
        ours = our_error(error, client, midway=midway)
        if ours is None:
            raise
        raise ours from error


def our_error(error: Exception, client: Any, *, midway: bool = False) -> RequestError | None:
    """Our error for an error that a client raised; None for errors that the client did not raise.

    Errors are recognised by names and attributes, not by class. Not all clients are openai's, and
    in a stream openai's client also lets errors of its HTTP library and of the JSON reader through.
    Python's own errors for a wrong call (TypeError ...) are not the client's.
    """
    address = str(getattr(client, "base_url", "") or "the server")
    if isinstance(error, PayloadError):
        return _no_answer(error, address, midway=midway)
    is_wrong_call = type(error).__module__ == "builtins" and not isinstance(
        error, (OSError, ValueError, EOFError)
    )
    if isinstance(error, FieldconfError) or is_wrong_call:
        return None
    names = {kind.__name__ for kind in type(error).__mro__}
    if any("Timeout" in name for name in names):
        return RequestError(
            f"{address} did not answer in time", provider=address,
            remedy="Raise the client's timeout, or check the server",
        )  # fmt: skip
    if isinstance(error, ValueError) and not hasattr(error, "status_code"):  # of the JSON reader
        return RequestError(
            f"{address} sent a response that is not JSON ({one_line(str(error))})",
            provider=address, remedy=_CHECK_SERVER,
        )  # fmt: skip
    if isinstance(error, OSError) or names & _CONNECTION:
        names |= {kind.__name__ for kind in type(error.__cause__).__mro__}
        failure = _LOST if names & _LATE else _NO_CONNECTION
        what, remedy = _BROKE_OFF if midway else failure
        return RequestError(f"{what} {address}", provider=address, remedy=remedy)
    status, body = getattr(error, "status_code", None), getattr(error, "body", None)
    message = (
        server_message(body)
        or server_message(getattr(error, "message", None))
        or one_line(str(error))
    )
    return _status_error(address, status if isinstance(status, int) else None, message)


_NO_CONNECTION = "no connection to", "Check the address, and that the server runs"
_LOST = "lost the connection to", "Ask again"
_BROKE_OFF = "the answer broke off: lost the connection to", "Ask again"
_CONNECTION = frozenset({"APIConnectionError", "TransportError", "ConnectionError"})
"""Class names of failed connections, in clients and in their HTTP libraries."""
_LATE = frozenset({"ReadError", "WriteError", "RemoteProtocolError"})
"""Class names of connections that failed after they were established."""
_CHECK_SERVER = "Check the server, and the proxies between it and the client"


def _no_answer(error: PayloadError, address: str, *, midway: bool) -> RequestError:
    """The error for a response without an error that is no answer.

    Its remedy is not that of the ``PayloadError``, which is for saved responses.
    """
    message = str(error).removesuffix(error.remedy).rstrip(". :")
    what = "broke the answer off" if midway else "gave no answer"
    remedy = advice(None, message) or _CHECK_SERVER
    return RequestError(f"{address} {what}: {message}", provider=address, remedy=remedy)


def _status_error(address: str, status: int | None, message: str) -> RequestError:
    """The error for an error message of the server, with a remedy for that message."""
    what = f"{address} answered {status or 'with an error'}: {message}"
    remedy = refusal(status, message)
    if remedy is not None:
        return NoLogprobsError(what, status=status, provider=address, remedy=remedy)
    remedy = advice(status, message) or _REMEDIES.get(status, "")
    return RequestError(what, status=status, provider=address, remedy=remedy)


_REMEDIES: dict[int | None, str] = {
    401: "Check the API key",
    404: "Check the base URL and the model's name",
    429: "Wait, or raise the client's max_retries",
}


def post(client: Any, path: str, body: Mapping[str, Any], *, server: str) -> dict[str, Any]:
    """Send a request to any endpoint of a server, also to one that is not under ``/v1``.

    Args:
        client: its ``base_url`` is the address of the server.
        path: from the server's root, as ``"tokenize"`` or ``"v1/completions"``.
        body: the JSON to send.
        server: the kind of server that has this endpoint, for the error if it does not exist.

    Raises:
        RequestError: if the request failed, or this is not that kind of server.
    """
    address = f"{_root(client)}/{path}"
    try:
        with our_errors(client):
            answer = client.post(address, cast_to=object, body=body)
    except RequestError as error:
        is_no_json = isinstance(error.__cause__, ValueError)  # although its header says so
        if is_no_json or error.status in {404, 405, 501}:
            raise not_that_server(client, path, server, error.status) from error
        raise
    if not isinstance(answer, dict):
        raise not_that_server(client, path, server)
    return cast("dict[str, Any]", answer)


def not_that_server(client: Any, path: str, server: str, status: int | None = None) -> RequestError:
    """The error for a server of another kind than expected."""
    return RequestError(
        f"{_root(client)} does not answer /{path} as {server} does",
        status=status, provider=str(client.base_url),
        remedy=f"Use a client for {server}, or the probe for the server that you have",
    )  # fmt: skip


def _root(client: Any) -> str:
    return str(client.base_url).rstrip("/").removesuffix("/v1")

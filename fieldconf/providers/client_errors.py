"""Asking: a client's errors as ours, and requests beyond the face that the client has.

In:    an ``openai.OpenAI``, whose connections, key, retries and timeouts apply.
Out:   a ``RequestError`` for whatever the client raised, a ``NoLogprobsError`` where the server
       gives none; the JSON of a server's own endpoints.
Never: our own HTTP.
Why:   what went wrong reads the same, whichever room asked.
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
from fieldconf.providers.refusals import advice, refusal, said


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
    """The error of ours for one that a client raised; None for one that is not the client's.

    Clients are known by their duck: not all of them are openai's, and not all that openai's raises
    while a stream arrives is of its own types: what its HTTP library and the JSON reader raise
    comes through. What Python itself raises for a wrong call (TypeError ...) is left alone.
    """
    address = str(getattr(client, "base_url", "") or "the server")
    if isinstance(error, PayloadError):
        return _no_answer(error, address, midway=midway)
    if isinstance(error, FieldconfError) or _is_wrong_call(error):
        return None
    names = {kind.__name__ for kind in type(error).__mro__}
    if any("Timeout" in name for name in names):
        return RequestError(
            f"{address} did not answer in time", provider=address,
            remedy="Raise the client's timeout, or look at the server",
        )  # fmt: skip
    if isinstance(error, ValueError) and not hasattr(error, "status_code"):  # of what was sent
        return RequestError(
            f"{address} sent what is no JSON ({one_line(str(error))})", provider=address,
            remedy="Look at the server, and at what stands between",
        )  # fmt: skip
    if isinstance(error, OSError) or names & _CONNECTION:
        lost = _LOST if _is_lost(error) else _NO_CONNECTION
        what, remedy = _BROKE_OFF if midway else lost
        return RequestError(f"{what} {address}", provider=address, remedy=remedy)
    status, body = getattr(error, "status_code", None), getattr(error, "body", None)
    words = said(body) or said(getattr(error, "message", None)) or one_line(str(error))
    return _turned_down(address, status if isinstance(status, int) else None, words)


_NO_CONNECTION = "no connection to", "Check the address, and that the server runs"
_LOST = "lost the connection to", "Ask again"
_BROKE_OFF = "the answer broke off: lost the connection to", "Ask again"
_CONNECTION = frozenset({"APIConnectionError", "TransportError", "ConnectionError"})
"""What clients, and the HTTP libraries beneath them, call a connection that failed."""
_LATE = frozenset({"ReadError", "WriteError", "RemoteProtocolError"})
"""What HTTP libraries call one that was there, and failed then."""


def _is_lost(error: Exception) -> bool:
    kinds = type(error).__mro__ + type(error.__cause__).__mro__
    return not _LATE.isdisjoint(kind.__name__ for kind in kinds)


def _no_answer(error: PayloadError, address: str, *, midway: bool) -> RequestError:
    """The error for what came without an error, and is no answer.

    The remedy of a ``PayloadError`` is for who holds a saved response.
    """
    words = str(error).removesuffix(error.remedy).rstrip(". :")
    what = "broke the answer off" if midway else "gave no answer"
    remedy = advice(None, words) or "Look at the server, and at what stands between"
    return RequestError(f"{address} {what}: {words}", provider=address, remedy=remedy)


def _is_wrong_call(error: Exception) -> bool:
    is_of_python = type(error).__module__ == "builtins"
    return is_of_python and not isinstance(error, (OSError, ValueError, EOFError))


def _turned_down(address: str, status: int | None, words: str) -> RequestError:
    """The error for what a server says, by what its words are about."""
    says = f"{address} answered {status or 'with an error'}: {words}"
    way_out = refusal(status, words)
    if way_out is not None:
        return NoLogprobsError(says, status=status, provider=address, remedy=way_out)
    remedy = advice(status, words) or _REMEDIES.get(status, "")
    return RequestError(says, status=status, provider=address, remedy=remedy)


_REMEDIES: dict[int | None, str] = {
    401: "Check the API key",
    404: "Check the base URL and the model's name",
    429: "Wait, or raise the client's max_retries",
}


def post(client: Any, path: str, body: Mapping[str, Any], *, server: str) -> dict[str, Any]:
    """Ask an endpoint that a server has beside ``/v1``.

    Args:
        client: its ``base_url`` says where the server is.
        path: from the server's root, as ``"tokenize"``; ``"v1/completions"`` is one, too.
        body: the JSON to send.
        server: what kind of server has this endpoint, for the error if there is none.

    Raises:
        RequestError: if the request failed, or this is not that kind of server.
    """
    address = f"{_root(client)}/{path}"
    try:
        with our_errors(client):
            answer = client.post(address, cast_to=object, body=body)
    except RequestError as error:
        is_no_json = isinstance(error.__cause__, ValueError)  # but a body that says it is
        if is_no_json or error.status in {404, 405, 501}:
            raise not_that_server(client, path, server, error.status) from error
        raise
    if not isinstance(answer, dict):
        raise not_that_server(client, path, server)
    return cast("dict[str, Any]", answer)


def not_that_server(client: Any, path: str, server: str, status: int | None = None) -> RequestError:
    """The error that says: what answers there does not answer as such a server does."""
    return RequestError(
        f"{_root(client)} does not answer /{path} as {server} does",
        status=status, provider=str(client.base_url),
        remedy=f"Point the client at {server}, or use the probe of the server that it is",
    )  # fmt: skip


def _root(client: Any) -> str:
    return str(client.base_url).rstrip("/").removesuffix("/v1")

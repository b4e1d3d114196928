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

from fieldconf.errors import NoLogprobsError, RequestError
from fieldconf.providers.refusals import advice, refusal, said


@contextmanager
def our_errors(client: Any) -> Generator[None]:
    """Turn the client's errors into one line of ours."""
    import openai  # noqa: PLC0415  # a client's package is not needed to score a saved response

    address = str(getattr(client, "base_url", ""))
    try:
        yield
    except openai.APITimeoutError as error:
        raise RequestError(
            f"{address} did not answer in time", provider=address,
            remedy="Raise the client's timeout, or look at the server",
        ) from error  # fmt: skip
    except openai.APIConnectionError as error:
        raise RequestError(
            f"no connection to {address}", provider=address,
            remedy="Check the address, and that the server runs",
        ) from error  # fmt: skip
    except openai.APIError as error:  # with an error status, or midway in a stream
        status = getattr(error, "status_code", None)
        raise _turned_down(address, status, said(error.body) or said(error.message)) from error
    except openai.OpenAIError as error:
        raise RequestError(str(error), provider=address) from error


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
        if error.status in {404, 405, 501}:
            raise not_that_server(client, path, server, error.status) from error
        raise
    except ValueError as error:  # the client's, of a body that only says that it is JSON
        raise not_that_server(client, path, server) from error
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

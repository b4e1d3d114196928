"""The embedded model: a small language model on this machine, behind an OpenAI client's face.

In:    a GGUF file; the default one is fetched once, on request (``weights``).
Out:   a client (``client``) of a server process (``server_process``), with its own
       prompt (``prompt``).
Never: an import of the client's package before a model is asked for.
Why:   trying the library, and testing it against true logprobs, must need no account.
"""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fieldconf.embedded.client import LocalClient


def local(
    model: str | os.PathLike[str] | None = None,
    *,
    context: int = 4096,
    threads: int = 1,
    slots: int = 1,
    timeout: float = 120.0,
) -> "LocalClient":
    """Start the embedded model and return a client for it (about one second).

    Args:
        model: a GGUF file; the fetched default model if not given.
        context: room for prompt and answer of one request, in tokens.
        threads: processor threads; more than there are idle cores makes it many times slower.
        slots: requests answered at the same time; each needs memory for its context.
        timeout: how long one request may take, in seconds.

    Returns:
        A client; close it, or use it in a ``with`` statement.

    Raises:
        LocalModelError: no runtime, no weights, or a file the runtime cannot load.

    Example:
        >>> import fieldconf as fc  # doctest: +SKIP
        >>> with fc.local() as client:  # doctest: +SKIP
        ...     report = fc.extract(Ticket, "I was charged twice", client=client)
    """
    from fieldconf.embedded.client import start  # noqa: PLC0415  # imports the openai package

    return start(model, context=context, threads=threads, slots=slots, timeout=timeout)

"""Extraction: ask a client, one module for each step.

In:    a schema, a text, a client, options.
Out:   a report, or events while the answer arrives.
Never: our own HTTP, retries or timeouts: the client has those.
Why:   ``inputs`` and ``endpoints`` write the request, ``options`` declares its options, ``calls``
       puts it together; ``live_answer`` (with ``events`` and ``stopping``) reads the answer
       without any I/O; ``streams`` does the I/O, sync and async; ``sampling`` combines several
       answers; ``extract`` has the public functions.
"""

from fieldconf.lazy import lazily

lazily(__name__, {})  # ``fieldconf.telemetry`` is one of its modules

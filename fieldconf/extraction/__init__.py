"""Extraction: what talks to a client, one small room a step.

In:    what the caller says: a schema, a text, a client, options.
Out:   a report, or events while the answer arrives.
Never: our own HTTP, retries or timeouts: those are the client's.
Why:   ``inputs`` and ``apis`` write the request, ``options`` says what may be asked for, ``calls``
       puts it together; ``reading`` (with ``events`` and ``stopping``) reads the answer without any
       I/O; ``streams`` does the I/O, for sync and for async; ``faces`` is what people call.
"""

from fieldconf.lazy import lazily

lazily(__name__, {})  # ``fieldconf.telemetry`` is one of its modules

"""Many: one question over many inputs, a bounded number of them at a time.

In:    a schema, any number of inputs, a client, options.
Out:   a result for each input, in the order of the inputs; a file that can be gone on with.
Never: a run ended by one input that failed; an answer that was paid for and is lost.
Why:   everybody writes this loop by hand, and most lose what was there when it breaks.

``inputs`` reads what there is to ask, ``keys`` says when an answer is that of an input, ``results``
is what people hold, ``lines`` its JSON; ``journal`` keeps lines on disk, ``progress`` shows how far
it is; ``work`` is one input from reading to keeping; ``running`` and ``arunning`` have threads and
tasks; ``faces`` is what people call.
"""

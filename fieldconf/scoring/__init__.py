"""Scoring: from a response, or from the chunks of a stream, to a report.

In:    a payload of any client, or stream chunks as they arrive.
Out:   ``Field`` values as they close, and a ``Report``.
Never: I/O; different code for whole responses and for streams.
Why:   a stream and the whole response must have the same numbers.

* ``scorer``: ``score``, ``score_all`` and the ``Scorer`` that both whole responses and streams use;
* ``live``: fields from the chunks of a stream;
* ``stream_buffer``: the text and tokens of a stream so far;
* ``window``: the tokens of a stream that are still needed.
"""

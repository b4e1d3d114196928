"""Parsing: JSON as bytes, whole or unfinished.

In:    bytes that a model wrote, cut anywhere.
Out:   parser events with paths and byte spans; decoded values; where JSON begins in other text.
Never: a schema, a token or a logprob.
Why:   all other folders need to know which bytes of an answer belong to which value.

* ``grammar``: the tokens of JSON as tables, and the decoding of scalars;
* ``parser``: the incremental parser, which can be forked;
* ``values``: decoded values from parser events;
* ``kinds``: the kinds of JSON values, and when two values are equal;
* ``prefix``: whether a prefix of a scalar can still become a certain value;
* ``json_writing``: the JSON text of values;
* ``search``, ``finder``: the JSON value in a text with other content;
* ``reasoning``: the marks around what a model writes before its answer.
"""

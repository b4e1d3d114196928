"""Fields: one scored value of an answer, and how it is scored.

In:    values as they close, with the tokens that wrote them.
Out:   ``Field`` values with a confidence, bounds and the reason where a number is missing.
Never: a whole report: ``report`` holds those; I/O.
Why:   what a confidence means depends on the kind of value, and that is decided in one folder.

* ``field``: the ``Field``;
* ``field_scorer``: from an aligned value to a field, by kind;
* ``token_sums``: sums of logprobs, and the decoding steps behind a value;
* ``containers``: objects and lists while they are open;
* ``decisive_step``: the least confidence inside of an object;
* ``readings``: records of what several requests, and the source, say of a field;
* ``status``: how an answer ended;
* ``plain_values``: the parts of a report as plain JSON values;
* ``pickling``: values without nesting, for pickles.
"""

"""Verification: a second request that checks the values of a first answer.

In:    a report, what it was read from, a client.
Out:   the same report, whose confidences combine the first reading with the second one.
Never: another value; a second reading that was asked for and is missing without a flag.
Why:   judging a value is another task than writing it, so its errors are others.

* ``combining``: the rules by which two confidences become one;
* ``checks``: which fields are checked, the request, and a field with its second reading;
* ``verify``: a model is asked whether each value is right;
* ``crosscheck``: a decision endpoint is asked for the fields with few values.
"""

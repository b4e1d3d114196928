"""Re-asking: a second request for the fields of a report that are in doubt.

In:    a report with its verdicts, and a client.
Out:   a report of the whole answer, with all readings of each field and the cost of each request.
Never: an accepted value changed, unless the caller allows it.
Why:   only the doubtful part of an answer is worth a second request.

* ``doubts``: which places of an answer are in doubt, missing or wrong;
* ``subschema``: the schema of these places;
* ``definitions``: copies their schemas with all definitions that they refer to;
* ``patching``: new values at some places, as long as the whole stays valid;
* ``merging``: one report from two readings;
* ``reask``: the request for what is in doubt;
* ``cascade``: several models one after the other, within a budget.
"""

"""Second readings: what one does where the first answer leaves doubts.

In:    a report, and who is to be asked; or the same question, several times.
Out:   a report of the same question, which keeps every reading and what each request cost.
Never: a value changed that was accepted, unless that is asked for.
Why:   a confidence is worth what one does with it.

Asking again:

* ``doubts``: which places of an answer are in doubt, missing or wrong;
* ``subschema``: the schema of just these, by ``outline`` (the places) and ``carrying`` (what their
  schemas refer to);
* ``patching``: new values at some places, as far as the whole stays valid;
* ``merging``: two readings as one report;
* ``reasking`` and ``cascading``: one request, or several models and a budget.

Checking:

* ``combining``: the rules by which two confidences become one;
* ``weighing``: a field with a second reading;
* ``verifying`` and ``crosschecking``: is this right? and what does a decision endpoint say?

Samples:

* ``normal``: when two values say the same;
* ``pairing``: which items of several lists are one item;
* ``voting`` and ``agreeing``: what most answers say, and how many;
* ``sampling``: the requests.
"""

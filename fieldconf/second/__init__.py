"""Second readings: what one does where the first answer leaves doubts.

* ``outline``: a schema that asks for some places of an answer only.

In:    a report, and who is to be asked.
Out:   a report of the same question, which keeps every reading.
Never: a value changed that was accepted, unless that is asked for.
Why:   a confidence is worth what one does with it.
"""

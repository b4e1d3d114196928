"""Decisions: a schema as questions for a decision endpoint, and its responses as answers.

In:    a ``Schema``; the response of a server that returns probabilities of labels.
Out:   the questions to send; an answer of fields with the distributions of the response.
Never: a request sent; a field for a question that the server did not answer.
Why:   a decision endpoint returns the probability of every label, so nothing has to be decoded.

* ``schema_questions``: the fields of a schema that can be decided, each as a question;
* ``endpoint_report``: the response of the endpoint as a completion with fields.
"""

"""Integrations: what frameworks need in order to show a report where they show their own results.

* ``langchain``: runnables that add the report to a message, or to what a chat model answers;
* ``pydantic_evals``: an evaluator whose scores and labels are the confidences and outcomes.

In:    what the framework passes on: a message, the result of a run.
Out:   the report, in the framework's own form.
Never: an import of a framework before its module here is imported.
Why:   who uses a framework composes its parts, and calls no function beside them.
"""

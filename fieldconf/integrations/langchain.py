"""LangChain: runnables that add the report to a message, or to what a chat model answers.

In:    a message of a chat model, or what ``with_structured_output(..., include_raw=True)`` gives.
Out:   a dict with the message ("raw"), the validated value ("value") and the report ("report").
Never: a request of its own; a change to the model that is passed in.
Why:   in a chain, the next step wants the value, and the numbers to decide with.
"""

from typing import Any, cast

from fieldconf.errors import MissingPackageError
from fieldconf.requests.request import request
from fieldconf.scoring.scorer import score

try:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.runnables import Runnable, RunnableLambda
except ImportError:
    raise MissingPackageError(__name__, "langchain-core") from None


def add_report(schema: Any = None, **options: Any) -> Runnable[Any, dict[str, Any]]:
    """A runnable that scores the message of a chat model.

    Put it behind the model: ``model | add_report(Ticket)``. The message needs logprobs: ask for
    them, as ``fieldconf.request`` does. It may also be the dict of
    ``with_structured_output(Ticket, include_raw=True)``, whose keys are kept.

    Args:
        schema: a pydantic model, a JSON Schema, a ``LabelSet``, or None.
        **options: of ``fieldconf.score``: ``policy``, ``calibration`` and others.

    Returns:
        A runnable. Its output has the keys "raw" (the message), "value" (the validated value; None
        if the answer does not validate) and "report".

    Example:
        >>> from langchain_core.messages import AIMessage
        >>> entry = {"token": '{"urgent": true}', "logprob": -0.1}
        >>> about = {"logprobs": {"content": [entry]}}
        >>> result = add_report().invoke(AIMessage(entry["token"], response_metadata=about))
        >>> result["report"]
        <Report complete: /urgent True 0.905>
    """

    def scored(answer: Any) -> dict[str, Any]:
        report = score(answer, schema, **options)
        kept = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {"raw": answer}
        return kept | {"value": report.value, "report": report}

    return RunnableLambda(scored, name="fieldconf.add_report")


def with_report(
    model: BaseChatModel,
    schema: Any,
    *,
    provider: str = "openai",
    top_logprobs: int | None = None,
    **options: Any,
) -> Runnable[Any, dict[str, Any]]:
    """A chat model that is asked for an answer to a schema, with logprobs, and gives the report.

    Args:
        model: a chat model whose requests take the provider's parameters, such as ``ChatOpenAI``.
        schema: a pydantic model, a JSON Schema or a ``LabelSet``.
        provider: whose parameters are sent; see ``fieldconf.request``.
        top_logprobs: the number of candidates for each token, see ``fieldconf.request``.
        **options: of ``fieldconf.score``: ``policy``, ``calibration`` and others.

    Returns:
        A runnable with the input of the model, and the output of ``add_report``.

    Raises:
        NoLogprobsError: if the provider gives no logprobs.
        SchemaError: if the schema is no schema.
    """
    parameters = request(schema, provider=provider, top_logprobs=top_logprobs)
    return model.bind(**parameters) | add_report(schema, **options)

"""Redaction: what ``redact=`` may be, and one masked value.

In:    the option; a value.
Out:   a function that masks a text; the masked value.
Never: a value left unmasked because it is not a text.
Why:   evaluations and pages are shared more widely than the documents they were made from.
"""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from fieldconf.errors import EvaluationError, OutputError

Redact: TypeAlias = Callable[[str], str]

MASK = "[redacted]"


def redact_of(
    redact: Any, error: type[EvaluationError | OutputError] = EvaluationError
) -> Redact | None:
    """The function that masks: None masks nothing, True everything, or a function of a text.

    Raises:
        EvaluationError, OutputError (``error``): if it is none of these.
    """
    if redact is None or redact is False:
        return None
    if redact is True:
        return lambda _: MASK
    if callable(redact):
        return lambda text: str(redact(text))
    raise error(
        f"redact={type(redact).__name__} masks nothing",
        remedy="Give True, or a function from a text to a text",
    )


def masked(value: Any, redact: Redact | None) -> Any:
    """A masked value; what is no text is masked as its JSON text.

    >>> masked(12, redact_of(True)), masked(None, redact_of(True)), masked("a", redact_of(None))
    ('[redacted]', '[redacted]', 'a')
    >>> masked([1, "x"], redact_of(lambda text: text.replace("x", "?")))
    '[1, "?"]'
    """
    if redact is None:
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return redact(text)

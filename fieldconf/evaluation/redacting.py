"""Redacting: masks values and texts in everything that is shown or saved.

In:    a value, a right value, a text, a sentence with token texts.
Out:   the same, masked.
Never: a value left unmasked because it is not a text.
Why:   an evaluation is shared more widely than the documents it was made from.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from fieldconf.errors import EvaluationError
from fieldconf.evaluation.judged import Detail

Redact: TypeAlias = Callable[[str], str]

MASK = "[redacted]"


def redact_of(redact: Any) -> Redact | None:
    """The function that masks: None masks nothing, True everything, or a function of a text.

    Raises:
        EvaluationError: if it is none of these.
    """
    if redact is None or redact is False:
        return None
    if redact is True:
        return lambda _: MASK
    if callable(redact):
        return lambda text: str(redact(text))
    raise EvaluationError(
        f"redact={type(redact).__name__} masks nothing",
        remedy="Give True, or a function from a text to a text",
    )


def masked_details(details: Sequence[Detail], redact: Redact | None) -> Sequence[Detail]:
    """The details of rows with masked values and texts; pointers stay."""
    if redact is None or not any(
        detail.value is not None or detail.text or detail.why for detail in details
    ):
        return details
    return [
        Detail(
            detail.pointer, masked(detail.value, redact), masked(detail.truth, redact),
            None if detail.text is None else redact(detail.text),
            redact(detail.why) if detail.why else "",
        )
        for detail in details
    ]  # fmt: skip


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

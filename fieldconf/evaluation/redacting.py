"""Redacting: masks values and texts in the rows of an evaluation.

In:    a value, a right value, a text, a sentence with token texts.
Out:   the same, masked.
Never: a value left unmasked because it is not a text.
Why:   an evaluation is shared more widely than the documents it was made from.
"""

from collections.abc import Sequence

from fieldconf.evaluation.judged import Detail
from fieldconf.redaction import Redact, masked


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

"""Threshold decisions: what a threshold decides for a field.

In:    nothing.
Out:   ``Decided``.
Never: a value changed.
Why:   the label that a threshold decides is reported beside the one that the model wrote.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Decided:
    """What a threshold decides of one field.

    Attributes:
        label: what it decides; None if it cannot (see ``reason``).
        written: what the answer says.
        probability: of the label (0..1), before the threshold; None if it decides nothing.
        reason: why it decides nothing; empty if it does.
    """

    label: Any
    written: Any
    probability: float | None
    reason: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether the label is another than the one written."""
        return not self.reason and (
            type(self.label) is not type(self.written) or self.label != self.written
        )

"""Losses: what the strict form cannot say.

In:    a place in the answer, and the words that are lost there.
Out:   ``Loss``.
Never: a loss without the place that it is about.
Why:   who sends less than was declared should know what is left to the validation.
"""

import json
from typing import Any, NamedTuple

ANY_ITEM = "*"
"""Stands for every index, and for keys without a name, in the pointer of a loss."""


class Loss(NamedTuple):
    """Something that the strict form does not say.

    Attributes:
        pointer: where, in the answer; ``*`` stands for any index and for keys without a name.
        lost: what, a few words.
    """

    pointer: str
    lost: str

    def __str__(self) -> str:
        return f"{self.pointer or '(whole)'}: {self.lost}"


def shown(word: str, value: Any) -> str:
    """A keyword and its value, in few words."""
    text = json.dumps(value, ensure_ascii=False)
    return f"{word} {text if len(text) <= 40 else text[:37] + '...'}"

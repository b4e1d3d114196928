"""Input text: the one text among what a model was given to read.

In:    a text, or messages.
Out:   the text; of messages that of the user's last one.
Never: one text of several: an offset would be ambiguous.
Why:   values are searched for in it, and a page shows it beside them.
"""

from collections.abc import Sequence
from typing import Any, cast

from fieldconf.errors import RequestError
from fieldconf.responses.payload_access import get


def searched_text(source: Any) -> str:
    """The text to search in, from the input of a model.

    Of messages it is the text of the user's last one: earlier ones are usually examples.

    Raises:
        RequestError: if there is not exactly one text: an offset would be ambiguous.

    >>> searched_text(["Dear Anna"])
    'Dear Anna'
    >>> searched_text([{"role": "system", "content": "Find the name."},
    ...          {"role": "user", "content": [{"type": "text", "text": "Dear Anna"}]}])
    'Dear Anna'
    """
    parts = _parts(source)
    contents = [get(part, "content") for part in parts if get(part, "role") == "user"]
    if contents:
        source = contents[-1]
        parts = _parts(source)
    if len(parts) == 1:
        source = get(parts[0], "text") or parts[0]
    if isinstance(source, str):
        return source
    kind = type(source).__name__  # pyright: ignore[reportUnknownArgumentType]
    shown = "nothing" if source is None else f"a {kind}"
    raise RequestError(
        f"there is no single text to search for values in ({shown} was given)",
        remedy="Pass the text that the model read: fc.locate(report, text)",
    )


def _parts(source: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", source) if isinstance(source, (list, tuple)) else ()

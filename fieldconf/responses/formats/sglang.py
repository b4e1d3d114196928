"""SGLang's own ``/generate``: triples ``[logprob, id, text]`` in ``meta_info``.

In:    one response or one chunk.
Out:   one ``Delta``.
Never: a text that the server did not give: such tokens are named by their ids.
Why:   SGLang knows ids; texts come only with ``return_text_in_logprobs``.

Quirks:

* Chunks are cumulative, unless ``incremental_streaming_output`` is on. Increments have fewer tokens
  than the count that comes with them. Without a count, the chunk before tells which it is.
* Logprobs are from after the grammar's mask and the temperature.
* ``input_token_logprobs`` are those of the prompt, if requested.
"""

from typing import Any

from fieldconf.responses.delta import Delta, Extent, finish, not_asked
from fieldconf.responses.formats import entries
from fieldconf.responses.payload_access import at, count, get, items, text

NAME = "SGLang's /generate (`meta_info.output_token_logprobs`)"

_NOT_ASKED = not_asked("return_logprob=true, top_logprobs_num=5")


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    logprobs = at(item, "meta_info", "output_token_logprobs")
    return isinstance(logprobs, (list, tuple)) or (
        get(item, "meta_info") is not None and isinstance(get(item, "text"), str)
    )


def read(item: Any) -> list[Delta]:
    """What the item says so far."""
    about = get(item, "meta_info")
    reason, counted = get(about, "finish_reason"), count(get(about, "completion_tokens"))
    chosen, tops = get(about, "output_token_logprobs"), get(about, "output_top_logprobs")
    tokens = entries.paired(chosen, tops, _row)
    extent: Extent = "unclear"
    if tokens and counted:
        extent = "increment" if len(tokens) < counted else "cumulative"
    return [
        Delta(
            index=count(get(item, "index")) or 0,
            content=text(get(item, "text")),
            tokens=tokens,
            prompt=entries.paired(get(about, "input_token_logprobs"), None, _row) or (),
            finish_reason=finish(get(reason, "type")) or finish(reason),
            extent=extent,
            note=_NOT_ASKED,
            mask="after",
            completion_tokens=counted,
            prompt_tokens=count(get(about, "prompt_tokens")),
            source=text(get(about, "id")),
        )
    ]


def _row(triple: Any) -> entries.Row:
    logprob, token_id, shown = [*items(triple), None, None, None][:3]
    number = count(token_id)
    if not isinstance(shown, str):
        shown = "" if number is None else entries.by_id(number)
    return shown, None, logprob, number

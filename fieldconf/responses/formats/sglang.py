"""SGLang's own ``/generate``: triples ``[logprob, id, text]`` in ``meta_info``.

In:    one response or one chunk.
Out:   one ``Delta``.
Never: a text where the server gave none: such tokens are named by their ids.
Why:   ids are what SGLang has; texts come only with ``return_text_in_logprobs``.

Quirks:

* Chunks are cumulative, each with everything so far; with ``incremental_streaming_output`` they
  are not, and then have fewer tokens than the count that comes with them. Without a count it shows
  in the chunk before.
* The numbers stand after the grammar's mask and after the temperature.
* ``input_token_logprobs`` are the prompt's, if asked for.
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
    return [
        Delta(
            index=count(get(item, "index")) or 0,
            content=text(get(item, "text")),
            tokens=tokens,
            prompt=entries.paired(get(about, "input_token_logprobs"), None, _row) or (),
            finish_reason=finish(get(reason, "type")) or finish(reason),
            extent=_extent(len(tokens or ()), counted),
            note=_NOT_ASKED,
            mask="after",
            completion_tokens=counted,
            prompt_tokens=count(get(about, "prompt_tokens")),
            source=text(get(about, "id")),
        )
    ]


def _extent(token_count: int, counted: int | None) -> Extent:
    if not token_count or not counted:
        return "unclear"
    return "increment" if token_count < counted else "cumulative"


def _row(triple: Any) -> entries.Row:
    return _shown(triple), None, _part(triple, 0), _id(triple)


def _part(triple: Any, place: int) -> Any:
    parts = items(triple)
    return parts[place] if len(parts) > place else None


def _id(triple: Any) -> int | None:
    return count(_part(triple, 1))


def _shown(triple: Any) -> str:
    shown, number = _part(triple, 2), _id(triple)
    if isinstance(shown, str):
        return shown
    return "" if number is None else entries.by_id(number)

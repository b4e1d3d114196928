"""Tool calls: answers that are the arguments of a call, and where their tokens are.

In:    the calls of a choice; the completion that made them.
Out:   one completion a call: its arguments as the model wrote them, and the tokens that hold them.
Never: tokens of another call; arguments whose tokens are not listed passed off as scored.
Why:   OpenAI and Azure list no tokens of calls; vLLM, Bedrock, Ollama and llama-cpp-python list the
       whole of what the model wrote, markup and all, and may give the arguments in other words
       (parsed, or with other white space): what counts is what the model wrote.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from fieldconf.parsing.kinds import same_json
from fieldconf.responses.payload_access import count, first, get, items, parsed, text
from fieldconf.tokens.token import Completion, Token, utf8, written

UNSCORED = (
    "the answer is a tool call, and this server gives no logprobs for its arguments: "
    "ask with response_format (json_schema) instead of tools"
)
UNFOUND = (
    "the answer is a tool call, and the listed tokens do not hold its arguments: "
    "ask with response_format (json_schema) instead of tools"
)

# What may stand behind the last call (what closes things: brackets, tags, marks), and behind others
# (that, and the head of the next one). Nothing that closes thoughts.
_NO_THOUGHT = r"(?!.*</?(?:think|thinking|reasoning)>)"
_MARK = r"<\|[^|]*\|>|<\uff5c[^\uff5c]*\uff5c>|</?[\w:.-]+>"  # no text in two ways
_BEHIND = re.compile(_NO_THOUGHT + rf"(?:[\s\])}}'\"`,;]|{_MARK})*", re.DOTALL)
_BETWEEN = re.compile(_NO_THOUGHT + r".*", re.DOTALL)

_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call, or a piece of one.

    Attributes:
        name: of the tool; empty in pieces that do not say it.
        arguments: JSON text or a piece of it, or the value itself.
        index: which call of the answer it is a piece of; servers may give several calls one index.
        id: which call it is by the server's word; empty where it gives none.
        whole: whether it is all of a call.
    """

    name: str = ""
    arguments: Any = ""
    index: int = 0
    id: str = ""
    whole: bool = False


def read(calls: Any, *, whole: bool = False) -> tuple[ToolCall, ...]:
    """The calls, or pieces of them, in a list: OpenAI's, Ollama's or LangChain's.

    Args:
        calls: the list.
        whole: whether each item of it is all of a call; a value instead of JSON text always is.
    """
    tool_calls: list[ToolCall] = []
    for position, call in enumerate(c for c in items(calls) if c is not None):
        function = get(call, "function") or call
        index = count(get(call, "index"))
        index = count(get(function, "index")) if index is None else index  # Ollama's
        arguments = first(function, "arguments", "args", "input")
        tool_calls.append(
            ToolCall(
                text(get(function, "name")), "" if arguments is None else arguments,
                position if index is None else index, text(get(call, "id")),
                whole or not isinstance(arguments, (str, type(None))),
            )
        )  # fmt: skip
    return tuple(tool_calls)


def join(pieces: Iterable[ToolCall]) -> tuple[ToolCall, ...]:
    """The calls that pieces amount to, in the order in which they began."""
    joined: list[ToolCall] = []
    places: dict[int, int] = {}  # where the call stands that an index names at the moment
    for piece in pieces:
        place = places.get(piece.index)
        if place is None or _is_other(joined[place], piece):
            places[piece.index] = len(joined)
            joined.append(replace(piece, index=len(joined)))
        else:
            before = joined[place]
            arguments = _add(before.arguments, piece.arguments)
            is_whole = before.whole or piece.whole
            joined[place] = ToolCall(
                before.name or piece.name, arguments, place, before.id or piece.id, is_whole
            )
    return tuple(joined)


def _is_other(call: ToolCall, piece: ToolCall) -> bool:
    """Whether a piece is of another call than the one that has its index so far."""
    if call.id and piece.id and not (call.whole and piece.whole):
        return piece.id != call.id
    if call.whole or piece.whole:
        return bool(call.arguments) and piece != replace(call, index=piece.index)
    is_named_anew = bool(piece.name) and (piece.name != call.name or bool(piece.arguments))
    return is_named_anew and isinstance(parsed(call.arguments), dict)


def _add(before: Any, more: Any) -> Any:
    if isinstance(before, str) and isinstance(more, str):
        return before + more
    return more if more != "" else before


def split(completion: Completion, calls: Sequence[ToolCall]) -> list[Completion]:
    """A completion for each call, in their order.

    They are looked for from the last to the first, each before the one after it: what stands
    before the calls may be thoughts in which they are drafted.
    """
    completions: list[Completion] = []
    tokens = completion.tokens or ()
    for call in reversed(calls):
        written = _find(call.arguments, tokens, _BETWEEN if completions else _BEHIND)
        if written is None:
            note = UNFOUND if completion.tokens else UNSCORED
            answer = replace(completion, content=_dump(call.arguments), tokens=None, note=note)
        else:
            content, begin, end = written
            answer = replace(completion, content=content, tokens=tokens[begin:end])
            tokens = tokens[:begin]
        completions.append(replace(answer, tool=call.name))
    return completions[::-1]


def _find(
    arguments: Any, tokens: Sequence[Token], behind: re.Pattern[str]
) -> tuple[str, int, int] | None:
    """The arguments as the model wrote them, and the half-open range of tokens that hold them.

    It is the same text, or else a value that is equal: servers parse arguments and write them
    anew. What stands ``behind`` it must be markup; else it is a draft in the thoughts.
    """
    whole = b"".join(written(tokens))
    content = _dump(arguments)
    start = whole.rfind(utf8(content)) if content else -1
    if start < 0:
        content, start = _equal(arguments, whole)
    if start < 0:
        return None
    stop = start + len(utf8(content))
    if not behind.fullmatch(whole[stop:].decode("utf-8", "replace")):
        return None
    ends = list(accumulate(len(token.bytes) for token in tokens))
    return content, bisect_right(ends, start), bisect_left(ends, stop) + 1


def found_among(value: Any, tokens: Sequence[Token]) -> str | None:
    """An object or a list in the words of the tokens that wrote it; None where none did."""
    span = _find(value, tokens, _BEHIND)
    return None if span is None else span[0]


def _equal(arguments: Any, whole: bytes) -> tuple[str, int]:
    """The last value in a text that equals the arguments, and the byte where it begins."""
    wanted = parsed(arguments) if isinstance(arguments, str) else arguments
    shown = whole.decode("utf-8", "replace")
    if not isinstance(wanted, (dict, list)) or "\ufffd" in shown:
        return "", -1
    opener = "{" if isinstance(wanted, dict) else "["
    place = shown.rfind(opener)
    while place >= 0:
        try:
            value, stop = _DECODER.raw_decode(shown, place)
        except (ValueError, RecursionError):
            value, stop = None, 0
        if same_json(value, wanted):
            return shown[place:stop], len(utf8(shown[:place]))
        place = shown.rfind(opener, 0, place)
    return "", -1


def _dump(arguments: Any) -> str:
    if isinstance(arguments, str):
        return arguments
    try:
        return json.dumps(arguments, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return ""

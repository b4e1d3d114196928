"""Tool calls: answers that are the arguments of a call, and the tokens of these arguments.

In:    the calls of a choice; its completion.
Out:   one completion a call: its arguments as the model wrote them, and their tokens.
Never: tokens of another call; a score for arguments whose tokens are not listed.
Why:   OpenAI and Azure list no tokens of calls. vLLM, Bedrock, Ollama and llama-cpp-python list
       everything that the model wrote, with markup, and may give the arguments in another form
       (parsed, or with other white space). The form that the model wrote is scored.
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

# What may follow the last call (closing brackets, tags, marks), and the other calls (anything: the
# next call follows). Neither may close thoughts.
_NO_THOUGHT = r"(?!.*</?(?:think|thinking|reasoning)>)"
_MARK = r"<\|[^|]*\|>|<\uff5c[^\uff5c]*\uff5c>|</?[\w:.-]+>"  # unambiguous: no backtracking
_BEHIND = re.compile(_NO_THOUGHT + rf"(?:[\s\])}}'\"`,;]|{_MARK})*", re.DOTALL)
_BETWEEN = re.compile(_NO_THOUGHT + r".*", re.DOTALL)

_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call, or a piece of one.

    Attributes:
        name: of the tool; empty in pieces that do not say it.
        arguments: JSON text or a piece of it, or the value itself.
        index: the number of its call in the answer; servers may give several calls one index.
        id: the server's id of the call; empty if it gives none.
        whole: whether it is a complete call.
    """

    name: str = ""
    arguments: Any = ""
    index: int = 0
    id: str = ""
    whole: bool = False


def read(calls: Any, *, whole: bool = False) -> tuple[ToolCall, ...]:
    """The calls, or pieces of calls, in a list of OpenAI's, Ollama's or LangChain's form.

    Args:
        calls: the list.
        whole: whether each item is a complete call; one with a value instead of JSON text always
            is.
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
    """The calls that the pieces add up to, in the order in which they began."""
    joined: list[ToolCall] = []
    places: dict[int, int] = {}  # from an index to the place of its current call
    for piece in pieces:
        place = places.get(piece.index)
        if place is None or _is_other(joined[place], piece):
            places[piece.index] = len(joined)
            joined.append(replace(piece, index=len(joined)))
        else:
            before = joined[place]
            arguments = piece.arguments if piece.arguments != "" else before.arguments
            if isinstance(before.arguments, str) and isinstance(piece.arguments, str):
                arguments = before.arguments + piece.arguments
            is_whole = before.whole or piece.whole
            joined[place] = ToolCall(
                before.name or piece.name, arguments, place, before.id or piece.id, is_whole
            )
    return tuple(joined)


def _is_other(call: ToolCall, piece: ToolCall) -> bool:
    """Whether a piece belongs to another call than the current one with its index."""
    if call.id and piece.id and not (call.whole and piece.whole):
        return piece.id != call.id
    if call.whole or piece.whole:
        return bool(call.arguments) and piece != replace(call, index=piece.index)
    is_named_anew = bool(piece.name) and (piece.name != call.name or bool(piece.arguments))
    return is_named_anew and isinstance(parsed(call.arguments), dict)


def split(completion: Completion, calls: Sequence[ToolCall]) -> list[Completion]:
    """A completion for each call, in their order.

    The search goes from the last call to the first, since the thoughts before the calls may hold
    drafts of them.
    """
    completions: list[Completion] = []
    tokens = completion.tokens or ()
    for call in reversed(calls):
        written = find(call.arguments, tokens, _BETWEEN if completions else _BEHIND)
        if written is None:
            note = UNFOUND if completion.tokens else UNSCORED
            answer = replace(completion, content=_dump(call.arguments), tokens=None, note=note)
        else:
            content, begin, end = written
            answer = replace(completion, content=content, tokens=tokens[begin:end])
            tokens = tokens[:begin]
        completions.append(replace(answer, tool=call.name))
    return completions[::-1]


def find(
    arguments: Any, tokens: Sequence[Token], behind: re.Pattern[str] = _BEHIND
) -> tuple[str, int, int] | None:
    """The arguments as the model wrote them, and the half-open range of their tokens.

    They are the same text, or an equal value: servers parse arguments and write them again. The
    text ``behind`` them must be markup; else they are a draft in the thoughts.
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


def _equal(arguments: Any, whole: bytes) -> tuple[str, int]:
    """The last value in a text that equals the arguments, and its first byte."""
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

"""Deltas: what a payload, or a chunk of a stream, adds to an answer; and their sum.

In:    ``Delta`` values of any format, in the order in which they came.
Out:   ``Completion`` values: one for each choice, or for each tool call of a choice.
Never: a payload read; two whole answers taken for one.
Why:   a whole response is a stream of one chunk, so the same code reads both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias, TypeVar

from msgspec import Struct, structs

from fieldconf.errors import PayloadError
from fieldconf.responses.fast.lazy_candidates import has_forbidden
from fieldconf.responses.formats import tool_calls
from fieldconf.responses.formats.tool_calls import ToolCall
from fieldconf.responses.payload_access import parsed, unfenced
from fieldconf.tokens.token import (
    Completion,
    Decision,
    Layout,
    Mask,
    Token,
    utf8,
    written,
)

Extent: TypeAlias = Literal["increment", "cumulative", "unclear", "final"]
"""What a delta covers: only the next part, everything so far (SGLang's chunks, closing events), one
of these two, or a whole answer."""

Tokens = TypeVar("Tokens", bound=Sequence[Token])

_LIMITS = {"length", "limit", "max_tokens", "max_output_tokens", "model_length"}
_UNLISTED = "came in a chunk without logprobs"
_NONE: Any = object()
_CERTAIN, _NEVER = -1e-4, -1e9  # nats; beyond them the numbers of many tokens look alike


class Delta(Struct, frozen=True):
    """What is added to one choice.

    Attributes:
        index: which choice; None: what holds for all of them.
        content: text of the answer; None where only the tokens say it.
        tokens: with their logprobs; None where there are none.
        refusal: text of a refusal.
        finish_reason: the server's word for why it stopped; "length" for all words for the limit.
        calls: tool calls or pieces of them.
        prompt: the tokens of the prompt, where the server lists them apart.
        echo: whether the tokens begin with those of the prompt.
        extent: see ``Extent``.
        mask, layout, model, completion_tokens, prompt_tokens, precision, note: as in
            ``Completion``.
        decisions: answers that come with probabilities instead of tokens.
        masked: whether a candidate is listed that the grammar excluded; None: nobody has looked.
        thoughts: text that the server says is reasoning, and the name of the field that has it.
        source: the id that the server gave to the response; empty where it gives none.
        last: whether the server marks it as the last, other than by a reason.
    """

    index: int | None = 0
    content: str | None = ""
    tokens: tuple[Token, ...] | None = None
    refusal: str = ""
    finish_reason: str | None = None
    calls: tuple[ToolCall, ...] = ()
    prompt: tuple[Token, ...] = ()
    echo: bool = False
    extent: Extent = "increment"
    mask: Mask = "unknown"
    model: str = ""
    completion_tokens: int | None = None
    prompt_tokens: int | None = None
    precision: float | None = None
    note: str = ""
    decisions: tuple[Decision, ...] = ()
    masked: bool | None = None
    thoughts: tuple[str, str] = ("", "")
    source: str = ""
    last: bool = False
    layout: Layout | None = None


def finish(word: Any) -> str | None:
    """The server's word for why it stopped, with one word for all names of the token limit."""
    if not isinstance(word, str) or not word:
        return None
    return "length" if word.lower() in _LIMITS else str(word)


def not_asked(how: str) -> str:
    """Why there are no logprobs, most likely, and how this server is asked for them."""
    return f"the response has no logprobs: ask for them ({how})"


def several(count: int | None = None) -> PayloadError:
    """The error of a payload with several whole answers, where one is wanted."""
    return PayloadError(
        f"the payload holds {'several' if count is None else count} whole answers",
        found="several whole answers",
        remedy="Call score_all, which gives a report of each, or give one at a time",
    )


def fold(deltas: Iterable[Delta]) -> list[Completion]:
    """The completions that deltas amount to, in the order of the choices.

    Raises:
        PayloadError: if they are several whole answers to one question each.
    """
    by_choice: dict[int, list[Delta]] = {}
    common: list[Delta] = []
    growths: dict[int, Growth] = {}
    for delta in deltas:
        index = delta.index
        if index is None:
            common.append(delta)
            continue
        delta = growths.setdefault(index, Growth()).cleared(delta)  # noqa: PLW2901
        parts = by_choice.setdefault(index, [])
        if not (parts and is_duplicate_chunk(parts[-1], delta)):
            parts.append(delta)
    return [
        completion
        for index, parts in sorted(by_choice.items())
        for completion in _completions(index, _sum(parts), [*parts, *common])
    ]


class Growth:
    """Decides whether chunks of an unclear extent are cumulative.

    They are, as long as each begins with the whole previous chunk.
    """

    def __init__(self) -> None:
        self._before: Delta | None = None
        self._adds = False

    def cleared(self, delta: Delta) -> Delta:
        """The next delta, as an increment or as cumulative."""
        if delta.extent != "unclear":
            return delta
        before, self._before = self._before, delta
        if before is not None and not self._adds:
            tokens, earlier = delta.tokens or (), before.tokens or ()
            is_same = not tokens or tokens[: len(earlier)] == earlier
            self._adds = not (is_same and (delta.content or "").startswith(before.content or ""))
        return structs.replace(delta, extent="increment" if self._adds else "cumulative")


def is_duplicate_chunk(before: Delta, delta: Delta) -> bool:
    """Whether a delta is the previous chunk, sent a second time.

    A model may write a token twice, but not with exactly the same probabilities of it and its
    rivals, unless it is certain of both or the server rounds.
    """
    if delta.extent != "increment" or delta != before:
        return False
    return any(map(_is_identifying, delta.tokens or ()))


def _is_identifying(token: Token) -> bool:
    """Whether a token's numbers identify it: no other token would have exactly the same ones."""
    if token.logprob is None or token.logprob > _CERTAIN:
        return False
    logprobs = {candidate.logprob for candidate in token.candidates}
    return sum(round(logprob, 5) != logprob for logprob in logprobs if logprob > _NEVER) > 1


def _sum(deltas: Sequence[Delta]) -> Delta:
    """One delta for all of a choice's."""
    if sum(delta.extent == "final" for delta in deltas) > 1:
        raise several()
    pieces: list[Delta] = []
    for delta in deltas:
        if delta.extent == "increment":
            pieces.append(delta)
        else:
            pieces = [_fuller(_join(pieces), delta)] if pieces else [delta]
    return _join(pieces)


def _fuller(before: Delta, whole: Delta) -> Delta:
    """What stands for everything so far: its text holds, whatever the pieces before it say.

    The tokens of the pieces are kept if it has no more of them for the same text: it may lack
    them, or repeat them rounded.
    """
    content = whole.content or before.content
    is_longer = len(whole.tokens or ()) > len(before.tokens or ())
    has_more = bool(whole.tokens) and (is_longer or content != before.content)
    return structs.replace(
        before,
        content=content,
        tokens=whole.tokens if has_more else before.tokens,
        refusal=whole.refusal or before.refusal,
        calls=whole.calls or before.calls,
        thoughts=whole.thoughts if whole.thoughts[1] else before.thoughts,
        prompt=whole.prompt or before.prompt,
        precision=whole.precision if has_more else before.precision,
    )


def _join(deltas: Sequence[Delta]) -> Delta:
    """Pieces as one delta.

    A chunk with text but without tokens, in a stream that has them elsewhere, leaves a hole. If
    the listed tokens do not spell the text without it, the hole is filled with a token whose
    logprob is not known: the values beside it keep their numbers, the value in it has none.
    """
    if len(deltas) == 1 and not deltas[0].calls:
        return deltas[0]
    texts = [delta.content for delta in deltas if delta.content is not None]
    content = "".join(texts) if texts else None
    tokens = [token for delta in deltas for token in delta.tokens or ()]
    if content and tokens and _spell(tokens) != utf8(content):
        filled = [
            token
            for delta in deltas
            for token in delta.tokens or ([unlisted(delta.content)] if delta.content else [])
        ]
        if _spell(filled) != utf8(content):  # a text may come in a later chunk than its token
            filled = _filled(utf8(content), tokens, _holes(deltas))
        tokens = filled or tokens
    return Delta(
        content=content,
        tokens=tuple(tokens) if tokens else None,
        refusal="".join(delta.refusal for delta in deltas),
        thoughts=(
            next((name for name, _ in [d.thoughts for d in reversed(deltas)] if name), ""),
            "".join(delta.thoughts[1] for delta in deltas),
        ),
        calls=tool_calls.join(call for delta in deltas for call in delta.calls),
        prompt=tuple(token for delta in deltas for token in delta.prompt),
        precision=_last(deltas, "precision"),
    )


def _holes(deltas: Iterable[Delta]) -> dict[int, str]:
    """The texts that came without tokens, by the byte at which each begins."""
    holes: dict[int, str] = {}
    offset = 0
    for delta in deltas:
        text = delta.content or ""
        if text and not delta.tokens:
            holes[offset] = text
        offset += len(utf8(text))
    return holes


def _filled(text: bytes, tokens: Iterable[Token], holes: Mapping[int, str]) -> list[Token]:
    """The tokens, with one for each hole that the next token does not spell; or none."""
    filled: list[Token] = []
    offset = 0
    for token in [*tokens, None]:
        while (
            not text.startswith(token.bytes, offset) if token else offset < len(text)
        ) and offset in holes:
            filled.append(unlisted(holes[offset]))
            offset += len(filled[-1].bytes)
        if token:
            filled.append(token)
            offset += len(token.bytes)
    return filled if _spell(filled) == text else []


def _spell(tokens: Iterable[Token]) -> bytes:
    return b"".join(written(tokens))


def unlisted(text: str) -> Token:
    """A token for a text that came without any."""
    return Token(text, utf8(text), None, note=_UNLISTED)


# -- the completions of one choice --------------------------------------------------------------


def _completions(index: int, total: Delta, parts: Sequence[Delta]) -> list[Completion]:
    tokens, note = usable(total.tokens or ())
    finish_reason = _last(parts, "finish_reason")
    completion = Completion(
        content=total.content if total.content or not total.refusal else None,
        tokens=tokens or None,
        finish_reason=finish_reason,
        refusal=total.refusal or None,
        mask=_mask(total.tokens or (), parts),
        model=_last(parts, "model") or "",
        completion_tokens=_last(parts, "completion_tokens"),
        note=note or _last(parts, "note") or "",
        choice=index,
        precision=total.precision,
        prompt=total.prompt,
        prompt_tokens=_last(parts, "prompt_tokens"),
        echo=any(delta.echo for delta in parts),
        decisions=tuple(decision for delta in parts for decision in delta.decisions),
        layout=_last(parts, "layout"),
    )
    if not total.calls:
        return [_with_thoughts(completion, *total.thoughts)]
    calls = tool_calls.split(completion, total.calls)
    is_answer = finish_reason != "tool_calls" and _is_json(completion.content)
    return [completion, *calls] if is_answer else calls


def _with_thoughts(completion: Completion, name: str, thoughts: str) -> Completion:
    """The completion with the answer that a server took for thoughts, if that is all there is.

    A reasoning parser that waits for the end of thoughts takes everything for them. Thoughts
    proper are no answer, nor is a draft in them.
    """
    if (completion.content or "").strip() or completion.refusal or not thoughts.strip():
        return completion
    value = parsed(unfenced(thoughts))
    if not isinstance(value, (dict, list)):
        return replace(
            completion, aside=f"the content is empty, and {name} holds no JSON value alone"
        )
    return replace(completion, content=thoughts, flags=(f"answer_in_{name}",))


def _is_json(content: str | None) -> bool:
    """Whether a text is an answer; else it is what a model says beside its calls."""
    return parsed(unfenced(content or ""), _NONE) is not _NONE


def usable(tokens: Tokens) -> tuple[Tokens | tuple[()], str]:
    """The tokens, or why there are none to speak of: not one has a number."""
    if not tokens or any(token.logprob is not None for token in tokens):
        return tokens, ""
    why = next((token.note for token in tokens if token.note), "")
    return (), f"no token has a logprob that can be believed{why and f': each {why}'}"


def _last(deltas: Sequence[Delta], name: str) -> Any:
    """What the last delta says of this attribute that says something."""
    for delta in reversed(deltas):
        if values := getattr(delta, name):
            return values
    return None


def _mask(tokens: Iterable[Token], parts: Sequence[Delta]) -> Mask:
    """Said by a part; or shown by candidates that the grammar excluded: OpenAI's strict mode."""
    for delta in parts:
        if delta.mask != "unknown":
            return delta.mask
    if any(
        delta.extent != "increment" for delta in parts
    ):  # whose tokens the whole has is not told
        return "after" if _is_shown(tokens) else "unknown"
    shown = (_is_shown(d.tokens or ()) if d.masked is None else d.masked for d in parts)
    return "after" if any(shown) else "unknown"


def _is_shown(tokens: Iterable[Token]) -> bool:
    return any(has_forbidden(token.candidates) for token in tokens)


# -- what is left without text and tokens ---------------------------------------------------------


def bare(deltas: Iterable[Delta]) -> list[Delta]:
    """Deltas without text and tokens, as few as say the rest of what these said.

    Raises:
        PayloadError: never for deltas of which at most one is a whole answer.
    """
    by_choice: dict[int | None, list[Delta]] = {}
    for delta in deltas:
        reduced = delta
        if delta.index is not None:
            reduced = structs.replace(delta, content="", tokens=None, thoughts=("", ""))
        by_choice.setdefault(delta.index, []).append(reduced)
    return [_facts(index, parts) for index, parts in by_choice.items()]


def _facts(index: int | None, parts: Sequence[Delta]) -> Delta:
    shown = [delta.masked for delta in parts if delta.masked is not None]
    return structs.replace(
        _sum(parts),
        index=index,
        content="",
        finish_reason=_last(parts, "finish_reason"),
        echo=any(delta.echo for delta in parts),
        extent="final" if any(delta.extent == "final" for delta in parts) else "increment",
        mask=next((delta.mask for delta in parts if delta.mask != "unknown"), "unknown"),
        model=_last(parts, "model") or "",
        completion_tokens=_last(parts, "completion_tokens"),
        prompt_tokens=_last(parts, "prompt_tokens"),
        note=_last(parts, "note") or "",
        decisions=tuple(decision for delta in parts for decision in delta.decisions),
        masked=any(shown) if shown else None,
    )

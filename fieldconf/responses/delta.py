"""Delta: what a payload or a chunk of a stream adds to an answer, and the sum of many deltas.

In:    ``Delta`` values of any format, in the order in which they came.
Out:   ``Completion`` values: one for each choice, or for each tool call of a choice.
Never: a payload read; two whole answers taken for one.
Why:   a whole response is a stream of one chunk, so the same code reads both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, Literal, TypeAlias, TypeVar

from msgspec import Struct, structs

from fieldconf.errors import PayloadError
from fieldconf.responses.fast.lazy_candidates import has_forbidden
from fieldconf.responses.formats import tool_calls
from fieldconf.responses.formats.tool_calls import ToolCall
from fieldconf.responses.payload_access import is_json, parsed, unfenced
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
"""What a delta covers: only the next part; everything so far (SGLang's chunks, closing events);
one of these two, not yet known which; or a whole answer."""

Tokens = TypeVar("Tokens", bound=Sequence[Token])

_LIMITS = {"length", "limit", "max_tokens", "max_output_tokens", "model_length"}
_UNLISTED = "came in a chunk without logprobs"
_CERTAIN, _NEVER = -1e-4, -1e9  # nats; beyond them the numbers of many tokens look alike


class Delta(Struct, frozen=True):
    """What is added to one choice.

    Attributes:
        index: the number of the choice; None: the delta holds for all choices.
        content: text of the answer; None if only the tokens spell it.
        tokens: tokens with their logprobs; None if there are none.
        refusal: text of a refusal.
        finish_reason: the server's word for why it stopped; "length" for all words for the limit.
        calls: tool calls or pieces of them.
        prompt: the tokens of the prompt, if the server lists them separately.
        echo: whether the tokens begin with those of the prompt.
        extent: see ``Extent``.
        mask, layout, model, completion_tokens, prompt_tokens, precision, note, temperature, flags:
            as in ``Completion``.
        decisions: answers that come with probabilities instead of tokens.
        masked: whether a listed candidate was excluded by the grammar; None: not examined.
        thoughts: the name of the field with reasoning, and its text.
        source: the server's id of the response; empty if it gives none.
        last: whether the server marks it as the last delta by other means than a finish reason.
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
    temperature: float | None = None
    flags: tuple[str, ...] = ()


def finish(word: Any) -> str | None:
    """The server's word for why it stopped; "length" for all names of the token limit."""
    if not isinstance(word, str) or not word:
        return None
    return "length" if word.lower() in _LIMITS else str(word)


def not_asked(how: str) -> str:
    """The likely reason for missing logprobs, with the setting that requests them."""
    return f"the response has no logprobs: ask for them ({how})"


def several(count: int | None = None) -> PayloadError:
    """The error for a payload that holds several whole answers where one is expected."""
    return PayloadError(
        f"the payload holds {'several' if count is None else count} whole answers",
        found="several whole answers",
        remedy="Call score_all, which gives a report of each, or give one at a time",
    )


def fold(deltas: Iterable[Delta]) -> list[Completion]:
    """The completions that the deltas add up to, in the order of the choices.

    Raises:
        PayloadError: if one choice has several whole answers.
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

    They are cumulative as long as each begins with the whole previous chunk.
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

    A model may write a token twice. But the token and its candidates do not have exactly the same
    logprobs both times, unless the model is certain or the server rounds.
    """
    if delta.extent != "increment" or delta != before:
        return False
    for token in delta.tokens or ():
        if token.logprob is not None and token.logprob <= _CERTAIN:
            logprobs = {candidate.logprob for candidate in token.candidates}
            if sum(round(p, 5) != p for p in logprobs if p > _NEVER) > 1:
                return True
    return False


def _sum(deltas: Sequence[Delta]) -> Delta:
    """All deltas of one choice as one."""
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
    """Pieces, and a delta that repeats everything so far, as one. The text of the latter counts.

    The tokens of the pieces stay if the repetition has no more tokens for the same text: it may
    lack tokens, or round their logprobs.
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

    A chunk with text and without tokens leaves a hole in a stream that has tokens elsewhere. If
    the listed tokens do not spell the text, each hole gets a token with an unknown logprob. Then
    only the values in the hole have no confidence.
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
            filled = _filled(utf8(content), tokens, deltas)
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


def _filled(text: bytes, tokens: Iterable[Token], deltas: Sequence[Delta]) -> list[Token]:
    """The tokens, and one for each hole that the next token does not spell; empty if that fails."""
    sizes = accumulate((len(utf8(delta.content or "")) for delta in deltas), initial=0)
    holes = {
        start: delta.content
        for start, delta in zip(sizes, deltas, strict=False)
        if delta.content and not delta.tokens
    }
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
    """A token for a text that came without tokens."""
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
        temperature=_last(parts, "temperature"),
        flags=_last(parts, "flags") or (),
    )
    if not total.calls:
        return [_with_thoughts(completion, *total.thoughts)]
    calls = tool_calls.split(completion, total.calls)
    # A text that is not JSON is what a model says beside its calls.
    is_answer = finish_reason != "tool_calls" and is_json(unfenced(completion.content or ""))
    return [completion, *calls] if is_answer else calls


def _with_thoughts(completion: Completion, name: str, thoughts: str) -> Completion:
    """The completion with the answer that the server mistook for reasoning.

    A reasoning parser that never sees the end of the thoughts reports everything as thoughts. This
    applies only if the thoughts are one JSON value: other thoughts, or a draft in them, are no
    answer.
    """
    if (completion.content or "").strip() or completion.refusal or not thoughts.strip():
        return completion
    value = parsed(unfenced(thoughts))
    if not isinstance(value, (dict, list)):
        return replace(
            completion, aside=f"the content is empty, and {name} holds no JSON value alone"
        )
    return replace(completion, content=thoughts, flags=(*completion.flags, f"answer_in_{name}"))


def usable(tokens: Tokens) -> tuple[Tokens | tuple[()], str]:
    """The tokens; if none has a logprob, no tokens and the reason."""
    if not tokens or any(token.logprob is not None for token in tokens):
        return tokens, ""
    why = next((token.note for token in tokens if token.note), "")
    return (), f"no token has a logprob that can be believed{why and f': each {why}'}"


def _last(deltas: Sequence[Delta], name: str) -> Any:
    """The last value of an attribute that is not empty."""
    return next((value for delta in reversed(deltas) if (value := getattr(delta, name))), None)


def _mask(tokens: Iterable[Token], parts: Sequence[Delta]) -> Mask:
    """The mask that a part states; "after" if candidates show one, as in OpenAI's strict mode."""
    stated: list[Mask] = [delta.mask for delta in parts if delta.mask != "unknown"]
    if stated:
        return stated[0]
    if all(delta.extent == "increment" for delta in parts):
        if any(delta.masked for delta in parts):
            return "after"
        tokens = (token for d in parts if d.masked is None for token in d.tokens or ())
    # Else it is not known which part the tokens are from.
    return "after" if any(has_forbidden(token.candidates) for token in tokens) else "unknown"


# -- deltas without text and tokens ---------------------------------------------------------------


def bare(deltas: Iterable[Delta]) -> list[Delta]:
    """One delta for each choice with everything that its deltas hold, except text and tokens.

    Raises:
        PayloadError: if more than one of them is a whole answer.
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

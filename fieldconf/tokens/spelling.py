"""Spelling: which bytes of the content each token wrote. The only place that repairs token bytes.

In:    a content and its tokens, as the server listed them.
Out:   a ``Spelling``: the content's bytes, cut into one piece for each token; if that is
       impossible, the reason, with the first token that does not fit.
Never: an index by character count; a guess that the content does not confirm.
Why:   servers list tokens as bytes, as text, as text of broken characters, as vocabulary entries,
       with control tokens and reasoning that the content lacks. Tried in this order: (a) the bytes
       spell the content; (b) the texts spell it; (c) a tolerant walk spells it, with any known
       form of each token; else (d) the answer has no confidences.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, count
from typing import NamedTuple, TypeAlias

from fieldconf.parsing.reasoning import THOUGHTS
from fieldconf.tokens.token import (
    Candidate,
    Completion,
    Token,
    unchecked,
    utf8,
    written,
)


class TokenPiece(NamedTuple):
    """The half-open byte span of the content that a token wrote; token None: no token wrote it."""

    token: int | None
    start: int
    stop: int


_new_piece = unchecked(TokenPiece)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How tokens spell a content.

    Attributes:
        content: the content's bytes.
        pieces: in order and without gaps; tokens that are not part of the content are not here.
        reason: why there is no spelling; empty if there is one.
        misfit: the index of the first token that does not fit, if one is to blame.
    """

    content: bytes
    pieces: tuple[TokenPiece, ...] = ()
    reason: str = ""
    misfit: int | None = None


def spell(content: str | None, tokens: Sequence[Token]) -> Spelling:
    """Find the bytes of the content that each token wrote.

    If ``content`` is None, the content is what the tokens spell.

    >>> spell('{"a"', [Token('{"', None, -0.1), Token('a"', None, -0.2)]).pieces
    (TokenPiece(token=0, start=0, stop=2), TokenPiece(token=1, start=2, stop=4))
    """
    token_bytes = written(tokens)
    whole = b"".join(token_bytes)
    wanted = whole if content is None else utf8(content)
    if whole == wanted:
        return Spelling(wanted, _cut(token_bytes))
    texts = [utf8(token.text) for token in tokens]
    if b"".join(texts) == wanted:
        return Spelling(wanted, _cut(texts))
    # Without marks first: an answer as short as `end` would be found inside of <|im_end|>.
    for spellings, blank in zip((token_bytes, texts), _without_marks(tokens), strict=True):
        pieces = _cut_inside(blank, wanted, tokens) or _cut_inside(spellings, wanted, tokens)
        if pieces:
            return Spelling(wanted, pieces)
    if wanted and whole.startswith(wanted):  # a stop string was cut off
        pieces = (piece for piece in _cut(token_bytes) if piece.start < len(wanted))
        return Spelling(wanted, tuple(p._replace(stop=min(p.stop, len(wanted))) for p in pieces))
    spelling = _tolerant(wanted, tokens)
    return _at_the_end(wanted, tokens, spelling) if spelling.reason else spelling


def is_whole(spelling: Spelling) -> bool:
    """Whether tokens wrote all of a content, except for thoughts or a fence before it."""
    if spelling.reason or not spelling.pieces:
        return not spelling.reason
    first = spelling.pieces[0]
    is_written = first.token is not None
    return is_written or bool(_WRAPPER_BEFORE.fullmatch(spelling.content, 0, first.stop))


def places_of(content: bytes, tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where a text holds everything that the tokens wrote: at most two half-open byte spans.

    Marks do not count, nor does white space at an end if it does not fit: servers strip it.
    """
    for spellings in _without_marks(tokens):
        whole = b"".join(spellings)
        for written_bytes in dict.fromkeys((whole, whole.rstrip(), whole.strip())):
            first = content.find(written_bytes) if written_bytes.strip() else -1
            if first >= 0:
                starts = [first, content.find(written_bytes, first + 1)]
                return [(at, at + len(written_bytes)) for at in starts if at >= 0]
    return []


def _at_the_end(content: bytes, tokens: Sequence[Token], missing: Spelling) -> Spelling:
    """The spelling of a content whose beginning no token wrote: a prefill."""
    places = places_of(content, tokens)
    if len(places) > 1:
        (first, _), (second, _) = places
        reason = (
            "the text holds more than the tokens wrote, and they fit it at several places "
            f"(bytes {first} and {second})"
        )
        return Spelling(content, reason=reason)
    if not places or content[places[0][1] :].strip():
        return missing
    start, stop = places[0]
    for spellings in _without_marks(tokens):
        pieces = _cut_inside(spellings, content[start:stop], tokens)
        if pieces:
            wrote = [TokenPiece(p.token, p.start + start, p.stop + start) for p in pieces]
            rest = [TokenPiece(None, stop, len(content))] if stop < len(content) else []
            return Spelling(content, (TokenPiece(None, 0, start), *wrote, *rest))
    return missing


def _without_marks(tokens: Sequence[Token]) -> Iterator[list[bytes]]:
    """What the tokens wrote by their bytes, and then by their texts; marks write nothing."""
    for spellings in (written(tokens), [utf8(token.text) for token in tokens]):
        yield [
            b"" if is_control(t) else spelled for t, spelled in zip(tokens, spellings, strict=True)
        ]


_NO_LOGPROBS = (
    "the response has no logprobs: ask for them (logprobs=True, top_logprobs=5); if a framework "
    "dropped them, give what the server sent"
)


def spell_completion(completion: Completion) -> Spelling:
    """How a completion's tokens spell its content; without tokens, the reason says so."""
    if completion.tokens is None:
        return Spelling(utf8(completion.content or ""), reason=completion.note or _NO_LOGPROBS)
    return spell(completion.content, completion.tokens)


def undisguised(completion: Completion) -> Completion:
    """The completion with bytes for tokens that are listed as names of a vocabulary.

    If the texts do not spell the content, but do when read as a vocabulary's names (``Ġ`` or ``▁``
    for a space), all of them are names, those of candidates too.
    """
    tokens, content = completion.tokens, completion.content
    if not tokens or not content or utf8(content) in b"".join(written(tokens)):
        return completion
    for read in (byte_level, sentence_piece):
        decoded = [token._replace(raw=read(token.text) or token.raw) for token in tokens]
        if utf8(content) not in b"".join(written(decoded)):
            continue
        for number, token in enumerate(decoded):
            candidates = tuple(c._replace(raw=read(c.text) or c.raw) for c in token.candidates)
            decoded[number] = token._replace(candidates=candidates)
        return replace(completion, tokens=tuple(decoded))
    return completion


SPACES = ("Ġ", "▁")
"""The sign for a space in the names of a vocabulary: byte-level, and SentencePiece."""


def plainly_named(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Candidates with the bytes that their names stand for; () if they are not names.

    They are names if some begin with a vocabulary's sign for a space, none begins with a space, and
    no bytes differ from the name's own.
    """
    marks = {c.text[:1] for c in candidates}.intersection(SPACES)
    if len(marks) != 1 or any(c.text[:1] == " " for c in candidates):
        return ()
    if any(c.raw is not None and c.raw != utf8(c.text) for c in candidates):
        return ()
    read = byte_level if marks == {"Ġ"} else sentence_piece
    return tuple(c._replace(raw=read(c.text) or c.raw) for c in candidates)


def byte_level(name: str) -> bytes | None:
    """The bytes that a name of GPT-2's vocabulary stands for; None for other texts."""
    codes = [_BYTE_ALPHABET.get(char) for char in name]
    return None if None in codes else bytes(byte for byte in codes if byte is not None)


def sentence_piece(name: str) -> bytes:
    """The bytes that a name of a SentencePiece vocabulary stands for."""
    return utf8(name.replace("▁", " "))


def _cut(spellings: Sequence[bytes]) -> tuple[TokenPiece, ...]:
    ends = [0, *accumulate(map(len, spellings))]
    return tuple(map(_new_piece, zip(count(), ends, ends[1:], strict=False)))


def _cut_inside(
    spellings: Sequence[bytes], wanted: bytes, tokens: Sequence[Token]
) -> tuple[TokenPiece, ...]:
    """The content inside of what the tokens spell, between reasoning and end tokens.

    The last occurrence is the answer, since the reasoning may hold a draft. Only what servers strip
    may follow it: white space, a closing fence, end tokens. Each family of models has its own end
    token: the last token may be any that looks like a mark.
    """
    at = b"".join(spellings).rfind(wanted) if wanted else -1
    if at < 0:
        return ()
    end, last = at + len(wanted), len(tokens) - 1
    pieces: list[TokenPiece] = []
    for piece, token in zip(_cut(spellings), tokens, strict=True):
        start, stop = max(piece.start, at), min(piece.stop, end)
        is_inside = start == stop and at < start < end and not is_control(token)
        if start < stop or is_inside:
            pieces.append(TokenPiece(piece.token, start - at, stop - at))
        elif piece.start >= end and not _is_droppable(token, is_last=piece.token == last):
            return ()
    return tuple(pieces)


# -- what may be around an answer ------------------------------------------------------------

_CONTROL = re.compile(
    r"<\|[^|]*\|>|<\uff5c[^\uff5c]*\uff5c>|</?s>|<(eos|bos|pad|unk|end_of_turn|start_of_turn|end_of_text)>"
    r"|\[/?(EOS|BOS|INST|PAD)\]|</?tool_call>|token_id:\d+"
)
_DROPPABLE = re.compile(r"[\s`}]*")  # a fence, or what closes a tool call around its arguments
_END = re.compile(r"[^\w\s]\S*")  # looks like a mark of some model
_WRAPPER_BEFORE = re.compile(
    rb"\s*(?:" + THOUGHTS + rb"\s*)*(?:```[a-zA-Z]*\n)?", re.DOTALL
)  # some servers wrap reasoning anew with each chunk
_WRAPPER_AFTER = re.compile(rb"\s*```\s*\Z")


def is_control(token: Token | Candidate) -> bool:
    """Whether a token is a mark that models write and servers do not show."""
    return _CONTROL.fullmatch(token.text) is not None


def _is_droppable(token: Token, *, is_last: bool) -> bool:
    is_end = is_last and _END.fullmatch(token.text) is not None
    return is_end or is_control(token) or _DROPPABLE.fullmatch(token.text) is not None


# -- the tolerant walk --------------------------------------------------------------------------

# A disguise is one way to show a token: exact bytes, and None for a broken character (U+FFFD),
# which stands for one to four bytes outside ASCII.
_Disguise: TypeAlias = tuple[bytes | None, ...]

_MOST_PLACES = 256  # a long run of broken characters can be cut in too many ways to be worth it


def _tolerant(content: bytes, tokens: Sequence[Token]) -> Spelling:
    whole = _walk(content, 0, len(content), tokens)
    if not whole.reason:
        return whole
    before = _WRAPPER_BEFORE.match(content)
    after = _WRAPPER_AFTER.search(content)
    start, stop = before.end() if before else 0, after.start() if after else len(content)
    if (start, stop) == (0, len(content)) or start >= stop:
        return whole
    inner = _walk(content, start, stop, tokens)
    return whole if inner.reason else inner


def _walk(content: bytes, first: int, last: int, tokens: Sequence[Token]) -> Spelling:
    """Follow all ways in which the tokens may write ``content[first:last]``.

    ``trail[i]`` maps each place that token i can reach to the place before it. Any token may be
    skipped before the content, only droppable ones after it.
    """
    trail: list[dict[int, int | None]] = []
    reachable: Collection[int] = (first,)
    furthest, misfit = first, 0
    for index, token in enumerate(tokens):
        following: dict[int, int | None] = {}
        for place in reachable:
            for end in _ends(content, place, last, token):
                following.setdefault(end, place)
            is_last = index == len(tokens) - 1
            is_behind = place == last and _is_droppable(token, is_last=is_last)
            if place == first or is_control(token) or is_behind:
                following.setdefault(place, None)
        trail.append(following)
        if max(following) > furthest:
            furthest, misfit = max(following), index + 1
        reachable = following.keys()
        if len(reachable) > _MOST_PLACES:
            break
    if len(trail) < len(tokens) or last not in reachable:
        if misfit >= len(tokens):
            reason = f"the tokens end at byte {furthest} of a text of {len(content)} bytes"
            return Spelling(content, reason=reason)
        shown = tokens[misfit].text
        reason = f"token {misfit} ({shown!r}) does not fit the text at byte {furthest}"
        return Spelling(content, reason=reason, misfit=misfit)
    return Spelling(content, _back(content, first, last, trail))


def _back(
    content: bytes, first: int, last: int, trail: Sequence[dict[int, int | None]]
) -> tuple[TokenPiece, ...]:
    """Read the pieces from the trail, last token first; unwritten bytes are a piece of None."""
    pieces = [TokenPiece(None, last, len(content))] if last < len(content) else []
    place = last
    for index in range(len(trail) - 1, -1, -1):
        before = trail[index][place]
        if before is not None:
            pieces.append(TokenPiece(index, before, place))
            place = before
    if first:
        pieces.append(TokenPiece(None, 0, first))
    return tuple(reversed(pieces))


def _ends(content: bytes, start: int, last: int, token: Token) -> Iterator[int]:
    """The places where a token may end if it begins at ``start``."""
    for disguise in _disguises(token.text, token.raw):
        places = [start]
        for part in disguise:
            if part is None:
                places = sorted({stop for place in places for stop in _broken(content, place)})
            else:
                places = [p + len(part) for p in places if content.startswith(part, p)]
        yield from (place for place in places if place <= last)


def _broken(content: bytes, start: int) -> Iterator[int]:
    for stop in range(start + 1, min(start + 5, len(content) + 1)):
        if content[stop - 1] < 0x80:
            return
        yield stop


@lru_cache(maxsize=4096)
def _disguises(text: str, raw: bytes | None) -> tuple[_Disguise, ...]:
    """The ways in which servers show a token, most literal first."""
    disguises: dict[_Disguise, None] = {}
    if raw is not None:
        disguises[(raw,)] = None
    disguises[(utf8(text),)] = None
    if "\\x" in text:
        disguises[(unescaped(text),)] = None
    if "▁" in text:
        disguises[(sentence_piece(text),)] = None
    if not text.isascii() and (decoded := byte_level(text)) is not None:
        disguises[(decoded,)] = None
    if text and not text[0].isspace():
        disguises[(utf8(" " + text),)] = None  # SentencePiece, decoded token by token
    if "\ufffd" in text:
        parts = re.split("(\ufffd)", text)
        disguises[tuple(None if p == "\ufffd" else utf8(p) for p in parts if p)] = None
    return tuple(disguises)


_HEX = re.compile(rb"\\x([0-9a-fA-F]{2})")


def unescaped(text: str) -> bytes:
    r"""The bytes of ``\xf0\x9f`` written out, as OpenAI and DeepSeek show a part of a character."""
    return _HEX.sub(lambda m: bytes([int(m[1], 16)]), utf8(text.removeprefix("bytes:")))


# GPT-2's printable names of the 256 bytes (``Ġ`` is a space, ``Ċ`` a line feed).
_PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_OTHERS = [byte for byte in range(256) if byte not in _PRINTABLE]
_BYTE_ALPHABET = {chr(byte): byte for byte in _PRINTABLE} | {
    chr(0x100 + place): byte for place, byte in enumerate(_OTHERS)
}

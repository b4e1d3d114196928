"""Stream buffer: the text and tokens of an answer so far, and how far the tokens spell the text.

In:    stream chunks of a known shape, one by one.
Out:   the bytes of each token as soon as the text has them; at the end the completion.
Never: a second pass over earlier chunks: each chunk costs the same, however many came before.
Why:   a text and its tokens may come in different chunks, a text without tokens, a chunk twice, and
       some chunks repeat everything so far. The scorer must not depend on this.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from fieldconf.errors import PayloadError
from fieldconf.responses import read_chunk
from fieldconf.responses.answer_bounds import Answers
from fieldconf.responses.delta import (
    Delta,
    Growth,
    bare,
    fold,
    is_duplicate_chunk,
    several,
    unlisted,
    usable,
)
from fieldconf.responses.fast import from_chunks
from fieldconf.responses.fast.from_chunks import ChunkPiece
from fieldconf.responses.token_names import has_nameless
from fieldconf.scoring.window import TokenWindow
from fieldconf.tokens.temperature import TEMPERATURE, at_temperature_one, put_back
from fieldconf.tokens.token import Completion, Token, utf8

LOST = (
    "the tokens that came later do not spell the text, and those before were not kept: "
    'ask with keep="all"'
)

_MOST_DELTAS = 16  # deltas held after ``drop``


@dataclass(slots=True)
class _Run:
    """Plain chunks in a row."""

    texts: list[str] = field(default_factory=list[str])
    tokens: list[Token] = field(default_factory=list[Token])
    masked: bool = False


class StreamBuffer:
    """The text and tokens of the first choice of a stream.

    Args:
        drops: whether ``drop`` will be called.
        temperature: the temperature after which the logprobs are taken; None: 1, or before it.

    Attributes:
        tokens: the tokens so far.
        taken: how many of them the text has confirmed.
        fed: the bytes of the confirmed tokens.
        began: whether anything has come that belongs to an answer.
        spells: whether the tokens spell the text so far.
    """

    def __init__(self, *, drops: bool = False, temperature: float | None = None) -> None:
        self._temperature = temperature
        self.tokens: list[Token] | TokenWindow = TokenWindow() if drops else []
        self.taken = 0
        self.fed = bytearray()
        self.began = False
        self.spells = True
        self._ahead = bytearray()  # text whose tokens have not come yet
        self._deltas: list[Delta] = []
        self._run = _Run()  # the plain chunks since the last delta
        self._common: Delta | None = None  # what plain chunks say of all choices
        self._last: Delta | ChunkPiece | None = None
        self._growth = Growth()
        self._holes: deque[tuple[int, bytes]] = deque()  # start and bytes of texts without tokens
        self._filled = 0  # how many of these texts got a token
        self._has_ended = False  # a finish reason has come
        self._dropped = False
        self._whole: Delta | None = None  # a delta that contradicts the dropped text
        self._answers = Answers()

    def take(self, chunk: Any) -> None:
        """Take the next chunk.

        Raises:
            PayloadError: if the chunk is an error of the server, or begins another answer.
            NoLogprobsError: if it is one in which the server refuses logprobs.
        """
        piece = from_chunks.read(chunk)
        if piece is None:
            try:
                deltas = read_chunk(chunk)
            except PayloadError as error:
                if error.found == "error":
                    raise
                deltas = []  # a live stream may have chunks that are no part of an answer
            if self._answers.begins(deltas):
                raise several()
            self._take_all(deltas)
            return
        if not self._answers.goes_on(piece.source) and self._answers.begins([piece.delta]):
            raise several()
        self.began = True
        if piece.common is not self._common:
            self._common = piece.common
            self._deltas.append(piece.common)
        last, tokens = self._last, piece.tokens
        if (
            last is not None
            and last.tokens == tokens
            and is_duplicate_chunk(_delta(last), piece.delta)
        ):
            return
        self._last = piece
        run = self._run
        run.masked = run.masked or piece.is_masked
        if not self._dropped:
            run.texts.append(piece.content)
            run.tokens.extend(tokens)
        self._add(utf8(piece.content), tokens)

    def following(self) -> bytes | None:
        """The bytes of the next token; None as long as the text does not have them."""
        if self.taken == len(self.tokens) and self._has_ended and self.taken:
            self._fill_holes(b"")  # no token will come
        if not self.spells or self.taken == len(self.tokens):
            return None
        written = self.tokens[self.taken].bytes
        if not self._ahead.startswith(written):
            self.spells = written.startswith(bytes(self._ahead)) or self._fill_holes(written)
            written = self.tokens[self.taken].bytes
            if not self._ahead.startswith(written):
                return None
        del self._ahead[: len(written)]  # cheap for a bytearray
        self.fed += written
        self.taken += 1
        return written

    def _fill_holes(self, written: bytes) -> bool:
        """Insert tokens for texts that came without, if the next token stands behind them.

        Tokens may come later than their text, so a text is a hole only once the next token stands
        behind it, or, with ``written`` empty, if no token is left. False if there is no such hole.
        """
        while self._holes and self._holes[0][0] < len(self.fed):
            self._holes.popleft()
        size, count = 0, 0
        for start, text in self._holes:
            if start != len(self.fed) + size:
                break
            size, count = size + len(text), count + 1
            left = len(self._ahead) - size
            if self._ahead.startswith(written, size) if written else not left:
                holes = [self._holes.popleft()[1] for _ in range(count)]
                self.tokens[self.taken : self.taken] = [
                    unlisted(hole.decode("utf-8", "surrogatepass")) for hole in holes
                ]
                self._filled += count
                return True
            if left < len(written) and written.startswith(bytes(self._ahead[size:])):
                return True  # the text is not complete yet
        return False

    def drop(self, stop: int) -> None:
        """Drop the tokens before an index, and all texts but one."""
        if isinstance(self.tokens, TokenWindow):
            self.tokens.drop(stop)
        self._run.texts.clear()
        self._run.tokens.clear()
        if not self._dropped:
            self._dropped = True
            self._deltas = _bare(self._deltas)

    def completion(self) -> Completion:
        """The completion of everything so far; after ``drop`` most tokens are logprobs only."""
        self._end_run()
        if not self._dropped:
            folded = fold(self._deltas)
            completion = folded[0] if folded else Completion(content="", tokens=None)
            return put_back(completion, self._temperature)
        deltas = _bare(self._deltas)
        if self._whole is not None:
            return put_back(fold([*deltas, self._whole])[0], self._temperature)
        text = (self.fed + self._ahead).decode("utf-8", "surrogatepass")
        completion = fold([*deltas, Delta(content=text)])[0]
        tokens, note = usable(self.tokens)
        if self._temperature not in (None, 1) and tokens:
            completion = replace(completion, flags=(*completion.flags, TEMPERATURE))
        completion = replace(completion, tokens=tokens or None, note=note or completion.note)  # pyright: ignore[reportArgumentType]  # as good as a tuple
        is_lost = bool(tokens) and not self.is_all_of(completion)
        return replace(completion, tokens=None, note=LOST) if is_lost else completion

    def is_all_of(self, completion: Completion) -> bool:
        """Whether the confirmed tokens are the whole completion, so that nothing needs mending."""
        is_spelled = self.spells and bytes(self.fed) == utf8(completion.content or "")
        is_taken = self.taken and self.taken == len(completion.tokens or ())
        return bool(is_taken) and is_spelled and not completion.tool

    # -- chunks that are not plain ----------------------------------------------------------------

    def _take_all(self, deltas: Iterable[Delta]) -> None:
        for delta in deltas:
            self.began = self.began or delta.index is not None
            if delta.index == 0:
                delta = self._growth.cleared(delta)  # noqa: PLW2901
                self._end_run()
                if self._last is not None and is_duplicate_chunk(_delta(self._last), delta):
                    continue
                self._last = delta
                self._take_delta(delta)
            self._deltas.append(delta)
        self._common = None
        if self._dropped and len(self._deltas) > _MOST_DELTAS:
            self._deltas = _bare(self._deltas)

    def _take_delta(self, delta: Delta) -> None:
        """Take a delta; of one that repeats everything so far only the rest is new."""
        if delta.echo or has_nameless(delta.tokens or ()):
            self.spells = False
        content, tokens = utf8(delta.content or ""), delta.tokens or ()
        if delta.extent != "increment":
            before = bytes(self.fed + self._ahead)
            if self._dropped and not content.startswith(before):
                self._whole, self.spells = delta, False
            content, tokens = content[len(before) :], tokens[len(self.tokens) - self._filled :]
        elif content and not tokens and self.spells:
            self._holes.append((len(self.fed) + len(self._ahead), content))
        self._has_ended = self._has_ended or delta.finish_reason is not None
        self._add(content, tokens)

    def _add(self, content: bytes, tokens: Iterable[Token]) -> None:
        self._ahead += content
        if self.spells or not self._dropped:
            if self._temperature is not None:
                tokens = at_temperature_one(tokens, self._temperature)
            self.tokens.extend(tokens)

    def _end_run(self) -> None:
        """Fold the plain chunks of a run into one delta."""
        run = self._run
        if run.texts or run.masked:
            delta = Delta(content="".join(run.texts), tokens=tuple(run.tokens), masked=run.masked)
            self._deltas.append(delta)
            self._run = _Run()


def _bare(deltas: Iterable[Delta]) -> list[Delta]:
    return bare(delta for delta in deltas if not delta.index)


def _delta(last: Delta | ChunkPiece) -> Delta:
    return last.delta if isinstance(last, ChunkPiece) else last

"""Streaming: fields from the chunks of a response while it arrives, without any I/O.

In:    stream chunks of a known shape, one by one.
Out:   each field the moment its value closes, and at the end the report, which equals the report
       of the whole response.
Never: a number from tokens that do not spell the text so far. Then nothing is given out until the
       end, when all that is known of the response can be used. (Should only later tokens turn out
       not to fit, the report is "unaligned": it keeps the values given before, not their numbers.)
Why:   a live view must not show what the final report would not say.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from fieldconf.alternatives.settle import Ledger
from fieldconf.alternatives.tree import Tree
from fieldconf.containers import Layout
from fieldconf.errors import PayloadError
from fieldconf.matching import Match
from fieldconf.paths import Path
from fieldconf.report import Field, Report
from fieldconf.schema import Schema
from fieldconf.scoring import Scorer, score_completion
from fieldconf.settling import Settle
from fieldconf.tokens import Completion, Mask, Token, utf8
from fieldconf.wire import chat_chunk, mended, read_chunk
from fieldconf.wire.chat_chunk import Piece
from fieldconf.wire.delta import Delta, fold, is_repeat
from fieldconf.wire.names import has_nameless


class Growing(NamedTuple):
    """A string value that is being written.

    Attributes:
        path: where it stands.
        start: its first byte in the answer.
        added: the text that came since it was last asked for.
    """

    path: Path
    start: int
    added: str


class LiveScorer:
    """Takes chunks and gives fields; then ``finish`` gives the report. Follows the first choice.

    Args:
        schema: what was declared.
        mask: where the logprobs stand, if the response does not say.
        layout: what the server's grammar forbids beyond the schema.
        match: how labels are matched with the members of an enum.
        settle: what to ask for once the response is there.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        mask: Mask | None = None,
        layout: Layout | None = None,
        match: Match = "exact",
        settle: Settle | None = None,
    ) -> None:
        self._schema, self._layout, self._settle = schema, layout, settle
        self._match: Match = match
        self._mask: Mask | None = mask
        self._deltas: list[Delta] = []
        self._run = _Run()  # of the choice that is followed, since the last delta
        self._common: Delta | None = None  # what plain chunks say of all choices
        self._began = False
        self._tokens: list[Token] = []
        self._scorer = Scorer(schema, self._tokens, layout=layout, match=match, ledger=_Forgetful())
        self._ahead = bytearray()  # text that has come, but whose tokens have not
        self._received = 0  # bytes of text that have come
        self._taken = 0  # tokens that were fed
        self._fed = bytearray()  # what was fed
        self._spells = True
        self._last: Delta | Piece | None = None  # of the choice that is followed
        self._begun = -1  # where the string begins that was given out last
        self._mark: Any = None  # up to where it was
        self._half = ""  # the first half of a character that was escaped as two

    @property
    def began(self) -> bool:
        """Whether anything has come that belongs to an answer."""
        return self._began

    @property
    def read(self) -> int:
        """How many tokens have come."""
        return len(self._tokens)

    @property
    def written(self) -> int:
        """How many bytes of the answer were read as tokens."""
        return len(self._fed)

    @property
    def data(self) -> Any:
        """The plain JSON value, as far as it was written."""
        return self._scorer.data

    @property
    def open_paths(self) -> list[Path]:
        """The paths of the containers that are open, outermost first.

        None as long as it is not sure that the value has begun: ``data`` knows nothing of it.
        """
        parser = self._scorer.parser
        if parser is None or self.data is None:
            return []
        return [path for path, _, _ in parser.open_containers]

    def feed(self, chunk: Any) -> list[Field]:
        """Take the next chunk; return the fields whose values it closed.

        Raises:
            PayloadError: if the chunk is an error of the server.
            NoLogprobsError: if it is one in which the server refuses logprobs.
        """
        piece = chat_chunk.read(chunk)
        if piece is not None:
            self._add(piece)
        else:
            self._add_all(_read(chunk))
        return self._advance() if self._spells else []

    def growing(self) -> Growing | None:
        """The string value that is open, and what came of it since this was last asked; or None."""
        parser = self._scorer.parser
        begun = parser.begun_since(self._mark) if parser and self._spells else None
        if parser is None or begun is None:
            return None
        if parser.start != self._begun:
            self._begun, self._half = parser.start, ""
        raw, self._mark = begun
        text = self._half + _text_of(raw)
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        whole = text[: len(text) - len(self._half)].encode("utf-16", "surrogatepass")
        return Growing(parser.path, parser.start, whole.decode("utf-16", "surrogatepass"))

    def finish(self, *, settle: bool = True, broken_off: bool = False) -> Report[Any]:
        """The report of everything that was fed; also after a stream that broke off.

        ``settle`` says whether the server may be asked for what the answer leaves open,
        ``broken_off`` that the stream was not read to its end.
        """
        asking = self._settle if settle else None
        self._end_run()
        folded = fold(self._deltas)
        made = folded[0] if folded else Completion(content="", tokens=None)
        completion = replace(made, broken_off=broken_off)
        if asking is None and self._has_all(completion):
            return self._scorer.finish(completion, bytes(self._fed), mask=self._mask)
        completion = mended(completion)
        return score_completion(
            completion,
            self._schema,
            mask=self._mask,
            layout=self._layout,
            match=self._match,
            settle=asking,
        )

    def _has_all(self, completion: Completion) -> bool:
        """Whether what was given out live is all there is to say of the completion.

        Its tokens then have names, and spell it as they are: there is nothing to mend.
        """
        is_spelled = self._spells and bytes(self._fed) == utf8(completion.content or "")
        is_taken = self._taken and self._taken == len(completion.tokens or ())
        return bool(is_taken) and is_spelled and not completion.tool

    # -- what a chunk adds ----------------------------------------------------------------------

    def _add(self, piece: Piece) -> None:
        """Take what a plain chunk adds."""
        last, content, tokens, common = self._last, piece.content, piece.tokens, piece.common
        self._began = True
        if common is not self._common:
            self._deltas.append(common)
            self._common = common
        if last is not None and last.tokens == tokens and is_repeat(_delta(last), piece.delta):
            return
        self._last = piece
        self._run.texts.append(content)
        self._run.tokens.extend(tokens)
        self._run.masked = self._run.masked or piece.is_masked
        self._tokens.extend(tokens)
        if content:
            written = utf8(content)
            self._ahead += written
            self._received += len(written)

    def _add_all(self, deltas: Iterable[Delta]) -> None:
        """Take what any other chunk adds."""
        for delta in deltas:
            self._began = self._began or delta.index is not None
            if delta.index == 0:
                self._end_run()
                if self._last is not None and is_repeat(_delta(self._last), delta):
                    continue
                self._last = delta
                self._take(delta)
            self._deltas.append(delta)
        self._common = None

    def _end_run(self) -> None:
        """One delta for all plain chunks of a run: folded, it is the same as theirs."""
        run = self._run
        if run.texts:
            delta = Delta(content="".join(run.texts), tokens=tuple(run.tokens), masked=run.masked)
            self._deltas.append(delta)
            self._run = _Run()

    def _take(self, delta: Delta) -> None:
        """Of what repeats everything so far only the rest is new."""
        if delta.echo or has_nameless(delta.tokens or ()):
            self._spells = False
        content, tokens = utf8(delta.content or ""), delta.tokens or ()
        if delta.extent != "more":
            content, tokens = content[self._received :], tokens[len(self._tokens) :]
        self._ahead += content
        self._received += len(content)
        self._tokens.extend(tokens)

    def _advance(self) -> list[Field]:
        closed: list[Field] = []
        while self._taken < len(self._tokens):
            written = self._tokens[self._taken].bytes
            if not self._ahead.startswith(written):
                self._spells = written.startswith(bytes(self._ahead))
                break
            del self._ahead[: len(written)]  # of a bytearray it costs what is cut off
            self._fed += written
            closed += self._scorer.feed(written, self._taken)
            self._taken += 1
        return closed


@dataclass(slots=True)
class _Run:
    """Plain chunks in a row."""

    texts: list[str] = field(default_factory=list[str])
    tokens: list[Token] = field(default_factory=list[Token])
    masked: bool = False


class _Forgetful(Ledger):
    """Keeps no trees: nobody asks a second time for those of an answer that arrives."""

    def tree(self, path: Path, grow: Callable[[], Tree | None]) -> Tree | None:  # noqa: ARG002
        """The tree of the next question."""
        return grow()


def _delta(last: Delta | Piece) -> Delta:
    return last.delta if isinstance(last, Piece) else last


def _read(chunk: Any) -> list[Delta]:
    """What a chunk adds; a live stream may hold things that are no part of an answer."""
    try:
        return read_chunk(chunk)
    except PayloadError as error:
        if error.found == "error":
            raise
        return []


def _text_of(raw: bytes) -> str:
    """The text of a piece of a JSON string; its opening quote may be there."""
    return json.loads(b'"' + raw.removeprefix(b'"') + b'"')

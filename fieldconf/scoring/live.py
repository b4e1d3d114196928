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
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from fieldconf.distributions.label_matching import Match
from fieldconf.distributions.outcome_tree import OutcomeTree
from fieldconf.distributions.settling import Settle
from fieldconf.distributions.tree_store import TreeStore
from fieldconf.fields.field import Field
from fieldconf.paths import Path
from fieldconf.report import Report
from fieldconf.responses import mended
from fieldconf.schema import Schema
from fieldconf.scoring.scorer import Scorer, score_completion
from fieldconf.scoring.stream_buffer import StreamBuffer
from fieldconf.scoring.window import Keep, forget, without_tokens
from fieldconf.tokens.token import Layout, Mask


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
        keep: "fields" drops each token as soon as no open value can need it, and the report has no
            tokens, nor have its fields; where ``settle`` is asked for only the report has none.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        mask: Mask | None = None,
        layout: Layout | None = None,
        match: Match = "exact",
        settle: Settle | None = None,
        keep: Keep = "all",
    ) -> None:
        self._schema, self._layout, self._settle = schema, layout, settle
        self._match: Match = match
        self._mask: Mask | None = mask
        self._keep: Keep = keep
        self._is_label = schema.labels is not None  # a label is read when the answer has ended
        # Who asks for more needs all tokens.
        self._drops = keep == "fields" and settle is None and not self._is_label
        self._came = StreamBuffer(drops=self._drops)
        self._scorer = Scorer(
            schema, self._came.tokens, layout=layout, match=match, store=_Forgetful()
        )
        self._edge = 0  # the last token that closed a value
        self._begun = -1  # where the string begins that was given out last
        self._mark: Any = None  # up to where it was
        self._half = ""  # the first half of a character that was escaped as two

    @property
    def began(self) -> bool:
        """Whether anything has come that belongs to an answer."""
        return self._came.began

    @property
    def read(self) -> int:
        """How many tokens have come."""
        return len(self._came.tokens)

    @property
    def written(self) -> int:
        """How many bytes of the answer were read as tokens."""
        return len(self._came.fed)

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
        came = self._came
        came.take(chunk)
        fields: list[Field] = []
        if self._is_label:
            return fields
        while (written := came.following()) is not None:
            closed = self._scorer.feed(written, came.taken - 1)
            if closed:
                fields += closed
                self._edge = came.taken - 1
        if self._drops:
            self._drop(fields)
        return fields

    def growing(self) -> Growing | None:
        """The string value that is open, and what came of it since this was last asked; or None."""
        parser = self._scorer.parser
        begun = parser.begun_since(self._mark) if parser and self._came.spells else None
        if parser is None or begun is None:
            return None
        if parser.start != self._begun:
            self._begun, self._half = parser.start, ""
        raw, self._mark = begun
        if not self._half and b"\\" not in raw:
            return Growing(parser.path, parser.start, raw.removeprefix(b'"').decode())
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
        came = self._came
        completion = replace(came.completion(), broken_off=broken_off)
        if asking is None and not self._is_label and came.is_all_of(completion):
            report = self._scorer.finish(completion, bytes(came.fed), mask=self._mask)
        else:
            report = score_completion(
                mended(completion), self._schema, mask=self._mask, layout=self._layout,
                match=self._match, settle=asking,
            )  # fmt: skip
        return without_tokens(report) if self._keep == "fields" else report

    def _drop(self, closed: list[Field]) -> None:
        """Let go of the tokens before the last that closed something: no open value had one."""
        for field in closed:
            forget(field)
        if self._scorer.done:
            self._came.drop(self._came.taken)
        elif closed:
            self._came.drop(self._edge)


class _Forgetful(TreeStore):
    """Keeps no trees: nobody asks a second time for those of an answer that arrives."""

    def tree(self, path: Path, grow: Callable[[], OutcomeTree | None]) -> OutcomeTree | None:  # noqa: ARG002
        """The tree of the next question."""
        return grow()


def _text_of(raw: bytes) -> str:
    """The text of a piece of a JSON string; its opening quote may be there."""
    return json.loads(b'"' + raw.removeprefix(b'"') + b'"')

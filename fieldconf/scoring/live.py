"""Live: fields from the chunks of a response while it arrives, without any I/O.

In:    stream chunks of a known shape, one by one.
Out:   each field the moment its value closes, and at the end the report, which equals the report
       of the whole response.
Never: a number from tokens that do not spell the text so far. Then no field is returned until the
       end, when the whole response is known. (If only later tokens do not fit, the report is
       "unaligned": it keeps the values returned before, not their numbers.)
Why:   a live view must not show anything that the final report contradicts.
"""

import json
from dataclasses import replace
from typing import Any, NamedTuple

from fieldconf.distributions.label_matching import Match
from fieldconf.distributions.settling import Settle
from fieldconf.fields.field import Field
from fieldconf.paths import Path
from fieldconf.report import Report
from fieldconf.responses import mended
from fieldconf.schema import Schema
from fieldconf.scoring.scorer import Scorer, score_completion
from fieldconf.scoring.stream_buffer import StreamBuffer
from fieldconf.scoring.window import TOKENLESS, Keep, without_tokens
from fieldconf.tokens.token import Layout, Mask


class Growing(NamedTuple):
    """A string value that is being written.

    Attributes:
        path: where it stands.
        start: its first byte in the answer.
        added: the text that came since the last call of ``growing``.
    """

    path: Path
    start: int
    added: str


class LiveScorer:
    """Takes chunks and returns fields; then ``finish`` returns the report of the first choice.

    Args:
        schema: the compiled schema.
        mask: where the logprobs stand, if the response does not say.
        layout: what the server's grammar forbids beyond the schema.
        match: how labels are matched with the members of an enum.
        settle: what to request once the response is complete.
        temperature: the temperature after which the logprobs are taken; None: 1, or before it.
        keep: "fields" drops each token as soon as no open value can need it. Then neither the
            report nor its fields have tokens; with ``settle`` only the report has none.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        mask: Mask | None = None,
        layout: Layout | None = None,
        match: Match = "exact",
        settle: Settle | None = None,
        temperature: float | None = None,
        keep: Keep = "all",
    ) -> None:
        self._schema, self._layout, self._settle = schema, layout, settle
        self._match: Match = match
        self._mask: Mask | None = mask
        self._keep: Keep = keep
        self._is_label = schema.labels is not None  # a label is read when the answer has ended
        # Settling needs all tokens.
        self._drops = keep == "fields" and settle is None and not self._is_label
        self._came = StreamBuffer(drops=self._drops, temperature=temperature)
        self._scorer = Scorer(schema, self._came.tokens, layout=layout, match=match)
        self._edge = 0  # the last token that closed a value
        self._begun = -1  # where the string begins that ``growing`` returned last
        self._mark: Any = None  # its end then
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

        Empty until it is sure that the value has begun: ``data`` is None until then.
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
            # No open value needs the tokens before the last that closed something.
            for field in fields:  # only the scorer has them, and its report shall have no tokens
                for name, nothing in TOKENLESS.items():
                    object.__setattr__(field, name, nothing)
            if self._scorer.done:
                came.drop(came.taken)
            elif fields:
                came.drop(self._edge)
        return fields

    def growing(self) -> Growing | None:
        """The open string value, with its text since the last call; None if none is open."""
        parser = self._scorer.parser
        begun = parser.begun_since(self._mark) if parser and self._came.spells else None
        if parser is None or begun is None:
            return None
        if parser.start != self._begun:
            self._begun, self._half = parser.start, ""
        raw, self._mark = begun
        if not self._half and b"\\" not in raw:
            return Growing(parser.path, parser.start, raw.removeprefix(b'"').decode())
        text = self._half + json.loads(b'"' + raw.removeprefix(b'"') + b'"')
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        whole = text[: len(text) - len(self._half)].encode("utf-16", "surrogatepass")
        return Growing(parser.path, parser.start, whole.decode("utf-16", "surrogatepass"))

    def finish(self, *, settle: bool = True, broken_off: bool = False) -> Report[Any]:
        """The report of everything that was fed; also after a stream that broke off.

        ``settle``: whether the server may be asked for what the answer leaves open.
        ``broken_off``: whether the stream was not read to its end.
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

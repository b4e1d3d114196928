"""Live answer: the chunks of an answer as events, without any I/O.

In:    a call; chunks, one by one; how the stream ended.
Out:   events; one report, also of an answer that was stopped or broke off.
Never: a closed field lost, whatever happened after it.
Why:   synchronous and asynchronous streams differ only in how they wait.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar

from fieldconf.errors import CalibrationError, PayloadError, RequestError, carry
from fieldconf.extraction import telemetry
from fieldconf.extraction.calls import PreparedRequest
from fieldconf.extraction.events import Event, FieldEvent, ItemEvent, PartialEvent
from fieldconf.extraction.stopping import fires, shortest_rest, words_of
from fieldconf.grounding.locating import locate
from fieldconf.providers.client_errors import our_error, our_errors
from fieldconf.report import Report, Stopped
from fieldconf.responses import completions
from fieldconf.responses.kept import keep
from fieldconf.scoring.live import LiveScorer
from fieldconf.scoring.scorer import score_completion
from fieldconf.scoring.window import without_tokens
from fieldconf.tokens.temperature import put_back

T = TypeVar("T")


def whole(call: PreparedRequest, response: Any) -> Report[Any]:
    """The report of a whole response; with ``settle`` the server is asked for more.

    Raises:
        RequestError: if it is no answer, or if a request of ``settle`` failed.
    """
    with our_errors(call.client):
        choices = completions(response)
    report = score_completion(
        put_back(choices[0], call.temperature), call.schema, mask=call.mask, layout=call.layout,
        match=call.match, settle=call.settle,
    )  # fmt: skip
    if call.keep == "fields":
        report = without_tokens(report)
    report = with_request(call, report, response)
    announce(call, report)
    return report


def with_request(call: PreparedRequest, report: Report[T], response: Any) -> Report[T]:
    """The report with the policy, the input and the instructions of its request.

    If the request asks for it: with the response or its chunks, source spans and calibration.

    Raises:
        CalibrationError: if the answer is of another model; it carries the ``report``.
    """
    has_logprobs = any(field.logprob is not None for field in report.fields.values())
    flags = report.flags + (call.flags if has_logprobs else ())
    report = replace(
        report, policy=call.policy, input=call.input, instructions=call.instructions, flags=flags
    )
    if call.keep == "response":
        kept = keep(
            response, mask=call.mask, layout=call.layout, temperature=call.temperature,
            flags=call.flags,
        )  # fmt: skip
        report = replace(report, response=kept)
    if call.ways is not None:
        report = locate(report, how=call.ways)
    if call.calibration is None:
        return report
    try:
        return call.calibration(report, provider=call.provider)
    except CalibrationError as error:
        carry(error, report)  # it was paid for
        raise


def announce(call: PreparedRequest, report: Report[Any]) -> None:
    """Log the report and pass it to ``observe``."""
    telemetry.log_report(
        report, provider=call.provider, model=call.model, schema=call.schema.name,
        values=call.log_values,
    )  # fmt: skip
    if call.observe is not None:
        call.observe(report)


class LiveAnswer(Generic[T]):
    """Takes chunks, returns events, and makes the report; stops when a rule fires."""

    def __init__(self, call: PreparedRequest) -> None:
        self._call = call
        self._scorer = LiveScorer(
            call.schema, mask=call.mask, layout=call.layout, match=call.match,
            settle=call.settle, temperature=call.temperature, keep=call.keep,
        )  # fmt: skip
        self._pieces: list[str] = []  # of the string that is open
        self._begun = -1  # where it begins
        self._stopped: Stopped | None = None
        self.report: Report[T] | None = None
        """The report, once it is made."""
        self._chunks: list[Any] = []  # all that came, if the response is to be kept

    @property
    def stopped(self) -> bool:
        """Whether a rule has fired."""
        return self._stopped is not None

    @property
    def needs_asking(self) -> bool:
        """Whether making the report sends requests to the server, to settle fields."""
        return self._call.settle is not None and not self.stopped and self.report is None

    def feed(self, chunk: Any) -> list[Event[T]]:
        """Take the next chunk.

        Raises:
            PayloadError: if the chunk is an error of the server.
        """
        scorer, root = self._scorer, self._call.schema.root
        events: list[Event[T]] = []
        if self._call.keep == "response":
            self._chunks.append(chunk)
        for field in scorer.feed(chunk):
            events.append(FieldEvent(field))
            if field.path and isinstance(field.path[-1], int):
                events.append(ItemEvent(field))
            rule = next((r for r in self._call.rules if fires(r, field, root)), None)
            if rule is not None:
                limit = self._call.limit
                rest = shortest_rest(root, scorer.data, scorer.open_paths)
                saved = round(rest * scorer.read / max(scorer.written, 1))
                at_most = None if limit is None else max(limit - scorer.read, 0)
                self._stopped = Stopped(field.pointer, words_of(rule), scorer.read, saved, at_most)
                return events
        grown = scorer.growing()
        if grown is not None and grown.added:
            if grown.start != self._begun:
                self._begun, self._pieces = grown.start, []
            self._pieces.append(grown.added)
            events.append(PartialEvent(grown.path, grown.added, self._pieces, len(self._pieces)))
        return events

    def end(self) -> Report[T]:
        """The report of an answer that ended, or was stopped.

        Raises:
            PayloadError: if no part of an answer came.
        """
        if not self._scorer.began:
            raise PayloadError("the stream ended, and nothing in it was an answer")
        return self._finish(settle=not self.stopped)

    @property
    def last(self) -> list[Event[T]]:
        """Events of fields that close only when the answer ends: labels."""
        report = self.report
        if report is None or report.schema.labels is None:
            return []
        return [FieldEvent(f) for f in report.fields.values() if "truncated" not in f.flags]

    def left(self) -> Report[T]:
        """The report of an answer that was not read to its end."""
        return self._finish(settle=False, reason="reading was ended before the answer was")

    @contextmanager
    def watched(self) -> Generator[None]:
        """Make the report whatever ends the reading, and attach it to an error."""
        try:
            yield
        except GeneratorExit:
            self.left()
            raise
        except BaseException as error:
            ours = self.failed(error)
            if ours is error:
                raise
            raise ours from error

    def failed(self, error: BaseException) -> BaseException:
        """The error to raise for one that came midway, with the report so far.

        Other errors than the client's (a cancelled task, an interrupt) stay what they are.
        """
        ours = error
        if isinstance(error, PayloadError):
            ours = our_error(error, self._call.client, midway=self._scorer.began) or error
        reason = str(ours) if isinstance(ours, RequestError) else "reading was interrupted"
        carry(ours, self._finish(settle=False, reason=reason))
        return ours

    def interrupted(self, error: BaseException | None) -> None:
        """Attach the report to the error of a cancelled task or an interrupt; to no other."""
        if error is not None and not isinstance(error, Exception):
            self.failed(error)

    # -- the report -----------------------------------------------------------------------------

    def _finish(self, *, settle: bool, reason: str = "") -> Report[T]:
        if self.report is None:
            if self._stopped is not None:
                reason = f"reading was stopped at {self._stopped.pointer}: {self._stopped.rule}"
            report = self._scorer.finish(settle=settle, broken_off=bool(reason))
            if reason and report.status in ("truncated", "text"):
                report = replace(report, reason=reason)
            report = replace(report, stopped=self._stopped)
            self.report = with_request(self._call, report, self._chunks)
            announce(self._call, self.report)
        return self.report

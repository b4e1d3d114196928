"""Scorer: from a response to a report.

In:    a payload of any client (``score``), or the tokens of one as they arrive (``Scorer``).
Out:   ``Field`` values as they close, and a ``Report``.
Never: I/O; separate code for streams: a whole response is fed to the same ``Scorer``.
Why:   only this module combines payloads, spelling, alignment, alternatives and scores.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, overload

from fieldconf.calibration.calibrator import Calibrator, CalibratorLike
from fieldconf.classification import check_match, read_label
from fieldconf.decision_endpoint.endpoint_report import decided
from fieldconf.distributions.label_matching import Match
from fieldconf.distributions.settling import Settle, settled
from fieldconf.distributions.tree_store import TreeStore
from fieldconf.errors import PayloadError
from fieldconf.fields.field import Field
from fieldconf.fields.field_scorer import FieldScorer, truncated
from fieldconf.fields.status import OTHER_JSON, OTHER_KIND, OTHERS, WHOLE
from fieldconf.fields.token_sums import Evidence
from fieldconf.formulas import TextScore, text_score
from fieldconf.parsing.finder import Finder
from fieldconf.parsing.grammar import kind_begun
from fieldconf.parsing.kinds import KINDS
from fieldconf.parsing.parser import ENDS_EARLY, JSONParser
from fieldconf.parsing.values import ValueBuilder
from fieldconf.paths import Path
from fieldconf.policy import Policy, PolicyLike
from fieldconf.report import Report, Status
from fieldconf.report.load import how_sure
from fieldconf.responses import completion, completions
from fieldconf.schema import Schema, compile_schema
from fieldconf.tokens.alignment import Aligned, Aligner
from fieldconf.tokens.spelling import SPACES, TokenPiece, spell_completion
from fieldconf.tokens.temperature import put_back
from fieldconf.tokens.token import Completion, Layout, Mask, Token

T = TypeVar("T")

CERTAIN = math.log(0.999)
"""A token above this (nats) is all but certain."""
MOSTLY, FEWEST_CERTAIN, FEWEST_ZEROS = 0.95, 10, 3
"""A report is flagged "saturated" if of at least ``FEWEST_CERTAIN`` tokens of values the part
``MOSTLY`` is certain; or if at least ``FEWEST_ZEROS`` tokens all have a logprob of exactly 0."""

_MANY = 256  # tokens of a whole answer that are read at once
_SCALAR_PLACES = frozenset({"string", "number", "literal"})
_SCALAR_KINDS = frozenset({"string", "number", "boolean", "null"})


@overload
def score(
    payload: Any, schema: type[T], *, mask: Mask | None = None, choice: int = 0, call: int = 0,
    match: Match = "exact", settle: Settle | None = None, tokenizer: Any = None,
    prompt: str | None = None, policy: PolicyLike | None = None,
    calibration: CalibratorLike | None = None, temperature: float | None = None,
) -> Report[T]: ...  # fmt: skip
@overload
def score(
    payload: Any, schema: Any = None, *, mask: Mask | None = None, choice: int = 0, call: int = 0,
    match: Match = "exact", settle: Settle | None = None, tokenizer: Any = None,
    prompt: str | None = None, policy: PolicyLike | None = None,
    calibration: CalibratorLike | None = None, temperature: float | None = None,
) -> Report[Any]: ...  # fmt: skip
def score(  # noqa: PLR0913  # options of a reading, by keyword
    payload: Any, schema: Any = None, *, mask: Mask | None = None, choice: int = 0, call: int = 0,
    match: Match = "exact", settle: Settle | None = None, tokenizer: Any = None,
    prompt: str | None = None, policy: PolicyLike | None = None,
    calibration: CalibratorLike | None = None, temperature: float | None = None,
) -> Report[Any]:  # fmt: skip
    """How sure the model was of each field of a response that your client received.

    Args:
        payload: a response of any provider or server in ``docs/providers.md``: the SDK's object, a
            dict, JSON text or bytes, server-sent-event text, JSON Lines, or a list of stream
            chunks; also as LangChain, LiteLLM, pydantic-ai, instructor, DSPy or the AI SDK give it.
            A ``Report.response`` is read with the settings of its request.
        schema: a pydantic model (or any type pydantic understands), a JSON Schema, a ``LabelSet``
            (the answer is a bare label then), or None.
        mask: where the logprobs stand, if you know better than the response ("before", "after").
        choice: which choice, for responses with several, see ``score_all``.
        call: which tool call of the choice, where it makes several.
        match: how the answer's strings are matched with the members of an enum: "exact"; "loose"
            (letter case, white space around and full stops behind do not count); or a function of
            yours, see ``matching.Match``. It changes what counts for a member, never the value. A
            label set says itself how it is matched.
        settle: ask the server for what the response leaves open, see ``Settle``; it must name the
            ``probe`` and the ``prompt``.
        tokenizer: for responses that list token ids without their texts: a function from id to
            bytes, or a Hugging Face tokenizer.
        prompt: what the prompt was, for legacy completions that echo it.
        policy: by which limits the fields are accepted, reviewed or rejected: a ``Policy``, its
            plain values, or the path of its file.
        calibration: what calibrates the confidences before the policy judges them: what
            ``fc.calibrate`` gave, or the path of its file; see ``Report.calibrated``.
        temperature: the temperature that the server had applied before it took its logprobs (SGLang
            and TGI do, see ``docs/providers.md``): they are put back to temperature 1, with bounds
            that hold, and the report is flagged "temperature". None: they were taken at 1, or
            before the temperature; or a kept ``Report.response`` says it.

    Raises:
        PayloadError: if the payload is of no known shape, has no such choice or call, or holds
            several whole responses (see ``score_all``); where a stream broke off with an error, it
            has the ``report`` of what came before.
        NoLogprobsError: if it is a saved error in which a server refuses logprobs.
        RequestError: if the asking failed, or the temperature is not a positive number.
        SchemaError: if the schema is no schema, or a label set and ``match`` says something else.
        PolicyError: if the policy is none, or names a field that the schema does not have.
        CalibrationError: if the calibration is none, or was fitted for another model or schema.

    >>> entry = lambda text, p: {"token": text, "bytes": list(text.encode()), "logprob": p}
    >>> report = score({"choices": [{"message": {"content": '{"ok": true}'}, "logprobs": {
    ...     "content": [entry('{"ok": ', -0.5), entry("true", -0.1), entry("}", 0.0)]}}]})
    >>> report.data, report["/ok"].logprob
    ({'ok': True}, -0.1)
    """
    compiled = compile_schema(schema)
    check_match(compiled, match)
    limits, maps = Policy.of(policy).check(compiled.as_requested), Calibrator.of(calibration)
    try:
        answer = completion(payload, choice, call, tokenizer=tokenizer, prompt=prompt)
    except PayloadError as error:
        if error.came:
            came = put_back(error.came[0], temperature)
            broken = score_completion(came, compiled.as_requested, mask=mask, match=match)
            error.report = replace(broken, policy=limits)
        raise
    read_by = compiled.read_with(answer.layout)
    answer = put_back(answer, temperature)
    report = score_completion(answer, read_by, mask=mask, match=match, settle=settle)
    return _judged(report, limits, maps)


def _judged(report: Report[Any], policy: Policy, maps: Calibrator | None) -> Report[Any]:
    report = maps(report) if maps else report
    return report if policy is report.policy else replace(report, policy=policy)


@overload
def score_all(
    payload: Any, schema: type[T], *, mask: Mask | None = None, match: Match = "exact",
    tokenizer: Any = None, prompt: str | None = None, policy: PolicyLike | None = None,
    calibration: CalibratorLike | None = None, temperature: float | None = None,
) -> list[Report[T]]: ...  # fmt: skip
@overload
def score_all(
    payload: Any, schema: Any = None, *, mask: Mask | None = None, match: Match = "exact",
    tokenizer: Any = None, prompt: str | None = None, policy: PolicyLike | None = None,
    calibration: CalibratorLike | None = None, temperature: float | None = None,
) -> list[Report[Any]]: ...  # fmt: skip
def score_all(  # noqa: PLR0913  # options of a reading, by keyword
    payload: Any, schema: Any = None, *, mask: Mask | None = None, match: Match = "exact",
    tokenizer: Any = None, prompt: str | None = None, policy: PolicyLike | None = None,
    calibration: CalibratorLike | None = None, temperature: float | None = None,
) -> list[Report[Any]]:  # fmt: skip
    """A report for each answer in a response: each choice, and each tool call of a choice.

    Of several whole responses (a list, JSON Lines) it has the reports of each, choices numbered
    through. Args and errors are those of ``score``; ``choice`` and ``tool`` of a report say which
    is which.

    >>> choice = lambda i, text: {"index": i, "message": {"content": text}, "logprobs": {
    ...     "content": [{"token": text, "logprob": -0.1}]}}
    >>> [report.data for report in score_all({"choices": [choice(0, "1"), choice(1, "2")]})]
    [1, 2]
    """
    compiled = compile_schema(schema)
    check_match(compiled, match)
    limits, maps = Policy.of(policy).check(compiled.as_requested), Calibrator.of(calibration)
    reports = (
        score_completion(
            put_back(answer, temperature), compiled.read_with(answer.layout), mask=mask, match=match
        )
        for answer in completions(payload, tokenizer=tokenizer, prompt=prompt)
    )
    return [_judged(report, limits, maps) for report in reports]


def score_completion(
    completion: Completion,
    schema: Schema,
    *,
    mask: Mask | None = None,
    layout: Layout | None = None,
    match: Match = "exact",
    settle: Settle | None = None,
) -> Report[Any]:
    """The report of one completion; with ``settle`` after requests for what it leaves open.

    Raises:
        RequestError: if the asking failed; it carries the ``report`` of what is known.
    """
    if completion.decisions:
        return decided(completion, schema)
    if schema.labels is not None:
        return read_label(completion, schema, mask=mask, settle=settle)
    spelling, tokens = spell_completion(completion), completion.tokens or ()
    layout = layout or completion.layout
    content = spelling.content

    def scored(store: TreeStore) -> Report[Any]:
        scorer = Scorer(
            schema, tokens, missing=spelling.reason, layout=layout, match=match, store=store
        )
        scorer.feed_all(content, spelling.pieces or (TokenPiece(None, 0, len(content)),))
        return scorer.finish(completion, content, mask=mask)

    return settled(scored, tokens, settle)


class Scorer:
    """Takes tokens one by one and returns fields as they close.

    Args:
        schema: the compiled schema.
        tokens: the answer's tokens; a list may grow between two calls of ``feed``.
        missing: why no token can be used; then fields have values without numbers.
        layout: what the server's grammar forbids beyond the schema.
        store: the store of the trees; by default none is kept.
        match: how labels are matched with the members of an enum.
        any_kind: whether a value of a kind that the schema does not allow is read, too.
    """

    def __init__(
        self,
        schema: Schema,
        tokens: Sequence[Token],
        *,
        missing: str = "",
        layout: Layout | None = None,
        store: TreeStore | None = None,
        match: Match = "exact",
        any_kind: bool = False,
    ) -> None:
        self._schema, self._store = schema, store or TreeStore(keeps=False)
        kinds = schema.root.declared.kinds or KINDS  # if nothing is allowed, any value is read
        self._kinds = KINDS if any_kind else kinds
        openers = b"{" * ("object" in self._kinds) + b"[" * ("array" in self._kinds)
        has_scalars = bool(self._kinds & _SCALAR_KINDS)
        self._aligner = Aligner(Finder(openers=openers, scalars=has_scalars))
        self._evidence = Evidence(tokens, missing, are_named=not schema.mentions(SPACES))
        self._new_field_scorer = partial(
            FieldScorer, schema, self._evidence, layout=layout, store=self._store, match=match
        )
        self._again = partial(
            Scorer, schema, tokens, missing=missing, layout=layout, store=self._store,
            match=match, any_kind=True,
        )  # fmt: skip
        self._field_scorer = self._new_field_scorer()
        self._values = ValueBuilder()
        self._fields: dict[Path, Field] = {}
        self._has_root = False  # whether a value has begun

    @property
    def parser(self) -> JSONParser | None:
        """The parser of the value; None before it begins. Do not feed it."""
        return self._aligner.finder.parser

    @property
    def done(self) -> bool:
        """Whether the value is complete; it is a draft if reasoning ends behind it."""
        return self._aligner.finder.done

    @property
    def data(self) -> Any:
        """The plain JSON value, as far as it was written."""
        return self._values.root

    def feed(self, written: bytes, token: int | None) -> list[Field]:
        """Take the bytes that the token of this index wrote (None: no token did)."""
        self._evidence.learn(token)
        aligned = self._aligner.feed(written, token)
        return self._take(aligned) if aligned else []

    def feed_all(self, content: bytes, pieces: Sequence[TokenPiece]) -> None:
        """Take a whole answer, faster than piece by piece."""
        for at in range(0, len(pieces), _MANY):
            some = pieces[at : at + _MANY]
            tokens, starts, stops = zip(*some, strict=True)
            self._evidence.learn_all(tokens)
            written = [content[start:stop] for _, start, stop in some]
            self._evidence.read_candidates(tokens, written)
            self._take(self._aligner.feed_all(content[starts[0] : stops[-1]], tokens, starts))

    def finish(
        self, completion: Completion, content: bytes, *, mask: Mask | None = None
    ) -> Report[Any]:
        """The report, once all of ``content`` has been fed."""
        self._take(self._aligner.close())
        if self._aligner.finder.parser is None:
            self._forget()  # the fields were a draft
            if self._kinds < KINDS:
                again = self._again()
                again.feed_all(content, self._aligner.pieces)
                report = again.finish(completion, content, mask=mask)
                if again.parser is not None:
                    return replace(report, flags=(OTHER_KIND, *report.flags))
        self._note_open(completion, len(content))
        status, reason = self._status(completion)
        fields = {field.pointer: field for field in _current(self._fields)}
        data, value, errors = self._values.root, None, ()
        owners = self._owners(completion, fields)
        is_beside = self._aligner.finder.beside is not None and () in self._fields
        flags = completion.flags + ((OTHER_JSON,) if is_beside else ())
        flags += ("saturated",) if _is_saturated(completion, owners) else ()
        prompt_logprobs = [token.logprob for token in completion.prompt]
        root = self._fields.get(())
        if status in WHOLE and root is not None:
            value, errors = self._schema.validate(content[root.start : root.stop], data)
        return Report(
            status=status, value=value, data=data, fields=fields,
            reason=f"{reason} ({completion.aside})" if reason and completion.aside else reason,
            errors=tuple(how_sure(error, fields) for error in errors),
            mask=mask or completion.mask, owners=owners, flags=flags,
            text=completion.content, tokens=completion.tokens or (), model=completion.model,
            finish_reason=completion.finish_reason, refusal=completion.refusal,
            precision=completion.precision, choice=completion.choice, tool=completion.tool,
            answer_score=self._answer(completion.tokens or (), len(content)),
            prompt_score=text_score(prompt_logprobs, is_prompt=True) if prompt_logprobs else None,
            prompt_tokens=completion.prompt,
            input_tokens=completion.prompt_tokens, output_tokens=completion.completion_tokens,
            schema=self._schema,
        )  # fmt: skip

    def _take(self, aligned: Sequence[Aligned]) -> list[Field]:
        closed: list[Field] = []
        field_scorer, tree, fields = self._field_scorer, self._values, self._fields
        for item in aligned:
            event = item.event
            kind, path, _, _, _ = event
            if kind == "key":
                field_scorer.name(item)
                continue
            if not path and kind != "close":
                if self._has_root:
                    self._forget()
                    field_scorer, tree, fields = self._field_scorer, self._values, self._fields
                self._has_root = True
            tree.take(event)
            if kind != "close":
                field_scorer.begin(item)
            if kind != "open":
                field = fields[path] = field_scorer.make(item, tree.value, is_again=path in fields)
                closed.append(field)
        return closed

    def _forget(self) -> None:
        """Drop the fields so far: they were a draft of the answer."""
        if self._has_root:
            self._has_root = False
            self._store.forget()
            self._field_scorer = self._new_field_scorer()
            self._values, self._fields = ValueBuilder(), {}

    def _note_open(self, completion: Completion, size: int) -> None:
        """Add fields for values still open at the end; a root number may be open: 12 of 123."""
        root, parser = self._fields.get(()), self._aligner.finder.parser
        is_length = completion.finish_reason == "length"
        may_be_cut = is_length or (completion.is_cut and root is not None and root.stop == size)
        if root is not None and root.kind == "number" and may_be_cut:
            self._fields[()] = truncated((), None, "number", root.start, root.stop)
            self._values.root = None
        if parser is None or self._aligner.finder.done:
            return
        value = self._values.root
        for depth, (path, start, is_object) in enumerate(parser.open_containers):
            value = value[path[-1]] if depth else value
            kind = "object" if is_object else "array"
            self._fields[path] = truncated(path, value, kind, start, parser.offset)
        if parser.place in _SCALAR_PLACES:
            kind = kind_begun(parser.text)
            self._fields[parser.path] = truncated(
                parser.path, None, kind, parser.start, parser.offset
            )

    def _status(self, completion: Completion) -> tuple[Status, str]:
        if completion.refusal and not completion.content:
            return "refused", f"the model refused: {completion.refusal}"
        if completion.content is None and completion.tokens is None and completion.note:
            return "no_logprobs", completion.note  # and so no text either
        if self._aligner.finder.is_prose and self._schema.is_free:
            return "text", self._evidence.missing
        return self._how_it_ended(completion)

    def _how_it_ended(self, completion: Completion) -> tuple[Status, str]:
        """Status and reason of an answer that should be JSON."""
        root, error = self._fields.get(()), self._aligner.finder.error
        begun = self._aligner.finder.parser is not None
        if error is not None and error.problem != ENDS_EARLY and (begun or not completion.is_cut):
            return "malformed", f"the answer is not JSON: {error}"
        if root is None or "truncated" in root.flags:
            return "truncated", _truncated_reason(completion)
        if self._evidence.missing:
            status = "no_logprobs" if completion.tokens is None else "unaligned"
            return status, self._evidence.missing
        beside = self._aligner.finder.beside
        return "complete", "" if beside is None else f"{OTHERS[OTHER_JSON]}, at byte {beside}"

    def _answer(self, tokens: Sequence[Token], size: int) -> TextScore | None:
        """The score of all tokens that wrote the text; those of marks around it are left out."""
        if self._evidence.missing or not tokens or not size:
            return None
        first, last = self._aligner.touching(0, size)
        wrote = self._aligner.tokens[first:last]
        return text_score([tokens[index].logprob for index in wrote if index is not None])

    def _owners(self, completion: Completion, fields: Mapping[str, Field]) -> tuple[str, ...]:
        if self._evidence.missing:
            return ()
        leaves = [(f.start, f.stop, name) for name, f in fields.items() if f.is_leaf]
        root = self._fields.get(())
        owners = self._aligner.owners(leaves, (root.start, root.stop) if root else None)
        count, tokens = len(completion.tokens or ()), self._aligner.tokens
        if tokens == list(range(count)):
            return tuple(owners)
        wrote = dict(zip(tokens, owners, strict=True))
        return tuple([wrote.get(index, "outside") for index in range(count)])


def _is_saturated(completion: Completion, owners: Sequence[str]) -> bool:
    """Whether nearly all tokens of values are all but certain, see ``MOSTLY``.

    If each of them has exactly 0.0, the server's numbers are wrong (speculative decoding,
    DeepSeek's thinking), unless it rounds.
    """
    tokens = completion.tokens or ()
    pairs = zip(tokens, owners, strict=False)
    values = [t.logprob for t, owner in pairs if owner not in ("structure", "outside")]
    logprobs = [logprob for logprob in values if logprob is not None]
    if completion.precision is None and len(logprobs) >= FEWEST_ZEROS and not any(logprobs):
        return True
    certain = sum(logprob > CERTAIN for logprob in logprobs)
    return len(logprobs) >= FEWEST_CERTAIN and certain >= MOSTLY * len(logprobs)


def _current(fields: Mapping[Path, Field]) -> list[Field]:
    """The fields in document order, without those of a value that a duplicate key replaced."""
    current: dict[Path, Field] = {}
    for field in sorted(fields.values(), key=lambda field: field.start):
        parent = current.get(field.path[:-1])
        if not field.path or (parent is not None and parent.start <= field.start):
            current[field.path] = field
    return list(current.values())


def _truncated_reason(completion: Completion) -> str:
    if completion.refusal:
        return f"the model refused midway: {completion.refusal}"
    if completion.finish_reason == "length":
        return "the answer was cut off at the token limit: raise max_tokens"
    if completion.finish_reason == "content_filter":
        return "the server's content filter cut the answer off"
    return "the answer ends before its JSON does"

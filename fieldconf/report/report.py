"""The report: an answer with a confidence for every field.

In:    fields that were scored, and how the answer ended.
Out:   ``Report``: frozen, plain to read; it can be saved, sent and read back.
Never: a computation that needs the response again; a number that is not known.
Why:   the answer, its numbers and what is wrong with it belong together.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace
from pathlib import Path as FilePath
from typing import Any, Generic, Self, TypeVar, cast, overload

from fieldconf.errors import CalibrationError, OutputError, RequestError
from fieldconf.fields.field import Field
from fieldconf.fields.plain_values import (
    plain_record,
    plain_token,
    plain_value,
)
from fieldconf.fields.readings import Calibrated, RequestCost
from fieldconf.fields.status import OTHERS, Status, Stopped
from fieldconf.formulas import TextScore
from fieldconf.page import notebook
from fieldconf.page.document import report_page, written_page
from fieldconf.page.masking import masked_report
from fieldconf.page.report_view import PageReport
from fieldconf.policy import (
    USUAL,
    FieldJudge,
    Outcome,
    Policy,
    PolicyLike,
    Verdict,
    not_counting,
    outcome_of,
    problems_of,
    scope_of,
)
from fieldconf.redaction import redact_of
from fieldconf.render import explained, lines
from fieldconf.report.frame import Library, frame
from fieldconf.report.input_text import searched_text
from fieldconf.report.load import VERSION, read, read_text
from fieldconf.report.lookup import ByPointer, Lookup, Name
from fieldconf.report.packing import packed, unpacked
from fieldconf.schema import Schema, SchemaViolation, compile_schema
from fieldconf.schema.attribute_paths import paths_of, steps_of
from fieldconf.statistics.threshold_decisions import Decided
from fieldconf.threads import cached_property
from fieldconf.tokens.token import Mask, Token

T = TypeVar("T")
S = TypeVar("S")

_SHOWN = 8  # leaves in a report's repr


@dataclass(frozen=True, repr=False)
class Report(Mapping[str, Field], Generic[T]):
    """An answer with a confidence for every field.

    Attributes:
        status: how the answer ended: "complete"; "truncated" (it ends before the value does);
            "malformed" (not JSON from some byte on); "refused"; "unaligned" (the tokens do not
            spell the text) and "no_logprobs" (both: values without numbers); "text" (there is no
            schema and no JSON: ``answer_score`` and ``tokens`` have the numbers of a free text).
        value: the validated value (a model instance for a model); None if it does not validate.
        data: the plain JSON value, as far as it closed.
        fields: JSON Pointer -> ``Field``, in document order, leaves and containers.
        errors: how the answer breaks its schema, each with the value that does, how sure the model
            was of it and its tokens; empty if it keeps to it.
        reason: what ``status`` means in this case, one sentence; empty if complete, but for what
            the flag "other_json" found.
        flags: "saturated": nearly all tokens of the values have a probability above .999, so that
            the numbers tell no field from another (a server that reports them at a temperature
            near 0 does this; so does a model that is sure of everything). "temperature": the server
            took its logprobs after a temperature other than 1, and they were put back to 1; with
            few candidates ``low`` and ``high`` are then far apart. "temperature_unknown": the
            request set a temperature other than 1, and it is not known whether the server takes its
            logprobs before or after it: the numbers are as it gave them. "fewer_samples": of the
            samples asked for, some requests failed: the others count. "answer_in_reasoning_content"
            (or "answer_in_reasoning", "answer_in_thinking"): the content is empty, and the answer
            was read from the field of that name. "other_json": other JSON values stand beside the
            answer's (a second one, JSON Lines, a list in the prose), and "other_kind": the answer
            is a list where the schema asks for an object, or the like: no policy accepts a field
            of such an answer.
        mask: whether the logprobs stand "before" or "after" tokens that the schema forbids
            were excluded; "unknown" where nothing says so.
        precision: the step (nats) to which the server rounded its logprobs, as OpenAI's Responses
            objects do (1e-6): a 0.0 is then only nearly certain; None where it did not.
        choice: which of several answers to one request this is.
        tool: the name of the tool of whose call this is the argument; empty for an answer in the
            content.
        answer_score: logprob, mean and perplexity of the answer's text; None without logprobs.
        prompt_score: the same of the prompt, where the response lists its tokens; or None.
        prompt_tokens: these tokens, empty where they are not listed. The score of a part of the
            prompt, such as its third example, is ``formulas.text_score`` of their logprobs (nats).
        stopped: where and why a rule of yours stopped the reading (``status`` is then "truncated"),
            and how many tokens that spared; None if none did.
        input_tokens, output_tokens: how many tokens the server says that the prompt and the answer
            have; None where it does not say. Of several requests, all together.
        requests: of a report that several requests led to: each of them, and what it cost; empty
            for one answer.
        calibration: by what its confidences were calibrated; None of a report as it was scored.
        policy: by which limits its fields are accepted, reviewed or rejected; no part of what
            makes two reports equal.
        owners: for each token the pointer of the leaf that owns it, "structure" or "outside".
        text: the answer as received; None if there is none.
        schema: what the answer was read by.
        input, instructions: what was read, and what the model was told, where ``extract`` and its
            like asked; None where a saved response was scored. Who asks again needs them. They are
            no part of the plain form, nor of what makes two reports equal.
        refusal: what the model said in place of an answer; None if it did not refuse.
        response: the response as it came, with the settings of its request, as plain JSON values:
            where ``extract`` and its like were told to keep it; else None. ``score`` reads it again
            and gives the same numbers. It is no part of what makes two reports equal.
        tokens: the answer's tokens, as received.
        model: the name of the model, as received.
        finish_reason: why the server stopped, as received; "length" stands for every server's word
            for the token limit.
    """

    status: Status
    value: T | None = None
    data: Any = None
    fields: dict[str, Field] = field(default_factory=dict[str, Field])
    errors: tuple[SchemaViolation, ...] = ()
    reason: str = ""
    flags: tuple[str, ...] = ()
    mask: Mask = "unknown"
    precision: float | None = None
    choice: int = 0
    tool: str = ""
    answer_score: TextScore | None = None
    prompt_score: TextScore | None = None
    stopped: Stopped | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    requests: tuple[RequestCost, ...] = ()
    calibration: Calibrated | None = None
    policy: Policy = field(default=USUAL, repr=False, compare=False)
    owners: tuple[str, ...] = field(default=(), repr=False)
    text: str | None = field(default=None, repr=False)
    tokens: tuple[Token, ...] = field(default=(), repr=False)
    prompt_tokens: tuple[Token, ...] = field(default=(), repr=False)
    model: str = ""
    finish_reason: str | None = None
    refusal: str | None = None
    schema: Schema = field(default_factory=Schema, repr=False, compare=False)
    input: Any = field(default=None, repr=False, compare=False)
    instructions: str | None = field(default=None, repr=False, compare=False)
    response: dict[str, Any] | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        leaves = list(self.leaves.values())
        shown = [field.brief for field in leaves[:_SHOWN]]
        more = [f"{len(leaves) - _SHOWN} more"] if len(leaves) > _SHOWN else []
        count = len(self.errors)
        wrong = f", {count} {'error' if count == 1 else 'errors'}" if count else ""
        return f"<Report {self.status}{wrong}: {', '.join([*shown, *more]) or 'no fields'}>"

    def __str__(self) -> str:
        return lines.text(self.to_dict())

    def __rich__(self) -> Any:
        return lines.whole(self.to_dict())

    def _repr_html_(self) -> str:
        return notebook.report_table(self.to_dict())

    def __post_init__(self) -> None:
        """Tell each field what judges it. A field that another report judges is copied."""
        judge = self._judge()
        for name, scored in self.fields.items():
            if scored.judged_by is None:
                object.__setattr__(scored, "judged_by", (judge, self._object_of(scored, name)))
                continue
            same, parent = scored.judged_by
            if (same is not judge and same != judge) or parent is not self._object_of(scored, name):
                break
            judge = cast("FieldJudge", same)
        else:
            return
        fields = self.fields
        object.__setattr__(self, "fields", dict[str, Field]())
        for name, scored in fields.items():
            judged_by = judge, self._object_of(scored, name)
            self.fields[name] = replace(scored, judged_by=judged_by)

    def _object_of(self, scored: Field, name: str) -> Field | None:
        """The object in which a field is written; None for an item and for the root."""
        parent = self.fields.get(name.rpartition("/")[0]) if scored.path else None
        return parent if parent is not None and parent.kind == "object" else None

    def _judge(self) -> FieldJudge:
        return FieldJudge(
            self.policy, self.schema.root,
            problems_of(self.errors, self.fields) if self.errors else {},
            lacks_tokens=(
                self.status in ("unaligned", "no_logprobs") or self.answer_score is not None
            ),
            other=next((words for flag, words in OTHERS.items() if flag in self.flags), ""),
            answer=None if self.policy.guarantee is None else self._answer,
        )  # fmt: skip

    @property
    def _answer(self) -> tuple[str, Schema, str | None, Calibrated | None]:
        return self.model, self.schema, self.instructions, self.calibration

    # -- a mapping from names to fields ---------------------------------------------------------

    @property
    def _lookup(self) -> Lookup:
        return Lookup(self.fields, self.schema.root)

    def __getitem__(self, name: Name) -> Field:
        """The field of a name: ``report["/items/0/price"]``, ``report["items[0].price"]``.

        A name is a JSON Pointer, attributes as in ``of``, or a path: ``report["items", 0]``. One
        step may stand alone: ``report["items"]``, ``report[0]``. Iteration gives the pointers.

        Raises:
            KeyError: if the answer has no such field; the message lists near names.
        """
        if isinstance(name, str) and name in self.fields:
            return self.fields[name]
        pointer = self._lookup.pointer(name)
        if pointer is None:
            raise self._lookup.missing(name)
        return self.fields[pointer]

    def __contains__(self, name: object) -> bool:
        return self._lookup.pointer(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __bool__(self) -> bool:
        """True, also for an answer without fields: ``if error.report`` asks for a report."""
        return True

    def of(self, pick: Callable[[T], Any] | str) -> Field:
        """The field of an attribute of the value: ``report.of(lambda t: t.customer.email)``.

        An editor knows the attributes, aliases are undone, and it works where the answer did not
        validate, too. A text does the same: ``report.of("items[0].price")``.

        Raises:
            KeyError: if the answer has no such field; the message names where it would be.
            ValueError: if ``pick`` gives no attribute.

        >>> import fieldconf as fc
        >>> entry = {"token": '{"ok": true}', "logprob": -0.1}
        >>> report = fc.score({"choices": [{"message": {"content": entry["token"]},
        ...                                 "logprobs": {"content": [entry]}}]})
        >>> report.of(lambda answer: answer.ok).value
        True
        """
        steps = steps_of(pick)
        pointer = self._lookup.attributes(steps)
        if pointer is None:
            raise self._lookup.missing(paths_of(steps, self.schema.root)[0])
        return self.fields[pointer]

    def explain(self, name: Name) -> str:
        """All that is known of a field, in sentences, as text.

        Its value, its confidence and the formula, the bounds, the other values, the decisive token
        with its candidates, the flags, the reasons for its outcome, and what to do next.

        Args:
            name: as for ``report[name]``.

        Raises:
            KeyError: if the answer has no such field; the message lists near names.

        >>> import fieldconf as fc
        >>> entry = {"token": "true", "logprob": -0.105360515657826}
        >>> report = fc.score({"choices": [{"message": {"content": "true"},
        ...                                 "logprobs": {"content": [entry]}}]}, bool)
        >>> print(report.explain("").splitlines()[0])
        (whole)  true  0.900  accept
        """
        return explained.text(self.to_dict(tokens=True), self[name].pointer)

    @property
    def confidence(self) -> float | None:
        """The least confidence among the required leaves (0..1); None if one is not known."""
        root = self.fields.get("")
        return root.confidence if root and self.status == "complete" else None

    @cached_property
    def leaves(self) -> dict[str, Field]:
        """The scalar fields and empty containers only."""
        leaves = {name: field for name, field in self.fields.items() if field.is_leaf}
        return ByPointer(leaves, self._lookup)

    # -- what to do with it ---------------------------------------------------------------------

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """What to do with each scalar and list, by pointer, with the reasons.

        Objects are judged by their fields; they are here only with a reason of their own.
        """
        verdicts: dict[str, Verdict] = {}
        ignored = not_counting(self.fields)
        for name, scored in self.fields.items():
            judge, parent = cast("tuple[FieldJudge, Field | None]", scored.judged_by)
            verdict = judge.verdict(scored, parent)
            if verdict is not None:
                counts = name not in ignored or name in judge.problems
                verdicts[name] = verdict if counts else replace(verdict, counts=False)
        return ByPointer(verdicts, self._lookup)

    @property
    def outcome(self) -> Outcome:
        """The worst of its fields' outcomes; "reject" if the answer is not whole.

        >>> Report(status="refused").outcome
        'reject'
        """
        return outcome_of(self.verdicts, self.status)

    @property
    def accepted(self) -> dict[str, Field]:
        """The fields that can be used as they are, by pointer."""
        return self._of_outcome("accept")

    @property
    def to_review(self) -> dict[str, Field]:
        """The fields that somebody should look at, by pointer."""
        return self._of_outcome("review")

    @property
    def rejected(self) -> dict[str, Field]:
        """The fields to ask for again, by pointer."""
        return self._of_outcome("reject")

    def _of_outcome(self, outcome: Outcome) -> dict[str, Field]:
        verdicts = self.verdicts.items()
        fields = {name: self.fields[name] for name, v in verdicts if v.outcome == outcome}
        return ByPointer(fields, self._lookup)

    @property
    def scope(self) -> dict[str, str]:
        """What its numbers are of, by name; empty texts where that is not known.

        "model"; "schema" and "prompt" (digests); "calibration" (the digest of the calibrator, or
        "none"). Calibrations and guarantees hold for answers of one scope.
        """
        return scope_of(*self._answer)

    def with_policy(self, policy: PolicyLike | None, *, force: bool = False) -> Self:
        """The same answer judged by another policy: one, its plain values, or its file.

        Args:
            policy: the policy.
            force: take one that was certified on labels of another model, schema, prompt or
                calibration, too; it is then for any.

        Raises:
            PolicyError: if it is none, or names a field that the schema does not have.
            CalibrationError: if it was certified for others. Where such a policy came in as
                ``policy=``, the answer is not lost, but no field of it is accepted.

        >>> Report(status="complete").with_policy({"accept": 0.8}).policy.accept
        0.8
        """
        limits = Policy.of(policy).check(self.schema)
        if limits.guarantee is not None and force:
            limits = replace(limits, guarantee=replace(limits.guarantee, scope={}))
        elif limits.guarantee is not None:
            limits.guarantee.check(self.scope)
        return replace(self, policy=limits)

    def calibrated(self, calibrator: Any, *, force: bool = False) -> Self:
        """The same answer with calibrated confidences; judged by them, too.

        Of each field ``confidence``, ``low``, ``high`` and ``distribution`` are calibrated, ``raw``
        is the confidence before; an object again has the least confidence that is required inside.
        What the model's own numbers are (``logprob``, ``variants``, ``presence``,
        ``end_probabilities``) stays. A confidence that is not known stays unknown.

        Args:
            calibrator: what ``fc.calibrate`` or ``Calibrator.read`` gave.
            force: take one that was fitted for another model, schema or prompt, too.

        Raises:
            CalibrationError: if it was fitted for others, or the report is calibrated already.

        >>> import fieldconf as fc
        >>> entry = {"token": "true", "logprob": -0.1}
        >>> report = fc.score({"choices": [{"message": {"content": "true"},
        ...                                 "logprobs": {"content": [entry]}}]}, bool)
        >>> rows = [{"document": i, "field": "", "confidence": 0.9, "right": i % 2}
        ...         for i in range(100)]
        >>> made = report.calibrated(fc.calibrate(rows))
        >>> round(made[""].raw, 2), 0.4 < made.confidence < 0.6
        (0.9, True)
        """
        if not callable(calibrator):
            raise CalibrationError(
                f"a {type(calibrator).__name__} is no calibrator",
                remedy="Give what fc.calibrate or fc.Calibrator.read gave",
            )
        return cast("Self", calibrator(self, force=force))

    def decided(self, threshold: Any) -> dict[str, Decided]:
        """What a threshold decides of the fields that it is for, by pointer.

        The answer stays as it is: ``Decided`` has the label beside the one that was written.

        Args:
            threshold: what ``fc.Threshold.fitted`` gave.

        >>> import fieldconf as fc
        >>> tops = [{"token": "false", "logprob": -0.51}, {"token": "true", "logprob": -0.92}]
        >>> report = fc.score({"choices": [{"message": {"content": "false"}, "logprobs": {
        ...     "content": [tops[0] | {"top_logprobs": tops}]}}]}, bool)
        >>> decided = report.decided(fc.Threshold("", True, cut=0.3))[""]
        >>> decided.label, decided.written, round(decided.probability, 2)
        (True, False, 0.4)
        """
        return threshold.decide(self)

    # -- saving, sending and reading back -------------------------------------------------------

    def to_dict(self, *, tokens: bool = False) -> dict[str, Any]:
        """Plain JSON values, see ``from_dict``.

        Values that JSON cannot hold are texts: inf, integers of thousands of digits, what is nested
        deeper than ``DEEPEST``. ``tokens`` adds the answer's text, its tokens with their
        candidates, and which of them each field has.
        """
        fields: dict[str, dict[str, Any]] = {}
        for name, scored in self.fields.items():
            verdict = self.verdicts.get(name)
            fields[name] = scored.to_dict(tokens=tokens) | (
                {"outcome": None, "reasons": []} if verdict is None else verdict.to_dict()
            )
        plain: dict[str, Any] = {
            "version": VERSION,
            "status": self.status,
            "reason": self.reason,
            "flags": list(self.flags),
            "confidence": self.confidence,
            "mask": self.mask,
            "precision": self.precision,
            "choice": self.choice,
            "tool": self.tool,
            "answer_score": plain_record(self.answer_score),
            "prompt_score": plain_record(self.prompt_score),
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "stopped": plain_record(self.stopped),
            "model": self.model,
            "finish_reason": self.finish_reason,
            "refusal": self.refusal,
            "data": plain_value(self.data),
            "errors": [self._plain_error(error, tokens=tokens) for error in self.errors],
            "outcome": self.outcome,
            "policy": self.policy.at(self.schema).to_dict(),
            "fields": fields,
        }
        if self.requests:
            plain["requests"] = [plain_record(request) for request in self.requests]
        if self.calibration is not None:
            plain["calibration"] = plain_record(self.calibration)
        if self.response is not None:
            plain["response"] = self.response
        if tokens:
            plain["text"] = self.text
            plain["tokens"] = [plain_token(token) for token in self.tokens]
            if self.prompt_tokens:
                plain["prompt_tokens"] = [plain_token(token) for token in self.prompt_tokens]
            plain["owners"] = list(self.owners)
        return plain

    def to_json(self, *, indent: int | None = None, tokens: bool = False) -> str:
        """``to_dict`` as JSON text; characters outside ASCII are escaped."""
        return json.dumps(self.to_dict(tokens=tokens), indent=indent, allow_nan=False)

    @overload
    @staticmethod
    def from_dict(plain: Mapping[str, Any], schema: type[S]) -> "Report[S]": ...
    @overload
    @staticmethod
    def from_dict(plain: Mapping[str, Any], schema: Any = None) -> "Report[Any]": ...
    @staticmethod
    def from_dict(plain: Mapping[str, Any], schema: Any = None) -> "Report[Any]":
        """The report of which this is the ``to_dict``.

        Args:
            plain: what ``to_dict`` gave, with or without the tokens. Without them the fields have
                none, ``owners`` is empty and ``text`` is None; and ``min_step`` is not known.
            schema: what the answer was read by: a pydantic model or a JSON Schema. The data is
                validated by it again, so that ``value`` and ``errors`` are what it says today.
                Without one ``value`` is the plain data, ``errors`` and the settings of fields are
                as they were saved. Outcomes and reasons follow from all that, by the saved policy.

        Raises:
            PayloadError: if it is no such form; unknown keys and other versions count.
            SchemaError: if the schema is no schema.

        >>> report = Report(status="truncated", reason="the answer ends before its JSON does")
        >>> Report.from_dict(report.to_dict()) == report
        True
        """
        compiled = schema if isinstance(schema, Schema) else compile_schema(schema).as_requested
        return Report(**read(plain, compiled, Report))

    @overload
    @staticmethod
    def from_json(text: str | bytes, schema: type[S]) -> "Report[S]": ...
    @overload
    @staticmethod
    def from_json(text: str | bytes, schema: Any = None) -> "Report[Any]": ...
    @staticmethod
    def from_json(text: str | bytes, schema: Any = None) -> "Report[Any]":
        """The report of which this is the ``to_json``; see ``from_dict``."""
        return Report.from_dict(read_text(text), schema)

    def to_frame(self, library: Library | None = None) -> Any:
        """A data frame with a row for each scalar and each empty container.

        Columns: "pointer", "value" (a string as it is, any other value as JSON text), "kind",
        "confidence", "low", "high" and "rank" (0..1), "logprob" (nats), "basis", "outcome", and
        "reason" (what speaks against the value, or why there is no confidence).

        Args:
            library: "pandas" or "polars"; None: pandas if it is installed, else Polars.

        Raises:
            MissingPackageError: if the library is not installed.

        >>> Report(status="refused").to_frame("pandas").shape
        (0, 11)
        """
        return frame([({}, self.leaves, self.verdicts)], {}, library)

    @overload
    def to_html(
        self, path: None = None, *, source: str | None = None, redact: Any = None
    ) -> str: ...
    @overload
    def to_html(
        self, path: str | FilePath, *, source: str | None = None, redact: Any = None
    ) -> FilePath: ...
    def to_html(
        self, path: str | FilePath | None = None, *, source: str | None = None, redact: Any = None
    ) -> str | FilePath:
        """One HTML file: the text that was read beside the answer, and how sure each value is.

        The file needs nothing else, and is readable without JavaScript. Where the values stand in
        the text is marked if that was looked for (``fc.locate``, ``fc.extract(locate=True)``).

        Args:
            path: write the page to this file.
            source: the text that was read; by default that of ``input``.
            redact: True masks all values and texts in the file; a function from text to text
                masks those that it changes. Keys of the answer stay.

        Returns:
            The path; without one the text of the page.

        Raises:
            OutputError: if the file cannot be written, or ``redact`` is none of these.

        >>> import fieldconf as fc
        >>> entry = {"token": '"Anna"', "logprob": -0.1}
        >>> report = fc.score({"choices": [{"message": {"content": '"Anna"'},
        ...                                 "logprobs": {"content": [entry]}}]}, str)
        >>> "Anna" in report.to_html(), "Anna" in report.to_html(redact=True)
        (True, False)
        """
        text = report_page(self.page_report(source=source, redact=redact))
        return text if path is None else written_page(text, path)

    def page_report(
        self, *, source: str | None = None, redact: Any = None, name: str = ""
    ) -> PageReport:
        """What a page needs of the report; the arguments are those of ``to_html``.

        ``name`` is that of the document.
        """
        if source is None:
            with suppress(RequestError):  # there is none, or there are several
                source = searched_text(self.input)
        schema = "" if self.schema.is_free else self.schema.name
        plain = PageReport(self.to_dict(tokens=True), source, schema, name)
        mask = redact_of(redact, OutputError)
        return plain if mask is None else masked_report(plain, mask)

    def _plain_error(self, error: SchemaViolation, *, tokens: bool) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "pointer": error.pointer, "problem": error.problem, "value": plain_value(error.value),
            "confidence": error.confidence,
        }  # fmt: skip
        field = self.fields.get(error.pointer)
        if tokens:
            has_tokens = field is not None and error.tokens == field.tokens
            plain["indexes"] = list(field.indexes) if field and has_tokens else []
        return plain

    # -- pickle and copy ------------------------------------------------------------------------

    def __copy__(self) -> Self:
        return replace(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """What nothing can change (what was declared, tokens) is not copied."""
        declared = [part.declared for part in self.fields.values()]
        for part in (self.schema, *declared, *self.tokens, *self.prompt_tokens):
            memo[id(part)] = part
        copy = object.__new__(type(self))
        copy.__setstate__(deepcopy(self.__getstate__(), memo))
        return copy

    def __getstate__(self) -> dict[str, Any]:
        return packed({attribute.name: getattr(self, attribute.name) for attribute in fields(self)})

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(unpacked(state))
        self.__post_init__()

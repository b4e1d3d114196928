"""Report view: what a page shows of a report, as frozen records of texts and numbers.

In:    the plain form of a report (``Report.to_dict``), the text that was read.
Out:   ``ReportView``, with a ``Row`` for each field in the order of the answer.
Never: a bar for an unknown confidence: the reason stands there instead; recursion into an answer.
Why:   the templates hold no decisions, and the decisions can be tested without HTML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from fieldconf.page.source_view import SourcePart, lines_of, source_parts
from fieldconf.paths import parse_pointer
from fieldconf.render.lines import READING, outcomes, problems, summary
from fieldconf.render.table import SHOW, TRUST, notes, number, printable, reasons, shown

Tone: TypeAlias = Literal["accept", "review", "reject", "unknown", "none"]
"""How a value is colored: its outcome, else the band of its confidence by the usual limits."""

ENDS = frozenset({"close", "end_folded", "end"})

_MOST_OPEN = 300
"""In an answer of more values, what is in a list is folded: a browser needs seconds for it."""

Form: TypeAlias = Literal["leaf", "open", "close", "folded", "end_folded", "root", "end", "flat"]

LONGEST = 600  # characters of a value
_DEEPEST = 12  # objects and lists below this are not folded in each other: the screen ends
_LEFT_OUT = frozenset({"response", "owners", "prompt_tokens", "min_step"})
_KEPT = ("value", "confidence", "outcome")  # also where they are null
_EMPTY: Any = (None, "", [], {})
_NUMBERED = frozenset({"below_threshold", "unknown"})
"""Reasons that only repeat the number: the decisive token says more."""


@dataclass(frozen=True, slots=True)
class PageReport:
    """What a page needs of one report.

    Attributes:
        plain: ``Report.to_dict(tokens=True)``.
        source: the text that was read; None where it is not known.
        schema: the name of the schema; empty without one.
        name: of the document that was read; empty where nobody named it.
    """

    plain: Mapping[str, Any]
    source: str | None = None
    schema: str = ""
    name: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The entry of ``reports`` in the page's data."""
        plain = {key: value for key, value in self.plain.items() if key not in _LEFT_OUT}
        plain["fields"] = {
            name: {
                key: value
                for key, value in field.items()
                if key in _KEPT or (value not in _EMPTY and key not in _LEFT_OUT)
            }
            for name, field in self.plain["fields"].items()
        }
        plain["tokens"] = [_short(token) for token in self.plain.get("tokens", ())]
        return {
            "name": self.name, "schema": self.schema, "source": self.source, "report": plain
        }  # fmt: skip


def _short(token: Mapping[str, Any]) -> list[Any]:
    """A token as [text, logprob, [[text, logprob] for each candidate]]."""
    candidates = token.get("candidates", ())
    listed = [[each["text"], each["logprob"]] for each in candidates]
    return [token["text"], token["logprob"], listed]


@dataclass(frozen=True, slots=True)
class Row:
    """One value.

    Attributes:
        number: of the field, from 0, in the order of the answer.
        pointer: its JSON Pointer.
        key: the last step of its path, as it is shown; "answer" for the whole.
        value: its JSON text, cut if it is long; of a list or object, how many items or keys.
        figure: the confidence, three digits; "unknown".
        confidence, low, high: as percentages (0..100) for the bar; None where they are not known.
        outcome: "accept", "review", "reject", or "".
        tone: how it is colored.
        reason: the one reason that matters; empty if nothing speaks against it.
        lines: all reasons, other values and the formula; a sentence each.
        place: whether it has a place in the source.
        form: "leaf"; "open" for a list or object whose rows follow, up to its "close"; "folded" for
            one whose rows the script reads when it is opened, up to its "end_folded"; "root" for
            an answer that is an object, whose number its values have, up to its "end"; "flat" for
            what is nested too deep to be indented.
    """

    number: int
    pointer: str
    key: str
    kind: str
    value: str
    figure: str
    confidence: float | None
    low: float | None
    high: float | None
    outcome: str
    tone: Tone
    reason: str
    lines: tuple[str, ...]
    place: bool
    form: Form


@dataclass(frozen=True, slots=True)
class ReportView:
    """What a page shows of one report.

    Attributes:
        number: of the report in the page.
        title, meta: its heading: the schema; model and time, each with its label.
        status, outcome: of the report.
        counts: (outcome, how many values have it).
        figure: its confidence.
        lines: what holds for the whole answer, a sentence each.
        problems: how the answer breaks its schema.
        rows: the values.
        source: the parts of the text that was read; None where it is not known.
        source_note: what to know of the source; may be empty.
        text: the answer as it was written; empty without one.
        left_out: how many characters of the source are not shown.
        reading: how to read the numbers.
    """

    number: int
    title: str
    meta: tuple[tuple[str, str], ...]
    status: str
    outcome: str
    counts: tuple[tuple[str, int], ...]
    figure: str
    lines: tuple[str, ...]
    problems: tuple[str, ...]
    rows: tuple[Row, ...]
    source: tuple[SourcePart, ...] | None
    source_note: str
    text: str
    left_out: int
    reading: str


def report_view(report: PageReport, *, number: int = 0, time: str = "") -> ReportView:
    """What a page shows of a report; ``number`` is its place in the page."""
    plain = report.plain
    fields: Mapping[str, Any] = plain["fields"]
    rows = rows_of(fields)
    tones = {row.number: row.tone for row in rows}
    meta = [
        ("document", report.name), ("model", plain["model"]), ("schema", report.schema),
        ("written", time),
    ]  # fmt: skip
    source, left_out, note = None, 0, ""
    if report.source is not None:
        parts, left_out = source_parts(
            report.source, [*fields.values()], [tones[n] for n in range(len(fields))]
        )
        source, note = tuple(parts), _source_note(fields)
    outcome_lines = outcomes(plain)
    return ReportView(
        number,
        printable(report.name or report.schema or "Answer"),
        tuple((label, printable(text)) for label, text in meta if text),
        plain["status"],
        plain["outcome"] if outcome_lines else "",
        tuple(_counts(rows).items()),
        _figure(plain["confidence"]),
        tuple(summary(plain).plain.splitlines()),
        tuple(problems(plain)),
        tuple(rows),
        source,
        note,
        lines_of((plain.get("text") or "")[: 100 * LONGEST]),
        left_out,
        READING if fields else "",
    )


def rows_of(fields: Mapping[str, Any]) -> list[Row]:
    """The rows of a report: each field in its order, and the ends of lists and objects."""
    rows: list[Row] = []
    parents: list[tuple[str, Row]] = []
    sizes: dict[str, int] = {}
    for pointer in fields:
        if pointer:
            parent = pointer.rpartition("/")[0]
            sizes[parent] = sizes.get(parent, 0) + 1
    for at, (pointer, field) in enumerate(fields.items()):
        while parents and not pointer.startswith(f"{parents[-1][0]}/"):
            rows += _closed(parents.pop()[1])
        size = sizes.get(pointer)
        row = _row(at, pointer, field, size, [row for _, row in parents])
        is_folded = any(parent.form == "folded" for _, parent in parents)
        if row.form == "open" and len(fields) > _MOST_OPEN and row.key[0] == "[" and not is_folded:
            row = replace(row, form="folded")
        rows.append(row)
        if size is not None:
            parents.append((pointer, row))
    while parents:
        rows += _closed(parents.pop()[1])
    return rows


def _closed(row: Row) -> list[Row]:
    ends: dict[str, Form] = {"open": "close", "folded": "end_folded", "root": "end"}
    return [replace(row, form=ends[row.form])] if row.form in ends else []


def _row(
    at: int, pointer: str, field: Mapping[str, Any], size: int | None, parents: Sequence[Row]
) -> Row:
    confidence, depth = field["confidence"], len(parents)
    path = parse_pointer(pointer)
    key = printable(path[-1]) if path else "answer"
    if parents and parents[-1].kind == "array":
        key = f"[{key}]"
    value = shown(field)
    if size is not None:
        value = f"{size} {'item' if field['kind'] == 'array' else 'key'}{'s' * (size != 1)}"
    elif len(value) > LONGEST:
        value = f"{value[:LONGEST]} ... ({len(value) - LONGEST:,} more characters)"
    reason, lines = one_reason(field), [*reasons(field), notes(field).plain]
    tone = tone_of(field)
    form: Form = "leaf" if size is None else "open" if depth < _DEEPEST else "flat"
    if form == "open" and not path and tone == "none":
        form = "root"
    return Row(
        at,
        printable(pointer),
        key if form != "flat" and depth < _DEEPEST else printable(pointer),
        field["kind"],
        value,
        _figure(confidence),
        _percent(confidence),
        _percent(field["low"]),
        _percent(field["high"]),
        field.get("outcome") or "",
        tone,
        reason,
        tuple(line for line in dict.fromkeys(lines) if line and line != reason),
        bool(field.get("source_spans")),
        form,
    )


def tone_of(field: Mapping[str, Any]) -> Tone:
    """How a value is colored."""
    if field["confidence"] is None:
        return "unknown"
    if field["kind"] == "object" and not field.get("outcome"):
        return "none"  # its values are judged
    if outcome := field.get("outcome"):
        return outcome
    confidence = field["confidence"]
    return "accept" if confidence >= TRUST else "review" if confidence >= SHOW else "reject"


def one_reason(field: Mapping[str, Any]) -> str:
    """The reason that matters most; empty for a value that nothing speaks against."""
    if field["reason"]:
        return printable(field["reason"])
    verdict: Sequence[Mapping[str, Any]] = field.get("reasons") or ()
    other = next((each for each in verdict if each["name"] not in _NUMBERED), None)
    if other is not None:
        return printable(other["sentence"])
    if tone_of(field) in ("accept", "none"):
        return ""
    if field["why"]:
        return printable(field["why"]["sentence"])
    return printable(verdict[0]["sentence"]) if verdict else ""


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    counts = {"accept": 0, "review": 0, "reject": 0}
    for row in rows:
        if row.outcome and row.form not in ENDS:
            counts[row.outcome] += 1
    return counts if any(counts.values()) else {}


def _source_note(fields: Mapping[str, Any]) -> str:
    leaves = [field for field in fields.values() if field["kind"] in ("string", "number")]
    if any(field.get("source_spans") is not None for field in leaves) or not leaves:
        return ""
    return "The values were not searched for in this text: fc.locate(report) does that."


def _figure(confidence: float | None) -> str:
    return "unknown" if confidence is None else number(confidence)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)

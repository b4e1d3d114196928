"""Explained: everything that a report knows of one field, in sentences.

In:    a report's plain dict with its tokens (``Report.to_dict(tokens=True)``); a JSON Pointer.
Out:   (label, sentence) pairs; rich renderables; plain text.
Never: a number that the report does not have; a computation on logprobs.
Why:   "0.59" starts many questions, and the report has the answers in many attributes.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from fieldconf.errors import printable
from fieldconf.render.lines import FLAGS as ANSWER_FLAGS
from fieldconf.render.table import number, shown
from fieldconf.render.token_text import others_of, probability_of

if TYPE_CHECKING:
    from rich.console import RenderableType

Plain: TypeAlias = Mapping[str, Any]
Part: TypeAlias = tuple[str, str]
"""A label and a sentence."""

_WIDTH = 100
_HEADING = 60  # characters of the value in the heading
_MOST = 8  # members, keys and places that are listed
_WIDE = 0.05  # from here on the bounds are worth a step

BASES: Mapping[str, str] = {
    "distribution": "the probability of this value among all values that the schema allows",
    "decision": "the probability that the decision API gives for this value",
    "null_or_value": "the probability of null against any value",
    "joint": "the probability of exactly this value against all others that are allowed",
    "geometric_mean": "the geometric mean of the probabilities of its tokens, as the text is long; "
    "it is no probability of the text",
    "list_end": "the probability that the list went on where it did and ended where it ended",
    "least_required": "that of the least sure required value in it",
    "agreement": "the share of several answers that have this value",
    "verification": "its own confidence combined with that of a second request",
}
"""What a confidence is, by its formula."""

FIELD_FLAGS: Mapping[str, str] = {
    "truncated": "The answer ended before the value did.",
    "shared_token": "One of its tokens also wrote a part of the answer beside it, so that the two "
    "cannot be told apart there.",
    "duplicate_key": "The answer has the same key twice; this is the last value.",
    "lone_surrogate": "The text has half of a surrogate pair, which is no character.",
    "overflow": "The number is beyond what a double can hold.",
    "not_a_member": "The value is not one of the allowed ones.",
    "against_schema": "The schema allows less than 10 % of what the model wanted to write here.",
    "unsettled": "The bounds stayed wider than the tolerance.",
    "unverified": "A second reading was asked for, and says nothing of this value.",
    "another_is_likelier": "After calibration another value is more probable than this one.",
}
"""What each flag of a field means."""

_MASKS = {
    "before": "The logprobs are from before the schema excluded tokens.",
    "after": "The logprobs are from after the schema excluded tokens.",
}


def text(report: Plain, pointer: str) -> str:
    """The explanation as plain text, 100 columns wide."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None, highlight=False)
    with console.capture() as captured:
        console.print(whole(report, pointer))
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())


def whole(report: Plain, pointer: str) -> "RenderableType":
    """The field, its value and its number in a line; below it a row for each sentence."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    field = report["fields"][pointer]
    figure = "unknown" if field["confidence"] is None else number(field["confidence"])
    heading = Text(printable(pointer) or "(whole)", style="bold")
    heading.append(f"  {_cut(shown(field), _HEADING)}  {figure}  {field['outcome'] or ''}".rstrip())
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    before = ""
    for label, sentence in parts(report, pointer):
        grid.add_row(label if label != before else "", Text(printable(sentence)))
        before = label
    return Group(heading, grid)


def parts(report: Plain, pointer: str) -> list[Part]:
    """All that is known of a field: a label and a sentence each."""
    field = report["fields"][pointer]
    return [
        *_confidence(report, pointer, field),
        *_bounds(field),
        *_distribution(field),
        *_tokens(report, field),
        *(("flag", FIELD_FLAGS[flag]) for flag in field["flags"]),
        *_answer(report),
        *_other_readings(field),
        *_source(field),
        *_verdict(report, pointer, field),
        *(("next", step) for step in next_steps(report, pointer)),
    ]


# -- the number -----------------------------------------------------------------------------------


def _confidence(report: Plain, pointer: str, field: Plain) -> Iterator[Part]:
    confidence = field["confidence"]
    if confidence is None:
        reason = field["reason"] or "the values in it have none"
        yield "confidence", f"It has no confidence: {reason}."
        return
    what = BASES[field["basis"]]
    if field["basis"] == "least_required" and (least := _least_inside(report, pointer)):
        what += f", {least}"
    yield "confidence", f"{number(confidence)} is {what}."
    if field.get("raw") is not None:
        by: Plain = report.get("calibration", {})
        labels = f" on {by['labels']:,} labelled values" if by.get("labels") else ""
        yield "confidence", f"Before calibration{labels} it was {number(field['raw'])}."


def _least_inside(report: Plain, pointer: str) -> str:
    """The scalar inside a container whose confidence is the container's."""
    confidence = report["fields"][pointer]["confidence"]
    return next(
        (
            name for name, field in report["fields"].items()
            if name.startswith(f"{pointer}/") and field["confidence"] == confidence
            and field["basis"] != "least_required"
        ),
        "",
    )  # fmt: skip


def _bounds(field: Plain) -> Iterator[Part]:
    low, high = field["low"], field["high"]
    if field["confidence"] is None:
        return
    if low is None or high is None:
        yield "bounds", "It has no bounds, because it is no probability of the value."
        return
    span = f"The probability is between {number(low)} and {number(high)}"
    if number(low) == number(high):
        yield "bounds", f"{span}: the server listed all that matters."
        return
    distribution: Plain | None = field["distribution"]
    unseen: float = distribution["unseen"] if distribution else 0.0
    why = "the server listed only some candidates"
    if unseen:
        why += f"; {number(unseen)} of the probability was not listed where the value was decided"
    yield "bounds", f"{span}: {why}."


def _distribution(field: Plain) -> Iterator[Part]:
    distribution = field["distribution"]
    if distribution:
        members = _members(distribution["candidates"])
        rest = distribution["rest"]
        yield "values", members + (f", all others {number(rest)}" if rest else "") + "."
        if distribution["beginnings"]:
            begun = _rivals(distribution["beginnings"])
            yield "values", f"Others begin with {begun}."
        if distribution["off_schema"]:
            other = _rivals(distribution["other"])
            forbidden = f"{number(distribution['off_schema'])} is outside of the schema"
            yield "values", f"{forbidden}{f': {other}' if other else ''}."
    if field["expected"] is not None:
        spread = (
            "" if field["std"] is None else f", with a standard deviation of {field['std']:.4g}"
        )
        yield "values", f"Their mean is {field['expected']:.4g}{spread}."
    if field["variants"]:
        yield "kinds", f"{_members(field['variants']['candidates'])}."
    for key, member in list(field["presence"].items())[:_MOST]:
        written = "written" if member["value"] else "left out"
        yield (
            "optional",
            f"{_json(key)} was {written}: written with {number(member['probability'])}.",
        )
    ends: Sequence[Plain] = field["end_probabilities"]
    if ends:
        count = len(ends) - 1
        items = f"{count} {'item' if count == 1 else 'items'}"
        yield "list", f"It ends after {items} with {number(ends[-1]['probability'])}."
    early = [
        (at, end["probability"]) for at, end in enumerate(ends[:-1]) if end["probability"] >= 0.01
    ]
    for at, share in early[:_MOST]:
        yield "list", f"It could have ended after {at} with {number(share)}."


def _tokens(report: Plain, field: Plain) -> Iterator[Part]:
    indexes: Sequence[int] = field["indexes"]
    if indexes:
        numbers = f"{indexes[0]} to {indexes[-1]}" if len(indexes) > 1 else f"{indexes[0]}"
        joint = (
            "" if field["logprob"] is None else f"; their logprobs sum to {field['logprob']:.3f}"
        )
        yield (
            "tokens",
            f"It was written by {'tokens' if len(indexes) > 1 else 'token'} {numbers}{joint}.",
        )
    why = field["why"]
    if not why:
        return
    yield "decided", f"Token {why['token']} decided it: {why['sentence']}."
    if why["token"] < len(report["tokens"]):
        token: Plain = report["tokens"][why["token"]]
        share = probability_of(token)
        own = [] if share is None else [f"`{token['text']}` {number(share)}"]
        listed = [*own, *others_of(token)]
        if listed:
            yield "decided", f"Listed there: {_joined(listed)}."


# -- what else is known ---------------------------------------------------------------------------


def _answer(report: Plain) -> Iterator[Part]:
    if report["status"] != "complete":
        yield "answer", f"The answer is {report['status']}: {report['reason']}."
    for flag in report["flags"]:
        if flag in ANSWER_FLAGS:
            yield "answer", f"{ANSWER_FLAGS[flag][:1].upper()}{ANSWER_FLAGS[flag][1:]}."
    if report["mask"] in _MASKS:
        yield "answer", _MASKS[report["mask"]]


def _other_readings(field: Plain) -> Iterator[Part]:
    if agreement := field.get("agreement"):
        share = f"{agreement['count']} of {agreement['of']} answers have it"
        bounds = f"{number(agreement['low'])} to {number(agreement['high'])}"
        yield "samples", f"{share}; in the long run a share of {bounds} (95 %)."
    for reading in field.get("readings", ()):
        who = f" by {reading['model']}" if reading["model"] else ""
        figure = "" if reading["confidence"] is None else f" {number(reading['confidence'])}"
        yield "readings", f"{reading['how']}{who}: {_cut(_json(reading['value']))}{figure}."


def _source(field: Plain) -> Iterator[Part]:
    spans = field.get("source_spans")
    for span in (spans or ())[:_MOST]:
        how = "" if span["how"] == "exact" else f" ({span['how']})"
        place = f"characters {span['start']} to {span['stop']}"
        yield "source", f"It stands in the text at {place}: {_cut(_json(span['text']))}{how}."
    if spans is not None and not spans:
        yield "source", "It does not stand in the text that was read."
    for span in (field.get("source_candidates") or ())[:_MOST]:
        yield (
            "source",
            f"The text has {_cut(_json(span['text']))} at {span['start']} ({span['kind']}).",
        )


def _verdict(report: Plain, pointer: str, field: Plain) -> Iterator[Part]:
    for error in report["errors"]:
        if error["pointer"] == pointer:
            yield "schema", f"It breaks the schema: {error['problem']}."
    outcome, reasons = field["outcome"], field["reasons"]
    if outcome is None:
        yield "outcome", "It is judged by the values in it."
    elif not reasons:
        yield "outcome", f"{outcome}: nothing speaks against it."
    for reason in reasons:
        yield "outcome", f"{reason['outcome']}: {reason['sentence']}."


# -- what to do -----------------------------------------------------------------------------------


def next_steps(report: Plain, pointer: str) -> Iterator[str]:
    """What to do with a field, a sentence each, the most urgent first."""
    field = report["fields"][pointer]
    outcome, is_cut = field["outcome"], "truncated" in field["flags"]
    if report["status"] == "no_logprobs":
        yield "Ask again with logprobs: docs/providers.md says how, for each provider."
    if is_cut:
        yield "Ask again, with room for a longer answer (max_tokens)."
    if any(reason["name"] == "invalid" for reason in field["reasons"]):
        yield "Ask again: the value breaks the schema."
    if _is_against_schema(field):
        yield (
            "Look at the schema: it forbids what the model wanted to write. Allow that, or let the "
            "description say what to write in its place."
        )
    if _is_wide(field):
        yield (
            "Ask for more candidates (top_logprobs), or settle the value (settle) where the server "
            "gives next-token logprobs."
        )
    if field.get("source_spans") == [] and outcome is not None:
        yield "Compare it with the text: the value does not stand there."
    if not is_cut:
        yield _BY_OUTCOME[outcome]


_ASKS = "extract --step MODEL, fc.reask"
_BY_OUTCOME: Mapping[str | None, str] = {
    "accept": "Use it. Let a person look at a random sample of such values (fieldconf label).",
    "review": f"Let a person look at it, or ask a second model for it ({_ASKS}).",
    "reject": f"Do not use it: ask again, or ask a larger model for it ({_ASKS}).",
    None: "Explain the values in it, one by one.",
}


def _is_against_schema(field: Plain) -> bool:
    return "against_schema" in field["flags"] or any(
        reason["name"] == "off_schema" for reason in field["reasons"]
    )


def _is_wide(field: Plain) -> bool:
    low, high = field["low"], field["high"]
    return low is not None and high is not None and high - low > _WIDE


# -- words ----------------------------------------------------------------------------------------


def _members(candidates: Sequence[Plain]) -> str:
    return _joined([f"{_cut(_json(m['value']))} {number(m['probability'])}" for m in candidates])


def _rivals(rivals: Sequence[Plain]) -> str:
    return _joined([f"`{rival['text']}` {number(rival['probability'])}" for rival in rivals])


def _joined(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST
    return ", ".join(texts[:_MOST]) + (f" and {more} more" if more > 0 else "")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str, most: int = _WIDTH) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."

"""Assembled: one report made of the fields of several readings.

In:    a report, further ones, the data that they led to, and whose field each place has.
Out:   a report like any other: its text is the data written anew, its tokens are those of all
       readings one behind the other, its objects say the least of what is required inside.
Never: a rule: which reading a field comes from was decided before; a number that no reading has.
Why:   re-asking, samples and verification end in the same kind of report that they began with.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

from fieldconf.distributions.distribution import Distribution
from fieldconf.fields.decisive_step import LeafSummary, summary_of, summed_up
from fieldconf.fields.field import Field
from fieldconf.fields.pickling import value_at
from fieldconf.fields.readings import RequestCost
from fieldconf.fields.status import OTHERS, Status
from fieldconf.parsing.json_writing import json_text
from fieldconf.parsing.kinds import kind_of, same
from fieldconf.paths import Path, pointer
from fieldconf.report.load import how_sure, with_declared
from fieldconf.report.report import Report
from fieldconf.schema import Declared
from fieldconf.tokens.token import utf8

T = TypeVar("T")

Part: TypeAlias = tuple[int, Field]
"""Of which reading (0: the first report, 1: the first further one) a field is, and the field."""

_CONTAINERS = ("object", "array")
_NOBODY = "no reading gave it"
_UNDECLARED = Declared()


def assembled(
    base: Report[T],
    others: Sequence[Report[Any]],
    data: Any,
    parts: Mapping[Path, Part],
    *,
    requests: Sequence[RequestCost],
    status: Status | None = None,
    reason: str = "",
) -> Report[T]:
    """A report of the same question, made of the fields of several readings.

    Args:
        base: the first report: schema, model and what was given are its own.
        others: the further readings.
        data: the decoded JSON value of the whole. If it is ``base.data`` itself and there are no
            others, the text, the tokens and all spans stay as they are.
        parts: whose field stands at a path of ``data``. The field may have had another path in its
            reading. Where there is none, it is that of the first report, if its value is the same;
            else the field has no confidence. Of an object only ``variants``, ``presence`` and flags
            are kept: its confidence is computed of what is inside.
        requests: all requests that were made, with their costs.
        status: how the whole ended; if nothing is said, "complete" where the text is new.
        reason: what that means.
    """
    is_same = not others and data is base.data
    readings = [base, *others]
    spans, text = _kept(base) if is_same else _written(data)
    tokens = tuple(token for report in readings for token in report.tokens)
    chosen = {path: _chosen(path, value_at(path, data), parts, base) for path in spans}
    firsts = [
        sum(len(report.tokens) for report in readings[:number]) for number in range(len(readings))
    ]
    fields: dict[str, Field] = {}
    for path, (number, field) in chosen.items():
        start, stop = spans[path]
        fields[pointer(path)] = replace(
            _shifted(field, firsts[number]), path=path, value=value_at(path, data),
            start=start, stop=stop, source=tokens,
        )  # fmt: skip
    fields = _summed_up(with_declared(fields, text, base.schema), _mixed(chosen))
    value, errors = base.value, base.errors
    if not is_same:
        value, errors = base.schema.validate(cast("bytes", text), data)
    endings = {"status": base.status, "reason": base.reason, "text": base.text,
            "answer_score": base.answer_score, "stopped": base.stopped,
               "owners": base.owners}  # fmt: skip
    new_endings = {"status": "complete", "reason": "", "text": (text or b"").decode(),
           "answer_score": None, "stopped": None, "refusal": None,
           "owners": _owners(readings, chosen)}  # fmt: skip
    ending = {"status": status, "reason": reason} if status else {}
    return replace(
        base, value=value, data=data, fields=fields, tokens=tokens, requests=tuple(requests),
        errors=tuple(how_sure(error, fields) for error in errors),
        flags=_flags(readings, chosen),
        mask=base.mask if len({report.mask for report in readings}) == 1 else "unknown",
        precision=max(
            (report.precision for report in readings if report.precision is not None), default=None
        ),
        input_tokens=_sum(report.input_tokens for report in requests),
        output_tokens=_sum(report.output_tokens for report in requests),
        response=base.response if is_same else None,
        **{**(endings if is_same else new_endings), **ending},
    )  # fmt: skip


def _flags(readings: Sequence[Report[Any]], chosen: Mapping[Path, Part]) -> tuple[str, ...]:
    """The flags of all readings; what stood beside an answer counts only where it gave a value."""
    used = {number for number, field in chosen.values() if field.is_leaf}
    return tuple(
        dict.fromkeys(
            flag
            for number, reading in enumerate(readings)
            for flag in reading.flags
            if number in used or flag not in OTHERS
        )
    )


def requests_of(report: Report[Any]) -> tuple[RequestCost, ...]:
    """The requests behind a report; of one answer the one that it is to."""
    own = RequestCost("answer", report.model, report.input_tokens, report.output_tokens)
    return report.requests or (own,)


def _sum(counts: Iterable[int | None]) -> int | None:
    """What is known, together; None where nothing is."""
    numbers = [count for count in counts if count is not None]
    return sum(numbers) if numbers else None


# -- text and spans -----------------------------------------------------------------------------

Spans: TypeAlias = dict[Path, tuple[int, int]]


def _kept(base: Report[Any]) -> tuple[Spans, bytes | None]:
    spans = {field.path: (field.start, field.stop) for field in base.fields.values()}
    return spans, None if base.text is None else utf8(base.text)


class _End(NamedTuple):
    """The end of a container that began at a byte."""

    path: Path
    text: bytes
    start: int


def _written(data: Any) -> tuple[Spans, bytes]:
    """The JSON text of a value, and where each part of it stands, in document order."""
    pieces: list[bytes] = []
    spans: Spans = {}
    offset = 0
    todo: list[bytes | _End | tuple[Path, Any]] = [((), data)]  # answers are nested deep
    while todo:
        item = todo.pop()
        if isinstance(item, tuple) and not isinstance(item, _End):
            path, value = item
            if value and isinstance(value, (dict, list)):
                todo += _between(path, cast("Any", value), offset)
                continue
            item = _End(path, json_text(value), offset)
        text = item.text if isinstance(item, _End) else item
        pieces.append(text)
        offset += len(text)
        if isinstance(item, _End):
            spans[item.path] = (item.start, offset)
    return dict(sorted(spans.items(), key=lambda item: item[1][0])), b"".join(pieces)


def _between(path: Path, value: Any, start: int) -> list[bytes | _End | tuple[Path, Any]]:
    """What a container writes, last first."""
    is_object = isinstance(value, dict)
    pairs = cast("dict[str, Any]", value).items() if is_object else enumerate(value)
    parts: list[bytes | _End | tuple[Path, Any]] = []
    for key, inner in pairs:
        parts += [b"," if parts else b"{" if is_object else b"["]
        parts += [json_text(key) + b":"] if is_object else []
        parts.append(((*path, key), inner))
    return [_End(path, b"}" if is_object else b"]", start), *reversed(parts)]


# -- fields -------------------------------------------------------------------------------------


def _chosen(path: Path, value: Any, parts: Mapping[Path, Part], base: Report[Any]) -> Part:
    """Whose field stands at a path."""
    kind = kind_of(value)
    if path in parts:
        number, field = parts[path]
        return number, replace(field, kind=kind)  # pyright: ignore[reportArgumentType]  # a Kind
    own = base.fields.get(pointer(path))
    if own is not None and own.kind == kind and (kind in _CONTAINERS or same(own.value, value)):
        return 0, own
    return 0, Field(path, value, kind, reason=_NOBODY)  # pyright: ignore[reportArgumentType]


def _shifted(field: Field, first: int) -> Field:
    """A field whose reading's tokens stand behind so many others."""
    if not first:
        return field
    why, step = field.why, field.min_step
    distribution, variants = field.distribution, field.variants
    return replace(
        field, indexes=tuple(index + first for index in field.indexes),
        why=why and why._replace(token=why.token + first),
        min_step=step and step._replace(token=step.token + first),
        distribution=distribution and _decided_later(distribution, first),
        variants=variants and _decided_later(variants, first),
    )  # fmt: skip


def _decided_later(distribution: Distribution, first: int) -> Distribution:
    """The same; a decision API decides by no token."""
    at = distribution.decided_at
    return replace(distribution, decided_at=at if at < 0 else at + first)


def _mixed(chosen: Mapping[Path, Part]) -> set[Path]:
    """The containers that hold fields of other readings than their own: they have no sum."""
    mixed: set[Path] = set()
    for path, (number, _) in chosen.items():
        for length in range(len(path) - 1, -1, -1):
            around = path[:length]
            if around in mixed:
                break
            if chosen[around][0] != number:
                mixed.add(around)
    return mixed


def _summed_up(fields: dict[str, Field], mixed: set[Path]) -> dict[str, Field]:
    """The fields, which are in document order, with what objects say of those inside."""
    inside: dict[Path, list[tuple[str | int, LeafSummary]]] = {}
    done: dict[str, Field] = {}
    for name, field in reversed(fields.items()):
        values = inside.pop(field.path, [])
        summary = summed_up(field.declared or _UNDECLARED, reversed(values))
        new = _of_inside(field, summary) if field.kind == "object" and values else field
        if field.path in mixed:
            new = replace(new, logprob=None, indexes=(), min_step=None)
        done[name] = new
        if field.path:
            inside.setdefault(field.path[:-1], []).append(
                (field.path[-1], summary_of(new, summary))
            )
    return dict(reversed(done.items()))


def _of_inside(field: Field, summary: LeafSummary) -> Field:
    least, reason = summary.result
    if least is None:
        return replace(
            field, confidence=None, low=None, high=None, basis="none", why=None, reason=reason
        )
    return replace(
        field, confidence=least.confidence, low=None, high=None, basis="least_required",
        why=least.why, reason="",
    )  # fmt: skip


# -- owners -------------------------------------------------------------------------------------


def _owners(readings: Sequence[Report[Any]], chosen: Mapping[Path, Part]) -> tuple[str, ...]:
    """Whose value each token wrote; those of values that were replaced are outside."""
    if any(report.tokens and not report.owners for report in readings):
        return ()
    names = {(number, field.pointer): pointer(path) for path, (number, field) in chosen.items()}
    return tuple(_owner(names, *report) for report in _owned(readings))


def _owned(readings: Sequence[Report[Any]]) -> Iterator[tuple[int, str]]:
    for number, report in enumerate(readings):
        yield from ((number, owner) for owner in report.owners)


def _owner(names: Mapping[tuple[int, str], str], number: int, owner: str) -> str:
    if owner in ("structure", "outside"):
        return "outside" if number else owner
    return names.get((number, owner), "outside")

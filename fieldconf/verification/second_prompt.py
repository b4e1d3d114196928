"""Second prompt: the same question in another form, and how probable it makes the first values.

In:    a report, what it was read from, a client.
Out:   the same report with other confidences: each combines the first confidence with the
       probability that the second answer gives to the same value.
Never: another value; a label; the first answer shown to the model.
Why:   a value that the text supports survives another wording, other examples and another order of
       the members; one that the prompt suggested does not. Logprobs of one answer cannot show this.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, TypeVar, Unpack, cast

from pydantic import BaseModel

from fieldconf.agreement.equivalence import Key, normal
from fieldconf.agreement.label_votes import is_label
from fieldconf.extraction.calls import prepare
from fieldconf.extraction.inputs import Input, is_messages, with_system_text
from fieldconf.extraction.options import Options, explicit
from fieldconf.fields.field import Field
from fieldconf.fields.pickling import value_at
from fieldconf.fields.readings import Reading
from fieldconf.parsing.json_writing import json_text
from fieldconf.parsing.kinds import same
from fieldconf.paths import Path, pointer
from fieldconf.report import Report
from fieldconf.responses.payload_access import get
from fieldconf.schema import LabelSet
from fieldconf.verification.checks import (
    Check,
    FieldSelector,
    SecondReading,
    input_of,
    run_check,
    run_check_async,
    select_paths,
    with_second_reading,
)
from fieldconf.verification.combining import UNKNOWN, BoundedConfidence, Combine, rule_of

T = TypeVar("T")

Examples = Sequence[tuple[str, Any]]
"""Texts, each with its right answer (a JSON value, or a pydantic model)."""

WORDING = (
    "Work through the message once more, from its beginning to its end. For every field, look for "
    "the passage that states it, and answer with what that passage says."
)
"""What the second prompt adds to the instructions, unless it is given instructions of its own."""


@explicit
def second_prompt(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any = None,
    answer: Report[Any] | None = None,
    fields: Iterable[FieldSelector] | None = None,
    examples: Examples | None = None,
    combine: Combine = "pool",
    **options: Unpack[Options],
) -> Report[T]:
    """Ask the same question in another form, and combine the confidences.

    One request asks for the whole answer again: with another wording of the instructions, the
    examples in another order, and the members of enums in another order. The model does not see
    the first answer. A field's ``confidence`` then combines that of the first reading with the
    probability (0..1) that the second answer gives to the same value. It needs no labels.

    That probability is known exactly where the second answer's distribution has the value. If the
    second answer has another value and its distribution does not say, it is at most what that
    value leaves; this bound is then the second confidence. Items of lists are matched by content.

    Args:
        report: the first reading, with the schema that it was read by.
        input: what it was read from; by default what ``extract`` read for this report. In messages,
            pairs of user and assistant messages before the last one count as examples.
        client: as in ``extract``; it may be that of another model.
        answer: the report of the second answer, if you have asked already; nothing is then asked.
        fields: which fields get a second reading, as in ``verify``; by default all.
        examples: other examples, in place of those of the first prompt.
        combine: how the two confidences are combined, as in ``verify``: "pool" by default, the mean
            in log odds.
        options: those of ``extract``. ``instructions`` replace the first ones; by default the first
            ones are list_key, and ``WORDING`` is added.

    Returns:
        The first report with these confidences. The costs of both requests are in its ``requests``.

    Raises:
        RequestError: if the request failed or cannot be made; if it is not known what was read; if
            there is no such field or rule. It carries the first ``report``.

    >>> from fieldconf.extraction.extract import extract
    >>> from fieldconf.testing import Answer, FakeClient
    >>> client = FakeClient(Answer({"team": "sales"}, {"team": 0.9}),
    ...                     Answer({"team": "tech"}, {"team": 0.9}))
    >>> ticket = {"type": "object", "properties": {"team": {"enum": ["sales", "tech"]}},
    ...           "required": ["team"]}
    >>> report = extract(ticket, "It broke.", client=client, model="m")
    >>> field = second_prompt(report, client=client, model="m")["team"]
    >>> field.value, round(field.confidence, 6), field.readings[1].value
    ('sales', 0.5, 'tech')
    """
    if answer is not None:
        second = _second_reading(report, fields, combine)
        return second.read(answer) if second else report
    build = partial(
        _check, input=input, client=client, fields=fields, examples=examples, combine=combine
    )
    return run_check(report, options, build)


@explicit
async def asecond_prompt(
    report: Report[T],
    input: Input | None = None,
    *,
    client: Any,
    fields: Iterable[FieldSelector] | None = None,
    examples: Examples | None = None,
    combine: Combine = "pool",
    **options: Unpack[Options],
) -> Report[T]:
    """``second_prompt`` with an asynchronous client such as ``openai.AsyncOpenAI``."""
    build = partial(
        _check, input=input, client=client, fields=fields, examples=examples, combine=combine
    )
    return await run_check_async(report, options, build)


def _check(
    report: Report[Any], options: Options, *, input: Input | None, client: Any,
    fields: Iterable[FieldSelector] | None, examples: Examples | None, combine: Combine,
) -> Check | None:  # fmt: skip
    """The request; None where the first answer has no value to compare."""
    second = _second_reading(report, fields, combine)
    if second is None:
        return None
    source = input_of(report, input, "fc.second_prompt")
    instructions = options.get("instructions")
    if instructions is None:
        instructions = f"{report.instructions}\n\n{WORDING}" if report.instructions else WORDING
    source = _reordered_input(source, examples)
    joined = with_system_text(source, f"\n{instructions}")
    request_options = {**options, "instructions": instructions if joined is None else None}
    labels = report.schema.labels
    schema = reordered(report.schema.json) if labels is None else _reordered_labels(labels)
    call = prepare(schema, joined or source, client, cast("Options", request_options))
    return Check(call, replace(second, model=call.model))


def _second_reading(
    report: Report[Any], fields: Iterable[FieldSelector] | None, combine: Combine
) -> SecondReading | None:
    """What becomes of the first values once there is a second answer; None without any value."""
    rule_of(combine)  # an unknown rule is an error before the request is paid for
    selected = select_paths(report, fields)
    paths = [
        field.path for field in report.fields.values()
        if field.path in selected and (field.is_leaf or field.kind == "array")
        and "truncated" not in field.flags
    ]  # fmt: skip
    if not paths or (report.schema.labels is not None and not is_label(report)):
        return None

    counterparts: dict[int, _Counterparts] = {}  # of the one answer that is read

    def update_field(path: Path, answer: Report[Any], model: str) -> Field:
        field = report.fields[pointer(path)]
        matching = counterparts.setdefault(id(answer), _Counterparts(report, answer))
        reading, second = _reading(field, matching.of(path), model)
        return with_second_reading(
            field, reading, second, combine, model=report.model, basis="verification"
        )

    return SecondReading(
        report=report, how="second_prompt", paths=tuple(paths), update_field=update_field
    )


# -- the second answer ----------------------------------------------------------------------------


class _Counterparts:
    """The fields of the second answer that correspond to those of the first one.

    An item of a list corresponds to the first item with the same content, wherever it stands; an
    object or a list without such an item to the one at its own position. Each list is read once.
    """

    def __init__(self, first: Report[Any], second: Report[Any]) -> None:
        self._first, self._second = first, second
        self._keys: dict[str, Key] = {}
        self._places: dict[tuple[str, int], dict[Key, int]] = {}

    def of(self, path: Path) -> Field | None:
        """The field that corresponds to the one at a path of the first answer."""
        counterpart: Path = ()
        for at, step in enumerate(path):
            place = self._place(path[: at + 1], counterpart) if isinstance(step, int) else step
            if place is None:
                return None
            counterpart = (*counterpart, place)
        return self._second.fields.get(pointer(counterpart))

    def _place(self, path: Path, above: Path) -> int | None:
        """Where the item at a path of the first answer stands in a list of the second one."""
        own, items = self._first.fields[pointer(path)], self._second.fields.get(pointer(above))
        if items is None or items.kind != "array":
            return None
        if own.pointer not in self._keys:
            value = value_at(own.path, self._first.data)
            self._keys[own.pointer] = normal(value, own.declared)
        list_key = (items.pointer, id(own.declared))  # items of a tuple may be declared differently
        if list_key not in self._places:
            places = self._places[list_key] = {}
            for number, item in enumerate(cast("list[Any]", items.value or [])):
                places.setdefault(normal(item, own.declared), number)
        is_container = own.kind in ("object", "array")
        return self._places[list_key].get(
            self._keys[own.pointer], cast("int", path[-1]) if is_container else None
        )


def _reading(field: Field, answer: Field | None, model: str) -> tuple[Reading, BoundedConfidence]:
    """The second answer's field as a reading, and how probable it makes the first value."""
    if answer is None or answer.confidence is None or "truncated" in answer.flags:
        value = None if answer is None else answer.value
        return Reading("second_prompt", value, None, "none", model), UNKNOWN
    agrees = normal(answer.value, field.declared) == normal(field.value, field.declared)
    reading = Reading("second_prompt", answer.value, answer.confidence, answer.basis, model, agrees)
    if agrees:
        return reading, BoundedConfidence(answer.confidence, answer.low, answer.high)
    distribution = answer.distribution
    for member in distribution.candidates if distribution else ():
        if same(member.value, field.value):
            return reading, BoundedConfidence(member.probability, member.low, member.high)
    remaining = 1 - answer.confidence
    if distribution is not None and distribution.rest is not None:
        remaining = min(remaining, distribution.rest)
    highest = 1.0 if answer.low is None else 1 - answer.low
    return reading, BoundedConfidence(remaining, 0.0, max(remaining, highest))


# -- the request ----------------------------------------------------------------------------------


def reordered(schema: Any) -> Any:
    """A JSON Schema whose enums list their members in the reverse order.

    >>> reordered({"properties": {"team": {"enum": ["sales", "tech", None]}}})
    {'properties': {'team': {'enum': [None, 'tech', 'sales']}}}
    """
    if isinstance(schema, Mapping):
        pairs = cast("Mapping[str, Any]", schema).items()
        copy = {key: reordered(value) for key, value in pairs}
        if isinstance(copy.get("enum"), list):
            copy["enum"].reverse()
        return copy
    if isinstance(schema, list):
        return [reordered(item) for item in cast("list[Any]", schema)]
    return schema


def _reordered_labels(labels: LabelSet) -> LabelSet:
    pairs = zip(reversed(labels.texts), reversed(labels.meanings), strict=True)
    return LabelSet(
        dict(pairs), match=labels.match, first_word=labels.first_word, after=labels.after or None
    )


def _reordered_input(source: Input, examples: Examples | None) -> Input:
    """What the second prompt reads: with other examples, or the same ones in another order."""
    if not is_messages(source):
        if examples is None:
            return source
        source = [{"role": "user", "content": source}]
    messages = list(cast("Sequence[Any]", source))
    first, last = _bounds_of_examples(messages)
    if examples is None:
        pairs = [messages[at : at + 2] for at in range(first, last, 2)]
        pairs = [*pairs[-2::-1], *pairs[-1:]]  # the last one, which counts most, stays the last
    else:
        pairs = [
            ({"role": "user", "content": text}, {"role": "assistant", "content": _text(value)})
            for text, value in examples
        ]
    return [*messages[:first], *chain.from_iterable(pairs), *messages[last:]]


def _bounds_of_examples(messages: Sequence[Any]) -> tuple[int, int]:
    """The half-open range of the pairs of user and assistant messages before the last question."""
    roles = [get(message, "role") for message in messages]
    first = next((at for at, role in enumerate(roles) if role == "user"), 0)
    last = first
    while roles[last : last + 2] == ["user", "assistant"]:
        last += 2
    return first, last


def _text(value: Any) -> str:
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    return value if isinstance(value, str) else json_text(value).decode()

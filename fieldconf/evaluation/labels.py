"""Labels: the right values of documents.

In:    JSON Lines, a list of dicts, or a table of any kind; rules by kind and by field.
Out:   ``Labels``: for each document the right value, whole or by pointer.
Never: a missing value taken for null; two values for one place; a value in an error message.
Why:   people write down right values in several ways.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from fieldconf.errors import EvaluationError
from fieldconf.evaluation.correctness import RuleLike, Rules, Written, field_steps
from fieldconf.evaluation.label_files import is_file, read_file
from fieldconf.fields.plain_values import plain_value
from fieldconf.parsing.kinds import same_json
from fieldconf.paths import parse_pointer, pointer
from fieldconf.statistics.columns import column, column_names

Steps = tuple[str, ...]

WHOLE = ("value", "right value", "right_value")
"""The names of the column of right values."""


HEAD = "labelling"
"""The key by which the first line of a file of ``fieldconf label`` is known."""


@dataclass(frozen=True, slots=True)
class LabelVerdict:
    """Whether the value of an answer is right, where the label gives no right value.

    Attributes:
        right: whether it is right.
        answer: the value that was judged, alone in a tuple; empty where the label is for any value.
            Of another value it says nothing.
    """

    right: bool
    answer: tuple[Any, ...] = ()

    def is_of(self, value: Any) -> bool:
        """Whether it is a verdict on this value."""
        return not self.answer or same_json(self.answer[0], plain_value(value))


@dataclass(frozen=True, repr=False)
class Labels:
    """The right values of documents.

    Attributes:
        truths: of each document (its id as a text, see ``name_of``) the right values, by the steps
            of a pointer; several where the pointer has "*". A ``LabelVerdict`` in place of a right
            value says only whether the answer is right.
        rules: when a value is right.
        is_numbered: whether documents have no ids, and are called "0", "1" ... in their order.
        blank: how many cells of a table say nothing.
        reports: of how many reports without ids the numbers are; None where each has a label.
    """

    truths: Mapping[str, Mapping[Steps, tuple[Any, ...]]]
    rules: Rules = field(default_factory=Rules)
    is_numbered: bool = False
    blank: int = 0
    reports: int | None = None

    def __len__(self) -> int:
        return len(self.truths)

    def __repr__(self) -> str:
        places = {pointer(steps) for truth in self.truths.values() for steps in truth}
        return f"<Labels of {len(self):,} documents, {len(places):,} places>"


def labels(
    source: Any, *, rules: "Mapping[str, RuleLike] | Rules | None" = None, id: str = "document"  # noqa: A002
) -> Labels:  # fmt: skip
    """The right values of documents, to evaluate reports by.

    A row has the id of a document and says what is right of it, in one of these ways:

    * ``value`` (or ``right value``): the whole value, as the answer should be;
    * ``field`` and ``value``: the value of one field. The field is a JSON Pointer
      ("/items/0/price"), with "*" for a list whose values may stand in any order, or attributes
      ("items[0].price");
    * ``field`` and ``right``, of rows in JSON: whether the value of the answer is right, where the
      right value is not known. With ``answer`` it holds for this value only: other values of
      the same field are not judged. Where ``right`` is null, the row is no label;
    * none of these: every other column is a field of the value; names may be JSON Pointers.

    What a row does not mention is not judged; of a list, all items count. null is a right value in
    JSON and in Python; an empty cell of a table by columns says nothing, and is counted. Columns of
    texts may hold JSON: "12" is right for 12 and for "12", "null" for null. If several labels are
    for one value, the one for its own place counts, not the one for a list or an object around it.

    Args:
        source: a file (.jsonl, .json, .csv, .tsv, .parquet, .arrow), a list of dicts, a mapping of
            columns, or a frame of pandas, Polars or PyArrow.
        rules: when a value is right, by kind ("string", "enum", "number", "boolean", "null",
            "list", "object") and by field ("/items/*/price", "total"); of several that fit the most
            specific one counts. A rule is a name, a dict with options, or a function of the
            answer's value and the right one. By default texts are compared without letter case and
            white space, numbers by value, lists item by item by content, all else exactly. See
            ``fieldconf.evaluation.correctness`` for all rules.
        id: the column of the documents' ids. Where there is none, rows are documents in the order
            of the reports.

    Raises:
        EvaluationError: if it cannot be read, a rule is none, or two rows differ about one place.

    >>> import fieldconf as fc
    >>> fc.labels([{"document": "a", "value": {"team": "sales", "total": "12.50 EUR"}}],
    ...           rules={"total": "amount"})
    <Labels of 1 documents, 1 places>
    >>> fc.labels({"document": ["a", "b"], "team": ["sales", None]}).blank
    1
    """
    if isinstance(source, Labels):
        return source if rules is None else replace(source, rules=Rules.of(rules))
    rows = read_file(source) if is_file(source) else source
    rows, head = _without_heads(rows)
    names = column_names(rows)
    has_ids = id in names
    if not has_ids and id != "document":
        raise EvaluationError(f"the labels have no column {id!r}", column=id)
    is_json = isinstance(rows, Sequence)  # in columns, what is empty says nothing
    value = next((name for name in WHOLE if name in names), None)
    has_verdicts = is_json and {"field", "right"} <= set(names)
    is_by_field = "field" in names and (value is not None or has_verdicts)
    if is_by_field and not has_ids:
        raise EvaluationError(
            f"the labels have no column {id!r}", column=id,
            remedy="Say of which document a value is",
        )  # fmt: skip
    count = 0 if has_ids or not names else len(column(rows, names[0]))
    ids: Sequence[Any] = column(rows, id) if has_ids else range(count)
    for row, each in enumerate(column(rows, id) if has_ids else ()):
        if each is None:
            raise EvaluationError(f"row {row} of the labels has no id", column=id, row=row)
    truths: dict[str, dict[Steps, tuple[Any, ...]]] = {name_of(each): {} for each in ids}
    blank = 0
    cells = _truths(rows, names, id, value) if value is not None or not has_verdicts else ()
    for row, steps, truth in cells:
        is_nan = isinstance(truth, float) and math.isnan(truth)
        if is_nan or (not is_json and (truth is None or truth == "")):
            blank += 1
            continue
        is_plain = is_json and (steps or is_by_field)
        decoded = truth if is_plain else _decoded(truth, is_json=is_json)
        _add(truths[name_of(ids[row])], steps, decoded, row)
    for row, steps, verdict in _verdicts(cast("Any", rows), value) if has_verdicts else ():
        blank += verdict is None
        if verdict is not None:
            _add(truths[name_of(ids[row])], steps, verdict, row)
    is_numbered = not head.get("ids", has_ids)
    return Labels(
        truths, Rules.of(rules), is_numbered, blank, head.get("reports") if is_numbered else None
    )


def name_of(document: Any) -> str:
    """A document's id as a text: 7 and 7.0 are "7".

    >>> name_of(7.0), name_of("a")
    ('7', 'a')
    """
    if isinstance(document, float) and document.is_integer():
        return str(int(document))
    return str(document)


def _without_heads(rows: Any) -> tuple[Any, Mapping[str, Any]]:
    """Rows without first lines of files of ``fieldconf label``, and the first of these lines."""
    is_list = isinstance(rows, list)
    every = cast("list[Any]", rows if is_list else [])
    if not any(isinstance(row, dict) and HEAD in row for row in every):
        return rows, {}
    heads = [row for row in every if HEAD in row]
    return [row for row in every if HEAD not in row], heads[0]


def _verdicts(
    rows: Sequence[Mapping[str, Any]], value: str | None
) -> Iterator[tuple[int, Steps, LabelVerdict | None]]:
    """(row, steps, verdict) of each row without a right value; None where it is no label."""
    for row, each in enumerate(rows):
        if value not in each:
            answer = (each["answer"],) if "answer" in each else ()
            is_label = isinstance(each.get("right"), bool)
            yield (
                row,
                _steps(each["field"]),
                LabelVerdict(each["right"], answer) if is_label else None,
            )


def _truths(rows: Any, names: Sequence[str], id: str, value: str | None) -> Iterator[Any]:  # noqa: A002
    """(row, steps, right value) of each cell; the whole value has no steps."""
    fields = column(rows, "field") if value is not None and "field" in names else None
    for name in [name for name in names if name != id] if value is None else [value]:
        steps: Steps = ()
        if value is None:
            steps = parse_pointer(name) if name.startswith("/") else (name,)
        for row, truth in enumerate(column(rows, name)):
            if isinstance(rows, Sequence) and name not in rows[row]:
                continue  # in rows a key may be missing, which is not null
            yield row, steps if fields is None else _steps(fields[row]), truth


def _steps(name: Any) -> Steps:
    """The steps of the field of a row."""
    try:
        return field_steps(str(name))
    except ValueError:  # a key with blanks or signs
        return (str(name),)


def _decoded(truth: Any, *, is_json: bool) -> Any:
    """A right value; an object or a list may be JSON text."""
    if not isinstance(truth, str):
        return truth
    if truth.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(truth)
        except (ValueError, RecursionError):
            pass
    return truth if is_json else Written(truth)


def _add(truth: dict[Steps, tuple[Any, ...]], steps: Steps, value: Any, row: int) -> None:
    if "*" in steps:
        truth[steps] = (*truth.get(steps, ()), value)
        return
    is_verdict = isinstance(value, LabelVerdict)
    if steps in truth and not (
        truth[steps][0] == value
        if is_verdict or isinstance(truth[steps][0], LabelVerdict)
        else same_json(truth[steps][0], value)
    ):
        raise EvaluationError(
            f"row {row} has another right value of {pointer(steps)!r} than a row of the same "
            "document before it", row=row,
            remedy='Give one row for each place; for the items of a list write "/list/*"',
        )  # fmt: skip
    truth[steps] = (value,)

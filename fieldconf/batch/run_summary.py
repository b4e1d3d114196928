"""Run summary: counts of many rows.

In:    batches of rows from ``score_batch``, in any division and any order.
Out:   counts: of responses by status, of fields by outcome and by confidence.
Never: more memory for more rows: names beyond the first thousand are counted together.
Why:   after a million answers, the first question is how good they are and where to look.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from fieldconf.batch.arrow import arrow, compute
from fieldconf.batch.rows import CONFIDENCE, ERROR
from fieldconf.render import summary

BINS = 10
"""The number of bins for confidences; the last one includes 1."""

MOST = 1000
"""The number of paths, and of reasons, that are counted separately."""

OTHERS = "(others)"
"""The name under which all later ones are counted."""


@dataclass
class FieldCounts:
    """Counts of all fields of one path.

    Attributes:
        fields: how many there are.
        unknown: how many of them have no confidence.
        outcomes: how many are accepted, reviewed, rejected; empty in the wide form and for objects.
        confidence: how many have a confidence in each tenth from 0 to 1.
    """

    fields: int = 0
    unknown: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    confidence: list[int] = field(default_factory=lambda: [0] * BINS)

    def merge(self, other: "FieldCounts") -> None:
        """Add the counts of another one."""
        self.fields += other.fields
        self.unknown += other.unknown
        self.outcomes.update(other.outcomes)
        self.confidence = [a + b for a, b in zip(self.confidence, other.confidence, strict=True)]


@dataclass
class BatchSummary:
    """Counts of rows in the long or the wide form, added up batch by batch.

    Attributes:
        responses: how many answers there are; each choice counts, and so does each error.
        rows: how many rows.
        statuses: answers by status; "error" for those that could not be read as responses.
        outcomes: answers by outcome.
        reasons: the reasons of answers without any field, and of errors.
        fields: counts by path, with "*" for any position in a list; "" is the whole answer.

    >>> import pyarrow as pa
    >>> from fieldconf.batch import score_batch
    >>> total = BatchSummary()
    >>> total.add(score_batch(pa.record_batch({"response": ["oops", "{}"]})))
    >>> total.responses, dict(total.statuses)
    (2, {'error': 2})
    """

    responses: int = 0
    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter[str])
    outcomes: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])
    fields: dict[str, FieldCounts] = field(default_factory=dict[str, FieldCounts])

    def add(self, batch: Any) -> None:
        """Count the rows of a ``pyarrow.RecordBatch`` (or a table) that ``score_batch`` made."""
        table = arrow().table(batch.columns, names=batch.schema.names)
        self.rows += table.num_rows
        if "pointer" in batch.schema.names:
            self._add_long(table)
        else:
            self._add_wide(table)

    def merge(self, other: "BatchSummary") -> None:
        """Add the counts of another one."""
        self.responses += other.responses
        self.rows += other.rows
        self.statuses.update(other.statuses)
        self.outcomes.update(other.outcomes)
        for reason, count in other.reasons.items():
            self.reasons[_room(self.reasons, reason)] += count
        for path, counts in other.fields.items():
            self._of(path).merge(counts)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, by the names of the attributes."""
        return msgspec.to_builtins(self)

    def __rich__(self) -> Any:
        return summary.whole(self.to_dict())

    # -- the two forms --------------------------------------------------------------------------

    def _add_long(self, table: Any) -> None:
        pc = compute()
        names = ["status", "outcome", "reason", "pointer", "path", "confidence"]
        table = _plain(table.select(names))
        has_field = pc.is_valid(table["pointer"])
        bare = table.filter(pc.invert(has_field))
        fields = table.filter(has_field)
        self._add_answers(fields.filter(pc.equal(fields["pointer"], "")))
        self._add_answers(bare)
        self._add_reasons(bare)
        for (path, outcome), count in _counted(fields, "path", "outcome"):
            counts = self._of(path)
            counts.fields += count
            if outcome is not None:
                counts.outcomes[outcome] += count
        fields = fields.append_column("tenth", _tenths(fields["confidence"]))
        for (path, tenth), count in _counted(fields, "path", "tenth"):
            _add_tenth(self._of(path), tenth, count)

    def _add_wide(self, table: Any) -> None:
        pc = compute()
        head = _plain(table.select(["status", "outcome", "reason"]))
        self._add_answers(head)
        self._add_reasons(head.filter(pc.equal(head["status"], ERROR)))
        after = table.schema.names.index("reason") + 1
        names = table.schema.names[after:]
        for name in (column for column in names if column + CONFIDENCE in names):
            confidence = table[name + CONFIDENCE]
            there = pc.or_(pc.is_valid(table[name]), pc.is_valid(confidence))
            tenths = arrow().table({"tenth": _tenths(confidence.filter(there))})
            counts = self._of(name)
            for (tenth,), count in _counted(tenths, "tenth"):
                counts.fields += count
                _add_tenth(counts, tenth, count)

    def _add_answers(self, table: Any) -> None:
        self.responses += table.num_rows
        for (status, outcome), count in _counted(table, "status", "outcome"):
            self.statuses[status] += count
            if outcome is not None:
                self.outcomes[outcome] += count

    def _add_reasons(self, table: Any) -> None:
        for (reason,), count in _counted(table, "reason"):
            self.reasons[_room(self.reasons, reason or "")] += count

    def _of(self, path: str) -> FieldCounts:
        return self.fields.setdefault(_room(self.fields, path), FieldCounts())


# -- helpers ------------------------------------------------------------------------------------


def _plain(table: Any) -> Any:
    """A table without dictionary columns, which not every version of Arrow can group by."""
    is_dictionary = arrow().types.is_dictionary
    for place, typed in enumerate(table.schema):
        if is_dictionary(typed.type):
            table = table.set_column(place, typed.name, table[place].cast(typed.type.value_type))
    return table


def _tenths(confidence: Any) -> Any:
    """The tenth of each confidence; None for an unknown one."""
    pc = compute()
    tenths = pc.cast(pc.floor(pc.multiply(confidence, float(BINS))), "int32")
    return pc.min_element_wise(tenths, BINS - 1, skip_nulls=False)


def _add_tenth(counts: FieldCounts, tenth: int | None, count: int) -> None:
    if tenth is None:
        counts.unknown += count
    else:
        counts.confidence[tenth] += count


def _counted(table: Any, *names: str) -> Iterable[tuple[tuple[Any, ...], int]]:
    """How often each combination of values occurs, in order of first occurrence."""
    if not table.num_rows:
        return ()
    groups = table.group_by(list(names), use_threads=False).aggregate([([], "count_all")])
    keys = zip(*(groups[name].to_pylist() for name in names), strict=True)
    return zip(keys, groups["count_all"].to_pylist(), strict=True)


def _room(counted: Mapping[str, Any], name: str) -> str:
    """The name under which to count: beyond ``MOST`` names, all new ones share one."""
    return name if name in counted or len(counted) < MOST else OTHERS

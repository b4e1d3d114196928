"""Review data: what a page needs to ask for labels, and to write them as ``fieldconf label`` does.

In:    a queue of values to label; the risk (0..1) that is allowed.
Out:   plain JSON values: each value as the page shows it, in the order in which it is asked for.
Never: a number that JavaScript could round: values of answers are JSON texts.
Why:   a page of a mail attachment has no server that could compute an order or a bound.

A page without a server has all values in the order of ``LabelQueue.next``: which one comes next
depends only on how many were asked for before. What the labels tell needs the quantiles of Beta
distributions, which are computed here: ``enough[w]`` is the least number of audit labels with which
w wrong ones still allow the guarantee; ``bounds[w][n]`` are the bounds of the accuracy with w
wrong ones of n, in thousandths, for as many as the page can have.
"""

import json
from collections import deque
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from fieldconf.errors import MissingPackageError
from fieldconf.labelling import LabelItem, LabelProgress, LabelQueue, excerpt
from fieldconf.labelling.label_lines import head_of
from fieldconf.labelling.label_progress import LEVEL, needed
from fieldconf.labelling.queue import Key, has_verdict_only
from fieldconf.statistics.bounds import binomial_bound

MOST_ITEMS = 2_000
"""Values that a page without a server asks for; nobody labels more of them there."""
_AROUND = 160  # characters before and after a value
_MOST_WRONG, _MOST_LABELS = 10, 200  # of the table of bounds: 16 kB


def item_data(item: LabelItem) -> dict[str, Any]:
    """A value as the page shows it."""
    place, field = excerpt(item, _AROUND), item.field
    return {
        "document": item.document, "field": item.field.pointer, "answer": _json(item.value),
        "text": isinstance(item.value, str) or item.value is None,
        "verdict_only": has_verdict_only(item), "list": field.kind == "array",
        "drawn": item.drawn, "outcome": item.outcome, "reason": item.reason,
        "why": "" if field.why is None else field.why.sentence,
        "confidence": field.confidence, "low": field.low, "high": field.high,
        "others": [[_json(other.value), other.probability] for other in item.alternatives],
        "excerpt": None if place is None else list(place[:3]),
    }  # fmt: skip


def review_data(queue: LabelQueue, risk: float = 0.05) -> dict[str, Any]:
    """What a page without a server needs."""
    items = _in_order(queue)
    audited = min(sum(item.drawn == "audit" for item in items), _MOST_LABELS)
    wrong_counts = range(_MOST_WRONG + 1)
    enough, bounds = None, None
    with suppress(MissingPackageError):  # without scipy the page shows counts alone
        enough = [wrong + needed(wrong, wrong, risk) for wrong in wrong_counts]
        bounds = [
            [_bounds(min(wrong, labels), labels) for labels in range(audited + 1)]
            for wrong in wrong_counts
        ]
    return {
        "head": json.dumps(head_of(queue)), "values": len(queue), "risk": risk,
        "items": [item_data(item) for item in items], "enough": enough, "bounds": bounds,
    }  # fmt: skip


def progress_data(progress: LabelProgress) -> dict[str, Any]:
    """What the labels tell, as a server says it."""
    return {name: getattr(progress, name) for name in LabelProgress.__dataclass_fields__}


def _in_order(queue: LabelQueue) -> list[LabelItem]:
    """The values in the order in which they are asked for."""
    items: list[LabelItem] = []
    done = set[Key]()
    audited = 0
    doubtful, audit = deque(queue.doubtful), deque(queue.audit)
    while (doubtful or audit) and len(items) < MOST_ITEMS:
        rest = replace(queue, doubtful=(*islice(doubtful, 1),), audit=(*islice(audit, 1),))
        item = rest.next(done, audited)
        assert item is not None
        (audit if item.drawn == "audit" else doubtful).popleft()
        items.append(item)
        done.add(item.key)
        audited += item.drawn == "audit"
    return items


def _bounds(wrong: int, labels: int) -> tuple[int, int]:
    """The bounds of the share that is right, in thousandths."""
    low = 1 - binomial_bound(wrong, labels, LEVEL / 2)
    return round(1000 * low), round(1000 * binomial_bound(labels - wrong, labels, LEVEL / 2))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

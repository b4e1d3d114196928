"""Certifying: the lowest cut at which the risk of the accepted values is low enough.

In:    a ``Table``; a risk and a confidence (0..1).
Out:   ``Guarantee``, with a cut, or with the reason why there is none.
Never: a cut chosen because it looks best; a refusal without advice.
Why:   "at most 2 % of what I accept is wrong" must hold although many cuts were tried.

Cuts are tested from a start downwards, until the first that fails: however many are tested, the
chance that a cut with too high a risk passes is that of one test (fixed-sequence testing; for cuts:
"Learn then Test", Angelopoulos and others 2021). A single start dies of a few confident errors:
there are several, the error is shared among them, and a sequence that arrives at the next start
takes its own share along (the fallback procedure, Wiens and Dmitrienko 2005).
"""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from fieldconf.errors import PolicyError
from fieldconf.statistics.bounds import (
    betting,
    binomial,
    binomial_bound,
    capitals,
    effective,
)
from fieldconf.statistics.cuts import Cuts, cuts_of
from fieldconf.statistics.guarantee import Certificate, Guarantee, Per, Unit
from fieldconf.statistics.judged_table import Table
from fieldconf.statistics.packages import package

STARTS = (1, 2, 4, 8, 16)
"""Where sequences start: at the least number of labels that can pass, times these."""

MOST_SHARES = 2
"""How many shares a sequence may have; the others are in reserve, since the design effect is an
estimate, and the starts are counted in the labels that are tested."""

FIXED_STARTS = (1.0, 0.9999, 0.999, 0.99, 0.95, 0.9, 0.8, 0.5)
"""Where sequences start that must not know the labelled rows."""

_MOST_TIMES = 1e4  # as many labels: beyond that, more labels are no advice


def certify(
    source: Any, *, risk: float, confidence: float, unit: Unit = "field", per: Per = "pooled",
    together: bool = True, strict: bool = False,
) -> Guarantee:  # fmt: skip
    """What can be certified of a table, see ``Policy.guaranteed``.

    Raises:
        PolicyError: if a number or a word cannot be.
        EvaluationError: if it is no table.

    >>> rows = [{"document": n, "field": "/team", "confidence": 0.9, "right": True}
    ...         for n in range(50)]
    >>> print(certify(rows, risk=0.1, confidence=0.95))  # doctest: +NORMALIZE_WHITESPACE
    accepted fields are wrong in at most 10.0%, with 95% confidence: 50 of 50 labels in 50 documents
    accepted, 0 wrong, bound 0.0880, design effect 1.00
    >>> certify(rows[:40], risk=0.1, confidence=0.95).reason
    'at least 4 more labels'
    """
    _check(risk, confidence, unit, per)
    table = Table.read(source)
    np = package("numpy")
    documents, sizes = np.unique(table.document, return_counts=True)
    if unit == "document":
        table, sizes = _documents(table), np.ones(len(documents), dtype=int)
    groups = [(table.fields, table)]
    if per == "field":
        groups = [((n,), table.where(table.field == i)) for i, n in enumerate(table.fields)]
    level = (1 - confidence) / (len(groups) if together else 1)
    most = int(sizes.max(initial=1))
    certificates = tuple(
        _certificate(group, fields, risk, level, most if strict else None)
        for fields, group in groups
    )
    return Guarantee(
        risk, confidence, unit, per, together, strict, len(documents), most, certificates
    )


def _check(risk: float, confidence: float, unit: str, per: str) -> None:
    for name, value in (("risk", risk), ("confidence", confidence)):
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)  # pyright: ignore[reportUnnecessaryIsInstance]
        if not is_number or not 0 < value < 1:
            raise PolicyError(f"{name} {value!r} is not between 0 and 1", remedy="Such as .05")
    for name, value, allowed in (
        ("unit", unit, ("field", "document")), ("per", per, ("pooled", "field"))
    ):  # fmt: skip
        if value not in allowed:
            raise PolicyError(f"{name} {value!r} is none", remedy=f"Known are {allowed}")
    if unit == "document" and per == "field":
        raise PolicyError("documents have no cut per field", remedy='Leave per at "pooled"')


def _documents(table: Table) -> Table:
    """A row for each document: its least confidence, NaN where one is; right if all rows are."""
    np = package("numpy")
    least = np.full(len(table.documents), np.inf)
    confidences = np.where(np.isnan(table.confidence), -np.inf, table.confidence)
    np.minimum.at(least, table.document, confidences)
    least[np.isinf(least)] = np.nan
    right = np.ones(len(table.documents), dtype=bool)
    np.logical_and.at(right, table.document, table.right)
    documents = np.unique(table.document)
    return Table(
        documents, np.zeros(len(documents), dtype=np.int64), least[documents], right[documents],
        table.documents, table.fields, table.kinds,
    )  # fmt: skip


class _Tests(NamedTuple):
    """The tests of all cuts.

    Attributes:
        chances: the p-values of some cuts, were there so many times as many documents.
        sequences: the first cut of each, the one behind its last, and how many shares of the error
            it brings; the highest first.
        share: the error of one start.
        labels: how many (independent) labels each cut has.
        most_shares: how many shares of the error a sequence may have.
    """

    chances: Callable[[float, Any], Any]
    sequences: list[tuple[int, int, int]]
    share: float
    labels: Any
    most_shares: int


def _certificate(
    table: Table, fields: tuple[str, ...], risk: float, level: float, most: int | None
) -> Certificate:
    """The lowest cut that the tests allow; ``most`` rows a document if the bound is strict."""
    if not len(table):
        return Certificate(fields, 0, reason="there are no labels")
    cuts, base = cuts_of(table), float(1 - table.right.mean())
    if not len(cuts):
        return Certificate(fields, len(table), base, reason="no label has a confidence")
    tests = _tests(cuts, risk, level) if most is None else _strict(table, cuts, risk, level, most)
    lowest, allowed = _lowest(tests)
    if lowest is None:
        why = _reason(table, cuts, tests, risk, base)
        return Certificate(fields, len(table), base, reason=why)
    accepted, wrong = float(cuts.accepted[lowest]), float(cuts.wrong[lowest])
    labels = float(tests.labels[lowest])
    if most is None:
        bound = binomial_bound(wrong / accepted * labels, labels, allowed)
    else:
        bound = _least_risk(table, cuts, lowest, risk, allowed, most)
    return Certificate(
        fields, len(table), base, float(cuts.cut[lowest]), min(bound, risk),
        accepted / len(table), int(accepted), int(wrong),
        accepted / labels if most is None else None,
    )  # fmt: skip


def _tests(cuts: Cuts, risk: float, level: float) -> _Tests:
    """By Clopper and Pearson with a design effect, from starts counted in labels."""
    np = package("numpy")
    share = level / len(STARTS)
    labels = effective(cuts, risk, share)
    reached = np.maximum.accumulate(labels) + 1e-9
    counts = [least_labels(risk, share) * times for times in STARTS]
    starts: dict[int, int] = Counter(np.searchsorted(reached, counts).tolist())
    sequences = zip(starts, [*list(starts)[1:], len(cuts)], starts.values(), strict=True)

    def chances(times: float, at: Any) -> Any:
        worth = labels[at] if times == 1 else effective(cuts, risk, share, times, at)
        return binomial((cuts.wrong / cuts.accepted)[at] * worth, worth, risk)

    return _Tests(chances, list(sequences), share, labels, MOST_SHARES)


def _strict(table: Table, cuts: Cuts, risk: float, level: float, most: int) -> _Tests:
    """By betting on documents, from starts that are fixed confidences.

    Each number below a start is a cut that is tested, observed or not: no test depends on which
    were observed. One between two of them accepts the same labelled rows as the higher one; so a
    sequence ends with the cut from which the next one starts.
    """
    np = package("numpy")
    above = np.searchsorted(-cuts.cut, [-start for start in FIXED_STARTS], side="right").tolist()
    sequences = [(n - 1, end, 1) for n, end in zip(above, [*above[1:], len(cuts)], strict=True)]
    capital = capitals(table, cuts, risk, most)

    def chances(times: float, at: Any) -> Any:
        return betting(times * capital[:, at])

    return _Tests(
        chances, sequences, level / len(FIXED_STARTS), cuts.documents, len(FIXED_STARTS),
    )  # fmt: skip


def _lowest(tests: _Tests) -> tuple[int | None, float]:
    """The lowest cut that passes in a sequence, by number, and the error at which it did."""
    chances = tests.chances(1.0, slice(None))
    lowest, allowed, shares = None, 0.0, 0
    for first, end, more in tests.sequences:
        shares = min(shares + more, tests.most_shares)
        passes = chances[max(first, 0) : end] <= shares * tests.share
        count = 0 if first < 0 else len(passes) if passes.all() else int(passes.argmin())
        if count:
            lowest, allowed = first + count - 1, shares * tests.share
        if first < 0 or count < len(passes):
            shares = 0
    return lowest, allowed


def least_labels(risk: float, share: float) -> int:
    """How many labels without an error pass: (1 - risk) to their power is at most the error."""
    return math.ceil(math.log(share) / math.log1p(-risk) - 1e-9)


def _least_risk(
    table: Table, cuts: Cuts, lowest: int, risk: float, allowed: float, most: int
) -> float:
    """The least risk at which a cut passes the strict test."""

    def excess(tried: float) -> float:
        return math.log(betting(capitals(table, cuts, tried, most)[:, lowest]) / allowed)

    least = max(float(cuts.wrong[lowest] / cuts.accepted[lowest]), 1e-9)
    if excess(risk) >= 0 or excess(least) <= 0:
        return risk
    return float(package("scipy.optimize").brentq(excess, least, risk, xtol=1e-6))


def _reason(table: Table, cuts: Cuts, tests: _Tests, risk: float, base: float) -> str:
    """Why no cut passes: too few labels, or too many errors at each cut."""
    np = package("numpy")
    shares = cuts.wrong / cuts.accepted
    enough = min(least_labels(risk, tests.share) / 2, float(tests.labels.max()))
    hopeful = (shares < risk) & (tests.labels >= enough)
    more = _times(tests, hopeful) if hopeful.any() else None
    if more is not None:
        labels = max(math.ceil(len(table) * (more - 1e-6)) - len(table), 1)
        sizes = len(table) / len(np.unique(table.document))
        documents = f" (in {math.ceil(labels / sizes)} documents)" if sizes > 1 else ""
        return f"at least {labels} more label{'s' * (labels > 1)}{documents}"
    least = float(shares[tests.labels >= enough].min())
    review = f", at least {(base - risk) / (1 - risk):.0%} must go to review" if base > risk else ""
    return (
        f"no cut can: base risk {base:.2f}{review}; at the best cut {least:.2f} of the labels "
        "are wrong"
    )


def _times(tests: _Tests, hopeful: Any) -> float | None:
    """With how many times as many labels, and the same share of errors, a cut would pass."""

    def excess(times: float) -> float:
        return math.log(max(float(tests.chances(times, hopeful).min()), 1e-300) / tests.share)

    if excess(1.0) <= 0:
        return 1.0
    more = 2.0
    while excess(more) > 0:
        more *= 2
        if more > _MOST_TIMES:
            return None
    return float(package("scipy.optimize").brentq(excess, more / 2, more, xtol=1e-6))

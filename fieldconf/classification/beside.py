"""Beside: what many answers said instead of a label, and how often: the class that is missing.

In:    reports of label sets, read with logprobs or without.
Out:   the texts beside the labels, the most frequent first.
Never: a mass that is not known counted as none.
Why:   one ambiguous answer is noise; the same word in a third of a thousand answers is a class that
       nobody thought of.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fieldconf.classification.ending import is_end
from fieldconf.fields.field import Field
from fieldconf.report import Report
from fieldconf.tokens.token import Candidate


@dataclass(frozen=True, slots=True)
class OffLabelAnswers:
    """A text that was said beside the labels.

    Attributes:
        text: an answer that is no label, as it was written; or a token that would have led away
            from the labels, and of which nobody knows how it would have gone on. White space
            around it is left out.
        count: in so many reports it was the answer, or among the three likeliest of such tokens.
        written: in so many of them it was the answer.
        mass: its mean probability (0..1) in those reports that know it; None if none does.
    """

    text: str
    count: int
    written: int
    mass: float | None


def off_label_answers(reports: Iterable[Report[Any]]) -> list[OffLabelAnswers]:
    """What was said beside the labels in many answers, and how often: the missing class.

    Args:
        reports: of ``classify``, or of ``score``, ``extract`` and the like by a ``LabelSet``. Those
            that are "truncated", or lack the mark before the label, count for nothing; of an answer
            that was cut off when it was no label already, what is there of it counts.

    Returns:
        A row a text: the most frequent first, of those that are as frequent the most probable.

    >>> import fieldconf as fc
    >>> entry = lambda text, p: {"token": text, "logprob": p}
    >>> def saved(text, p, other, q):
    ...     listed = [entry(text, p), entry(other, q)]
    ...     return {"choices": [{"message": {"content": text}, "logprobs": {
    ...         "content": [entry(text, p) | {"top_logprobs": listed}]}}]}
    >>> answers = [saved("spam", -0.1, "invoice", -2.5), saved("invoice", -0.2, "ham", -2)]
    >>> for row in off_label_answers(fc.score(one, fc.LabelSet(["spam", "ham"])) for one in answers):
    ...     print(row.text, row.count, row.written, round(row.mass, 2))
    invoice 2 1 0.45
    """
    masses: dict[str, list[float | None]] = defaultdict(list)
    written: dict[str, int] = defaultdict(int)
    for report in reports:
        answer, found = _said(report)
        for text, mass in found.items():
            masses[text].append(mass)
        if answer:
            written[answer] += 1
    rows = [
        OffLabelAnswers(text, len(known), written[text], _mean(known))
        for text, known in masses.items()
    ]
    return sorted(rows, key=lambda row: (-row.count, -(row.mass or 0.0), row.text))


def _said(report: Report[Any]) -> tuple[str, dict[str, float | None]]:
    """The answer, if it is no label; and each text beside the labels with its mass."""
    field = report.fields.get("")
    found: dict[str, float | None] = {}
    if field is None or "truncated" in field.flags:
        return "", found
    answer = field.value.strip() if report.errors and isinstance(field.value, str) else ""
    left_by = field.why.text if answer and field.why else None
    for text, mass in _others(field):
        name = answer if text == left_by else text.strip()
        found[name] = (found.get(name) or 0.0) + mass
    if answer:
        found.setdefault(answer, None)
    return answer, found


def _others(field: Field) -> Iterator[tuple[str, float]]:
    """The tokens that lead away from the labels, but for those that say nothing."""
    for rival in field.distribution.other if field.distribution else ():
        if rival.text.strip() and not is_end(Candidate(rival.text, None, 0.0)):
            yield rival


def _mean(known: Iterable[float | None]) -> float | None:
    masses = [mass for mass in known if mass is not None]
    return sum(masses) / len(masses) if masses else None

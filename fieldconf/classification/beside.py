"""Off-label answers: texts other than the labels in many answers, which may be a missing class.

In:    reports of label sets, with or without logprobs.
Out:   the texts that are no labels, the most frequent first.
Never: an unknown mass counted as 0.
Why:   one ambiguous answer is noise; the same word in a third of a thousand answers is a class that
       the label set lacks.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fieldconf.classification.ending import is_end
from fieldconf.report import Report
from fieldconf.tokens.token import Candidate


@dataclass(frozen=True, slots=True)
class OffLabelAnswers:
    """A text that is no label.

    Attributes:
        text: an answer that is no label, as it was written; or a token with which an answer would
            leave the labels, whose continuation is unknown. Without white space around it.
        count: the number of reports in which it was the answer, or one of the three likeliest such
            tokens.
        written: the number of reports in which it was the answer.
        mass: its mean probability (0..1) in the reports where it is known; None if there are none.
    """

    text: str
    count: int
    written: int
    mass: float | None


def off_label_answers(reports: Iterable[Report[Any]]) -> list[OffLabelAnswers]:
    """The texts other than labels in many answers, with their frequencies: a missing class.

    Args:
        reports: of ``classify``, or of ``score``, ``extract`` and similar functions with a
            ``LabelSet``. "Truncated" reports and answers without the mark before the label are
            ignored; of an answer that was cut off after it had become no label, the written text
            counts.

    Returns:
        A row for each text: the most frequent first; among equals, the most probable.

    >>> import fieldconf as fc
    >>> entry = lambda text, p: {"token": text, "logprob": p}
    >>> def saved(text, p, other, q):
    ...     listed = [entry(text, p), entry(other, q)]
    ...     return {"choices": [{"message": {"content": text}, "logprobs": {
    ...         "content": [entry(text, p) | {"top_logprobs": listed}]}}]}
    >>> answers = [saved("spam", -0.1, "invoice", -2.5), saved("invoice", -0.2, "ham", -2)]
    >>> labels = fc.LabelSet(["spam", "ham"])
    >>> for row in off_label_answers(fc.score(answer, labels) for answer in answers):
    ...     print(row.text, row.count, row.written, round(row.mass, 2))
    invoice 2 1 0.45
    """
    masses: dict[str, list[float | None]] = defaultdict(list)
    written: dict[str, int] = defaultdict(int)
    for report in reports:
        answer, own_masses = _off_label(report)
        for text, mass in own_masses.items():
            masses[text].append(mass)
        if answer:
            written[answer] += 1
    rows: list[OffLabelAnswers] = []
    for text, all_masses in masses.items():
        known_masses = [mass for mass in all_masses if mass is not None]
        mean = sum(known_masses) / len(known_masses) if known_masses else None
        rows.append(OffLabelAnswers(text, len(all_masses), written[text], mean))
    return sorted(rows, key=lambda row: (-row.count, -(row.mass or 0.0), row.text))


def _off_label(report: Report[Any]) -> tuple[str, dict[str, float | None]]:
    """The answer, if it is no label; and the masses of the texts that are no labels.

    White space and ends of the answer are ignored.
    """
    field = report.fields.get("")
    masses: dict[str, float | None] = {}
    if field is None or "truncated" in field.flags:
        return "", masses
    answer = field.value.strip() if report.errors and isinstance(field.value, str) else ""
    leaving_token = field.why.text if answer and field.why else None
    for rival in field.distribution.other if field.distribution else ():
        if rival.text.strip() and not is_end(Candidate(rival.text, None, 0.0)):
            name = answer if rival.text == leaving_token else rival.text.strip()
            masses[name] = (masses.get(name) or 0.0) + rival.probability
    if answer:
        masses.setdefault(answer, None)
    return answer, masses

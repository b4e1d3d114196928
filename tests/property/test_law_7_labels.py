"""No reading of a label set returns a value outside of the labels, whatever was answered.

Answers are drawn from pieces that look like labels; what they mean is read by the slow functions of
the law of bare labels, which know no tokens.
"""

import math
import random

import pytest
from builders import entry, response
from test_law_7_classify import SETS, Reader

import fieldconf as fc

DRAWN = 500
"""So many are drawn in each run; ``run`` draws more by hand."""

PIECES = [
    *sorted({text for texts in SETS.values() for text in texts}), *"aAbBxyz.,!? \n\"'{}[]:0",
    "true", "null", "1", "spam?", " Spam.", "YES", "Final:", "Final: ", "final:",
    '"spam"', '{"label": "spam"}', "The answer is", "né", "\u00a0", "\ufffd",
    "\U0001f600",
]  # fmt: skip


def drawn(dice):
    """A label set, and the texts of the tokens of an answer."""
    texts = SETS[dice.choice(sorted(SETS))]
    match, first_word = dice.choice(["exact", "loose"]), dice.random() < 0.5
    after = dice.choice(["", "", "Final:"])
    labels = fc.LabelSet(texts, match=match, first_word=first_word, after=after)
    pieces = [dice.choice(PIECES) for _ in range(dice.randrange(5))]
    pieces += [after] * (dice.random() < 0.7) + [dice.choice(["", " "])]
    pieces += [dice.choice([*texts, *PIECES]) for _ in range(dice.choice([1, 1, 1, 2]))]
    if dice.random() < 0.5:
        pieces = [after, dice.choice([*texts])]
    return labels, [piece for piece in pieces if piece]


def answered(tokens, dice, **more):
    entries = []
    for text in tokens:
        p = dice.uniform(0.1, 0.9)
        others = [(dice.choice(PIECES), math.log((1 - p) / 4)) for _ in range(dice.randrange(4))]
        entries.append(entry(text, math.log(p), [(text, math.log(p)), *others]))
    return response(entries, **more)


def meaning(labels, text):
    """What an answer means, read slowly; None if it is no label. It has no reasoning."""
    if labels.after:
        _, mark, text = text.rpartition(labels.after)
        if not mark:
            return None
        text = text.lstrip(" \n")
    reader = Reader(labels.labels, labels.match, labels.first_word)
    return reader.meaning(text.encode()) if text else None


def check(report, labels):
    inside = any(report.value is value for value in labels.meanings)
    assert inside or report.value is None
    assert inside or report.data is None
    assert inside or report.errors or report.status == "truncated"
    assert inside or report.outcome != "accept"


@pytest.mark.parametrize("seed", [1, 2])
def test_no_reading_returns_a_value_outside_of_the_labels(seed):
    found = run(DRAWN // 2, seed)
    assert min(found.values()) > DRAWN // 20  # labels and others are drawn, and both are read


def run(count, seed):
    """Draw so many answers; how many were labels, and how many were none."""
    dice = random.Random(seed)
    found = {"labels": 0, "others": 0}
    last = {}
    for _ in range(count):
        labels, tokens = drawn(dice)
        saved = answered(tokens, dice)
        report = fc.score(saved, labels)
        check(report, labels)
        assert report.value is meaning(labels, "".join(tokens)), (labels, tokens)
        found["others" if report.value is None else "labels"] += 1
        before = last.get(labels)
        if before is not None:
            check(fc.agree([before, report]), labels)
        last[labels] = report
        cut = fc.score(answered(tokens, dice, finish_reason="length"), labels)
        assert cut.value is None or cut.value is report.value
        back = fc.Report.from_json(report.to_json(), labels)
        assert (back.value, back.data) == (report.value, report.data)
    return found

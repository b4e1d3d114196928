"""Worlds: tables of judged values, drawn by Hypothesis, or with a risk that is known."""

import numpy as np
from hypothesis import strategies as st

from fieldconf.statistics.judged_table import Table

CONFIDENCES = st.sampled_from([None, 0.0, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0])


@st.composite
def rows(draw, most=120):
    """Rows of a table: few documents and fields, many ties, some without a confidence."""
    size = draw(st.integers(1, most))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    accuracy = draw(st.sampled_from([0.0, 0.7, 0.95, 1.0]))
    documents = draw(st.sampled_from([1, size // 8 + 1, size]))
    fields = draw(st.integers(1, 3))
    known = draw(st.lists(CONFIDENCES, min_size=1, max_size=5))
    return [
        {
            "document": int(rng.integers(documents)), "field": f"/f{rng.integers(fields)}",
            "confidence": known[rng.integers(len(known))], "right": bool(rng.random() < accuracy),
        }
        for _ in range(size)
    ]  # fmt: skip


def severe(rng, documents):
    """A table, and the risk of each row in the population: one document in eight is worse."""
    logit = rng.normal(3.0, 2.0, (documents, 8))
    bad = rng.random((documents, 1)) < 1 / 8
    right = 1 / (1 + np.exp(-0.9 * logit)) * np.where(bad, 0.85, 1)
    return table(1 / (1 + np.exp(-logit)), rng.random(right.shape) < right)


def table(confidence, right):
    """The table of a row for each document, and a column for each field."""
    documents, fields = confidence.shape
    return Table(
        np.repeat(np.arange(documents), fields), np.tile(np.arange(fields), documents),
        confidence.ravel(), right.ravel(), tuple(range(documents)),
        tuple(f"/f{number}" for number in range(fields)), ("",) * fields,
    )  # fmt: skip

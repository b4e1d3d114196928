"""Evaluation: the page of an evaluation: its measures, verdicts, pictures and errors.

In:    plain dicts (``Evaluation.to_dict``, errors as dicts), a picture as a data URI.
Out:   HTML text; the small form for a notebook.
Never: a number for an undefined measure.
Why:   a measure without its interval and its verdict is misread.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fieldconf.page.document import page
from fieldconf.page.notebook import cells_table
from fieldconf.render.evaluation import cells, figure, heading, shown, titles, verdict_lines


def evaluation_page(
    plain: Mapping[str, Any], errors: Sequence[Mapping[str, Any]] | None = None, image: str = ""
) -> str:
    """A stand-alone page: the table, the verdicts, and the errors if they are given.

    ``image`` is a picture as a data URI.
    """
    wrong = [
        [str(e["document"]), e["pointer"], figure(e["confidence"]), shown(e["value"]),
         shown(e["truth"]), shown(e["text"]), e["why"]]
        for e in errors or ()
    ]  # fmt: skip
    return page(
        "evaluation.html", "Evaluation", heading=heading(plain), titles=titles(plain),
        rows=cells(plain), lines=list(verdict_lines(plain)), image=image,
        wrong=None if errors is None else wrong,
    )  # fmt: skip


def evaluation_table(plain: Mapping[str, Any]) -> str:
    """The same in small: the table and the verdicts."""
    lines = [heading(plain), *(line for _, line in verdict_lines(plain))]
    return cells_table(titles(plain), cells(plain), lines)

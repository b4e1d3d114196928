"""Table registry: which function makes a table of reports and their labels.

In:    labels, and the reports that they judge.
Out:   ``LabelledTable``: a ``Table``, and what its answers are of.
Never: an import of reports.
Why:   a policy is part of a report, and can be certified on reports with labels: the folder above
       that reads reports registers its function here.
"""

from collections.abc import Mapping
from functools import singledispatch
from importlib import import_module
from typing import Any, NamedTuple

from fieldconf.errors import EvaluationError
from fieldconf.statistics.judged_table import Table


class LabelledTable(NamedTuple):
    """A table of judged values, and what its answers are of.

    Attributes:
        table: a row for each value that a label judges. A value that the answer does not have has
            no confidence, so it is never accepted.
        scope: model, schema, prompt and calibration, see ``Report.scope``; without unknown ones.
    """

    table: Table
    scope: Mapping[str, str]


_REGISTERING_MODULE = (
    "fieldconf.calibration.labelled_tables"  # of a higher layer: imported when needed
)


def labelled_table(labels: Any, source: Any) -> LabelledTable:
    """The table of reports and their labels.

    Raises:
        EvaluationError: if the labels are not of a known type, or judge no report.
    """
    import_module(_REGISTERING_MODULE)
    return table_of_labels(labels, source)


@singledispatch
def table_of_labels(labels: Any, source: Any) -> LabelledTable:
    """The function for the type of the labels; ``calibration.reports`` registers one."""
    del source
    raise EvaluationError(
        f"a {type(labels).__name__} is no labels", remedy="Give labels=fc.labels(...)"
    )

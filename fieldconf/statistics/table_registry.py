"""Table registry: the table of reports and their labels, from a higher layer.

In:    labels, and the reports that they judge.
Out:   ``LabelledTable``: a ``Table``, and what its answers are of.
Never: an import of reports before a table of them is needed.
Why:   a policy is part of a report, and can be certified on reports with labels.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

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


def labelled_table(labels: Any, source: Any) -> LabelledTable:
    """The table of reports and their labels.

    Raises:
        EvaluationError: if these are no labels, or judge no report.
    """
    module = import_module("fieldconf.calibration.labelled_tables")  # of a higher layer
    return module.labelled_reports(labels, source)

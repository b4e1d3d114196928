"""Labelled: reports and labels as a table, for the rooms below reports.

In:    labels, and what they judge.
Out:   ``Labelled``: a ``Table``, and what its answers are of.
Never: an import of reports.
Why:   policies are part of reports, and are made of labelled reports.
"""

from collections.abc import Mapping
from functools import singledispatch
from importlib import import_module
from typing import Any, NamedTuple

from fieldconf.errors import EvaluationError
from fieldconf.statistics.table import Table


class Labelled(NamedTuple):
    """A table, and what its answers are of.

    Attributes:
        table: a row for each value that a label judges; one that cannot be accepted, since the
            answer does not have it, has no confidence.
        scope: by name, see ``Report.scope``; without what is not known.
    """

    table: Table
    scope: Mapping[str, str]


_REGISTERS = "fieldconf.calibration.reports"  # itself; it is above, so that nobody imports it here


def labelled(labels: Any, source: Any) -> Labelled:
    """What labels say of a source.

    Raises:
        EvaluationError: if these are no labels, or judge nothing of it.
    """
    import_module(_REGISTERS)
    return by_kind(labels, source)


@singledispatch
def by_kind(labels: Any, source: Any) -> Labelled:
    """The same, by the kind of the labels."""
    del source
    raise EvaluationError(
        f"a {type(labels).__name__} is no labels", remedy="Give labels=fc.labels(...)"
    )

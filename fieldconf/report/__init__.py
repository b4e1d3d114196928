"""Report: an answer with a confidence for every field.

In:    scored fields, and how the answer ended; or a saved report.
Out:   ``Report``: frozen; it can be shown, saved, sent and read back.
Never: a number that needs the response again.
Why:   the answer, its numbers and what is wrong with it belong together.

* ``report``: the ``Report``;
* ``lookup``: from a name to the pointer of a field;
* ``saved_form``: the saved form, as models made of the classes of the records;
* ``json_schema``: the JSON Schema of the saved form; ``docstrings``: the texts in it;
* ``load``: from the saved form back to a report;
* ``packing``: the state of a report for pickles and copies;
* ``combine``: one report from the fields of several readings;
* ``frame``: reports as data frames;
* ``results``: the result of each input of a run.
"""

from fieldconf.fields.field import Field, Kind
from fieldconf.fields.plain_values import DEEPEST, plain_value
from fieldconf.fields.readings import (
    Agreement,
    Basis,
    Calibrated,
    How,
    Reading,
    RequestCost,
    SourceSpan,
)
from fieldconf.report.report import Report, Status, Stopped

__all__ = [
    "DEEPEST",
    "Agreement",
    "Basis",
    "Calibrated",
    "Field",
    "How",
    "Kind",
    "Reading",
    "Report",
    "RequestCost",
    "SourceSpan",
    "Status",
    "Stopped",
    "plain_value",
]  # fmt: skip

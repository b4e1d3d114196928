"""Report: what the user holds.

* ``ending``: how an answer ended;
* ``readings``: what several requests, and the source, say of one field;
* ``plain``: the parts of a report as plain JSON values;
* ``keeping``: values for pickles, without nesting;
* ``field``: one value of the answer;
* ``forms``: the plain form, typed;
* ``reading``: back from plain JSON values;
* ``packing``: what of it goes into a pickle;
* ``whole``: the report;
* ``assembled``: one report made of several readings.
"""

from fieldconf.fields.field import Field, Kind
from fieldconf.fields.plain import DEEPEST, plain_value
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

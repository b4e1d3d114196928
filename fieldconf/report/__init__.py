"""Report: what the user holds.

* ``plain``: the parts of a report as plain JSON values;
* ``keeping``: its state for pickle and copy;
* ``field``: one value of the answer;
* ``reading``: back from plain JSON values;
* ``whole``: the report.
"""

from fieldconf.report.field import Basis, Field, Kind
from fieldconf.report.plain import DEEPEST, plain_value
from fieldconf.report.whole import Report, Status, Stopped

__all__ = [
    "DEEPEST", "Basis", "Field", "Kind", "Report", "Status", "Stopped", "plain_value",
]  # fmt: skip

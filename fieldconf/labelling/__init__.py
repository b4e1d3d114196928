"""Labelling: people label values of reports, one by one; the labels are kept in a file.

In:    reports, or rows of ``fieldconf batch``; what a person says of each value.
Out:   a file of labels that ``fc.labels`` reads; what the labels tell so far.
Never: input or output of a terminal: ``cli/label_command.py`` has that.
Why:   thresholds, calibrations and guarantees need labels, and labels are dear.

* ``queue``: ``LabelQueue``, the values in the order in which they are asked for;
* ``session``: ``LabelSession``, the labels given so far;
* ``label_lines``: ``Label`` as a line of JSON, and the first line of the file;
* ``label_progress``: ``LabelProgress``, what the labels tell;
* ``excerpts``: the text around a value.
"""

from fieldconf.labelling.excerpts import Excerpt, excerpt
from fieldconf.labelling.label_lines import Label
from fieldconf.labelling.label_progress import LabelProgress
from fieldconf.labelling.queue import LabelItem, LabelQueue, queue_of
from fieldconf.labelling.session import LabelSession

__all__ = [
    "Excerpt",
    "Label",
    "LabelItem",
    "LabelProgress",
    "LabelQueue",
    "LabelSession",
    "excerpt",
    "queue_of",
]

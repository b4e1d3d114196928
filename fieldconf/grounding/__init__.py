"""Grounding: where the values of a report stand in the text that was read.

In:    a report, a text.
Out:   the same report, whose leaves have ``source_spans``.
Never: a confidence changed.
Why:   a value that stands in the text was not invented, and a reader wants to see where it stands.

* ``folding``: a normalised text, with the offsets of each character in the original;
* ``quotations``: the same words;
* ``numerals``: the same number;
* ``dates``: the same day or time;
* ``fuzzy``: similar words;
* ``searching``: one value, by one way after the other;
* ``locating``: the values of a report.
"""

from fieldconf.grounding.locating import WAYS, locate

__all__ = ["WAYS", "locate"]

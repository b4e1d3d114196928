"""Source: where the values of a report stand in the text that was read.

* ``folding``: a text as it is compared, with the way back;
* ``quotations``: the same words;
* ``numerals``: the same number;
* ``dates``: the same day or time;
* ``fuzzy``: nearly the same words;
* ``searching``: one value, by one way after the other;
* ``locating``: a report.
"""

from fieldconf.grounding.locating import WAYS, locate

__all__ = ["WAYS", "locate"]

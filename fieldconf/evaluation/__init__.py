"""Evaluation: how good the confidences are on labelled answers.

* ``packages``: numpy, scipy and scikit-learn, or how to get them;
* ``columns``: one column of a table of any kind;
* ``table``: ``Table``, a row for each value that a label judges.
"""

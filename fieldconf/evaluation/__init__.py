"""Evaluation: how good the confidences are on labelled answers.

* ``packages``: numpy, scipy and scikit-learn, or how to get them;
* ``columns``: one column of a table of any kind;
* ``table``: ``Table``, a row for each value that a label judges;
* ``files``: tables and labels in files;
* ``correctness``: when a value is right; ``items``: which items of two lists are which;
  ``judging``: a whole answer, place by place;
* ``labels``: the right values of documents; ``answers``: the reports that they judge;
* ``judged``: the ``Table`` of both, with what stands behind each row;
* ``curves``: all measures of the rows of a group; ``resampling``: their intervals; ``groups``: the
  rows of a field or a kind; ``verdicts``: what the measures mean; ``comparing``: differences;
* ``evaluating``: ``fc.evaluate``; ``redacting``: what masks values; ``plotting``: pictures.
"""

"""Evaluation: how good the confidences are on labelled answers.

* ``label_files``: tables and labels in files;
* ``correctness``: when a value is right; ``judging``: judges a whole answer, place by place;
* ``labels``: the right values of documents; ``judged_reports``: the reports that they judge;
* ``judged``: the ``Table`` of both, with the details of each row;
* ``curves``: all measures of the rows of a group; ``groups``: the rows of a field or a kind;
  ``verdicts``: what the measures mean, in words; ``comparing``: differences;
* ``evaluate``: ``fc.evaluate``, with pictures; ``redacting``: masks values.
"""

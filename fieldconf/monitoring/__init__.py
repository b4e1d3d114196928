"""Monitoring: whether today's answers still look like those that a policy was made on.

* ``baseline``: ``fc.Baseline``, a summary of reference answers in a lock file;
* ``drift``: ``fc.drift``, the differences between two sets of answers, by tests;
* ``alarms``: sequential tests of the accepted risk and of the accuracy, with late labels.
"""

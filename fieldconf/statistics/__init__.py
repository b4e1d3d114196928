"""Thresholds: where to cut, by labels.

* ``guarantee``: ``Guarantee`` and ``Certificate``, what a policy from labels knows of itself;
* ``cuts``: what a table says at each cut that it has;
* ``bounds``: how likely so few errors are where the risk is too high;
* ``certifying``: the lowest cut that can be certified, or why none can;
* ``costs``: the cheapest cut, and what each costs;
* ``reports``: what labels say of reports;
* ``deciding``: the cut that decides a label; ``decisions``: what it decides.
"""

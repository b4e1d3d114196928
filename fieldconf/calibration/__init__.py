"""Calibration: from confidences to how often such values are right.

* ``curve``: the map of one field, from a confidence to a calibrated one;
* ``members``: moves the members of a finite domain;
* ``applying``: a report with calibrated confidences;
* ``calibrator``: the maps of all fields, saved and loaded;
* ``regression``: fits the maps to labels;
* ``cross_validation``: how strongly they are shrunk, and whether they beat no calibration;
* ``prior``: fits how members are moved;
* ``calibrate``: ``fc.calibrate``; ``threshold``: ``fc.Threshold``, the cut that decides a label;
* ``labelled_tables``: reports with labels as tables for policies.
"""

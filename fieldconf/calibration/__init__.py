"""Calibration: from confidences to how often such values are right.

* ``curve``: the map of one field, from a confidence to a calibrated one;
* ``members``: how the members of a finite domain are moved;
* ``applying``: a report with calibrated confidences;
* ``calibrator``: the maps of all fields, saved and read back;
* ``fitting``: the maps that labels ask for;
* ``choosing``: how strongly they are shrunk, and whether they beat doing nothing;
* ``prior``: how members are to be moved;
* ``calibrating``: ``calibrate``, what people call.
"""

"""Statistics: tables of judged values, resampling, and cuts with what they guarantee or cost.

* ``packages``: numpy, scipy and scikit-learn, imported when they are used;
* ``columns``: reading one column of a table;
* ``judged_table``: ``Table``, a row for each judged value;
* ``table_registry``: the ``Table`` of reports and labels, from the folder ``calibration``;
* ``resampling``: intervals from draws of documents;
* ``cuts``: accepted and wrong documents at each possible cut;
* ``bounds``: tail probabilities of the number of errors, if the risk is too high;
* ``certifying``: the lowest cut that can be certified, or why none can;
* ``guarantee``: ``Guarantee`` and ``Certificate``, which a certified policy carries;
* ``costs``: the costs of each cut, and the cheapest one;
* ``two_samples``: differences between two sets of documents, with p-values for a family of tests;
* ``sequential``: tests that may be looked at after every document;
* ``threshold_decisions``: ``Decided``, what a threshold decides of one field.
"""

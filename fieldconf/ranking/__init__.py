"""Ranking: which values are surer than others, from all that is known of them.

* ``features``: what a ranker reads of a field;
* ``ranker``: ``Ranker``: applying, explaining, saving, loading;
* ``regression``: the logistic regression with signs, and the boosted trees;
* ``fit``: ``fc.fit_ranker``.
"""

"""Agreement: one report from several answers to the same question.

In:    reports of answers to the same question.
Out:   one report: the values that most answers have, and how many answers have each.
Never: a result that depends on the order of the answers.
Why:   if a model has no logprobs, several answers show how certain it is.

* ``equivalence``: when two values mean the same;
* ``pairing``: which items of several lists are the same item;
* ``voting``: what most answers have at each place;
* ``agree``: the report of the vote;
* ``label_votes``: answers that are labels.
"""

"""Distributions: the probability of what a model wrote, against what it could have written instead.

In:    the decoding steps of an answer, each with the candidates that the server listed and the
       parser before it; what the schema declares at the place in question.
Out:   an ``OutcomeTree`` over the few outcomes of a question, and from it a ``Distribution``, the
       steps of an open value, and the explanation of a decision.
Never: a candidate's text compared with a member's text. A candidate is fed to a fork of the parser,
       and only the value that it leads to counts. So quotes inside tokens, labels with a common
       beginning, escapes, and ``": "`` against ``":"`` need no special cases.
Why:   "the first token's probability" is wrong for every one of those.

What is estimated is the *masked process*: decoding under the schema, at temperature 1. At each step
the probability of a candidate is its mass over the mass of all candidates that are still possible;
the steps multiply. Mass that breaks the schema is left out, and reported. Mass that the server did
not list ("unseen") gives the bounds: ``low`` gives it to the other outcomes, ``high`` to this one.

* ``candidates``: the candidates that a server lists for a token;
* ``continuation``: where a candidate leads, by a fork of the parser;
* ``context``: what may follow a value in the containers around it;
* ``questions``, ``value_questions``: which outcomes a candidate leaves, one class a question;
* ``label_matching``, ``other_values``: matching of labels; whether another value is still possible;
* ``decoding_step``, ``outcome_tree``: the steps, and the tree that adds them up;
* ``distribution``, ``open_values``, ``explanation``: what a tree says, as frozen values;
* ``tree_store``, ``settling``: trees for a second pass, and requests that narrow their bounds;
* ``cache``: what candidates mean at places that were read before.
"""

"""Alternatives: what the tokens that were not chosen would have meant.

In:    the approach of a value (tokens with their candidates, and the parser before each), and
       what is declared at its place.
Out:   a ``Tree`` over the few outcomes of a question (``questions``), read as a ``Distribution``;
       or the ``Choice`` made at each step of an open domain.
Never: a candidate's text compared with a member's text. A candidate is fed to a fork of the parser,
       and what counts is the value it leads to: the quote inside the token, labels that share a
       beginning, escapes, ``": "`` against ``":"`` all follow.
Why:   "the first token's probability" is wrong for every one of those.

What is estimated is the *masked process*: decoding held to the schema, at temperature 1. At every
step its probability of a candidate is the candidate's mass over the mass of all candidates that
are still possible; steps multiply. Off-schema mass is outside of it, and reported. Mass that the
server did not list ("unseen") is bounded: ``low`` gives it to the others, ``high`` to the member.
"""

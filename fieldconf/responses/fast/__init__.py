"""Fast readers of OpenAI chat responses with logprobs.

In:    a saved response, a client's object, or a chunk of a stream.
Out:   the tokens that ``responses.formats`` would read from it; None if it is not in the plain
       form that is handled here.
Never: another result than the general readers'.
Why:   nearly all bytes of such a response are candidates, and most candidates are never used. Their
       objects are only built when they are accessed.

* ``from_json``: a saved response, with its entries read directly from the bytes;
* ``from_objects``: a client's object, with its entries read without dumping it;
* ``from_chunks``: the usual chunk of a stream;
* ``lazy_candidates``: candidates that are built when they are first accessed.
"""

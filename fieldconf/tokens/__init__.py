"""Tokens: what a model wrote, token by token.

In:    tokens with logprobs and candidates, as the response formats read them; the answer's text.
Out:   normalised tokens, the bytes of each in the answer, and the tokens of each JSON value.
Never: an index by characters: tokens are bytes; a sentinel reported as a logprob.
Why:   servers show tokens in many ways, and one token may belong to several values.

* ``token``: tokens, candidates and completions, with all sentinels normalised;
* ``spelling``: which bytes of the answer each token wrote;
* ``temperature``: logprobs that were taken after a temperature, put back to temperature 1;
* ``alignment``: which tokens wrote each JSON value;
* ``tokenizer``: the bytes and the ids of tokens, from a Hugging Face tokenizer;
* ``vocabulary``: the tokens that may continue a prefix.
"""

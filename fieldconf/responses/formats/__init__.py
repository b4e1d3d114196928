"""Formats: the shapes of responses, one module a shape.

In:    one opened payload, or one chunk of a stream.
Out:   ``Delta`` values: text, tokens with logprobs, and facts about the response.
Never: I/O; a client's package imported; an exception other than for a value of the wrong type,
       which ``responses`` turns into a ``PayloadError``.
Why:   each server has its own shape and its own quirks; both belong in one place.

Every shape has the same functions: ``NAME``, ``matches(item)`` and ``read(item)``. The shapes are
``bare_list``, ``cohere``, ``decisions``, ``gemini``, ``legacy``, ``llama_cpp``, ``lm_studio``,
``openai_chat``, ``openai_responses``, ``sglang``, ``tgi``, ``together_stream`` and
``transformers``. Shared parts:

* ``choices``: responses with a list of ``choices``;
* ``entries``: a token with its candidates, as OpenAI and its copies list it;
* ``tool_calls``: calls of functions, and the tokens of their arguments.
"""

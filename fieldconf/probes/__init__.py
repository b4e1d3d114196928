"""Probes: asking a server how likely each token is after any prefix.

In:    a client or a model, wrapped by the ``probe`` function of the room of its server.
Out:   a ``Probe``.
Never: a choice of what to ask: that is for who settles a field.
Why:   branches that one response leaves undecided can be followed where the server lets us.

One room a server, each with the function ``probe``: ``fieldconf.probes.llama_cpp``, ``.vllm``,
``.sglang`` and ``.transformers``.
"""

from fieldconf.probes.base import Probe
from fieldconf.tokens.tokenizer import vocabulary_of
from fieldconf.tokens.vocabulary import Vocabulary

__all__ = ["Probe", "Vocabulary", "vocabulary_of"]

"""Probes: ask a server for the logprob of each token after any prefix.

In:    a client or a model, wrapped by the ``probe`` function of its server's module.
Out:   a ``Probe``.
Never: a decision which prefix to ask about: that is up to the code that settles a field.
Why:   one response leaves branches undecided; a server that scores any prefix can decide them.

* ``base``: what every probe can do;
* ``llama_cpp``, ``vllm``, ``sglang``, ``transformers``: one module a server, each with a function
  ``probe``.
"""

from fieldconf.probes.base import Probe
from fieldconf.tokens.tokenizer import vocabulary_of
from fieldconf.tokens.vocabulary import Vocabulary

__all__ = ["Probe", "Vocabulary", "vocabulary_of"]

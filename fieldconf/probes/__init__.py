"""Probes: ask a server for the logprob of each token after any prefix.

In:    a client or a model, wrapped by the ``probe`` function of its server's module.
Out:   a ``Probe``.
Never: a choice of prefixes: the code that settles a field makes it.
Why:   one response leaves branches undecided; a server that scores any prefix can decide them.

* ``base``: the interface of a probe;
* ``llama_cpp``, ``vllm``, ``sglang``, ``transformers``: one module for each server, each with a
  function ``probe``.
"""

from fieldconf.probes.base import Probe
from fieldconf.tokens.tokenizer import vocabulary_of
from fieldconf.tokens.vocabulary import Vocabulary

__all__ = ["Probe", "Vocabulary", "vocabulary_of"]

"""Requests: the parameters of a provider's call, and the strict form of a schema.

In:    a ``Schema``, a provider, a model.
Out:   the keyword arguments of the provider's own call; the strict form and what it cannot express.
Never: a request sent.
Why:   each provider spells the same request in another way, and most refuse parts of JSON Schema.

* ``request``: the parameters for a provider and a model;
* ``strict``: the strict form of a schema;
* ``strict_writer``: from schema nodes to the document of the strict form;
* ``strict_losses``: what the strict form cannot express.
"""

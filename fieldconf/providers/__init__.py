"""Providers: which give logprobs, their requests, and their refusals.

In:    a provider's key, a model's name, a server's error.
Out:   facts as rows of tables: ``provider_table`` (providers, frameworks), ``models``,
       ``refusals``; and ``forms``, the forms of a request.
Never: a request; a branch on a name.
Why:   a new provider, model or error text is a new row, in one place.
"""

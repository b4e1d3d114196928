"""Viewing: many reports as pages for people.

In:    reports, saved responses, labels.
Out:   HTML files; a page on loopback that keeps labels.
Never: a request to another machine.
Why:   people look before they read, and label what they see.

* ``view``: ``fc.view``; ``many_page``: its pages as text; ``overview``: what the first one shows;
* ``named_reports``, ``response_files``: the reports of any source;
* ``review_data``: the values to label, as the page asks for them; ``label_server``: the same page
  with a session of labels behind it.
"""

"""Page: plain dicts to HTML: a file for a browser, and small tables for a notebook.

* ``document``: one self-contained file; the contract of its data.
* ``report_view``, ``source_view``: what a page shows of a report, and of the text that was read.
* ``masking``: masks values in the plain form of a report.
* ``notebook``: reports, fields and distributions in small; ``evaluation``: an evaluation's page.

``page.js`` is built from ``script/`` by ``make page``, and is committed: using the library, and
changing its Python, needs no Node.
"""

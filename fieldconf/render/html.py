"""A report as a stand-alone HTML page: the notebook's table, with what decided each field.

In:    a report's plain dict (``Report.to_dict``).
Out:   HTML text without a script and without a reference to anything outside of it.
Never: an unescaped value.
Why:   it can be attached to a ticket, or mailed to the person who reviews the doubtful fields.
"""

from collections.abc import Mapping
from typing import Any

from fieldconf.render.notebook import report_table

_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark">'
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'\"><title>Report</title></head>"
    '<body style="font-family:system-ui,sans-serif;margin:2em">'
)


def page(report: Mapping[str, Any]) -> str:
    """The page."""
    return f"{_HEAD}{report_table(report, why=True)}</body></html>\n"

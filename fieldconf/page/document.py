"""Document: one HTML file that works alone: templates, style, script and data in one text.

In:    plain dicts (``Report.to_dict(tokens=True)``), the texts that were read.
Out:   HTML text. It fetches nothing, and works from a mail attachment.
Never: unescaped text (a model wrote values, keys and names); a script or style that is not ours:
       the Content-Security-Policy allows exactly two hashes.
Why:   people look before they read, and forward what they looked at.

The file is readable without its script. The script reads one JSON document, which is in
``<script type="application/json" id="data">``, by ``textContent`` only::

    {"version": 1,
     "title": "Ticket",
     "reports": [{"name": "",            # of the document that was read; "" where there is one
                  "schema": "Ticket",    # the name of the schema; "" without one
                  "source": "Dear ...",  # the text that was read; null where it is not known
                  "report": {...}}]}     # Report.to_dict(tokens=True), jinja shorter

In ``report`` what is null or empty is left out of fields (but for value, confidence and outcome),
and "tokens" are lists: [text, logprob, [[text, logprob] for each candidate]] (nats, or "-inf").
``report["tokens"][i]`` for the ``i`` of a field's "indexes" are the tokens that touch it.
The fields are numbered in their order: the element of field 3 of report 0 has the id ``r0f3``, its
best place in the source ``r0s3``. "source_spans" count characters (code points) of "source", "span"
counts bytes of the answer's "text". A page with masked values has them masked here, too.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fieldconf.errors import OutputError, printable
from fieldconf.page.report_view import PageReport, report_view
from fieldconf.page.source_view import lines_of

FOLDER = Path(__file__).parent
VERSION = 1


def report_page(report: PageReport, *, time: datetime | None = None) -> str:
    """The page of one report; ``time`` is when it was written, by default now."""
    title = report.schema or "Answer"
    time = datetime.now(UTC) if time is None else time
    view = report_view(report, time=time.strftime("%Y-%m-%d %H:%M UTC"))
    return page("one.html", title, [report], views=[view])


def page(
    template: str, title: str, reports: Sequence[PageReport] = (), *,
    more: Mapping[str, Any] | None = None, connects: bool = False, **context: Any,
) -> str:  # fmt: skip
    """A whole page.

    Args:
        template: the name of a template that extends ``page.html``.
        title: of the page.
        reports: whose data the script needs; without any, and without more, there is no script.
        more: what else the script needs, by the keys of the data.
        connects: whether the script may send requests to the server that the page came from.
        context: what the template shows.
    """
    data = {
        "version": VERSION, "title": title, "reports": [report.to_dict() for report in reports]
    } | dict(more or {})  # fmt: skip
    has_script = bool(reports) or more is not None
    style, script = asset("page.css"), asset("page.js") if has_script else ""
    policy = [
        "default-src 'none'", "base-uri 'none'", "form-action 'none'", "img-src data:",
        f"style-src '{_digest(style)}'",
    ]  # fmt: skip
    policy += [f"script-src '{_digest(script)}'"] if script else []
    policy += ["connect-src 'self'"] if connects else []
    text = render(
        template, title=title, style=style, script=script, policy="; ".join(policy),
        data=json_text(data) if has_script else "", **context,
    )  # fmt: skip
    return text.encode("utf-8", "backslashreplace").decode()


def written_page(text: str, path: str | Path) -> Path:
    """Write a page to a file, and return its path.

    Raises:
        OutputError: if it cannot be written.
    """
    path = Path(path)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"the page cannot be written to {path}: {error.strerror}",
            remedy="Give a file in a folder that exists",
        ) from None
    return path


def json_text(value: Any) -> str:
    r"""JSON that no HTML parser takes for anything else, whatever is in its texts.

    >>> json_text("</script><!--\u2028")
    '"\\u003c/script>\\u003c!--\\u2028"'
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def render(template: str, **context: Any) -> str:
    """The text of a template; all values in it are escaped."""
    return environment().get_template(template).render(context)


@cache
def environment() -> Any:
    """Jinja2's environment with our templates; imported when something is shown."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    jinja = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    jinja.filters["printable"] = printable
    jinja.filters["printable_lines"] = lines_of
    return jinja


@cache
def asset(name: str) -> str:
    """The text of one of our files."""
    return (FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The hash of an inline script or style, as a Content-Security-Policy writes it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

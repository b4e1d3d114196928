"""View: ``fc.view``, many reports as one HTML file or as a folder of files.

In:    reports of any source; the texts that were read; labels.
Out:   a first page that says what to open, a page for each report, and a place to label values.
Never: a masked value in a file; a request; a browser that nobody asked for.
Why:   people look at answers before they believe numbers, and send each other what they saw.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fieldconf.errors import EvaluationError, OutputError
from fieldconf.labelling import queue_of
from fieldconf.page.document import written_page
from fieldconf.policy import Policy, PolicyLike
from fieldconf.redaction import redact_of
from fieldconf.viewing.many_page import ManyPage
from fieldconf.viewing.named_reports import named_reports, reports_in, texts_of
from fieldconf.viewing.overview import overview_of
from fieldconf.viewing.review_data import review_data

TOKENS = 200
"""A single file has the tokens of all reports if there are at most so many."""


from_here = 0


def view(
    reports: Any, path: str | os.PathLike[str], *, labels: Any = None,
    policy: PolicyLike | None = None, texts: Mapping[Any, str] | None = None, redact: Any = None,
    risk: float | None = 0.05, title: str = "",
) -> Path:  # fmt: skip
    """Many reports as one HTML file, or as a folder of files.

    The first page has a row for each report, what needs review first; histograms and outcomes by
    field; and, with labels, how often values of a confidence are right. A row opens its report, as
    ``Report.to_html`` shows it. "Review" asks for labels, as ``fieldconf label`` does, and gives a
    file that ``fc.labels`` reads. The files fetch nothing; they are readable without JavaScript.

    Args:
        reports: reports, a mapping of ids to reports, (id, report) pairs, the results of
            ``extract_many``, or the name of a file of saved ones.
        path: where to write: a name that ends in ".html" is one file, else it is a folder with
            ``index.html`` and a file for each report.
        labels: of ``fc.labels``, or what it takes.
        policy: by which the values are judged; by default each report's own.
        texts: the texts that were read, by the ids of the documents; by default the inputs of the
            reports.
        redact: True, or a function from text to text, masks values and texts. A page with masked
            values asks for no labels.
        risk: the share (0..1) of accepted values that may be wrong, for what the labels tell; None:
            the page asks for no labels.
        title: of the page.

    Returns:
        The file to open.

    Raises:
        EvaluationError: if these are no reports, two have one id, or labels fit none of them.
        OutputError: if it cannot be written.
        MissingPackageError: with labels, without the extra ``calibrate``.

    >>> import fieldconf as fc, tempfile
    >>> entry = {"token": "true", "logprob": -0.1}
    >>> report = fc.score({"choices": [{"message": {"content": "true"},
    ...                                 "logprobs": {"content": [entry]}}]}, bool)
    >>> fc.view({"a.txt": report}, f"{tempfile.mkdtemp()}/answers.html").name
    'answers.html'
    """
    source = reports_in(reports)
    limits = None if policy is None else Policy.of(policy)
    named, mask = named_reports(source, limits, texts), redact_of(redact)
    review_part = None
    if risk is not None and mask is None:
        with suppress(EvaluationError):  # there is no value to label
            review_part = review_data(queue_of(source, policy=limits, texts=texts_of(named)), risk)
    what = ManyPage(
        title or f"{len(named):,} {'report' if len(named) == 1 else 'reports'}",
        tuple(named), overview_of(named, source, labels, mask), review_part, mask,
    )  # fmt: skip
    place = Path(path)
    if place.suffix.lower() in (".html", ".htm"):
        return written_page(what.whole(tokens=len(named) <= TOKENS), place)
    return _folder(what, place)


def labelling_page(
    source: Any, policy: Policy | None = None, texts: Mapping[str, str] | None = None
) -> str:
    """The page that a server of labels sends: rows of ``fieldconf batch`` have no reports to show.

    Raises:
        EvaluationError: if the source cannot be read.
    """
    try:
        reports = reports_in(source)
    except EvaluationError:  # ``queue_of`` has read it: these are rows
        reports = []
    named = named_reports(reports, policy, texts)
    page = ManyPage("Labels", tuple(named), overview_of(named, reports))
    return page.whole(tokens=len(named) <= TOKENS, connects=True)


def _folder(what: ManyPage, folder: Path) -> Path:
    """Write a folder: the first page, and a file for each report."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the pages cannot be written to {folder}: {error.strerror}",
            remedy='Give a folder, or a file whose name ends in ".html"',
        ) from None
    for number in range(len(what.named)):
        written_page(what.alone(number), folder / what.file_of(number))
    return written_page(what.index(), folder / "index.html")

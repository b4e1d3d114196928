"""Many page: the pages of many reports, as HTML text.

In:    named reports, their overview, what the page needs to ask for labels.
Out:   one page with everything; or a first page, and a page for each report.
Never: a decision of its own about a report: ``overview`` and ``page/report_view`` have these.
Why:   the same pages are written to files, and served by ``fieldconf label --browser``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fieldconf.page.document import page
from fieldconf.page.masking import masked_report
from fieldconf.page.report_view import PageReport, report_view
from fieldconf.redaction import Redact
from fieldconf.viewing.named_reports import NamedReport
from fieldconf.viewing.overview import Overview


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


@dataclass(frozen=True, slots=True)
class ManyPage:
    """The pages of many reports.

    Attributes:
        title: of the first page.
        named: the reports.
        overview: what the first page shows.
        review: what it needs to ask for labels; None if it asks for none.
        redact: masks a text; None masks none.
        time: when it was written.
    """

    title: str
    named: tuple[NamedReport, ...]
    overview: Overview
    review: Mapping[str, Any] | None = None
    redact: Redact | None = None
    time: str = field(default_factory=_now)

    def whole(self, *, tokens: bool, connects: bool = False) -> str:
        """Everything in one page.

        Args:
            tokens: whether the script gets the tokens, which are most of the data.
            connects: whether it asks the server that it came from for the values to label.
        """
        order = [row.number for row in self.overview.rows if row.outcome != "failed"]
        reports = {number: self._report(number, tokens=tokens) for number in order}
        views = [report_view(reports[number], number=at) for at, number in enumerate(order)]
        links = {number: f"#d{at}" for at, number in enumerate(order)}
        return self._page([*reports.values()], links, views, connects=connects)

    def index(self) -> str:
        """The first page of a folder."""
        return self._page([], {n: self.file_of(n) for n in range(len(self.named))}, [])

    def alone(self, number: int) -> str:
        """The page of a report in a folder."""
        order = [row.number for row in self.overview.rows]
        at = order.index(number)
        links = [("index.html", "All reports")]
        links += [(self.file_of(order[at - 1]), "Previous")] * (at > 0)
        links += [(self.file_of(n), "Next") for n in order[at + 1 : at + 2]]
        named = self.named[number]
        report = self._report(number, tokens=True) if named.report else None
        return page(
            "linked.html", named.name, [report] if report else [],
            links=links, name=named.name,
            error=named.error if self.redact is None else self.redact(named.error),
            views=[report_view(report, time=self.time)] if report else [],
        )  # fmt: skip

    def file_of(self, number: int) -> str:
        """The name of the file of a report in a folder."""
        return f"report-{number + 1:0{len(str(len(self.named)))}}.html"

    def _report(self, number: int, *, tokens: bool) -> PageReport:
        named = self.named[number]
        report = named.report
        assert report is not None
        schema = "" if report.schema.is_free else report.schema.name
        if self.redact is None:
            return PageReport(report.to_dict(tokens=tokens), named.source, schema, named.name)
        whole = PageReport(report.to_dict(tokens=True), named.source, schema, named.name)
        masked = masked_report(whole, self.redact)
        return masked if tokens else replace(masked, plain={**masked.plain, "tokens": []})

    def _page(
        self, reports: list[PageReport], links: Mapping[int, str], views: list[Any], *,
        connects: bool = False,
    ) -> str:  # fmt: skip
        models = {each.report.model for each in self.named if each.report is not None}
        return page(
            "many.html", self.title, reports, connects=connects, more={"review": self.review},
            asks=connects or self.review is not None, served=connects, overview=self.overview,
            links=links, views=views, models=sorted(models - {""})[:3],
            time=self.time,
        )  # fmt: skip

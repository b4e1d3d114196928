"""Types: the types of returned values, for annotations and ``isinstance``.

In:    nothing.
Out:   reports and fields, their parts, events, streams and the results of many inputs.
Never: a type that a user constructs, or a function: those are in ``fieldconf`` itself.
Why:   ``fieldconf`` has few enough names to read in an editor's completion.

>>> import fieldconf as fc
>>> fc.types.Distribution.__name__
'Distribution'
"""

from typing import TYPE_CHECKING

from fieldconf.lazy import lazily

if TYPE_CHECKING:
    from fieldconf.classification.beside import OffLabelAnswers
    from fieldconf.decision_endpoint.schema_questions import Questions
    from fieldconf.distributions.distribution import Distribution, Member
    from fieldconf.extraction.events import Event, FieldEvent, ItemEvent, PartialEvent, ReportEvent
    from fieldconf.extraction.streams import AsyncFieldStream, FieldStream
    from fieldconf.fields.field import Field
    from fieldconf.fields.readings import (
        Agreement,
        Reading,
        RequestCost,
        SourceCandidate,
        SourceSpan,
    )
    from fieldconf.many.task_runner import AsyncResultStream
    from fieldconf.many.thread_runner import ResultStream
    from fieldconf.monitoring.alarms import Alarm
    from fieldconf.monitoring.drift import DriftResult, DriftRow
    from fieldconf.policy import Outcome, Reason, Verdict
    from fieldconf.report import Report, Stopped
    from fieldconf.report.results import Result, Results, RunSummary
    from fieldconf.requests.strict import StrictForm

__all__ = [
    "Agreement", "Alarm", "AsyncFieldStream", "AsyncResultStream", "Distribution",
    "DriftResult", "DriftRow", "Event", "Field",
    "FieldEvent", "FieldStream", "ItemEvent", "Member", "OffLabelAnswers", "Outcome",
    "PartialEvent", "Questions", "Reading", "Reason", "Report", "ReportEvent", "RequestCost",
    "Result", "ResultStream", "Results", "RunSummary", "SourceCandidate", "SourceSpan", "Stopped",
    "StrictForm", "Verdict",
]  # fmt: skip

lazily(__name__, {
    "classification.beside": "OffLabelAnswers",
    "decision_endpoint.schema_questions": "Questions",
    "distributions.distribution": "Distribution Member",
    "extraction.events": "Event FieldEvent ItemEvent PartialEvent ReportEvent",
    "extraction.streams": "AsyncFieldStream FieldStream",
    "fields.field": "Field",
    "fields.readings": "Agreement Reading RequestCost SourceCandidate SourceSpan",
    "many.task_runner": "AsyncResultStream",
    "many.thread_runner": "ResultStream",
    "monitoring.alarms": "Alarm",
    "monitoring.drift": "DriftResult DriftRow",
    "policy": "Outcome Reason Verdict",
    "report": "Report Stopped",
    "report.results": "Result Results RunSummary",
    "requests.strict": "StrictForm",
}, package="fieldconf")  # fmt: skip

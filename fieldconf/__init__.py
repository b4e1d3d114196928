"""fieldconf: how sure was the model of each field?

>>> import fieldconf as fc
>>> report = fc.score({"choices": [{"message": {"content": "true"}, "logprobs": {"content": [
...     {"token": "true", "bytes": [116, 114, 117, 101], "logprob": -0.105360515657826}]}}]}, bool)
>>> report.value, round(report.confidence, 2)
(True, 0.9)
"""

from typing import TYPE_CHECKING

from fieldconf.lazy import lazily

if TYPE_CHECKING:
    from fieldconf.agreement.agree import agree
    from fieldconf.calibration.calibrate import calibrate
    from fieldconf.calibration.calibrator import Calibrator
    from fieldconf.calibration.threshold import Threshold
    from fieldconf.classification import classify
    from fieldconf.classification.beside import OffLabelAnswers, off_label_answers
    from fieldconf.decisions.questions import Questions, questions
    from fieldconf.decorator import Confident, confident
    from fieldconf.distributions.distribution import Distribution, Member
    from fieldconf.distributions.settling import Settle
    from fieldconf.embedded import local
    from fieldconf.errors import (
        CalibrationError,
        EvaluationError,
        FieldconfError,
        JSONSyntaxError,
        LocalModelError,
        MissingPackageError,
        NoLogprobsError,
        OutputError,
        PayloadError,
        PolicyError,
        RequestError,
        SchemaError,
    )
    from fieldconf.evaluation.evaluate import evaluate
    from fieldconf.evaluation.labels import labels
    from fieldconf.extraction import telemetry
    from fieldconf.extraction.events import (
        Event,
        FieldEvent,
        ItemEvent,
        PartialEvent,
        ReportEvent,
    )
    from fieldconf.extraction.extract import aextract, astream, extract, stream
    from fieldconf.extraction.inputs import Image
    from fieldconf.extraction.stopping import StopWhen
    from fieldconf.extraction.streams import AsyncFieldStream, FieldStream
    from fieldconf.fields.field import Field
    from fieldconf.fields.readings import Agreement, Reading, RequestCost, SourceSpan
    from fieldconf.grounding.locating import locate
    from fieldconf.many.extract_many import aextract_many, extract_many
    from fieldconf.many.inputs import InputItem
    from fieldconf.many.tasks import AsyncResultStream
    from fieldconf.many.threads import ResultStream
    from fieldconf.policy import Limits, Outcome, Policy, Reason, Verdict
    from fieldconf.reasking.cascade import CascadeStep, acascade, cascade
    from fieldconf.reasking.reask import areask, reask
    from fieldconf.report import Report, Stopped
    from fieldconf.report.results import Result, Results, RunSummary
    from fieldconf.requests.request import Defaults, request
    from fieldconf.requests.strict import StrictForm, strict
    from fieldconf.schema import LabelSet
    from fieldconf.schema.field_settings import FieldConfig
    from fieldconf.scoring.scorer import score, score_all
    from fieldconf.verification.crosscheck import acrosscheck, crosscheck
    from fieldconf.verification.verify import averify, verify

__version__ = "0.1.0"

__all__ = [
    "Agreement", "AsyncFieldStream", "AsyncResultStream", "CalibrationError", "Calibrator",
    "CascadeStep", "Confident", "Defaults", "Distribution", "EvaluationError", "Event", "Field",
    "FieldConfig", "FieldEvent", "FieldStream", "FieldconfError", "Image", "InputItem",
    "ItemEvent", "JSONSyntaxError", "LabelSet", "Limits", "LocalModelError", "Member",
    "MissingPackageError", "NoLogprobsError", "OffLabelAnswers", "Outcome", "OutputError",
    "PartialEvent", "PayloadError", "Policy", "PolicyError", "Questions", "Reading", "Reason",
    "Report", "ReportEvent", "RequestCost", "RequestError", "Result", "ResultStream", "Results",
    "RunSummary", "SchemaError", "Settle", "SourceSpan", "StopWhen", "Stopped", "StrictForm",
    "Threshold", "Verdict", "acascade", "acrosscheck", "aextract", "aextract_many", "agree",
    "areask", "astream", "averify", "calibrate", "cascade", "classify", "confident",
    "crosscheck", "evaluate", "extract", "extract_many", "labels", "local", "locate",
    "off_label_answers", "questions", "reask", "request", "score", "score_all", "stream",
    "strict", "telemetry", "verify",
]  # fmt: skip

lazily(__name__, {
    "agreement.agree": "agree",
    "calibration.calibrate": "calibrate",
    "calibration.calibrator": "Calibrator",
    "calibration.threshold": "Threshold",
    "classification": "classify",
    "classification.beside": "OffLabelAnswers off_label_answers",
    "decisions.questions": "Questions questions",
    "decorator": "Confident confident",
    "distributions.distribution": "Distribution Member",
    "distributions.settling": "Settle",
    "embedded": "local",
    "errors": "CalibrationError EvaluationError FieldconfError JSONSyntaxError LocalModelError "
    "MissingPackageError NoLogprobsError OutputError PayloadError PolicyError RequestError "
    "SchemaError",
    "evaluation.evaluate": "evaluate",
    "evaluation.labels": "labels",
    "extraction": "telemetry",
    "extraction.events": "Event FieldEvent ItemEvent PartialEvent ReportEvent",
    "extraction.extract": "aextract astream extract stream",
    "extraction.inputs": "Image",
    "extraction.stopping": "StopWhen",
    "extraction.streams": "AsyncFieldStream FieldStream",
    "fields.field": "Field",
    "fields.readings": "Agreement Reading RequestCost SourceSpan",
    "grounding.locating": "locate",
    "many.extract_many": "aextract_many extract_many",
    "many.inputs": "InputItem",
    "many.tasks": "AsyncResultStream",
    "many.threads": "ResultStream",
    "policy": "Limits Outcome Policy Reason Verdict",
    "reasking.cascade": "CascadeStep acascade cascade",
    "reasking.reask": "areask reask",
    "report": "Report Stopped",
    "report.results": "Result Results RunSummary",
    "requests.request": "Defaults request",
    "requests.strict": "StrictForm strict",
    "schema": "LabelSet",
    "schema.field_settings": "FieldConfig",
    "scoring.scorer": "score score_all",
    "verification.crosscheck": "acrosscheck crosscheck",
    "verification.verify": "averify verify",
})  # fmt: skip

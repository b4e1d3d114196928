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
    from fieldconf.alternatives.distribution import Distribution, Member
    from fieldconf.calibration.calibrating import calibrate
    from fieldconf.calibration.calibrator import Calibrator
    from fieldconf.classification import classify
    from fieldconf.classification.beside import Beside, beside_labels
    from fieldconf.confident import Confident, confident
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
    from fieldconf.evaluation.evaluating import evaluate
    from fieldconf.evaluation.labels import labels
    from fieldconf.extraction.events import Event, FieldEvent, ItemEvent, PartialEvent, ReportEvent
    from fieldconf.extraction.faces import aextract, astream, extract, stream
    from fieldconf.extraction.inputs import Image
    from fieldconf.extraction.stopping import StopWhen
    from fieldconf.extraction.streams import AsyncFieldStream, FieldStream
    from fieldconf.many.arunning import AsyncMany
    from fieldconf.many.faces import aextract_many, extract_many
    from fieldconf.many.inputs import Entry
    from fieldconf.many.results import Result, Results, Summary
    from fieldconf.many.running import Many
    from fieldconf.policy import Band, Outcome, Policy, Reason, Verdict
    from fieldconf.questions import Questions, questions
    from fieldconf.report import Agreement, Asked, Field, Found, Reading, Report, Stopped
    from fieldconf.requesting import Defaults, request
    from fieldconf.schema import LabelSet
    from fieldconf.schema.settings import Conf
    from fieldconf.scoring import score, score_all
    from fieldconf.second.agreeing import agree
    from fieldconf.second.cascading import Step, acascade, cascade
    from fieldconf.second.crosschecking import acrosscheck, crosscheck
    from fieldconf.second.reasking import areask, reask
    from fieldconf.second.verifying import averify, verify
    from fieldconf.settling import Settle
    from fieldconf.source.locating import locate
    from fieldconf.strict import StrictForm, strict
    from fieldconf.thresholds.deciding import Threshold

__version__ = "0.1.0"

__all__ = [
    "Agreement", "Asked", "AsyncFieldStream", "AsyncMany", "Band", "Beside", "CalibrationError",
    "Calibrator", "Conf", "Confident", "Defaults", "Distribution", "Entry", "EvaluationError",
    "Event", "Field", "FieldEvent", "FieldStream", "FieldconfError", "Found", "Image", "ItemEvent",
    "JSONSyntaxError", "LabelSet", "LocalModelError", "Many", "Member", "MissingPackageError",
    "NoLogprobsError", "Outcome", "OutputError", "PartialEvent", "PayloadError", "Policy",
    "PolicyError", "Questions", "Reading", "Reason", "Report", "ReportEvent", "RequestError",
    "Result", "Results", "SchemaError", "Settle", "Step", "StopWhen", "Stopped", "StrictForm",
    "Summary", "Threshold", "Verdict", "acascade", "acrosscheck", "aextract", "aextract_many",
    "agree", "areask", "astream", "averify", "beside_labels", "calibrate", "cascade", "classify",
    "confident", "crosscheck", "evaluate", "extract", "extract_many", "labels", "local", "locate",
    "questions", "reask", "request", "score", "score_all", "stream", "strict", "verify",
]  # fmt: skip

lazily(__name__, {
    "alternatives.distribution": "Distribution Member", "calibration.calibrating": "calibrate",
    "calibration.calibrator": "Calibrator", "classification": "classify",
    "classification.beside": "Beside beside_labels", "confident": "Confident confident",
    "embedded": "local",
    "errors": "CalibrationError EvaluationError FieldconfError JSONSyntaxError LocalModelError "
    "MissingPackageError NoLogprobsError OutputError PayloadError PolicyError RequestError "
    "SchemaError",
    "evaluation.evaluating": "evaluate", "evaluation.labels": "labels",
    "extraction.events": "Event FieldEvent ItemEvent PartialEvent ReportEvent",
    "extraction.faces": "aextract astream extract stream", "extraction.inputs": "Image",
    "extraction.stopping": "StopWhen", "extraction.streams": "AsyncFieldStream FieldStream",
    "many.arunning": "AsyncMany", "many.faces": "aextract_many extract_many",
    "many.inputs": "Entry", "many.results": "Result Results Summary", "many.running": "Many",
    "policy": "Band Outcome Policy Reason Verdict", "questions": "Questions questions",
    "report": "Agreement Asked Field Found Reading Report Stopped",
    "requesting": "Defaults request", "schema": "LabelSet", "schema.settings": "Conf",
    "scoring": "score score_all", "second.agreeing": "agree",
    "second.cascading": "Step acascade cascade", "second.crosschecking": "acrosscheck crosscheck",
    "second.reasking": "areask reask", "second.verifying": "averify verify", "settling": "Settle",
    "source.locating": "locate", "strict": "StrictForm strict", "thresholds.deciding": "Threshold",
})  # fmt: skip

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
    from fieldconf import strategies as strategies
    from fieldconf import testing as testing
    from fieldconf import types as types
    from fieldconf.agreement.agree import agree
    from fieldconf.calibration.calibrate import calibrate
    from fieldconf.calibration.calibrator import Calibrator
    from fieldconf.calibration.threshold import Threshold
    from fieldconf.classification import classify
    from fieldconf.classification.beside import off_label_answers
    from fieldconf.decision_endpoint.schema_questions import questions
    from fieldconf.decorator import Confident, confident
    from fieldconf.distributions.settling import Settle
    from fieldconf.embedded import local
    from fieldconf.errors import (
        CalibrationError,
        EvaluationError,
        FieldconfError,
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
    from fieldconf.extraction.extract import aextract, astream, extract, stream
    from fieldconf.extraction.inputs import Image
    from fieldconf.extraction.stopping import StopWhen
    from fieldconf.fields.field import Field
    from fieldconf.grounding.locating import locate
    from fieldconf.many.extract_many import aextract_many, extract_many
    from fieldconf.many.input_items import InputItem
    from fieldconf.monitoring.baseline import Baseline
    from fieldconf.monitoring.drift import drift
    from fieldconf.policy import Limits, Policy
    from fieldconf.ranking.fit import fit_ranker
    from fieldconf.ranking.ranker import Ranker
    from fieldconf.reasking.cascade import CascadeStep, acascade, cascade
    from fieldconf.reasking.reask import areask, reask
    from fieldconf.report import Report
    from fieldconf.report.json_schema import report_schema
    from fieldconf.requests.request import request
    from fieldconf.requests.strict import strict
    from fieldconf.schema import LabelSet
    from fieldconf.schema.field_settings import FieldConfig
    from fieldconf.scoring.scorer import score, score_all
    from fieldconf.verification.crosscheck import acrosscheck, crosscheck
    from fieldconf.verification.second_prompt import asecond_prompt, second_prompt
    from fieldconf.verification.verify import averify, verify
    from fieldconf.viewing.view import view

__version__ = "0.1.0"

__all__ = [
    "Baseline", "CalibrationError", "Calibrator", "CascadeStep", "Confident",
    "EvaluationError", "Field", "FieldConfig", "FieldconfError", "Image", "InputItem",
    "LabelSet", "Limits", "LocalModelError", "MissingPackageError", "NoLogprobsError",
    "OutputError", "PayloadError", "Policy", "PolicyError", "Ranker", "Report", "RequestError",
    "SchemaError", "Settle", "StopWhen", "Threshold", "acascade", "acrosscheck", "aextract",
    "aextract_many", "agree", "areask", "asecond_prompt", "astream", "averify", "calibrate",
    "cascade", "classify", "confident", "crosscheck", "drift", "evaluate", "extract",
    "extract_many", "fit_ranker", "labels", "local", "locate", "off_label_answers",
    "questions", "reask", "report_schema", "request", "score", "score_all", "second_prompt",
    "stream", "strict", "telemetry", "verify", "view",
]  # fmt: skip

lazily(__name__, {
    "agreement.agree": "agree",
    "calibration.calibrate": "calibrate",
    "calibration.calibrator": "Calibrator",
    "calibration.threshold": "Threshold",
    "classification": "classify",
    "classification.beside": "off_label_answers",
    "decision_endpoint.schema_questions": "questions",
    "decorator": "Confident confident",
    "distributions.settling": "Settle",
    "embedded": "local",
    "errors": "CalibrationError EvaluationError FieldconfError LocalModelError MissingPackageError "
    "NoLogprobsError OutputError PayloadError PolicyError RequestError SchemaError",
    "evaluation.evaluate": "evaluate",
    "evaluation.labels": "labels",
    "extraction": "telemetry",
    "extraction.extract": "aextract astream extract stream",
    "extraction.inputs": "Image",
    "extraction.stopping": "StopWhen",
    "fields.field": "Field",
    "grounding.locating": "locate",
    "many.extract_many": "aextract_many extract_many",
    "many.input_items": "InputItem",
    "monitoring.baseline": "Baseline",
    "monitoring.drift": "drift",
    "policy": "Limits Policy",
    "ranking.fit": "fit_ranker",
    "ranking.ranker": "Ranker",
    "reasking.cascade": "CascadeStep acascade cascade",
    "reasking.reask": "areask reask",
    "report": "Report",
    "report.json_schema": "report_schema",
    "requests.request": "request",
    "requests.strict": "strict",
    "schema": "LabelSet",
    "schema.field_settings": "FieldConfig",
    "scoring.scorer": "score score_all",
    "verification.crosscheck": "acrosscheck crosscheck",
    "verification.second_prompt": "asecond_prompt second_prompt",
    "verification.verify": "averify verify",
    "viewing.view": "view",
}, modules=("strategies", "testing", "types"))  # fmt: skip

"""fieldconf: how sure was the model of each field?

>>> import fieldconf as fc
>>> report = fc.score({"choices": [{"message": {"content": "true"}, "logprobs": {"content": [
...     {"token": "true", "bytes": [116, 114, 117, 101], "logprob": -0.105360515657826}]}}]}, bool)
>>> report.value, round(report.confidence, 2)
(True, 0.9)
"""

from fieldconf.alternatives.distribution import Distribution, Member
from fieldconf.classify import classify
from fieldconf.confident import Confident, confident
from fieldconf.embedded import local
from fieldconf.errors import (
    FieldconfError,
    JSONSyntaxError,
    LocalModelError,
    MissingPackageError,
    NoLogprobsError,
    PayloadError,
    RequestError,
    SchemaError,
)
from fieldconf.extraction.events import Event, FieldEvent, ItemEvent, PartialEvent, ReportEvent
from fieldconf.extraction.faces import aextract, astream, extract, stream
from fieldconf.extraction.inputs import Image
from fieldconf.extraction.stopping import StopWhen
from fieldconf.extraction.streams import AsyncFieldStream, FieldStream
from fieldconf.report import Field, Report, Stopped
from fieldconf.requesting import Defaults, request
from fieldconf.schema.settings import Conf
from fieldconf.scoring import score, score_all
from fieldconf.settling import Settle
from fieldconf.strict import StrictForm, strict

__version__ = "0.1.0"

__all__ = [
    "AsyncFieldStream",
    "Conf",
    "Confident",
    "Defaults",
    "Distribution",
    "Event",
    "Field",
    "FieldEvent",
    "FieldStream",
    "FieldconfError",
    "Image",
    "ItemEvent",
    "JSONSyntaxError",
    "LocalModelError",
    "Member",
    "MissingPackageError",
    "NoLogprobsError",
    "PartialEvent",
    "PayloadError",
    "Report",
    "ReportEvent",
    "RequestError",
    "SchemaError",
    "Settle",
    "StopWhen",
    "Stopped",
    "StrictForm",
    "aextract",
    "astream",
    "classify",
    "confident",
    "extract",
    "local",
    "request",
    "score",
    "score_all",
    "stream",
    "strict",
]

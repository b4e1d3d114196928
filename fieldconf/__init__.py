"""fieldconf: how sure was the model of each field?

>>> import fieldconf as fc
>>> report = fc.score({"choices": [{"message": {"content": "true"}, "logprobs": {"content": [
...     {"token": "true", "bytes": [116, 114, 117, 101], "logprob": -0.105360515657826}]}}]}, bool)
>>> report.value, round(report.confidence, 2)
(True, 0.9)
"""

from fieldconf.alternatives.distribution import Distribution, Member
from fieldconf.classify import classify
from fieldconf.embedded import local
from fieldconf.errors import (
    FieldconfError,
    JSONSyntaxError,
    LocalModelError,
    NoLogprobsError,
    PayloadError,
    RequestError,
    SchemaError,
)
from fieldconf.extract import FieldStream, extract, stream
from fieldconf.report import Field, Report
from fieldconf.requesting import Defaults, request
from fieldconf.schema.settings import Conf
from fieldconf.scoring import score, score_all
from fieldconf.settling import Settle
from fieldconf.strict import StrictForm, strict

__version__ = "0.1.0"

__all__ = [
    "Conf",
    "Defaults",
    "Distribution",
    "Field",
    "FieldStream",
    "FieldconfError",
    "JSONSyntaxError",
    "LocalModelError",
    "Member",
    "NoLogprobsError",
    "PayloadError",
    "Report",
    "RequestError",
    "SchemaError",
    "Settle",
    "StrictForm",
    "classify",
    "extract",
    "local",
    "request",
    "score",
    "score_all",
    "stream",
    "strict",
]

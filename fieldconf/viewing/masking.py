"""Masking: the plain form of a report without its values and texts.

In:    ``Report.to_dict``; a function that masks a text.
Out:   the same form with masked values, and without tokens and distributions.
Never: an entry that is not known to be free of values: what is kept is listed here.
Why:   a page with masked values can be shown to people who must not see the documents.

Pointers, names of documents, numbers, outcomes and the names of reasons stay. A key that the model
chose is a part of a pointer.
"""

from collections.abc import Mapping
from typing import Any

from fieldconf.evaluation.redacting import Redact, masked

_OF_REPORT = (
    "version", "status", "flags", "confidence", "mask", "precision", "choice", "answer_score",
    "prompt_score", "input_tokens", "output_tokens", "model", "finish_reason", "outcome", "policy",
)  # fmt: skip
_OF_FIELD = (
    "kind", "confidence", "low", "high", "logprob", "basis", "raw", "flags", "fitted_rank",
    "outcome",
)  # fmt: skip


def masked_report(plain: Mapping[str, Any], redact: Redact) -> dict[str, Any]:
    """The plain form of a report with masked values.

    >>> from fieldconf.report import Report
    >>> masked_report(Report("refused", refusal="No, Anna.").to_dict(), lambda _: "?")["refusal"]
    '?'
    """
    kept = {name: plain[name] for name in _OF_REPORT if name in plain}
    return kept | {
        "reason": redact(plain["reason"]) if plain["reason"] else "",
        "refusal": None if plain["refusal"] is None else redact(plain["refusal"]),
        "tool": "", "stopped": None, "data": None, "text": "", "tokens": [], "owners": [],
        "errors": [
            {"pointer": error["pointer"], "problem": redact(error["problem"]),
             "value": masked(error["value"], redact), "confidence": error["confidence"],
             "indexes": []}
            for error in plain["errors"]
        ],
        "fields": {name: _masked_field(each, redact) for name, each in plain["fields"].items()},
    }  # fmt: skip


def _masked_field(field: Mapping[str, Any], redact: Redact) -> dict[str, Any]:
    kept = {name: field[name] for name in _OF_FIELD if name in field}
    if "value" in field:
        kept["value"] = masked(field["value"], redact)
    return kept | {
        "reason": redact(field["reason"]) if field["reason"] else "",
        "reasons": [
            {"name": reason["name"], "outcome": reason["outcome"],
             "sentence": reason["name"].replace("_", " ")}
            for reason in field["reasons"]
        ],
        "expected": None, "std": None, "span": field["span"], "distribution": None,
        "variants": None, "presence": {}, "end_probabilities": [], "why": None, "indexes": [],
        "min_step": None,
    }  # fmt: skip

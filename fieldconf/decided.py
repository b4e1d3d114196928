"""Decided: reports of answers that came with probabilities instead of tokens.

In:    a completion of a decision API; what was declared.
Out:   a ``Report`` whose fields have the answers' own distributions.
Never: the vendor's ``confidence``, whose formula differs from vendor to vendor; a token.
Why:   who asks a decision endpoint wants the same report as who reads a text.
"""

import json
from typing import Any, cast

from fieldconf.alternatives.distribution import Distribution, Member
from fieldconf.report import Field, Kind, Report
from fieldconf.schema import Schema, kind_of
from fieldconf.tokens import Completion, Decision


def decided(completion: Completion, schema: Schema) -> Report[Any]:
    """The report of answers with probabilities: one field for each, at the name of its question."""
    leaves = [_field(decision) for decision in completion.decisions]
    data = {d.name: d.value for d in completion.decisions if d.probabilities}
    text = json.dumps(data).encode()
    value, errors = schema.validate(text, data)
    known = [f.confidence for f in leaves if f.confidence is not None]
    unknown = next((f for f in leaves if f.confidence is None), None)
    root = Field(
        (), data, "object",
        confidence=None if unknown else min(known),
        basis="none" if unknown else "least_required",
        reason=f"{unknown.pointer}: {unknown.reason}" if unknown else "",
    )  # fmt: skip
    return Report(
        status="complete", value=value, data=data, errors=errors, model=completion.model,
        fields={"": root} | {field.pointer: field for field in leaves},
        mask=completion.mask, choice=completion.choice,
        input_tokens=completion.prompt_tokens, output_tokens=completion.completion_tokens,
    )  # fmt: skip


def _field(decision: Decision) -> Field:
    path, kind = (decision.name,), cast("Kind", kind_of(decision.value))
    if not decision.probabilities:
        return Field(path, decision.value, kind, reason=decision.reason)
    ranked = sorted(decision.probabilities, key=lambda pair: -pair[1])
    members = tuple(Member(value, p, p, p) for value, p in ranked)
    distribution = Distribution(members, off_schema=0.0, unseen=0.0, decided_at=-1)
    own = distribution[decision.value]
    expected, std = distribution.moments
    return Field(
        path, decision.value, kind, confidence=own.probability, low=own.low, high=own.high,
        basis="decision", distribution=distribution, expected=expected, std=std,
    )  # fmt: skip

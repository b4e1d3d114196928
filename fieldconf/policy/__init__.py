"""Policy: accept, review or reject, field by field, with the reasons.

* ``limits``: confidence limits and outcomes;
* ``pointers``: which fields a name means;
* ``policies``: ``Policy``, its files and plain values;
* ``unmatched``: names that no answer has, where there is no schema;
* ``field_limits``: which limits are for a field;
* ``reasons``: what may speak against a value, a rule each;
* ``field_judge``: the verdicts on an answer.
"""

from fieldconf.policy.field_judge import (
    FieldJudge,
    Verdict,
    is_judged,
    judged,
    not_counting,
    outcome_and_reason,
    outcome_of,
    problems_of,
    scope_of,
)
from fieldconf.policy.field_limits import FieldLimits
from fieldconf.policy.limits import (
    NOTHING,
    OUTCOMES,
    Limits,
    LimitsLike,
    Outcome,
    worst,
)
from fieldconf.policy.policies import USUAL, Policy, PolicyLike
from fieldconf.policy.reasons import Facts, Reason
from fieldconf.policy.unmatched import UnmatchedNames

__all__ = [
    "NOTHING",
    "OUTCOMES",
    "USUAL",
    "Facts",
    "FieldJudge",
    "FieldLimits",
    "Limits",
    "LimitsLike",
    "Outcome",
    "Policy",
    "PolicyLike",
    "Reason",
    "UnmatchedNames",
    "Verdict",
    "is_judged",
    "judged",
    "not_counting",
    "outcome_and_reason",
    "outcome_of",
    "problems_of",
    "scope_of",
    "worst",
]  # fmt: skip

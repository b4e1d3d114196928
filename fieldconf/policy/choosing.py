"""Choosing: which of a policy's bands is for a field.

In:    a policy, a schema's root, a field.
Out:   its band.
Never: a search among patterns for a field that is named.
Why:   what is said of one field counts before what is said of many.
"""

from fieldconf.paths import matches, parse_pointer
from fieldconf.policy.bands import Band
from fieldconf.policy.patterns import is_general, rank
from fieldconf.policy.policies import Policy, stricter
from fieldconf.report.field import Field
from fieldconf.schema import Place


class Bands:
    """The bands of a policy for the fields of one schema."""

    def __init__(self, policy: Policy, root: Place) -> None:
        self.policy = policy
        named = policy.at(root).fields
        general = [(parse_pointer(name), one) for name, one in named.items()]
        general = [(steps, one) for steps, one in general if is_general(steps)]
        self._named = {name: one for name, one in named.items() if not is_general(name.split("/"))}
        self._general = sorted(general, key=lambda pair: rank(pair[0]))
        self._usual = Band(policy.accept, policy.review)

    def of(self, field: Field) -> Band:
        """The band for a field: by name, by a pattern, by the model, by kind, or the usual one."""
        return self._named.get(field.pointer) or self._by_pattern(field) or self._by_model(field)

    def _by_pattern(self, field: Field) -> Band | None:
        """Of the most specific pattern that matches; of several such, the strictest."""
        found: Band | None = None
        least = None
        for steps, band in self._general:
            if least is not None and rank(steps) > least:
                break
            if matches(steps, field.path):
                found, least = stricter(found, band), rank(steps)
        return found

    def _by_model(self, field: Field) -> Band:
        """The settings that live with the model, over what is for the kind."""
        below = self._by_kind(field)
        conf = field.declared.conf if field.declared else None
        if conf is None or (conf.threshold is None and conf.review is None):
            return below
        accept = below.accept if conf.threshold is None else conf.threshold
        review = below.review if conf.review is None else conf.review
        if conf.threshold is None:
            return Band(max(accept, review), review)
        return Band(accept, min(accept, review))

    def _by_kind(self, field: Field) -> Band:
        named = (self.policy.kinds.get(kind) for kind in kinds_of(field))
        return next((band for band in named if band is not None), self._usual)


def kinds_of(field: Field) -> tuple[str, ...]:
    """The kinds of a field by which a policy may know it, the narrower first."""
    if field.kind == "array":
        return ("list",)
    if field.kind != "string":
        return (field.kind,)
    declared = field.declared.members if field.declared else None
    if declared is not None or field.distribution is not None:
        return ("enum", "string")
    return ("text", "string") if field.basis == "geometric_mean" else ("string",)

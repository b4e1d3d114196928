"""Choosing: which of a policy's bands is for a field.

In:    a policy, a schema's root, a field.
Out:   its band.
Never: a search among patterns for a field that is named.
Why:   what is said of one field counts before what is said of many.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from fieldconf.paths import Path, matches, parse_pointer, pointer
from fieldconf.policy.bands import Limits
from fieldconf.policy.pointers import is_general, rank
from fieldconf.policy.policies import Policy, stricter
from fieldconf.schema import SchemaNode
from fieldconf.schema.field_settings import FieldConfig

if TYPE_CHECKING:  # reports import policies
    from fieldconf.fields.field import Field


class FieldLimits:
    """The bands of a policy for the fields of one schema."""

    def __init__(self, policy: Policy, root: SchemaNode) -> None:
        self.policy = policy
        self._by_path = _by_path(policy, root) if policy.fields else None
        self._kinds = policy.kinds
        self._usual = Limits(policy.accept, policy.review)

    def of(self, field: "Field") -> Limits:
        """The band for a field: by name, by a pattern, by the model, by kind, or the usual one."""
        if self._by_path and (named := self._by_path(field.path)):
            return named
        below = self._by_kind(field) if self._kinds else self._usual
        conf = field.declared.conf if field.declared else None
        return below if conf is None else _over(below, conf)

    def _by_kind(self, field: "Field") -> Limits:
        named = (self._kinds.get(kind) for kind in kinds_of(field))
        return next((band for band in named if band is not None), self._usual)


def _over(below: Limits, conf: FieldConfig) -> Limits:
    """The settings that live with the model, over what is for the kind."""
    if conf.threshold is None and conf.review is None:
        return below
    accept = below.accept if conf.threshold is None else conf.threshold
    review = below.review if conf.review is None else conf.review
    if conf.threshold is None:
        return Limits(max(accept, review), review)
    return Limits(accept, min(accept, review))


def kinds_of(field: "Field") -> tuple[str, ...]:
    """The kinds of a field by which a policy may know it, the narrower first."""
    if field.kind == "array":
        return ("list",)
    if field.kind != "string":
        return (field.kind,)
    declared = field.declared.members if field.declared else None
    listed = field.distribution
    if declared is not None or (listed is not None and listed.rest is None):
        return ("enum", "string")
    return ("text", "string") if field.basis == "geometric_mean" else ("string",)


@lru_cache(maxsize=20)
def _by_path(policy: Policy, root: SchemaNode) -> Callable[[Path], Limits | None]:
    """Which band a policy has for a path; kept, since many answers are judged by one policy."""
    bands = policy.at(root).fields
    split = {name: parse_pointer(name) for name in bands}
    named = {name: bands[name] for name, steps in split.items() if not is_general(steps)}
    general = [(steps, bands[name]) for name, steps in split.items() if is_general(steps)]
    general.sort(key=lambda pair: rank(pair[0]))

    @lru_cache(maxsize=10_000)
    def band_of(path: Path) -> Limits | None:
        """By name; else of the most specific pattern that fits; of several such, the strictest."""
        found = named.get(pointer(path))
        least = None
        for steps, band in () if found else general:
            if least is not None and rank(steps) > least:
                break
            if matches(steps, path):
                found, least = stricter(found, band), rank(steps)
        return found

    return band_of

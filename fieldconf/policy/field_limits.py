"""Choosing: which of a policy's limits are for a field.

In:    a policy, a schema's root, a field.
Out:   the field's limits.
Never: a search among patterns for a field that the policy names exactly.
Why:   limits for one field count before limits for many.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from fieldconf.paths import Path, matches, parse_pointer, pointer
from fieldconf.policy.limits import Limits
from fieldconf.policy.pointers import is_general, rank
from fieldconf.policy.policies import Policy, stricter
from fieldconf.schema import SchemaNode
from fieldconf.schema.field_settings import FieldConfig

if TYPE_CHECKING:  # reports import policies
    from fieldconf.fields.field import Field


class FieldLimits:
    """The limits of a policy for the fields of one schema."""

    def __init__(self, policy: Policy, root: SchemaNode) -> None:
        self.policy = policy
        self._by_path = _by_path(policy, root) if policy.fields else None
        self._kinds = policy.kinds
        self._usual = Limits(policy.accept, policy.review)

    def of(self, field: "Field") -> Limits:
        """The limits for a field: by name, by pattern, by the model, by kind, or for all."""
        if self._by_path and (exact := self._by_path(field.path)):
            return exact
        base = self._usual
        if self._kinds:
            names = (kind for kind in kinds_of(field) if kind in self._kinds)
            base = next((self._kinds[kind] for kind in names), base)
        conf = field.declared.conf if field.declared else None
        return base if conf is None else _with_settings(base, conf)


def _with_settings(base: Limits, conf: FieldConfig) -> Limits:
    """The limits for a kind, replaced by those that the model sets for the field."""
    if conf.accept is None and conf.review is None:
        return base
    accept = base.accept if conf.accept is None else conf.accept
    review = base.review if conf.review is None else conf.review
    if conf.accept is None:
        return Limits(max(accept, review), review)
    return Limits(accept, min(accept, review))


def kinds_of(field: "Field") -> tuple[str, ...]:
    """The names that a policy may use for the kind of a field, the narrower first."""
    if field.kind == "array":
        return ("list",)
    if field.kind != "string":
        return (field.kind,)
    declared = field.declared.members if field.declared else None
    distribution = field.distribution
    if declared is not None or (distribution is not None and distribution.rest is None):
        return ("enum", "string")
    return ("text", "string") if field.basis == "geometric_mean" else ("string",)


@lru_cache(maxsize=20)
def _by_path(policy: Policy, root: SchemaNode) -> Callable[[Path], Limits | None]:
    """The limits that a policy has for a path; cached, since one policy judges many answers."""
    by_pattern = policy.at(root).fields
    split = {name: parse_pointer(name) for name in by_pattern}
    exact = {name: by_pattern[name] for name, steps in split.items() if not is_general(steps)}
    general = [(steps, by_pattern[name]) for name, steps in split.items() if is_general(steps)]
    general.sort(key=lambda pair: rank(pair[0]))

    @lru_cache(maxsize=10_000)
    def limits_of(path: Path) -> Limits | None:
        """By name; else of the most specific pattern that matches; of several, the strictest."""
        result = exact.get(pointer(path))
        least = None
        for steps, limits in () if result else general:
            if least is not None and rank(steps) > least:
                break
            if matches(steps, path):
                result, least = stricter(result, limits), rank(steps)
        return result

    return limits_of

"""Endpoint report: reports of responses with probabilities instead of tokens.

In:    a completion of a decision API; a schema.
Out:   a ``Report`` whose fields have the distributions of the answers. The name of a question is
       the JSON Pointer of its field, or else a key.
Never: the vendor's ``confidence``, whose formula differs between vendors; a token; a value for a
       field without a question.
Why:   users of a decision endpoint want the same report as for a text.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeAlias, cast

from fieldconf.decision_endpoint.schema_questions import member_of, path_of
from fieldconf.distributions.distribution import Distribution, Member
from fieldconf.fields.field import Field, Kind
from fieldconf.parsing.json_writing import json_text
from fieldconf.parsing.kinds import kind_of, same
from fieldconf.paths import Path
from fieldconf.report import Report
from fieldconf.report.combine import assembled
from fieldconf.schema import Declared, Schema
from fieldconf.tokens.token import Completion, Decision

Tree: TypeAlias = "dict[str, Tree | Field]"


def decided(completion: Completion, schema: Schema) -> Report[Any]:
    """The report of answers with probabilities: a field for each, and the objects around them."""
    tree = _tree(completion.decisions, schema)
    data = _data(tree)
    fields = {field.pointer: field for field in _fields(tree, (), data)}
    value, errors = schema.validate(json_text(data), data)
    report = Report[Any](
        status="complete", value=value, data=data, errors=errors, model=completion.model,
        fields=fields, mask=completion.mask, choice=completion.choice, schema=schema,
    )  # fmt: skip
    return replace(
        assembled(report, (), data, {}, requests=()),  # adds the confidence of objects
        input_tokens=completion.prompt_tokens, output_tokens=completion.completion_tokens,
    )  # fmt: skip


# -- the places of the answers ------------------------------------------------------------------


def _tree(decisions: tuple[Decision, ...], schema: Schema) -> "Tree | Field":
    """The fields of the answers, inside of their objects.

    A name that leads into the value of another question is a key of the root; our own names never
    do. Of two answers to one question the last one counts.
    """
    tree: Tree = {}
    for decision in decisions:
        path = path_of(decision.name, schema)
        if not path and len(decisions) == 1:
            return _field(path, decision, schema.declared(path))
        if not path or not _has_room(tree, path):
            path = (decision.name,)
        around = tree
        for step in path[:-1]:
            around = cast("Tree", around.setdefault(str(step), {}))
        around[str(path[-1])] = _field(path, decision, schema.declared(path))
    return tree


def _has_room(tree: Tree, path: Path) -> bool:
    inside: Any = tree
    for step in path[:-1]:
        inside = inside.get(step, {})
        if isinstance(inside, Field):
            return False
    return not isinstance(inside.get(path[-1]), dict)


def _data(tree: "Tree | Field") -> Any:
    """The plain value, without fields that have no probabilities."""
    if isinstance(tree, Field):
        return tree.value
    return {
        key: _data(inside) for key, inside in tree.items()
        if not isinstance(inside, Field) or inside.distribution is not None
    }  # fmt: skip


def _fields(tree: "Tree | Field", path: Path, data: Any) -> Iterator[Field]:
    """All fields in document order, objects before the fields inside of them."""
    if isinstance(tree, Field):
        yield tree
        return
    yield Field(path, data, "object")
    for key, inside in tree.items():
        yield from _fields(inside, (*path, key), data.get(key))  # a field has its own value


# -- one answer ---------------------------------------------------------------------------------


def _field(path: Path, decision: Decision, declared: Declared) -> Field:
    members = declared.members
    if not decision.probabilities:
        value = member_of(members, decision.value)
        return Field(path, value, _kind(value), reason=decision.reason)
    labels = decision.labels or ("",) * len(decision.probabilities)
    candidates = [
        Member(member_of(members, value, label), p, p, p)
        for (value, p), label in zip(decision.probabilities, labels, strict=True)
    ]
    values = [value for value, _ in decision.probabilities]
    chosen = [c for c, v in zip(candidates, values, strict=True) if same(v, decision.value)]
    own = chosen[0] if chosen else max(candidates, key=lambda member: member.probability)
    ranked = tuple(sorted(candidates, key=lambda member: -member.probability))
    distribution = Distribution(ranked, off_schema=0.0, unseen=0.0, decided_at=-1)
    expected, std = distribution.moments
    return Field(
        path, own.value, _kind(own.value), confidence=own.probability, low=own.low, high=own.high,
        basis="decision", distribution=distribution, expected=expected, std=std,
    )  # fmt: skip


def _kind(value: Any) -> Kind:
    return cast("Kind", kind_of(value))

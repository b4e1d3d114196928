"""Laws of re-asking: nothing asked, nothing changed; a merge validates or keeps the first reading;
what was accepted stays; a sub-schema forbids nothing that the whole allows there.

Schemas and answers are drawn; the second answers keep to the sub-schema, or to nothing at all.
"""

import json

import jsonschema
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.fields.pickling import value_at
from fieldconf.parsing.kinds import same_json
from fieldconf.reasking.doubts import accepted, doubtful
from fieldconf.reasking.merging import merged
from fieldconf.reasking.patching import patched, valid_patches
from fieldconf.reasking.reask import reask
from fieldconf.reasking.subschema import WHOLE, request_for
from fieldconf.requests.strict import strict
from fieldconf.schema import compile_schema
from fieldconf.schema.pydantic_errors import leads
from fieldconf.strategies import instances, reports, schemas
from fieldconf.testing import FakeClient

DRAWN = settings(
    max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
JUNK = st.sampled_from([None, True, 0, "", "?", [], [0], {}, {"a": 1}])


def restricted(instance, asked):
    """What an instance has at the places asked for, as the answer to the question."""
    if asked.paths == WHOLE:
        return instance
    found = {}
    for path in asked.paths:
        around = found
        for step in path[:-1]:
            around = around.setdefault(str(step), {})
        if leads(path[-1], value_at(path[:-1], instance)):
            around[str(path[-1])] = value_at(path, instance)
    return found


def some_paths(draw, report):
    paths = [field.path for field in report.fields.values()]
    return draw(st.sets(st.sampled_from(paths), min_size=1, max_size=4))


def is_valid(schema, value):
    return jsonschema.Draft202012Validator(schema).is_valid(value)


@st.composite
def readings(draw):
    """A first report, a question about some of it, and a report of an answer to that."""
    schema = draw(schemas(max_leaves=6))
    first = draw(reports(schema))
    doubts = doubtful(first) if draw(st.booleans()) else some_paths(draw, first)
    asked = request_for(first.schema, first.data, doubts)
    assume(asked.paths)
    sub = asked.schema.json
    if draw(st.booleans()):
        return first, asked, draw(reports(sub))
    path = draw(st.sampled_from(asked.paths))  # a server that holds the model to nothing
    value = spoilt(draw(instances(sub)), asked.answer_path(path), draw(JUNK))
    return first, asked, draw(reports({}, values=st.just(value)))


def spoilt(value, path, junk):
    return patched(value, {path: junk}) if leads_to(path, value) else value


def leads_to(path, value):
    return all(leads(step, value_at(path[:end], value)) for end, step in enumerate(path))


# -- the laws -------------------------------------------------------------------------------------


@DRAWN
@given(st.data())
def test_asking_for_nothing_changes_nothing(data):
    """Re-asking nothing changes nothing: no request is made, and the same report comes back."""
    report, client = data.draw(reports(data.draw(schemas(max_leaves=4)))), FakeClient({})
    assert reask(report, "text", client=client, model="m", fields=[]) is report
    if report.outcome == "accept":
        assert reask(report, "text", client=client, model="m") is report
    assert not client.requests


@DRAWN
@given(readings())
def test_a_merge_validates_or_keeps_the_first_reading(given_):
    """A merge validates or keeps the first reading; it is whole where the first one was."""
    first, asked, second = given_
    made = merged(first, second, asked, settled=accepted(first))
    assert same_json(made.data, first.data) or (
        not made.errors and is_valid(first.schema.json, made.data)
    )
    assert made.status == first.status == "complete"
    assert json.loads(made.text) == made.data
    assert len(made.requests) == 2


@DRAWN
@given(readings())
def test_what_is_accepted_stays(given_):
    """Never turns an accepted field into something else."""
    first, asked, second = given_
    made = merged(first, second, asked, settled=accepted(first))
    for path in accepted(first):
        assert leads_to(path, made.data)
        assert same_json(value_at(path, made.data), value_at(path, first.data))


@DRAWN
@given(readings())
def test_what_was_not_asked_for_stays_and_no_reading_is_lost(given_):
    """Outside of the places asked for nothing changes; inside both readings are kept."""
    first, asked, second = given_
    made = merged(first, second, asked)
    for name, field in first.fields.items():
        if field.is_leaf and not any(field.path[: len(p)] == p for p in asked.paths):
            kept = made.fields[name]
            assert (kept.value, kept.confidence, kept.readings) == (
                field.value,
                field.confidence,
                (),
            )
    for path in asked.paths:
        there = second.fields.get(fc.paths.pointer(asked.answer_path(path)))
        if there is not None and leads_to(path, made.data):
            found = [one for one in made[path].readings if one.how == "reask"]
            assert [same_json(one.value, there.value) for one in found] == [True]


@DRAWN
@given(st.data())
def test_an_instance_keeps_to_the_sub_schema_and_merges_back(data):
    """For each instance its restriction to the places asked for keeps to the sub-schema, and put
    back it gives the instance; other answers give a valid instance or leave the first one."""
    schema = data.draw(schemas(max_leaves=6))
    report = data.draw(reports(schema))
    asked = request_for(report.schema, report.data, some_paths(data.draw, report))
    sub, own = asked.schema.json, restricted(report.data, asked)
    jsonschema.Draft202012Validator.check_schema(sub)
    strict(asked.schema)
    assert is_valid(sub, own)
    back = {path: value_at(asked.answer_path(path), own) for path in asked.paths}
    assert patched(report.data, valid_patches(report.schema, report.data, back)) == report.data
    other = data.draw(instances(sub))
    new = {
        p: value_at(asked.answer_path(p), other)
        for p in asked.paths
        if leads_to(asked.answer_path(p), other)
    }
    new = valid_patches(report.schema, report.data, new)
    assert not new or is_valid(schema, patched(report.data, new))


@DRAWN
@given(st.data())
def test_no_place_that_is_asked_for_is_inside_of_another(data):
    """Nested doubtful paths are subsumed, and each doubtful place is asked for."""
    report = data.draw(reports(data.draw(schemas(max_leaves=6))))
    doubts = some_paths(data.draw, report)
    paths = request_for(report.schema, report.data, doubts).paths
    for path in paths:
        assert not any(path[: len(other)] == other for other in paths if other != path)
    declared = [p for p in doubts if report.schema.at(p).cases]
    assert all(any(p[: len(asked)] == asked for asked in paths) for p in declared)


# -- counterexamples ------------------------------------------------------------------------------

TAGGED = {
    "oneOf": [
        {"type": "object", "properties": {"kind": {"const": kind}, "no": no},
         "required": ["kind", "no"]}
        for kind, no in [("a", {"type": "string"}), ("b", {"type": "integer"})]
    ]
}  # fmt: skip


@example(doubts=[("kind",)], paths=WHOLE)
@example(doubts=[("no",)], paths=(("no",),))
@given(doubts=st.just([("kind",), ("no",)]), paths=st.just(WHOLE))
def test_what_depends_on_a_doubtful_tag_is_asked_for_with_it(doubts, paths):
    """The other key says of which arm it is, but it was written behind the tag, and for it."""
    schema = compile_schema(TAGGED)
    assert request_for(schema, {"kind": "a", "no": "1"}, doubts).paths == paths

"""Law: caching changes no verdict, and the reasons are those of all rules.

Limits are cached by path, and verdicts are shared. The reference implementation caches nothing:
it asks every rule of every field, with limits that it looks up anew.
"""

from dataclasses import replace

from builders import report_of, token
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import LIMITS, READINGS, SHARES, policies, reports

from fieldconf import strategies
from fieldconf.distributions.distribution import Distribution, Member, Rival
from fieldconf.fields.field import Field
from fieldconf.fields.readings import Reading, SourceCandidate
from fieldconf.fields.status import OTHERS
from fieldconf.paths import matches, parse_pointer, pointer
from fieldconf.policy import (
    OUTCOMES,
    Facts,
    FieldLimits,
    Limits,
    Policy,
    Reason,
    Verdict,
    worst,
)
from fieldconf.policy.field_limits import kinds_of
from fieldconf.policy.pointers import is_general, rank
from fieldconf.policy.policies import stricter
from fieldconf.policy.reasons import OF_OBJECTS, RULES, reasons
from fieldconf.report import Report
from fieldconf.schema.field_settings import FieldConfig


def reasons_by_all_rules(facts):
    """What speaks against a value, by asking every rule."""
    is_object = facts.field.kind == "object" and not facts.field.is_leaf
    asked = {name: rule for name, rule in RULES.items() if not is_object or name in OF_OBJECTS}
    return tuple(
        Reason(name, sentence, outcome)
        for name, rule in asked.items()
        for outcome, sentence in rule(facts)
    )


def limits_for(field, policy, root):
    """The limits for a field, looked up from the most to the least specific; nothing is cached."""
    named = policy.at(root).fields
    if field.pointer in named and not is_general(parse_pointer(field.pointer)):
        return named[field.pointer]
    fitting = [(parse_pointer(name), limits) for name, limits in named.items()]
    fitting = [one for one in fitting if is_general(one[0]) and matches(one[0], field.path)]
    found = None
    for steps, limits in fitting:
        if rank(steps) == min(rank(other) for other, _ in fitting):
            found = stricter(found, limits)
    if found is not None:
        return found
    of_kind = [policy.kinds[kind] for kind in kinds_of(field) if kind in policy.kinds]
    below = of_kind[0] if of_kind else Limits(policy.accept, policy.review)
    conf = (field.declared and field.declared.conf) or FieldConfig()
    if conf.accept is None:
        review = below.review if conf.review is None else conf.review
        return Limits(max(below.accept, review), review)
    return Limits(conf.accept, min(
        conf.accept, below.review if conf.review is None else conf.review))  # fmt: skip


def problems_of(report):
    """How the answer breaks its schema, by the nearest field above."""
    found = {}
    for error in report.errors:
        above = [pointer(error.path[:cut]) for cut in range(len(error.path) + 1)]
        nearest = [name for name in above if name in report.fields] or [""]
        told = error.problem if nearest[-1] == above[-1] else f"{error.pointer}: {error.problem}"
        found[nearest[-1]] = (*found.get(nearest[-1], ()), told)
    return found


def verdicts_of(report):
    """The verdicts, field by field, each as if it were the only one."""
    lacks_tokens = report.status in ("unaligned", "no_logprobs") or report.answer_score is not None
    problems, made = problems_of(report), {}
    flagged = [flag for flag in ("other_kind", "other_json") if flag in report.flags]
    other = OTHERS[flagged[0]] if flagged else ""
    for name, field in report.fields.items():
        above = report.fields.get(pointer(field.path[:-1])) if field.path else None
        presence = above.presence.get(str(field.path[-1])) if above else None
        limits = limits_for(field, report.policy, report.schema.root)
        said = reasons_by_all_rules(Facts(
            field, limits, report.policy, lacks_tokens, problems.get(name, ()), presence, other
        ))  # fmt: skip
        if said or field.is_leaf or field.kind == "array":
            made[name] = Verdict(worst(one.outcome for one in said), said, limits)
    return made


KIND_NAMES = ["object", "array", "string", "number", "boolean", "null"]
MEMBERS = st.builds(
    Member, st.sampled_from([None, "null", "string", "x", 1, True, False]),
    SHARES, st.just(0.0), st.just(1.0),
)  # fmt: skip
SEVERAL = st.lists(MEMBERS, max_size=3).map(tuple)
DISTRIBUTIONS = st.one_of(
    st.none(),
    st.builds(
        Distribution, SEVERAL, SHARES, st.just(0.0), st.just(0),
        st.sampled_from([(), (Rival("x", 0.5),)]),
    ),
)  # fmt: skip
FLAGS = ["truncated", "shared_token", "against_schema", "duplicate_key", "not_a_member"]
FACTS = st.builds(
    Facts,
    st.builds(
        Field, st.just(("a",)), st.sampled_from([None, [], [1], {}, {"b": 1}, "x"]),
        st.sampled_from(KIND_NAMES), confidence=st.one_of(st.none(), SHARES),
        logprob=st.sampled_from([None, -0.1]),
        basis=st.sampled_from(["joint", "null_or_value", "geometric_mean", "none"]),
        distribution=DISTRIBUTIONS, variants=DISTRIBUTIONS,
        end_probabilities=SEVERAL, readings=READINGS,
        presence=st.dictionaries(st.sampled_from("bc"), MEMBERS, max_size=2),
        source_spans=st.sampled_from([None, ()]), reason=st.sampled_from(["", "no tokens"]),
        flags=st.lists(st.sampled_from(FLAGS), max_size=2).map(tuple),
    ),
    LIMITS,
    st.builds(
        Policy, null=SHARES, missing_item=SHARES, off_schema=SHARES,
        absent=st.sampled_from(OUTCOMES), missed=st.sampled_from(OUTCOMES),
        disagree=st.sampled_from(OUTCOMES),
    ),
    lacks_tokens=st.booleans(), problems=st.sampled_from([(), ("wrong",), ("wrong", "odd")]),
    presence=st.one_of(st.none(), MEMBERS), other=st.sampled_from(["", "there is more"]),
)  # fmt: skip

SURE = Field(("a",), "x", "string", 1.0, logprob=0.0, basis="joint")
FULL = Field(("a",), [1], "array", 1.0, logprob=0.0, basis="list_end")
EVEN = Member("x", 0.5, 0.5, 0.5)
NULL = Member(None, 0.5, 0.5, 0.5)
ALONE = {  # each of the rules has something to say, and no other one has
    "other_json": Facts(SURE, Limits(), Policy(), other="there is more"),
    "not_covered": Facts(SURE, Limits(), Policy(), uncovered="model 'a', not 'b'"),
    "truncated": Facts(replace(SURE, flags=("truncated",)), Limits(), Policy()),
    "invalid": Facts(SURE, Limits(), Policy(), problems=("wrong",)),
    "not_aligned": Facts(replace(SURE, confidence=None, logprob=None), Limits(), Policy()),
    "unknown": Facts(replace(SURE, confidence=None), Limits(), Policy()),
    "below_threshold": Facts(replace(SURE, confidence=0.8999), Limits(), Policy()),
    "off_schema": Facts(
        replace(SURE, distribution=Distribution((EVEN,), 0.6, 0.0, 0)), Limits(), Policy()),
    "null_undecided": Facts(
        replace(SURE, distribution=Distribution((EVEN, NULL), 0.0, 0.0, 0)), Limits(), Policy()),
    "may_miss_item": Facts(replace(FULL, end_probabilities=(EVEN, EVEN)), Limits(), Policy()),
    "not_in_source": Facts(replace(SURE, source_spans=()), Limits(), Policy(absent="review")),
    "missed_in_source": Facts(
        replace(SURE, source_candidates=(SourceCandidate(0, 2, "41", "number"),)),
        Limits(), Policy(missed="review"),
    ),
    "readings_disagree": Facts(
        replace(SURE, readings=(Reading("reask", 1, agrees=False),)), Limits(), Policy()),
}  # fmt: skip


@settings(deadline=None, max_examples=1000)
@given(FACTS)
def test_the_reasons_are_those_of_all_rules(facts):
    """The rules are the only list: what all of them find, in their order, are the reasons."""
    assert reasons(facts) == reasons_by_all_rules(facts)


def test_each_rule_is_asked_where_it_alone_has_something_to_say():
    assert ALONE.keys() == RULES.keys()
    for name, facts in ALONE.items():
        assert [one.name for one in reasons(facts)] == [name]
        assert reasons(facts) == reasons_by_all_rules(facts)


def test_null_is_looked_for_wherever_something_is_known_of_it():
    """Among members, among the kinds of a union, in the formula, and by the keys left out."""
    union = Distribution((Member("null", 0.5, 0.5, 0.5), Member("string", 0.5, 0.5, 0.5)), 0, 0, 0)
    left_out = {"b": Member(False, 0.5, 0.5, 0.5)}
    for field, presence in [
        (replace(SURE, variants=union), None),
        (replace(SURE, basis="null_or_value", confidence=0.85), None),
        (SURE, Member(True, 0.6, 0.6, 0.6)),
        (replace(SURE, kind="object", value={"c": 1}, presence=left_out), None),
    ]:
        facts = Facts(field, Limits(0.8), Policy(), presence=presence)
        assert [one.name for one in reasons(facts)] == ["null_undecided"]
        assert reasons(facts) == reasons_by_all_rules(facts)


def check_plain_road(report):
    assert report.verdicts == verdicts_of(report)
    assert [*report.verdicts] == [*verdicts_of(report)]
    field_limits = FieldLimits(report.policy, report.schema.root)
    for field in report.fields.values():
        assert field_limits.of(field) == limits_for(field, report.policy, report.schema.root)


@settings(deadline=None, max_examples=300)
@given(reports(), st.data())
def test_verdicts_are_those_of_the_plain_road(report, data):
    """Of every report and policy, and of the same report as it is read back."""
    report = replace(report, policy=data.draw(policies(report)))
    check_plain_road(report)
    check_plain_road(Report.from_dict(report.to_dict()))


ANY_SCHEMA = strategies.schemas()


@settings(deadline=None, max_examples=200)
@given(
    ANY_SCHEMA.flatmap(lambda schema: strategies.reports(schema, has_off_schema=True)), st.data()
)
def test_verdicts_of_schemas_are_those_of_the_plain_road(report, data):
    """Where keys may be left out, values may be null and the model wanted something else."""
    check_plain_road(replace(report, policy=data.draw(policies(report))))


def test_cached_limits_are_those_of_one_policy_and_one_schema():
    """Two policies that differ in what their hash leaves out, and attributes by two schemas."""
    report = report_of(token('{"a":['), token("true", -0.3), token("]}"))
    for accept in (0.1, 0.95, 0.1):
        for policy in (Policy(fields={"/a/*": accept}), Policy(fields={"/a/0": accept}),
                       Policy(fields={"a[*]": accept}), Policy(kinds={"boolean": accept}),
                       Policy(fields={"/b": 0.5}, kinds={"boolean": accept})):  # fmt: skip
            check_plain_road(replace(report, policy=policy))

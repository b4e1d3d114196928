"""A second reading changes no value, and two confidences become one by the rule that was named."""

import math

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf import strategies
from fieldconf.testing import Answer, FakeClient
from fieldconf.verification.combining import UNKNOWN, BoundedConfidence, combined, pool
from fieldconf.verification.verify import verify

RULES = ["pool", "minimum", "product", "verification"]
sure = st.floats(0, 1) | st.sampled_from([0.0, 1.0, 5e-324, 1 - 2**-53])


@st.composite
def bounded(draw):
    low, confidence, high = sorted(draw(st.tuples(sure, sure, sure)))
    return BoundedConfidence(confidence, low, high)


# -- the rules ------------------------------------------------------------------------------------


@given(sure, sure, sure, st.sampled_from(RULES))
@example(1.0, 0.0, 0.3, "pool")  # certain of the opposite: 0 / 0
@example(5e-324, 5e-324, 5e-324, "pool")  # the product of two such is 0
def test_a_surer_reading_never_makes_the_whole_less_sure(first, second, more, rule):
    """Law: what two readings make is in 0..1 and monotone in both."""

    def made(*pair):
        return combined(*map(BoundedConfidence, pair), rule).confidence

    less, more = sorted((first, more))
    assert 0 <= made(less, second) <= 1
    slack = 4 * math.ulp(1.0)
    assert made(less, second) <= made(more, second) + slack
    assert made(second, less) <= made(second, more) + slack


@given(sure, sure)
@example(1.0, 0.0)
@example(1e-200, 1e-200)  # their product is 0
def test_a_pool_lies_between_the_two_and_does_not_ask_who_was_first(one, other):
    """Law: min(a, b) <= pool(a, b) <= max(a, b), and pool(a, b) = pool(b, a)."""
    made = pool(one, other)
    assert min(one, other) <= made <= max(one, other)
    assert made == pytest.approx(pool(other, one), rel=1e-12)


@given(st.floats(1e-6, 1 - 1e-6), st.floats(1e-6, 1 - 1e-6))
def test_a_pool_is_the_mean_in_log_odds(one, other):
    """The definition (Genest & Zidek 1986), the slow way."""

    def logit(p):
        return math.log(p / (1 - p))

    mean = (logit(one) + logit(other)) / 2
    assert pool(one, other) == pytest.approx(1 / (1 + math.exp(-mean)), rel=1e-9)


@given(bounded(), bounded(), st.sampled_from(RULES))
def test_bounds_hold_the_whole_as_they_held_the_parts(first, second, rule):
    """Law 7: low <= confidence <= high, and it holds for what two readings make."""
    made = combined(first, second, rule)
    assert 0 <= made.low <= made.confidence <= made.high <= 1


@given(bounded(), st.sampled_from(RULES))
def test_what_one_reading_does_not_know_the_other_says(known, rule):
    """Law 6: what is not known is no number, and changes none."""
    assert combined(known, UNKNOWN, rule) == known == combined(UNKNOWN, known, rule)
    assert combined(UNKNOWN, UNKNOWN, rule) == UNKNOWN


# -- the request ----------------------------------------------------------------------------------


def form_of(body):
    return body["response_format"]["json_schema"]["schema"]


def leaves_of(schema, path=()):
    if schema["type"] == "boolean":
        yield path
    for key, inside in schema.get("properties", {}).items():
        yield from leaves_of(inside, (*path, key))


def written(leaves):
    """The object that has these values at these paths."""
    made = {}
    for path, value in leaves.items():
        inside = made
        for step in path[:-1]:
            inside = inside.setdefault(step, {})
        inside[path[-1]] = value
    return made


@st.composite
def verified(draw, rule="pool"):
    """A report, what a made-up model says of it, and what became of the two."""
    report = draw(strategies.reports(draw(strategies.schemas())))
    assume(report.status == "complete")
    right = {}

    def answer(body):
        for path in leaves_of(form_of(body)):
            right[path] = draw(st.floats(0.02, 0.98).filter(lambda p: abs(p - 0.5) > 0.01))
        said = {path: p >= 0.5 for path, p in right.items()}
        known = {path: max(p, 1 - p) for path, p in right.items()}
        return Answer(written(said), confidences=known)

    client = FakeClient(answer)
    made = verify(report, "what was read", client=client, model="m", combine=rule)
    return report, right, made, client


def place_of(field):
    """Where a field is asked about, as the documentation says."""
    steps = tuple(map(str, field.path))
    return (*steps, "complete") if field.kind == "array" else steps or ("value",)


@settings(max_examples=40, deadline=None)
@given(verified())
def test_verifying_changes_no_value(case):
    """Law: values, text, tokens and spans stay those of the first reading."""
    report, right, made, client = case
    for name in ("data", "value", "status", "text", "tokens", "owners", "reason", "flags"):
        assert getattr(made, name) == getattr(report, name), name
    assert [e.pointer for e in made.errors] == [e.pointer for e in report.errors]
    assert list(made.fields) == list(report.fields)
    for name, field in made.fields.items():
        first = report.fields[name]
        kept = (
            "value",
            "kind",
            "start",
            "stop",
            "indexes",
            "distribution",
            "logprob",
            "end_probabilities",
        )
        assert [getattr(field, k) for k in kept] == [getattr(first, k) for k in kept]
    assert len(client.requests) == bool(right)


@settings(max_examples=40, deadline=None)
@given(verified())
def test_every_value_and_every_list_is_asked_about_once_and_pooled(case):
    """Law: the confidence is the pool of the first one and of P(true), for each field asked."""
    report, right, made, _ = case
    asked = [f for f in report.fields.values() if f.is_leaf or f.kind == "array"]
    assert {place_of(field) for field in asked} == set(right)
    for field in asked:
        p = right[place_of(field)]
        now = made.fields[field.pointer]
        expected = p if field.confidence is None else pool(field.confidence, p)
        assert now.confidence == pytest.approx(expected, abs=1e-6)
        assert (now.basis, now.flags) == ("verification", field.flags)
        answer, verification = now.readings
        assert (answer.confidence, answer.value) == (field.confidence, field.value)
        assert verification.confidence == pytest.approx(p, abs=1e-6)
        assert verification.agrees == (p >= 0.5) == verification.value


@settings(max_examples=40, deadline=None)
@given(verified("minimum"))
def test_a_second_look_by_the_minimum_only_adds_doubt(case):
    """Law: no field, and no report, is surer than before where the smaller one counts."""
    report, _, made, _ = case
    for name, field in report.fields.items():
        if field.confidence is not None:
            assert made.fields[name].confidence <= field.confidence
    for name, field in made.fields.items():
        if field.basis == "least_required":
            inside = [f.confidence for n, f in made.leaves.items() if n.startswith(name + "/")]
            assert field.confidence in inside
    assert fc.Report.from_dict(made.to_dict(tokens=True), report.schema) == made


@settings(max_examples=30)
@given(strategies.schemas().flatmap(strategies.reports))
def test_verifying_nothing_changes_nothing(report):
    """Law: where nothing is asked, it is the very same report, and nobody was asked."""
    client = FakeClient(Answer({}))
    assert verify(report, "x", client=client, model="m", fields=[]) is report
    assert client.requests == []

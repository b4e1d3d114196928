"""Law: "Policies are monotone in thresholds"; and what is not known is never accepted."""

from dataclasses import fields as fields_of
from dataclasses import replace

from builders import report_of, token
from hypothesis import example, given, settings
from hypothesis import strategies as st
from policies import policies, reports
from reports import REPORTS

from fieldconf.paths import matches
from fieldconf.policy import OUTCOMES, Limits, Policy
from fieldconf.report import Report
from fieldconf.schema import Declared
from fieldconf.schema.field_settings import FieldConfig


def raised(draw, limits):
    """Limits that are as strict, or stricter."""
    accept = draw(st.floats(limits.accept, 1))
    return Limits(accept, draw(st.floats(limits.review, accept)))


@st.composite
def stricter(draw, policy):
    """The policy with some thresholds raised and some limits lowered."""
    changed = {"fields": dict(policy.fields), "kinds": dict(policy.kinds)}
    for by_name in changed.values():
        for name in by_name:
            by_name[name] = raised(draw, by_name[name])
    whole = raised(draw, Limits(policy.accept, policy.review))
    changed |= {"accept": whole.accept, "review": whole.review}
    for name in ("null", "missing_item", "off_schema"):
        changed[name] = draw(st.floats(0, getattr(policy, name)))
    for name in ("absent", "missed", "disagree"):
        worse = OUTCOMES[OUTCOMES.index(getattr(policy, name)) :]
        changed[name] = draw(st.sampled_from(worse))
    kept = draw(st.sets(st.sampled_from([one.name for one in fields_of(policy)])))
    kept |= {"accept", "review"} if {"accept", "review"} & kept else set()  # they go together
    return replace(policy, **{name: one for name, one in changed.items() if name not in kept})


def check_monotone(report, lenient, strict):
    one, other = replace(report, policy=lenient), replace(report, policy=strict)
    rank = OUTCOMES.index
    assert rank(other.outcome) >= rank(one.outcome)
    for name, verdict in one.verdicts.items():
        assert rank(other.verdicts[name].outcome) >= rank(verdict.outcome)
        found = {reason.name for reason in other.verdicts[name].reasons}
        assert {reason.name for reason in verdict.reasons} <= found


@settings(deadline=None, max_examples=400)
@given(reports(), st.data())
def test_policies_are_monotone(report, data):
    """Raising a threshold, or lowering a limit, never moves a field or a report to "accept"."""
    lenient = data.draw(policies(report))
    check_monotone(report, lenient, data.draw(stricter(lenient)))


def test_policies_are_monotone_where_levels_of_precedence_meet():
    """A raised review of all must not lift a model's threshold, nor lower limits come through."""
    report = report_of(token("true", -0.3))
    field = replace(report[""], declared=Declared(conf=FieldConfig(review=0.7)))
    report = replace(report, fields={"": field})
    for lenient, strict in [
        (Policy(0.7, 0.5), Policy(0.75, 0.5)),
        (Policy(0.6, 0.5), Policy(0.9, 0.8)),
        (Policy(kinds={"boolean": 0.2}), Policy(kinds={"boolean": (0.9, 0.8)})),
        (Policy(fields={"": 0.2, "/**": 0.9}), Policy(fields={"": 0.3, "/**": 0.9})),
    ]:
        check_monotone(report, lenient, strict)


@settings(deadline=None, max_examples=200)
@given(reports(), st.data())
def test_an_outcome_is_the_worst_of_its_reasons(report, data):
    """No reason: "accept". A report is as bad as its worst field, worse where it ended badly."""
    report = replace(report, policy=data.draw(policies(report)))
    groups = (report.accepted, report.to_review, report.rejected)
    assert sum(map(len, groups)) == len(report.verdicts)
    for outcome, group in zip(OUTCOMES, groups, strict=True):
        for name in group:
            found = [OUTCOMES.index(one.outcome) for one in report.verdicts[name].reasons]
            assert OUTCOMES[max(found, default=0)] == outcome
            assert OUTCOMES.index(report.outcome) >= OUTCOMES.index(outcome)
    assert {name for name, one in report.fields.items()
            if one.is_leaf or one.kind == "array"} <= report.verdicts.keys()  # fmt: skip
    if report.outcome == "accept":
        assert report.status == "complete"
        assert report.verdicts
        assert not report.errors


@settings(deadline=None, max_examples=200)
@given(reports(), st.data())
def test_what_is_not_known_is_never_accepted(report, data):
    """Law 6's sister: no confidence is no confidence to accept by, whatever the limits."""
    report = replace(report, policy=data.draw(policies(report)))
    for name in report.accepted:
        assert report[name].confidence is not None
    for error in report.errors:
        assert any(
            error.pointer.startswith(name) and one.outcome == "reject"
            for name, one in report.verdicts.items()
        )


@settings(deadline=None, max_examples=200)
@given(REPORTS, st.data())
def test_outcomes_are_read_back_as_they_were_saved(report, data):
    """``to_dict`` and back: the same outcomes for the same reasons, without the schema."""
    report = replace(report, policy=data.draw(policies(report)))
    again = Report.from_dict(report.to_dict())
    assert again.outcome == report.outcome
    assert again.verdicts == report.verdicts


# -- patterns -----------------------------------------------------------------------------------

STEPS = st.lists(st.sampled_from(["a", "b", "0", "1"]), max_size=5)
PATTERNS = st.lists(st.sampled_from(["a", "b", "0", "*", "**"]), max_size=5)


def slowly(pattern, path):
    """``matches``, as one says it."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(slowly(pattern[1:], path[cut:]) for cut in range(len(path) + 1))
    return bool(path) and pattern[0] in ("*", path[0]) and slowly(pattern[1:], path[1:])


@example(["**", "**"], [])
@example(["**", "a", "**"], ["b", "a"])
@settings(max_examples=500)
@given(PATTERNS, STEPS)
def test_a_pattern_matches_what_its_words_say(pattern, steps):
    """ "*" is any one step, "**" any steps, none among them; indexes are steps as their text is."""
    path = tuple(int(step) if step.isdecimal() else step for step in steps)
    assert matches(pattern, path) == slowly(pattern, steps)

"""Policies and reports that they judge, drawn; some fields have settings of their own."""

from dataclasses import replace

from hypothesis import strategies as st
from reports import REPORTS

from fieldconf.fields.readings import Reading
from fieldconf.paths import parse_pointer, pointer
from fieldconf.policy import OUTCOMES, Limits, Policy
from fieldconf.schema import Declared
from fieldconf.schema.field_settings import FieldConfig

SHARES = st.one_of(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.floats(0, 1))
LIMITS = st.tuples(SHARES, SHARES).map(lambda pair: Limits(max(pair), min(pair)))
CONFS = st.one_of(
    st.none(),
    SHARES.map(lambda share: FieldConfig(accept=share)),
    SHARES.map(lambda share: FieldConfig(review=share)),
    LIMITS.map(lambda limits: FieldConfig(accept=limits.accept, review=limits.review)),
)
READINGS = st.lists(
    st.builds(
        Reading, st.sampled_from(["answer", "reask", "verification"]), st.just(1),
        agrees=st.sampled_from([None, True, False]),
    ),
    max_size=3,
).map(tuple)  # fmt: skip


@st.composite
def reports(draw):
    """Reports of every kind; some fields have settings, second readings, or were not found."""
    report = draw(REPORTS)
    made = dict(report.fields)
    for name in draw(st.lists(st.sampled_from(sorted(made) or [""]), max_size=4)):
        if name in made:
            made[name] = replace(
                made[name], declared=replace(made[name].declared or Declared(), conf=draw(CONFS)),
                readings=draw(READINGS), source_spans=draw(st.sampled_from([None, ()])),
            )  # fmt: skip
    return replace(report, fields=made)


@st.composite
def policies(draw, report):
    """Policies that name fields of a report, alone and by patterns."""
    steps = [parse_pointer(name) for name in report.fields if "*" not in name] or [()]
    named = {}
    for path in draw(st.lists(st.sampled_from(steps), max_size=3)):
        stars = draw(st.sets(st.integers(0, len(path))))
        general = ["*" if i in stars else step for i, step in enumerate(path)]
        tail = ["**"] if draw(st.booleans()) else []
        named[pointer([*general, *tail])] = draw(LIMITS)
    whole = draw(LIMITS)
    kinds = st.sampled_from(["string", "enum", "text", "number", "boolean", "null", "list"])
    return Policy(
        whole.accept, whole.review, fields=named,
        kinds=draw(st.dictionaries(kinds, LIMITS, max_size=3)),
        null=draw(SHARES), missing_item=draw(SHARES), off_schema=draw(SHARES),
        absent=draw(st.sampled_from(OUTCOMES)), missed=draw(st.sampled_from(OUTCOMES)),
        disagree=draw(st.sampled_from(OUTCOMES)),
    )  # fmt: skip

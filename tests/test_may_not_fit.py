"""``FieldConfig(may_not_fit=True)``: fixed values, where it applies, and what it leaves alone."""

from typing import Annotated, Literal

import pytest
from builders import completion, log, token
from pydantic import BaseModel

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion

Team = Literal["billing", "sales"]
OPEN = fc.FieldConfig(may_not_fit=True)


class Ticket(BaseModel):
    team: Annotated[Team, OPEN]


class Plain(BaseModel):
    team: Team


def field_of(schema, chosen, mask="before", **listed):
    top = log({f'"{text}"': p for text, p in listed.items()})
    said = token(f'"{chosen}"', dict(top)[f'"{chosen}"'], top)
    answer = completion(token('{"team":', 0.0), said, token("}", 0.0), mask=mask)
    return score_completion(answer, compile_schema(schema))["/team"]


def test_what_fits_no_member_counts_against_each():
    field = field_of(Ticket, "billing", billing=0.5, sales=0.125, legal=0.375)
    assert (field.low, field.confidence, field.high) == pytest.approx((0.5, 0.5, 0.5))
    assert field.distribution["billing"].probability == pytest.approx(0.8)
    assert field.distribution.off_schema == pytest.approx(0.375)
    assert (
        field.distribution
        == field_of(Plain, "billing", billing=0.5, sales=0.125, legal=0.375).distribution
    )
    assert field.basis == "distribution"


def test_the_bounds_take_the_unlisted_mass_both_ways():
    """Unlisted .1: of no member in ``low``, of this one in ``high``."""
    field = field_of(Ticket, "billing", billing=0.5, sales=0.1, legal=0.3)
    assert field.confidence == pytest.approx(0.5 / 0.6 * 0.7)
    assert field.low == pytest.approx(0.5 / 0.7 * 0.6)
    assert field.high == pytest.approx(0.6)
    assert field.low <= 0.5 <= field.high  # what the model gives this text


def test_after_the_mask_nothing_is_off_and_the_confidence_stays():
    whole = {"billing": 0.8, "sales": 0.2}
    field, plain = (field_of(kind, "billing", "after", **whole) for kind in (Ticket, Plain))
    assert (field.low, field.confidence, field.high) == (plain.low, plain.confidence, plain.high)
    part = {"billing": 0.8, "sales": 0.1}
    field, plain = (field_of(kind, "billing", "after", **part) for kind in (Ticket, Plain))
    assert (field.confidence, field.high) == (plain.confidence, plain.high)
    assert field.low < plain.low  # nothing says that the unlisted tokens are allowed


def test_false_and_none_are_as_if_nothing_was_said():
    class Off(BaseModel):
        team: Annotated[Team, fc.FieldConfig(may_not_fit=False)]

    listed = {"billing": 0.5, "sales": 0.125, "legal": 0.375}
    assert (
        field_of(Off, "billing", **listed).confidence
        == field_of(Plain, "billing", **listed).confidence
    )


def test_a_member_written_outside_of_the_list_has_bounds_too():
    top = log({'"sales"': 0.4, '"legal"': 0.4})
    said = token('"billing"', 0.0, top)._replace(logprob=None, note="was not listed")
    answer = completion(token('{"team":', 0.0), said, token("}", 0.0))
    field, plain = (
        score_completion(answer, compile_schema(kind))["/team"] for kind in (Ticket, Plain)
    )
    assert field.confidence is None
    assert 0 <= field.low <= plain.low
    assert field.high == pytest.approx(plain.high * 0.6)


def test_objects_around_take_it_over():
    top = log({'"billing"': 0.5, '"sales"': 0.125, '"legal"': 0.375})
    answer = completion(token('{"team":', 0.0), token('"billing"', top[0][1], top), token("}", 0.0))
    assert score_completion(answer, compile_schema(Ticket)).confidence == pytest.approx(0.5)


@pytest.mark.parametrize(
    "kind",
    [
        Annotated[bool, OPEN], Annotated[Team | None, OPEN], Annotated[Literal["a"], OPEN],
        {"type": "integer", "minimum": 1, "maximum": 5, "x-fieldconf": {"may_not_fit": True}},
        Annotated[Team, fc.FieldConfig(may_not_fit=True, basis="distribution")],
    ],
)  # fmt: skip
def test_where_it_applies(kind):
    compile_schema(kind)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Annotated[str, OPEN], "needs a small set of allowed values"),
        (Annotated[float, OPEN], "needs a small set of allowed values"),
        (Annotated[list[Team], OPEN], "needs a small set of allowed values"),
        (Annotated[Ticket, OPEN], "needs a small set of allowed values"),
        (
            Annotated[Team, fc.FieldConfig(may_not_fit=True, basis="joint")],
            "changes the basis 'distribution', and this field has 'joint'",
        ),
        ({"enum": ["a"], "x-fieldconf": {"may_not_fit": 1}}, "may_not_fit 1 is no boolean"),
    ],
)
def test_where_it_does_not(kind, message):
    with pytest.raises(fc.SchemaError, match=message):
        compile_schema(kind)


def test_it_is_a_setting_of_the_numbers():
    """A calibration of the scores without it is of no use with it; a limit changes no score."""
    limit = Annotated[Team, fc.FieldConfig(accept=0.9)]
    digests = [compile_schema(kind).digest for kind in (Team, limit, Annotated[Team, OPEN])]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("kind", [Ticket, Annotated[bool, fc.FieldConfig(accept=0.9)]])
def test_a_saved_report_has_the_setting(kind):
    text = "true" if kind is not Ticket else '{"team":"sales"}'
    report = score_completion(completion(text), compile_schema(kind))
    assert fc.Report.from_json(report.to_json(), kind).to_dict() == report.to_dict()

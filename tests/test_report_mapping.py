"""A report is a mapping from names to fields; what it gives by pointer takes the same names."""

import copy
import pickle
from collections.abc import Mapping

import pytest
from pydantic import BaseModel, Field

import fieldconf as fc


class Item(BaseModel):
    price: float


class Order(BaseModel):
    customer_name: str = Field(alias="customerName")
    items: list[Item]
    is_urgent: bool


TEXT = '{"customerName": "Ann", "items": [{"price": 3.5}, {"price": 4}], "is_urgent": true}'
CUSTOMER = ("/customerName", "customerName", "customer_name", ("customerName",))
PRICE = (
    "/items/1/price",
    "items/1/price",
    "items[1].price",
    ("items", 1, "price"),
    "items[-1].price",
)


def scored(text=TEXT, logprob=-0.1, schema=Order):
    tokens = [{"token": text, "logprob": logprob}]
    return fc.score(
        {"choices": [{"message": {"content": text}, "logprobs": {"content": tokens}}]}, schema
    )


REPORT = scored()


def test_it_is_a_mapping_of_its_fields():
    assert isinstance(REPORT, Mapping)
    assert list(REPORT) == list(REPORT.fields)
    assert dict(REPORT) == REPORT.fields
    assert len(REPORT) == len(REPORT.fields)
    assert list(REPORT.items()) == list(REPORT.fields.items())
    assert list(REPORT.values()) == list(REPORT.fields.values())


@pytest.mark.parametrize(("names", "value"), [(CUSTOMER, "Ann"), (PRICE, 4)])
def test_a_field_has_many_names(names, value):
    for name in names:
        assert name in REPORT, name
        assert REPORT[name].value == value, name
        assert REPORT.get(name) is REPORT[name], name
        for mapping in (REPORT.leaves, REPORT.verdicts):
            assert name in mapping, name
            assert mapping[name] is mapping.get(name), name
    assert all(
        name in {**REPORT.accepted, **REPORT.to_review, **REPORT.rejected} for name in names[:1]
    )


def test_the_whole_and_one_step():
    assert REPORT[""].value == REPORT.data
    assert REPORT["items"].kind == "array"
    assert scored("[1, 2]", schema=None)[-1].value == 2
    assert 2 not in scored("[1, 2]", schema=None)


@pytest.mark.parametrize("name", ["price", "/items/2/price", "items[2].price", "", 7, ("a", 1)])
def test_a_name_that_means_no_field(name):
    report = REPORT if name else fc.Report(status="refused")  # "" names the root of any answer
    assert name not in report
    assert report.get(name) is None
    with pytest.raises(KeyError, match="no field"):
        report[name]


def test_the_error_names_near_fields():
    with pytest.raises(KeyError, match=r"did you mean '/customerName'\? It has '', '/cust"):
        REPORT["custmerName"]
    with pytest.raises(KeyError, match=r"did you mean '/items/\d/price'"):
        REPORT["items[2].price"]
    with pytest.raises(KeyError, match="did you mean '/is_urgent'"):
        REPORT.verdicts["is_urgnt"]


def test_a_field_that_is_not_among_the_accepted():
    unsure = scored(logprob=-3.0)
    assert not unsure.accepted
    assert "is_urgent" not in unsure.accepted
    with pytest.raises(KeyError, match="is not among these"):
        unsure.accepted["is_urgent"]


def test_a_report_without_fields_is_a_report():
    assert fc.Report(status="refused")
    assert len(fc.Report(status="refused")) == 0


# -- the outcome of a field -----------------------------------------------------------------------


def outcomes(report):
    return {name: field.outcome for name, field in report.items() if field.outcome is not None}


@pytest.mark.parametrize("logprob", [-0.01, -0.4, -3.0])
def test_a_field_has_the_outcome_of_its_verdict(logprob):
    report = scored(logprob=logprob)
    assert outcomes(report) == {name: v.outcome for name, v in report.verdicts.items()}
    assert report[""].outcome is None  # it is judged by its fields


def test_each_report_judges_its_own_fields():
    strict, usual = REPORT.with_policy(fc.Policy(0.99)), REPORT.with_policy(fc.Policy(0.5, 0.1))
    for report in (strict, usual, REPORT):
        assert outcomes(report) == {name: v.outcome for name, v in report.verdicts.items()}
    assert {*outcomes(strict).values()} == {"review"}
    assert {*outcomes(usual).values()} == {"accept"}


def test_what_is_pickled_and_copied_keeps_its_outcomes():
    strict = REPORT.with_policy(fc.Policy(0.99))
    for again in (pickle.loads(pickle.dumps(strict)), copy.copy(strict), copy.deepcopy(strict)):
        assert outcomes(again) == outcomes(strict)
    alone = pickle.loads(pickle.dumps(strict["is_urgent"]))
    assert alone.outcome == "review"


def test_a_field_of_no_report_has_no_outcome():
    assert fc.Field((), True, "boolean").outcome is None

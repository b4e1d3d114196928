"""Policies: every reason by itself, which limits apply, files, what is wrong, and where it goes."""

import asyncio
import json
import pickle
from copy import deepcopy
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Annotated, Literal

import pytest
from builders import completion, report_of, response, token
from pydantic import BaseModel, Field, field_validator, model_validator

import fieldconf as fc
from fieldconf.errors import PolicyError
from fieldconf.fields.readings import Reading
from fieldconf.policy import Limits, Policy, worst
from fieldconf.policy.reasons import RULES
from fieldconf.report import Report
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient, Fault
from fieldconf.tokens.token import Completion, Decision

SURE = -0.001


def sure(*pieces):
    return [token(piece, SURE) if isinstance(piece, str) else piece for piece in pieces]


def picked(piece, **shares):
    """A token with its probability, and those of its rivals."""
    return picks(piece, {piece: shares.pop("p"), **shares})


def picks(piece, shares):
    return token(piece, log(shares[piece]), [(text, log(p)) for text, p in shares.items()])


def said(value, schema=None, **more):
    """The report of what a made-up model says, asked by a client."""
    answer = value if isinstance(value, Answer) else Answer(value, **more)
    return fc.extract(schema or type(answer.value), "x", client=FakeClient(answer), model="m")


def alone(report, where, name, outcome):
    """This is the only reason in the whole report, and the report's outcome follows it."""
    found = {at: [(one.name, one.outcome) for one in verdict.reasons]
             for at, verdict in report.verdicts.items() if verdict.reasons}  # fmt: skip
    assert found == {where: [(name, outcome)]}
    assert report.verdicts[where].outcome == report.outcome == outcome
    return report.verdicts[where].reasons[0].sentence


# -- each reason by itself ----------------------------------------------------------------------


class Ticket(BaseModel):
    urgent: bool
    team: Literal["billing", "sales"]


TICKET = {"urgent": True, "team": "billing"}


@pytest.mark.parametrize(
    ("confidence", "outcome", "sentence"),
    [
        (0.7, "review", "confidence 0.700 is below 0.9"),
        (0.3, "reject", "confidence 0.300 is below 0.5"),
        (0.89999, "review", "confidence 0.899990 is below 0.9"),  # not "0.900 is below 0.9"
    ],
)
def test_below_threshold(confidence, outcome, sentence):
    report = said(TICKET, Ticket, confidences={"team": confidence})
    assert alone(report, "/team", "below_threshold", outcome) == sentence
    assert list(report.accepted) == ["/urgent"]


@pytest.mark.parametrize("text", ['{"team":"sales"}', '{"team":"sales","n":1}'])
def test_not_aligned_without_logprobs(text):
    body = response([], content=text)
    body["choices"][0]["logprobs"] = None
    report = fc.score(body)
    assert report.status == "no_logprobs"
    assert {one.name for v in report.verdicts.values() for one in v.reasons} == {"not_aligned"}
    assert report.outcome == "reject"
    assert report.rejected.keys() == report.leaves.keys()


def test_not_aligned_where_the_tokens_spell_another_text():
    report = score_completion(completion(*sure("12"), content='"ab"'), compile_schema(str))
    assert report.status == "unaligned"
    alone(report, "", "not_aligned", "reject")


def test_not_aligned_where_a_token_has_no_logprob():
    report = report_of(*sure('{"a":', token("true", None), ',"b":', "true", "}"))
    sentence = alone(report, "/a", "not_aligned", "reject")
    assert sentence == report["a"].reason


def test_unknown():
    """A decision API answers a question without probabilities: there were never any tokens."""
    decisions = (Decision("team", "a", (("a", 0.95), ("b", 0.05))),
                 Decision("note", None, (), "it is free text"))  # fmt: skip
    report = score_completion(Completion(None, None, decisions=decisions), compile_schema(None))
    assert alone(report, "/note", "unknown", "reject") == "it is free text"


@pytest.mark.parametrize("limits", [Limits(0, 0), Limits(1, 0)])
def test_what_is_not_known_is_never_accepted(limits):
    """Where everything may be reviewed, it is reviewed; it might be the lowest confidence."""
    report = report_of(*sure(token("true", None)))
    report = report.with_policy(Policy(fields={"": limits}))
    alone(report, "", "not_aligned", "review")


def test_truncated():
    report = fc.score(response([{"token": text, "bytes": [*text.encode()], "logprob": SURE}
                                for text in ('{"a":', "true", ',"b":', '"x')],
                               finish_reason="length"))  # fmt: skip
    named = {at: [one.name for one in v.reasons] for at, v in report.verdicts.items()}
    assert named == {"": ["truncated"], "/a": [], "/b": ["truncated"]}
    assert (report.outcome, list(report.accepted)) == ("reject", ["/a"])
    alone(report_of(*sure('"x')), "", "truncated", "reject")


class Checked(BaseModel):
    team: str
    count: int = 0

    @field_validator("team")
    @classmethod
    def _known(cls, team):
        if team == "nobody":
            raise ValueError("there is no such team")
        return team

    @model_validator(mode="after")
    def _counted(self):
        if self.count == 13:
            raise ValueError("not thirteen")
        return self


class Order(BaseModel):
    customer: Checked


@pytest.mark.parametrize(
    ("schema", "value", "where", "words"),
    [
        (Checked, {"team": "nobody", "count": 1}, "/team", "there is no such team"),
        (Checked, {"team": "sales", "count": 13}, "", "not thirteen"),
        (Order, {"customer": {"count": 1}}, "/customer", "/customer/team: Field required"),
        ({"type": "array", "uniqueItems": True}, [1, 1], "", "non-unique"),
    ],
)
def test_invalid(schema, value, where, words):
    report = report_of(*sure(json.dumps(value)), schema=schema)
    assert report.status == "complete"
    assert words in alone(report, where, "invalid", "reject")


@pytest.mark.parametrize(
    ("text", "schema", "outcome"),
    [
        ('{"a":true}\n{"a":false}', {"type": "object"}, "review"),
        ('[{"a":true}]', {"type": "object"}, "reject"),
        ('{"a":true}', {"type": "array"}, "reject"),
    ],
)
def test_other_json(text, schema, outcome):
    """Every field has this reason, and the lowest limits accept none of them."""
    report = report_of(*sure(*text), schema=schema).with_policy(Policy(0, 0))
    leaf = next(iter(report.leaves))
    assert "other_json" in [one.name for one in report.verdicts[leaf].reasons]
    assert (report.outcome, report.accepted) == (outcome, {})


TEAM = {"properties": {"team": {"enum": ["billing", "sales"]}}}


def test_off_schema():
    """The member is certain among the members, but the model wanted to say something else."""
    team = picks('"sales"', {'"sales"': 0.39, '"none of these"': 0.6})
    report = report_of(*sure('{"team":', team, "}"), schema=TEAM)
    assert report["team"].confidence > 0.9
    sentence = alone(report, "/team", "off_schema", "review")
    assert "0.600 of the mass is outside of the schema" in sentence
    assert report.with_policy(Policy(off_schema=0.7)).outcome == "accept"


def test_off_schema_of_an_open_value():
    schema = {"properties": {"n": {"type": "integer"}}}
    number = picks("7", {"7": 0.05, '"a': 0.94})
    report = report_of(*sure('{"n":', number, "}"), schema=schema)
    assert report["n"].flags == ("against_schema",)
    sentence = alone(report, "/n", "off_schema", "review")
    assert sentence == '0.940 of the mass is outside of the schema: `"a`'


WORDS = " the customer says that nobody called back for weeks now and he will write again"
NOTE = {"properties": {"note": {"type": ["string", "null"]}}, "required": ["note"]}


def test_null_undecided_where_a_text_is_written():
    """A long text's confidence is per token, times the probability that it is not null."""
    quote = picks('"', {'"': 0.7, "null": 0.3})
    report = report_of(*sure('{"note":', quote, *WORDS.split(), '"', "}"), schema=NOTE)
    assert report["note"].basis == "joint"  # words without spaces
    words = [f" {word}" for word in WORDS.split()]
    report = report_of(*sure('{"note":', quote, *words, '"', "}"), schema=NOTE)
    assert report["note"].basis == "geometric_mean"
    assert 0.6 < report["note"].confidence < 0.7
    report = report.with_policy(Policy(accept=0.6))
    sentence = alone(report, "/note", "null_undecided", "review")
    assert sentence == "null against a value is undecided: null 0.300"
    assert report.with_policy(Policy(accept=0.6, null=0.31)).outcome == "accept"


@pytest.mark.parametrize(
    ("kind", "written", "rival"),
    [
        ({"type": ["boolean", "null"]}, "true", "null"),
        ({"type": ["boolean", "null"]}, "null", "true"),
        ({"type": ["string", "null"]}, "null", '"a'),
        ({"type": ["object", "null"], "properties": {}}, "{}", "null"),
    ],
)
def test_null_undecided_of_other_kinds(kind, written, rival):
    schema = {"properties": {"a": kind}, "required": ["a"]}
    decided = picks(written, {written: 0.8, rival: 0.2})
    report = report_of(*sure('{"a":', decided, "}"), schema=schema)
    report = report.with_policy(Policy(0.7))
    assert "null against a value" in alone(report, "/a", "null_undecided", "review")


OPTIONAL = {
    "properties": {"a": {"type": "boolean"}, "note": {"type": "boolean"}},
    "required": ["a"],
}


def test_null_undecided_of_a_key_that_was_left_out():
    """It is the object's reason: the key has no field."""
    end = picks("}", {"}": 0.7, ',"note"': 0.3})
    report = report_of(*sure('{"a":', "true", end), schema=OPTIONAL)
    assert "'note' was left out, but is written with 0.3" in alone(
        report, "", "null_undecided", "review"
    )
    assert list(report.to_review) == [""]
    assert list(report.accepted) == ["/a"]


def test_null_undecided_of_a_key_that_was_written():
    comma = picks(',"', {',"': 0.7, "}": 0.3})
    report = report_of(*sure('{"a":', "true", comma, 'note":', "true", "}"), schema=OPTIONAL)
    sentence = alone(report, "/note", "null_undecided", "review")
    assert sentence == "whether it is there is undecided: written with 0.700"


def test_may_miss_item():
    listed = {"type": "array", "items": {"type": "integer"}}
    end = picks("]", {"]": 0.85, ",": 0.15})
    report = report_of(*sure("[", "1", end), schema=listed).with_policy(Policy(0.8))
    sentence = alone(report, "", "may_miss_item", "review")
    assert sentence == "the list may miss an item: it goes on with 0.150"
    assert report.with_policy(Policy(0.8, missing_item=0.2)).outcome == "accept"
    early = picks(",", {",": 0.85, "]": 0.15})  # this list may have one too many
    report = report_of(*sure("[", "1", early, "2", "]"), schema=listed)
    assert report.with_policy(Policy(0.8)).outcome == "accept"


@pytest.mark.parametrize("outcome", ["review", "reject"])
def test_not_in_source(outcome):
    client = FakeClient({"team": "Billing", "who": "Ada"})
    schema = {"properties": {"team": {"type": "string"}, "who": {"type": "string"}}}
    report = fc.extract(schema, "Ada writes.", client=client, model="m", locate=True)
    assert report["team"].source_spans == ()
    assert report.outcome == "accept"  # a summary is no quote
    alone(report.with_policy(Policy(absent=outcome)), "/team", "not_in_source", outcome)


@pytest.mark.parametrize("outcome", ["review", "reject"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Ada, aged 41.", "it is null, but the text has what it could be: '41'"),
        ("Her age is secret.", "it is null, but the text mentions it: 'age'"),
    ],
)
def test_missed_in_source(outcome, text, sentence):
    schema = {"properties": {"age": {"type": ["integer", "null"]}}, "required": ["age"]}
    report = fc.extract(schema, text, client=FakeClient({"age": None}), model="m", locate=True)
    assert report.outcome == "accept"
    judged = report.with_policy(Policy(missed=outcome))
    assert alone(judged, "/age", "missed_in_source", outcome) == sentence


def test_a_name_in_the_source_alone_is_no_missed_value():
    schema = {"properties": {"boss": {"type": ["string", "null"]}}, "required": ["boss"]}
    client = FakeClient({"boss": None})
    report = fc.extract(schema, "It was Ada Byron.", client=client, model="m", locate=True)
    assert [candidate.kind for candidate in report["boss"].source_candidates] == ["name"]
    assert report.with_policy(Policy(missed="reject")).outcome == "accept"


def with_readings(report, *readings):
    fields = report.fields | {"/team": replace(report["team"], readings=readings)}
    return replace(report, fields=fields)


@pytest.mark.parametrize("how", ["verification", "reask"])
def test_readings_disagree(how):
    report = said(TICKET, Ticket)
    no, yes = (Reading(how, False, 0.1, model="big", agrees=agrees) for agrees in (False, True))
    doubted = with_readings(report, Reading("answer", "billing", 0.99, agrees=True), no)
    assert "a second reading of big" in alone(doubted, "/team", "readings_disagree", "review")
    assert doubted.with_policy(Policy(disagree=None)).outcome == "accept"
    assert doubted.with_policy(Policy(disagree="reject")).outcome == "reject"
    for calm in ((no, yes), (Reading("answer", "sales", agrees=False), yes)):  # the last one counts
        assert with_readings(report, *calm).outcome == "accept"
    assert with_readings(report, replace(no, how="sample")).outcome == "accept"


def test_not_covered():
    report = said(TICKET, Ticket)
    rows = [{"document": n, "field": "/team", "confidence": 0.5, "right": True} for n in range(50)]
    ours, theirs = (Policy.guaranteed(rows, scope={"model": name}) for name in (report.model, "x"))
    assert report.with_policy(ours).verdicts["/team"].outcome == "accept"
    (reason,) = replace(report, policy=theirs).verdicts["/team"].reasons
    assert (reason.name, reason.outcome) == ("not_covered", "review")
    with pytest.raises(fc.CalibrationError, match="certified for model 'x', not") as caught:
        report.with_policy(theirs)
    assert (caught.value.expected, caught.value.actual) == ({"model": "x"}, {"model": report.model})
    assert report.with_policy(theirs, force=True).verdicts["/team"].outcome == "accept"


def test_every_reason_has_a_test_above():
    text = Path(__file__).read_text()
    assert all(f"def test_{name}" in text for name in RULES)


# -- the whole answer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "status"), [('{"a": true', "truncated"), ('{"a": true, x}', "malformed")]
)
def test_an_answer_that_is_not_whole_is_rejected_though_a_field_is_accepted(text, status):
    report = report_of(*sure(text[:10], text[10:] or token("", SURE)))
    assert (report.status, report.outcome) == (status, "reject")
    assert list(report.accepted) == ["/a"]


def test_an_answer_without_fields_is_rejected():
    assert said(Answer(refusal="No."), Ticket).outcome == "reject"
    assert Report(status="complete").outcome == "reject"


def test_objects_count_by_their_fields():
    report = report_of(*sure('{"a":{"b":', "true", '},"c":[', "1", "]}"))
    assert list(report.verdicts) == ["/a/b", "/c", "/c/0"]
    assert report.outcome == "accept"
    assert list(report_of(*sure('{"a":{}}')).verdicts) == ["/a"]


def test_saturated_reports_are_judged_by_their_numbers():
    report = report_of(*[token(piece, -1e-6) for piece in ["[", *["1", ","] * 11, "1", "]"]])
    assert report.flags == ("saturated",)
    assert report.outcome == "accept"


def test_the_worst_of_none_is_accept():
    assert worst([]) == "accept"
    assert worst(["review", "accept"]) == "review"
    assert worst(["review", "reject", "accept"]) == "reject"


# -- which limits apply --------------------------------------------------------------------------


class Item(BaseModel):
    name: str
    price: Annotated[float, fc.FieldConfig(accept=0.8, review=0.6)]
    unit: Annotated[str, fc.FieldConfig(accept=0.4)] = "piece"
    note: Annotated[str, fc.FieldConfig(review=0.95)] = ""


class Basket(BaseModel):
    shop: Literal["a", "b"] = Field(alias="theShop")
    items: list[Item]
    paid: bool = True


BASKET = {
    "theShop": "a",
    "items": [{"name": "pen", "price": 1.5, "unit": "box", "note": "x"}],
    "paid": True,
}


def limits_at(policy, where, report=None):
    found = (report or said(BASKET, Basket)).with_policy(policy).verdicts
    return (found[where].limits.accept, found[where].limits.review)


def test_the_usual_bands_are_trust_warn_and_ask_again():
    assert limits_at(Policy(), "/paid") == (0.9, 0.5)
    assert [Limits().outcome(p) for p in (1.0, 0.9, 0.89, 0.5, 0.49, 0.0)] == [
        "accept", "accept", "review", "review", "reject", "reject",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "where", "expected"),
    [
        (Policy(0.7), "/paid", (0.7, 0.5)),
        (Policy(0.3), "/paid", (0.3, 0.3)),
        (Policy(kinds={"boolean": 0.6}), "/paid", (0.6, 0.5)),
        (Policy(kinds={"boolean": (0.6, 0.2)}), "/paid", (0.6, 0.2)),
        (Policy(kinds={"string": 0.6}), "/theShop", (0.6, 0.5)),
        (Policy(kinds={"string": 0.6, "enum": 0.7}), "/theShop", (0.7, 0.5)),
        (Policy(kinds={"string": 0.6, "enum": 0.7}), "/items/0/name", (0.6, 0.5)),
        (Policy(kinds={"list": 0.6}), "/items", (0.6, 0.5)),
        (Policy(kinds={"array": 0.6}), "/items", (0.6, 0.5)),
        # the model's own settings, one by one, above what is for the kind
        (Policy(), "/items/0/price", (0.8, 0.6)),
        (Policy(0.99, kinds={"number": 0.7}), "/items/0/price", (0.8, 0.6)),
        (Policy(kinds={"string": (0.6, 0.2)}), "/items/0/unit", (0.4, 0.2)),
        (Policy(), "/items/0/unit", (0.4, 0.4)),
        (Policy(), "/items/0/note", (0.95, 0.95)),
        (Policy(0.99), "/items/0/note", (0.99, 0.95)),
        # what names fields stands above the model
        (Policy(fields={"/**": 0.7}), "/items/0/price", (0.7, 0.5)),
        (Policy(fields={"/**": 0.7, "/items/**": 0.6}), "/items/0/price", (0.6, 0.5)),
        (Policy(fields={"/items/**": 0.6, "/items/*/price": 0.8}), "/items/0/price", (0.8, 0.5)),
        (Policy(fields={"/items/*/*": 0.6, "/items/*/price": 0.8}), "/items/0/price", (0.8, 0.5)),
        (Policy(fields={"/items/*/name": 0.6, "/items/0/name": 0.8}), "/items/0/name", (0.8, 0.5)),
        (Policy(fields={"/items/0/*": 0.6, "/items/*/price": 0.7}), "/items/0/price", (0.7, 0.5)),
        (Policy(fields={"items[0].price": 0.8}), "/items/0/price", (0.8, 0.5)),
        (Policy(fields={"items[*].price": (0.8, 0.7)}), "/items/0/price", (0.8, 0.7)),
        (Policy(fields={"items.*.price": 0.8}), "/items/0/price", (0.8, 0.5)),
        (Policy(fields={"shop": 0.8}), "/theShop", (0.8, 0.5)),  # an alias is undone
        (Policy(fields={"shop": (0.8, 0.3), "/theShop": (0.7, 0.6)}), "/theShop", (0.8, 0.6)),
    ],
)  # fmt: skip
def test_the_most_specific_band_counts(policy, where, expected):
    assert limits_at(policy, where) == expected


def test_long_texts_have_a_kind_of_their_own():
    report = report_of(*sure('"', *[f" {word}" for word in WORDS.split()], '"'), schema=str)
    assert limits_at(Policy(kinds={"string": 0.6, "text": 0.7}), "", report) == (0.7, 0.5)


def test_the_order_of_a_mapping_says_nothing():
    one, two = {"/items/*/name": 0.6, "/*/0/name": 0.7}, {"/*/0/name": 0.7, "/items/*/name": 0.6}
    for fields in (one, two):
        assert limits_at(Policy(fields=fields), "/items/0/name") == (0.7, 0.5)
    assert Policy(fields=one) == Policy(fields=two)
    assert hash(Policy(fields=one)) == hash(Policy(fields=two))


# -- names that mean nothing --------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["/theShop", "shop", "/items", "/items/*/price", "/items/3/price", "items[3].price", "/**",
     "/items/**", "/**/price", "items", "/*", "paid", "/items/*"],
)  # fmt: skip
def test_names_of_fields_are_found(name):
    if name == "/items/*":
        with pytest.raises(PolicyError, match="is an object"):
            Policy(fields={name: 0.8}).check(Basket)
    else:
        assert Policy(fields={name: 0.8}).check(Basket)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("/shop", "Did you mean '/theShop'?"),
        ("/items/*/prise", "Did you mean '/items/*/price'?"),
        ("itmes", "Did you mean '/items'?"),
        ("/paid/*", "Did you mean '/paid'?"),
        ("items[0].price.x", "Did you mean '/items/*/price'?"),
        ("", "Give '/**' for all of its fields"),
    ],
)
def test_a_name_that_means_no_field_is_an_error_everywhere(name, remedy):
    policy = {"fields": {name: 0.8}}
    client = FakeClient(BASKET)
    for wrong in (
        lambda: Policy.from_dict(policy).check(Basket),
        lambda: said(BASKET, Basket).with_policy(policy),
        lambda: fc.score(response([]), Basket, policy=policy),
        lambda: fc.score_all(response([]), Basket, policy=policy),
        lambda: fc.extract(Basket, "x", client=client, model="m", policy=policy),
        lambda: fc.stream(Basket, "x", client=client, model="m", policy=policy),
    ):
        with pytest.raises(PolicyError) as caught:
            wrong()
        assert caught.value.remedy == remedy
    assert client.requests == []


class Tree(BaseModel):
    name: str
    children: list["Tree"] = []
    labels: dict[str, bool] = {}
    pair: tuple[int, str] = (0, "")


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    pets: list[Cat | Dog] = []


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        (Tree, ["/children/*/children/0/name", "/**/name", "/labels/any", "/labels/*", "/pair/1",
                "children[*].children[0].name"],
         ["/labels/any/more", "/pair/2", "/children/name", "/labels"]),
        (Owner, ["/pet/lives", "/pet/name", "pet.name", "/pets/*/kind"],
         ["/pet/age", "/pet", "/**/nama"]),
        ({"type": "object"}, ["/whatever/*/it/is", "/a/0"], []),
        ({}, ["/whatever"], []),
        (bool, [""], ["/a", "/*"]),
        ({"type": "array", "items": {"type": "string"}}, ["/*", "/3"], ["/a"]),
    ],
)  # fmt: skip
def test_a_schema_has_these_names_and_not_those(schema, right, wrong):
    for name in right:
        assert Policy(fields={name: 0.8}).check(schema)
    for name in wrong:
        with pytest.raises(PolicyError):
            Policy(fields={name: 0.8}).check(schema)


# -- what is wrong by itself, and files ---------------------------------------------------------


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"accept": 1.1}, "accept 1.1 is no number from 0 to 1"),
        ({"accept": True}, "accept True is no number"),
        ({"accept": "0.9"}, "accept '0.9' is no number"),
        ({"accept": float("nan")}, "is no number from 0 to 1"),
        ({"review": -0.1}, "review -0.1 is no number"),
        ({"accept": 0.5, "review": 0.6}, "review 0.6 is above accept 0.5"),
        ({"null": 2}, "null 2 is no number"),
        ({"missing_item": None}, "missing_item None is no number"),
        ({"off_schema": []}, "off_schema [] is no number"),
        ({"absent": "regect"}, "absent 'regect' is no outcome. Did you mean 'reject'?"),
        ({"disagree": 1}, "disagree 1 is no outcome. Known are 'accept', 'review', 'reject'"),
        ({"acept": 0.9}, "unknown name 'acept'. Did you mean 'accept'?"),
        ({"kinds": {"strng": 0.9}}, "unknown kind 'strng'. Did you mean 'string'?"),
        ({"kinds": 0.9}, "kinds 0.9 does not map names to numbers"),
        ({"fields": [["/a", 0.9]]}, "does not map names to numbers"),
        ({"fields": {1: 0.9}}, "does not map names to numbers"),
        ({"fields": {"/a": [0.5, 0.6]}}, "review 0.6 is above accept 0.5 (at fields, '/a')"),
        ({"fields": {"/a": [0.9, 0.6, 0.3]}}, "is no number from 0 to 1 (at fields, '/a')"),
        ({"fields": {"/a": {"acept": 0.9}}}, "unknown name 'acept' (at fields, '/a')"),
        ({"fields": {"/a": {"accept": 2}}}, "accept 2 is no number from 0 to 1 (at fields, '/a')"),
        ({"fields": {"a[-1]": 0.9}}, "or a negative index"),
        ({"fields": {"a.**": 0.9}}, "contains '**'"),
        ({"fields": {"a[": 0.9}}, "is no path of attributes"),
        ("policy.yaml", "policy.yaml is no policy file. Give a .toml or a .json file"),
        (["accept"], "is no policy"),
    ],
)
def test_what_cannot_be_is_an_error(plain, words):
    with pytest.raises(PolicyError) as caught:
        Policy.of(plain)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_bands_are_checked():
    with pytest.raises(PolicyError):
        Limits(0.5, 0.6)
    with pytest.raises(PolicyError):
        Limits(1.5)


TOML = """
accept = 0.8
null = 0.2
absent = "review"

[fields]
"/total" = 0.95
"/items/*/price" = [0.95, 0.7]
"note" = {review = 0.2}

[kinds]
enum = 0.99
"""
READ = Policy(
    0.8, null=0.2, absent="review", kinds={"enum": 0.99},
    fields={"/total": 0.95, "/items/*/price": (0.95, 0.7), "note": Limits(0.9, 0.2)},
)  # fmt: skip


def test_a_policy_comes_from_a_file(tmp_path):
    toml, plain = tmp_path / "policy.toml", tmp_path / "policy.json"
    toml.write_text(TOML)
    plain.write_text(json.dumps(READ.to_dict()))
    for given in (toml, str(toml), plain, READ, READ.to_dict()):
        assert Policy.of(given) == READ
    assert Policy.of(None) == Policy.of({}) == Policy()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("no.toml", None, "cannot read the policy"),
        ("p.toml", b"accept = ", "cannot read the policy"),
        ("p.toml", b"\xff", "cannot read the policy"),
        ("p.json", b"{", "cannot read the policy"),
        ("p.json", b"[" * 100_000, "cannot read the policy"),
        ("p.json", b"[1]", "p.json: [1] is no policy"),
        ("p.toml", b"acept = 1", "p.toml: unknown name 'acept'. Did you mean 'accept'?"),
    ],
)
def test_a_file_that_is_no_policy(tmp_path, name, content, words):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PolicyError) as caught:
        Policy.read(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


# -- where it goes ------------------------------------------------------------------------------

STRICT = Policy(0.999)


def test_every_face_takes_a_policy():
    client = lambda: FakeClient(TICKET, TICKET)  # noqa: E731
    asked = {"client": client(), "model": "m", "policy": {"accept": 0.999}}
    assert fc.extract(Ticket, "x", **asked).policy == STRICT
    with fc.stream(Ticket, "x", **asked) as stream:
        assert stream.report.policy == STRICT
    assert stream.report.outcome == "review"
    body = response([{"token": "true", "bytes": [*b"true"], "logprob": -0.01}])
    assert fc.score(body, bool, policy=STRICT).outcome == "review"
    assert [one.outcome for one in fc.score_all(body, bool, policy=STRICT)] == ["review"]
    assert fc.classify(body, ["true", "false"], policy=STRICT).policy == STRICT
    assert fc.score(body, bool).outcome == "accept"


def test_the_asynchronous_faces_take_a_policy():
    async def asked():
        client = AsyncFakeClient(TICKET, TICKET)
        report = await fc.aextract(Ticket, "x", client=client, model="m", policy=STRICT)
        async with fc.astream(Ticket, "x", client=client, model="m", policy=STRICT) as stream:
            return report, await stream.finish()

    assert [report.policy for report in asyncio.run(asked())] == [STRICT, STRICT]


def test_the_report_of_an_answer_that_broke_off_has_it():
    client = FakeClient(Answer(TICKET, fault=Fault("reset", 5)))
    with pytest.raises(fc.RequestError) as caught:
        list(fc.stream(Ticket, "x", client=client, model="m", policy=STRICT))
    assert caught.value.report.policy == STRICT
    assert caught.value.report.outcome == "reject"


def test_a_model_keeps_its_policy(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text("accept = 0.999\n")

    @fc.confident(client=FakeClient(TICKET, TICKET), model="m", policy=path)
    class Kept(Ticket):
        pass

    path.unlink()  # it was read once
    body = response([{"token": (text := json.dumps(TICKET)), "bytes": [*text.encode()],
                      "logprob": -0.01}])  # fmt: skip
    assert Kept.extract("x").policy == STRICT
    assert Kept.extract("x", policy={"accept": 0.5}).policy == Policy(0.5)
    assert Kept.score(body).policy == STRICT
    assert Kept.score(body, policy=Policy()).policy == Policy()
    with pytest.raises(PolicyError):
        fc.confident(policy={"acept": 1})


# -- reports that are saved ---------------------------------------------------------------------

SAVED = Policy(0.95, fields={"shop": (0.995, 0.9), "/items/*/name": 0.8}, kinds={"enum": 0.7})


def outcomes(report):
    verdicts = report.verdicts.items()
    return report.outcome, {at: (v.outcome, v.reasons, v.limits) for at, v in verdicts}


@pytest.mark.parametrize("schema", [None, Basket])
def test_outcomes_are_saved_and_read_back(schema):
    """Without the schema, too: aliases are undone, and the model's settings are saved beside."""
    report = said(BASKET, Basket).with_policy(SAVED)
    plain = json.loads(report.to_json())
    assert plain["outcome"] == report.outcome == "review"
    assert plain["fields"]["/theShop"]["outcome"] == "review"
    assert plain["fields"]["/theShop"]["reasons"] == [
        {"name": "below_threshold", "outcome": "review",
         "sentence": "confidence 0.990 is below 0.995"}
    ]  # fmt: skip
    assert plain["fields"]["/items/0/price"]["conf"] == {"accept": 0.8, "review": 0.6}
    assert plain["fields"][""]["outcome"] is None
    again = Report.from_dict(plain, schema)
    assert outcomes(again) == outcomes(report)
    assert again.to_dict() == report.to_dict()


def test_a_report_saved_without_outcomes_is_read():
    plain = said(TICKET, Ticket).to_dict()
    for name in ("outcome", "policy"):
        del plain[name]
    for field in plain["fields"].values():
        del field["outcome"], field["reasons"]
    assert outcomes(Report.from_dict(plain)) == outcomes(said(TICKET, Ticket))


@pytest.mark.parametrize("wrong", [{"acept": 1}, {"accept": 3}, {"fields": {"/a": "x"}}])
def test_a_report_with_a_wrong_policy_is_no_report(wrong):
    plain = said(TICKET, Ticket).to_dict()
    with pytest.raises(fc.PayloadError, match="not a saved report"):
        Report.from_dict(plain | {"policy": wrong})


def test_pickles_and_copies_keep_the_policy():
    report = said(BASKET, Basket).with_policy(SAVED)
    for again in (pickle.loads(pickle.dumps(report)), deepcopy(report)):
        assert again.policy == SAVED
        assert outcomes(again) == outcomes(report)


def test_another_policy_is_no_other_answer():
    report = said(TICKET, Ticket)
    assert report.with_policy(STRICT) == report
    assert report.with_policy(STRICT).outcome != report.outcome
    assert report.policy == Policy()

"""What a schema does to scores: narrowed unions, null for what was left out, settings, errors."""

import copy
import pickle
from typing import Annotated, Literal

import pytest
from builders import completion, log, token
from pydantic import BaseModel, Field

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion


def scored(schema, *tokens):
    """As ``fc.score`` reads a schema: what may be left out may be null."""
    return score_completion(completion(*tokens), compile_schema(schema).as_requested)


def object_of(required=(), **properties):
    return {"type": "object", "properties": properties, "required": list(required)}


BOOLEAN, TEXT, INTEGER = {"type": "boolean"}, {"type": "string"}, {"type": "integer"}


# -- unions ---------------------------------------------------------------------------------------


def union(first, second):
    arms = [object_of(["k", "v"], k={"const": k}, v=v) for k, v in (("a", first), ("b", second))]
    return {"anyOf": arms}


def test_the_arm_that_was_written_has_no_rivals_of_the_other():
    """Behind ``"k":"a"`` stands a boolean; the mass on text is no rival, but off-schema."""
    listed = log({"true": 0.4, '"x': 0.5, "false": 0.1})
    number = token("true", listed[0][1], listed)
    report = scored(union(BOOLEAN, TEXT), token('{"k":"a","v":', -0.1), number, token("}", 0.0))
    field = report["/v"]
    assert field.confidence == pytest.approx(0.8)
    assert field.distribution.off_schema == pytest.approx(0.5)
    assert field.declared.kinds == {"boolean"}


def test_declared_of_an_object_is_the_arm_it_became():
    report = scored(union(BOOLEAN, TEXT), '{"k":"b","v":"x"}')
    assert report[""].declared.required_keys == {"k", "v"}
    assert report[""].declared.variants == ()
    assert report["/v"].declared.kinds == {"string"}


def test_items_decide_between_lists():
    lists = {"anyOf": [{"type": "array", "items": BOOLEAN}, {"type": "array", "items": TEXT}]}
    report = scored(object_of(["l"], l=lists), '{"l":["x", "y"]}')
    assert report["/l/0"].declared.kinds == {"boolean", "string"}  # before anything was written
    assert report["/l/1"].declared.kinds == {"string"}


# -- null for what was left out -------------------------------------------------------------------


def answered(p, other):
    value = token("true", log({"true": p})[0][1], log({"true": p, other: 1 - p}))
    return token('{"a":', 0.0), value, token("}", 0.0)


def test_null_is_a_rival_where_a_key_is_optional():
    optional, required = object_of(a=BOOLEAN), object_of(["a"], a=BOOLEAN)
    field = scored(optional, *answered(0.6, "null"))["/a"]
    assert field.confidence == pytest.approx(0.6)
    assert field.distribution[None].probability == pytest.approx(0.4)
    assert scored(required, *answered(0.6, "null"))["/a"].confidence == pytest.approx(1.0)


def test_a_null_of_which_nothing_was_seen_is_not_listed():
    field = scored(object_of(a=BOOLEAN), *answered(0.6, "false"))["/a"]
    assert [member.value for member in field.distribution.candidates] == [True, False]
    assert field.confidence == pytest.approx(0.6)


def test_a_text_has_null_as_its_rival():
    text = token('"x"', log({"x": 0.7})[0][1], log({'"x"': 0.7, "null": 0.3}))
    field = scored(object_of(a=TEXT), token('{"a":', 0.0), text, token("}", 0.0))["/a"]
    assert field.confidence == pytest.approx(0.7)
    assert field.variants["null"].probability == pytest.approx(0.3)


def test_the_schema_as_it_is_knows_no_null():
    made = completion(*answered(0.6, "null"))
    field = score_completion(made, compile_schema(object_of(a=BOOLEAN)))["/a"]
    assert field.confidence == pytest.approx(1.0)


def test_null_comes_back_as_the_default():
    class Order(BaseModel):
        paid: bool
        note: str = "none"
        rows: list[int] = Field(default_factory=lambda: [1])

    report = scored(Order, '{"paid": true, "note": null, "rows": null}')
    assert report.value == Order(paid=True)
    assert report.data == {"paid": True, "note": None, "rows": None}
    assert report["/note"].basis == "null_or_value"
    plain = scored(object_of(a=TEXT | {"default": "d"}, b=TEXT), '{"a": null, "b": null}')
    assert plain.value == {"a": "d"}


# -- settings -------------------------------------------------------------------------------------


def test_a_formula_of_ones_own():
    class Answer(BaseModel):
        ok: Annotated[bool, fc.FieldConfig(basis="joint")]
        id: Annotated[str, fc.FieldConfig(basis="geometric_mean")]
        plain: bool

    yes = token("true", log({"x": 0.8})[0][1], log({"true": 0.8, "false": 0.2}))
    halves = token('"A', log({"x": 0.5})[0][1]), token('B"', log({"x": 0.5})[0][1])
    rest = token(',"plain":', 0.0), yes, token("}", 0.0)
    report = scored(Answer, token('{"ok":', 0.0), yes, token(',"id":', 0.0), *halves, *rest)
    assert (report["ok"].basis, report["id"].basis, report["plain"].basis) == (
        "joint", "geometric_mean", "distribution",
    )  # fmt: skip
    assert report["id"].confidence == pytest.approx(0.5)
    assert report["ok"].confidence == pytest.approx(0.8)
    assert report["ok"].distribution[False].probability == pytest.approx(0.2)


def test_a_value_outside_of_its_members_has_the_usual_formula():
    node = {"enum": ["a", "b"], "x-fieldconf": {"basis": "distribution"}}
    report = scored(object_of(["a", "b"], a=node, b=node), '{"a": "a", "b": "no member"}')
    assert (report["a"].basis, report["b"].basis) == ("distribution", "joint")
    assert report["b"].confidence is not None
    assert report["b"].flags == ("shared_token", "not_a_member")


def test_settings_stand_in_json_schema_as_well():
    node = {"anyOf": [BOOLEAN, {"type": "null"}], "x-fieldconf": {"accept": 0.9}}
    report = scored(object_of(["a"], a=node), '{"a": true}')
    assert report["/a"].declared.conf == fc.FieldConfig(accept=0.9)
    sent = fc.request(object_of(["a"], a=node))["response_format"]["json_schema"]["schema"]
    assert "x-fieldconf" not in str(sent)


def test_settings_that_do_not_exist_are_errors_at_once():
    with pytest.raises(fc.SchemaError, match="Did you mean 'accept'"):
        compile_schema(object_of(a=BOOLEAN | {"x-fieldconf": {"acept": 0.9}}))


# -- errors ---------------------------------------------------------------------------------------


class Row(BaseModel):
    price: Annotated[float, Field(gt=0)]


class Bill(BaseModel):
    rows: list[Row]
    total: int | Literal["unknown"]


def test_an_error_says_how_sure_the_model_was_of_the_bad_field():
    price = token("-1", log({"x": 0.25})[0][1])
    report = scored(Bill, token('{"rows":[{"price":', 0.0), price, token('}],"total":1}', 0.0))
    assert report.value is None
    (error,) = report.errors
    assert (error.pointer, error.value, error.tokens) == ("/rows/0/price", -1, (price,))
    assert error.confidence == pytest.approx(report["/rows/0/price"].confidence)
    assert error.confidence < 0.5
    assert report["/total"].confidence is not None
    assert report.data == {"rows": [{"price": -1}], "total": 1}
    assert report.to_dict()["errors"] == [
        {"pointer": "/rows/0/price", "problem": error.problem, "value": -1,
         "confidence": error.confidence}
    ]  # fmt: skip


def test_errors_of_a_union_are_at_its_value():
    report = scored(Bill, '{"rows":[],"total":"x"}')
    assert {error.pointer for error in report.errors} == {"/total"}
    assert {error.value for error in report.errors} == {"x"}


def test_errors_of_a_json_schema():
    schema = object_of(["a", "b"], a=INTEGER, b={"enum": ["x"]})
    report = scored(schema, '{"a": 1.5, "b": "y"}')
    assert {(e.pointer, e.value) for e in report.errors} == {("/a", 1.5), ("/b", "y")}
    assert all(error.confidence is not None and error.tokens for error in report.errors)
    assert "Token" not in repr(report.errors)


# -- attributes -----------------------------------------------------------------------------------


def test_fields_by_attributes():
    report = scored(Bill, '{"rows":[{"price":1},{"price":2}],"total":3}')
    assert report.of(lambda bill: bill.rows[1].price).value == 2
    assert report.of(lambda bill: bill.rows[-1].price).value == 2
    assert report.of("rows[0].price").value == 1
    assert report.of(lambda bill: bill).pointer == ""
    with pytest.raises(KeyError, match=r"/rows/7/price"):
        report.of(lambda bill: bill.rows[7].price)
    with pytest.raises(ValueError, match="no attribute"):
        report.of(lambda bill: len)
    with pytest.raises(ValueError, match="no path"):
        report.of("rows[")


def test_attributes_work_where_the_answer_does_not_validate():
    report = scored(Bill, '{"rows":[{"price":"x"}]}')
    assert report.value is None
    assert report.of(lambda bill: bill.rows[0].price).value == "x"


def test_a_report_survives_pickling_and_copying():
    report = scored(Bill, '{"rows":[{"price":1}],"total":3}')
    for again in (pickle.loads(pickle.dumps(report)), copy.deepcopy(report)):
        assert again == report
        assert again.of("rows[0].price") == report.of("rows[0].price")


# -- schemas that could keep one busy for ever ----------------------------------------------------


def nested(depth, inner):
    for _ in range(depth):
        inner = {"anyOf": [inner, INTEGER]}
    return inner


def doubled(depth):
    defs = {"d0": TEXT}
    for n in range(depth):
        arm = {"$ref": f"#/$defs/d{n}"}
        defs[f"d{n + 1}"] = {"anyOf": [arm, arm]}
    return {"$ref": f"#/$defs/d{depth}", "$defs": defs}


MANY = [f"m{number}" for number in range(10_000)]
SLOW, LONG_KEY = "^(a|aa)+$", '{"' + "a" * 60 + '!"'
LETTERS = [token('{"a":"', -0.1)] + [token("aaa", -0.1, log({"aaa": 0.5, "b": 0.2}))] * 20


@pytest.mark.parametrize(
    ("schema", "tokens", "problem"),
    [
        ({"$ref": "#"}, ["{}"], "cannot be applied"),
        ({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}, ["{}"], "cannot be applied"),
        (object_of(["a"], a={"$ref": "#"}), ['{"a":{"a":{}}}'], "required property"),
        (nested(100, TEXT), ['"x"'], ""),
        (nested(100, TEXT), ["true"], "is not valid"),
        (doubled(60), ["1"], "takes too long"),
        (object_of(["a"], a={"enum": MANY}), ['{"a":', '"m4', '217"}'], ""),
        (object_of(["a"], a={"pattern": SLOW}), [*LETTERS, '!"}'], "takes too long"),
        ({"patternProperties": {SLOW: TEXT}}, [LONG_KEY, ":1}"], "takes too long"),
        (object_of(["a"], a={"pattern": "a{60000000}"}), ['{"a":"aa"}'], "takes too long"),
        (object_of(["a"], a={"pattern": "("}), ['{"a":"aa"}'], "cannot be applied"),
        (object_of(["a"], a={"pattern": r"^\p{L}+$"}), ['{"a":"aé"}'], ""),
        (object_of(["a"], a={"$ref": "https://example.com/x"}), ['{"a":1}'], "cannot be applied"),
    ],
)  # fmt: skip
def test_schemas_that_are_hard(schema, tokens, problem):
    """Compiled, asked for and scored they end, with a result or an error that says why."""
    fc.request(schema)
    report = scored(schema, *tokens)
    assert report.status == "complete"
    assert bool(report.errors) == bool(problem)
    assert problem in " ".join(error.problem for error in report.errors)
    assert all(field.value is not None for field in report.leaves.values())

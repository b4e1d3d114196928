"""What the tokens that were not chosen would have meant."""

import math

import pytest
from builders import log, report_of, token

import fieldconf as fc
from fieldconf.distributions.distribution import Rival
from fieldconf.schema import compile_schema

ENUM = {"properties": {"a": {"enum": ["pos", "positive", "neg"]}}, "required": ["a"]}


def field_of(tokens, declared):
    schema = {"properties": {"a": declared}, "required": ["a"]}
    made = [
        t if isinstance(t, str) else token(t[0], math.log(t[1][t[0]]), log(t[1])) for t in tokens
    ]
    return report_of(*[token(t, 0.0) if isinstance(t, str) else t for t in made], schema=schema)[
        "a"
    ]


def probabilities(field):
    return {member.value: member.probability for member in field.distribution.candidates}


LABELS = {"enum": ["billing", "bill_review", "sales"]}


def test_labels_that_share_a_first_token():
    """The first token says little; the second decides."""
    first = {"bill": 0.8, "sales": 0.2}
    field = field_of(
        ['{"a":"', ("bill", first), ("ing", {"ing": 0.75, "_review": 0.25}), '"}'], LABELS
    )
    assert probabilities(field) == pytest.approx({"billing": 0.6, "bill_review": 0.2, "sales": 0.2})
    assert field.confidence == pytest.approx(0.6)
    assert field.distribution.decided_at == 2


def test_a_shared_branch_off_the_path_stays_undecided():
    first = {"bill": 0.4, "sales": 0.6}
    field = field_of(['{"a":"', ("sales", first), '"}'], LABELS)
    sales, billing = field.distribution["sales"], field.distribution["billing"]
    assert (sales.low, sales.probability, sales.high) == pytest.approx((0.6, 0.6, 0.6))
    assert (billing.low, billing.probability, billing.high) == pytest.approx((0.0, 0.2, 0.4))


def test_a_label_that_begins_another():
    """The closing quote decides between pos and positive."""
    first, second = {"pos": 0.9, "neg": 0.1}, {'"}': 0.7, "itive": 0.3}
    field = field_of(['{"a":"', ("pos", first), ('"}', second)], ENUM["properties"]["a"])
    assert probabilities(field) == pytest.approx({"pos": 0.63, "positive": 0.27, "neg": 0.1})


@pytest.mark.parametrize(
    "spellings",
    [
        {'"pos"': 0.6, '"neg"': 0.4},
        {'"pos"': 0.5, '"\\u0070os"': 0.1, '"neg"': 0.4},
        {'"pos"': 0.3, ' "pos"': 0.3, '\n"neg"': 0.4},
        {'"pos"': 0.3, '"pos"}': 0.3, '"n': 0.4},
        {'"pos"': 0.3, "zz": 0.5, '"POS"': 0.0, '"neg"': 0.2},
    ],
    ids=["quotes inside", "escapes", "white space", "beyond", "off schema"],
)
def test_spellings_of_one_value_add_up(spellings):
    field = field_of(['{"a":', ('"pos"', {k: v or 1e-300 for k, v in spellings.items()}), "}"],
                     {"enum": ["pos", "neg"]})  # fmt: skip
    assert probabilities(field) == pytest.approx({"pos": 0.6, "neg": 0.4})
    assert field.distribution.off_schema == pytest.approx(spellings.get("zz", 0.0))
    assert field.distribution.unseen == pytest.approx(0.0)


def test_members_are_json_values():
    """``true`` is neither ``1`` nor ``"true"``."""
    mass = {"true": 0.5, '"true"': 0.3, "1": 0.2}
    field = field_of(['{"a":', ("true", mass), "}"], {"enum": [True, "true", 1]})
    found = [field.distribution[value].probability for value in (True, "true", 1)]
    assert found == pytest.approx([0.5, 0.3, 0.2])
    with pytest.raises(KeyError):
        field.distribution["1"]


def test_a_boolean_without_candidates():
    """The other member has what the chosen one lacks; nothing proves that it has."""
    field = report_of('{"a":', token("true", math.log(0.8)), "}")["a"]
    assert field.confidence == pytest.approx(0.8)
    assert field.distribution[False].probability == pytest.approx(0.2)
    assert (field.low, field.high) == pytest.approx((0.8 * math.exp(-0.1), 1.0))


def test_null_against_the_quote():
    declared = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    mass = {"null": 0.6, '"': 0.3, "5": 0.1}
    field = field_of(['{"a":', ("null", mass), "}"], declared)
    assert (field.basis, field.confidence) == ("null_or_value", pytest.approx(2 / 3))
    field = field_of(['{"a":', ('"', {'"': 0.3, "null": 0.6, "5": 0.1}), "x", '"', "}"], declared)
    assert (field.basis, field.confidence) == ("joint", pytest.approx(1 / 3))


def test_null_in_an_enum_is_a_member():
    mass = {"null": 0.6, '"x': 0.4}
    field = field_of(['{"a":', ("null", mass), "}"], {"enum": [None, "x"]})
    assert field.basis == "distribution"
    assert probabilities(field) == pytest.approx({None: 0.6, "x": 0.4})


@pytest.mark.parametrize("empty", ["", "<|im_end|>", "</s>"])
def test_end_tokens_are_no_text(empty):
    """The end of the answer is off the schema, and agrees with no value."""
    mass = {"tr": 0.5, empty: 0.25, "fa": 0.25}
    field = field_of(['{"a":', ("tr", mass), "ue", "}"], {"type": "boolean"})
    assert field.confidence == pytest.approx(2 / 3)
    assert field.distribution.off_schema == pytest.approx(0.25)
    field = field_of(
        ['{"a":"', ("x", {"x": 0.5, empty: 0.25, "y": 0.25}), '"}'], {"type": "string"}
    )
    assert field.min_step.agreeing == pytest.approx(0.5)
    assert field.min_step.off_schema == pytest.approx(0.25)


def test_parts_of_characters_without_bytes_count_as_unseen():
    mass = {"n": 0.5, "\ufffd": 0.3, "x": 0.2}
    field = field_of(['{"a":"', ("n", mass), 'o"', "}"], {"enum": ["no", "é"]})
    assert field.distribution.unseen == pytest.approx(0.3)
    assert (field.low, field.high) == pytest.approx((0.5 / 0.8, 1.0))


def test_a_string_is_the_product_of_its_steps():
    first, second = {"ab": 0.5, "a": 0.2, "x": 0.3}, {'"}': 0.8, '","': 0.1, "c": 0.1}
    field = field_of(['{"a":"', ("ab", first), ('"}', second)], {"type": "string"})
    # Behind the last property nothing but the end is possible: "," is off the schema. "a" is only
    # a beginning of what was written: it may still become this value, or another one.
    end = 0.8 / 0.9
    found = (field.low, field.confidence, field.high)
    assert found == pytest.approx((0.5 * end, 0.5 * end, 0.5 * end + 0.2))
    assert field.min_step.token == 1
    assert field.min_step.agreeing == pytest.approx(0.7)


def test_a_candidate_that_goes_on_with_the_string_before():
    """At ``","`` the rivals of the second string are not texts that lengthen the first."""
    mass = {'","': 0.5, "b": 0.5}
    report = report_of(
        '["a', token('","', math.log(0.5), log(mass)), token("b", 0.0), token('"]', 0.0)
    )
    assert report[1].confidence == pytest.approx(1.0)
    assert report[0].confidence == pytest.approx(0.5 * math.exp(-0.1))


@pytest.mark.parametrize(
    ("rivals", "high"), [({"}": 0.6, "0": 0.4}, 0.6), ({"}": 0.6, ".0": 0.4}, 1.0)]
)
def test_what_ends_a_number_counts(rivals, high):
    """``1.0`` is this value, and may still become 1.05."""
    field = field_of(['{"a":', "1", ("}", rivals)], {"type": "number"})
    assert (field.low, field.confidence, field.high) == pytest.approx((0.6, 0.6, high))


def test_a_list_ends_or_goes_on():
    go_on, end = {",": 0.75, "]": 0.25}, {"]": 0.5, ",": 0.5}
    report = report_of(
        token("[", 0.0), token("1", 0.0), token(",", math.log(0.75), log(go_on)),
        token("2", 0.0), token("]", math.log(0.5), log(end)),
    )  # fmt: skip
    assert report[""].basis == "list_end"
    assert report[""].confidence == pytest.approx(0.375)


def test_an_empty_list_might_have_had_an_item():
    listed = log({"[]": 0.7, '["': 0.2, "[": 0.1})
    report = report_of(token('{"a":', 0.0), token("[]", math.log(0.7), listed), "}")
    # "[" could still become "[]": half of its mass is taken to, and the bounds hold all of it.
    assert report["a"].confidence == pytest.approx(0.75)
    assert (report["a"].low, report["a"].high) == pytest.approx((0.7, 0.8))


def test_expected_score():
    mass = {"4": 0.5, "5": 0.25, "3": 0.25}
    field = field_of(['{"a":', ("4", mass), "}"], {"type": "integer", "minimum": 3, "maximum": 5})
    assert field.expected == pytest.approx(4.0)
    assert field.std == pytest.approx(math.sqrt(0.5))
    assert field.distribution.margin == pytest.approx(0.25)


def test_a_decision_that_nothing_shows_gives_no_number():
    """``1`` at the root may be the beginning of ``10``: no token says that it is not."""
    report = report_of("1", schema={"enum": [1, 10]})
    assert report[""].confidence is None
    assert report[""].reason


def test_a_disguised_token_hides_its_candidates():
    shown = token("Ġtrue", -0.5, [("Ġtrue", -0.5), ("Ġfalse", -1.0)])._replace(raw=None)
    field = report_of('{"a":', shown, "}", content='{"a": true}')["a"]
    assert field.distribution.off_schema == 0
    assert field.distribution.unseen == pytest.approx(1 - math.exp(-0.5))


def test_a_token_that_holds_the_last_item_and_the_end():
    """At ``[`` the token ``1]`` says that there is an item; that it ends there comes after."""
    mass = {"1]": 0.5, "1": 0.2, "1,": 0.1, "2]": 0.1, "]": 0.1}
    report = report_of(token("[", 0.0), token("1]", math.log(0.5), log(mass)))
    more, ends = 0.9, (0.5, 0.5 / 0.6, 0.7)  # of those that write 1, "1" alone may do both
    found = (report[""].low, report[""].confidence, report[""].high)
    assert found == pytest.approx((more * ends[0] / 0.8, more * ends[1], more * ends[2] / 0.8))
    # "1" alone may become this item, or 12.
    assert (report[0].low, report[0].high) == pytest.approx((0.6 / 0.9, 0.8 / 0.9))


def test_an_answer_with_a_key_too_many_still_has_its_distribution():
    """The closing token decides, and goes on where the schema says that nothing can follow."""
    mass = {'","': 0.6, "itive": 0.3, '"}': 0.1}
    closing = token('","', math.log(0.6), log(mass))
    tokens = (token('{"a":"', 0.0), token("pos", 0.0), closing, token('b":1}', 0.0))
    report = report_of(*tokens, schema=ENUM)
    assert probabilities(report["a"]) == pytest.approx({"pos": 0.7, "positive": 0.3, "neg": 0.0})


# -- open values ----------------------------------------------------------------------------------

TEXT, NULL = {"type": "string"}, {"type": "null"}
NULLABLE = {"anyOf": [TEXT, NULL]}


def test_an_open_value_knows_its_rivals():
    """Whole values by name, beginnings by their text, and the rest as one mass."""
    listed = {'"ab"': 0.5, '"x"': 0.2, '"a': 0.1, '"c': 0.15, "null": 0.05}
    field = field_of(['{"a":', ('"ab"', listed), "}"], NULLABLE)
    found = field.distribution
    assert probabilities(field) == pytest.approx({"ab": 0.5, "x": 0.2, None: 0.05})
    assert [(member.low, member.high) for member in found.candidates] == [
        pytest.approx(bounds) for bounds in [(0.5, 0.6), (0.2, 0.2), (0.05, 0.05)]
    ]
    assert found.rest == pytest.approx(0.25)  # "a and "c
    assert found.beginnings == (Rival('"c', pytest.approx(0.15)),)
    assert (field.expected, field.std) == (None, None)
    assert field.margin == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("written", "declared"),
    [('"ab"', NULLABLE), ("null", NULLABLE), ("true", {"enum": [True, False, None]}),
     ("null", {"enum": ["ab", None]}), ("12", {"type": ["integer", "null"]})],
)  # fmt: skip
def test_every_scalar_tells_the_same_of_itself(written, declared):
    other = "null" if written != "null" else '"ab"'
    listed = {written: 0.5, other: 0.3, "zz": 0.1}
    field = field_of(['{"a":', (written, listed), "}"], declared)
    assert field.null == pytest.approx(3 / 8 if other == "null" else 5 / 8, abs=0.08)
    assert field.off_schema == pytest.approx(0.1)
    assert field.unseen == pytest.approx(0.1)
    assert 0 < field.margin < 1


def test_a_value_where_null_is_not_allowed_has_no_null():
    field = field_of(['{"a":', ('"ab"', {'"ab"': 0.9, "null": 0.1}), "}"], TEXT)
    assert (field.null, field.confidence) == (None, pytest.approx(1.0))


def test_a_token_before_the_value_that_is_not_known_bounds_nothing():
    """It might have ended in another value; what the rest says is the estimate."""
    for declared in ({"type": "boolean"}, {"type": ["boolean", "string"]}):
        tokens = [token('{"a"', 0.0), token(":", None), token("true", math.log(0.9)), token("}")]
        schema = {"type": "object", "properties": {"a": declared}, "required": ["a"]}
        field = report_of(*tokens, schema=schema)["a"]
        assert (field.low, field.high) == (0.0, 1.0)
        assert field.confidence == pytest.approx(0.9)


def test_a_list_that_might_have_been_null_is_as_sure_as_that():
    declared = {"anyOf": [{"type": "array", "items": {"type": "integer"}}, NULL]}
    field = field_of(['{"a":', ("[", {"[": 0.6, "null": 0.4}), "1", "]", "}"], declared)
    assert field.confidence == pytest.approx(0.6)
    assert field.end_probabilities[0].high == pytest.approx(0.0)  # that it is a list is given there


def test_a_long_text_that_might_have_been_null_is_as_sure_as_that():
    words = [
        f" {word}" for word in ["nobody", "has", "called", "back", "for", "three", "weeks", "now"]
    ]
    tokens = ['{"a":', ('"', {'"': 0.7, "null": 0.3}), *words, '"', "}"]
    field = field_of(tokens, NULLABLE)
    assert field.basis == "geometric_mean"
    assert field.confidence == pytest.approx(0.7 * 0.7 ** (1 / (len(words) + 2)))


def test_a_number_beyond_doubles_is_a_value_like_any_other():
    field = report_of(token('{"a":1e', 0.0), token("999", math.log(0.8)), token("}", 0.0))["a"]
    assert field.confidence == pytest.approx(0.8)


def test_a_number_that_the_answer_ends_with_has_no_lower_bound():
    """Nothing says how sure it was that no digit follows."""
    field = report_of(token("1", 0.0), token("2", math.log(0.8)), schema={"type": "integer"})[""]
    assert (field.low, field.confidence, field.high) == pytest.approx((0.0, 0.8, 1.0))


def test_a_blank_before_the_colon_is_no_place_of_a_value():
    """What cannot stand there says nothing of the value's place in another answer."""
    schema = compile_schema({"properties": {"a": {"enum": [1, 10]}}, "required": ["a"]})
    blank, one = {" ": 0.6, "1": 0.4}, {"1": 0.6, "10": 0.4}
    parts = [token('{"a"', 0.0), token(" ", math.log(0.6), log(blank)), token(":1", 0.0)]
    report_of(*parts, token("}", 0.0), schema=schema)
    parts = [token('{"a": ', 0.0), token("1", math.log(0.6), log(one)), token("}", 0.0)]
    assert report_of(*parts, schema=schema)["a"].distribution[1].probability > 0.5


def test_what_an_earlier_answer_taught_is_not_taken_for_another_place():
    """Behind a number in a list, ``,`` alone and ``,{`` leave different things to come."""
    schema = {"items": {"anyOf": [{"properties": {"a": {}, "o": {}}}, {"type": "number"}]}}

    def answer(*texts):
        blank = {"token": " ", "logprob": math.log(0.2)}
        listed = [{"token": text, "logprob": math.log(0.5)} for text in texts]
        content = [
            entry | {"top_logprobs": [entry, *([blank] * entry["token"].startswith(","))]}
            for entry in listed
        ]
        return {
            "choices": [{"message": {"content": "".join(texts)}, "logprobs": {"content": content}}]
        }

    whole = answer("[", "12", ",{", "}", "]")
    alone = fc.score(whole, schema | {"title": "another, of which nothing was read"})
    fc.score(answer("[", "12", ",", "{", "}", "]"), schema)
    assert fc.score(whole, schema)["/1"].presence == alone["/1"].presence

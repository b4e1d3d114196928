"""What the source has that a null field could have held: ``source_candidates``."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

import fieldconf as fc
from fieldconf.grounding.unclaimed import is_same_word, name_words, names_in
from fieldconf.testing import FakeClient


def located(schema: Any, value: Any, text: str) -> fc.Report[Any]:
    return fc.extract(schema, text, client=FakeClient(value), model="m", locate=True)


def nullable(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def candidates(
    field: dict[str, Any], text: str, *, name: str = "field", **others: Any
) -> list[tuple[str, str]]:
    """The candidates of one null field, beside other string fields with values."""
    schema = nullable(**{name: field}, **{other: {"type": "string"} for other in others})
    report = located(schema, {name: None, **others}, text)
    return [(c.kind, c.text) for c in report[name].source_candidates or ()]


def optional(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": [kind, "null"], **more}


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        (optional("string", enum=["pub", "cafe", None]), "A nice Pub.", [("member", "Pub")]),
        (optional("integer"), "12 guests paid 3.5 each", [("number", "12")]),
        (optional("number", maximum=10), "12 guests paid 3.5", [("number", "3.5")]),
        (optional("integer"), "the only thing, one of many", []),
        (optional("string", format="date"), "due 22 Nov 2026", [("date", "22 Nov 2026")]),
        (optional("string", format="email"), "ask a@b.org.", [("pattern", "a@b.org")]),
        (optional("string", pattern="^[A-Z]{2}-[0-9]+$"), "see AB-12, ab", [("pattern", "AB-12")]),
        (optional("string"), "It was sent by Anna Berg.", [("name", "Anna Berg")]),
        (optional("string"), "nothing here", []),
        (optional("array", items={"enum": ["PC", "Mac"]}), "for PC only", [("member", "PC")]),
    ],
)
def test_the_schema_decides_what_is_searched_for(
    field: dict[str, Any], text: str, expected: list[tuple[str, str]]
) -> None:
    assert candidates(field, text) == expected


def test_a_boolean_is_mentioned_by_the_words_of_its_name() -> None:
    text = "It has multiplayers, on Steam."
    assert candidates(optional("boolean"), text, name="has_multiplayer") == [
        ("mention", "multiplayers")
    ]
    assert candidates(optional("boolean"), text, name="familyFriendly") == []


def test_words_that_siblings_share_do_not_mention_a_field() -> None:
    schema = nullable(release_year=optional("boolean"), release_town=optional("boolean"))
    report = located(schema, {"release_year": None, "release_town": None}, "a release this year")
    assert [c.text for c in report["release_year"].source_candidates or ()] == ["year"]
    assert report["release_town"].source_candidates == ()


def test_a_description_mentions_a_field_too() -> None:
    field = optional("boolean", description="Whether the building has an elevator.")
    assert candidates(field, "with an elevator", name="x") == [("mention", "elevator")]


def test_what_another_field_has_is_no_candidate() -> None:
    text = "Anna Berg wrote to Tom Lee."
    assert candidates(optional("string"), text, author="Anna Berg") == [("name", "Tom Lee")]
    assert candidates(optional("string"), "only 41 there", age="41") == []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (nullable(field={"type": "null"}), {"field": None}),
        (nullable(field=optional("integer")), {"field": 3}),
    ],
)
def test_only_null_in_place_of_a_value_is_searched_for(schema: Any, value: Any) -> None:
    assert located(schema, value, "7 things")["field"].source_candidates is None


def test_a_report_that_was_not_located_has_none() -> None:
    schema = nullable(field=optional("integer"))
    report = fc.extract(schema, "7 things", client=FakeClient({"field": None}), model="m")
    assert report["field"].source_candidates is None


def test_candidates_are_saved_and_loaded() -> None:
    report = located(nullable(age=optional("integer")), {"age": None}, "Anna, age 41")
    again = type(report).from_dict(json.loads(json.dumps(report.to_dict())))
    assert again["age"].source_candidates == report["age"].source_candidates != ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The Wrestlers is near Raja Indian Cuisine.", ["Wrestlers", "Raja Indian Cuisine"]),
        ("NO 290 JALAN AIR PANAS SETAPAK", []),
        ("what do you like?", []),
        ("", []),
        ("We met Zoë. She left.", ["Zoë"]),
    ],
)
def test_names_are_runs_of_capitalised_words(text: str, names: Sequence[str]) -> None:
    assert [text[start:stop] for start, stop in names_in(text)] == names


def test_names_of_fields_are_split_into_words() -> None:
    assert name_words("hasLinuxRelease") == {"linux", "release"}
    assert name_words("GST_total2") == {"gst", "total"}
    assert name_words("name_und_straße") >= {"name", "und", "strasse"}


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [("rate", "rated", True), ("mac", "macs", False), ("developer", "developed", True),
     ("near", "nearest", True), ("company", "compare", False), ("pc", "pc", True)],
)  # fmt: skip
def test_words_that_differ_in_their_ending_are_the_same(
    first: str, second: str, same: bool
) -> None:  # fmt: skip
    assert is_same_word(first, second) is is_same_word(second, first) is same

"""Law: what a null field could have held stands in the text, and no other field has it."""

from hypothesis import given
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.testing import FakeClient

SCHEMA = {
    "type": "object",
    "properties": {
        "age": {"type": ["integer", "null"], "minimum": 18, "maximum": 99},
        "price": {"type": ["number", "null"]},
        "team": {"enum": ["sales", "IT", None]},
        "day": {"type": ["string", "null"], "format": "date"},
        "code": {"type": ["string", "null"], "pattern": "^[A-Z]{2}-[0-9]+$"},
        "name": {"type": ["string", "null"]},
        "has_lift": {"type": ["boolean", "null"]},
    },
    "required": ["age", "price", "team", "day", "code", "name", "has_lift"],
}
PIECES = [
    "41", "7", "3.5", "1,234.50", "$20", "(12)", "100%", "sales", "It", "IT", "22 Nov 2026",
    "2026-11-22", "AB-12", "ab-12", "Anna", "Anna Berg", "The", "lift", "lifts", "Names", "\ufb01n",
    "é", "\n", ".", ",", "no", "東京", "ß", "\u00ad",
]  # fmt: skip
VALUES = {
    "age": 41, "price": 3.5, "team": "sales", "day": "2026-11-22", "code": "AB-12",
    "name": "Anna Berg", "has_lift": True,
}  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)


def located(text, values):
    answer = dict.fromkeys(SCHEMA["required"]) | values
    return fc.extract(SCHEMA, text, client=FakeClient(answer), model="m", locate=True)


@given(TEXTS, st.sets(st.sampled_from(list(VALUES))))
def test_candidates_are_spans_of_the_text_that_no_other_field_has(text, given_names):
    report = located(text, {name: VALUES[name] for name in given_names})
    claimed = [span for field in report.leaves.values() for span in field.source_spans or ()]
    for field in report.leaves.values():
        assert (field.source_candidates is None) == (field.value is not None)
        for candidate in field.source_candidates or ():
            assert text[candidate.start : candidate.stop] == candidate.text != ""
            if candidate.kind != "mention":
                assert all(
                    candidate.stop <= span.start or span.stop <= candidate.start for span in claimed
                )


@given(TEXTS)
def test_a_value_that_would_be_found_in_the_text_is_no_surprise(text):
    """Whatever ``locate`` finds of a field is among the candidates once the field is null.

    Names are not: a text may begin with a function word, and hold names in small letters.
    """
    for name in ("age", "price", "team", "code"):
        found = located(text, {name: VALUES[name]}).fields[f"/{name}"].source_spans
        candidates = located(text, {}).fields[f"/{name}"].source_candidates or ()
        if found and found[0].how == "exact" and len(candidates) < 20:
            assert any(
                candidate.start < found[0].stop and found[0].start < candidate.stop
                for candidate in candidates
            ), (name, found[0])


def test_the_age_of_a_child_is_no_candidate():
    report = located("She is 7", {})
    assert report["age"].source_candidates == ()
    assert [candidate.text for candidate in report["price"].source_candidates] == ["7"]

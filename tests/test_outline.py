"""Outlines: what they ask for, and the way back."""

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fieldconf.schema.outline import back, outline

BOOLEAN = {"type": "boolean"}
steps = st.sampled_from(["a", "b", "0"]) | st.integers(0, 3)


def apart(paths):
    """Without those inside of another, and with one kind of step at each place."""
    kept = []
    for path in sorted(paths, key=lambda path: (len(path), str(path))):
        texts = tuple(map(str, path))
        if not any(tuple(map(str, one)) == texts[: len(one)] for one in kept):
            kept.append(path)
    return kept


def test_parents_are_required_and_nothing_else_is_allowed():
    made = outline([("a", "b"), ("a", 1)], lambda path: BOOLEAN)
    check = Draft202012Validator(made)
    assert check.is_valid({"a": {"b": True, "1": False}})
    assert not check.is_valid({"a": {"b": True}})
    assert not check.is_valid({"a": {"b": True, "1": False, "2": True}})
    assert not check.is_valid({})


def test_the_root_is_asked_for_by_its_own_schema():
    assert outline([()], lambda path: BOOLEAN) == BOOLEAN


@given(st.lists(st.lists(steps, min_size=1, max_size=3).map(tuple)).map(apart))
def test_each_path_leads_there_and_back(paths):
    made = outline(paths, lambda path: {"const": str(path)})
    for path in paths:
        place = made
        for step in path:
            place = place["properties"][str(step)]
        assert place["const"] == str(path)
        assert back(tuple(map(str, path)), paths) == path
        assert back((*map(str, path), "inside"), paths) == (*path, "inside")
        assert back(tuple(map(str, path[:-1])), paths) is None

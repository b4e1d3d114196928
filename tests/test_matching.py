import itertools

import pytest

from fieldconf.distributions.continuation import Continuation
from fieldconf.distributions.label_matching import (
    Beginning,
    LabelMatcher,
    beginning,
    domain,
    json_beginning,
)
from fieldconf.errors import SchemaError


def possible(labels, text, **more):
    data = text if isinstance(text, bytes) else text.encode()
    return sorted(labels.possible(beginning(data), **more))


# -- exact -----------------------------------------------------------------------------------------


def test_exactly_a_text_is_the_label_character_for_character():
    labels = LabelMatcher(["pos", "positive"])
    assert possible(labels, "") == possible(labels, "pos") == [0, 1]
    assert possible(labels, "posi") == [1]
    assert possible(labels, "pos", ended=True) == [0]
    assert possible(labels, " pos") == possible(labels, "Pos") == possible(labels, "pos ") == []
    assert (labels.find("positive"), labels.find("posi")) == (1, None)


def test_a_character_may_be_cut_off_anywhere():
    labels = LabelMatcher(["né", "nê", "no"])
    assert possible(labels, b"n\xc3") == [0, 1]
    assert possible(labels, b"n\xc3\xaa") == [1]
    assert possible(labels, b"n\xc3", ended=True) == []
    assert possible(labels, b"n\xe2") == []


# -- loose -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["not spam", " NOT\n Spam", "Not spam.", "not spam . ", "not spam..."]
)
def test_loosely_case_and_space_and_full_stops_do_not_count(text):
    labels = LabelMatcher(["Not Spam", "work"], "loose")
    assert labels.find(text) == 0
    assert all(0 in possible(labels, text[:cut]) for cut in range(len(text) + 1))


@pytest.mark.parametrize("text", ["not spammy", "notspam", "not spam!", ".not spam", "", "not"])
def test_loosely_is_not_anyhow(text):
    assert LabelMatcher(["not spam"], "loose").find(text) is None


@pytest.mark.parametrize(
    ("label", "text"),
    [("straße", "STRASSE"), ("né", "NÉ"), ("file", "ﬁle"), ("a b", "A\u2003B"), ("ok", "o\u212a"),
     ("ключ", "КЛЮЧ"), ("1.", "1")],
)  # fmt: skip
def test_loosely_at_every_byte(label, text):
    labels, data = LabelMatcher([label, "zz"], "loose"), text.encode()
    assert labels.find(text) == 0
    assert all(0 in possible(labels, data[:cut]) for cut in range(len(data) + 1))


@pytest.mark.parametrize("match", ["exact", "loose"])
@pytest.mark.parametrize("first_word", [False, True])
def test_what_is_excluded_stays_excluded(match, first_word):
    labels = LabelMatcher(["a", "ab", "a b", "b."], match, first_word=first_word)
    for text in map("".join, itertools.product("aAb .x", repeat=5)):
        found = [set(possible(labels, text[:cut])) for cut in range(6)]
        assert all(after <= before for before, after in itertools.pairwise(found))
        ended = labels.possible(Beginning(text), ended=True)
        assert len(ended) < 2
        assert ended <= found[-1]


# -- the first word --------------------------------------------------------------------------------


def test_the_first_word_ends_at_what_is_no_word():
    labels = LabelMatcher(["A", "B"], first_word=True)
    texts = ("A", " A) because", "A.", "\nB\n", "Ab", "a", "(A)", "A_1")
    assert [labels.find(text) for text in texts] == [0, 0, 0, 1, None, None, None, None]
    assert possible(labels, "A") == possible(labels, "A ") == [0]
    assert possible(labels, "Ab") == []


def test_of_labels_that_begin_alike_the_longest_counts():
    labels = LabelMatcher(["not", "not spam"], "loose", first_word=True)
    assert possible(labels, "Not ") == possible(labels, "not sp") == [0, 1]
    assert possible(labels, "not so") == [0]
    assert [labels.find(t) for t in ("not so", "not spam at all", "NOT  spammy")] == [0, 1, 0]


def test_where_the_label_stands():
    assert LabelMatcher(["spam"]).span(" spam") == (0, 5)  # exactly: all of it
    assert LabelMatcher(["not spam"], "loose").span(" Not  spam.\n") == (1, 10)
    assert LabelMatcher(["spam"], first_word=True).span("\nspam, I think") == (1, 5)
    assert LabelMatcher(["spam"], first_word=True).span("\nham, I think") == (1, 4)
    assert LabelMatcher(["spam"], str.lower).span(" what? ") == (1, 6)


# -- a function ------------------------------------------------------------------------------------


def by_letter(text):
    return {"": None, "y": "yes", "n": "no"}.get(text.strip()[:1].lower(), "neither")


def test_a_function_gives_a_label_or_none_or_something_else():
    labels = LabelMatcher(["yes", "no"], by_letter)
    assert possible(labels, "") == possible(labels, " ") == [0, 1]
    assert possible(labels, "Ye") == [0]
    assert possible(labels, "m") == []  # "neither" is no label: none will come of it
    assert possible(labels, " ", ended=True) == []
    assert labels.find("nope") == 1


def test_a_function_is_given_the_first_word_alone():
    seen = []

    def match(text):
        seen.append(text)
        return "yes" if text == "yeah" else None

    labels = LabelMatcher(["yes", "no"], match, first_word=True)
    assert possible(labels, " yea") == [0, 1]
    assert possible(labels, " yeah,") == [0]
    assert possible(labels, " yea, of course") == []
    assert seen == ["yea", "yeah", "yea"]


def test_labels_that_cannot_be():
    with pytest.raises(SchemaError, match="a label is empty"):
        LabelMatcher(["a", " . "], "loose")
    with pytest.raises(SchemaError, match="no way to match"):
        LabelMatcher(["a"], "fuzzy")


# -- JSON ------------------------------------------------------------------------------------------


def partial(text):
    return Continuation("partial", text)


def may_be_loosely(continuation, member):
    return bool(domain([member], "loose").outcomes(continuation))


def test_may_be_loosely():
    assert may_be_loosely(partial(b'" BILL'), "billing")
    assert may_be_loosely(Continuation("done", b'" BILLing. "'), "billing")
    assert may_be_loosely(Continuation("before"), "billing")
    assert not may_be_loosely(partial(b'"sales'), "billing")
    assert not may_be_loosely(Continuation("done", b'"bill"'), "billing")
    assert not may_be_loosely(Continuation("dead"), "billing")
    assert may_be_loosely(partial(b"1"), 10)
    assert not may_be_loosely(partial(b'"tr'), True)
    assert may_be_loosely(partial(b'"'), "")
    assert not may_be_loosely(partial(b'" '), "")


@pytest.mark.parametrize("label", ["né", "\U0001f389 x", "a\tb", "ﬁ"])
def test_json_strings_at_every_byte(label):
    text = "".join(f"\\u{ord(c):04X}" for c in "NÉ") if label == "né" else label.upper()
    utf16 = label.encode("utf-16-be")
    escaped = "".join(f"\\u{utf16[i : i + 2].hex()}" for i in range(0, len(utf16), 2))
    for body in (text, escaped):
        data = f'"{body}"'.encode()
        if b"\t" not in data:
            assert all(may_be_loosely(partial(data[:cut]), label) for cut in range(1, len(data)))
            assert may_be_loosely(Continuation("done", data), label)


def test_a_lone_surrogate_is_no_label():
    begun, ended = json_beginning(b'"\\ud83c"')
    assert (begun.text, ended) == ("\ud83c", True)
    assert not may_be_loosely(Continuation("done", b'"\\ud83c"'), "\U0001f389")


def test_a_domain_finds_what_was_meant():
    found = domain(["billing", "sales", True, None, 1], "loose")
    assert [found.index(v) for v in ("Billing ", "SALES.", True, None, 1.0, "true")] == [
        0, 1, 2, 3, 4, None,
    ]  # fmt: skip
    assert domain(["billing"]).index("Billing") is None
    assert found.outcomes(partial(b'" B')) == {0}
    assert found.outcomes(Continuation("before")) == {0, 1, 2, 3, 4}
    assert found.outcomes(Continuation("done", b"true")) == {2}


def test_members_that_loose_matching_would_mix_up_are_matched_exactly():
    found = domain(["A", "a", "b", ""], "loose")
    assert [found.index(v) for v in ("A", "a", " a", "B", "", " ")] == [0, 1, None, 2, 3, None]
    assert found.outcomes(partial(b'"A')) == {0}
    assert found.outcomes(Continuation("done", b'"B"')) == {2}
    assert found.outcomes(Continuation("done", b'" A"')) == set()


def test_a_member_exactly_is_that_member():
    found = domain(["a", "a b"], "loose")
    assert found.outcomes(Continuation("done", b'"a"')) == {0}


def test_a_function_for_members():
    found = domain(["yes", "no", None], by_letter)
    assert [found.index(v) for v in ("Yeah", "nay", "who", None)] == [0, 1, None, 2]
    assert found.outcomes(partial(b'"')) == {0, 1}
    assert found.outcomes(partial(b'"Y')) == {0}
    assert found.outcomes(Continuation("done", b"null")) == {2}

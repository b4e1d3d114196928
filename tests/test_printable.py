"""Whatever stands in an answer: no sentence of ours makes a terminal obey it."""

import pytest
from builders import entry, response

import fieldconf as fc
from fieldconf.distributions.distribution import Rival
from fieldconf.distributions.explanation import Explanation
from fieldconf.errors import FieldconfError, printable
from fieldconf.schema.bounded_validation import one_line

HOSTILE = [
    "\x1b[31mred",
    "\x9b2J",
    "\u202eleft",
    "\u2066",
    "\x07",
    "\x00",
    "\ud800",
    "a\nb",
    "\x7f",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_raw_is_left(text):
    for shown in (printable(text), str(FieldconfError(text, remedy=text)), one_line(f"it: {text}")):
        assert shown.isprintable()
        assert "\x1b" not in shown


@pytest.mark.parametrize("text", ["", "plain", "café", "日本", "a b", "\\x1b"])
def test_what_is_harmless_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize("text", [text for text in HOSTILE if text != "\ud800"])
def test_what_is_wrong_with_a_hostile_answer_is_safe_to_print(text):
    """A key and a value that hold it, raw in a payload, break the schema and are told of."""
    key = text if text.isprintable() or ord(text[0]) > 0x7E else f"k{ord(text[0]):x}"
    pieces = [f'{{"{key}":', f'"{key}"', "}"]
    schema = {"additionalProperties": {"type": "integer"}, "required": [text]}
    report = fc.score(response([entry(piece, -0.1) for piece in pieces]), schema)
    assert report.errors
    for error in report.errors:
        assert error.problem.isprintable()
        assert str(error).isprintable()
    assert repr(report).isprintable()
    assert all(line.isprintable() for line in str(report).splitlines())


def test_an_integer_of_more_digits_than_python_reads_is_an_integer():
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    digits = "7" * 5000
    report = fc.score(response([entry(p, -0.1) for p in ['{"n":', digits, "}"]]), schema)
    assert not report.errors
    assert str(report.data["n"]) == digits
    assert digits[:100] in report.to_json()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("rivals", [(), ("\x1b[2J",)], ids=["alone", "with a rival"])
def test_why_a_number_is_what_it_is_is_safe_to_print(text, rivals):
    sentence = Explanation(0, text, 0.5, tuple(Rival(rival, 0.5) for rival in rivals)).sentence
    assert sentence.isprintable()
    assert printable(text) in sentence

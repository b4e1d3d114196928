"""``may_become``: every beginning of every spelling may, and where it says no, nothing can."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from json_texts import LETTERS, SCALARS, loads, spellings_of, string_texts
from oracles_json import read

from fieldconf.parsing.grammar import decode
from fieldconf.parsing.prefix import may_become


def joined(text: str) -> str:
    """The text as JSON would give it back: two halves of a surrogate pair are one character."""
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


WORDS = st.text(LETTERS, max_size=5).map(joined)


def beginnings(text: bytes):
    return (text[:i] for i in range(len(text) + 1))


@st.composite
def spelled_numbers(draw) -> tuple[bytes, Decimal]:
    """A decimal, and one of its spellings: zeros after it, an exponent of either sign and case."""
    value = draw(
        st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-999, max_value=999)
    )
    plain = f"{value:f}"
    ways = [
        plain,
        plain + "00",
        *([plain.rstrip("0")] if not plain.endswith(".000") else [plain[:-4]]),
    ]
    for shift in (-2, 0, 3, 12):
        mantissa = f"{value.scaleb(-shift):f}"
        sign = draw(st.sampled_from(["-"] if shift < 0 else ["", "+"] if shift else ["", "+", "-"]))
        zeros = draw(st.sampled_from(["", "0"]))
        ways.append(f"{mantissa}{draw(st.sampled_from('eE'))}{sign}{zeros}{abs(shift)}")
    return draw(st.sampled_from(ways)).encode(), value


@settings(deadline=None, max_examples=150)
@given(WORDS.flatmap(lambda word: st.tuples(string_texts(st.just(word)), st.just(word))))
@example((b'"\\ud83d\\uDE00"', "\U0001f600"))
@example((b'""', ""))
def test_every_beginning_of_every_spelling_of_a_string(case):
    """Escapes in either case, surrogate pairs, raw UTF-8: cut anywhere, it may become the value."""
    text, value = case
    assert loads(text) == value
    for beginning in beginnings(text):
        assert may_become(beginning, value), beginning


@settings(deadline=None, max_examples=200)
@given(spelled_numbers())
@example((b"-0", Decimal(0)))
@example((b"0.0", Decimal("-0.0")))
@example((b"1E+02", Decimal(100)))
def test_every_beginning_of_every_spelling_of_a_number(case):
    """Zeros at the end, exponents of either sign and case: cut anywhere, it may become the value.

    The stated exception: until an exponent begins, a number is held to be written without one. So
    of a spelling with an exponent, only the beginnings from there on count.
    """
    text, value = case
    assert Decimal(text.decode()) == value
    written = [b for b in beginnings(text) if b"e" not in text.lower() or b"e" in b.lower()]
    for beginning in written:
        assert may_become(beginning, value), beginning
        assert may_become(beginning, float(value)), beginning
        assert value % 1 or may_become(beginning, int(value)), beginning


@settings(deadline=None, max_examples=150)
@given(SCALARS.filter(lambda text: text[:1] in b'"tfn' or b"e" not in text.lower()))
def test_every_beginning_of_any_scalar(text):
    for beginning in beginnings(text):
        assert may_become(beginning, decode(text)), beginning


@settings(deadline=None, max_examples=200)
@given(SCALARS, SCALARS)
def test_a_whole_text_becomes_its_own_value_only(text, other):
    """A text whose last byte is written can mean one thing; so the answer is exact there."""
    if text.startswith((b'"', b"t", b"f", b"n")):
        mine, yours = decode(text), decode(other)
        same = mine == yours and type(mine) is type(yours)
        assert may_become(text, yours) == same


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.binary(max_size=8), SCALARS.map(lambda text: text + b"x")), SCALARS)
@example(b"\xff", b"1")
@example(b'"\n', b'"\\n"')
@example(b'"\xed\xa0', b'"\\ud800"')
@example(b'"a"b', b'"a"')
@example(b"trux", b"true")
@example(b"00", b"0")
@example(b"1.e", b"1")
def test_what_begins_no_scalar_becomes_nothing(text, other):
    """Any bytes give yes or no; those that begin no JSON scalar give no."""
    reading = read(text)
    may = may_become(text, decode(other))
    if reading.problem not in (None, "early") or text[:1] in (
        b" ",
        b"\t",
        b"\n",
        b"\r",
        b"{",
        b"[",
    ):
        assert not may


# -- where it says no, no completion exists: all completions, over small alphabets ----------------


def completions(alphabet: list[bytes], length: int):
    """Every text of so many pieces that is one scalar, with its value."""
    for count in range(length + 1):
        for parts in itertools.product(alphabet, repeat=count):
            text = b"".join(parts)
            reading = read(text)
            if reading.problem is None and text.strip() == text and len(reading.values) == 1:
                yield text, reading.values[0].value


LETTERS_OF_STRINGS = [b"a", b"\xc3\xa9", b"\\u0061", b"\\u00E9", b"\\ud83d", b"\\uDE00", b'\\"']
LETTERS_OF_STRINGS += ["\U0001f600".encode()]
BODIES = [p for n in range(4) for p in itertools.product(LETTERS_OF_STRINGS, repeat=n)]
STRINGS = [b'"%b"' % b"".join(parts) for parts in BODIES]
NUMBERS = list(completions([b"-", b"0", b"1", b"."], 6))
EXPONENTS = list(completions([b"-", b"0", b"1", b"2", b".", b"e", b"+"], 5))


def judge(texts: list[tuple[bytes, object]], *, may_assume=lambda beginning: True) -> None:
    """Compare with what the texts show: which values each beginning did become."""
    became: dict[bytes, set] = {}
    for text, value in texts:
        for beginning in beginnings(text):
            became.setdefault(beginning, set()).add(value)
    values = {value for _, value in texts}
    for beginning, reached in became.items():
        if may_assume(beginning):
            denied = [value for value in reached if not may_become(beginning, value)]
            assert not denied, (beginning, denied)
    assert any(not may_become(b, v) for b in became for v in values)


def test_no_completion_exists_where_it_says_no_strings():
    judge([(text, decode(text)) for text in STRINGS])


def test_no_completion_exists_where_it_says_no_numbers():
    judge(NUMBERS)


def test_no_completion_exists_where_it_says_no_once_an_exponent_has_begun():
    judge(
        [(text, Decimal(text.decode())) for text, _ in EXPONENTS if b"e" in text],
        may_assume=lambda beginning: b"e" in beginning,
    )


def test_where_it_says_yes_to_a_string_a_completion_exists():
    """The other way round, for strings: the value's own rest completes what is written."""
    values = sorted({decode(text) for text in STRINGS})
    cuts = {beginning for text in STRINGS[::7] for beginning in beginnings(text)}
    for beginning, value in itertools.product(cuts, values[::5]):
        exists = any(text.startswith(beginning) for text in every_spelling(value, beginning))
        assert may_become(beginning, value) == exists, (beginning, value)


def every_spelling(value: str, beginning: bytes):
    """All spellings of a value that agree with the beginning as far as either goes."""
    spelled = [b'"']
    for letter in value:
        ways = set(spellings_of(letter))
        units = letter.encode("utf-16-be", "surrogatepass")
        mixed = [[f"\\u{units[i : i + 2].hex()}", f"\\u{units[i : i + 2].hex().upper()}"]
                 for i in range(0, len(units), 2)]  # fmt: skip
        ways |= {"".join(pair).encode() for pair in itertools.product(*mixed)}
        grown = (text + way for text in spelled for way in ways)
        spelled = [t for t in grown if t.startswith(beginning) or beginning.startswith(t)]
    return [text + b'"' for text in spelled]


# -- pinned ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("beginning", [b"10", b"100", b"0", b"0.01"])
def test_the_stated_exception(beginning):
    # 10e-1, 100e-2, 0.1e1 and 0.01e2 are 1. No model writes so; "no" is the more useful answer.
    assert not may_become(beginning, 1)
    assert may_become(
        {b"10": b"10e-1", b"100": b"100e-2", b"0": b"0.1e1", b"0.01": b"0.01e2"}[beginning], 1
    )


def test_a_float_is_its_shortest_spelling():
    assert may_become(b"0.1", 0.1)
    assert not may_become(b"0.1000000000000000055", 0.1)  # the same double, another decimal


def test_no_text_becomes_an_infinity():
    assert not may_become(b"1e999", float("inf"))


@pytest.mark.parametrize(
    ("text", "value", "may"),
    [
        # Each of these was wrong once.
        (b"", "a", True),
        (b"", -1, True),
        (b"", None, True),
        (b'"a"', "a", True),
        (b'"a"', 'a"b', False),
        (b'"a"', "ab", False),
        (b"0", -0.0, True),
        (b"-0", 0, True),
        (b'"\\ud83d\xed', "\U0001f600", False),  # the second half cannot be written raw
        (b"9" * 30, int("9" * 30), True),
        (b"9" * 29 + b"8", int("9" * 30), False),
        (b"9" * 40 + b"e", int("9" * 40), True),
        (b"9" * 5000, Decimal("9" * 5000), True),
        (b"truth", True, False),
        # and these are as one expects
        (b"true", 1, False),
        (b"1", True, False),
        (b"null", None, True),
        (b'"1', 1, False),
        (b"1", "1", False),
        (b"[", [], False),
    ],
)
def test_fixed_cases(text, value, may):
    assert may_become(text, value) is may


def test_an_integer_too_long_for_the_interpreter_to_print():
    # Not above: pytest could not name the case.
    assert may_become(b"10", 10**5000)
    assert not may_become(b"11", 10**5000)

"""Law 9: cost grows linearly with tokens.

Nothing here looks at a clock. Work is counted: the interpreter's steps (bytecodes), and the bytes
that were copied or searched below it, where one step may do much.
"""

import sys
from collections.abc import Callable, Iterable

import pytest

from fieldconf.parsing import finder as finder_module
from fieldconf.parsing import search as search_module
from fieldconf.parsing.finder import Finder
from fieldconf.parsing.parser import JSONParser
from fieldconf.parsing.values import ValueBuilder

UNIT = 60  # the smaller text, in repetitions; the larger one is ten times as long


class Counted(bytes):
    """Bytes that count what is copied out of them and searched in them."""

    touched = 0

    def _made(self, made: bytes) -> "Counted":
        Counted.touched += len(made)
        return Counted(made)

    def __getitem__(self, index):
        got = super().__getitem__(index)
        return self._made(got) if isinstance(index, slice) else got

    def __add__(self, other):
        return self._made(bytes(self) + bytes(other))

    def __radd__(self, other):
        return self._made(bytes(other) + bytes(self))

    def find(self, what, start=0):
        at = super().find(what, start)
        Counted.touched += (at if at >= 0 else len(self)) - start
        return at

    def strip(self, what):
        Counted.touched += len(self)
        return super().strip(what)


class CountedPattern:
    """A pattern that counts how far it looked."""

    def __init__(self, pattern):
        self.pattern = pattern

    def finditer(self, text, start):
        for match in self.pattern.finditer(bytes(text), start):
            Counted.touched += match.end() - start
            start = match.end()
            yield match
        Counted.touched += len(text) - start

    def search(self, text, start):
        match = self.pattern.search(bytes(text), start)
        Counted.touched += (match.end() if match else len(text)) - start
        return match


def steps(work: Callable[[], object]) -> int:
    """How many bytecodes ran."""
    count = 0

    def trace(frame, event, _argument):
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def cost(make: Callable[[], JSONParser | Finder], text: bytes, size: int) -> int:
    """All the work of reading a text in pieces of one size."""
    pieces = [Counted(text[i : i + size]) for i in range(0, len(text), size)]
    machine, tree = make(), ValueBuilder()

    def work():
        for piece in pieces:
            for event in machine.feed(piece):
                tree.take(event)
        machine.close()

    Counted.touched = 0
    return steps(work) + Counted.touched


def keys(count: int) -> bytes:
    return b"{%b}" % b",".join(b'"k%d":%d' % (i, i) for i in range(count))


ADVERSARIES: dict[str, Callable[[int], bytes]] = {
    "long string": lambda n: b'["' + b"x" * n + b'"]',
    "escapes": lambda n: b'["' + b"\\ud83d" * n,
    "four-byte characters": lambda n: b'["' + "\U0001f600".encode() * n,
    "[": lambda n: b"[" * n,
    "{": lambda n: b"{" * n,
    '{"': lambda n: b'{"' * n,
    '{"":': lambda n: b'{"":' * n,
    "[ and ]": lambda n: b"[" + b"[]," * n + b"0]",
    "long number": lambda n: b"[" + b"9" * n + b"]",
    "long fraction": lambda n: b"0." + b"9" * n,
    "many keys": keys,
    "white space": lambda n: b"[1," + b" \n" * n + b"2]",
    "an error and more": lambda n: b"[x" + b"1," * n,
}
PROSE: dict[str, Callable[[int], bytes]] = {
    "open braces": lambda n: b"{ " * n,
    "brackets": lambda n: b"see [x] and {y} " * n,
    "nested brackets": lambda n: b"[[x " * n,
    "keys that hold braces": lambda n: b'{"{{":' * n + b"x ",
    "braces inside of keys inside of braces": lambda n: (b'{":' * 15 + b"x ") * (n // 10),
    "strings that break": lambda n: b'{"{{{{{{{{\n' * n,
    "reasoning": lambda n: b"<think>" + b"so { it [ is " * n,
    "many reasonings": lambda n: b"<think></think>" * n + b"[1]",
    "many fences": lambda n: b"```\n" * n + b"[1]",
    "blanks before": lambda n: b" \n" * n + b"[1]",
    "blanks after a scalar": lambda n: b"1" + b" \n" * n,
    "blanks in a fence": lambda n: b"```" + b" " * n + b"\n[1]",
    "a scalar that is none": lambda n: b'"' + b"{x" * n + b'" {',
    "after the value": lambda n: b"[1]" + b" {x" * n,
    "many values": lambda n: b"[1] " * n,
    "values of another kind": lambda n: b'{"a":"b"}, ' * n,
    "drafts": lambda n: b"[1] </think> " * n,
    "half marks": lambda n: b"<thin [/THIN " * n,
    "reasoning behind the value": lambda n: b"[1] so <think>" + b"x [ y " * n,
}


def is_linear(make, text_of: Callable[[int], bytes], sizes: Iterable[int]) -> None:
    for size in sizes:
        cost(make, text_of(UNIT), size)  # Python 3.13 does not count what runs first
        little, much = (cost(make, text_of(n), size) for n in (UNIT, 10 * UNIT))
        assert much <= 12 * little, (size, little, much)


@pytest.mark.parametrize("text_of", ADVERSARIES.values(), ids=ADVERSARIES)
def test_the_parser_is_linear(text_of):
    """Law 9: cost grows linearly with tokens (ten times the bytes, at most twelve the work)."""
    is_linear(JSONParser, text_of, (1, 4, 10**9))


@pytest.fixture
def _small_attempts(monkeypatch):
    # A tentative attempt may cost as much as it is long; a short one shows growth in a short text.
    monkeypatch.setattr(search_module, "_TENTATIVE_BYTES", 32)
    for module in (search_module, finder_module):
        monkeypatch.setattr(module, "BLOCK", 8)
    for name in ("_STOPS", "_CUT"):
        monkeypatch.setattr(search_module, name, CountedPattern(getattr(search_module, name)))
    closings = {mark: CountedPattern(one) for mark, one in search_module._CLOSINGS.items()}
    monkeypatch.setattr(search_module, "_CLOSINGS", closings)


@pytest.mark.usefixtures("_small_attempts")
@pytest.mark.parametrize("text_of", (ADVERSARIES | PROSE).values(), ids=ADVERSARIES | PROSE)
def test_the_finder_is_linear(text_of):
    """Law 9 for a value inside of other text: prose full of braces, reasoning, white space."""
    is_linear(Finder, text_of, (3, 10**9))


@pytest.mark.parametrize("text_of", PROSE.values(), ids=PROSE)
def test_the_finder_keeps_little(text_of):
    """Law 9, its reason: what is kept between two pieces does not grow with the text."""
    finder = Finder()
    text = text_of(2000)
    for i in range(0, len(text), 7):
        finder.feed(text[i : i + 7])
        assert len(finder._search._pending) < 4096 + 7


@pytest.mark.parametrize("attempt", [100, 1000])
def test_containers_of_a_failed_attempt_are_passed_over(attempt):
    """Law 9: an attempt inside of a failed one is not made where it would fail at the same place.

    Two attempts read this text, each at the braces inside of the other's keys. An attempt at every
    brace would read it ``attempt`` times.
    """
    text = b'{":' * attempt + b"x"
    little = cost(Finder, text, 10**9)
    assert little <= 500 * len(text)


def test_the_count_sees_quadratic_work():
    # The measure itself: reading everything again with every piece must not pass for linear.
    class Again(JSONParser):
        __slots__ = ("read",)

        def feed(self, data):
            self.read = getattr(self, "read", b"") + data
            return []

    with pytest.raises(AssertionError):
        is_linear(Again, ADVERSARIES["long string"], (1,))

"""However long a pattern would take: all its matches together take a bounded time.

No clock is looked at: the pattern is a stand-in that says how long it takes, and the clock its.
"""

import pytest
import regex

from fieldconf.schema import compile_schema, regexes
from fieldconf.schema.constraints import _StringForm
from fieldconf.schema.regexes import PATIENCE, REFILL, Patience, compiled


class Clock:
    """A clock, and a pattern whose searches take as long as they are told."""

    def __init__(self):
        self.now, self.takes = 0.0, 0.0

    def search(self, text, *, partial=False, timeout):
        del partial
        self.now += min(self.takes, timeout)
        if self.takes > timeout:
            raise TimeoutError
        return text if text == "fits" else None


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(regexes.time, "thread_time", lambda: made.now)
    return made


@pytest.mark.parametrize("takes", [1e9, PATIENCE * 0.99, PATIENCE / 2, REFILL * 1.5])
def test_all_matches_together_take_a_bounded_time(clock, takes):
    """Also where each match, by itself, takes a little less than one may."""
    patience, clock.takes = Patience(), takes
    for count in range(1, 2000):
        patience.search(clock, "text")
        assert clock.now <= PATIENCE + REFILL * count


def test_an_ordinary_pattern_is_always_asked(clock):
    patience, clock.takes = Patience(), REFILL / 2
    assert [patience.search(clock, text) for text in ["fits", "not"] * 1000] == [True, False] * 1000


def test_a_pattern_is_asked_again_when_its_texts_are_harmless(clock):
    patience, clock.takes = Patience(), 1e9
    assert [patience.search(clock, "fits") for _ in range(3)] == [None] * 3
    clock.takes = REFILL / 2
    assert patience.search(clock, "fits") is True
    assert patience.search(clock, "not") is False


def test_what_takes_too_long_is_allowed(clock):
    form, clock.takes = _StringForm(clock), 1e9
    assert form.allows("not", done=True)
    clock.takes = 0.0
    assert not form.allows("not", done=True)


def test_a_real_pattern_gives_up():
    patience = Patience()
    assert patience.search(compiled("^(a|aa)+$"), "a" * 60 + "b") is None
    assert patience.search(compiled("^b+$"), "bbb") is True
    assert patience.search(regex.compile("^ab"), "a", partial=True) is True


def test_keys_that_a_slow_pattern_may_mean(monkeypatch):
    """A key of which that is not known counts as one that the pattern means."""
    tries = 0
    search = Patience.search

    def counted(patience, *given, **named):
        nonlocal tries
        tries += 1
        patience.seconds = 0.0  # as behind many slow keys
        return search(patience, *given, **named)

    monkeypatch.setattr(Patience, "search", counted)
    slow = {"patternProperties": {"^(a|aa)+$": {"type": "boolean"}}, "additionalProperties": False}
    place = compile_schema(slow).root.inside("a" * 60 + "b")
    assert tries
    assert place.declared.members == (True, False)

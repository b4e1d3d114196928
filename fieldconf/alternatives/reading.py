"""Reading: what one candidate would have meant.

In:    a step (a token and the parser before it) and one of its candidates.
Out:   a ``Reading``: where the candidate leads, for the value at a path.
Never: a look at probabilities.
Why:   everything said of alternatives rests on this one question, asked of a fork of the parser.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from fieldconf.align import Step
from fieldconf.grammar import decode
from fieldconf.jsonparser import Event, JSONParser
from fieldconf.paths import Path
from fieldconf.prefix import may_become
from fieldconf.schema import same
from fieldconf.spelling import is_control
from fieldconf.tokens import Candidate, Token


class Reading(NamedTuple):
    """Where a candidate leads: ``text`` is the JSON text of the value at the path, so far."""

    state: Literal["dead", "before", "partial", "open", "done"]
    text: bytes = b""


_IN_SCALAR = ("string", "number", "literal")
IN_EARLIER = ("after", *_IN_SCALAR)
_DEAD = Reading("dead")
_BEFORE = Reading("before")


def read(step: Step, candidate: Candidate, path: Path) -> Reading:
    """Feed a candidate to a fork of the parser, and say what became of the value at ``path``."""
    fed = feed(step, candidate, lambda event: event.path == path and event.type != "key")
    if fed is None:
        return _DEAD
    fork, events = fed
    for event in events:
        if event.path == path and event.type != "key":
            return Reading("open" if event.type == "open" else "done", event.raw)
    if fork.path == path:
        return Reading("partial", fork.text) if fork.text else _BEFORE
    return _BEFORE if _is_before(fork, path) else _DEAD


def feed(
    step: Step, candidate: Candidate, is_target: Callable[[Event], bool]
) -> tuple[JSONParser, list[Event]] | None:
    """The parser after a candidate, and the events; None if it breaks JSON or an earlier value.

    What the chosen token wrote before the target is given: a candidate that would have written
    another item before it says nothing about the target.
    """
    data = candidate.bytes
    if not data or is_control(candidate):
        return None
    fork = step.parser.fork()
    events = fork.feed(data)
    if fork.error is not None or not _keeps(step, fork, events, is_target):
        return None
    return fork, events


def _keeps(
    step: Step, fork: JSONParser, events: Sequence[Event], is_target: Callable[[Event], bool]
) -> bool:
    """Whether a candidate agrees with the chosen token as far as that wrote before the target."""
    written = _events_of(step.parser, step.written)
    earlier = list(itertools.takewhile(lambda event: not is_target(event), written))
    for one, other in zip(earlier, events, strict=False):
        if (one.type, one.path) != (other.type, other.path):
            return False
        if one.type == "scalar" and not same(decode(one.raw), decode(other.raw)):
            return False
    if len(events) >= len(earlier) or not fork.text:
        return True
    following = earlier[len(events)]
    return following.type in ("scalar", "key") and may_become(fork.text, decode(following.raw))


@lru_cache(maxsize=8)
def _events_of(parser: JSONParser, written: bytes) -> tuple[Event, ...]:
    """What the chosen token closed; asked for each candidate of a step, so a few are kept."""
    return tuple(parser.fork().feed(written))


def _is_before(fork: JSONParser, path: Path) -> bool:
    """Whether the fork is in the container around, and the value at the path may still follow."""
    if not path:
        return False
    if fork.place in IN_EARLIER:
        return fork.path[:-1] == path[:-1] and fork.path != path
    if fork.place != "key" or fork.path != path[:-1]:
        return False
    return not fork.text or may_become(fork.text, path[-1])


def may_be(reading: Reading, value: Any) -> bool:
    """Whether a reading can still end as this value."""
    if reading.state == "before":
        return True
    if reading.state == "done":
        return same(decode(reading.text), value) if reading.text not in (b"{", b"[") else False
    return reading.state == "partial" and may_become(reading.text, value)


# -- one step -----------------------------------------------------------------------------------


_LEAST = -700.0  # exp of it is still above zero: what was chosen had some probability
_BROKEN = "\ufffd".encode()


def listed(step: Step, token: Token) -> tuple[list[Candidate], int]:
    """The candidates that can be read and the position of the chosen one, put in if missing.

    Where the token itself is listed in a disguise (its bytes are not what it wrote), so are its
    candidates, and none of them can be read. What cannot be read counts as not listed.
    """
    assert token.logprob is not None  # the callers look
    shown = step.written.decode("utf-8", "replace")
    chosen = Candidate(shown, step.written, max(token.logprob, _LEAST))
    is_plain = token.bytes == step.written
    candidates = [c for c in token.candidates if _is_readable(c)] if is_plain else []
    for position, candidate in enumerate(candidates):
        if candidate.bytes == step.written:
            candidates[position] = chosen
            return candidates, position
    return [*candidates, chosen], len(candidates)


def _is_readable(candidate: Candidate) -> bool:
    """Whether its bytes are known: not for parts of characters that were made text."""
    return _BROKEN not in candidate.bytes and (candidate.raw is not None or candidate.text != "")


def unseen_mass(candidates: Iterable[Candidate]) -> float:
    """The mass (0..1) that the server did not list."""
    return max(0.0, 1.0 - math.fsum(math.exp(c.logprob) for c in candidates))

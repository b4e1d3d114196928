"""Listed: the tokens of raw entries, their candidates left as they came until someone looks.

In:    ``RawEntry`` values of one list.
Out:   the ``Token`` values that ``entries.read`` makes of the same list.
Never: a token believed on less than its whole list: ``entries.make`` asks the same questions, here
       those come first that nearly every token answers.
Why:   nearly every token stands in its own list with its own number, and the list is one of
       probabilities; nearly no list is looked at for more.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, cast, overload

from msgspec import Struct

from fieldconf.tokens import MASKED_CANDIDATE, NOT_A_LOGPROB, Candidate, Token, unchecked
from fieldconf.wire import entries
from fieldconf.wire.raw import OCTETS, RawCandidate, RawEntry

_SURELY = entries.MOST_MASS - 1e-9  # two ways to add up the same numbers differ by less

_new_candidate, _new_token = unchecked(Candidate), unchecked(Token)


class Listed(Struct, gc=False, eq=False):
    """The candidates of a token, made when they are first asked for; it equals their tuple.

    Attributes:
        raw: as they came, each with a number.
        has_masked: whether the server's grammar excluded one of them.
        made: they themselves, once they are.
    """

    raw: Sequence[RawCandidate]
    has_masked: bool
    made: tuple[Candidate, ...] | None = None

    def all(self) -> tuple[Candidate, ...]:
        """The candidates."""
        raw, made = self.raw, self.made  # in this order: another thread may be here, too
        if made is None:
            made = self.made = _candidates(raw)
            self.raw = ()
        return made

    def __len__(self) -> int:
        raw, made = self.raw, self.made
        return len(raw if made is None else made)

    @overload
    def __getitem__(self, place: int) -> Candidate: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, place: int | slice) -> Candidate | tuple[Candidate, ...]:
        return self.all()[place]

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.all())

    def __contains__(self, item: object) -> bool:
        return item in self.all()

    def __reversed__(self) -> Iterator[Candidate]:
        return reversed(self.all())

    def index(self, *args: Any) -> int:
        """As of a tuple."""
        return self.all().index(*args)

    def count(self, value: Any) -> int:
        """As of a tuple."""
        return self.all().count(value)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Listed):
            return self.all() == other.all()
        return self.all() == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.all())

    def __repr__(self) -> str:
        return repr(self.all())

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self.all(),)


cast("Any", Sequence).register(Listed)


def read(listed: Sequence[RawEntry]) -> tuple[Token, ...]:
    """The tokens of a list of entries."""
    found: list[Token] = []
    for entry in listed:
        shown, logprob, top = entry.token, entry.logprob, entry.top_logprobs
        if type(logprob) is float and MASKED_CANDIDATE < logprob <= 0 and _is_text(shown):
            raw, number = OCTETS[bytes(entry.listed)], entry.id
            if not top:
                candidates = () if number is None and entry.token_id is None else None
            else:
                candidates = _witness(entry, shown, raw, logprob, top)
            if candidates is not None:
                found.append(_new_token((shown, raw, logprob, candidates, number, "")))
                continue
        found.append(entries.token(entry))
    return tuple(found)


def has_masked(candidates: Sequence[Candidate]) -> bool:
    """Whether one of a token's candidates was excluded by the server's grammar."""
    if isinstance(candidates, Listed):
        return candidates.has_masked
    return any(candidate.logprob == -math.inf for candidate in candidates)


def _is_text(shown: str) -> bool:
    """Whether a token is named by its text, for sure."""
    return shown != "" and shown[:9] != "token_id:"


def _witness(
    entry: RawEntry, shown: str, raw: bytes | None, logprob: float, top: list[RawCandidate]
) -> Listed | None:
    """The list of a token that it bears out; None where that takes a closer look."""
    first = top[0]
    if first.token != shown or first.logprob != logprob:
        first = next((c for c in top if c.token == shown and c.logprob == logprob), None)
        if first is None or not _is_text(top[0].token):
            return None
    its = OCTETS[bytes(first.listed)]
    if its != raw and its is not None and raw is not None:
        return None
    if entry.id is not None or entry.token_id is not None:
        ids = [c.id for c in top]
        is_own = first.id == entry.id and ids.count(entry.id) == 1 and raw is not None
        if not is_own or (entry.id or 0) < 0 or any(c.token_id is not None for c in top):
            return None
    return _believed(top)


def _believed(top: list[RawCandidate]) -> Listed | None:
    """A list that is one of logprobs, all of them known."""
    numbers: list[Any] = [candidate.logprob for candidate in top]
    try:
        numbers.sort()
    except TypeError:  # one of them is missing
        return None
    least, most = numbers[0], numbers[-1]
    if least <= NOT_A_LOGPROB or most > 0:
        return None
    if len(numbers) > 1:
        mass = math.exp(most) + (len(numbers) - 1) * math.exp(numbers[-2])  # at most
        if mass > _SURELY and sum(map(math.exp, numbers)) > _SURELY:
            return None
    return Listed(top, least <= MASKED_CANDIDATE and MASKED_CANDIDATE in numbers)


def _candidates(listed: Sequence[RawCandidate]) -> tuple[Candidate, ...]:
    made: list[Candidate] = []
    for one in listed:
        shown, number, logprob = one.token, one.id, one.logprob
        if number is not None or one.token_id is not None or not _is_text(shown):
            return entries.candidates(map(entries.row, listed))
        known = -math.inf if logprob == MASKED_CANDIDATE else float(cast("float", logprob))
        made.append(_new_candidate((shown, OCTETS[bytes(one.listed)], known, None)))
    return tuple(made)

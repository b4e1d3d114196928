"""Lazy candidates: the tokens of raw entries; their candidates are built when they are accessed.

In:    ``RawEntry`` values of one list.
Out:   the ``Token`` values that ``entries.read`` builds from the same list.
Never: a check of ``entries.make`` left out: quick checks that nearly every token passes come first.
Why:   nearly every token is in its own list with its own logprob, and most candidates are never
       used.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from operator import eq
from typing import Any, cast, overload

from msgspec import Struct

from fieldconf.responses.fast.from_json import (
    OCTETS,
    SPELT,
    RawCandidate,
    RawEntry,
    RawNumbered,
    RawNumberedEntry,
)
from fieldconf.responses.formats import entries
from fieldconf.tokens.token import (
    MASKED_CANDIDATE,
    NOT_A_LOGPROB,
    Candidate,
    Token,
    unchecked,
    utf8,
)

_SURELY = entries.MOST_MASS - 1e-9  # two ways to add up the same numbers differ by less

_new_candidate, _new_token = unchecked(Candidate), unchecked(Token)


class LazyCandidates(Struct, gc=False, eq=False):
    """The candidates of a token, built when they are first accessed; equal to their tuple.

    Attributes:
        raw: the entries as they came, each with a number.
        has_forbidden: whether the server's grammar excluded one of them.
        built: the candidates, once they are built.
    """

    raw: Sequence[RawCandidate]
    has_forbidden: bool
    built: tuple[Candidate, ...] | None = None

    def all(self) -> tuple[Candidate, ...]:
        """The candidates."""
        raw, built = self.raw, self.built  # in this order: another thread may be here, too
        if built is None:
            built = self.built = self.build(raw)
            self.raw = ()
        return built

    def peek(self) -> tuple[Candidate, ...]:
        """The candidates, without storing them: most lists are read once, and answers are long."""
        raw, built = self.raw, self.built
        return self.build(raw) if built is None else built

    def build(self, raw: Sequence[Any]) -> tuple[Candidate, ...]:
        """The candidates of raw entries."""
        return _candidates(raw)

    def __len__(self) -> int:
        raw, built = self.raw, self.built
        return len(raw if built is None else built)

    @overload
    def __getitem__(self, place: int) -> Candidate: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, place: int | slice) -> Candidate | tuple[Candidate, ...]:
        return self.all()[place]

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.all())

    index, count = Sequence[Candidate].index, Sequence[Candidate].count

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LazyCandidates):
            return self.all() == other.all()
        return self.all() == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.all())

    def __repr__(self) -> str:
        return repr(self.all())

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self.all(),)


cast("Any", Sequence).register(LazyCandidates)

_WITHOUT_IDS = frozenset({RawCandidate, RawEntry})


def columns(candidates: Sequence[Candidate]) -> tuple[list[str], list[float]] | None:
    """Texts and logprobs of candidates; None if the bytes are not the texts', or there are ids."""
    if not candidates:
        return None
    texts, raws, logprobs, ids = zip(*candidates, strict=True)
    are_spelt = raws == tuple(map(utf8, texts)) or raws.count(None) == len(raws)
    if not are_spelt or "" in texts or ids.count(None) < len(ids):
        return None
    return list(texts), list(logprobs)


def all_columns(lists: Sequence[LazyCandidates]) -> tuple[list[str], list[float]] | None:
    """The columns of several lists, joined; no candidate is built."""
    raws = [candidates.raw for candidates in lists]
    rows = [candidate for raw in raws for candidate in raw]
    are_made = any(candidates.built is not None for candidates in lists)
    if are_made or not rows or not _WITHOUT_IDS.issuperset(map(type, rows)):
        return None
    texts = [row.token for row in rows]
    if [SPELT[row] for row in map(bytes, [row.listed for row in rows])] != texts:
        return None
    if not _are_texts(texts):
        return None
    numbers: list[Any] = [row.logprob for row in rows]
    if any(candidates.has_forbidden for candidates in lists):
        numbers = _floats(numbers)
    return texts, numbers


def has_forbidden(candidates: Sequence[Candidate]) -> bool:
    """Whether one of a token's candidates was excluded by the server's grammar."""
    if isinstance(candidates, LazyCandidates):
        return candidates.has_forbidden
    return any(candidate.logprob == -math.inf for candidate in candidates)


# -- the tokens of a list -------------------------------------------------------------------------


def read(raw_entries: Sequence[RawEntry] | Sequence[RawNumberedEntry]) -> tuple[Token, ...]:
    """The tokens of a list of entries.

    It works by columns: most entries have no ids, and are the first of their own lists, with the
    same logprob. Other entries are read one by one.
    """
    shown = [entry.token for entry in raw_entries]
    is_plain = (
        bool(shown) and not isinstance(raw_entries[0], RawNumberedEntry) and _are_texts(shown)
    )
    try:
        logprobs = [_NONE if e.logprob is None else float(e.logprob) for e in raw_entries]
    except OverflowError:  # an integer of hundreds of digits
        is_plain, logprobs = False, []
    if not is_plain:
        return tuple(_alone(raw_entries, place) for place in range(len(raw_entries)))
    raws, tops = _octets(raw_entries), [entry.top_logprobs for entry in raw_entries]
    lists: list[Sequence[Candidate]] = [()] * len(tops)
    apart: list[int] = []
    if any(tops):
        firsts = [top[0] if top else entry for entry, top in zip(raw_entries, tops, strict=True)]
        heads = zip(
            [o.token for o in firsts], _octets(firsts), [o.logprob for o in firsts], strict=True
        )
        lists, apart = _believed(tops)
        are_first = map(eq, zip(shown, raws, logprobs, strict=True), heads)
        apart += [place for place, is_first in enumerate(are_first) if not is_first]
    if min(logprobs) <= MASKED_CANDIDATE or max(logprobs) > 0:
        apart += [
            place for place, logprob in enumerate(logprobs) if not MASKED_CANDIDATE < logprob <= 0
        ]
    rows = zip(shown, _spelled(shown, raws), logprobs, lists, repeat(None), repeat(""))
    tokens = list(map(_new_token, rows))
    for place in set(apart):
        tokens[place] = _alone(raw_entries, place)
    return tuple(tokens)


_NONE = math.inf  # in place of a missing logprob: no logprob is infinite


def _octets(rows: Sequence[RawCandidate]) -> list[bytes | None]:
    return list(map(OCTETS.__getitem__, map(bytes, [row.listed for row in rows])))


def _spelled(shown: Sequence[str], raws: list[bytes | None]) -> list[bytes | None]:
    """The bytes that servers gave; None for code points."""
    if b"".join(filter(None, raws)).isascii():
        return raws
    return list(map(entries.spelled, shown, raws))


def _are_texts(shown: Sequence[str]) -> bool:
    """Whether all names are certainly texts, not ids."""
    return "" not in shown and "\ntoken_id:" not in "\n" + "\n".join(shown)


def _believed(
    tops: Iterable[Sequence[RawCandidate] | None],
) -> tuple[list[Sequence[Candidate]], list[int]]:
    """The candidates of each token; and the places of the lists that need a closer look.

    The probabilities of a list may not exceed 1 by much. Their sum is checked only if the second
    largest, taken for all others, could make it too large.
    """
    lists: list[Any] = []
    apart: list[int] = []
    size, enough = 0, 0.0  # the size of the last list, and the limit for its second largest logprob
    for top in tops:
        if not top:
            lists.append(())
            continue
        numbers: list[Any] = [candidate.logprob for candidate in top]
        if len(numbers) != size:
            size = len(numbers)
            enough = math.log((_SURELY - 1) / max(size - 1, 1))
        try:
            numbers.sort()
            is_apart = (
                numbers[-1] > 0
                or numbers[0] <= NOT_A_LOGPROB
                or (numbers[-2:][0] > enough and sum(map(math.exp, numbers)) > _SURELY)
                or (size >= entries.FEWEST_ALIKE and top[0].token == top[-1].token)
            )
        except TypeError:  # one of them is missing
            is_apart = True
        if is_apart:
            apart.append(len(lists))
        has_masked = not is_apart and numbers[0] <= MASKED_CANDIDATE and MASKED_CANDIDATE in numbers
        lists.append(LazyCandidates(top, has_masked))
    return lists, apart


def _alone(raw_entries: Sequence[RawEntry] | Sequence[RawNumberedEntry], place: int) -> Token:
    """The token of one entry, which may have an id, and be anywhere in its list."""
    entry = raw_entries[place]
    shown, logprob, top = entry.token, entry.logprob, entry.top_logprobs
    if top and logprob is not None and MASKED_CANDIDATE < logprob <= 0 and _are_texts([shown]):
        own = next((c for c in top if c.logprob == logprob and c.token == shown), None)
        is_own = own is not None and own.bytes == entry.bytes and _are_texts([top[0].token])
        if own is not None and is_own and _is_identified(entry, own):
            (candidates,), doubted = _believed([top])
            if not doubted:
                number = entry.id if isinstance(entry, RawNumberedEntry) else None
                return Token(
                    shown, entries.spelled(shown, own.bytes), float(logprob), candidates, number
                )
    before = raw_entries[place - 1] if place else None
    is_copied = before is not None and bool(top) and before.top_logprobs == top
    earlier = entries.listed_with(before) if is_copied else ()
    return entries.token(entry, entries.listed_with(entry), earlier)


def _is_identified(entry: RawEntry | RawNumberedEntry, own: RawCandidate) -> bool:
    """Whether a token's id, if any, is that of its own candidate and of no other."""
    if isinstance(entry, RawEntry):
        return True
    top = entry.top_logprobs or ()
    if any(row.token_id is not None for row in (entry, *top)):
        return False
    ids = [row.id for row in top if row.id is not None]
    if len(set(ids)) < len(ids):
        return False
    is_one = isinstance(own, RawNumbered) and own.id == entry.id and entry.id in ids
    return entry.id is None or (is_one and entry.id >= 0 and own.bytes is not None)


def _candidates(rows: Sequence[RawCandidate]) -> tuple[Candidate, ...]:
    shown = [row.token for row in rows]
    if isinstance(rows[0], RawNumbered) or not _are_texts(shown):
        return entries.candidates(map(entries.row, rows))
    numbers = _floats([row.logprob for row in rows])
    raws = _spelled(shown, _octets(rows))
    return tuple(map(_new_candidate, zip(shown, raws, numbers, repeat(None))))


def _floats(values: list[Any]) -> list[float]:
    numbers = list(map(float, values))
    if MASKED_CANDIDATE in numbers:
        numbers = [-math.inf if number == MASKED_CANDIDATE else number for number in numbers]
    return numbers

"""Completions: answers with logprobs, and their true numbers.

In:    a schema, or None to draw one; how the text is cut into tokens; the confidence.
Out:   a strategy of ``Case``.
Never: a true number that was not chosen before the tokens were made.
Why:   a report is right if it gives the numbers that the tokens were made from.

The values of few (booleans, enums, small integers) get probabilities first. Each token of such a
value then lists itself, with the mass of all members that go on as it does, and each other member
as one token: a full list, in which nothing stays undecided.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple, cast

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from fieldconf.fields.field_scorer import FREE_TEXT_CHARACTERS
from fieldconf.fields.token_sums import LONGEST_TOKEN
from fieldconf.parsing.kinds import kind_of, same
from fieldconf.paths import Path, pointer
from fieldconf.schema import Declared, SchemaNode, compile_schema
from fieldconf.strategies.cases import STYLES, Case, Span, Style, Truth, written
from fieldconf.strategies.instances import instances
from fieldconf.strategies.schemas import schemas
from fieldconf.strategies.tokenisations import Cut, tokenisations
from fieldconf.tokens.token import Candidate, Token

PROBABILITIES: SearchStrategy[float] = st.sampled_from([1.0, 0.99, 0.9, 0.5]) | st.floats(0.001, 1)
"""Those of tokens and of the members that are written: sure ones first."""

MOST_MEMBERS = 20
"""Values of more than these are written as if there were no list: servers list twenty."""

_JUNK = (b"Sure", b"zz", b"<|x|>")  # what a model may want to say where the schema forbids it


def completions(
    schema: Any = None,
    *,
    values: SearchStrategy[Any] | None = None,
    cuts: Cut = None,
    confidence: SearchStrategy[float] | None = None,
    top_logprobs: int | None = None,
    has_off_schema: bool = False,
) -> SearchStrategy[Case]:
    """Completions with logprobs whose truth is known. They shrink to one sure token.

    Args:
        schema: a pydantic model or type, a JSON Schema, or a strategy of these; drawn by
            ``schemas`` where nothing is said.
        values: plain JSON values to answer with, instead of any that keep to the schema.
        cuts: where the text is cut into tokens, see ``tokenisations``.
        confidence: the probabilities (above 0, at most 1) of members that are written, and of the
            tokens of all else.
        top_logprobs: how many candidates each token lists; all of them where nothing is said. With
            fewer, what is true lies between the bounds of the report, and ``Truth.confidence`` of
            values of few is None.
        has_off_schema: whether the model also wants to say what the schema forbids, as on servers
            whose numbers stand before the mask. It changes logprobs, and no confidence.

    Raises:
        SchemaError: if it is no schema, or no values can be drawn for it; see ``instances``.

    >>> import fieldconf as fc
    >>> from hypothesis import given
    >>> @given(completions(bool))
    ... def test(case):
    ...     found = fc.score(case.response, case.schema).confidence
    ...     assert abs(found - case.truth[""].confidence) < 1e-9
    >>> test()
    """
    probabilities = PROBABILITIES if confidence is None else confidence
    wanted = _Options(cuts, probabilities, top_logprobs, has_off_schema)

    def answered(schema: Any) -> SearchStrategy[Case]:
        return _cases(schema, instances(schema) if values is None else values, wanted)

    if schema is None:
        return schemas().flatmap(answered)
    if isinstance(schema, SearchStrategy):
        return cast("SearchStrategy[Any]", schema).flatmap(answered)
    return answered(schema)


class _Options(NamedTuple):
    cuts: Cut
    probability: SearchStrategy[float]
    top_logprobs: int | None
    has_off_schema: bool


@st.composite
def _cases(draw: DrawFn, schema: Any, values: SearchStrategy[Any], wanted: _Options) -> Case:
    value = draw(values)
    style = draw(st.sampled_from(STYLES))
    text, spans = written(value, style)
    pieces = draw(tokenisations(text, cuts=wanted.cuts))
    maker = _Maker(draw, wanted, text.encode(), pieces, style)
    return maker.made(schema, spans)


# -- the tokens of one answer ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Few:
    """A value that is one of a few members: its pieces, and the bytes of each member instead.

    Attributes:
        first, last: the half-open range of the pieces that spell the value.
        members: each member with its probability.
        texts: the bytes of each member, from the beginning of the first piece on.
    """

    first: int
    last: int
    members: tuple[tuple[Any, float], ...]
    texts: tuple[bytes, ...]


class _Maker:
    def __init__(
        self, draw: DrawFn, wanted: _Options, data: bytes, pieces: Sequence[bytes], style: Style
    ) -> None:
        self._draw, self._wanted, self._style = draw, wanted, style
        self._data, self._pieces = data, pieces
        self._ends = list(accumulate(map(len, pieces)))

    def made(self, schema: Any, spans: Mapping[Path, Span]) -> Case:
        declared = {path: _declared_at(compile_schema(schema).root, path, spans) for path in spans}
        leaves = {  # scalars and empty containers
            path: span for path, span in spans.items()
            if not span.value or not isinstance(span.value, (dict, list))
        }  # fmt: skip
        alone = self._alone(leaves)
        few = {
            path: choice
            for path, span in leaves.items()
            if path in alone and (choice := self._few(span, declared[path])) is not None
        }
        of_few: dict[int, Token] = {}
        for choice in few.values():
            of_few |= self._of_few(choice)
        tokens = [of_few.get(i) or self._plain(piece) for i, piece in enumerate(self._pieces)]
        in_few = {index for f in few.values() for index in range(f.first, f.last)}
        truth: dict[str, Truth] = {}
        for path, span in spans.items():
            first, last = self._touching(span)
            choice, confidence = few.get(path), None
            if choice and self._wanted.top_logprobs is None:
                confidence = next(p for m, p in choice.members if same(m, span.value))
            elif not choice and path in leaves:
                edge = self._edge(path, spans)
                confidence = self._joint(span, edge, declared[path], tokens, in_few)
            truth[pointer(path)] = Truth(
                *span,
                logprob=_sum(tokens[first:last]),
                confidence=confidence,
                probabilities=choice.members if choice else (),
                is_leaf=path in leaves,
            )
        return Case(schema, spans[()].value, self._data.decode(), tuple(tokens), truth)

    def _touching(self, span: Span) -> tuple[int, int]:
        """The half-open range of the pieces that overlap a span."""
        return bisect_right(self._ends, span.start), bisect_left(self._ends, span.stop) + 1

    def _alone(self, leaves: Mapping[Path, Span]) -> set[Path]:
        """The leaves whose pieces write no other leaf."""
        writes: dict[int, list[Path]] = {}
        for path, span in leaves.items():
            for index in range(*self._touching(span)):
                writes.setdefault(index, []).append(path)
        shared = {path for paths in writes.values() if len(paths) > 1 for path in paths}
        return {*leaves} - shared

    # -- values of few ----------------------------------------------------------------------------

    def _few(self, span: Span, declared: Declared | None) -> _Few | None:
        if declared is None or declared.members is None or declared.conf is not None:
            return None
        members = declared.members
        own = next((number for number, m in enumerate(members) if same(m, span.value)), None)
        if own is None or len(members) > MOST_MEMBERS:
            return None
        first, last = self._touching(span)
        start, stop = self._ends[first] - len(self._pieces[first]), self._ends[last - 1]
        before, behind = self._data[start : span.start], self._data[span.stop : stop]
        end = self._data[span.stop : span.stop + 1]  # a number ends with the byte behind it
        values = [*members[:own], span.value, *members[own + 1 :]]  # 1.0 as it is written
        texts = tuple(
            before + self._style.scalar(value).encode()
            + (behind or (end if kind_of(value) == "number" else b""))
            for value in values
        )  # fmt: skip
        written = self._data[start:stop]
        if any(text.startswith(written) for i, text in enumerate(texts) if i != own):
            return None
        return _Few(first, last, self._probabilities(members, own), texts)

    def _probabilities(self, members: Sequence[Any], own: int) -> tuple[tuple[Any, float], ...]:
        chance = self._draw(self._wanted.probability) if len(members) > 1 else 1.0
        weights = self._draw(
            st.lists(st.integers(1, 9), min_size=len(members) - 1, max_size=len(members) - 1)
        )
        others = [(1 - chance) * weight / sum(weights) for weight in weights]
        others.insert(own, chance)
        return tuple(zip(members, others, strict=True))

    # -- tokens -----------------------------------------------------------------------------------

    def _plain(self, piece: bytes) -> Token:
        """A token that lists itself and nothing else."""
        logprob = math.log(self._draw(self._wanted.probability))
        return _token(piece, logprob, [(piece, logprob)])

    def _of_few(self, few: _Few) -> dict[int, Token]:
        """The tokens of a value of few: each lists itself and the members that go other ways."""
        tokens: dict[int, Token] = {}
        left = list(zip(few.texts, (p for _, p in few.members), strict=True))
        for index in range(few.first, few.last):
            piece = self._pieces[index]
            total = math.fsum(p for _, p in left)
            junk, share = self._junk(text for text, _ in left)
            agreeing = [(text, p) for text, p in left if text.startswith(piece)]
            masses = {piece: math.fsum(p for _, p in agreeing) / total * (1 - share)}
            for text, p in left:
                if p and not text.startswith(piece):
                    masses[text] = p / total * (1 - share)
            masses |= {junk: share} if share else {}
            left = [(text[len(piece) :], p) for text, p in agreeing]
            candidates = [(text, math.log(min(p, 1.0))) for text, p in masses.items() if p]
            candidates = sorted(candidates, key=lambda pair: -pair[1])[: self._wanted.top_logprobs]
            tokens[index] = _token(piece, math.log(min(masses[piece], 1.0)), candidates)
        return tokens

    def _junk(self, texts: Iterable[bytes]) -> tuple[bytes, float]:
        """A text that no member begins with, and the mass that the model gives it."""
        if not self._wanted.has_off_schema:
            return b"", 0.0
        texts_seen = list(texts)
        junk = next((j for j in _JUNK if not any(t[:1] == j[:1] or not t for t in texts_seen)), b"")
        return junk, self._draw(st.sampled_from([0.0, 0.1, 0.5])) if junk else 0.0

    # -- what is true -----------------------------------------------------------------------------

    def _edge(self, path: Path, spans: Mapping[Path, Span]) -> int:
        """The offset at which the key, the item or the bracket before a value ends."""
        if not path:
            return 0
        *around, step = path
        if isinstance(step, str):
            return spans[path].start - len(self._style.colon)
        return spans[(*around, step - 1)].stop if step else spans[tuple(around)].start + 1

    def _joint(
        self, span: Span, edge: int, declared: Declared | None, tokens: Sequence[Token],
        in_few: set[int],
    ) -> float | None:  # fmt: skip
        """The product over the tokens that decide a short open value.

        All of them end behind the edge. The first may also spell text before the value; the last
        one of a number is the token that ends it.
        """
        kind, (first, last) = kind_of(span.value), self._touching(span)
        first = bisect_right(self._ends, edge)
        is_text = kind == "string" and len(span.value) <= FREE_TEXT_CHARACTERS
        is_short = kind == "number" or is_text
        if kind == "number" and span.stop < len(self._data) and self._ends[last - 1] == span.stop:
            last += 1
        pieces = self._pieces[first:last]
        is_long = max(map(len, pieces)) > LONGEST_TOKEN
        if declared is None or not _is_open(declared, span.value) or not is_short:
            return None
        if is_long or in_few & {*range(first, last)}:
            return None
        return math.exp(_sum(tokens[first:last]))


def _sum(tokens: Sequence[Token]) -> float:
    return math.fsum(token.logprob or 0.0 for token in tokens)


def _is_open(declared: Declared, value: Any) -> bool:
    """Whether another value stays possible until the last token of this one."""
    if declared.members is not None or declared.conf is not None:
        return False
    rules = [rule for rules in declared.rules for rule in rules]
    if any(rule.strings or rule.members is not None for rule in rules):
        return False
    numbers = [rule.numbers for rule in rules if rule.numbers]
    return all(n.low is n.high is None and n.step == 1 for n in numbers) and (
        not numbers or (not isinstance(value, float) and value != 0)  # no digit follows a zero
    )


def _token(piece: bytes, logprob: float, candidates: Iterable[tuple[bytes, float]]) -> Token:
    rows = tuple(Candidate(raw.decode("utf-8", "replace"), raw, p) for raw, p in candidates)
    return Token(piece.decode("utf-8", "replace"), piece, logprob, rows)


# -- what is declared -----------------------------------------------------------------------------


def _declared_at(root: SchemaNode, path: Path, spans: Mapping[Path, Span]) -> Declared | None:
    """What is declared at a path; None in a union of objects, whose variant is not known."""
    node = root
    for depth, step in enumerate(path):
        kind = kind_of(spans[path[:depth]].value)
        around = [c for c in node.cases if kind in node.with_only(c).declared.kinds]
        if len(around) != 1:
            return None
        node = node.with_only(around[0]).inside(step)
    return node.declared

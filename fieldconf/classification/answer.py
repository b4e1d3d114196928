"""Answer: a completion read as a label.

In:    a completion, and a schema that is a label set.
Out:   its ``Report``, with one field.
Never: the end of the answer treated as known where no token marks it: then the bounds stay open.
Why:   the report also contains what the model would have written instead of a label.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from fieldconf import formulas
from fieldconf.classification.ending import END, is_end
from fieldconf.classification.masses import unnormalised
from fieldconf.classification.question import LabelPosition, LabelQuestion
from fieldconf.distributions.candidates import candidates_of
from fieldconf.distributions.decoding_step import (
    Branch,
    Name,
    StepCandidates,
    candidate_of,
    every,
    text_of,
)
from fieldconf.distributions.distribution import (
    Distribution,
    distribution,
    likeliest,
)
from fieldconf.distributions.explanation import why_outcome, why_token
from fieldconf.distributions.label_matching import beginning
from fieldconf.distributions.outcome_tree import OutcomeTree, UndecidedMass
from fieldconf.distributions.tree_store import TreeStore
from fieldconf.fields.field import Field
from fieldconf.fields.field_scorer import FEW_VALID
from fieldconf.fields.token_sums import LONGEST_TOKEN, is_reliable, missing_reason
from fieldconf.parsing.kinds import kind_of
from fieldconf.parsing.reasoning import answer_start
from fieldconf.report import Report, Status
from fieldconf.schema import Schema, SchemaViolation
from fieldconf.schema.label_set import as_json
from fieldconf.tokens.spelling import SPACES, plainly_named, spell_completion
from fieldconf.tokens.token import Candidate, Completion, Mask, Token, utf8


class _Step(NamedTuple):
    """The index of a token, what it wrote, and where that begins in the answer."""

    token: int
    written: bytes
    start: int


class _VisitedStep(NamedTuple):
    """A step with the outcomes that remain possible after each of its candidates."""

    token: int
    listing: StepCandidates
    branches: Sequence[Branch]

    @property
    def chosen(self) -> Branch:
        return self.branches[cast("int", self.listing.position)]


class _Visits(NamedTuple):
    """The steps up to the one that decides the label or leaves the labels.

    ``first`` is the position of the first step; ``has_gap`` says whether an unreadable token comes
    before the last step.
    """

    steps: Sequence[_VisitedStep]
    first: LabelPosition
    has_gap: bool


class LabelAnswer:
    """A completion read as a label."""

    def __init__(self, completion: Completion, schema: Schema) -> None:
        assert schema.labels is not None  # the callers check that
        self._completion, self._schema, self._label_set = completion, schema, schema.labels
        caches = schema.caches
        self._question: LabelQuestion = caches.get(_QUESTION) or LabelQuestion(schema.labels)
        caches[_QUESTION] = self._question
        self.tokens = completion.tokens or ()
        self._spelling = spell_completion(completion)
        self._begin, self._start = self._place_of_label()
        self._data = self._spelling.content[self._start :]
        # Without its mark, an answer is no label.
        self._is_answered = bool(self._data or (self._label_set.after and self._spelling.content))
        self._text = self._data.decode("utf-8", "replace")
        labels = self._question.labels
        self._label = labels.find(self._text) if self._data else None
        first, last = labels.span(self._text)
        self._written = self._text[first:last]
        self._first = self._start + len(utf8(self._text[:first]))
        self._last = self._first + len(utf8(self._written))
        self._pieces = [
            piece for piece in self._spelling.pieces
            if piece.start < self._last and piece.stop > self._first
        ]  # fmt: skip
        self._indexes = tuple(p.token for p in self._pieces if p.token is not None)

    def _place_of_label(self) -> tuple[int, int]:
        """The byte from which a token may decide the label, and the byte where the label begins.

        If the label set has a mark, both are after the last one, or at the end if there is none.
        """
        content = self._spelling.content
        begin = answer_start(content)
        mark = utf8(self._label_set.after)
        if not mark:
            return begin, begin
        at = content.rfind(mark, begin)
        if at < 0:
            return len(content), len(content)
        begin = at + len(mark)
        behind = content[begin:]
        return begin, begin + len(behind) - len(behind.lstrip())

    def report(self, store: TreeStore, mask: Mask | None) -> Report[Any]:
        """The report of the answer; the store keeps the tree of the alternatives."""
        completion, (status, reason) = self._completion, self._status()
        has_ended = status in ("complete", "no_logprobs", "unaligned")
        label = self._label if has_ended else None
        meaning = None if label is None else self._label_set.meanings[label]
        field = self._field(store, status, reason)
        if store.unsettled:
            field = replace(field, flags=(*field.flags, "unsettled"))
        owners = ["outside"] * len(self.tokens)
        for index in self._indexes:
            owners[index] = ""
        return Report(
            status=status, value=meaning, data=as_json(meaning), reason=reason,
            errors=(SchemaViolation("", self._no_label),) if has_ended and label is None else (),
            flags=completion.flags,
            fields={"": field} if self._is_answered else {}, mask=mask or completion.mask,
            owners=() if self._spelling.reason else tuple(owners), text=completion.content,
            tokens=self.tokens, model=completion.model, finish_reason=completion.finish_reason,
            refusal=completion.refusal, precision=completion.precision, choice=completion.choice,
            tool=completion.tool, input_tokens=completion.prompt_tokens,
            output_tokens=completion.completion_tokens, schema=self._schema,
        )  # fmt: skip

    # -- how it ended ---------------------------------------------------------------------------

    def _status(self) -> tuple[Status, str]:
        completion, missing = self._completion, self._spelling.reason
        if completion.refusal and not completion.content:
            return "refused", f"the model refused: {completion.refusal}"
        cut = "the answer broke off" if completion.is_cut else ""
        cut = _CUT.get(completion.finish_reason or "", cut)
        # Many requests allow one token only; a label is final if no other label begins with it.
        outcomes = () if self._label is None else (self._label_set.outcomes[self._label],)
        is_final = self._data and self._question.possible(beginning(self._data)) == frozenset(
            outcomes
        )
        if cut and not is_final:
            return "truncated", cut
        if not self._is_answered:
            return "truncated", "the answer is empty"
        if missing:
            return ("no_logprobs" if completion.tokens is None else "unaligned"), missing
        return "complete", ""

    @property
    def _no_label(self) -> str:
        mark = self._label_set.after
        if mark and not self._data:
            if self._spelling.content[: self._begin].endswith(utf8(mark)):
                return f"there is nothing after {mark!r}"
            return f"the answer has no {mark!r}"
        return self._label_set.problem(self._text)

    # -- the field ------------------------------------------------------------------------------

    def _field(self, store: TreeStore, status: Status, reason: str) -> Field:
        label = self._label
        value = self._written or None if label is None else as_json(self._label_set.meanings[label])
        field = Field(
            (), value, cast("Any", kind_of(value)), start=self._first, stop=self._last,
            indexes=self._indexes, source=self.tokens, declared=self._schema.root.declared,
        )  # fmt: skip
        if status == "truncated":
            return replace(field, value=None, flags=("truncated",), reason=reason)
        reason = reason or missing_reason((piece.token for piece in self._pieces), self.tokens)
        if reason:
            return replace(field, reason=reason)
        if not self._data:
            return replace(field, reason=self._no_label, flags=("not_a_member",))
        logprob = formulas.total(self.tokens[index].logprob for index in self._indexes)
        visits = self._visits()
        tree = store.tree((), lambda: self._grow(visits))
        return self._with_tree(replace(field, logprob=logprob), tree, visits.steps)

    def _with_tree(
        self, field: Field, tree: OutcomeTree | None, steps: Sequence[_VisitedStep]
    ) -> Field:
        """The field with the distribution and the confidence from the tree."""
        label, members = self._label, self._label_set.members
        options = tree and distribution(tree, members)
        if label is None:
            field = replace(field, reason=self._no_label, flags=("not_a_member",))
        if tree is None or options is None:
            return replace(field, reason=field.reason or _UNREADABLE)
        expected, std = options.moments
        flags = field.flags + ("against_schema",) * (tree.valid < FEW_VALID)
        options = replace(
            _with_off_label(options, tree, steps), unnormalised=unnormalised(tree, options, members)
        )
        field = replace(field, distribution=options, expected=expected, std=std, flags=flags)
        if label is None:
            return replace(field, why=why_token(steps[-1].token, self.tokens))
        outcome = self._label_set.outcomes[label]
        if outcome not in steps[-1].chosen.outcomes:
            return replace(field, reason=_NOT_FINAL, distribution=None, expected=None, std=None)
        confidence, low, high = tree.results()[outcome]
        why = why_outcome(tree, outcome, self.tokens)
        why = why._replace(rivals=tuple(rival for rival in why.rivals if rival.text != why.text))
        return replace(
            field, confidence=confidence, low=low, high=high, basis="distribution", why=why
        )

    # -- steps ----------------------------------------------------------------------------------

    def _steps(self) -> Iterator[_Step | None]:
        """The answer's tokens, with its end if it is listed; None for a token without logprob."""
        content, begin, after = self._spelling.content, self._begin, 0
        for piece in self._spelling.pieces:
            after = after if piece.token is None else piece.token + 1
            is_before = piece.stop <= begin < len(content)
            if is_before or piece.start == piece.stop < len(content):
                continue
            if piece.token is None or not _is_readable(self.tokens[piece.token]):
                yield None
            elif piece.start == piece.stop:  # the end
                yield _Step(piece.token, self.tokens[piece.token].bytes, piece.start)
            else:
                # Before the label in its token is reasoning, or the mark, which is read.
                start = piece.start if self._label_set.after else max(piece.start, begin)
                yield _Step(piece.token, content[start : piece.stop], start)
        end = self.tokens[after : after + 1]
        if end and _is_readable(end[0]) and is_end(Candidate(end[0].text, end[0].raw, 0.0)):
            yield _Step(after, end[0].bytes, len(content))

    def _visits(self) -> _Visits:
        """The steps up to the first one after the label, or the one that leaves the labels."""
        steps: list[_VisitedStep] = []
        first = place = LabelPosition(stripped=bool(self._label_set.after))
        outcomes = every(self._question.size)
        for step in self._steps():
            if step is None:
                return _Visits(steps, first, has_gap=True)
            token, written = self.tokens[step.token], step.written
            are_named = not any(mark in text for text in self._label_set.texts for mark in SPACES)
            if not steps:
                if step.start < self._begin:
                    first = place._replace(mark=self._spelling.content[step.start : self._begin])
                elif token.bytes.lstrip() == written != token.bytes:
                    first, written = LabelPosition(stripped=True), token.bytes
                elif are_named and plainly_named(token.candidates):
                    # The text lacks the space with which the token's name begins.
                    first = LabelPosition(stripped=True)
                place = first
            listing = _listing(token, written, are_named=are_named)
            branches = [
                Branch(b.outcomes & outcomes, b.place, b.value_prefix)
                for b in self._question.branches(place, listing.names)
            ]
            steps.append(_VisitedStep(step.token, listing, branches))
            chosen = steps[-1].chosen
            if not chosen.outcomes or step.start >= self._last:
                break
            place, outcomes = chosen.place, chosen.outcomes
        return _Visits(steps, first, has_gap=False)

    def _grow(self, visits: _Visits) -> OutcomeTree | None:
        """The tree along the answer, as long as a label is possible.

        At the token after which no label is possible, the likeliest candidate with a possible label
        replaces the written one, and the path ends: the labels are decided there.
        """
        path = [visit for visit in visits.steps if visit.chosen.outcomes]
        if len(path) < len(visits.steps):
            last = visits.steps[-1]
            pairs = zip(last.listing.masses, last.branches, strict=True)
            possible = [(mass, at) for at, (mass, branch) in enumerate(pairs) if branch.outcomes]
            mass, position = max(possible, default=(0.0, 0))
            if mass:
                path.append(last._replace(listing=last.listing._replace(position=position)))
        tree = _Tree(
            self._question.branches, self._question.size,
            [
                (visit.token, visit.listing, None if number else visits.first)
                for number, visit in enumerate(path)
            ],
        )  # fmt: skip
        if not tree.steps:
            return None
        if tree.decided_at is None and not visits.has_gap:
            # The answer left the labels here, or ended without a token for its end.
            tree.end_open()
        return tree


class _Tree(OutcomeTree):
    """A tree whose path may end before it is decided: the last outcomes stay open."""

    _ends_open = False

    def end_open(self) -> None:
        """Count as decided by the last token although several outcomes are possible."""
        self._ends_open, self.decided_at = True, self.steps[-1].index
        self.steps[-1].end()

    def expand(self, undecided: UndecidedMass, next_tokens: Sequence[Candidate]) -> None:
        super().expand(undecided, next_tokens)
        if self._ends_open:
            self.steps[-1].end()


_QUESTION = "the question of a label set"  # a key of the caches of its schema
_CUT = {
    "length": "the answer was cut off at the token limit: raise max_tokens",
    "content_filter": "the server's content filter cut the answer off",
}
_UNREADABLE = "no candidate at the tokens of the answer could be read as a label"
_NOT_FINAL = "match returned another label for the beginning of the answer than for the whole"


def _is_readable(token: Token) -> bool:
    return is_reliable(token) and len(token.bytes) <= LONGEST_TOKEN


def _listing(token: Token, written: bytes, *, are_named: bool) -> StepCandidates:
    listing = candidates_of(written, token, are_named=are_named)
    names: list[Name] = []
    for name in listing.names:
        candidate = candidate_of(name)
        names.append(candidate._replace(raw=END) if is_end(candidate) else name)
    return listing._replace(names=names)


def _with_off_label(
    options: Distribution, tree: OutcomeTree, steps: Sequence[_VisitedStep]
) -> Distribution:
    """With the mass that leaves the labels after the deciding token: ``spam`` + ``my``."""
    off, others = options.off_schema, dict(tree.others)
    reach = math.prod(fan.share for fan in tree.steps)
    for step in steps:
        if step.token <= options.decided_at:
            continue
        possible = step.listing.unseen
        names, position, _, masses = step.listing
        for name, mass, branch in zip(names, masses, step.branches, strict=True):
            possible += mass * bool(branch.outcomes)
            if not branch.outcomes:
                off += reach * mass
                text = text_of(name)
                others[text] = others.get(text, 0.0) + reach * mass
        chosen = masses[cast("int", position)]
        reach *= chosen / possible if step.chosen.outcomes else 0.0
    return replace(options, off_schema=min(1.0, off), other=likeliest(others.items()))

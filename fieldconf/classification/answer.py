"""The answer: a completion read as a label.

In:    a completion, and a schema that is a label set.
Out:   its ``Report``, with one field.
Never: the end of the answer taken for known where no token says so: then the bounds stay open.
Why:   what was said beside the labels, before or behind the token that decided, is told, too.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from fieldconf import formulas
from fieldconf.classification.ending import END, is_end
from fieldconf.classification.masses import unnormalised
from fieldconf.classification.question import LabelPosition, LabelQuestion, question_of
from fieldconf.distributions.candidates import listed
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
from fieldconf.distributions.labels import beginning
from fieldconf.distributions.outcome_tree import OutcomeTree, UndecidedMass
from fieldconf.distributions.tree_store import TreeStore
from fieldconf.fields.field import Field
from fieldconf.fields.scorer import FEW_VALID
from fieldconf.fields.token_sums import LONGEST_TOKEN, blame, is_told
from fieldconf.parsing.kinds import kind_of
from fieldconf.parsing.reasoning import answer_start
from fieldconf.report import Report, Status
from fieldconf.schema import Schema, SchemaViolation
from fieldconf.schema.labels import as_json
from fieldconf.tokens.spelling import SPACES, plainly_named, spell_completion
from fieldconf.tokens.token import Candidate, Completion, Mask, Token, utf8


class _Step(NamedTuple):
    """The token of an index, what it wrote, and where that begins in the answer."""

    token: int
    written: bytes
    start: int


class _VisitedStep(NamedTuple):
    """A step with what each of its candidates leaves possible of what was possible before."""

    token: int
    listing: StepCandidates
    branches: Sequence[Branch]

    @property
    def chosen(self) -> Branch:
        return self.branches[cast("int", self.listing.position)]

    def without_leaving(self) -> "_VisitedStep | None":
        """With the likeliest candidate that keeps to the labels in the place of the chosen one."""
        pairs = zip(self.listing.masses, self.branches, strict=True)
        kept = [(mass, at) for at, (mass, branch) in enumerate(pairs) if branch.outcomes]
        if not kept or not max(kept)[0]:
            return None
        return self._replace(listing=self.listing._replace(position=max(kept)[1]))


class _Visits(NamedTuple):
    """The steps up to the one that decides or leaves the labels, and where the first one stands.

    ``has_gap`` says whether a token that cannot be read comes before that.
    """

    found: Sequence[_VisitedStep]
    first: LabelPosition
    has_gap: bool


class LabelAnswer:
    """A completion read as a label."""

    def __init__(self, completion: Completion, schema: Schema) -> None:
        assert schema.labels is not None  # the callers look
        self._completion, self._schema, self._of = completion, schema, schema.labels
        memories = schema.caches
        self._question: LabelQuestion = memories.get(_QUESTION) or question_of(schema.labels)
        memories[_QUESTION] = self._question
        self.tokens = completion.tokens or ()
        self._spelling = spell_completion(completion)
        self._begin, self._start = self._place_of_label()
        self._data = self._spelling.content[self._start :]
        self._text = self._data.decode("utf-8", "replace")
        labels = self._question.labels
        self._label = labels.find(self._text) if self._data else None
        first, last = labels.span(self._text)
        self._said = self._text[first:last]
        self._first = self._start + len(utf8(self._text[:first]))
        self._last = self._first + len(utf8(self._said))
        self._pieces = [
            piece for piece in self._spelling.pieces
            if piece.start < self._last and piece.stop > self._first
        ]  # fmt: skip
        self._indexes = tuple(p.token for p in self._pieces if p.token is not None)

    def _place_of_label(self) -> tuple[int, int]:
        """From which byte on a token may decide the label, and where the label begins.

        Behind the last mark, if there is to be one: at the end where it was not written.
        """
        content = self._spelling.content
        begin = answer_start(content)
        mark = utf8(self._of.after)
        if not mark:
            return begin, begin
        at = content.rfind(mark, begin)
        if at < 0:
            return len(content), len(content)
        begin = at + len(mark)
        behind = content[begin:]
        return begin, begin + len(behind) - len(behind.lstrip())

    def report(self, ledger: TreeStore, mask: Mask | None) -> Report[Any]:
        """All that is known; the tree of the alternatives is kept in the ledger."""
        completion, (status, reason) = self._completion, self._status()
        is_told = status in ("complete", "no_logprobs", "unaligned")
        label = self._label if is_told else None
        meaning = None if label is None else self._of.meanings[label]
        made = self._field(ledger, status, reason)
        if ledger.unsettled:
            made = replace(made, flags=(*made.flags, "unsettled"))
        owners = ["outside"] * len(self.tokens)
        for index in self._indexes:
            owners[index] = ""
        return Report(
            status=status, value=meaning, data=as_json(meaning), reason=reason,
            errors=(SchemaViolation("", self._no_label),) if is_told and label is None else (),
            fields={"": made} if self._has_place else {}, mask=mask or completion.mask,
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
        if self._may_change and (why := _why_cut(completion)):
            return "truncated", why
        if not self._has_place:
            return "truncated", "the answer is empty"
        if missing:
            return ("no_logprobs" if completion.tokens is None else "unaligned"), missing
        return "complete", ""

    @property
    def _has_place(self) -> bool:
        """Whether there is an answer to judge: where its mark is missing, it is no label."""
        return bool(self._data or (self._of.after and self._spelling.content))

    @property
    def _may_change(self) -> bool:
        """Whether what the text means could be another thing if it went on.

        Many ask for one token only: then a label that no other one begins with is all there is.
        """
        if not self._data:
            return True
        named = () if self._label is None else (self._of.outcomes[self._label],)
        return self._question.possible(beginning(self._data)) != frozenset(named)

    @property
    def _no_label(self) -> str:
        mark = self._of.after
        if mark and not self._data:
            if self._spelling.content[: self._begin].endswith(utf8(mark)):
                return f"nothing stands behind {mark!r}"
            return f"the answer has no {mark!r}"
        return self._of.problem(self._text)

    # -- the field ------------------------------------------------------------------------------

    def _field(self, ledger: TreeStore, status: Status, reason: str) -> Field:
        label = self._label
        value = self._said or None if label is None else as_json(self._of.meanings[label])
        made = Field(
            (), value, cast("Any", kind_of(value)), start=self._first, stop=self._last,
            indexes=self._indexes, source=self.tokens, declared=self._schema.root.declared,
        )  # fmt: skip
        if status == "truncated":
            return replace(made, value=None, flags=("truncated",), reason=reason)
        reason = reason or blame((piece.token for piece in self._pieces), self.tokens)
        if reason:
            return replace(made, reason=reason)
        if not self._data:
            return replace(made, reason=self._no_label, flags=("not_a_member",))
        logprob = formulas.total(self.tokens[index].logprob for index in self._indexes)
        visits = self._visits()
        tree = ledger.tree((), lambda: self._grow(visits))
        return self._told(replace(made, logprob=logprob), tree, visits.found)

    def _told(self, made: Field, tree: OutcomeTree | None, visits: Sequence[_VisitedStep]) -> Field:
        """The field with what the tree says."""
        label, members = self._label, self._of.members
        found = tree and distribution(tree, members)
        if label is None:
            made = replace(made, reason=self._no_label, flags=("not_a_member",))
        if tree is None or found is None:
            return replace(made, reason=made.reason or _UNREADABLE)
        expected, std = found.moments
        flags = made.flags + ("against_schema",) * (tree.valid < FEW_VALID)
        found = replace(
            _with_rest(found, tree, visits), unnormalised=unnormalised(tree, found, members)
        )
        made = replace(made, distribution=found, expected=expected, std=std, flags=flags)
        if label is None:
            why = why_token(visits[-1].token, self.tokens)
            return replace(made, why=why)
        outcome = self._of.outcomes[label]
        if outcome not in visits[-1].chosen.outcomes:
            return replace(made, reason=_NOT_FINAL, distribution=None, expected=None, std=None)
        confidence, low, high = tree.results()[outcome]
        why = why_outcome(tree, outcome, self.tokens)
        why = why._replace(rivals=tuple(rival for rival in why.rivals if rival.text != why.text))
        return replace(
            made, confidence=confidence, low=low, high=high, basis="distribution", why=why
        )

    # -- steps ----------------------------------------------------------------------------------

    def _steps(self) -> Iterator[_Step | None]:
        """The answer's tokens, its end among them if it is listed; None for one that is unknown."""
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
                # What stands before the label in its token is thought, or the mark, which is read.
                start = piece.start if self._of.after else max(piece.start, begin)
                yield _Step(piece.token, content[start : piece.stop], start)
        end = self.tokens[after : after + 1]
        if end and _is_readable(end[0]) and is_end(Candidate(end[0].text, end[0].raw, 0.0)):
            yield _Step(after, end[0].bytes, len(content))

    def _visits(self) -> _Visits:
        """The steps up to the first one behind the label, or the one that leaves the labels."""
        found: list[_VisitedStep] = []
        first = place = LabelPosition(stripped=bool(self._of.after))
        outcomes = every(self._question.size)
        for step in self._steps():
            if step is None:
                return _Visits(found, first, has_gap=True)
            token, written = self.tokens[step.token], step.written
            are_named = not any(mark in text for text in self._of.texts for mark in SPACES)
            if not found:
                if step.start < self._begin:
                    first = place._replace(mark=self._spelling.content[step.start : self._begin])
                elif token.bytes.lstrip() == written != token.bytes:
                    first, written = LabelPosition(stripped=True), token.bytes
                elif are_named and plainly_named(token.candidates):
                    first = LabelPosition(
                        stripped=True
                    )  # the text lacks the space a name begins with
                place = first
            listing = _listing(token, written, are_named=are_named)
            branches = [
                Branch(b.outcomes & outcomes, b.place, b.said)
                for b in self._question.branches(place, listing.names)
            ]
            found.append(_VisitedStep(step.token, listing, branches))
            chosen = found[-1].chosen
            if not chosen.outcomes or step.start >= self._last:
                break
            place, outcomes = chosen.place, chosen.outcomes
        return _Visits(found, first, has_gap=False)

    def _grow(self, visits: _Visits) -> OutcomeTree | None:
        """The tree along the answer, as far as that keeps to the labels.

        Where it leaves them, the likeliest candidate that does not stands in for what was written,
        and the path ends: what is known of the labels is known there.
        """
        path = [visit for visit in visits.found if visit.chosen.outcomes]
        if len(path) < len(visits.found):
            path += filter(None, [visits.found[-1].without_leaving()])
        tree = _Tree(
            self._question.branches, self._question.size,
            [
                (visit.token, visit.listing, None if number else visits.first)
                for number, visit in enumerate(path)
            ],
        )  # fmt: skip
        if not tree.fans:
            return None
        if tree.decided_at is None and not visits.has_gap:
            # The answer left the labels here, or ended without a token that says so.
            tree.end_open()
        return tree


class _Tree(OutcomeTree):
    """A tree whose path may end before it has decided: nothing is known of what was chosen last."""

    _ends_open = False

    def end_open(self) -> None:
        """Count as decided by the last token, which leaves several outcomes."""
        self._ends_open, self.decided_at = True, self.fans[-1].index
        self.fans[-1].end()

    def expand(self, gap: UndecidedMass, candidates: Sequence[Candidate]) -> None:
        super().expand(gap, candidates)
        if self._ends_open:
            self.fans[-1].end()


_QUESTION = "the question of a label set"  # among the memories of its schema
_UNREADABLE = "no candidate at the tokens of the answer could be read as a label"
_NOT_FINAL = "match gave another label for a beginning of the answer than for the whole of it"


def _why_cut(completion: Completion) -> str:
    """Why more would have come; empty if the answer ended by itself."""
    if completion.finish_reason == "length":
        return "the answer was cut off at the token limit: raise max_tokens"
    if completion.finish_reason == "content_filter":
        return "the server's content filter cut the answer off"
    return "the answer broke off" if completion.is_cut else ""


def _is_readable(token: Token) -> bool:
    return is_told(token) and len(token.bytes) <= LONGEST_TOKEN


def _listing(token: Token, written: bytes, *, are_named: bool) -> StepCandidates:
    found = listed(written, token, are_named=are_named)
    return found._replace(names=list(map(_marked, found.names)))


def _marked(name: Name) -> Name:
    """The name of a candidate; of an end token one that says so by its bytes."""
    candidate = candidate_of(name)
    return candidate._replace(raw=END) if is_end(candidate) else name


def _with_rest(
    found: Distribution, tree: OutcomeTree, visits: Sequence[_VisitedStep]
) -> Distribution:
    """With what was said beside the labels behind the token that decided: ``spam`` + ``my``."""
    off, others = found.off_schema, dict(tree.others)
    reach = math.prod(fan.share for fan in tree.fans)
    for visit in visits:
        if visit.token <= found.decided_at:
            continue
        possible = visit.listing.unseen
        names, position, _, masses = visit.listing
        for name, mass, branch in zip(names, masses, visit.branches, strict=True):
            possible += mass * bool(branch.outcomes)
            if not branch.outcomes:
                off += reach * mass
                text = text_of(name)
                others[text] = others.get(text, 0.0) + reach * mass
        chosen = masses[cast("int", position)]
        reach *= chosen / possible if visit.chosen.outcomes else 0.0
    return replace(found, off_schema=min(1.0, off), other=likeliest(others.items()))

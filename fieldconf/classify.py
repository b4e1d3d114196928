"""Classification: how sure was the model of a bare label, an answer that is no JSON?

In:    a payload of any client, the labels, and how they are matched (``matching``).
Out:   a ``Report`` with one field, whose distribution is over what the labels mean.
Never: a grammar: nothing held the model to the labels. Their probabilities are those of the masked
       process, as everywhere; what was said beside them is ``off_schema`` and ``other``.
Why:   many people ask for ``yes`` or ``no``; a missing class shows in what the model says instead.

The end of the answer is a token as well: it tells ``pos`` from ``positive``. Some servers list it
without bytes, some as a control token, some not at all. Where it matters and nothing tells its
mass, the bounds stay open.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Any, Literal, NamedTuple, cast, get_args, get_origin

from fieldconf import scores
from fieldconf.align import Step
from fieldconf.alternatives.distribution import Distribution, distribution, likeliest
from fieldconf.alternatives.fan import NOTHING_SAID, Branch, Listing, Outcomes
from fieldconf.alternatives.listed import listed
from fieldconf.alternatives.settle import Ledger
from fieldconf.alternatives.tree import Gap, Tree
from fieldconf.alternatives.why import why_outcome, why_token
from fieldconf.errors import PayloadError, SchemaError
from fieldconf.fields import FEW_VALID, LONGEST_TOKEN, blame
from fieldconf.jsonparser import JSONParser
from fieldconf.matching import Beginning, Labels, Match, beginning
from fieldconf.policy import Policy, PolicyLike
from fieldconf.probes import Probe
from fieldconf.probes.base import Vocabulary
from fieldconf.report import Field, Report, Status
from fieldconf.schema import Invalid, kind_of
from fieldconf.settling import Settle, settled
from fieldconf.spelling import THOUGHTS, is_control, spell_completion
from fieldconf.tokens import Candidate, Completion, Mask, Token, utf8
from fieldconf.wire import completion

_SHOWN = 6  # labels in a message
_THOUGHTS = re.compile(rb"\s*" + THOUGHTS, re.DOTALL)


def classify(  # noqa: PLR0913  # options of a reading, by keyword
    payload: Any, labels: Any, *, match: Match = "exact", first_word: bool = False,
    mask: Mask | None = None, choice: int = 0, settle: Settle | None = None,
    tokenizer: Any = None, prompt: str | None = None, policy: PolicyLike | None = None,
) -> Report[Any]:  # fmt: skip
    """How sure the model was of a label that it wrote without JSON.

    Args:
        payload: a response, as ``score`` takes it.
        labels: the texts that may be answered; or a mapping from texts to what they mean (JSON
            scalars; several texts may mean the same); or an ``Enum``, or a ``Literal`` type.
        match: how the answer is matched: "exact" (character for character), "loose" (letter case,
            white space around and full stops behind do not count), or a function of yours that
            gives a label for a text, None for "not yet" (see ``matching.Match``).
        first_word: look at the answer's first word only: white space before it is skipped, and what
            follows it is not read. Labels of several words are fine; the longest that fits counts.
        mask: where the logprobs stand, if you know better than the response.
        choice: which choice, for responses with several.
        settle: ask the server for what the response leaves open, see ``Settle``; it must name the
            ``probe`` and the ``prompt``.
        tokenizer: for responses that list token ids only, as ``score`` takes it.
        prompt: what the prompt was, for legacy completions that echo it.
        policy: by which limits the label is accepted, reviewed or rejected, as ``score`` takes it.

    Returns:
        A report whose only field is ``report[""]``: its ``confidence`` (0..1) is the probability
        of the label written among the labels; ``distribution`` has that of each, how much mass was
        on none (``off_schema``) and on what (``other``). If the answer is no label, ``value`` is
        None, ``errors`` says so, and the field has no confidence, but still the distribution.

    Raises:
        PayloadError: if the payload is of no known shape or has no such choice.
        RequestError: if the asking failed.
        SchemaError: if the labels are none, or two that mean different things match alike.
        PolicyError: if the policy is none.

    >>> from math import log
    >>> entry = lambda text, p: {"token": text, "bytes": list(text.encode()), "logprob": log(p)}
    >>> said = entry("spam", 0.8) | {"top_logprobs": [entry("spam", 0.8), entry("work", 0.15),
    ...     entry("ambiguous", 0.05)]}
    >>> report = classify({"choices": [{"message": {"content": "spam"}, "finish_reason": "stop",
    ...     "logprobs": {"content": [said]}}]}, ["spam", "work"])
    >>> report.value, round(report.confidence, 3)
    ('spam', 0.842)
    >>> [(rival.text, round(rival.probability, 2)) for rival in report[""].distribution.other]
    [('ambiguous', 0.05)]
    """
    question, limits = _question(labels, match, first_word=first_word), Policy.of(policy)
    made = completion(payload, choice, tokenizer=tokenizer, prompt=prompt)
    if made.decisions:
        raise PayloadError(
            "a decision API gives no text to classify", found="answers with probabilities",
            remedy="Give it to score: each answer is a field with a distribution",
        )  # fmt: skip
    answer = _Answer(made, question)
    asking = settle and _with_ends(settle, answer.tokens)
    report = settled(lambda ledger: answer.report(ledger, mask), answer.tokens, asking)
    return replace(report, policy=limits)


# -- labels -------------------------------------------------------------------------------------


def _question(labels: Any, match: Match, *, first_word: bool) -> "_Question":
    texts = _texts(labels)
    keys = [_key(_plain(value)) for value in texts.values()]
    members = list(dict.fromkeys(keys))
    place = {key: number for number, key in enumerate(members)}
    read = Labels(list(texts), match, first_word=first_word)
    outcomes = tuple(place[key] for key in keys)
    by_form: dict[str, int] = {}
    for form, outcome in zip(read.forms, outcomes, strict=False):
        if by_form.setdefault(form, outcome) != outcome:
            raise SchemaError(
                f"two labels match alike and mean different things: {form!r}",
                remedy='Give match="exact", or labels that differ in more than that',
            )
    values = tuple(value for _, value in members)
    return _Question(read, outcomes, values, tuple(texts), tuple(texts.values()))


def _texts(labels: Any) -> Mapping[str, Any]:
    """What may be written, and what it means."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(labels, Mapping):
        pairs = list(cast("Mapping[Any, Any]", labels).items())
    elif isinstance(labels, type) and issubclass(labels, Enum):
        pairs = [(_written(member.value), member) for member in labels]
    elif not isinstance(labels, str):
        given = cast("Any", get_args(labels) if get_origin(labels) is Literal else labels)
        pairs = [(_written(label), label) for label in given]
    if not pairs or not all(isinstance(text, str) for text, _ in pairs):
        raise SchemaError("there are no labels", remedy='Give a list of texts, as ["spam", "work"]')
    return dict(pairs)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _key(value: Any) -> tuple[str, Any]:
    """What is the same for values that are the same in JSON: not ``True`` and ``1``."""
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise SchemaError(
            f"a label means {value!r}, which is no JSON scalar",
            remedy="Let it mean a text or a number, and look that up",
        )
    return kind_of(value), value


# -- the question -------------------------------------------------------------------------------


class _Place(NamedTuple):
    """The answer's text so far; ``stripped`` if the server dropped white space before it."""

    text: bytes = b""
    stripped: bool = False


@dataclass(frozen=True)
class _Question:
    """Which label does the text become?

    Attributes:
        labels: what the label texts are and how they match.
        outcomes: what each of them means, as a position among the members.
        members: what they mean, each once, as JSON values.
        texts: the labels' texts.
        meanings: what each of them means, as given.
    """

    labels: Labels
    outcomes: tuple[int, ...]
    members: tuple[Any, ...]
    texts: tuple[str, ...]
    meanings: tuple[Any, ...]
    _known: dict[tuple[bytes, bool], Branch] = field(default_factory=dict[Any, Branch], repr=False)

    def branch(self, place: _Place, candidate: Candidate) -> Branch:
        """The members that a candidate leaves possible behind a text."""
        ended = _is_end(candidate)
        text = place.text if ended else place.text + candidate.bytes
        if place.stripped:
            text = text.lstrip()
        if (text, ended) not in self._known:
            self._known[text, ended] = self._branch(text, ended=ended, stripped=place.stripped)
        return self._known[text, ended]

    def _branch(self, text: bytes, *, ended: bool, stripped: bool) -> Branch:
        begun = beginning(text)
        outcomes = self.possible(begun, ended=ended)
        is_silent = not text.strip() and len(outcomes) == len(self.members)
        said = (self.labels.said(begun.text), begun.cut)
        return Branch(outcomes, _Place(text, stripped), NOTHING_SAID if is_silent else said)

    def possible(self, begun: Beginning, *, ended: bool = False) -> Outcomes:
        """The members that a text can still mean."""
        return frozenset(self.outcomes[i] for i in self.labels.possible(begun, ended=ended))


def _is_end(candidate: Candidate) -> bool:
    """Whether a candidate ends the answer: it writes nothing, or only a mark that nobody sees."""
    data = candidate.bytes
    if not data:
        return True
    return data[:1] in b"<[t" and is_control(
        candidate._replace(text=data.decode("utf-8", "ignore"))
    )


# -- the answer ---------------------------------------------------------------------------------


class _Step(NamedTuple):
    """The token of an index, what it wrote, and where that begins in the answer."""

    token: int
    written: bytes
    start: int


class _Visit(NamedTuple):
    """A step with what each of its candidates leaves possible of what was possible before."""

    token: int
    listing: Listing
    branches: Sequence[Branch]

    @property
    def chosen(self) -> Branch:
        return self.branches[cast("int", self.listing.position)]

    def without_leaving(self) -> "_Visit | None":
        """With the likeliest candidate that keeps to the labels in the place of the chosen one."""
        pairs = zip(self.listing.candidates, self.branches, strict=True)
        kept = [(c.logprob, n) for n, (c, branch) in enumerate(pairs) if branch.outcomes]
        if not kept or max(kept)[0] == -math.inf:
            return None
        return self._replace(listing=self.listing._replace(position=max(kept)[1]))


class _Answer:
    """A completion read as a label."""

    def __init__(self, completion: Completion, question: _Question) -> None:
        self._completion, self._question = completion, question
        self.tokens = completion.tokens or ()
        self._spelling = spell_completion(completion)
        thoughts = _THOUGHTS.match(self._spelling.content)
        self._start = thoughts.end() if thoughts else 0
        self._data = self._spelling.content[self._start :]
        self._text = self._data.decode("utf-8", "replace")
        self._label = question.labels.find(self._text) if self._data else None
        first, last = question.labels.span(self._text)
        self._said = self._text[first:last]
        self._first = self._start + len(utf8(self._text[:first]))
        self._last = self._first + len(utf8(self._said))
        self._pieces = [
            piece for piece in self._spelling.pieces
            if piece.start < self._last and piece.stop > self._first
        ]  # fmt: skip
        self._indexes = tuple(p.token for p in self._pieces if p.token is not None)

    def report(self, ledger: Ledger, mask: Mask | None) -> Report[Any]:
        """All that is known; the tree of the alternatives is kept in the ledger."""
        completion, (status, reason) = self._completion, self._status()
        is_told = status in ("complete", "no_logprobs", "unaligned")
        label = self._label if is_told else None
        meaning = None if label is None else self._question.meanings[label]
        made = self._field(ledger, status, reason)
        if ledger.unsettled:
            made = replace(made, flags=(*made.flags, "unsettled"))
        owners = ["outside"] * len(self.tokens)
        for index in self._indexes:
            owners[index] = ""
        return Report(
            status=status, value=meaning, data=_plain(meaning), reason=reason,
            errors=(Invalid("", self._no_label),) if is_told and label is None else (),
            fields={"": made} if self._data else {}, mask=mask or completion.mask,
            owners=() if self._spelling.reason else tuple(owners), text=completion.content,
            tokens=self.tokens, model=completion.model, finish_reason=completion.finish_reason,
            refusal=completion.refusal, input_tokens=completion.prompt_tokens,
            output_tokens=completion.completion_tokens,
        )  # fmt: skip

    # -- how it ended ---------------------------------------------------------------------------

    def _status(self) -> tuple[Status, str]:
        completion, missing = self._completion, self._spelling.reason
        if completion.refusal and not completion.content:
            return "refused", f"the model refused: {completion.refusal}"
        if completion.finish_reason == "length" and self._may_change:
            return "truncated", "the answer was cut off at the token limit: raise max_tokens"
        if not self._data:
            return "truncated", "the answer is empty"
        if missing:
            return ("no_logprobs" if completion.tokens is None else "unaligned"), missing
        return "complete", ""

    @property
    def _may_change(self) -> bool:
        """Whether what the text means could be another thing if it went on.

        Many ask for one token only: then a label that no other one begins with is all there is.
        """
        named = () if self._label is None else (self._question.outcomes[self._label],)
        return self._question.possible(beginning(self._data)) != frozenset(named)

    @property
    def _no_label(self) -> str:
        texts = self._question.texts
        shown = ", ".join(map(repr, texts[:_SHOWN])) + ", ..." * (len(texts) > _SHOWN)
        said = self._text if len(self._text) <= 40 else self._text[:37] + "..."
        return f"{said!r} is none of the labels {shown}"

    # -- the field ------------------------------------------------------------------------------

    def _field(self, ledger: Ledger, status: Status, reason: str) -> Field:
        question, label = self._question, self._label
        value = self._said if label is None else question.members[question.outcomes[label]]
        made = Field(
            (), value, cast("Any", kind_of(value)), start=self._first, stop=self._last,
            indexes=self._indexes, source=self.tokens,
        )  # fmt: skip
        if status == "truncated":
            return replace(made, value=None, flags=("truncated",), reason=reason)
        reason = reason or blame((piece.token for piece in self._pieces), self.tokens)
        if reason:
            return replace(made, reason=reason)
        logprob = scores.total(self.tokens[index].logprob for index in self._indexes)
        visits, has_gap = self._visits()
        tree = ledger.tree((), lambda: self._grow(visits, has_gap=has_gap))
        return self._told(replace(made, logprob=logprob), tree, visits)

    def _told(self, made: Field, tree: Tree | None, visits: Sequence[_Visit]) -> Field:
        """The field with what the tree says."""
        question, label = self._question, self._label
        found = tree and distribution(tree, question.members)
        if tree is None or found is None:
            return replace(made, reason=_UNREADABLE)
        expected, std = found.moments
        flags = ("against_schema",) * (tree.valid < FEW_VALID)
        made = replace(
            made, distribution=_with_rest(found, tree, visits), expected=expected, std=std,
            flags=flags,
        )  # fmt: skip
        if label is None:
            why = why_token(visits[-1].token, self.tokens)
            return replace(made, reason=self._no_label, flags=("not_a_member", *flags), why=why)
        outcome = question.outcomes[label]
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
        content, after = self._spelling.content, 0
        for piece in self._spelling.pieces:
            after = after if piece.token is None else piece.token + 1
            is_before = piece.stop <= self._start and self._start < len(content)
            if is_before or piece.start == piece.stop < len(content):
                continue
            if piece.token is None or not _is_readable(self.tokens[piece.token]):
                yield None
            elif piece.start == piece.stop:  # the end
                yield _Step(piece.token, self.tokens[piece.token].bytes, piece.start)
            else:
                start = max(piece.start, self._start)
                yield _Step(piece.token, content[start : piece.stop], start)
        end = self.tokens[after : after + 1]
        if end and _is_readable(end[0]) and _is_end(Candidate(end[0].text, end[0].raw, 0.0)):
            yield _Step(after, end[0].bytes, len(content))

    def _visits(self) -> tuple[list[_Visit], bool]:
        """The steps up to the first one behind the label, or the one that leaves the labels.

        And whether a token that cannot be read comes before that.
        """
        found: list[_Visit] = []
        place, outcomes = _Place(), frozenset(range(len(self._question.members)))
        for step in self._steps():
            if step is None:
                return found, True
            token, written = self.tokens[step.token], step.written
            if not found and token.bytes.lstrip() == written != token.bytes:
                place, written = _Place(stripped=True), token.bytes
            listing = _listing(token, written)
            branches = [self._question.branch(place, c) for c in listing.candidates]
            branches = [b._replace(outcomes=b.outcomes & outcomes) for b in branches]
            found.append(_Visit(step.token, listing, branches))
            chosen = found[-1].chosen
            if not chosen.outcomes or step.start >= self._last:
                break
            place, outcomes = chosen.place, chosen.outcomes
        return found, False

    def _grow(self, visits: Sequence[_Visit], *, has_gap: bool) -> Tree | None:
        """The tree along the answer, as far as that keeps to the labels.

        Where it leaves them, the likeliest candidate that does not stands in for what was written,
        and the path ends: what is known of the labels is known there.
        """
        path = [visit for visit in visits if visit.chosen.outcomes]
        if len(path) < len(visits):
            path += filter(None, [visits[-1].without_leaving()])
        is_stripped = bool(visits) and visits[0].branches[0].place.stripped
        tree = _Tree(
            self._question.branch, len(self._question.members),
            [
                (visit.token, visit.listing, None if number else _Place(stripped=is_stripped))
                for number, visit in enumerate(path)
            ],
        )  # fmt: skip
        if not tree.fans:
            return None
        if tree.decided_at is None and not has_gap:
            # The answer left the labels here, or ended without a token that says so.
            tree.end_open()
        return tree


class _Tree(Tree):
    """A tree whose path may end before it has decided: nothing is known of what was chosen last."""

    _ends_open = False

    def end_open(self) -> None:
        """Count as decided by the last token, which leaves several outcomes."""
        self._ends_open, self.decided_at = True, self.fans[-1].index
        self.fans[-1].chosen = None

    def expand(self, gap: Gap, candidates: Sequence[Candidate]) -> None:
        super().expand(gap, candidates)
        if self._ends_open:
            self.fans[-1].chosen = None


_UNREADABLE = "no candidate at the tokens of the answer could be read as a label"
_NOT_FINAL = "match gave another label for a beginning of the answer than for the whole of it"


def _is_readable(token: Token) -> bool:
    return token.logprob is not None and len(token.bytes) <= LONGEST_TOKEN


def _listing(token: Token, written: bytes) -> Listing:
    found = listed(Step(0, None, JSONParser(), written), token)
    return found._replace(
        candidates=[c._replace(raw=_END) if _is_end(c) else c for c in found.candidates]
    )


def _with_rest(found: Distribution, tree: Tree, visits: Sequence[_Visit]) -> Distribution:
    """With what was said beside the labels behind the token that decided: ``spam`` + ``my``."""
    off, others = found.off_schema, dict(tree.others)
    reach = math.prod(fan.share for fan in tree.fans)
    for visit in visits:
        if visit.token <= found.decided_at:
            continue
        possible = visit.listing.unseen
        for candidate, branch in zip(visit.listing.candidates, visit.branches, strict=True):
            mass = math.exp(candidate.logprob)
            possible += mass * bool(branch.outcomes)
            if not branch.outcomes:
                off += reach * mass
                others[candidate.text] = others.get(candidate.text, 0.0) + reach * mass
        chosen = visit.listing.candidates[cast("int", visit.listing.position)]
        reach *= math.exp(chosen.logprob) / possible if visit.chosen.outcomes else 0.0
    return replace(found, off_schema=min(1.0, off), other=likeliest(others.items()))


# -- settling -----------------------------------------------------------------------------------

_END = b"<|end|>"  # what the end of the answer is called where a vocabulary needs bytes


def _with_ends(settle: Settle, tokens: Sequence[Token]) -> Settle:
    """The same, asking whoever it asks about the end of the answer, too."""
    if settle.probe is None:
        return settle
    listed_ = [c for token in tokens for c in (*token.candidates, token)]
    ends = {
        c.id for c in listed_ if c.id is not None and _is_end(Candidate(c.text, c.raw, 0.0))
    }  # fmt: skip
    return replace(settle, probe=_Ending(settle.probe, tuple(sorted(ends))))


class _Ending:
    """A probe whose vocabulary has the ends of an answer that the response showed."""

    def __init__(self, probe: Probe, ends: tuple[int, ...]) -> None:
        self._probe, self._ends = probe, ends

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return _WithEnds(self._probe.vocabulary, self._ends)

    def prompt(self, messages: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
        return self._probe.prompt(messages)

    def logprobs(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[float]:
        return self._probe.logprobs(prefix, wanted)


class _WithEnds(Vocabulary):
    """A vocabulary, and some tokens that end an answer.

    Where the end is possible and no token for it is known, nothing is: what is left would be given
    all the mass.
    """

    def __init__(self, inner: Vocabulary, ends: tuple[int, ...]) -> None:
        super().__init__({})
        self._inner, self._ends = inner, ends

    def __len__(self) -> int:
        return len(self._inner) + len(self._ends)

    def id_of(self, data: bytes) -> int | None:
        return self._inner.id_of(data)

    def bytes_of(self, token: int) -> bytes | None:
        return _END if token in self._ends else self._inner.bytes_of(token)

    def possible(self, is_possible: Callable[[bytes], bool]) -> list[int]:
        may_end = is_possible(_END)
        if may_end and not self._ends:
            return []
        found = self._inner.possible(lambda data: not data or is_possible(data))
        return [*found, *(self._ends if may_end else ())]

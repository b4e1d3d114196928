"""Token: what a model produced, as frozen values: tokens, candidates, completions.

In:    the values that a response format reads.
Out:   ``Candidate``, ``Token``, ``Decision``, ``Completion``: the input of all other folders.
Never: a sentinel: ``-9999``, ``-100.0``, ``null`` and similar values are normalised here, before
       any arithmetic.
Why:   a token is its bytes; its text is only for display (servers spell one emoji in nine ways).
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, cast

Mask: TypeAlias = Literal["before", "after", "unknown"]
"""Whether the logprobs are from before or after the grammar excluded tokens."""

FORMER_MASKS: Mapping[str, Mask] = {"pre": "before", "post": "after"}
"""The words of the first version of saved reports and responses."""

MASKED_CANDIDATE = -100.0
"""What OpenAI's strict mode lists, exactly, for a token that its grammar excluded."""
NOT_A_LOGPROB = -9998.0
"""A number at or below means "not listed" (-9999.0), or zero (-3.4e38: llama.cpp, SGLang)."""
ROUNDING = 1e-5
"""Nats; a logprob up to this far above 0 is a rounded 0 of a float32 softmax."""


_T = TypeVar("_T", bound=tuple[Any, ...])


def unchecked(kind: type[_T]) -> Callable[[Iterable[Any]], _T]:
    """A function that makes a named tuple from all its fields, twice as fast as the class.

    >>> unchecked(Candidate)(("no", b"no", -0.5, None))
    Candidate(text='no', raw=b'no', logprob=-0.5, id=None)
    """
    return partial(cast("Any", tuple).__new__, kind)


def utf8(text: str) -> bytes:
    """The bytes of a text; lone surrogates, which JSON escapes can produce, are allowed."""
    return text.encode("utf-8", "surrogatepass")


class Candidate(NamedTuple):
    """One token that the model considered at a decoding step.

    Attributes:
        text: its text, as the server names it.
        raw: its bytes; None if the server gave none.
        logprob: in nats; ``-inf`` means that the grammar excluded it.
        id: its number in the model's vocabulary; None if the server gave none.
    """

    text: str
    raw: bytes | None
    logprob: float
    id: int | None = None

    @property
    def bytes(self) -> bytes:
        """The bytes given, or the text's."""
        return self.raw if self.raw is not None else utf8(self.text)


class Token(NamedTuple):
    """One token of the answer.

    Attributes:
        text: its text, as the server names it.
        raw: its bytes; None if the server gave none.
        logprob: in nats, or None if the server gave no credible one; ``note`` may then say why.
        candidates: the listed candidates in the server's order, with or without the token itself.
        id: its number in the model's vocabulary; None if the server gave none.
        note: why there is no credible logprob; if there is one, why there are no credible
            candidates.
    """

    text: str
    raw: bytes | None
    logprob: float | None
    candidates: Sequence[Candidate] = ()
    id: int | None = None
    note: str = ""

    @property
    def bytes(self) -> bytes:
        """The bytes given, or the text's."""
        return self.raw if self.raw is not None else utf8(self.text)

    @property
    def is_outside(self) -> bool:
        """Whether it was sampled outside of its candidates, which then bound its probability."""
        return self.logprob is None and bool(self.note) and bool(self.candidates)

    @property
    def probability(self) -> float | None:
        """exp(logprob), 0..1; None if unknown.

        >>> Token("yes", None, math.log(0.5)).probability
        0.5
        """
        return None if self.logprob is None else math.exp(self.logprob)

    @property
    def margin(self) -> float | None:
        """The token's probability minus that of the most probable other candidate (-1..1).

        Below 0 the model preferred another token. Servers list the most probable candidates, so
        no unlisted one is more probable. None if the logprob is unknown, or no other candidate is
        listed.

        >>> listed = (Candidate("yes", None, math.log(0.75)), Candidate("no", None, math.log(0.25)))
        >>> Token("yes", None, math.log(0.75), listed).margin
        0.5
        """
        others = [c.logprob for c in self.candidates if not self.is_candidate(c)]
        if self.logprob is None or not others:
            return None
        return math.exp(self.logprob) - math.exp(max(others))

    @property
    def entropy(self) -> float | None:
        """A lower bound of the entropy at this decoding step, in nats.

        The sum of -p log p over the listed candidates and the token. Each unlisted token would add
        to it: with the whole vocabulary listed, it is the entropy. None if nothing is listed.

        >>> listed = (Candidate("yes", None, math.log(0.5)), Candidate("no", None, math.log(0.25)))
        >>> round(Token("yes", None, math.log(0.5), listed).entropy, 6)
        0.693147
        """
        if not self.candidates:
            return None
        logprobs = [candidate.logprob for candidate in self.candidates]
        if self.logprob is not None and not any(map(self.is_candidate, self.candidates)):
            logprobs.append(self.logprob)
        return math.fsum(-math.exp(p) * p for p in logprobs if p > -math.inf)

    def is_candidate(self, candidate: Candidate) -> bool:
        """Whether a candidate is this token: by id if both have one, else by its bytes."""
        if self.id is not None and candidate.id is not None:
            return self.id == candidate.id
        return self.bytes == candidate.bytes


def written(tokens: Iterable[Token]) -> list[bytes]:
    """The bytes of each token."""
    return [raw if raw is not None else utf8(text) for text, raw, *_ in tokens]


class Decision(NamedTuple):
    """An answer that a server gives as probabilities, without a text.

    ``probabilities`` are pairs of a value and its probability (0..1), in the server's order; if
    there are none, ``reason`` says why. ``value`` is the chosen value. ``labels`` are the names of
    these values in the question, if the answer has them: the values of a score are only the
    positions of its levels.
    """

    name: str
    value: Any
    probabilities: tuple[tuple[Any, float], ...] = ()
    reason: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """What a server's grammar forbids beyond the schema.

    Attributes:
        compact: white space between JSON's tokens.
        ordered: properties in another order than the declared one.
        plain: members and keys in an unusual spelling: needless escapes, ``1.0``.
        no_null: null in place of an optional key, which strict structured output writes.
    """

    compact: bool = False
    ordered: bool = False
    plain: bool = False
    no_null: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer of a model: its text, its tokens, and how it ended.

    Attributes:
        content: the answer's text; None if there is none (a refusal, a tool call).
        tokens: the tokens with logprobs in order; None if the response has none.
        finish_reason: the server's word for why it stopped; "length" for all words for the limit.
        refusal: the text of a refusal.
        mask: whether the logprobs are from before the grammar, see ``Mask``.
        model: the model's name as the server gave it.
        completion_tokens: how many tokens the server says it produced.
        note: why there are no tokens, if known.
        choice: the number of this answer among several to one request.
        tool: the name of the tool whose call this is; empty for an answer in the content.
        precision: the step (nats) to which the server rounded its logprobs; None: it did not.
        prompt: the tokens of the prompt, if the server lists them.
        prompt_tokens: how many tokens the server says that the prompt has.
        echo: whether ``content`` and ``tokens`` still begin with the prompt.
        decisions: answers that came with probabilities, without text and tokens.
        broken_off: whether it was not read to its end: more may have come.
        flags: see ``report.Report``; those that the response tells.
        aside: another reason why there is no answer.
        layout: what the server's grammar forbids beyond the schema, if the response says so.
        temperature: the temperature after which the logprobs were taken, if the response says so.
    """

    content: str | None
    tokens: tuple[Token, ...] | None
    finish_reason: str | None = None
    refusal: str | None = None
    mask: Mask = "unknown"
    model: str = ""
    completion_tokens: int | None = None
    note: str = ""
    choice: int = 0
    tool: str = ""
    precision: float | None = None
    prompt: tuple[Token, ...] = ()
    prompt_tokens: int | None = None
    echo: bool = False
    decisions: tuple[Decision, ...] = ()
    broken_off: bool = False
    flags: tuple[str, ...] = ()
    aside: str = ""
    layout: Layout | None = None
    temperature: float | None = None

    @property
    def is_cut(self) -> bool:
        """Whether the answer is incomplete, which is no error in the part that came."""
        is_open = self.broken_off and self.finish_reason is None
        return is_open or self.finish_reason == "length"


def chosen_logprob(value: Any) -> float | None:
    """A chosen token's logprob in nats, or None for anything that cannot be one.

    A chosen token had some probability, so masked and zero values count as unknown. Positive
    values are a known server bug.

    >>> chosen_logprob(-0.5), chosen_logprob(-9999.0), chosen_logprob(0.3), chosen_logprob(None)
    (-0.5, None, None, None)
    """
    logprob = candidate_logprob(value)
    return None if logprob is None or logprob == -math.inf else logprob


def candidate_logprob(value: Any) -> float | None:
    """A candidate's logprob in nats; ``-inf`` for excluded ones, None for unknown ones.

    >>> candidate_logprob(-100.0), candidate_logprob(-3.4028234663852886e38)
    (-inf, -inf)
    >>> candidate_logprob("-0.5"), candidate_logprob(2.4e-7)
    (-0.5, 0.0)
    """
    logprob = value if type(value) is float else number(value)
    if logprob is None or not logprob <= ROUNDING:  # NaN, too
        return None
    if logprob == MASKED_CANDIDATE or logprob < -1e30:
        return -math.inf
    return None if logprob <= NOT_A_LOGPROB else min(float(logprob), 0.0)


def is_unlisted(value: Any) -> bool:
    """Whether the server's number means that a chosen token was not listed, or had probability 0.

    >>> is_unlisted(-9999.0), is_unlisted(-3.4e38), is_unlisted(-0.5), is_unlisted(None)
    (True, True, False, False)
    """
    logprob = number(value)
    return logprob is not None and logprob <= NOT_A_LOGPROB


def number(value: Any) -> float | None:
    """A number in any usual form as a float; None for anything else.

    Databases give ``Decimal``, arrays give scalars of their own (with ``item``), and JSON, which
    has no infinity, gives texts. A boolean is no number.

    >>> number("-0.5"), number(Decimal("-0.5")), number("-inf"), number("x"), number(True)
    (-0.5, -0.5, -inf, None, None)
    """
    if isinstance(value, bool):
        return None
    if not isinstance(value, (int, float, str, Decimal)):
        value = _item(value)
    elif isinstance(value, str) and not _IS_NUMBER(value):
        return None
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None
    except OverflowError:  # an integer of hundreds of digits
        return math.inf if cast("int", value) > 0 else -math.inf


_IS_NUMBER = re.compile(
    r"\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|inf(inity)?)\s*", re.IGNORECASE
).fullmatch


def _item(value: Any) -> float | int | None:
    """The Python number in the scalar of an array; None for anything else."""
    try:
        item = value.item() if hasattr(value, "item") else None
    except Exception:  # noqa: BLE001  # whatever another's method does
        return None
    return item if isinstance(item, (int, float)) and not isinstance(item, bool) else None

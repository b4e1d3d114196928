"""The report: what the user holds.

In:    fields that were scored, and how the answer ended.
Out:   ``Report`` and ``Field``: frozen, plain to read, plain to serialise.
Never: a computation that needs the response again; a number that is not known.
Why:   people decide field by field, and they decide with what is here.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from fieldconf.alternatives.distribution import Distribution, Member
from fieldconf.alternatives.steps import Choice
from fieldconf.alternatives.why import Why
from fieldconf.paths import Path, pointer
from fieldconf.render import html
from fieldconf.schema import Declared, Invalid, Schema, kind_of
from fieldconf.schema.attributes import paths_of, steps_of
from fieldconf.scores import TextScore
from fieldconf.tokens import Mask, Token

Status: TypeAlias = Literal[
    "complete", "truncated", "refused", "malformed", "unaligned", "no_logprobs"
]
Kind: TypeAlias = Literal["object", "array", "string", "number", "boolean", "null"]
Basis: TypeAlias = Literal[
    "distribution", "decision", "null_or_value", "joint", "geometric_mean", "list_end",
    "least_required", "none",
]  # fmt: skip

T = TypeVar("T")

_SHOWN = 8  # leaves in a report's repr

DEEPEST = 200
"""Values nested deeper than this are left out of ``to_dict``: JSON writers and readers recurse."""

_TOO_DEEP = f"(nested deeper than {DEEPEST})"


@dataclass(frozen=True, repr=False)
class Field:
    """One value of the answer and how sure the model was of it.

    Attributes:
        path: keys and indexes from the root.
        value: the decoded JSON value; None if it did not close (see ``flags``).
        kind: its JSON kind.
        confidence: 0..1 by the formula named in ``basis``; None if not known (see ``reason``).
        low, high: bounds of it (0..1) that account for what the server did not list; or None.
        logprob: sum of the logprobs (nats) of all tokens that touch the value; or None.
        basis: the formula behind ``confidence``:

            * ``distribution``: probability of the member written, among all members
            * ``decision``: the probability that a decision API gives the value
            * ``null_or_value``: probability of null against any value
            * ``joint``: product over the tokens of agreeing / possible mass
            * ``geometric_mean``: exp of the mean logprob of the tokens (long texts)
            * ``list_end``: chance that the list went on where it did and ended where it ended
            * ``least_required``: the least confidence among the required leaves inside

        distribution: the members of a finite domain with their probabilities; or None.
        expected, std: mean and standard deviation over a distribution of numbers; or None.
        arms: of a union: how probable each of its arms was (the names of JSON kinds, or of the
            object schemas, by a discriminator or by the keys); or None.
        presence: of an object: each optional key with the probability that it is written (``value``
            says whether it was).
        stops: of a list: at each place where it could have ended, the probability that it ends;
            the last one is where it did.
        min_step: the step of an open value at which the model was least sure; or None.
        why: the decisive token and its rivals; of a container, those of its least sure part.
        flags: "truncated", "shared_token" (a token also wrote bytes outside the value),
            "duplicate_key" (an earlier value stood at the same path), "lone_surrogate",
            "overflow" (a number beyond a double), "not_a_member" (outside of its enum),
            "against_schema" (of the mass that the server listed at some token, the schema allows
            less than a tenth: the model wanted to say something else), "unsettled" (its bounds
            stayed wider than was asked for).
        reason: why there is no confidence; empty if there is one.
        declared: what the schema says of its place: kinds, members, description, settings; with
            what was written before deciding between the arms of a union. None without a schema's
            look at it.
        start, stop: the half-open byte span of the value's JSON text in the answer.
        indexes: the indexes of the touching tokens.
    """

    path: Path
    value: Any
    kind: Kind
    confidence: float | None = None
    low: float | None = None
    high: float | None = None
    logprob: float | None = None
    basis: Basis = "none"
    distribution: Distribution | None = None
    expected: float | None = None
    std: float | None = None
    arms: Distribution | None = None
    presence: Mapping[str, Member] = field(default_factory=dict[str, Member])
    stops: tuple[Member, ...] = ()
    min_step: Choice | None = None
    why: Why | None = None
    flags: tuple[str, ...] = ()
    reason: str = ""
    declared: Declared | None = field(default=None, repr=False, compare=False)
    start: int = 0
    stop: int = 0
    indexes: tuple[int, ...] = ()
    source: tuple[Token, ...] | list[Token] = field(default=(), repr=False, compare=False)

    def __repr__(self) -> str:
        return f"<Field {self.pointer or '(whole)'} {_shorten(repr(self.value))} {_short(self)}>"

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer."""
        return pointer(self.path)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens that touch the value."""
        return tuple(self.source[index] for index in self.indexes)

    @property
    def is_leaf(self) -> bool:
        """Whether the value is a scalar or an empty container that closed."""
        is_scalar = self.kind not in ("object", "array")
        return is_scalar or (not self.value and "truncated" not in self.flags)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values: all of the above but the tokens; containers without their value."""
        plain: dict[str, Any] = {"kind": self.kind}
        if self.is_leaf:
            plain["value"] = plain_value(self.value)
        for name in ("confidence", "low", "high", "logprob", "basis", "expected", "std", "reason"):
            plain[name] = getattr(self, name)
        plain["flags"] = list(self.flags)
        plain["span"] = [self.start, self.stop]
        plain["distribution"] = _plain_distribution(self.distribution)
        plain["arms"] = _plain_distribution(self.arms)
        plain["presence"] = {name: _plain_member(m) for name, m in self.presence.items()}
        plain["stops"] = [_plain_member(member) for member in self.stops]
        plain["why"] = _plain_why(self.why)
        return plain


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where and why reading was stopped early, and what that spared.

    Attributes:
        pointer: the field that a rule stopped at.
        rule: the rule, in words.
        read: tokens that had been read.
        saved: tokens that the rest would have needed at least: the shortest rest that the schema
            allows, at the answer's own bytes a token (an estimate).
        saved_at_most: the token limit of the request minus those read; None where none was set.
    """

    pointer: str
    rule: str
    read: int
    saved: int
    saved_at_most: int | None = None


@dataclass(frozen=True, repr=False)
class Report(Generic[T]):
    """An answer with a confidence for every field.

    Attributes:
        status: how the answer ended: "complete"; "truncated" (it ends before the value does);
            "malformed" (not JSON from some byte on); "refused"; "unaligned" (the tokens do not
            spell the text) and "no_logprobs" (both: values without numbers).
        value: the validated value (a model instance for a model); None if it does not validate.
        data: the plain JSON value, as far as it closed.
        fields: JSON Pointer -> ``Field``, in document order, leaves and containers.
        errors: how the answer breaks its schema, each with the value that does, how sure the model
            was of it and its tokens; empty if it keeps to it.
        reason: what ``status`` means in this case, one sentence; empty if complete.
        flags: "saturated": nearly all tokens of the values have a probability above .999, so that
            the numbers tell no field from another (a server that reports them at a temperature
            near 0 does this; so does a model that is sure of everything).
        mask: whether the logprobs stand before ("pre") or after ("post") tokens that the schema
            forbids were excluded; "unknown" where nothing says so.
        precision: the step (nats) to which the server rounded its logprobs, as OpenAI's Responses
            objects do (1e-6): a 0.0 is then only nearly certain; None where it did not.
        choice: which of several answers to one request this is.
        tool: the name of the tool of whose call this is the argument; empty for an answer in the
            content.
        answer: logprob, mean and perplexity of the answer's text; None without logprobs.
        prompt: the same of the prompt, where the response lists its tokens; or None.
        stopped: where and why a rule of yours stopped the reading (``status`` is then "truncated"),
            and how many tokens that spared; None if none did.
        owners: for each token the pointer of the leaf that owns it, "structure" or "outside".
        text: the answer as received; None if there is none.
        schema: what the answer was read by.
        tokens, model, finish_reason: as received; "length" stands for every server's word for the
            token limit.
    """

    status: Status
    value: T | None = None
    data: Any = None
    fields: Mapping[str, Field] = field(default_factory=dict[str, Field])
    errors: tuple[Invalid, ...] = ()
    reason: str = ""
    flags: tuple[str, ...] = ()
    mask: Mask = "unknown"
    precision: float | None = None
    choice: int = 0
    tool: str = ""
    answer: TextScore | None = None
    prompt: TextScore | None = None
    stopped: Stopped | None = None
    owners: tuple[str, ...] = field(default=(), repr=False)
    text: str | None = field(default=None, repr=False)
    tokens: tuple[Token, ...] = field(default=(), repr=False)
    model: str = ""
    finish_reason: str | None = None
    refusal: str | None = None
    schema: Schema = field(default_factory=Schema, repr=False, compare=False)

    def __repr__(self) -> str:
        leaves = list(self.leaves.values())
        shown = [f"{f.pointer} {_shorten(repr(f.value))} {_number(f)}" for f in leaves[:_SHOWN]]
        more = [f"{len(leaves) - _SHOWN} more"] if len(leaves) > _SHOWN else []
        return f"<Report {self.status}: {', '.join([*shown, *more]) or 'no fields'}>"

    def __getitem__(self, key: str | int | Path) -> Field:
        """The field at a JSON Pointer or a path: ``report["/items/0"]``, ``report["items", 0]``.

        One step may stand alone: ``report["items"]``, ``report[0]``.

        Raises:
            KeyError: if the answer has no such field; the message lists those it has.
        """
        path = (key,) if isinstance(key, int) else key
        wanted = path if isinstance(path, str) else pointer(path)
        if wanted in self.fields:
            return self.fields[wanted]
        if "/" + wanted in self.fields:
            return self.fields["/" + wanted]
        known = ", ".join(map(repr, list(self.fields)[:8]))
        raise KeyError(f"no field {wanted!r} in the answer; it has {known or 'none'}")

    def of(self, pick: Callable[[T], Any] | str) -> Field:
        """The field of an attribute of the value: ``report.of(lambda t: t.customer.email)``.

        An editor knows the attributes, aliases are undone, and it works where the answer did not
        validate, too. A text does the same: ``report.of("items[0].price")``.

        Raises:
            KeyError: if the answer has no such field; the message names where it would be.
            ValueError: if ``pick`` gives no attribute.

        >>> import fieldconf as fc
        >>> entry = {"token": '{"ok": true}', "logprob": -0.1}
        >>> report = fc.score({"choices": [{"message": {"content": entry["token"]},
        ...                                 "logprobs": {"content": [entry]}}]})
        >>> report.of(lambda answer: answer.ok).value
        True
        """
        paths = paths_of(steps_of(pick), self.schema.root)
        found = [path for path in map(self._counted, paths) if pointer(path) in self.fields]
        return self[found[0] if found else paths[0]]

    def _counted(self, path: Path) -> Path:
        """A path whose negative indexes count from the end."""
        made: Path = ()
        for step in path:
            if isinstance(step, int) and step < 0 and pointer(made) in self.fields:
                step += len(self.fields[pointer(made)].value or ())  # noqa: PLW2901
            made = (*made, step)
        return made

    @property
    def confidence(self) -> float | None:
        """The least confidence among the required leaves (0..1); None if one is not known."""
        root = self.fields.get("")
        return root.confidence if root and self.status == "complete" else None

    @cached_property
    def leaves(self) -> dict[str, Field]:
        """The scalar fields and empty containers only."""
        return {name: field for name, field in self.fields.items() if field.is_leaf}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the tokens."""
        return {
            "status": self.status,
            "reason": self.reason,
            "flags": list(self.flags),
            "confidence": self.confidence,
            "mask": self.mask,
            "precision": self.precision,
            "choice": self.choice,
            "tool": self.tool,
            "answer": _plain_score(self.answer),
            "prompt": _plain_score(self.prompt),
            "stopped": asdict(self.stopped) if self.stopped else None,
            "model": self.model,
            "finish_reason": self.finish_reason,
            "refusal": self.refusal,
            "data": plain_value(self.data),
            "errors": [_plain_error(error) for error in self.errors],
            "fields": {name: field.to_dict() for name, field in self.fields.items()},
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """``to_dict`` as JSON text; characters outside ASCII are escaped."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def to_html(self) -> str:
        """A stand-alone HTML page with one row a leaf."""
        return html.page(self.to_dict())


def _plain_error(error: Invalid) -> dict[str, Any]:
    value = plain_value(error.value)
    return {
        "pointer": error.pointer, "problem": error.problem, "value": value,
        "confidence": error.confidence,
    }  # fmt: skip


def _plain_score(score: TextScore | None) -> dict[str, Any] | None:
    """JSON has no infinity."""
    if score is None:
        return None
    perplexity = None if score.perplexity == math.inf else score.perplexity
    return score._asdict() | {"perplexity": perplexity}


def _shorten(text: str) -> str:
    """A text of at most 40 characters."""
    return text if len(text) <= 40 else text[:37] + "..."


def _number(field: Field) -> str:
    return "unknown" if field.confidence is None else f"{field.confidence:.3f}"


def _short(field: Field) -> str:
    return f"{_number(field)} ({field.reason or field.basis})"


def plain_value(value: Any) -> Any:
    """A decoded JSON value with what JSON writers cannot hold as text.

    That is inf, huge integers, and what is nested too deep for the interpreter's stack; for which
    reason there is no recursion here.
    """
    holder: list[Any] = [value]
    todo: list[tuple[Any, Any, int]] = [(holder, 0, 0)]
    while todo:
        parent, key, depth = todo.pop()
        item: Any = parent[key]
        if kind_of(item) in ("object", "array"):
            copy: Any = item.copy()
            parent[key] = copy if depth < DEEPEST else _TOO_DEEP
            keys: Any = range(len(copy)) if kind_of(item) == "array" else copy
            todo.extend((copy, k, depth + 1) for k in (keys if depth < DEEPEST else ()))
        elif isinstance(item, Decimal) or (isinstance(item, float) and not math.isfinite(item)):
            parent[key] = str(item)
    return holder[0]


def _plain_distribution(distribution: Distribution | None) -> dict[str, Any] | None:
    if distribution is None:
        return None
    return {
        "candidates": [_plain_member(member) for member in distribution.candidates],
        "off_schema": distribution.off_schema,
        "unseen": distribution.unseen,
        "other": [rival._asdict() for rival in distribution.other],
        "calls": distribution.calls,
    }


def _plain_member(member: Member) -> dict[str, Any]:
    return {
        "value": plain_value(member.value),
        "probability": member.probability,
        "low": member.low,
        "high": member.high,
    }


def _plain_why(why: Why | None) -> dict[str, Any] | None:
    if why is None:
        return None
    rivals = [rival._asdict() for rival in why.rivals]
    return {**why._asdict(), "rivals": rivals, "sentence": why.sentence}

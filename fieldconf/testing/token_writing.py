"""Token writing: the tokens of a fake model's answer.

In:    an ``Answer``, and the schema it will be scored by, if that is known.
Out:   ``WrittenToken`` values: a token's text, its logprob, and the candidates listed with it.
Never: another confidence than the answer asks for.
Why:   this inverts the scorer: for each kind of value, the tokens that give a confidence.

What is certain is one token with the logprob 0. A leaf is decided by one token, and what is left
beside its confidence is listed nowhere: the scorer takes it for other allowed values. That is
right for members, kinds, strings and numbers alike. But

* free text has a geometric mean over its tokens: each is as sure as the whole. What is left beside
  each begins the same text, so that nothing of it may be null.
* unlisted mass before the first item of a list might also have ended it. So the list's bracket has
  the first byte of the item, too; where an item has one byte only, a rival item is listed.
* the token behind a number ends it. Where a list ends, its rival (``,``) would end it as well.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fieldconf.errors import SchemaError
from fieldconf.fields.field_scorer import FREE_TEXT_CHARACTERS
from fieldconf.parsing.kinds import same
from fieldconf.paths import Path, pointer
from fieldconf.schema import Declared, Schema, compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.testing.fake_answers import Answer, AnswerError, pointer_name
from fieldconf.tokens.token import Candidate, Completion, Token

_SAME = 1e-9
_BEGINS = {"string": '"', "object": "{", "array": "[", "boolean": "true", "number": "1"}
_NEGLIGIBLE = ("\n", math.log(1e-12))
_PIECES = re.compile(r"\s*\S{1,12}|\s+")


class WrittenToken(NamedTuple):
    """One token: its text, its logprob (nats; None: not listed), and its rivals' texts."""

    text: str
    logprob: float | None
    rivals: tuple[tuple[str, float], ...] = ()  # (text, logprob), likeliest first

    @property
    def listed(self) -> tuple[tuple[str, float], ...]:
        """The token and its rivals, likeliest first."""
        own = ((self.text, self.logprob or 0.0),)
        return tuple(sorted((*own, *self.rivals), key=lambda pair: -pair[1]))


def entries(answer: Answer, requested: Any = None) -> tuple[WrittenToken, ...]:
    """The tokens of an answer; ``requested`` is the schema that a request asks for.

    Raises:
        AnswerError: if the answer cannot have the confidences that it should have.
    """
    if answer.refusal is not None:
        return ()
    if answer.text is not None:
        return text_entries(answer.text, answer.default)
    schema = answer.schema if answer.schema is not None else requested
    compiled = _compiled(schema, answer)
    writer = _Writer(answer, compiled)
    writer.write(answer.value, ())
    writer.check()
    tokens = _distinct([_entry(p.text, p.probability, p.rivals) for p in writer.pieces])
    if compiled is not None and answer.confidences:
        _verify(answer, tokens, compiled)
    return tokens


def text_entries(text: str, probability: float = 1.0) -> tuple[WrittenToken, ...]:
    """The tokens of a text, each with this probability (0..1)."""
    return tuple(_entry(piece, probability) for piece in _pieces(text))


def _compiled(schema: Any, answer: Answer) -> Schema | None:
    if schema is None:
        return None
    try:
        return compile_schema(schema).as_requested
    except SchemaError:
        if schema is answer.schema:
            raise
        return None  # a request may ask for anything


def _distinct(tokens: Sequence[WrittenToken]) -> tuple[WrittenToken, ...]:
    """No two in a row are equal: in a stream the second is taken for the first, sent twice."""
    result = list(tokens)
    for index in range(1, len(result)):
        if result[index].rivals and result[index] == result[index - 1]:
            rivals = (*result[index].rivals, _NEGLIGIBLE)
            result[index] = result[index]._replace(rivals=rivals)
    return tuple(result)


def _pieces(text: str) -> list[str]:
    """A text in pieces of a few words' length; each but the only one has two characters or more."""
    names: list[str] = []
    for piece in _PIECES.findall(text):
        if len(piece) < 2 and names:
            names[-1] += piece
        else:
            names.append(piece)
    if len(names) > 1 and len(names[0]) < 2:
        names[:2] = [names[0] + names[1]]
    return names


def _entry(text: str, probability: float, rivals: Sequence[tuple[str, float]] = ()) -> WrittenToken:
    candidates = [(rival, math.log(mass)) for rival, mass in rivals if mass > 0]
    return WrittenToken(
        text, math.log(probability), tuple(sorted(candidates, key=lambda pair: -pair[1]))
    )


def spelled(value: Any) -> str:
    """A value as compact JSON; characters stand for themselves where UTF-8 can write them.

    Raises:
        AnswerError: if it is no JSON value.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise AnswerError(f"this {type(value).__name__} is no JSON value: {error}") from error
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


# -- from values to pieces ----------------------------------------------------------------------


@dataclass(slots=True)
class _Piece:
    text: str
    probability: float = 1.0
    rivals: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])


class _Writer:
    """Writes one value after the other; a list's first item may need the bracket before it."""

    def __init__(self, answer: Answer, schema: Schema | None) -> None:
        self.pieces: list[_Piece] = []
        self._answer, self._schema = answer, schema
        self._seen: dict[str, bool] = {}  # of each field, whether it can have a confidence

    def check(self) -> None:
        """Raise for confidences of fields that the value does not have, or that have none."""
        for name in self._answer.confidences:
            if name not in self._seen:
                names = ", ".join(map(repr, list(self._seen)[:12]))
                raise AnswerError(f"the value has no {name!r}", remedy=f"It has {names}")
            if not self._seen[name]:
                raise AnswerError(
                    f"{name or 'the whole'} is an object and as sure as the least sure field in it",
                    remedy="Give the confidence of a field in it",
                )

    def write(self, value: Any, path: Path, *, is_first: bool = False) -> None:
        """Add the pieces of a value; ``is_first`` says that the bracket of a list is the last."""
        self._seen[pointer(path)] = not (isinstance(value, dict) and value)
        if isinstance(value, dict) and value:
            self._object(value, path)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, (list, tuple)) and value:
            self._list(value, path)  # pyright: ignore[reportUnknownArgumentType]
        else:
            self._leaf(value, path, is_first=is_first)

    def _sure(self, path: Path) -> float:
        return self._answer.confidences.get(pointer(path), self._answer.default)

    def _declared(self, path: Path) -> Declared | None:
        return None if self._schema is None else self._schema.declared(path)

    def _object(self, value: dict[str, Any], path: Path) -> None:
        for index, (key, item) in enumerate(value.items()):
            if not isinstance(key, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a test may give anything
                raise AnswerError(f"{key!r} is no key of a JSON object")
            name = spelled(key)[1:-1]
            begin = '{"' if index == 0 else ',"'
            self.pieces += [_Piece(text) for text in (begin, name, '":') if text]
            self.write(item, (*path, key))
        self.pieces.append(_Piece("}"))

    def _list(self, value: Sequence[Any], path: Path) -> None:
        for index, item in enumerate(value):
            self.pieces.append(_Piece("," if index else "["))
            self.write(item, (*path, index), is_first=index == 0)
        sure = self._sure(path)
        self.pieces.append(_Piece("]", sure, [(",", 1 - sure)]))

    def _leaf(self, value: Any, path: Path, *, is_first: bool) -> None:
        name, text, sure = pointer(path), spelled(value), self._sure(path)
        others = self._answer.rivals.get(name)
        declared = self._declared(path)
        if others is not None:
            if any(same(value, other) for other in others):
                raise AnswerError(f"{name} is {value!r}, which is no rival of itself")
            rivals = [(spelled(other), mass) for other, mass in others.items()]
            self.pieces.append(_Piece(text, sure, rivals))
        elif isinstance(value, str) and _is_prose(value, declared):
            self._prose(value, sure, is_first=is_first)
        elif is_first and sure < 1:
            self._first(value, text, path, sure)
        elif (
            isinstance(value, bool)
            and declared is not None
            and any(same(member, not value) for member in declared.members or ())
        ):  # the other boolean is a rival only where it is known to be allowed
            self.pieces.append(_Piece(text, sure, [(spelled(not value), 1 - sure)]))
        else:
            self.pieces.append(_Piece(text, sure))

    def _prose(self, value: str, sure: float, *, is_first: bool) -> None:
        """Free text: its mean is ``sure``."""
        texts = [spelled(piece)[1:-1] for piece in _pieces(value)]
        # Beside each piece a shorter token is listed that begins the same text.
        beginnings = [spelled(piece[0])[1:-1] for piece in _pieces(value)]
        texts[-1] += '"'
        if is_first:
            self.pieces[-1].text += '"'  # it belongs to the value, and counts in its mean
        else:
            texts[0] = '"' + texts[0]
            beginnings[0] = '"'
        probability = sure ** ((len(texts) + is_first) / len(texts))
        for text, beginning in zip(texts, beginnings, strict=True):
            self.pieces.append(_Piece(text, probability, [(beginning, 1.0 - probability)]))

    def _first(self, value: Any, text: str, path: Path, sure: float) -> None:
        """The first item of a list: nothing may be left that could also end the list."""
        declared = self._declared(path)
        other = _another(value, declared)
        is_asked = pointer(path) in self._answer.confidences
        if other is not None:
            self.pieces.append(_Piece(text, sure, [(other, 1 - sure)]))
        elif text[0] in '"{[' or (len(text) > 1 and text[0] in "-0123456789" and not is_asked):
            self.pieces[-1].text += text[0]
            self.pieces.append(_Piece(text[1:], sure))
        elif is_asked:
            raise AnswerError(
                f"what else might stand at {pointer(path)}, before the list's end, is not known",
                remedy="Give schema=... to the Answer, or rivals of the field",
            )
        else:
            self.pieces.append(_Piece(text))


def _is_prose(value: str, declared: Declared | None) -> bool:
    conf = None if declared is None else declared.conf
    is_joint = conf is not None and conf.basis == "joint"  # then it is a value like any other
    if is_joint or (declared is not None and declared.members is not None):
        return False
    return len(value) > FREE_TEXT_CHARACTERS and (" " in value or not value.isascii())


def _another(value: Any, declared: Declared | None) -> str | None:
    """The beginning of another allowed value; None if none is known, or needed.

    A string or a container needs none: the bracket takes its first byte, which decides nothing.
    """
    if declared is None or declared.is_anything:
        return spelled(not value) if isinstance(value, bool) else None
    if declared.members is not None:
        members = (*declared.members, *((None,) if declared.may_be_null else ()))
        texts = [spelled(member) for member in members if not same(member, value)]
        written = spelled(value)
        # ``1`` might still become ``10``, and then it is no rival of it.
        return min(texts, key=written.startswith, default=None)
    if value is None:
        kinds = sorted(declared.kinds - {"null"})
        return next((_BEGINS[kind] for kind in kinds), None)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return spelled(not value) if isinstance(value, bool) else None
    near = (value + 1, value - 1, value * 2, 0, 1, 2, 5, 10, 100, 0.5, 1.5)
    texts = [spelled(number) for number in near if abs(number) != math.inf and number != value]
    return next((text for text in texts if declared.allows(text.encode(), done=True)), None)


# -- the check ----------------------------------------------------------------------------------


def _verify(answer: Answer, written: Sequence[WrittenToken], schema: Schema) -> None:
    """Raise if the scorer reads another confidence than the answer asks for."""
    tokens = [
        Token(
            token.text, token.text.encode(), token.logprob,
            tuple(Candidate(text, text.encode(), logprob) for text, logprob in token.listed),
        )
        for token in written
    ]  # fmt: skip
    text = "".join(token.text for token in tokens)
    report = score_completion(Completion(text, tuple(tokens), "stop"), schema)
    for name, wanted in answer.confidences.items():
        field = report.fields[pointer_name(name)]
        if field.confidence is None or abs(field.confidence - wanted) > _SAME:
            actual = field.reason or f"{field.confidence:.6g}, by {field.basis!r}"
            raise AnswerError(
                f"{name} cannot have the confidence {wanted}: with its schema it has {actual}",
                remedy="Leave it out, or give its rivals",
            )

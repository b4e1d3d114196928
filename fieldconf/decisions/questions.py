"""Questions: a schema as questions of a decision endpoint, and what their answers mean.

In:    a compiled schema; the name of a question that was answered, and the values in its answer.
Out:   a question for each field with few values, and why the other fields are not asked; the path
       and the member that an answer stands for.
Never: a question whose answers could not be told apart; an open value forced into a choice.
Why:   how a question is named and what its labels mean is known in one place, both ways.

A question's name is the JSON Pointer of its field, so that its answer finds its way back:

* a boolean is a ``predicate``, a statement whose probability is asked;
* two to ten numbers are a ``score``, whose levels are the numbers;
* other scalars, and more numbers, are a ``choice``; where null is allowed, ``NOT_SAID`` is one.

What has a default is asked outright, and what is in an object that may be null as if it were there.
Strings, numbers without bounds and lists are not asked, nor is what only some arms of a union have.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fieldconf.errors import SchemaError
from fieldconf.parsing.kinds import kind_of, same
from fieldconf.paths import Path, parse_pointer, pointer
from fieldconf.providers.forms import DecisionQuestion, QuestionKind
from fieldconf.schema import Declared, Schema, SchemaNode, compile_schema
from fieldconf.schema.keywords import Keywords

NOT_SAID = "not said"
"""The label of null."""
WHOLE = "answer"
"""The name of the question where the whole answer is one scalar."""
MOST_QUESTIONS, MOST_CHOICES, MOST_LEVELS = 400, 255, 10
"""What OpenAI's endpoint takes; System One takes as many choices and levels."""

_MOST_PLACES = 10_000
_OBJECT, _ARRAY, _NULL = frozenset({"object"}), frozenset({"array"}), frozenset({"null"})
_OPEN = "it is no choice between few values"
_LIST = "it is a list"
_ONE = "the schema allows one value only"
_MANY = f"it has more than {MOST_CHOICES} values"
_ALIKE = "two of its values are spelt alike"
_ARMS = "only some arms of a union have it"
_FREE = "its keys are not declared"
_AGAIN = "it holds another of its own kind"


@dataclass(frozen=True, slots=True)
class Questions:
    """A schema as questions. Made by ``questions``.

    Attributes:
        asked: one for each field with few values, in the order of the schema.
        not_asked: the other fields, as JSON Pointers, each with the reason.
    """

    asked: tuple[DecisionQuestion, ...]
    not_asked: Mapping[str, str]


def questions(schema: Any) -> Questions:
    """The questions that a decision endpoint can be asked in place of a schema.

    ``fc.request(schema, provider="openai-decisions")`` has them in the form that is sent.

    Args:
        schema: a pydantic model (or any type pydantic understands) or a JSON Schema.

    Raises:
        SchemaError: if the schema is no schema, has no field that can be asked, or more than 400.

    >>> made = questions({"type": "object", "properties": {
    ...     "urgent": {"type": "boolean", "description": "needs an answer today"},
    ...     "team": {"enum": ["billing", "sales", None]}, "name": {"type": "string"}}})
    >>> made.asked[0].kind, made.asked[0].instructions
    ('predicate', 'This holds for the input: urgent (needs an answer today)')
    >>> made.asked[1].name, made.asked[1].labels
    ('/team', ('billing', 'sales', 'not said'))
    >>> made.not_asked
    {'/name': 'it is no choice between few values'}
    """
    compiled = compile_schema(schema)
    asked: list[DecisionQuestion] = []
    others: dict[str, str] = {}
    for number, (path, place, words, why) in enumerate(_leaves(compiled.root)):
        made = why or _question(path, place.declared, words)
        if isinstance(made, str):
            others[pointer(path)] = made
        else:
            asked.append(made)
        if len(asked) > MOST_QUESTIONS or number > _MOST_PLACES:
            raise SchemaError(
                f"{compiled.name} has more fields than can be asked at once ({MOST_QUESTIONS})",
                remedy="Give a smaller model, or several, one after the other",
            )
    if not asked:
        raise SchemaError(
            f"no field of {compiled.name} is a choice between few values",
            remedy="Ask for logprobs instead (provider='openai'), or declare booleans, enums, "
            "or integers with bounds",
        )
    return Questions(tuple(asked), others)


# -- what is asked ------------------------------------------------------------------------------


def _leaves(root: SchemaNode) -> Iterator[tuple[Path, SchemaNode, str, str]]:
    """Each place that is no declared object, in order: its path, itself, its words, why not."""
    todo: list[tuple[Path, SchemaNode, tuple[str, ...], frozenset[Keywords], str]] = [
        ((), root, (_told("", root.declared),), frozenset(), "")
    ]
    while todo:
        path, place, words, around, why = todo.pop()
        declared = place.declared
        if not why and _is_object(declared):
            again = _AGAIN if around & _declaring(place) else ""
            why = again or ("" if declared.keys else _FREE)
        if why or not _is_object(declared):
            yield path, place, " > ".join(filter(None, words)), why
            continue
        for key in reversed(declared.keys):
            inner = place.inside(key)
            told = (*words, _told(key, inner.declared))
            is_everywhere = all(key in arm.keys for arm in declared.arms)
            there = "" if is_everywhere else _ARMS
            todo.append(((*path, key), inner, told, around | _declaring(place), there))


def _declaring(place: SchemaNode) -> frozenset[Keywords]:
    """The schemas that declare the keys here: of a model that holds itself, the same ones again."""
    return frozenset(part for case in place.object_cases for part in case.parts if part.properties)


def _is_object(declared: Declared) -> bool:
    """Whether an object is declared, be it without saying so: keys, and no type."""
    is_said = declared.kinds - _NULL == _OBJECT
    return declared.members is None and (is_said or (declared.is_anything and bool(declared.keys)))


def _question(path: Path, declared: Declared, words: str) -> DecisionQuestion | str:
    """The question of a place, or why there is none."""
    members = declared.members
    if members is None:
        return _LIST if declared.kinds - _NULL == _ARRAY else _OPEN
    if len(members) < 2:
        return _ONE
    if len(members) > MOST_CHOICES:
        return _MANY
    if len({_text(_label(member)) for member in members}) < len(members):
        return _ALIKE
    kind = _kind(members)
    labels = tuple(_label(member) for member in members)
    if kind == "score":
        labels = tuple(map(_text, labels))
    return DecisionQuestion(
        pointer(path) or WHOLE, kind, _INSTRUCTIONS[kind] + (words or WHOLE),
        () if kind == "predicate" else labels,
    )  # fmt: skip


_INSTRUCTIONS: Mapping[QuestionKind, str] = {
    "predicate": "This holds for the input: ",
    "choice": "Choose what the input says of: ",
    "score": "Choose the number that the input gives for: ",
}


def _kind(members: Sequence[Any]) -> QuestionKind:
    kinds = {kind_of(member) for member in members}
    if kinds == {"boolean"}:
        return "predicate"
    is_scale = kinds == {"number"} and len(members) <= MOST_LEVELS
    return "score" if is_scale and list(members) == sorted(members) else "choice"


def _label(member: Any) -> str | bool:
    """How a member is called in a question."""
    if isinstance(member, (str, bool)):
        return member
    return NOT_SAID if member is None else json.dumps(member)


def _text(label: str | bool) -> str:  # noqa: FBT001  # a label
    return label if isinstance(label, str) else json.dumps(label)


def _told(key: str, declared: Declared) -> str:
    """A key, with what the schema says of it beyond the key itself."""
    named = key or declared.title
    title = "" if _plain(declared.title) == _plain(named) else declared.title
    about = ": ".join(filter(None, (title, declared.description.strip().rstrip("."))))
    return f"{named} ({about})" if named and about else named or about


def _plain(words: str) -> str:
    return re.sub(r"[\W_]", "", words).lower()


# -- what an answer means -----------------------------------------------------------------------


def path_of(name: str, schema: Schema) -> Path:
    """The path of the field that a question of this name was about.

    A name that is no JSON Pointer is a key.

    >>> path_of("/customer/vip", Schema()), path_of("customer/vip", Schema())
    (('customer', 'vip'), ('customer/vip',))
    """
    if name.startswith("/"):
        return parse_pointer(name)
    return (name,) if "object" in schema.root.declared.kinds else ()


def meant(members: Sequence[Any] | None, value: Any, label: str = "") -> Any:
    """The member that a value, or its label, in an answer stands for; the value if it is none.

    The label counts first: of a score, the value is only the place of the level.

    >>> meant((1, 2, 3), 0, "1"), meant((True, None), "true"), meant((True, None), "not said")
    (1, True, None)
    >>> meant(None, "billing"), meant(("billing",), "bills")
    ('billing', 'bills')
    """
    said: list[Any] = [label, value] if label else [value]
    found = [
        *(member for one in said for member in members or () if same(member, one)),
        *(member for one in said for member in members or () if _text(_label(member)) == one),
    ]
    return found[0] if found else value

"""Schema questions: a schema as questions for a decision endpoint, and what their answers mean.

In:    a compiled schema; the name of an answered question, and the values in its answer.
Out:   a question for each field with few values, and the reason for each field without a question;
       the path and the member that an answer means.
Never: a question whose answers cannot be distinguished; a choice for a field with an open domain.
Why:   one module defines the names and labels of questions, for the request and the response.

A question's name is the JSON Pointer of its field:

* a boolean is a ``predicate``: a statement, of which the endpoint returns the probability;
* two to ten numbers are a ``score``, whose levels are the numbers;
* other scalars, and more numbers, are a ``choice``; if null is allowed, ``NOT_SAID`` is one label.

There are questions for optional fields and for fields inside of objects that may be null. There are
none for strings, numbers without bounds, lists, and fields of only some variants of a union.
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
"""The limits of OpenAI's endpoint; System One accepts as many choices and levels."""

_MOST_LEAVES = 10_000
_OBJECT, _ARRAY, _NULL = frozenset({"object"}), frozenset({"array"}), frozenset({"null"})
_OPEN = "it is no choice between few values"
_LIST = "it is a list"
_ONE = "the schema allows one value only"
_MANY = f"it has more than {MOST_CHOICES} values"
_ALIKE = "two of its values are spelt alike"
_VARIANTS = "only some variants of a union have it"
_FREE = "its keys are not declared"
_RECURSIVE = "it contains an object of its own schema"


@dataclass(frozen=True, slots=True)
class Questions:
    """A schema as questions. Built by ``questions``.

    Attributes:
        asked: a question for each field with few values, in the order of the schema.
        not_asked: the other fields, as JSON Pointers, each with the reason.
    """

    asked: tuple[DecisionQuestion, ...]
    not_asked: Mapping[str, str]


def questions(schema: Any) -> Questions:
    """The questions for a decision endpoint that correspond to a schema.

    ``fc.request(schema, provider="openai-decisions")`` returns them as request parameters.

    Args:
        schema: a pydantic model (or any type pydantic understands) or a JSON Schema.

    Raises:
        SchemaError: if the schema is no schema, or if it has no questions, or more than 400.

    >>> ticket = questions({"type": "object", "properties": {
    ...     "urgent": {"type": "boolean", "description": "needs an answer today"},
    ...     "team": {"enum": ["billing", "sales", None]}, "name": {"type": "string"}}})
    >>> ticket.asked[0].kind, ticket.asked[0].instructions
    ('predicate', 'This holds for the input: urgent (needs an answer today)')
    >>> ticket.asked[1].name, ticket.asked[1].labels
    ('/team', ('billing', 'sales', 'not said'))
    >>> ticket.not_asked
    {'/name': 'it is no choice between few values'}
    """
    compiled = compile_schema(schema)
    included: list[DecisionQuestion] = []
    excluded: dict[str, str] = {}
    for number, (path, node, description, reason) in enumerate(_leaves(compiled.root)):
        question = reason or _question(path, node.declared, description)
        if isinstance(question, str):
            excluded[pointer(path)] = question
        else:
            included.append(question)
        if len(included) > MOST_QUESTIONS or number > _MOST_LEAVES:
            raise SchemaError(
                f"{compiled.name} has more fields than one request can have questions"
                f" ({MOST_QUESTIONS})",
                remedy="Use a smaller model, or several, one after the other",
            )
    if not included:
        raise SchemaError(
            f"no field of {compiled.name} is a choice between few values",
            remedy="Use logprobs instead (provider='openai'), or declare booleans, enums, "
            "or integers with bounds",
        )
    return Questions(tuple(included), excluded)


# -- from the schema to questions ---------------------------------------------------------------


def _leaves(root: SchemaNode) -> Iterator[tuple[Path, SchemaNode, str, str]]:
    """The nodes of fields, in order: path, node, description, and why there is no question."""
    todo: list[tuple[Path, SchemaNode, tuple[str, ...], frozenset[Keywords], str]] = [
        ((), root, (_described("", root.declared),), frozenset(), "")
    ]
    while todo:
        path, node, descriptions, around, reason = todo.pop()
        declared = node.declared
        # The schemas that declare the keys: those of a recursive model occur again inside of it.
        declaring = frozenset(p for case in node.object_cases for p in case.parts if p.properties)
        if not reason and _is_object(declared):
            reason = _RECURSIVE if around & declaring else "" if declared.keys else _FREE
        if reason or not _is_object(declared):
            yield path, node, " > ".join(filter(None, descriptions)), reason
            continue
        for key in reversed(declared.keys):
            inner = node.inside(key)
            is_in_all = all(key in variant.keys for variant in declared.variants)
            todo.append((
                (*path, key), inner, (*descriptions, _described(key, inner.declared)),
                around | declaring, "" if is_in_all else _VARIANTS,
            ))  # fmt: skip


def _is_object(declared: Declared) -> bool:
    """Whether an object is declared, by its type or by keys without a type."""
    has_type = declared.kinds - _NULL == _OBJECT
    return declared.members is None and (has_type or (declared.is_anything and bool(declared.keys)))


def _question(path: Path, declared: Declared, description: str) -> DecisionQuestion | str:
    """The question for a field, or the reason why there is none."""
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
        pointer(path) or WHOLE, kind, _INSTRUCTIONS[kind] + (description or WHOLE),
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
    """The label of a member in a question."""
    if isinstance(member, (str, bool)):
        return member
    return NOT_SAID if member is None else json.dumps(member)


def _text(label: str | bool) -> str:  # noqa: FBT001  # a label
    return label if isinstance(label, str) else json.dumps(label)


def _described(key: str, declared: Declared) -> str:
    """A key with the title and the description of its schema; without a title like the key."""
    name = key or declared.title
    title = "" if _plain(declared.title) == _plain(name) else declared.title
    description = ": ".join(filter(None, (title, declared.description.strip().rstrip("."))))
    return f"{name} ({description})" if name and description else name or description


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


# -- from answers to values ---------------------------------------------------------------------


def path_of(name: str, schema: Schema) -> Path:
    """The path of the field of the question with this name.

    A name that is no JSON Pointer is a key.

    >>> path_of("/customer/vip", Schema()), path_of("customer/vip", Schema())
    (('customer', 'vip'), ('customer/vip',))
    """
    if name.startswith("/"):
        return parse_pointer(name)
    return (name,) if "object" in schema.root.declared.kinds else ()


def member_of(members: Sequence[Any] | None, value: Any, label: str = "") -> Any:
    """The member that a value of an answer, or its label, means; the value if it means none.

    The label counts first: the value of a score is only the position of the level.

    >>> member_of((1, 2, 3), 0, "1"), member_of((True, None), "true")
    (1, True)
    >>> member_of((True, None), "not said") is None
    True
    >>> member_of(None, "billing"), member_of(("billing",), "bills")
    ('billing', 'bills')
    """
    answers: list[Any] = [label, value] if label else [value]
    pairs = [(member, answer) for answer in answers for member in members or ()]
    equal = [member for member, answer in pairs if same(member, answer)]
    with_label = [member for member, answer in pairs if _text(_label(member)) == answer]
    return next(iter([*equal, *with_label]), value)

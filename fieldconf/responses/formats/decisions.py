"""Decision APIs: answers with probabilities, and no tokens at all.

In:    ``answers``, a list (OpenAI, vLLM, SGLang) or a dict (Google, TypeSafe, OpenRouter, Ollama).
Out:   one ``Delta`` with a ``Decision`` for each answer.
Never: the server's ``confidence``: each vendor has another formula for it.
Why:   these APIs give directly what the other formats only give the tokens for: the probability
       of each value.

Kinds of answers: ``predicate`` (or ``noul``) is a probability of true; ``choice`` and ``score``
have the probability of each value, as a dict or as pairs; ``refusal`` has none.

The values of a ``score`` are the positions of the levels, from 0, and ``score`` is their mean. The
chosen value is the most probable level. The name of a level is beside it (``label``) or in a
``legend``; a name that is a number is the value that was asked for.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fieldconf.responses.delta import Delta
from fieldconf.responses.payload_access import (
    at,
    count,
    first,
    get,
    is_number,
    items,
    members,
    parsed,
    text,
)
from fieldconf.tokens.token import Decision, number

NAME = "a decision API (`answers` with probabilities)"

_SLACK = 0.02  # what a sum of rounded probabilities may be off
_BROKEN = "the answer's probabilities are missing, or are none"
_REFUSED = "the model refused the question"


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    return any(text(get(answer, "type")) in _KINDS for _, answer in _answers(item))


def read(item: Any) -> list[Delta]:
    """The answers."""
    decisions = tuple(
        _KINDS.get(text(get(answer, "type")), _broken)(name, answer)
        for name, answer in _answers(item)
    )
    return [
        Delta(
            decisions=decisions, extent="final", model=text(get(item, "model")),
            prompt_tokens=count(at(item, "usage", "input_tokens")),
            completion_tokens=count(at(item, "usage", "output_tokens")),
        )
    ]  # fmt: skip


def _answers(item: Any) -> Iterator[tuple[str, Any]]:
    """Each answer with the name of its question, or else its position."""
    answers = get(item, "answers")
    yield from members(answers).items()
    for position, answer in enumerate(items(answers)):
        yield text(first(answer, "name", "id")) or str(position), answer


def _broken(name: str, _answer: Any = None) -> Decision:
    return Decision(name, None, (), _BROKEN)


def _predicate(name: str, answer: Any) -> Decision:
    probability = first(answer, "probability", "noul")
    if not _is_probability(probability):
        return _broken(name)
    yes, no = float(probability), 1.0 - float(probability)
    return Decision(name, yes >= no, ((True, yes), (False, no)))


def _choice(name: str, answer: Any) -> Decision:
    probabilities = get(answer, "probabilities")
    rows = [(first(p, "value", "label"), get(p, "probability")) for p in items(probabilities)]
    return _finite(name, get(answer, "choice"), [*members(probabilities).items(), *rows])


def _score(name: str, answer: Any) -> Decision:
    """The most probable level. Positions and numbers are texts if they are the keys of a dict."""
    legend = get(answer, "legend")
    probabilities = get(answer, "probabilities")
    rows = [(get(p, "value"), get(p, "label"), get(p, "probability")) for p in items(probabilities)]
    keyed = [(key, get(legend, key), p) for key, p in members(probabilities).items()]
    levels = [(value, text(label), p) for value, label, p in [*keyed, *rows]]
    pairs = [(_level(value, label), p) for value, label, p in levels]
    decision = _finite(name, None, pairs)
    labels = tuple(label for _, label, _ in levels) if decision.probabilities else ()
    return decision._replace(labels=labels)


def _level(value: Any, label: str) -> Any:
    """The number that a level stands for."""
    level = parsed(label)
    return level if is_number(level) else parsed(value, value)


def _finite(name: str, value: Any, pairs: list[tuple[Any, Any]]) -> Decision:
    """The stated value, or else the most probable one."""
    valid = [(v, float(p)) for v, p in pairs if _is_probability(p)]
    total = math.fsum(p for _, p in valid)
    if not valid or len(valid) < len(pairs) or abs(total - 1) > _SLACK:
        return Decision(name, value, (), _BROKEN)
    if not any(v == value for v, _ in valid):
        value = max(valid, key=lambda pair: pair[1])[0]
    return Decision(name, value, tuple(valid))


def _is_probability(value: Any) -> bool:
    probability = None if isinstance(value, str) else number(value)
    return probability is not None and 0 <= probability <= 1


_KINDS: Mapping[str, Callable[[str, Any], Decision]] = {
    "predicate": _predicate,
    "noul": _predicate,
    "choice": _choice,
    "score": _score,
    "refusal": lambda name, answer: Decision(
        name, None, (), text(get(answer, "refusal")) or _REFUSED
    ),
}

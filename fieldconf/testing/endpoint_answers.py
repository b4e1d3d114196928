"""Endpoint answers: an answer in the format of a decision endpoint, question by question.

In:    an ``Answer``, and the questions of a request.
Out:   a dict in the format of OpenAI's Decisions endpoint.
Never: an answer to a question for which the test gave no value: that is an error.
Why:   code that uses such an endpoint is tested in the same way as other code.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fieldconf.decision_endpoint.schema_questions import member_of
from fieldconf.parsing.kinds import same
from fieldconf.paths import parse_pointer
from fieldconf.testing.fake_answers import Answer, AnswerError, pointer_name

_MISSING = object()


def decisions(answer: Answer, questions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The answer to each question: the value at its name, with the confidence of that field.

    A value that is no object is the answer to whatever is asked.
    What the field's ``rivals`` leave is shared by the other values alike.

    Raises:
        AnswerError: if the answer is a text, or its value is none of a question's.

    >>> made = decisions(Answer({"ok": True}, default=0.9), [{"type": "predicate", "name": "/ok"}])
    >>> made["answers"]
    [{'type': 'predicate', 'name': '/ok', 'probability': 0.9}]
    """
    if answer.text is not None:
        raise AnswerError("a decision endpoint gives no text", remedy="Give a value")
    answers = [_answer(answer, question) for question in questions]
    usage = {
        "input_tokens": len(answers), "input_tokens_details": {
            "cache_write_tokens": 0, "cached_tokens": 0}, "output_tokens": 0,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": len(answers),
    }  # fmt: skip
    return {"object": "decision", "model": answer.model, "answers": answers, "usage": usage}


def _answer(answer: Answer, question: Mapping[str, Any]) -> dict[str, Any]:
    is_object = isinstance(answer.value, dict)
    kind, name = question["type"], str(question.get("name") or "") if is_object else ""
    own = {"type": kind, "name": question.get("name")}
    value = _at(answer.value, pointer_name(name))
    if value is _MISSING or answer.refusal is not None:
        return own | {"type": "refusal"}
    if kind == "predicate":
        return own | {"probability": _shared(answer, name, value, [True, False])[0]}
    if kind == "choice":
        values = [choice["value"] for choice in question["choices"]]
        shares = _shared(answer, name, value, values)
        candidates = [{"value": v, "probability": p} for v, p in zip(values, shares, strict=True)]
        best = max(candidates, key=lambda candidate: candidate["probability"])["value"]
        return own | {"choice": best, "confidence": max(shares), "probabilities": candidates}
    labels = [level["label"] for level in question["levels"]]
    shares = _shared(answer, name, value, labels)
    levels = [
        {"value": number, "label": label, "probability": p}
        for number, (label, p) in enumerate(zip(labels, shares, strict=True))
    ]
    mean = sum(number * share for number, share in enumerate(shares))
    return own | {"score": mean, "confidence": max(shares), "probabilities": levels}


def _at(value: Any, name: str) -> Any:
    for step in parse_pointer(name):
        if not isinstance(value, dict) or step not in value:
            return _MISSING
        value = value[step]  # pyright: ignore[reportUnknownVariableType]
    return value  # pyright: ignore[reportUnknownVariableType]


def _shared(answer: Answer, name: str, value: Any, labels: Sequence[Any]) -> list[float]:
    """The probability of each label."""
    where = pointer_name(name)
    shares: dict[int, float] = {}
    own = (value, answer.confidences.get(where, answer.default))
    for rival, mass in (own, *answer.rivals.get(where, {}).items()):
        matches = [n for n, label in enumerate(labels) if same(member_of([rival], label), rival)]
        if not matches:
            raise AnswerError(f"{rival!r} is no answer to the question {name}: {labels}")
        shares[matches[0]] = mass
    others = len(labels) - len(shares)
    rest = max(1 - sum(shares.values()), 0.0)
    return [shares.get(n, rest / others if others else 0.0) for n in range(len(labels))]

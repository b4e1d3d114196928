"""Classification: the confidence of a bare label, an answer that is not JSON.

In:    a payload of any client, the labels, and how they are matched.
Out:   a ``Report`` with one field, whose distribution is over the meanings of the labels.
Never: an assumption that a grammar restricted the model to the labels. Their probabilities are
       those of the masked process, as everywhere; the mass of other texts is ``off_schema`` and
       ``other``.
Why:   many people ask for ``yes`` or ``no``, and a missing class shows in the other texts.

The end of the answer is also a token: it distinguishes ``pos`` from ``positive``. Some servers list
it without bytes, some as a control token, some not at all. Where it matters and its mass is
unknown, the bounds stay open.

* ``answer``: a completion read as a label;
* ``question``: which labels a text can still become;
* ``ending``: the end of the answer as a token;
* ``masses``: the joint probabilities of labels, without renormalisation;
* ``beside``: texts other than labels in many answers.
"""

from dataclasses import replace
from typing import Any

from fieldconf.calibration.calibrator import Calibrator, CalibratorLike
from fieldconf.classification.answer import LabelAnswer
from fieldconf.classification.ending import with_ends
from fieldconf.distributions.label_matching import Match
from fieldconf.distributions.settling import Settle, settled
from fieldconf.errors import PayloadError, SchemaError
from fieldconf.policy import Policy, PolicyLike
from fieldconf.report import Report
from fieldconf.responses import completion
from fieldconf.schema import LabelSet, Schema, compile_schema
from fieldconf.tokens.temperature import put_back
from fieldconf.tokens.token import Completion, Mask


def classify(  # noqa: PLR0913  # options of a reading, by keyword
    payload: Any, labels: Any, *, match: Match = "exact", first_word: bool = False,
    mask: Mask | None = None, choice: int = 0, settle: Settle | None = None,
    tokenizer: Any = None, prompt: str | None = None, policy: PolicyLike | None = None,
    calibration: CalibratorLike | None = None, temperature: float | None = None,
) -> Report[Any]:  # fmt: skip
    """Score a label that a model wrote as a bare text.

    The same as ``score(payload, LabelSet(labels, ...))``.

    Args:
        payload: a response, as for ``score``.
        labels: the allowed texts; or a mapping from texts to their meanings (JSON scalars; several
            texts may have one meaning); or an ``Enum``, a ``Literal`` type or a ``LabelSet``, which
            has its own ``match`` and ``first_word``.
        match: how the answer is matched: "exact" (character for character), "loose" (letter case,
            white space around and full stops at the end are ignored), or your function that
            returns a label for a text, or None for "undecided" (see ``schema.label_set.Match``).
        first_word: match only the beginning of the answer: white space before the label is
            skipped, and text after the label is ignored. Labels may have several words; the
            longest label that matches counts.
        mask: whether the logprobs are from before or after forbidden tokens are excluded; None: as
            the response says.
        choice: the index of the choice, for responses with several.
        settle: requests to the server that close open bounds, see ``Settle``; ``probe`` and
            ``prompt`` are required.
        tokenizer: for responses that list token ids only, as for ``score``.
        prompt: the prompt, for legacy completions that echo it.
        policy: the limits by which the label is accepted, reviewed or rejected, as for ``score``.
        calibration: applied to the confidence before the policy, as for ``score``.
        temperature: the temperature that the server had applied, as for ``score``.

    Returns:
        A report whose only field is ``report[""]``. Its ``confidence`` (0..1) is the probability of
        the written label among the labels; its ``distribution`` has the probability of each label,
        the mass of all other texts (``off_schema``) and these texts (``other``). If the answer is
        no label, ``value`` is None, ``errors`` says so, and the field has a distribution but no
        confidence.

    Raises:
        PayloadError: if the payload has an unknown shape or lacks the choice.
        RequestError: if a request of ``settle`` failed, or the temperature is no positive number.
        SchemaError: if there are no labels, or two with different meanings match the same text.
        PolicyError: if the policy is invalid.
        CalibrationError: if the calibration is invalid, or was fitted for another model or labels.

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
    if not isinstance(labels, LabelSet):
        labels = LabelSet(labels, match=match, first_word=first_word)
    elif first_word and not labels.first_word:
        raise SchemaError(
            "a label set says itself whether only the first word counts",
            remedy="Give fc.LabelSet(..., first_word=True)",
        )
    schema = compile_schema(labels)
    check_match(schema, match)
    limits, maps = Policy.of(policy), Calibrator.of(calibration)
    answer = completion(payload, choice, tokenizer=tokenizer, prompt=prompt)
    if answer.decisions:
        raise PayloadError(
            "a decision API gives no text to classify", found="answers with probabilities",
            remedy="Give it to score: each answer is a field with a distribution",
        )  # fmt: skip
    report = read_label(put_back(answer, temperature), schema, mask=mask, settle=settle)
    return replace(maps(report) if maps else report, policy=limits)


def read_label(
    completion: Completion, schema: Schema, *, mask: Mask | None = None,
    settle: Settle | None = None,
) -> Report[Any]:  # fmt: skip
    """The report of one completion, by a schema that is a label set.

    Raises:
        RequestError: if a request of ``settle`` failed; its ``report`` has what is known.
    """
    answer = LabelAnswer(completion, schema)
    asking = settle and with_ends(settle, answer.tokens)
    return settled(lambda store: answer.report(store, mask), answer.tokens, asking)


def check_match(schema: Schema, match: Match | None) -> None:
    """Check that ``match`` does not contradict a label set.

    Raises:
        SchemaError: if it does.
    """
    if schema.labels is not None and match not in (None, "exact", schema.labels.match):
        raise SchemaError(
            f"a label set says itself how it is matched, and match={match!r} says it again",
            remedy="Give fc.LabelSet(..., match=...), and leave match= out here",
        )

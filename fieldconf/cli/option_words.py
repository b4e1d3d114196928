"""Option words: a message about the library's arguments, in words of the command line.

In:    the text of one of our errors.
Out:   the same text; where it names a Python argument or function, the option that sets it.
Never: another fact or another remedy than the library's.
Why:   the library's messages say ``model='...'``, and who types a command has ``--model``.
"""

import re

_SENTENCES = {
    "Give model='...'": "Pass --model",
    "Call score_all, which gives a report of each, or give one at a time": (
        "Pass --all for a report of each, or write them all to a table: fieldconf batch"
    ),
    "Raise the client's timeout, or": "Raise --timeout, or",
    "Leave temperature out, or say 1": "Leave --temperature out, or pass 1",
    "and give the response to fc.score": "and give the saved response to fieldconf score",
    "Give fc.LabelSet(..., first_word=True)": "Pass --first-word",
    "Use logprobs instead (provider='openai'), or declare": (
        "Use logprobs instead (--provider openai), or declare"
    ),
    "Give Settle(probe=...), see fieldconf.probes": "Leave --settle out, or use the embedded model",
    "Give Settle(probe=...)": "Leave --settle out, or use the embedded model",
    "Give Settle(prompt=messages)": "Leave --settle out",
    "Give labels=fc.labels(...)": "Pass --labels",
    "Give policy=, too": "Pass --policy, too",
    "Give risk=, such as .05": "Pass --risk, such as .05",
    "Give a review limit that is not above accept": "Pass a --review that is not above --accept",
}
"""Remedies that are other words on the command line; the longer before the shorter."""

_OPTIONS = (
    "accept", "after", "alpha", "api_key", "base_url", "calibration", "choice", "concurrency",
    "give_up_after", "instructions", "labels", "locate", "mask", "match", "max_tokens", "model",
    "output", "per", "policy", "prompt", "provider", "review", "risk", "samples", "schema", "seed",
    "settle", "temperature", "timeout", "top_logprobs", "workers",
)  # fmt: skip
_ARGUMENT = re.compile(rf"(?<![\w.\-/'\"])({'|'.join(_OPTIONS)})=(?:'([^']*)'|\"([^\"]*)\"|(\w+)|)")


def in_options(text: str) -> str:
    """The message with options in place of arguments.

    >>> in_options("no model was named. Give model='...'")
    'no model was named. Pass --model'
    >>> in_options("Give max_tokens=500, or leave top_logprobs= out")
    'Give --max-tokens 500, or leave --top-logprobs out'
    """
    for sentence, ours in _SENTENCES.items():
        text = text.replace(sentence, ours)
    return _ARGUMENT.sub(_option, text)


def _option(found: re.Match[str]) -> str:
    name, *values = found.groups()
    value = next((value for value in values if value is not None), "")
    option = f"--{name.replace('_', '-')}"
    return option if value in ("", "...") else f"{option} {value}"

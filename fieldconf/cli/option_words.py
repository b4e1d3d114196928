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
        "Pass --all to fieldconf score for a report of each, or write a table: fieldconf batch"
    ),
    "Raise the client's timeout, or": "Raise --timeout, or",
    "Leave temperature out, or say 1": "Leave --temperature out, or pass 1",
    "Give the whole response of the request, as an SDK object, a dict, or its JSON": (
        "Give the file of the whole response of the request, as JSON"
    ),
    "Pass the object itself, or dumpd(": "Save dumpd(",
    "Pass the response of the": "Save the response of the",
    "Give the prompt that was sent": "Pass the prompt that was sent by --prompt",
    "Pass a function from token id to bytes, or a Hugging Face tokenizer": (
        "Score it in Python: fc.score(response, tokenizer=...)"
    ),
    "Send several requests yourself, and give the reports of fc.score to fc.agree": (
        "Leave --samples out, or ask another provider"
    ),
    "or apply it all the same: report.calibrated(calibrator, force=True)": (
        "or leave --calibration out"
    ),
    "Give guarantee=None with other cuts": "Leave --accept out to keep the certified limits",
    "Give fc.LabelSet(..., first_word=True)": "Pass --first-word",
    "Use logprobs instead (provider='openai'), or declare": (
        "Use logprobs instead (--provider openai), or declare"
    ),
    "Give Settle(probe=...), see fieldconf.probes": "Leave --settle out, or use the embedded model",
    "Give Settle(probe=...)": "Leave --settle out, or use the embedded model",
    "Give Settle(prompt=messages)": "Leave --settle out",
    "Give labels=fc.labels(...)": "Pass --labels",
    "Give policy=, too": "Pass --policy, too",
    "If answers may leave it out, give a schema": "If answers may leave it out, pass --schema",
    "or overwrite=True to replace it": "or pass --overwrite to replace it",
    "Give risk=, such as .05": "Pass --risk, such as .05",
    "Give a review limit that is not above accept": "Pass a --review that is not above --accept",
}
"""Remedies that are other words on the command line; the longer before the shorter."""

_PATTERNS = (
    (
        r"Pass `completion`, the whole response of the request, as an SDK object, a dict, or its",
        "Give the file of the whole response of the request, as",
    ),
    (r"Pass `completion`, the response", "Give the file of the whole response"),
    (r"Pass `completion`", "Give the file of the whole response"),
    (r"\bpass `completion`", "give the file of the whole response"),
    (r"or pass (`[^`]+`)", r"or save \1 and give that file"),
    (r"Pass ((?:one of )?`[^`]+`)", r"Save \1 and give that file"),
    (
        r"Call it yourself with fc\.request\([^)]*\) and give the response to fc\.score",
        "Send the request with its own client, save the response, and give it to fieldconf score",
    ),
    (r"\b(Lower|Leave|Raise) (top_logprobs|max_tokens)\b", r"\1 \2="),
)
"""The same with parts that vary; an option's name is left to ``_ARGUMENT``."""

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
    for pattern, ours in _PATTERNS:
        text = re.sub(pattern, ours, text)
    return _ARGUMENT.sub(_option, text)


def _option(found: re.Match[str]) -> str:
    name, *values = found.groups()
    value = next((value for value in values if value is not None), "")
    option = f"--{name.replace('_', '-')}"
    return option if value in ("", "...") else f"{option} {value}"

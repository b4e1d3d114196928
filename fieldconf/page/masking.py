"""Masking: the plain form of a report with masked values, and the text that was read.

In:    ``Report.to_dict(tokens=True)``, a source text, a function that masks a text.
Out:   both, masked. Pointers (the keys of the answer) and numbers of confidence stay.
Never: a masked value that is readable elsewhere: in a token, a candidate, a rival, a sentence, in
       the answer's text, or in the source.
Why:   a page is mailed to people who must not see the document.

A value is masked if the function changes its text. Its tokens and their candidates are then masked
whatever is in them: a function cannot recognise a value in its pieces. Last, the texts of masked
values are taken out of every other text.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from fieldconf.page.report_view import PageReport
from fieldconf.redaction import MASK, Redact, masked

_SHORTEST = 3  # characters of a value that is searched for in other texts: "1" is everywhere
_WORDS = frozenset({"status", "mask", "kind", "basis", "outcome", "name", "how", "flags", "digest"})
"""Keys whose texts are our own words."""


_APART = frozenset({"data", "fields", "errors", "tokens", "prompt_tokens", "policy", "response"})


def masked_report(report: PageReport, redact: Redact) -> PageReport:
    """The report of a page with masked values."""
    plain = report.plain
    fields: Mapping[str, Any] = plain["fields"]
    hidden = {name: field for name, field in fields.items() if _is_masked(field, redact)}
    mask = _Mask(
        redact,
        frozenset(hidden),
        frozenset(index for field in hidden.values() for index in field.get("indexes", ())),
        _secrets(hidden.values()),
        report.source is None or redact(report.source) == report.source,
    )
    new = _walked({k: v for k, v in plain.items() if k not in _APART}, mask.text)
    new |= {"data": _values(plain["data"], redact), "model": plain["model"]}
    new["policy"] = plain["policy"]
    new["fields"] = {name: mask.field(name, field) for name, field in fields.items()}
    new["errors"] = [mask.error(error) for error in plain["errors"]]
    new["tokens"] = [mask.token(at, token) for at, token in enumerate(plain.get("tokens", ()))]
    source = None if report.source is None else mask.text(report.source)
    return replace(report, plain=new, source=source)


@dataclass(frozen=True, slots=True)
class _Mask:
    """What is masked in a report.

    Attributes:
        redact: the function that masks a text.
        hidden: the pointers of masked values.
        tokens: the indexes of their tokens.
        secrets: their texts, and those of their places in the source.
        same_source: whether the source stays, so that the places in it are still there.
    """

    redact: Redact
    hidden: frozenset[str]
    tokens: frozenset[int]
    secrets: frozenset[str]
    same_source: bool

    def text(self, text: str) -> str:
        """A text, masked, and without the texts of masked values."""
        text = self.redact(text)
        inside = sorted((each for each in self.secrets if each in text), key=len, reverse=True)
        return re.sub("|".join(map(re.escape, inside)), MASK, text) if inside else text

    def field(self, name: str, field: Mapping[str, Any]) -> dict[str, Any]:
        """A field; of a masked one only numbers stay."""
        new: dict[str, Any] = _walked(field, self.text)
        if "value" in field:
            new["value"] = _values(field["value"], self.redact)
        if name in self.hidden:
            for key in ("distribution", "readings", "why"):
                new[key] = _hidden(field.get(key))
        elif field["why"] is not None and field["why"]["token"] in self.tokens:
            new["why"] = _hidden(field["why"])
        for key in ("source_spans", "source_candidates"):
            if not self.same_source or name in self.hidden:
                new.pop(key, None)
        new.pop("min_step", None)
        return new

    def error(self, error: Mapping[str, Any]) -> dict[str, Any]:
        """How the answer breaks its schema; the sentence quotes values."""
        inside = f"{error['pointer']}/"
        quotes = any(f"{name}/".startswith(inside) for name in self.hidden)
        problem = MASK if quotes else self.text(error["problem"])
        return {**error, "problem": problem, "value": _values(error["value"], self.redact)}

    def token(self, index: int, token: Mapping[str, Any]) -> dict[str, Any]:
        """A token with its candidates, without their bytes."""

        def masked_one(each: Mapping[str, Any]) -> dict[str, Any]:
            text = MASK if index in self.tokens else self.text(each["text"])
            return {"text": text, "logprob": each["logprob"]}

        candidates = [masked_one(each) for each in token.get("candidates", ())]
        return masked_one(token) | {"candidates": candidates}


def _is_masked(field: Mapping[str, Any], redact: Redact) -> bool:
    value = field.get("value")
    return value is not None and _values(value, redact) != value


def _values(value: Any, redact: Redact) -> Any:
    """An answer with masked values; a value that the mask does not change stays as it is."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: _values(inner, redact) for key, inner in items}
    if isinstance(value, list):
        return [_values(inner, redact) for inner in cast("list[Any]", value)]
    if value is None or masked(value, redact) == masked(value, str):
        return value
    return masked(value, redact)


def _secrets(fields: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The texts of values, as they are and as JSON writes them, and of their places."""
    texts: set[str] = set()
    for field in fields:
        text = masked(field["value"], str)
        texts |= {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        texts |= {span["text"] for span in field.get("source_spans") or ()}
    return frozenset(
        text for text in texts if len(text) >= _SHORTEST and text not in ("true", "false")
    )


def _walked(plain: Any, change: Callable[[str], str], key: str = "") -> Any:
    """A plain record with all its texts changed, but for our own words; keys stay."""
    if isinstance(plain, dict):
        items = cast("dict[str, Any]", plain).items()
        return {name: _walked(inner, change, name) for name, inner in items}
    if isinstance(plain, list):
        return [_walked(inner, change, key) for inner in cast("list[Any]", plain)]
    return change(plain) if isinstance(plain, str) and key not in _WORDS else plain


def _hidden(plain: Any) -> Any:
    """A plain record with all its texts and values masked; numbers of confidence stay."""
    if isinstance(plain, dict):
        items = cast("dict[str, Any]", plain).items()
        return {
            name: MASK if name == "value" and inner is not None else _hidden(inner)
            for name, inner in items
        }
    if isinstance(plain, list):
        return [_hidden(inner) for inner in cast("list[Any]", plain)]
    return MASK if isinstance(plain, str) else plain

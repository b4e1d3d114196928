"""Kept responses: a response as it came, with the settings of its request.

In:    a response or the chunks of a stream, and the settings of the request; or their saved form.
Out:   the saved form as plain JSON values; or the response and the settings in it.
Never: a guessed setting: a setting that is not saved is unknown.
Why:   a response alone does not tell what the server's grammar forbids, nor whether its logprobs
       are from before the grammar's mask, nor after which temperature they were taken. Without
       that, scores differ in the fourth digit, or in the first.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, NamedTuple, cast

from fieldconf.errors import PayloadError
from fieldconf.tokens.token import FORMER_MASKS, Layout, Mask

FORM = "fieldconf"
"""The key of the settings, which include the version of the form."""

_VERSION = 2
_NEVER = -9999.0  # how OpenAI writes a logprob of minus infinity, which JSON cannot hold


class KeptResponse(NamedTuple):
    """A saved response and its settings."""

    response: Any
    mask: Mask
    layout: Layout | None
    temperature: float | None = None
    flags: tuple[str, ...] = ()


def keep(
    response: Any, *, mask: Mask | None, layout: Layout | None, temperature: float | None = None,
    flags: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """The plain form of a response: JSON values only.

    ``temperature`` is the one after which the logprobs were taken; ``flags`` are those that the
    request tells of the report.

    >>> plain = keep({"choices": []}, mask="before", layout=Layout(compact=True))
    >>> plain["response"], opened(plain).layout == Layout(compact=True)
    ({'choices': []}, True)
    """
    settings: dict[str, Any] = {
        "version": _VERSION, "mask": mask or "unknown", "layout": layout and asdict(layout)
    }  # fmt: skip
    if temperature is not None:
        settings["temperature"] = temperature
    if flags:
        settings["flags"] = list(flags)
    text = json.dumps(response, default=_plain)
    plain = json.loads(text, parse_constant={"-Infinity": _NEVER}.get)
    return {FORM: settings, "response": plain}


def opened(item: Any) -> KeptResponse | None:
    """The response in a saved form, also inside of a saved report; None for anything else.

    Raises:
        PayloadError: if another version of fieldconf saved it.
    """
    if not isinstance(item, Mapping):
        return None
    form = cast("Mapping[str, Any]", item)
    for key in ("report", "response"):  # a line of ``extract_many``, and the report in it
        inner: Any = form.get(key)
        if isinstance(inner, Mapping) and FORM not in form:
            saved = opened(cast("Any", inner))
            if saved is not None:
                return saved
    settings: Any = form.get(FORM)
    if not isinstance(settings, Mapping) or "response" not in form:
        return None
    saved_settings = cast("Mapping[str, Any]", settings)
    layout: Any = saved_settings.get("layout")
    names = {field.name for field in fields(Layout)}
    if saved_settings.get("version") not in (1, _VERSION) or not names >= {*(layout or {})}:
        raise PayloadError(
            "the response was saved by another version of fieldconf",
            found=str(saved_settings.get("version")),
            remedy='Pass only its "response", or use that version',
        )
    mask: Any = saved_settings.get("mask", "unknown")
    mask = FORMER_MASKS.get(mask, mask)
    temperature: Any = saved_settings.get("temperature")
    flags = tuple(map(str, saved_settings.get("flags") or ()))
    layout = layout and Layout(**layout)
    return KeptResponse(form["response"], mask, layout, temperature, flags)


def _plain(value: object) -> dict[str, Any]:
    """An object as a dict: its own dump, or its attributes."""
    dump = getattr(value, "model_dump", None)
    if dump is None:
        return vars(value)
    return dump(mode="json", exclude_unset=True, warnings=False)

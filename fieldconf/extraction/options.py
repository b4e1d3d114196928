"""Options: the options of a request, declared once for all functions and methods.

In:    keyword arguments.
Out:   ``Options`` for type checkers, a signature for people, a check at run time.
Never: an option silently ignored.
Why:   six functions, eight methods and a decorator take the same options.
"""

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypedDict, TypeVar, cast

from fieldconf.calibration.calibrator import CalibratorLike
from fieldconf.distributions.label_matching import Match
from fieldconf.distributions.settling import Settle
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.stopping import StopRules
from fieldconf.grounding.locating import Ways
from fieldconf.policy import PolicyLike
from fieldconf.report import Report
from fieldconf.scoring.window import Keep
from fieldconf.tokens.token import Mask

F = TypeVar("F", bound=Callable[..., Any])


class Options(TypedDict, total=False):
    """The options of a request; ``extract`` explains each of them.

    An option that is missing or None is left to the settings of a model, the client and the server.
    """

    model: str | None
    provider: str | None
    instructions: str | None
    temperature: float | None
    seed: int | None
    max_tokens: int | None
    top_logprobs: int | None
    mask: Mask | None
    match: Match | None
    settle: Settle | bool | None
    stop_when: StopRules | None
    samples: int | None
    locate: Ways | bool | None
    policy: PolicyLike | None
    calibration: CalibratorLike | None
    keep: Keep | None
    request_options: Mapping[str, Any] | None
    observe: Callable[[Report[Any]], object] | None
    log_values: bool | None


NAMES = tuple(Options.__annotations__)

_SHOWN: Mapping[Any, str] = {
    Input: "Input",
    Mask | None: "Mask | None",
    Match | None: "Match | None",
    Settle | bool | None: "Settle | bool | None",
    Keep | None: "Keep | None",
    StopRules | None: "StopRules | None",
    PolicyLike | None: "PolicyLike | None",
    CalibratorLike | None: "CalibratorLike | None",
    Ways | bool | None: "Ways | bool | None",
    Callable[[Report[Any]], object] | None: "Callable[[Report[Any]], object] | None",
}
"""Short forms of long annotations, for signatures."""


def explicit(function: F) -> F:
    """Show the options one by one in the signature of a function that takes ``**options``.

    Tools that read signatures at run time (``help``, notebooks) then see the same as type checkers.
    """
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
        for name, hint in Options.__annotations__.items()
    ]
    shown = [p.replace(annotation=_SHOWN.get(p.annotation, p.annotation)) for p in [*own, *options]]
    function.__signature__ = signature.replace(parameters=shown)  # pyright: ignore[reportFunctionMemberAccess]
    return function


def merged_options(
    options: Mapping[str, Any], settings: Mapping[str, Any] | None = None
) -> Options:
    """The options that are not None, merged over the settings.

    Raises:
        TypeError: for a name that is no option, as Python does.

    >>> merged_options({"model": "m", "seed": None}, {"seed": 3, "request_options": {"user": "u"}})
    {'seed': 3, 'request_options': {'user': 'u'}, 'model': 'm'}
    """
    for name in options:
        if name not in NAMES:
            near = difflib.get_close_matches(name, [*NAMES, "client"], n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            message = f"got an unexpected keyword argument {name!r}{hint}"
            raise TypeError(message)
    merged = {**(settings or {}), **{k: v for k, v in options.items() if v is not None}}
    if "request_options" in merged:
        merged["request_options"] = {
            **((settings or {}).get("request_options") or {}),
            **(options.get("request_options") or {}),
        }
    return cast("Options", merged)

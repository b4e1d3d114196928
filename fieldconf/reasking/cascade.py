"""Cascading: several models, each asked for what the one before it left in doubt, and a budget.

In:    a schema, what to read, the steps, who judges, what may be spent.
Out:   the report of the last step that was taken.
Never: a step begun when the budget is spent, or when it is not known what was spent; a price
       guessed: what a step will cost is known when it has answered, not before.
Why:   most inputs are easy, and the largest model should only see what is not.

The budget bounds when steps begin, not what they cost: the last one may go beyond it, by its prompt
and, where nothing bounds its answer, by that. So far as a step says ``max_tokens``, or few tokens
are left, its answer is bounded by what is left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, Unpack, cast, overload

from fieldconf.errors import RequestError
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.options import Options, explicit, said
from fieldconf.extraction.telemetry import logger
from fieldconf.fields.readings import RequestCost
from fieldconf.reasking.reask import (
    Request,
    Steps,
    driven,
    driven_async,
    reasking,
)
from fieldconf.report import Report
from fieldconf.report.combine import requests_of

T = TypeVar("T")

SMALL = 4096
"""Tokens that every model may answer with: a step that says nothing is bounded below this only."""
_MILLION = 1_000_000


@dataclass(frozen=True, init=False)
class CascadeStep:
    """One model of a cascade.

    Args:
        client: who is asked, as in ``extract``.
        price: of a million input tokens and of a million output tokens, in a currency of yours;
            the budget is then in that currency. None: it is in tokens.
        blind: as in ``reask``; the first step, which asks for everything, has no use for it.
        options: those of ``extract``, over those of the cascade.

    >>> from fieldconf.testing import FakeClient
    >>> CascadeStep(FakeClient(True), model="large", price=(2.5, 10)).price
    (2.5, 10)
    """

    client: Any
    price: tuple[float, float] | None
    blind: bool
    options: Options

    def __init__(
        self, client: Any, *, price: tuple[float, float] | None = None, blind: bool = False,
        **options: Unpack[Options],
    ) -> None:  # fmt: skip
        for name, value in (("client", client), ("price", price), ("blind", blind)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "options", said(options))

    def cost(self, asked: RequestCost) -> float | None:
        """What a request of this step cost: tokens, or money if there is a price; None if unknown.

        >>> CascadeStep(None, price=(2, 10)).cost(RequestCost("answer", "m", 1_000_000, 500_000))
        7.0
        >>> CascadeStep(None).cost(RequestCost("answer", "m", 300, 50)), CascadeStep(None).cost(RequestCost("answer", "m"))
        (350, None)
        """
        if asked.input_tokens is None or asked.output_tokens is None:
            return None
        if self.price is None:
            return asked.input_tokens + asked.output_tokens
        each, answered = self.price
        return (asked.input_tokens * each + asked.output_tokens * answered) / _MILLION

    def longest(self, left: float) -> int | None:
        """The most tokens that an answer may have for what is left; None if that bounds nothing."""
        if self.price is None:
            return int(left)
        return int(left * _MILLION / self.price[1]) if self.price[1] else None


@overload
def cascade(
    schema: type[T], input: Input, *, steps: Sequence[CascadeStep],
    budget: float | None = None, replace: bool = False, **options: Unpack[Options],
) -> Report[T]: ...  # fmt: skip
@overload
def cascade(
    schema: Any, input: Input, *, steps: Sequence[CascadeStep],
    budget: float | None = None, replace: bool = False, **options: Unpack[Options],
) -> Report[Any]: ...  # fmt: skip
@explicit
def cascade(
    schema: Any, input: Input, *, steps: Sequence[CascadeStep],
    budget: float | None = None, replace: bool = False, **options: Unpack[Options],
) -> Report[Any]:  # fmt: skip
    """Ask a first model for everything, and each further one for what is still in doubt.

    It ends when nothing is in doubt, when there is no further step, or when the budget is spent;
    the log ("fieldconf", level INFO) says why.

    Args:
        schema: a pydantic model (or any type pydantic understands) or a JSON Schema.
        input: what to read, as in ``extract``.
        steps: the models in their order, see ``CascadeStep``.
        budget: a step is begun only while less was spent than this: tokens of prompts and answers,
            as the servers count them, or money where all steps have a price. The last step may go
            beyond it, see the head of ``fieldconf.reasking.cascade``. None: no end.
        replace: as in ``reask``.
        options: those of ``extract``, for all steps; ``policy`` says what is in doubt. Of
            ``samples`` each request counts; a step of one answer says ``samples=1``.

    Returns:
        The report of the last step; ``requests`` has the tokens of each, in order.

    Raises:
        RequestError: if a request failed; it carries the ``report`` of the steps before. If there
            is no step, or if some have a price and others none, and there is a budget.

    >>> from fieldconf.testing import Answer, FakeClient
    >>> small = CascadeStep(FakeClient(Answer({"a": 1, "b": 2}, {"a": 0.6})), model="small")
    >>> schema = {"properties": {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2]}},
    ...           "required": ["a", "b"]}
    >>> large = CascadeStep(FakeClient({"a": 2}), model="large")
    >>> report = cascade(schema, "two and two", steps=[small, large])
    >>> report.data, [asked.model for asked in report.requests]
    ({'a': 2, 'b': 2}, ['made-up', 'made-up'])
    """
    return driven(_cascading(schema, input, steps, budget, replace=replace, options=said(options)))


@overload
async def acascade(
    schema: type[T], input: Input, *, steps: Sequence[CascadeStep],
    budget: float | None = None, replace: bool = False, **options: Unpack[Options],
) -> Report[T]: ...  # fmt: skip
@overload
async def acascade(
    schema: Any, input: Input, *, steps: Sequence[CascadeStep],
    budget: float | None = None, replace: bool = False, **options: Unpack[Options],
) -> Report[Any]: ...  # fmt: skip
@explicit
async def acascade(
    schema: Any, input: Input, *, steps: Sequence[CascadeStep],
    budget: float | None = None, replace: bool = False, **options: Unpack[Options],
) -> Report[Any]:  # fmt: skip
    """As ``cascade``, with asynchronous clients in all steps.

    Args and errors are those of ``cascade``.

    >>> import asyncio
    >>> from fieldconf.testing import AsyncFakeClient
    >>> asking = acascade(bool, "now!", steps=[CascadeStep(AsyncFakeClient(True), model="m")])
    >>> asyncio.run(asking).value
    True
    """
    return await driven_async(
        _cascading(schema, input, steps, budget, replace=replace, options=said(options))
    )


def _cascading(
    schema: Any, input: Input, steps: Sequence[CascadeStep], budget: float | None, *,
    replace: bool, options: Options,
) -> Steps[Any]:  # fmt: skip
    """The steps; see ``reasking`` for how they are taken."""
    check_steps(steps, budget)
    report: Report[Any] | None = None
    costs: list[float | None] = []  # of each step
    why = "there is no further step"
    for number, step in enumerate(steps):
        spent = _sum(costs)
        if budget is not None and (spent is None or spent >= budget):
            why = "the budget is spent" if spent is not None else "it is not known what was spent"
            break
        left = None if budget is None or spent is None else budget - spent
        made = _bounded(step, said(step.options, cast("Mapping[str, Any]", options)), left)
        before: tuple[RequestCost, ...] = () if report is None else requests_of(report)
        again = yield from _taken(report, schema, input, step, made, replace=replace)
        if again is report:
            why = f"nothing is in doubt, step {number + 1} was not needed"
            break
        report = again
        costs.append(_sum([step.cost(one) for one in requests_of(report)[len(before) :]]))
    logger.info("cascade: %d of %d steps, then %s", len(costs), len(steps), why)
    assert report is not None  # there is a step, and a budget for it
    return report


def _taken(
    report: Report[Any] | None, schema: Any, input: Input, step: CascadeStep, options: Options, *,
    replace: bool,
) -> Steps[Any]:  # fmt: skip
    """One step: the first one asks for everything, the others for what is in doubt."""
    if report is None:
        return (yield Request(schema, input, step.client, options))
    asking: Steps[Any] = reasking(
        report, input, client=step.client, fields=None, blind=step.blind, replace=replace,
        options=options,
    )  # fmt: skip
    return (yield from asking)


def check_steps(steps: Sequence[CascadeStep], budget: float | None) -> None:
    """Nothing, if there is a step, and a budget that can be kept to.

    Raises:
        RequestError: if not.
    """
    if not steps:
        raise RequestError("the cascade has no steps", remedy="Give steps=[CascadeStep(...), ...]")
    if budget is not None and not budget > 0:
        raise RequestError(
            f"a budget of {budget:g} is none", remedy="Give more, or None for no end"
        )
    priced = [step.price is not None for step in steps]
    if budget is not None and len(set(priced)) > 1:
        raise RequestError(
            "some steps have a price and others have none",
            remedy="Give each step a price, or none; the budget is then in tokens",
        )


def _sum(costs: Sequence[float | None]) -> float | None:
    """All costs together; None if one is not known."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _bounded(step: CascadeStep, options: Options, left: float | None) -> Options:
    """The options of a step, with answers that are together no longer than what is left."""
    longest = None if left is None else step.longest(left / (options.get("samples") or 1))
    wanted = options.get("max_tokens")
    if longest is None or (wanted is None and longest >= SMALL):
        return options
    return {**options, "max_tokens": max(1, longest if wanted is None else min(wanted, longest))}

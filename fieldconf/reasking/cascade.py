"""Cascade: several models; each is asked for what the previous one left in doubt.

In:    a schema, what to read, the steps, a policy, a budget.
Out:   the report of the last step that was run.
Never: a step started when the budget is spent, or when the costs so far are unknown; a price that
       is guessed: what a step costs is known only when it has answered.
Why:   most inputs are easy, and the largest model should see only the others.

The budget limits when steps start, not what they cost. The last step may exceed it by its prompt
and, if nothing bounds its answer, by its answer. If a step has ``max_tokens``, or few tokens are
left, its answer is bounded by what is left of the budget.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, Unpack, cast, overload

from fieldconf.errors import RequestError
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.options import Options, explicit, merged_options
from fieldconf.extraction.telemetry import logger
from fieldconf.fields.readings import RequestCost
from fieldconf.reasking.reask import (
    Request,
    RequestSteps,
    reask_steps,
    run_steps,
    run_steps_async,
)
from fieldconf.report import Report
from fieldconf.report.combine import requests_of

T = TypeVar("T")

SMALL = 4096
"""Tokens that every model can answer with. A step without ``max_tokens`` is bounded only if fewer
are left."""
_MILLION = 1_000_000


@dataclass(frozen=True, init=False)
class CascadeStep:
    """One model of a cascade.

    Args:
        client: the client, as in ``extract``.
        price: of a million input tokens and of a million output tokens, in a currency of your
            choice; the budget is then in that currency. None: the budget is in tokens.
        blind: as in ``reask``; it has no effect on the first step, which asks for everything.
        options: those of ``extract``; they override those of the cascade.

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
        object.__setattr__(self, "options", merged_options(options))

    def cost(self, request: RequestCost) -> float | None:
        """The cost of a request of this step: tokens, or money if there is a price; None: unknown.

        >>> CascadeStep(None, price=(2, 10)).cost(RequestCost("answer", "m", 1_000_000, 500_000))
        7.0
        >>> step = CascadeStep(None)
        >>> step.cost(RequestCost("answer", "m", 300, 50)), step.cost(RequestCost("answer", "m"))
        (350, None)
        """
        if request.input_tokens is None or request.output_tokens is None:
            return None
        if self.price is None:
            return request.input_tokens + request.output_tokens
        input_price, output_price = self.price
        total = request.input_tokens * input_price + request.output_tokens * output_price
        return total / _MILLION

    def longest(self, left: float) -> int | None:
        """The tokens that an answer may have within the rest of a budget; None: any number."""
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
    """Ask a first model for everything, and each further model for what is still in doubt.

    The cascade ends when nothing is in doubt, when there is no further step, or when the budget is
    spent. The log ("fieldconf", level INFO) says which.

    Args:
        schema: a pydantic model (or any type pydantic understands) or a JSON Schema.
        input: what to read, as in ``extract``.
        steps: the models in their order, see ``CascadeStep``.
        budget: a step starts only if less than this was spent: tokens of prompts and answers, as
            the servers count them, or money if all steps have a price. The last step may exceed
            it, see the head of ``fieldconf.reasking.cascade``. None: no limit.
        replace: as in ``reask``.
        options: those of ``extract``, for all steps; ``policy`` decides what is in doubt. With
            ``samples`` each request counts; ``samples=1`` in a step requests a single answer.

    Returns:
        The report of the last step; ``requests`` has the tokens of each request, in order.

    Raises:
        RequestError: if a request failed; it carries the ``report`` of the steps before it. If
            there are no steps; if there is a budget and only some of the steps have a price.

    >>> from fieldconf.testing import Answer, FakeClient
    >>> small = CascadeStep(FakeClient(Answer({"a": 1, "b": 2}, {"a": 0.6})), model="small")
    >>> schema = {"properties": {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2]}},
    ...           "required": ["a", "b"]}
    >>> large = CascadeStep(FakeClient({"a": 2}), model="large")
    >>> report = cascade(schema, "two and two", steps=[small, large])
    >>> report.data, [request.model for request in report.requests]
    ({'a': 2, 'b': 2}, ['made-up', 'made-up'])
    """
    return run_steps(
        _cascading(schema, input, steps, budget, replace=replace, options=merged_options(options))
    )


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
    """``cascade`` with asynchronous clients in all steps.

    >>> import asyncio
    >>> from fieldconf.testing import AsyncFakeClient
    >>> asking = acascade(bool, "now!", steps=[CascadeStep(AsyncFakeClient(True), model="m")])
    >>> asyncio.run(asking).value
    True
    """
    return await run_steps_async(
        _cascading(schema, input, steps, budget, replace=replace, options=merged_options(options))
    )


def _cascading(
    schema: Any, input: Input, steps: Sequence[CascadeStep], budget: float | None, *,
    replace: bool, options: Options,
) -> RequestSteps[Any]:  # fmt: skip
    """The requests of the steps that are needed, as in ``reask_steps``."""
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
        own = _bounded(step, merged_options(step.options, cast("Mapping[str, Any]", options)), left)
        if report is None:
            earlier = 0
            report = yield Request(schema, input, step.client, own)
        else:
            earlier = len(requests_of(report))
            requests: RequestSteps[Any] = reask_steps(
                report, input, client=step.client, fields=None, blind=step.blind, replace=replace,
                options=own,
            )  # fmt: skip
            second = yield from requests
            if second is report:
                why = f"nothing is in doubt, step {number + 1} was not needed"
                break
            report = second
        costs.append(_sum([step.cost(request) for request in requests_of(report)[earlier:]]))
    logger.info("cascade: %d of %d steps, then %s", len(costs), len(steps), why)
    assert report is not None  # there is a step, and a budget for it
    return report


def check_steps(steps: Sequence[CascadeStep], budget: float | None) -> None:
    """Check that there are steps, and that the budget can be compared with their costs.

    Raises:
        RequestError: if not.
    """
    if not steps:
        raise RequestError("the cascade has no steps", remedy="Give steps=[CascadeStep(...), ...]")
    if budget is not None and not budget > 0:
        raise RequestError(
            f"the budget is {budget:g}, but must be positive",
            remedy="Pass a larger budget, or None for no limit",
        )
    priced = [step.price is not None for step in steps]
    if budget is not None and len(set(priced)) > 1:
        raise RequestError(
            "only some of the steps have a price, so their costs cannot be added up",
            remedy="Set a price for each step, or for none of them (the budget is then in tokens)",
        )


def _sum(costs: Sequence[float | None]) -> float | None:
    """The sum of all costs; None if one of them is unknown."""
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def _bounded(step: CascadeStep, options: Options, left: float | None) -> Options:
    """The options of a step, with answers bounded by what is left of the budget."""
    longest = None if left is None else step.longest(left / (options.get("samples") or 1))
    limit = options.get("max_tokens")
    if longest is None or (limit is None and longest >= SMALL):
        return options
    return {**options, "max_tokens": max(1, longest if limit is None else min(limit, longest))}

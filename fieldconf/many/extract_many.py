"""Extract many: the functions ``extract_many`` and ``aextract_many``.

In:    a schema, many inputs, a client, options.
Out:   a stream of results.
Never: more than a signature, a docstring, and checks of the arguments.
Why:   users have thousands of inputs, and a loop around ``extract`` loses answers when it breaks.
"""

import os
from collections.abc import Sequence
from typing import Any, TypeVar, Unpack, overload

from fieldconf.errors import RequestError
from fieldconf.extraction.options import Options, explicit, merged_options
from fieldconf.many.input_items import AnyTexts, Texts, count_of, tasks, tasks_async
from fieldconf.many.progress import ProgressCallback, shown
from fieldconf.many.task_runner import AsyncResultStream
from fieldconf.many.thread_runner import ResultStream
from fieldconf.many.work import Run, RunOptions
from fieldconf.reasking.cascade import CascadeStep, check_steps

T = TypeVar("T")


class ManyOptions(Options, total=False):
    """The options of ``extract``, and those of ``extract_many``, which says what they mean."""

    concurrency: int
    output: str | os.PathLike[str] | None
    progress: bool | ProgressCallback | None
    tokens: bool
    retry_failures: bool
    give_up_after: int | None
    steps: Sequence[CascadeStep]
    price: tuple[float, float] | None
    budget: float | None


@overload
def extract_many(
    schema: type[T], inputs: Texts, *, client: Any, **options: Unpack[ManyOptions]
) -> ResultStream[T]: ...  # fmt: skip
@overload
def extract_many(
    schema: Any, inputs: Texts, *, client: Any, **options: Unpack[ManyOptions]
) -> ResultStream[Any]: ...  # fmt: skip
@explicit
def extract_many(  # noqa: PLR0913  # options, by keyword
    schema: Any, inputs: Texts, *, client: Any, concurrency: int = 8,
    output: str | os.PathLike[str] | None = None, progress: bool | ProgressCallback | None = None,
    tokens: bool = False, retry_failures: bool = True, give_up_after: int | None = None,
    steps: Sequence[CascadeStep] = (), price: tuple[float, float] | None = None,
    budget: float | None = None, **options: Unpack[Options],
) -> ResultStream[Any]:  # fmt: skip
    """Ask a model for the fields of a schema, for each of many inputs; see docs/many.md.

    Iterate over what it returns: a ``Result`` for each input, in the order of the inputs, as they
    come; or take ``all()`` of them. An input that fails is a result, too, with its error, and does
    not end the run. Nothing is asked before one iterates.

    Args:
        schema: as for ``extract``.
        inputs: any iterable of what ``extract`` takes; it is read as it is needed. A mapping gives
            each input a name. An ``InputItem`` has a name, or is read when its turn comes.
        client: as for ``extract``; retries and rate limits are its own. It is used by several
            threads at a time, as openai's may be.
        concurrency: how many requests may run at a time.
        output: the path of a JSON Lines file, one line an input. A run that ended early is gone
            on with by the same call: nothing that is there is asked again.
        progress: True for a bar on standard error, False for none; by default where that is a
            terminal. Or a function that is called with each ``Summary``.
        tokens: whether the lines of the output have the tokens of each answer, so that reports
            read back are equal to the last bit; such lines are many times as long.
        retry_failures: whether what failed in an earlier run into this output is asked again.
        give_up_after: so many inputs in a row that fail alike (no connection, a wrong key) end the
            run with a ``RequestError``; None: nothing does. What was answered is kept.
        steps: further steps, which are asked for what is still in doubt of each answer, as in
            ``cascade``; an input under way is one of ``concurrency``, whoever is asked.
        price: of a million tokens of ``client``, as in ``CascadeStep``.
        budget: what each input may cost, as in ``cascade``.
        options: those of ``extract``, for every input, and for the further steps where these say
            nothing else. Of them ``policy`` decides what is accepted; a run that is gone on with
            judges by it what is there, too. With ``steps`` it decides what is asked, and stays.

    Raises:
        SchemaError: if the schema is no schema.
        PolicyError: if the policy is none, or names a field that the schema does not have.
        RequestError: if the request is known to be refused, or the inputs are not many.
        OutputError: where one iterates: if the output cannot be written, is in use by another run,
            or holds answers to other inputs or by other settings.

    >>> from fieldconf.testing import FakeClient
    >>> client = FakeClient(True)
    >>> for result in extract_many(bool, ["Hurry!", "Now!"], client=client, model="m"):
    ...     print(result.index, result.outcome, result.value)
    0 accept True
    1 accept True
    """
    total = count_of(inputs)
    tell, showing = shown(progress, total)
    plan = RunOptions(
        schema=schema, client=client, options=merged_options(options),
        concurrency=concurrency, output=output, tokens=tokens,
        retry_failures=retry_failures, give_up_after=give_up_after, tell=tell,
        total=total, steps=tuple(steps), price=price, budget=budget,
    )  # fmt: skip
    return ResultStream(Run[Any](_checked(plan, "OpenAI")), tasks(inputs), showing)


@overload
def aextract_many(
    schema: type[T], inputs: AnyTexts, *, client: Any, **options: Unpack[ManyOptions]
) -> AsyncResultStream[T]: ...  # fmt: skip
@overload
def aextract_many(
    schema: Any, inputs: AnyTexts, *, client: Any, **options: Unpack[ManyOptions]
) -> AsyncResultStream[Any]: ...  # fmt: skip
@explicit
def aextract_many(  # noqa: PLR0913  # options, by keyword
    schema: Any, inputs: AnyTexts, *, client: Any, concurrency: int = 8,
    output: str | os.PathLike[str] | None = None, progress: bool | ProgressCallback | None = None,
    tokens: bool = False, retry_failures: bool = True, give_up_after: int | None = None,
    steps: Sequence[CascadeStep] = (), price: tuple[float, float] | None = None,
    budget: float | None = None, **options: Unpack[Options],
) -> AsyncResultStream[Any]:  # fmt: skip
    """As ``extract_many``, for an asynchronous client, ``async for`` and ``await ....all()``.

    Args and errors are those of ``extract_many``; the inputs may be an asynchronous iterable.
    Cancelling the task cancels the requests that run; what was answered is kept.

    >>> import asyncio
    >>> from fieldconf.testing import AsyncFakeClient
    >>> asking = aextract_many(bool, ["Hurry!"], client=AsyncFakeClient(True), model="m")
    >>> asyncio.run(asking.all())
    <Results: 1 accepted, 0 to review, 0 rejected, 0 failed>
    """
    total = count_of(inputs)
    tell, showing = shown(progress, total)
    plan = RunOptions(
        schema=schema, client=client, options=merged_options(options),
        concurrency=concurrency, output=output, tokens=tokens,
        retry_failures=retry_failures, give_up_after=give_up_after, tell=tell,
        total=total, steps=tuple(steps), price=price, budget=budget,
    )  # fmt: skip
    return AsyncResultStream(Run[Any](_checked(plan, "AsyncOpenAI")), tasks_async(inputs), showing)


def _checked(plan: RunOptions, client_class: str) -> RunOptions:
    """The plan, checked: the numbers, the steps, and that the clients are of the right kind.

    Raises:
        RequestError: if the plan cannot be run.
    """
    for number in (plan.concurrency, plan.give_up_after):
        if number is not None and number < 1:
            raise RequestError(f"{number} inputs at a time cannot be", remedy="Give 1 or more")
    if not plan.steps and (plan.budget is not None or plan.price is not None):
        raise RequestError(
            "a budget is for several steps", remedy="Say steps=[CascadeStep(...)], or max_tokens="
        )
    for step in plan.steps:
        if not isinstance(step, CascadeStep):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise RequestError(
                f"a {type(step).__name__} is no step",
                remedy="Say steps=[CascadeStep(client, model='...')]",
            )
    check_steps(plan.all_steps, plan.budget)
    import openai  # noqa: PLC0415  # a client's package is not needed to score a saved response

    for name, kind, face in (
        ("OpenAI", "synchronous", "extract_many"),
        ("AsyncOpenAI", "asynchronous", "aextract_many"),
    ):
        wrong: Any = getattr(openai, name)
        if name != client_class and any(isinstance(s.client, wrong) for s in plan.all_steps):
            raise RequestError(
                f"the client is {kind}",
                remedy=f"Give an openai.{client_class}, or use {face} with this one",
            )
    return plan

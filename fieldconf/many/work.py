"""Work: the steps of one input, from reading it to saving its result.

In:    a task; then its report or its error.
Out:   its ``Result``, which is in the journal before it is returned.
Never: an error of one input that ends the run; an error of the journal that does not.
Why:   threads and tasks differ only in how they wait.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

from fieldconf.errors import FieldconfError, OutputError, PayloadError, RequestError
from fieldconf.extraction.calls import prepare
from fieldconf.extraction.options import Options, merged_options
from fieldconf.many.input_items import Task
from fieldconf.many.journal import Journal, JournalSettings
from fieldconf.many.keys import StepKey, input_key, settings_key, steps_key
from fieldconf.many.output_lines import Name, line_of, result_of
from fieldconf.reasking.cascade import CascadeStep
from fieldconf.report import Report
from fieldconf.report.results import Result, RunCounts, RunSummary, counts

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The arguments of a run, for all inputs.

    Attributes:
        schema, client, options: as for ``extract``.
        concurrency: how many requests may run at a time.
        output: the path of the output file, or None.
        tokens: whether the lines of the output have the tokens.
        retry_failures: whether what failed in an earlier run is asked again.
        give_up_after: the number of equal failures in a row that ends the run; None: no limit.
        tell: called with each ``RunSummary``.
        total: the number of inputs, if it is known.
        steps, price, budget: of the further steps, see ``cascade``.
    """

    schema: Any
    client: Any
    options: Options
    concurrency: int
    output: Any = None
    tokens: bool = False
    retry_failures: bool = True
    give_up_after: int | None = None
    tell: Callable[[RunSummary], object] | None = None
    total: int | None = None
    steps: tuple[CascadeStep, ...] = ()
    price: tuple[float, float] | None = None
    budget: float | None = None

    @property
    def all_steps(self) -> tuple[CascadeStep, ...]:
        """The steps for each input, in their order."""
        return CascadeStep(self.client, price=self.price), *self.steps


class Run(Generic[T]):
    """Everything about a run except the waiting. Its methods may be called from any thread.

    Raises:
        SchemaError: if the schema is no schema.
        RequestError: if the request is known to be refused for any input.
    """

    def __init__(self, plan: RunOptions) -> None:
        self.plan = plan
        self.tally = RunCounts(RunSummary(total=plan.total), plan.tell)
        self.over: Exception | None = None
        """The error that ends the run: no further request is sent."""
        step_keys = [_step_key(plan, step) for step in plan.all_steps]
        call = step_keys[0].call
        self._schema, self._policy = call.schema, None if plan.steps else call.policy
        self._settings = JournalSettings(*(
            steps_key(step_keys, plan.budget) if plan.steps else settings_key(call, plan.options)
        ))  # fmt: skip
        self._journal: Journal | None = None
        self.options = plan.options.copy()
        """The options of each request."""
        if plan.options.get("observe") is not None:
            self.options["observe"] = self._observe

    @contextmanager
    def output(self) -> Generator[None]:
        """Open the output; at the end write it, unless there was an error. What was kept stays.

        Raises:
            OutputError: if it cannot be used or written.
        """
        if self.plan.output is None:
            yield
            return
        with Journal(self.plan.output, self._settings) as self._journal:
            self.tally.summary = replace(self.tally.summary, damaged=self._journal.damaged)
            yield
            self._journal.finish()

    # -- one input ------------------------------------------------------------------------------

    def take(self, task: Task) -> None:
        """Note the next task, in the order of the inputs."""
        if self._journal is not None:
            self._journal.take(_name(task))

    def begin(self, task: Task) -> "Ready | Result[T]":
        """The input to ask about; or its result, if an earlier run kept it or it cannot be read.

        Raises:
            OutputError: if an earlier run kept the result of another input.
        """
        source: Any = None
        try:
            source = task.read()
            key = "" if self._journal is None else input_key(source)
        except Exception as error:  # noqa: BLE001  # any error in reading: it is this input's alone
            return self.failed(Ready(task, source, ""), error)
        ready = Ready(task, source, key)
        return self._resumed(ready) or ready

    def answer(
        self, ready: "Ready", extract: Callable[..., Any], cascade: Callable[..., Any]
    ) -> Any:
        """The report of an input, by ``extract`` or ``cascade``, or what gives it when awaited."""
        plan = self.plan
        if not plan.steps:
            return extract(plan.schema, ready.input, client=plan.client, **self.options)
        return cascade(
            plan.schema, ready.input, steps=plan.all_steps, budget=plan.budget, **self.options
        )

    def answered(self, ready: "Ready", report: Report[T]) -> Result[T]:
        """The result of an answer, kept."""
        task = ready.task
        result = Result(
            task.index, ready.input, report.outcome, report=report, id=task.id, place=task.place
        )  # fmt: skip
        self._record(ready, result)
        return result

    def failed(self, ready: "Ready", error: Exception) -> Result[T]:
        """The result of an input that has no answer, kept with its error."""
        task = ready.task
        result = Result[T](
            task.index, ready.input, "failed", error=error, id=task.id, place=task.place
        )  # fmt: skip
        self._record(ready, result)
        most = self.plan.give_up_after
        if most is not None and self.tally.in_a_row >= most and self.over is None:
            self.over = _give_up_error(error, most)
        return result

    def _observe(self, report: Report[Any]) -> None:
        """Call ``observe``; an error of it ends the run, once the answer is kept."""
        try:
            observe = self.plan.options.get("observe")
            assert observe is not None
            observe(report)
        except Exception as error:  # noqa: BLE001  # whatever it is, the answer was paid for
            self.over = self.over or error

    def _resumed(self, ready: "Ready") -> Result[T] | None:
        """The result that an earlier run kept, judged by today's policy."""
        if self._journal is None:
            return None
        task = ready.task
        line = self._journal.find(_name(task), self._settings.key(ready.key))
        if line is None or (line["error"] is not None and self.plan.retry_failures):
            return None
        instructions = self.plan.options.get("instructions")
        try:
            result = result_of(line, ready.input, self._schema, instructions, self._policy)
        except PayloadError as error:
            raise OutputError(
                f"the output has a line of another version ({task.shown}): {error}",
                remedy="Give another output",
            ) from error
        result = replace(result, index=task.index, place=task.place)
        self._renew(line, result)
        self.tally.add(result)
        return result

    def _renew(self, line: Mapping[str, Any], result: Result[T]) -> None:
        """Write the line of a kept result again if its verdicts, index or place have changed."""
        before: Mapping[str, Any] = line["report"] or {}
        now = line_of(result, line["key"], tokens="tokens" in before)
        after: Mapping[str, Any] = now["report"] or {}
        parts = [(line.get(name), now[name]) for name in ("index", "outcome", "place")]
        parts += [(before.get(name), after.get(name)) for name in ("outcome", "policy")]
        if self._journal is not None and any(old != new for old, new in parts):
            self._journal.write(now)

    def _record(self, ready: "Ready", result: Result[T]) -> None:
        """Write a result to the journal, if there is one, and count it."""
        if self._journal is not None:
            key = self._settings.key(ready.key)
            self._journal.write(line_of(result, key, tokens=self.plan.tokens))
        self.tally.add(result)


class RunView(Generic[T]):
    """The state of a run, for who takes its results."""

    def __init__(self, work: Run[T]) -> None:
        self._work = work

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {counts(self.summary)}>"

    @property
    def summary(self) -> RunSummary:
        """The counts so far."""
        return self._work.tally.summary

    @property
    def failures(self) -> tuple[Result[T], ...]:
        """The failures so far, each with its input and its error."""
        return tuple(self._work.tally.failures)


@dataclass(frozen=True, slots=True)
class Ready:
    """An input that was read and is to be asked about, with its key."""

    task: Task
    input: Any
    key: str


def _step_key(plan: RunOptions, step: CascadeStep) -> StepKey:
    """The request of a step for an empty text; with samples, one without logprobs."""
    all_options = merged_options(step.options, cast("Mapping[str, Any]", plan.options))
    options = all_options.copy()
    samples = options.pop("samples", None) or 1
    call = prepare(plan.schema, "", step.client, options, bare=samples > 1)
    return StepKey(call, all_options, blind=step.blind, price=step.price)


def _name(task: Task) -> Name:
    return task.index if task.id is None else task.id


def _give_up_error(error: Exception, count: int) -> FieldconfError:
    remedy = getattr(error, "remedy", "") or "What is done is kept; run again, once this is mended"
    words = str(error).removesuffix(remedy).rstrip(". ")
    run_error = RequestError(
        f"{count} inputs in a row failed alike, the last with: {words}",
        status=getattr(error, "status", None), provider=getattr(error, "provider", ""),
        remedy=remedy,
    )  # fmt: skip
    run_error.__cause__ = error
    return run_error

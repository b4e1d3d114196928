"""How every contender is timed, ours and the peers' alike.

In: runs: a function, a maker of its argument, and how often a sample calls it.
Out: for each run, nanoseconds a call, one number a round, and one result; or the error.
Never: garbage collection, the making of arguments, or the freeing of results in the time.
Why: machines slow down for a minute, so runs are taken in turns and compared within a round.
    A sample works through about as many tokens at every size, in one long response or in many
    short ones whose results are all kept: otherwise the long one alone meets cold caches and new
    memory, and `json.loads` itself does not look linear. Time is the process's own, since a busy
    machine stops a long run and spares a short one. The standard library alone, because peers run
    this in environments of their own.
"""

import gc
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter, process_time_ns
from typing import Any, TypeVar

TOKENS = 20_000  # a sample's

Key = TypeVar("Key")


@dataclass(frozen=True)
class Run:
    """What a sample does, `calls` times."""

    call: Callable[[Any], Any]
    prepare: Callable[[], Any]
    calls: int


@dataclass
class Taken:
    """The samples of one run."""

    samples: list[float] = field(default_factory=list)
    result: Any = None
    error: str | None = None


def calls(tokens: int) -> int:
    """How many calls a sample has for a response of so many tokens."""
    return max(1, round(TOKENS / tokens))


def in_turns(
    runs: Mapping[Key, Run], *, seconds: float, fewest: int, limit: float = 0
) -> dict[Key, Taken]:
    """Rounds of one sample a run, until the budget is spent; `limit` is a sample's, 0 for none."""
    taken = {key: Taken() for key in runs}
    deadline = perf_counter() + seconds
    rounds = 0
    while rounds < fewest or perf_counter() < deadline:
        alive = [key for key in runs if taken[key].error is None]
        if not alive:
            break
        for key in alive:
            _sample(runs[key], taken[key], limit)
        rounds += 1
    gc.unfreeze()
    return taken


def _sample(run: Run, taken: Taken, limit: float) -> None:
    results: list[Any] = []
    try:
        arguments = [run.prepare() for _ in range(run.calls)]
        gc.collect()
        gc.freeze()  # what is left stays, so the next collection need not walk it
        gc.disable()
        with _within(limit):
            start = process_time_ns()
            results.extend(map(run.call, arguments))
            spent = process_time_ns() - start
    except Exception as error:  # noqa: BLE001  whatever a contender raises is its result
        said = str(error).strip().splitlines() or ["it said nothing"]
        taken.error = f"{type(error).__name__}: {said[0]}"
    else:
        taken.samples.append(spent / run.calls)
        taken.result = results[0]
    finally:
        gc.enable()


@contextmanager
def _within(limit: float) -> Iterator[None]:
    def over(*_: Any) -> None:
        raise TimeoutError(f"over {limit:g} s for {TOKENS:,} tokens")

    if not limit or not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

"""How every contender is timed, ours and the peers' alike.

In: runs: a function, a maker of its argument, and how often a sample calls it.
Out: for each run, nanoseconds a call, one number a round, and what was told of one result; or the
    error.
Never: the making of arguments, or the freeing of results in the time; a contender with another
    collector of garbage than the next one's.
Why: machines slow down for a minute, so runs are taken in turns and compared within a round.
    A sample works through about as many tokens at every size, in one long response or in many
    short ones whose results are all kept: otherwise the long one alone meets cold caches and new
    memory, and `json.loads` itself does not look linear. Time is the process's own, since a busy
    machine stops a long run and spares a short one.

    Users have the garbage collector on, so it is on in the time: with its own thresholds, and with
    an empty heap. What was there before (arguments, modules, other contenders' results) is
    collected, then frozen, then forgotten by a second collection, so that a sample walks nothing
    but what it made itself: as in a process of its own that has done nothing else. Whoever makes
    more objects that are tracked pays for the walks over them, as it does at the user's; results
    that are kept make that more, for all in the same way. `collecting=False` is the same without
    a collector: printed beside it, as what the work alone costs.

    The standard library alone, because peers run this in environments of their own.
"""

import gc
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter, process_time_ns
from typing import Any, TypeVar

TOKENS = 20_000  # a sample's

Key = TypeVar("Key")


@dataclass(frozen=True)
class Run:
    """What a sample does, `calls` times; what is told of its first result; most rounds, or 0."""

    call: Callable[[Any], Any]
    prepare: Callable[[], Any]
    calls: int
    told: Callable[[Any], Any] = lambda result: None  # noqa: ARG005  # most are not looked at
    most: int = 0
    collecting: bool = True


@dataclass
class Taken:
    """The samples of one run."""

    samples: list[float] = field(default_factory=list)
    told: Any = None
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
        alive = [key for key, run in runs.items() if _wanted(run, taken[key], rounds)]
        if not alive:
            break
        for key in alive:
            _sample(runs[key], taken[key], limit)
        rounds += 1
    gc.unfreeze()
    return taken


def _wanted(run: Run, taken: Taken, rounds: int) -> bool:
    return taken.error is None and not 0 < run.most <= rounds


def _sample(run: Run, taken: Taken, limit: float) -> None:
    results: list[Any] = []
    try:
        arguments = [run.prepare() for _ in range(run.calls)]
        with within(limit):
            spent = block(run.call, arguments, results, collecting=run.collecting)
        if not taken.samples:
            taken.told = run.told(results[0])
    except Exception as error:  # noqa: BLE001  whatever a contender raises is its result
        said = str(error).strip().splitlines() or ["it said nothing"]
        taken.error = f"{type(error).__name__}: {said[0]}"
    else:
        taken.samples.append(spent)


def block(
    call: Callable[[Any], Any], arguments: Sequence[Any], results: list[Any], *,
    collecting: bool = True,
) -> float:  # fmt: skip
    """Nanoseconds a call of this process, over these arguments; the results are kept."""
    _empty_heap()
    if not collecting:
        gc.disable()
    try:
        start = process_time_ns()
        results.extend(map(call, arguments))
        return (process_time_ns() - start) / len(arguments)
    finally:
        gc.enable()


def _empty_heap() -> None:
    """Let the collector know of nothing, as if the process had just begun."""
    gc.collect()
    gc.freeze()
    gc.collect()  # sets the size that the next full collection waits for: to nothing


@contextmanager
def within(limit: float) -> Iterator[None]:
    """Break off what takes longer, in seconds of this process's work; 0 for never."""

    def over(*_: Any) -> None:
        raise TimeoutError(f"over {limit:g} s")

    if not limit or not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)

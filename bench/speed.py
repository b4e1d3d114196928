"""Speed: what a response costs, by kind of answer, beside parsers, the openai package and peers.

In: nothing but whether it shall be quick.
Out: sections of the table, a kind and a number of candidates each; claims; for ``profile`` where
    the time goes.
Never: a body that anybody is given twice; a contender measured at another time than the others; a
    report of which something is left to be computed.
Why: real answers are small and differ, and a process that scores them has seen their schema: each
    contender reads `WARM` other answers first, then all take turns at the same `BLOCK` bodies.
    Time is the process's own; Python's collector of garbage is on, see `timing.py`.
"""

import cProfile
import pstats
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from contenders import BYTES, CHUNKS, CONTENDERS, ORJSON, PARSE, STREAM, TYPED, Contender
from corpus import KINDS, Response, large, responses
from measure import Answer, Measurement, documented, judged, ratio
from peers import PEERS, Running
from table import Claim, Part, Row, Section, cells, digits
from timing import block

TOPS = (5, 20, 0)
WARM, BLOCK, ROUNDS = 15, 20, 6
QUICK_ROUNDS = 2
BESIDE_AT = 5  # candidates a token, for streams and the peers: they take the most time
PEER = "the fastest peer that answers for every leaf"
BESIDE = (ORJSON, TYPED, PARSE)
HEADINGS = (
    "µs a response",
    "µs a token",
    "x orjson",
    "x msgspec typed",
    "x openai",
    "right leaves",
)


class Target(NamedTuple):
    """What shall be so: of a kind and a number of candidates, a ratio or microseconds."""

    kind: str
    top: int
    mine: str
    beside: str  # empty: microseconds a response
    bound: float


TARGETS = (
    Target("invoice", 5, BYTES, ORJSON, 8.0),
    Target("invoice", 5, BYTES, PEER, 1.0),
    Target("invoice", 20, BYTES, ORJSON, 2.5),
    Target("boolean", 5, BYTES, "", 60.0),
    Target("dense", 5, BYTES, ORJSON, 5.0),
    Target("invoice", 5, CHUNKS, STREAM, 0.12),
)
SLOPE = 10.5  # times the time that ten times the tokens may take

Found = dict[str, Measurement]  # by contender


def part(*, quick: bool) -> Part:
    """Measure all kinds; quickly: a few bodies with five candidates, and no peers."""
    rounds, tops = (QUICK_ROUNDS, TOPS[:1]) if quick else (ROUNDS, TOPS)
    found = {
        (kind, top): measured
        for kind in KINDS for top, measured in _kind(kind, tops, rounds, with_peers=not quick)
    }  # fmt: skip
    sections = [_section(*key, measured) for key, measured in found.items()]
    left_out = ["the peers, and other numbers of candidates, in a quick run"] if quick else []
    everything = [one for measured in found.values() for one in measured.values()]
    return Part(sections, list(_claims(found)), left_out, everything)


def _kind(
    kind: str, tops: tuple[int, ...], rounds: int, *, with_peers: bool
) -> Iterator[tuple[int, Found]]:
    with ProcessPoolExecutor() as pool:
        bodies = list(
            pool.map(partial(responses, kind, tops=tops), range(WARM + BLOCK * rounds), chunksize=5)
        )
    for place, top in enumerate(tops):
        peers = [Running(peer) for peer in PEERS] if with_peers and top == BESIDE_AT else []
        yield top, _measured(kind, [made[place] for made in bodies], peers)
        for peer in peers:
            peer.end()


def _measured(kind: str, bodies: list[Response], peers: list[Running]) -> Found:
    """All contenders in turn; each judged on its answers for the first block."""
    warm, blocks = (
        bodies[:WARM],
        [bodies[at : at + BLOCK] for at in range(WARM, len(bodies), BLOCK)],
    )
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    streams = (STREAM, CHUNKS) if bodies[0].top == BESIDE_AT else ()
    contenders = {n: c for n, c in CONTENDERS.items() if n not in (STREAM, CHUNKS) or n in streams}
    with tempfile.TemporaryDirectory() as folder:
        files = {id(one): _file(one, Path(folder, f"{n}.json")) for n, one in enumerate(bodies)}
        for bodies_of_turn in [warm, *blocks]:
            for name, contender in contenders.items():
                told[name].append(_sample(contender, bodies_of_turn))
            for peer in peers:
                if peer.reason or any("error" in said for said in told[peer.peer.name]):
                    continue
                told[peer.peer.name].append(peer.sample([files[id(b)] for b in bodies_of_turn]))
    tokens = sum(one.count for one in bodies[WARM:]) / len(bodies[WARM:])
    head = {"kind": kind, "top": bodies[0].top, "tokens": tokens}
    found = {name: _judged(name, told[name], blocks[0], head, documented) for name in contenders}
    for peer in peers:
        name = peer.peer.name
        said = [{"error": peer.reason}] if peer.reason else told[name]
        found[name] = _judged(name, said, blocks[0], head, peer.rule)
    return found


def _file(one: Response, path: Path) -> str:
    path.write_bytes(one.raw)
    return str(path)


def _sample(contender: Contender, bodies: Sequence[Response]) -> dict[str, Any]:
    results: list[Any] = []
    try:
        spent = block(contender.call, [contender.door(one) for one in bodies], results)
    except Exception as error:  # noqa: BLE001  whatever a contender raises is its result
        return {"error": f"{type(error).__name__}: {error}"}
    return {"spent": spent, "answers": [_answer(one) for one in results if contender.ours]}


def _answer(report: Any) -> Answer:
    assert report.status == "complete", report
    return {pointer: field.logprob for pointer, field in report.fields.items()}


def _judged(
    name: str, told: list[dict[str, Any]], bodies: list[Response], head: dict[str, Any], rule: Any
) -> Measurement:
    errors = [said["error"] for said in told if "error" in said]
    if errors:
        return Measurement(name, **head, reason=errors[0])
    answers = told[1]["answers"]
    verdict = judged(bodies, answers, rule) if answers else {}
    return Measurement(name, **head, samples=tuple(said["spent"] for said in told[1:]), **verdict)


# -- what is said of it -------------------------------------------------------------------------


def _section(kind: str, top: int, found: Found) -> Section:
    """A row a contender; streams beside a stream."""
    notes = {name: one.note for name, one in CONTENDERS.items()}
    notes |= {peer.name: f"from bytes: {peer.note}" for peer in PEERS}
    rows = [
        cells(name, mine, [found.get(b) for b in _beside(name)], notes[name])
        for name, mine in found.items()
    ]
    tokens = next(iter(found.values())).tokens
    title = f"{KINDS[kind].title} of {tokens:.0f} tokens, top_logprobs={top}, collector on"
    return Section(title, HEADINGS, rows)


def _beside(name: str) -> tuple[str, ...]:
    return (*BESIDE[:2], STREAM) if name in (STREAM, CHUNKS) else BESIDE


def _claims(found: dict[tuple[str, int], Found]) -> Iterator[Claim]:
    ours = [name for name, one in CONTENDERS.items() if one.ours]
    wrong = [
        f"{kind} at {top}, {name}: {complaint}"
        for (kind, top), measured in found.items() for name in ours
        if name in measured and (complaint := measured[name].complaint)
    ]  # fmt: skip
    yield Claim(f"fieldconf: failed or wrong{': ' * bool(wrong)}{'; '.join(wrong)}", len(wrong), 0)
    for kind, top, mine, beside, bound in TARGETS:
        measured = found.get((kind, top), {})
        text = f"{mine}, {KINDS[kind].title}, top_logprobs={top}"
        if not measured or (beside == PEER and PEERS[0].name not in measured):
            continue
        if not beside:
            yield Claim(f"{text}: µs a response", measured[mine].microseconds, bound)
            continue
        names = [p.name for p in PEERS if measured[p.name].is_whole] if beside == PEER else [beside]
        known = [ratio(measured[mine], measured[name]) for name in names]
        yield Claim(f"{text}: times {beside}", max(filter(None, known), default=None), bound)


# -- growth -------------------------------------------------------------------------------------


def growth(*, quick: bool) -> Part:
    """What ten times the tokens cost: as many tokens a sample at each size, no body twice."""
    sizes, rounds = ([2_000, 20_000], 2) if quick else ([2_000, 20_000, 200_000], 3)
    names = (ORJSON, BYTES)
    spent: dict[tuple[str, int], list[float]] = defaultdict(list)
    for turn in range(rounds):
        for size in sizes:
            count = max(1, sizes[1] // size)
            bodies = [large(size, turn * count + number) for number in range(count)]
            tokens = sum(one.count for one in bodies) / count
            for name in names:
                took = _sample(CONTENDERS[name], bodies)["spent"]
                spent[name, size].append(took / tokens)
    rows, claims = [], []
    for name in names:
        times = [min(spent[name, size]) / 1000 for size in sizes]
        slopes = [10 * large_one / small for small, large_one in pairwise(times)]
        cells_ = (*map(digits, times), f"{max(slopes):.2f}x")
        rows.append(Row(name, cells_, CONTENDERS[name].note))
        if CONTENDERS[name].ours:
            claims.append(Claim(f"{name}: 10x the tokens, times the time", max(slopes), SLOPE))
    headings = (*[f"{size:,} tokens" for size in sizes], "10x tokens, the most")
    return Part([Section("growth, µs a token at top_logprobs=5", headings, rows)], claims)


# -- where the time goes ------------------------------------------------------------------------


def profile(kind: str, top: int) -> None:
    """Print the functions that cost the most of answers of a kind, and the files they are in."""
    bodies = [responses(kind, seed, (top,))[0] for seed in range(WARM + 5 * BLOCK)]
    contender, profiler = CONTENDERS[BYTES], cProfile.Profile(time.process_time)
    _sample(contender, bodies[:WARM])
    given = [contender.door(one) for one in bodies[WARM:]]
    profiler.enable()
    for one in given:
        contender.call(one)
    profiler.disable()
    stats = pstats.Stats(profiler)
    stats.sort_stats("tottime").print_stats(30)
    files: dict[str, float] = defaultdict(float)
    for (file, *_), (_, _, own, *_) in stats.stats.items():  # type: ignore[attr-defined]
        files["/".join(Path(file).parts[-2:])] += own
    total = sum(files.values())
    for file, own in sorted(files.items(), key=lambda pair: -pair[1])[:20]:
        print(f"{own / total:6.1%}  {own / len(given) * 1e6:8.1f} µs a response  {file}")

"""Speed: µs a token of everything that runs in this interpreter.

In: sizes in tokens, numbers of candidates.
Out: measurements; sections of the table; claims: beside orjson, beside the openai package's stream,
    and that ten times the tokens take at most eleven times the time.
Never: a body of more than `LARGEST` bytes; what is left out is said.
Why: a ratio holds on another machine, if both were measured in turns on this one.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from contenders import BYTES, CHUNKS, CONTENDERS, NO_SCHEMA, ORJSON, Contender
from corpus import Response, response
from measure import Measurement, documented, failed, growth, judged, ratio, timed
from table import Claim, Part, Section, cells
from timing import TOKENS, Run, Taken, in_turns

LARGEST = 300_000_000  # bytes of a body: its SDK object takes ten times that
BYTES_A_TOKEN = {0: 240, 5: 1_280, 20: 4_800}
SPLIT_SIZE = 200  # also once with tokens that cut characters: are the answers right?
ROUNDS = 3  # at least
ALONE = ", no collector"  # of garbage
SLOPE = 11.0  # times the time that ten times the tokens may take
WITHIN = {0: None, 5: 1.0, 20: 0.35}  # of orjson's time, by the number of candidates


def part(sizes: list[int], tops: list[int], seconds: float) -> Part:
    """Measure all; `seconds` for each number of candidates, or three rounds."""
    measured = {top: list(_at(sizes, top, seconds)) for top in tops}
    left_out = [
        f"{size:,} tokens with {top} candidates: a body of {_size(size, top) / 1e9:.1f} GB"
        for top in tops for size in sizes if not _fits(size, top)
    ]  # fmt: skip
    sections = [_section(sizes, top, found) for top, found in measured.items()]
    claims = [claim for top, found in measured.items() for claim in _claims(top, found)]
    return Part(sections, claims, left_out, [m for found in measured.values() for m in found])


def _at(sizes: list[int], top: int, seconds: float) -> Iterator[Measurement]:
    responses = [response(size, top) for size in sizes if _fits(size, top)]
    responses.append(response(SPLIT_SIZE, top, split=True))
    runs = {
        (name, one): _run(contender, one, collecting=collecting)
        for name, contender, collecting in _rows() for one in responses
    }  # fmt: skip
    taken = in_turns(runs, seconds=seconds, fewest=ROUNDS)
    for (name, one), samples in taken.items():
        yield _judged(name, one, samples)


def _rows() -> Iterator[tuple[str, Contender, bool]]:
    for name, contender in CONTENDERS.items():
        yield name, contender, True
    for name in (ORJSON, BYTES):
        yield name + ALONE, CONTENDERS[name], False


def _run(contender: Contender, one: Response, *, collecting: bool) -> Run:
    told = _told if contender.ours else lambda _result: None
    once = one.size > TOKENS and not contender.ours and contender is not CONTENDERS[ORJSON]
    return Run(
        contender.call, contender.door(one, one.calls), one.calls, told, int(once), collecting
    )


def _told(result: Any) -> tuple[str, bool, dict[str, float | None]]:
    """Of a report: how it ended, whether there are distributions, each field's logprob."""
    report, fields = result
    known = any(distribution is not None for *_, distribution in fields)
    return report.status, known, {key: field.logprob for key, field in report.fields.items()}


def _judged(name: str, one: Response, taken: Taken) -> Measurement:
    if taken.error is not None:
        return failed(name, one, taken.error)
    time = timed(name, one, taken.samples)
    if taken.told is None:
        return time
    status, known, answer = taken.told
    if status != "complete":
        return failed(name, one, f"the report's status is {status!r}")
    if one.top and not known and not name.startswith(NO_SCHEMA):
        return failed(name, one, "no distribution was computed")
    return judged(time, one, answer, documented)


# -- what is said of it -------------------------------------------------------------------------


def _section(sizes: list[int], top: int, found: list[Measurement]) -> Section:
    """A row a contender, a column a size."""
    headings = (*[f"{size:,} tokens" for size in sizes], "10x tokens", "right leaves")
    rows = []
    for name, contender, collecting in _rows():
        mine, beside = _of(found, name), _of(found, contender.beside + ALONE * (not collecting))
        note = contender.note if collecting else "the same with the collector of garbage off."
        rows.append(cells(name, mine, beside, sizes, note))
    title = f"µs a token at top_logprobs={top} (x orjson; chunks: x openai stream)"
    return Section(title, headings, rows)


def _claims(top: int, found: list[Measurement]) -> Iterator[Claim]:
    for name, contender in CONTENDERS.items():
        if not contender.ours:
            continue
        mine = _of(found, name)
        at = f"{name}, top_logprobs={top}"
        wrong = [m.complaint for m in _of(found, name, split=None) if m.complaint]
        yield Claim(f"{at}: failed or wrong{': ' * bool(wrong)}{'; '.join(wrong)}", len(wrong), 0)
        pairs = [growth(a, b) for a, b in pairwise(mine)]
        if slopes := [slope for slope in pairs if slope is not None]:
            yield Claim(f"{at}: 10x the tokens, so many times the time", max(slopes), SLOPE)
    if WITHIN.get(top):
        yield _worst(found, BYTES, f"times orjson.loads at top_logprobs={top}", WITHIN[top])
    yield _worst(found, CHUNKS, f"of the openai package's time a chunk, top_logprobs={top}", 0.05)


def _worst(found: list[Measurement], name: str, text: str, bound: float) -> Claim:
    mine, beside = _of(found, name), _of(found, CONTENDERS[name].beside)
    ratios = [ratio(a, b) for a, b in zip(mine, beside, strict=True)]
    known = [one for one in ratios if one is not None]
    return Claim(f"{name}: {text}", max(known, default=None), bound)


def _of(found: list[Measurement], name: str, split: bool | None = False) -> list[Measurement]:  # noqa: FBT001, FBT002
    mine = (m for m in found if m.contender == name and split in (None, m.split))
    return sorted(mine, key=lambda m: m.size)


def _size(size: int, top: int) -> int:
    return size * BYTES_A_TOKEN.get(top, 240 + 230 * top)


def _fits(size: int, top: int) -> bool:
    return _size(size, top) <= LARGEST

"""`fieldconf batch`: responses a second on one core and two, beside merely decoding the same files.

In: how many responses.
Out: a section of the table; claims: two cores beside one, one core beside msgspec, flat memory.
Never: two responses that are alike (they differ by the seed), a run that another one's output
    would spare, a file beside our own temporary folder.
Why: a response is an invoice of 150 to 250 tokens at top_logprobs=5, a line of about 75 kB. Every
    run is a process from its start to its end. On a busy machine the time on the clock says little,
    so the processors' is told beside it; that two cores are faster than one only the clock says.
    Memory is what all processes of a run share out among them (PSS), looked at ten times a second.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import decoding
import orjson
import peers
import psutil
from corpus import Invoice, responses
from table import Claim, Part, Row, Section

HERE = Path(__file__).parent
A_FILE = 500  # responses
EACH = 110_000  # bytes of a response, at most
CORES = 2
ENOUGH = 2_000  # responses, so that starting does not matter
DECODED = decoding.TYPED  # what the claim is beside
RAY = peers.Peer("ray", (f"fieldconf[batch,ray] @ {HERE.parent.as_uri()}",))
HEADINGS = ("responses/s", "rows/s", "seconds", "of processors", "peak MB", "late / earlier")


@dataclass
class Ran:
    """One command: seconds on the clock and of processors, and bytes at each look."""

    wall: float
    cpu: float
    memory: list[int] = field(default_factory=list)
    failed: str = ""
    rows: int = 0

    @property
    def flatness(self) -> float:
        """Memory in the last third of the run, as a multiple of what the middle third had."""
        third = len(self.memory) // 3
        if not third:
            return 1.0
        return median(self.memory[-third:]) / median(self.memory[third:-third])


def part(responses: int) -> Part:
    """Make the files, run everything over them once, and take them away."""
    free, need = shutil.disk_usage(tempfile.gettempdir()).free, responses * EACH * 1.2
    if free < need:
        left = f"batch: {responses:,} responses need {need / 1e9:.1f} GB, {free / 1e9:.1f} are free"
        return Part([], left_out=[left])
    with tempfile.TemporaryDirectory() as folder:
        files = _written(responses, Path(folder))
        size = sum(file.stat().st_size for file in files)
        ran = {name: run() for name, run in _runs(files, Path(folder)).items()}
    rows = [_row(name, one, responses) for name, one in ran.items()]
    title = f"batch: {responses:,} responses, {size / 1e9:.2f} GB of JSON Lines"
    section = Section(title, HEADINGS, rows)
    if responses < ENOUGH:
        return Part([section], left_out=[f"batch's claims: under {ENOUGH:,} it is starting up"])
    return Part([section], list(_claims(ran)))


def _runs(files: list[Path], folder: Path) -> dict[str, Callable[[], Ran]]:
    paths = list(map(str, files))
    decode = {
        f"decoding: {kind}": partial(_ran, [sys.executable, decoding.__file__, kind, *paths])
        for kind in decoding.DECODERS
    }
    ours = {
        _ours(cores): partial(_batch, sys.executable, paths, folder / f"{cores}.parquet", cores)
        for cores in range(1, CORES + 1)
    }
    ours["fieldconf batch --wide, 2 cores"] = partial(
        _batch, sys.executable, paths, folder / "wide.parquet", CORES, "--wide"
    )
    return {**decode, **ours, "fieldconf batch --engine ray": partial(_ray, paths, folder)}


def _ours(cores: int) -> str:
    return f"fieldconf batch, {cores} core{'s' * (cores > 1)}"


def _batch(python: str, paths: list[str], out: Path, cores: int, *more: str) -> Ran:
    command = [str(Path(python).with_name("fieldconf")), "batch", *paths, "-o", str(out)]
    schema = ["--schema", str(_schema(out.parent)), "--no-progress"]
    workers = ["--workers", str(cores)] if cores else []
    ran = _ran([*command, *schema, *workers, *more])
    ran.rows = 0 if ran.failed else _count(out)
    return ran


def _ray(paths: list[str], folder: Path) -> Ran:
    try:
        python = str(peers.environment(RAY))
    except peers.NotInstalledError as error:
        return Ran(0, 0, failed=f"not installed: {error}")
    return _batch(python, paths, folder / "ray.parquet", 0, "--engine", "ray")


def _count(out: Path) -> int:
    from pyarrow import dataset

    return dataset.dataset(out, format="parquet").count_rows()


def _row(name: str, ran: Ran, responses: int) -> Row:
    if ran.failed:
        return Row(name, ("failed", "", "", "", "", ""), ran.failed)
    speed = f"{responses / ran.wall:,.0f}"
    rows = f"{ran.rows / ran.wall:,.0f}" if ran.rows else "-"
    times = f"{ran.wall:.1f}", f"{ran.cpu:.1f}"
    return Row(name, (speed, rows, *times, f"{max(ran.memory) / 1e6:,.0f}", f"{ran.flatness:.2f}"))


def _claims(ran: dict[str, Ran]) -> Iterator[Claim]:
    one, two, decoded = ran[_ours(1)], ran[_ours(2)], ran[f"decoding: {DECODED}"]
    known = not (one.failed or two.failed)
    faster = one.wall / two.wall if known else None
    yield Claim("batch: so many times as fast on two cores as on one", faster, 1.85, at_least=True)
    slower = one.cpu / decoded.cpu if known else None
    yield Claim(f"batch: times decoding the same files with {DECODED}, one core", slower, 10.0)
    flat = max(one.flatness, two.flatness) if known else None
    yield Claim("batch: memory in the last third of the run, times the middle third's", flat, 1.1)


# -- running and looking ------------------------------------------------------------------------


def _ran(command: list[str]) -> Ran:
    """Run it to its end; the times of its children's children count, too."""
    started, before = time.perf_counter(), os.times()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        memory = list(_looks(process))
        code = process.wait()
        wall, after = time.perf_counter() - started, os.times()
        said.seek(0)
        lines = said.read().strip().splitlines() or ["it said nothing"]
    cpu = after.children_user + after.children_system - before.children_user
    failed = lines[-1][:200] if code else ""
    return Ran(wall, cpu - before.children_system, memory or [0], failed)


def _looks(process: subprocess.Popen[str]) -> Iterator[int]:
    while process.poll() is None:
        yield _shared_out(process.pid)
        time.sleep(0.1)


def _shared_out(pid: int) -> int:
    """Bytes of memory of a process and all its descendants, shared pages counted once."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for one in family:
        try:
            known = one.memory_full_info()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        total += getattr(known, "pss", known.rss)
    return total


# -- the files ----------------------------------------------------------------------------------


def _written(responses: int, folder: Path) -> list[Path]:
    """Files of `A_FILE` responses, written on all cores."""
    starts = range(0, responses, A_FILE)
    files = [folder / f"{start:07d}.jsonl" for start in starts]
    counts = [min(A_FILE, responses - start) for start in starts]
    with ProcessPoolExecutor() as pool:
        list(pool.map(_write, files, starts, counts))
    return files


def _schema(folder: Path) -> Path:
    """As a file, since Ray's environment has no tokenizer, and so no corpus."""
    file = folder / "schema.json"
    file.write_bytes(orjson.dumps(Invoice.model_json_schema()))
    return file


def _write(file: Path, first: int, count: int) -> None:
    with file.open("wb") as lines:
        for seed in range(first, first + count):
            [one] = responses("invoice", seed, (5,))
            lines.write(orjson.dumps(orjson.loads(one.raw), option=orjson.OPT_APPEND_NEWLINE))

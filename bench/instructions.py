"""Instructions a token: one fixed case, counted, so that a regression shows on a noisy machine.

In: nothing; as a script under `valgrind --tool=callgrind`: the folder of the bodies.
Out: a section of the table: instructions a token of small bodies, as ratios beside others' of the
    same run; claims, that no ratio is above the one that was saved by more than `ROOM`.
Never: imports, first calls' caches or the reading of arguments in the count; a time.
Why: other processes do not change how many instructions a call takes. One process under valgrind
    imports everything once, and forks for each contender twice: with `CALLS` calls, and with none;
    the difference is the calls'. Hash seeds are fixed, the collector of garbage is on. Counts
    differ between versions of Python, of libraries and of processors' instruction sets: what is
    saved is ratios, and for each version of Python its own.
"""

import gc
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contenders import BYTES, CHUNKS, CONTENDERS, ORJSON, STREAM
from corpus import Invoice, Response, responses
from table import Claim, Part, Row, Section, digits

NAMES = (ORJSON, STREAM, BYTES, CHUNKS)
BESIDE = {ORJSON: ORJSON, STREAM: STREAM, BYTES: ORJSON, CHUNKS: STREAM}
WARM, CALLS = 15, 10  # invoices, no two alike: read before, and counted
ROOM = 1.05  # times the saved ratio
SAVED = Path(__file__).with_suffix(".json")
VERSION = ".".join(platform.python_version_tuple()[:2])
SLOW = 1_200  # seconds; on a quiet machine it takes two minutes


def part(*, save: bool = False) -> Part:
    """Count, and compare with what was saved."""
    if shutil.which("valgrind") is None:
        return Part([], left_out=["instructions: valgrind is not installed"])
    try:
        counts = _counts()
    except subprocess.SubprocessError as error:  # it ended, or took too long
        return Part([], left_out=[f"instructions: {str(error)[-80:]}"])
    ratios = {name: counts[name] / counts[BESIDE[name]] for name in NAMES}
    saved = json.loads(SAVED.read_text()) if SAVED.is_file() else {}
    before = saved.get(VERSION, {})
    if save:
        text = json.dumps({**saved, VERSION: {n: round(r, 4) for n, r in ratios.items()}}, indent=2)
        SAVED.write_text(text + "\n")
    rows = [
        Row(name, (f"{counts[name]:,.0f}", f"{digits(ratios[name])}x", _was(before.get(name))))
        for name in NAMES
    ]
    claims = [
        Claim(f"{name}: instructions, times the saved ratio", ratios[name] / before[name], ROOM)
        for name in NAMES if CONTENDERS[name].ours and name in before
    ]  # fmt: skip
    headings = ("a token", "x orjson, x openai stream", f"as saved for Python {VERSION}")
    title = f"instructions: {CALLS} invoices at top_logprobs=5, after {WARM} others"
    return Part([Section(title, headings, rows)], claims)


def _was(ratio: float | None) -> str:
    return "-" if ratio is None else f"{digits(ratio)}x"


def _counts() -> dict[str, float]:
    """Instructions a token of each."""
    bodies = [responses("invoice", seed, (5,))[0] for seed in range(WARM + CALLS)]
    with tempfile.TemporaryDirectory() as folder:
        for seed, one in enumerate(bodies):
            Path(folder, f"{seed:02}.json").write_bytes(one.raw)
        out = f"--callgrind-out-file={folder}/%p"
        command = ["valgrind", "--tool=callgrind", "-q", out, sys.executable, __file__, folder]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, timeout=SLOW,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )  # fmt: skip
        pids = json.loads(done.stdout.splitlines()[-1])
        counted = {name: [_total(Path(folder, str(pid))) for pid in pids[name]] for name in NAMES}
    tokens = sum(one.count for one in bodies[WARM:])
    return {name: (n - none) / tokens for name, (none, n) in counted.items()}


def _total(path: Path) -> int:
    """What valgrind wrote of one process."""
    found = re.search(r"^(?:summary|totals): (\d+)", path.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


# -- under valgrind -----------------------------------------------------------------------------


def count(folder: Path) -> None:
    """Fork for each contender twice, and tell which process was which."""
    bodies = [
        Response(Invoice, 5, 1, file.read_bytes(), []) for file in sorted(folder.glob("*.json"))
    ]
    pids = {}
    for name in NAMES:
        call, door, *_ = CONTENDERS[name]
        for one in bodies[:WARM]:
            call(door(one))
        pids[name] = [_forked(call, [door(one) for one in bodies[WARM:]], n) for n in (0, CALLS)]
    print(json.dumps(pids))


def _forked(call: Callable[[Any], Any], arguments: list[Any], calls: int) -> int:
    gc.collect()
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        kept = [call(argument) for argument in arguments[:calls]]
        os._exit(len(kept) - calls)
    os.waitpid(pid, 0)
    return pid


if __name__ == "__main__":
    count(Path(sys.argv[1]))

"""Peak memory: what a call needs beyond what it is given, in a process of its own.

In: sizes in tokens. As a script: `memory.py NAME FILE`: one call in this process, told as JSON.
Out: a section of the table: bytes of memory a byte of the body, or of the stream.
Never: modules, the body itself, or a first call's caches in the number (a small response is worked
    through before); two calls in one process.
Why: what is counted is what Linux gave, so C extensions' memory is in it, and what the allocator
    wastes. (On other systems this part is left out.) Streams are read from the file event by
    event, and no chunk is kept but by who is measured.
"""

import gc
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import contenders
from contenders import CONTENDERS
from corpus import Inbox, Response, large
from table import Claim, Part, Row, Section, digits

WHOLE = (contenders.ORJSON, contenders.TYPED, contenders.PARSE, contenders.BYTES)
DRAINED = "openai stream, nothing kept"
KEPT = "openai stream + fieldconf, tokens kept"
FORGOTTEN = "openai stream + fieldconf, tokens not kept"
STREAMS: dict[str, Callable[[Any], Any]] = {
    DRAINED: contenders.drain,
    KEPT: lambda chunks: contenders.follow(contenders.beside(chunks, Inbox)),
    FORGOTTEN: lambda chunks: contenders.follow(contenders.beside(chunks, Inbox, keep="fields")),
}
SMALL = 200  # tokens of the response that is worked through before
WITHIN = 1.2  # times the body, at the largest size


def part(sizes: list[int]) -> Part:
    """Measure every contender at every size, at 5 candidates a token."""
    if sys.platform != "linux":
        return Part([], left_out=["peak memory: only Linux says it"])
    found: dict[tuple[str, int], Peak] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            for path, names in _written(large(size), Path(folder)):
                found |= {(name, size): _measured(name, path) for name in names}
                path.unlink()
    rows = [
        Row(name, tuple(str(found[name, size]) for size in sizes)) for name in (*WHOLE, *STREAMS)
    ]  # fmt: skip
    headings = tuple(f"{size:,} tokens" for size in sizes)
    title = "peak memory at top_logprobs=5, MB (x the bytes of the body or the stream)"
    most = found[contenders.BYTES, max(sizes)].times
    claim = Claim(f"memory: times the body, at {max(sizes):,} tokens", most, WITHIN)
    return Part([Section(title, headings, rows)], [claim])


class Peak(NamedTuple):
    """The peak in bytes, and as a multiple of the file; or why there is none."""

    size: int | None
    times: float | None
    failed: str = ""

    def __str__(self) -> str:
        return self.failed or f"{self.size / 1e6:,.1f} ({digits(self.times)}x)"


def _written(one: Response, folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    body, events = folder / "body.json", folder / "events.sse"
    body.write_bytes(one.raw)
    yield body, WHOLE
    with events.open("wb") as file:
        file.writelines(one.events())
    yield events, tuple(STREAMS)


def _measured(name: str, path: Path) -> Peak:
    command = [sys.executable, __file__, name, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return Peak(None, None, (done.stderr.strip().splitlines() or ["failed"])[-1][:40])
    peak = json.loads(done.stdout)
    return Peak(peak, peak / path.stat().st_size)


# -- in a process of its own --------------------------------------------------------------------


def alone(name: str, path: Path) -> int:
    """Bytes that one call needed beyond what was there before it."""
    call, argument = _call(name, path)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    kept = call(argument)
    peak = _status("VmHWM")
    del kept
    return peak - before


def _call(name: str, path: Path) -> tuple[Callable[[Any], Any], Any]:
    """The call and its argument; a small response has gone through it."""
    small = large(SMALL)
    if name in STREAMS:
        STREAMS[name](contenders.opened(list(small.events())))
        return STREAMS[name], contenders.opened(_events(path))
    call, door = CONTENDERS[name].call, CONTENDERS[name].door
    call(door(small))
    return call, door(Response(Inbox, 5, 1, path.read_bytes(), []))


def _events(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            if line != b"\n":
                yield line + b"\n"


def _status(name: str) -> int:
    """What Linux says of this process, in bytes."""
    found = re.search(rf"^{name}:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    print(alone(sys.argv[1], Path(sys.argv[2])))

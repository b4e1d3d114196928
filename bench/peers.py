"""The peers: a virtual environment and a subprocess for each.

In: sizes in tokens, a time limit.
Out: a section of the table: each peer's call alone, and from the bytes; a peer that cannot be
    installed, fails or takes too long says so. A claim: how many times faster fieldconf is than the
    fastest peer that answers for every leaf, from the bytes to the answer on both sides.
Never: a peer inside our own environment (their pins disagree with ours and with each other's).
Why: peers take dicts or SDK objects; whoever holds bytes has to pay for those, whoever asked the
    SDK has paid already. `.envs/` is kept between runs; one is made again when a peer's
    requirements change here.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from contenders import BYTES, body, score
from corpus import Response, response
from measure import Measurement, any_reading, any_reading_rounded, failed, judged, ratio, timed
from table import Claim, Part, Row, Section, cells, share
from timing import Run, in_turns

HERE = Path(__file__).parent
ENVS = HERE / ".envs"
SECONDS = 10.0  # a peer's budget; one round is run in any case
SPLIT_SIZE = 200
FASTER = 15.0  # times the fastest peer
PARSING = ", from bytes"
PARSING_NOTE = "the same with json.loads and the SDK object in the time, where it needs them."


class NotInstalledError(Exception):
    """The peer's environment could not be made; the message is the reason."""


@dataclass(frozen=True)
class Peer:
    """What to install, and what is known of how it answers."""

    name: str
    requirements: tuple[str, ...]
    python: tuple[int, int] = (3, 10)
    rounded: bool = False
    note: str = ""


PEERS = (
    Peer(
        "structured-logprobs",
        ("structured-logprobs==0.1.5",),
        note="add_logprobs(ChatCompletion) of the openai it pins; builds its grammar at each call.",
    ),
    Peer(
        "logprobs-parser",
        ("logprobs-parser==0.1.3", "openai"),
        python=(3, 12),
        note="OpenAILogprobsResult(ChatCompletion).json_logprobs()",
    ),
    Peer(
        "llm-structured-confidence",
        ("llm-structured-confidence==0.4.5",),
        note="extract_logprobs(dict), no schema: with one it answers for the enums only.",
    ),
    Peer(
        "agentuq",
        ("agentuq==0.1.0",),
        note="OpenAIChatAdapter().capture(dict) and Analyzer().analyze_step(record)",
    ),
    Peer(
        "llm-confidence",
        ("llm-confidence==0.2.3", "openai"),
        rounded=True,
        note="process_logprobs(format_logprobs(content)); one number a key name, not a path.",
    ),
)


def part(sizes: list[int], limit: float) -> Part:
    """Time every peer, and fieldconf beside them."""
    responses = [response(size) for size in sizes] + [response(SPLIT_SIZE, split=True)]
    found = [*_ours(responses)]
    for peer in PEERS:
        found += run(peer, responses, limit=limit)
    beside = [m for m in found if m.contender == BYTES and not m.split]
    return Part([_section(sizes, found, beside)], list(_claims(found, beside)), [], found)


def _ours(responses: list[Response]) -> Iterator[Measurement]:
    runs = {one.name: Run(score, body(one, 1), one.calls) for one in responses}
    taken = in_turns(runs, seconds=SECONDS, fewest=3)
    for one in responses:
        yield timed(BYTES, one, taken[one.name].samples)


def run(peer: Peer, responses: list[Response], *, limit: float) -> Iterator[Measurement]:
    """Time a peer on every response, in its own environment: alone, and with the parse."""
    try:
        told = _told(environment(peer), peer, responses, limit)
    except NotInstalledError as error:
        told = {one.name: [{"error": f"not installed: {error}"}] * 2 for one in responses}
    rule = any_reading_rounded if peer.rounded else any_reading
    for one in responses:
        for name, said in zip((peer.name, peer.name + PARSING), told[one.name], strict=True):
            if said["error"]:
                yield failed(name, one, said["error"])
            else:
                yield judged(timed(name, one, said["samples"]), one, said["answer"], rule)


def _section(sizes: list[int], found: list[Measurement], beside: list[Measurement]) -> Section:
    headings = (*[f"{size:,} tokens" for size in sizes], "10x tokens", "right leaves", "split ones")
    rows = [cells(BYTES, beside, [], sizes, "")]
    for peer in PEERS:
        for name, note in ((peer.name, peer.note), (peer.name + PARSING, PARSING_NOTE)):
            mine = [m for m in found if m.contender == name]
            made = cells(name, [m for m in mine if not m.split], beside, sizes, note)
            split = next(m for m in mine if m.split)
            said = note if note == PARSING_NOTE else made.note  # the answers are the same
            rows.append(Row(name, (*made.cells, share(split)), said))
    return Section(f"peers, µs a token at top_logprobs=5 (x {BYTES})", headings, rows)


def _claims(found: list[Measurement], beside: list[Measurement]) -> Iterator[Claim]:
    """From the bytes on both sides, at each size; the least of these counts."""
    least: list[float] = []
    for ours in beside:
        theirs = [m for m in found if m.size == ours.size and not m.split and _whole(m)]
        least += [min(filter(None, (ratio(m, ours) for m in theirs)), default=0.0)]
    text = f"{BYTES}: so many times as fast as the fastest peer that answers for every leaf"
    yield Claim(text, min(least, default=None), FASTER, at_least=True)


def _whole(measurement: Measurement) -> bool:
    """Whether a peer was timed from the bytes, and answered for every leaf."""
    return measurement.contender.endswith(PARSING) and measurement.right > 0 == measurement.missing


def _told(python: Path, peer: Peer, responses: list[Response], limit: float) -> dict[str, Any]:
    command = [str(python), str(HERE / "worker.py"), peer.name, str(limit), str(SECONDS)]
    with tempfile.TemporaryDirectory() as folder:
        bodies = {}
        for number, response in enumerate(responses):
            body = Path(folder, f"{number}.json")
            body.write_bytes(response.raw)
            bodies[response.name] = (str(body), response.calls)
        done = subprocess.run(
            command, input=json.dumps(bodies), capture_output=True, text=True, check=False
        )
    if done.returncode:
        reason = f"its process ended: {_last_line(done.stderr)}"
        return {response.name: {"error": reason} for response in responses}
    return json.loads(_last_line(done.stdout))


@cache
def environment(peer: Peer) -> Path:
    """The interpreter of the peer's environment, made when it is not there."""
    home = ENVS / peer.name
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "requirements.txt"
    wanted = "\n".join(peer.requirements)
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(home, ignore_errors=True)
    print(f"installing {peer.name} ...", file=sys.stderr)
    for command in (
        [_interpreter(peer.python), "-m", "venv", str(home)],
        [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *peer.requirements,
        ],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalledError(_last_line(done.stderr))
    stamp.write_text(wanted)
    return python


def _interpreter(least: tuple[int, int]) -> str:
    """This Python if it is new enough, else the first of those on this machine that is."""
    if sys.version_info[:2] >= least:
        return sys.executable
    for candidate in _interpreters():
        test = f"import sys; sys.exit(sys.version_info[:2] < {least})"
        if not subprocess.run([candidate, "-c", test], capture_output=True, check=False).returncode:
            return candidate
    raise NotInstalledError(f"it needs Python {least[0]}.{least[1]} and none was found")


def _interpreters() -> Iterator[str]:
    for minor in (12, 13, 14):
        if found := shutil.which(f"python3.{minor}"):
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv.glob("versions/3.*/bin/python")))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"

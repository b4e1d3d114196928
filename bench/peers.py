"""The peers: a virtual environment and a subprocess for each.

In: responses, a time limit.
Out: measurements; a peer that cannot be installed, fails or takes too long says so in one.
Never: a peer inside our own environment (their pins disagree with ours and with each other's).
Why: `.envs/` is kept between runs; it is made again when a peer's requirements change here.
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

from corpus import Response
from measure import Measurement, any_reading, any_reading_rounded, failed, judged, timed

HERE = Path(__file__).parent
ENVS = HERE / ".envs"
SECONDS = 10.0  # a peer's budget; one round is run in any case


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


def run(peer: Peer, responses: list[Response], *, limit: float) -> Iterator[Measurement]:
    """Time a peer on every response, in its own environment."""
    try:
        told = _told(environment(peer), peer, responses, limit)
    except NotInstalledError as error:
        told = {response.name: {"error": f"not installed: {error}"} for response in responses}
    rule = any_reading_rounded if peer.rounded else any_reading
    for response in responses:
        one = told[response.name]
        if one["error"]:
            yield failed(peer.name, response, one["error"])
        else:
            yield judged(timed(peer.name, response, one["samples"]), response, one["answer"], rule)


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

